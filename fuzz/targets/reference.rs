//! Image references: the displayed form equals the parsed text.

#![no_main]

use dockerclient::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(displayed) = fuzzing::reference(text) {
        assert_eq!(displayed, text);
    }
});
