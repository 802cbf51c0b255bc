//! Bodies of error responses: the error message is always bounded and on one line.

#![no_main]

use dockerclient::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| fuzzing::error_body(body));
