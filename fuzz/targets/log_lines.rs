//! Lines of logs with prefixes: the result does not depend on the chunks, and attributes are displayed as they were read.

#![no_main]

use dockerclient::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = input;
    let lines = fuzzing::log_lines(bytes, usize::from(size) + 1);
    assert_eq!(lines, fuzzing::log_lines(bytes, bytes.len().max(1)));
    for line in lines {
        let attributes = line.details.iter().count();
        assert!(attributes > 0 || line.task_id().is_none());
        let _ = line.details.to_string();
    }
});
