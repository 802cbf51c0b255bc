//! HTTP responses on dedicated connections: the size of the chunks does not change the result.

#![no_main]

use dockerclient::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = input;
    assert_eq!(fuzzing::response(bytes, usize::from(size) + 1), fuzzing::response(bytes, usize::MAX));
});
