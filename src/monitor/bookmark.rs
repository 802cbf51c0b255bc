//! How far a log was told.
//!
//! After a new connection the log is read again from its beginning, and of each source
//! nothing is told before the last line that was. If that line is not there any more, the
//! log was cut, which is seen when a line comes that is later than all that were told.

use bytes::{Buf as _, Bytes};

use super::{Gap, GapReason};
use crate::{Line, Source, Timestamp};

/// How far each source was told.
#[derive(Debug, Default)]
pub(super) struct Bookmark {
    marks: Vec<Mark>,
    /// What was written before is not to be told, where not all is.
    begin: Option<Timestamp>,
    /// Whether the log is not read for the first time.
    again: bool,
}

/// The last line of a source that was told.
#[derive(Debug)]
struct Mark {
    source: Source,
    time: Timestamp,
    bytes: Bytes,
    /// Whether the line had ended.
    complete: bool,
    /// The latest time of all lines that were told. Clocks may be set back.
    latest: Timestamp,
    /// Whether the line is to come again, and nothing is told before it has.
    awaited: bool,
}

impl Bookmark {
    /// Not all is to be told, only some last lines of the log as it is at the moment `now`, and what comes.
    pub(super) fn begin(&mut self, now: Timestamp) {
        self.begin = Some(now);
    }

    /// The log is read again.
    pub(super) fn read_again(&mut self) {
        self.again = true;
        self.marks.iter_mut().for_each(|mark| mark.awaited = true);
    }

    /// What there is to tell of a line that was read: what is missing before it, and as much of it as was not told.
    pub(super) fn take(&mut self, line: Line) -> (Option<Gap>, Option<Line>) {
        let Some(time) = line.time else { return (None, Some(line)) };
        let Some(mark) = self.marks.iter_mut().find(|mark| mark.source == line.source) else {
            return (None, self.take_first(line, time));
        };
        if !mark.awaited {
            mark.move_to(&line, time);
            return (None, Some(line));
        }
        if let Some(told) = mark.told_of(&line) {
            mark.move_to(&line, time);
            return (None, rest(line, told));
        }
        if time <= mark.latest {
            return (None, None);
        }
        let gap = Gap { since: mark.time, until: time, reason: GapReason::Overflow };
        mark.move_to(&line, time);
        (Some(gap), Some(line))
    }

    /// Takes a line of a source of which nothing was told.
    fn take_first(&mut self, line: Line, time: Timestamp) -> Option<Line> {
        if self.again && self.is_too_old(time) {
            return None;
        }
        self.begin = self.begin.map(|begin| begin.min(time));
        self.marks.push(Mark::new(&line, time));
        Some(line)
    }

    fn is_too_old(&self, time: Timestamp) -> bool {
        self.begin.is_some_and(|begin| time < begin)
    }

    /// Whether the last line of the log was told, as far as that can be said.
    pub(super) fn knows(&self, last: &Line) -> bool {
        let Some(time) = last.time.filter(|_| last.complete) else { return true };
        match self.marks.iter().find(|mark| mark.source == last.source) {
            // Engines may take a long line for several.
            Some(mark) => mark.time == time || mark.bytes.len() > last.bytes.len() && mark.bytes.ends_with(&last.bytes),
            None => self.is_too_old(time),
        }
    }
}

impl Mark {
    fn new(line: &Line, time: Timestamp) -> Self {
        let (bytes, complete) = (line.bytes.clone(), line.complete);
        Self { source: line.source, time, bytes, complete, latest: time, awaited: false }
    }

    fn move_to(&mut self, line: &Line, time: Timestamp) {
        *self = Self { latest: time.max(self.latest), ..Self::new(line, time) };
    }

    /// How many bytes were told of `line`, if it is the one that is marked. One that had not ended may have gone on.
    fn told_of(&self, line: &Line) -> Option<usize> {
        let told = if self.complete { line.bytes.len() } else { self.bytes.len() };
        let is_same =
            if self.complete { line.bytes.ends_with(&self.bytes) } else { line.bytes.starts_with(&self.bytes) };
        (line.time == Some(self.time) && is_same).then_some(told)
    }
}

