//! `.dockerignore`: any bytes are rules or a mistake in a line, and any path meets with a verdict, soon.

#![no_main]

use dockerclient::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &[u8])| {
    let (lines, path) = input;
    // In the middle, the mark that UTF-8 may begin with is a part of a name.
    let lines = lines.strip_prefix("\u{feff}".as_bytes()).unwrap_or(lines);
    let Some(is_sent) = fuzzing::ignore(lines, path) else { return };
    assert_eq!(fuzzing::ignore(&[lines, b"\n", lines].concat(), path), Some(is_sent), "said twice");
    if path.split(|&byte| byte == b'/').all(|part| !part.is_empty()) {
        assert_eq!(fuzzing::ignore(&[lines, b"\n**"].concat(), path), Some(false));
        assert_eq!(fuzzing::ignore(&[lines, b"\n!**"].concat(), path), Some(true));
    }
});
