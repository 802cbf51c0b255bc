//! Recorded text in which `[redacted]` matches any text.

use super::redact::REDACTED;

/// Whether `recorded`, which may have been redacted, matches a text that was received.
pub(super) fn text_matches(recorded: &str, received: &str) -> bool {
    bytes_match(recorded.as_bytes(), received.as_bytes())
}

/// Whether `recorded`, which may have been redacted, matches bytes that were received.
pub(super) fn bytes_match(recorded: &[u8], received: &[u8]) -> bool {
    match after_last_mark(recorded, received) {
        Some((last, rest)) => rest.ends_with(last),
        None => recorded == received,
    }
}

pub(super) fn is_redacted(bytes: &[u8]) -> bool {
    parts(bytes).len() > 1
}

/// The bytes before, between and after each `[redacted]`.
pub(super) fn parts(bytes: &[u8]) -> Vec<&[u8]> {
    let (mut parts, mut rest) = (Vec::new(), bytes);
    while let Some(at) = find(rest, REDACTED.as_bytes()) {
        parts.push(&rest[..at]);
        rest = &rest[at + REDACTED.len()..];
    }
    parts.push(rest);
    parts
}

/// The bytes after the last `[redacted]`, and those after the shortest match of the bytes before it. `None` if nothing is
/// redacted, or if those bytes do not match.
fn after_last_mark<'a, 'b>(recorded: &'a [u8], received: &'b [u8]) -> Option<(&'a [u8], &'b [u8])> {
    let mut parts = parts(recorded);
    let last = parts.pop().filter(|_| !parts.is_empty())?;
    let mut rest = received.strip_prefix(parts.remove(0))?;
    for part in parts {
        rest = &rest[find(rest, part)? + part.len()..];
    }
    Some((last, rest))
}

/// The length of the shortest beginning of `received` that matches redacted bytes. If they end in `[redacted]`, they match up
/// to the end of a line, with the line feed.
pub(super) fn shortest_match(recorded: &[u8], received: &[u8]) -> Option<usize> {
    let (last, rest) = after_last_mark(recorded, received)?;
    let last = if last.is_empty() { b"\n" } else { last };
    let end = find(rest, last)? + last.len();
    Some(received.len() - rest.len() + end)
}

/// Whether more bytes after `received` can make it match redacted bytes: it does not contradict those before the first
/// `[redacted]`.
pub(super) fn may_match(recorded: &[u8], received: &[u8]) -> bool {
    let first = parts(recorded).remove(0);
    let length = first.len().min(received.len());
    first[..length] == received[..length]
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    if part.is_empty() {
        return Some(0);
    }
    bytes.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redacted_text_matches_any_text() {
        for (recorded, received, expected) in [
            ("[redacted]", "", true),
            ("A=[redacted]", "A=b", true),
            ("A=[redacted]", "B=b", false),
            ("[redacted] and [redacted].", "one and two.", true),
            ("[redacted] and [redacted].", "one or two.", false),
            ("a[redacted]a", "a", false),
            ("plain", "plain", true),
            ("plain", "plainer", false),
        ] {
            assert_eq!(text_matches(recorded, received), expected, "{recorded} {received}");
        }
    }

    #[test]
    fn shortest_match_leaves_the_rest() {
        for (recorded, received, expected) in [
            ("password=[redacted]\n", "password=x\nmore\n", Some(11)),
            ("password=[redacted]\n", "password=x", None),
            ("password=[redacted]\n", "pass\n", None),
            ("[redacted] [redacted]!", "a b! c!", Some(4)),
            ("a[redacted]", "ab\nc", Some(3)),
            ("a[redacted]", "ab", None),
        ] {
            assert_eq!(shortest_match(recorded.as_bytes(), received.as_bytes()), expected, "{recorded} {received}");
        }
        assert!(
            may_match(b"ab[redacted]", b"a") && may_match(b"ab[redacted]", b"abc") && !may_match(b"ab[redacted]", b"b")
        );
    }
}
