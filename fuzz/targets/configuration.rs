//! What lies on a user's disk, and what credential helpers answer: whatever it says, reading it ends.

#![no_main]

use dockerclient::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|document: &[u8]| fuzzing::configuration(document));
