//! Configuration files, and responses of credential helpers: parsing terminates without a panic.

#![no_main]

use dockerclient::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|document: &[u8]| fuzzing::configuration(document));
