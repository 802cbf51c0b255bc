//! Error messages: bounded in length, and displayed without control characters.

use std::fmt;

/// Maximum length of an error message, in bytes. A longer message is cut.
const MAX_MESSAGE: usize = 8 << 10;

/// Replaces the end of a message that is too long.
const ELLIPSIS: &str = "…";

/// Returns the text that the engine sent as `bytes`, trimmed and cut to the maximum length of a message.
pub(crate) fn text(bytes: &[u8]) -> String {
    let bytes = bytes.trim_ascii();
    // One byte more than fits, so that `bound` marks the cut.
    let mut text = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_MESSAGE + 1)]).into_owned();
    bound(&mut text);
    text
}

/// Cuts a message to the maximum length.
pub(super) fn bound(message: &mut String) {
    cut(message, MAX_MESSAGE);
}

/// Cuts `text` to at most `max` bytes, and marks the cut.
pub(crate) fn cut(text: &mut String, max: usize) {
    if text.len() <= max {
        return;
    }
    text.truncate(boundary(text, max.saturating_sub(ELLIPSIS.len())));
    text.push_str(ELLIPSIS);
    text.shrink_to_fit();
}

/// The last place at or before `end` where `text` can be cut.
fn boundary(text: &str, mut end: usize) -> usize {
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}

/// A formatter's output of at most the maximum length, without characters that change how a terminal or a log shows the
/// text around them.
///
/// Engines, proxies and `ssh` write parts of messages. An escape sequence or a line end in one could otherwise clear a
/// screen or add a line to a log.
pub(super) struct Escaped<'a, 'f> {
    f: &'a mut fmt::Formatter<'f>,
    /// How many bytes may still be written; none once the output is cut.
    left: Option<usize>,
    /// Whether line ends are written unchanged.
    keeps_lines: bool,
}

impl<'a, 'f> Escaped<'a, 'f> {
    pub(super) fn new(f: &'a mut fmt::Formatter<'f>) -> Self {
        Self { left: Some(MAX_MESSAGE - ELLIPSIS.len()), keeps_lines: f.alternate(), f }
    }

    /// Writes as much of `text` as fits.
    fn put(&mut self, text: &str) -> fmt::Result {
        let Some(left) = self.left else { return Ok(()) };
        self.left = left.checked_sub(text.len());
        if self.left.is_some() {
            return self.f.write_str(text);
        }
        self.f.write_str(&text[..boundary(text, left)])?;
        self.f.write_str(ELLIPSIS)
    }
}

impl fmt::Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        let keeps_lines = self.keeps_lines;
        while let Some(index) = rest.find(|character| is_unsafe(character) && !(keeps_lines && character == '\n')) {
            let (before, after) = rest.split_at(index);
            self.put(before)?;
            let mut characters = after.chars();
            if let Some(character) = characters.next() {
                self.put(&character.escape_default().to_string())?;
            }
            rest = characters.as_str();
        }
        self.put(rest)
    }
}

/// Whether a character controls a terminal, ends a line or changes the direction of text.
fn is_unsafe(character: char) -> bool {
    let changes_direction =
        matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character.is_control() || changes_direction || matches!(character, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_ends_at_a_character_boundary() {
        for (max, want) in [(10, "aééé…"), (9, "aéé…"), (8, "aéé…"), (7, "aé…"), (6, "aé…"), (3, "…")]
        {
            let mut text = "aééééé".to_owned();
            cut(&mut text, max);
            assert!(text == want && text.len() <= max, "{max}: {text}");
        }
        let mut short = "aé".to_owned();
        cut(&mut short, 3);
        assert_eq!(short, "aé");
    }

    #[test]
    fn text_of_any_bytes_is_bounded() {
        assert_eq!(text(b" gone \xff\r\n"), "gone \u{fffd}");
        for byte in [b'x', 0xff] {
            let text = text(&vec![byte; 1 << 20]);
            assert!(text.len() <= MAX_MESSAGE && text.ends_with(ELLIPSIS), "{}", text.len());
        }
        assert_eq!(text(&[b'x'; MAX_MESSAGE]).len(), MAX_MESSAGE);
    }
}
