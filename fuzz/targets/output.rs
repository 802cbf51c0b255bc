//! Framed output: whatever comes, and however it is cut, the same pieces come out.

#![no_main]

use dockerclient::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (size, wire) = input;
    assert_eq!(fuzzing::output(wire, usize::from(size) + 1), fuzzing::output(wire, usize::MAX));
});
