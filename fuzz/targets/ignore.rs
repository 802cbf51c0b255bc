//! `.dockerignore`: parsing never panics, and matching a path takes bounded time.

#![no_main]

use dockerclient::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &[u8])| {
    let (lines, path) = input;
    // The byte order mark is removed at the beginning only, so the lines would change when they are repeated.
    let lines = lines.strip_prefix("\u{feff}".as_bytes()).unwrap_or(lines);
    let Some(is_sent) = fuzzing::ignore(lines, path) else { return };
    assert_eq!(fuzzing::ignore(&[lines, b"\n", lines].concat(), path), Some(is_sent), "repeated lines");
    if path.split(|&byte| byte == b'/').all(|part| !part.is_empty()) {
        assert_eq!(fuzzing::ignore(&[lines, b"\n**"].concat(), path), Some(false));
        assert_eq!(fuzzing::ignore(&[lines, b"\n!**"].concat(), path), Some(true));
    }
});
