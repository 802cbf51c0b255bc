//! Events, statistics and progress: whatever the document says, decoding it ends.

#![no_main]

use dockerclient::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|document: &[u8]| fuzzing::events(document));
