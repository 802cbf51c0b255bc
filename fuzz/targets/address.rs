//! Engine addresses: the displayed form parses to the same address.

#![no_main]

use dockerclient::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(displayed) = fuzzing::address(text) {
        assert_eq!(fuzzing::address(&displayed), Some(displayed));
    }
});
