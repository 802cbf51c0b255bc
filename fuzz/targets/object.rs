//! Objects: decoding terminates without a panic, and with a limit the result is the same or an error.

#![no_main]

use dockerclient::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|document: &[u8]| fuzzing::object(document));
