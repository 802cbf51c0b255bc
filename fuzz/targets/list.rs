//! Lists: whatever comes, and however it is cut, the same items come out.

#![no_main]

use dockerclient::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (size, wire) = input;
    assert_eq!(fuzzing::list(wire, usize::from(size) + 1), fuzzing::list(wire, usize::MAX));
});
