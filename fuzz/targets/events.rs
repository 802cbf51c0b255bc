//! Events, stats and progress: decoding terminates without a panic.

#![no_main]

use dockerclient::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|document: &[u8]| fuzzing::events(document));
