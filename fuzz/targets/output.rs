//! Multiplexed output: the size of the chunks does not change the result.

#![no_main]

use dockerclient::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = input;
    assert_eq!(fuzzing::output(bytes, usize::from(size) + 1), fuzzing::output(bytes, usize::MAX));
});
