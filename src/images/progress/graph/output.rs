//! The last lines of the output of a step.

use std::collections::VecDeque;

/// Maximum number of lines that are kept.
const MAX_LINES: usize = 50;

/// Maximum number of bytes of a line that are kept.
const MAX_LINE: usize = 1024;

/// The end of an output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OutputTail {
    lines: VecDeque<String>,
    /// The line whose end has not been received yet.
    partial: String,
    received: u64,
}

impl OutputTail {
    pub(super) fn add(&mut self, text: &str) {
        self.received = self.received.saturating_add(u64::try_from(text.len()).unwrap_or(u64::MAX));
        for symbol in text.chars() {
            let is_returned = self.partial.ends_with('\r');
            match symbol {
                '\n' => self.end_line(),
                '\r' if is_returned => {}
                '\r' => self.partial.push('\r'),
                // As on a terminal, the line is written again from its beginning.
                _ if is_returned => {
                    self.partial.clear();
                    self.partial.push(symbol);
                }
                _ if self.partial.len() + symbol.len_utf8() <= MAX_LINE => self.partial.push(symbol),
                _ => {}
            }
        }
    }

    fn end_line(&mut self) {
        if self.lines.len() >= MAX_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(self.partial.trim_end_matches('\r').to_owned());
        self.partial.clear();
    }

    /// Returns the last lines, also one that is not complete yet.
    pub(super) fn lines(&self) -> impl DoubleEndedIterator<Item = &str> {
        let partial = Some(self.partial.trim_end_matches('\r')).filter(|line| !line.is_empty());
        self.lines.iter().map(String::as_str).chain(partial)
    }

    /// Returns the number of bytes of the whole output.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Returns the size in memory.
    pub(super) fn size(&self) -> usize {
        let lines: usize = self.lines.iter().map(|line| size_of::<String>() + line.len()).sum();
        lines + self.partial.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(parts: &[&str]) -> OutputTail {
        let mut output = OutputTail::default();
        for part in parts {
            output.add(part);
        }
        output
    }

    #[test]
    fn output_is_split_into_lines() {
        let output = output(&["one\ntw", "o\r", "\n\nthr", "ee"]);
        assert_eq!(output.lines().collect::<Vec<_>>(), ["one", "two", "", "three"]);
        assert_eq!(output.received(), 15);
    }

    #[test]
    fn output_after_a_carriage_return_replaces_the_line() {
        let output = output(&["10%\r", "20%\r100%\r\r\ndone\n1%", "\r2%\r"]);
        assert_eq!(output.lines().collect::<Vec<_>>(), ["100%", "done", "2%"]);
    }

    #[test]
    fn output_keeps_a_bounded_end() {
        let mut output = OutputTail::default();
        for line in 0..1000 {
            output.add(&format!("{line} {}\n", "ä".repeat(MAX_LINE)));
        }
        output.add(&"\r".repeat(1 << 16));
        output.add(&"x".repeat(1 << 16));
        let lines: Vec<&str> = output.lines().collect();
        assert_eq!(lines.len(), MAX_LINES + 1);
        assert!(lines.iter().all(|line| line.len() <= MAX_LINE), "{lines:?}");
        assert!(lines[MAX_LINES - 1].starts_with("999 "), "{lines:?}");
        assert!(output.size() < 2 * (MAX_LINES + 1) * MAX_LINE);
    }
}
