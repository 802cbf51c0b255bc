//! Text from an engine in a form that is safe to display, and sizes.

use std::str::Chars;

/// Returns the beginning of the text, at most `limit` bytes.
pub(in crate::images) fn beginning(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// Returns the beginning of the text on one line, at most `limit` characters. Escape sequences of terminals are omitted,
/// and other control characters are replaced by spaces.
pub(in crate::images) fn printable(text: &str, limit: usize) -> String {
    let mut line = String::new();
    let mut symbols = text.chars();
    for _ in 0..limit {
        let mut next = symbols.next();
        while let Some(begin @ ('\x1b' | '\u{9b}')) = next {
            skip_sequence(begin, &mut symbols);
            next = symbols.next();
        }
        let Some(symbol) = next else { break };
        line.push(if is_control(symbol) { ' ' } else { symbol });
    }
    line.truncate(line.trim_end().len());
    line
}

/// Skips the rest of an escape sequence (ECMA-48).
fn skip_sequence(begin: char, symbols: &mut Chars<'_>) {
    let kind = if begin == '\u{9b}' { Some('[') } else { symbols.next() };
    match kind {
        // A control sequence ends with a letter or one of a few signs.
        Some('[') => skip_until(symbols, |symbol| ('@'..='~').contains(&symbol)),
        // A string, for example the title of a window, ends with BEL or ESC \.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            let mut is_escape = false;
            skip_until(symbols, |symbol| {
                let is_end = symbol == '\x07' || symbol == '\u{9c}' || is_escape && symbol == '\\';
                is_escape = symbol == '\x1b';
                is_end
            });
        }
        Some(' '..='/') => skip_until(symbols, |symbol| ('0'..='~').contains(&symbol)),
        Some(_) | None => {}
    }
}

fn skip_until(symbols: &mut Chars<'_>, mut is_end: impl FnMut(char) -> bool) {
    for symbol in symbols.by_ref() {
        if is_end(symbol) {
            return;
        }
    }
}

/// Whether a terminal would interpret the character, or display others in a different order because of it.
fn is_control(symbol: char) -> bool {
    let is_direction = matches!(symbol, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(symbol, '\u{2066}'..='\u{2069}');
    symbol.is_control() || is_direction
}

/// Formats a number of bytes as `docker build` does, for example `2.05kB`.
pub(in crate::images) fn bytes(count: u64) -> String {
    if count < 1000 {
        return format!("{count}B");
    }
    let (mut factor, mut unit) = (1000_u64, "kB");
    for (larger, name) in [(1_000_000, "MB"), (1_000_000_000, "GB"), (1_000_000_000_000, "TB")] {
        if count >= larger {
            (factor, unit) = (larger, name);
        }
    }
    format!("{:.2}{unit}", count as f64 / factor as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_text_has_no_escape_sequences() {
        for (text, expected) in [
            ("two\x1b[1;31m three\x1b[0m\n", "two three"),
            ("\x1b]0;title\x07name", "name"),
            ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
            ("a\x1b(Bb\x1bcd\u{9b}2Je", "abde"),
            ("tab\tand\rreturn\x07", "tab and return"),
            ("a\u{202e}b\u{2066}c", "a b c"),
            ("\x1b[1", ""),
            ("\x1b", ""),
            ("\x1b]0;never ended", ""),
        ] {
            assert_eq!(printable(text, 100), expected, "{text:?}");
        }
    }

    #[test]
    fn printable_text_is_bounded() {
        assert_eq!(printable(&"ä".repeat(1 << 20), 3), "äää");
        assert_eq!(printable("\x1b[1mabc", 2), "ab");
        assert_eq!(printable("abc", 0), "");
    }

    #[test]
    fn beginning_ends_at_a_character_boundary() {
        let cut = [("aäb", 2), ("aäb", 3), ("ä", 9), ("ä", 0)].map(|(text, limit)| beginning(text, limit));
        assert_eq!(cut, ["a", "aä", "ä", ""]);
    }

    #[test]
    fn bytes_are_formatted_with_decimal_units() {
        let formatted = [0, 999, 1234, 2_500_000, 29_500_000_000, u64::MAX].map(bytes);
        assert_eq!(formatted, ["0B", "999B", "1.23kB", "2.50MB", "29.50GB", "18446744.07TB"]);
    }
}
