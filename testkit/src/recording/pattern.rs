//! Recorded text in which `[redacted]` matches any text.

use super::redact::REDACTED;

/// Whether `recorded`, which may have been redacted, matches a text that was received.
pub(super) fn text_matches(recorded: &str, received: &str) -> bool {
    match after_last_mark(recorded, received.as_bytes()) {
        Some((last, rest)) => rest.ends_with(last.as_bytes()),
        None => recorded == received,
    }
}

/// The text after the last `[redacted]`, and the bytes after the shortest match of the text before it. `None` if nothing is
/// redacted, or if that text does not match.
fn after_last_mark<'a, 'b>(recorded: &'a str, received: &'b [u8]) -> Option<(&'a str, &'b [u8])> {
    let mut parts: Vec<&str> = recorded.split(REDACTED).collect();
    let last = parts.pop().filter(|_| !parts.is_empty())?;
    let mut rest = received.strip_prefix(parts.remove(0).as_bytes())?;
    for part in parts {
        rest = &rest[find(rest, part.as_bytes())? + part.len()..];
    }
    Some((last, rest))
}

/// The length of the shortest beginning of `received` that matches redacted text. Text that ends in `[redacted]` matches up to
/// the end of a line, with the line feed.
pub(super) fn shortest_match(recorded: &str, received: &[u8]) -> Option<usize> {
    let (last, rest) = after_last_mark(recorded, received)?;
    let last = if last.is_empty() { "\n" } else { last };
    let end = find(rest, last.as_bytes())? + last.len();
    Some(received.len() - rest.len() + end)
}

/// Whether more bytes after `received` can make it match redacted text: it does not contradict the text before the first
/// `[redacted]`.
pub(super) fn may_match(recorded: &str, received: &[u8]) -> bool {
    let first = recorded.split(REDACTED).next().unwrap_or_default().as_bytes();
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
            assert_eq!(shortest_match(recorded, received.as_bytes()), expected, "{recorded} {received}");
        }
        assert!(
            may_match("ab[redacted]", b"a") && may_match("ab[redacted]", b"abc") && !may_match("ab[redacted]", b"b")
        );
    }
}