/// What comes in `line` behind what was told of it.
fn rest(mut line: Line, told: usize) -> Option<Line> {
    line.bytes.advance(told);
    (!line.bytes.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix_seconds(second).unwrap()
    }

    fn of(source: Source, second: i64, text: &str) -> Line {
        let bytes = Bytes::copy_from_slice(text.trim_end_matches('…').as_bytes());
        Line { source, time: Some(at(second)), bytes, complete: !text.ends_with('…') }
    }

    fn out(second: i64, text: &str) -> Line {
        of(Source::Stdout, second, text)
    }

    fn err(second: i64, text: &str) -> Line {
        of(Source::Stderr, second, text)
    }

    /// What is told of `lines`; a gap is `…`.
    fn told(bookmark: &mut Bookmark, lines: impl IntoIterator<Item = Line>) -> String {
        let mut words = Vec::new();
        for line in lines {
            let (gap, line) = bookmark.take(line);
            words.extend(gap.map(|gap| format!("{}…{}", gap.since.unix_seconds(), gap.until.unix_seconds())));
            words.extend(line.map(|line| line.text().into_owned()));
        }
        words.join(" ")
    }

    #[test]
    fn nothing_is_told_of_a_source_before_the_last_line_that_was() {
        let mut bookmark = Bookmark::default();
        assert_eq!(told(&mut bookmark, [out(1, "a"), err(4, "x"), out(2, "b"), out(2, "c")]), "a x b c");
        bookmark.read_again();
        let again = [out(1, "a"), err(4, "x"), out(2, "b"), err(4, "y"), out(2, "c"), out(2, "d")];
        assert_eq!(told(&mut bookmark, again), "y d");
    }

    #[test]
    fn a_log_that_was_cut_has_a_gap() {
        let mut bookmark = Bookmark::default();
        assert_eq!(told(&mut bookmark, [out(1, "a"), out(5, "b")]), "a b");
        bookmark.read_again();
        assert_eq!(told(&mut bookmark, [out(7, "d"), out(8, "e")]), "5…7 d e");
    }

    #[test]
    fn a_clock_that_was_set_back_repeats_nothing() {
        let mut bookmark = Bookmark::default();
        let lines = [out(50, "a"), out(10, "b"), out(11, "c")];
        assert_eq!(told(&mut bookmark, lines.clone()), "a b c");
        bookmark.read_again();
        assert_eq!(told(&mut bookmark, lines.into_iter().chain([out(12, "d")])), "d");
    }

    #[test]
    fn a_line_that_goes_on_is_told_on() {
        let mut bookmark = Bookmark::default();
        assert_eq!(told(&mut bookmark, [out(1, "ab…")]), "ab");
        for rest in ["cd", ""] {
            bookmark.read_again();
            assert_eq!(told(&mut bookmark, [out(1, "abcd")]), rest);
        }
        bookmark.read_again();
        assert_eq!(told(&mut bookmark, [out(1, "abcd"), out(2, "e")]), "e");
    }

    #[test]
    fn where_only_last_lines_are_told_older_ones_are_not_told_later() {
        let mut bookmark = Bookmark::default();
        bookmark.begin(at(9));
        assert_eq!(told(&mut bookmark, [out(5, "b")]), "b");
        bookmark.read_again();
        let all = [err(3, "w"), out(4, "a"), out(5, "b"), err(6, "x"), out(10, "c")];
        assert_eq!(told(&mut bookmark, all), "x c");

        let mut bookmark = Bookmark::default();
        bookmark.begin(at(9));
        bookmark.read_again();
        assert_eq!(told(&mut bookmark, [err(3, "w"), out(10, "c")]), "c", "of none, none older than the beginning");
    }

    #[test]
    fn the_last_line_of_a_log_is_known_if_it_was_told() {
        let mut bookmark = Bookmark::default();
        assert!(!bookmark.knows(&out(1, "a")), "all is to be told");
        bookmark.begin(at(1));
        assert!(bookmark.knows(&out(0, "a")) && !bookmark.knows(&out(2, "a")));
        told(&mut bookmark, [out(2, "tick")]);
        assert!(bookmark.knows(&out(2, "tick")) && bookmark.knows(&out(2, "ck")) && bookmark.knows(&out(3, "ck")));
        assert!(!bookmark.knows(&out(3, "tick")) && !bookmark.knows(&err(3, "ck")));
        assert!(bookmark.knows(&out(3, "not ended…")), "who knows");
    }
}
