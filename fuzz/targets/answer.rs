//! Answers on connections of their own: whatever comes, and however it is cut, the same body comes out.

#![no_main]

use dockerclient::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (size, wire) = input;
    assert_eq!(fuzzing::answer(wire, usize::from(size) + 1), fuzzing::answer(wire, usize::MAX));
});
