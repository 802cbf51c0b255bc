//! Lines: the result equals that of splitting the whole text, with no bytes lost or added.

#![no_main]

use dockerclient::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (size, text) = input;
    let lines = fuzzing::lines(text, usize::from(size) + 1);
    let whole: Vec<&[u8]> = text.split(|&byte| byte == b'\n').collect();
    let whole = whole.strip_suffix(&[&b""[..]]).unwrap_or(&whole);
    // A line that has ended loses the carriage return before its end.
    let last = whole.len().saturating_sub(1);
    let ended = |index: usize| index < last || text.ends_with(b"\n");
    let strip = |(index, line): (usize, &&[u8])| {
        if ended(index) { line.strip_suffix(b"\r").unwrap_or(line).to_vec() } else { line.to_vec() }
    };
    let expected: Vec<Vec<u8>> = whole.iter().enumerate().map(strip).collect();
    assert_eq!(lines, expected);
});
