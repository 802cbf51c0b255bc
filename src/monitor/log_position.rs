//! The position in a log up to which lines were returned, to resume after a reconnect.
//!
//! A log that is opened again is read from a second before the last line that was returned or, below API 1.19, which has
//! no `since` for logs, from its beginning. The lines of each source up to the last one that was returned are dropped.
//! If that line is no longer in the log when a later line is read, the log was rotated or truncated, and there is a gap.

use bytes::Buf as _;

use super::{
    Gap, GapReason,
    log_bookmark::{Content, LogBookmark, SavedMark},
};
use crate::{ApiVersion, Line, Source, Timestamp, stream::LOG_PART_SIZE};

/// Since this version, logs can be requested from a time on.
const SINCE: ApiVersion = ApiVersion::new(1, 19);

/// Overlap of two readings of a log, in seconds: lines of different sources may be stored in a different order than that of
/// their timestamps.
const OVERLAP: i64 = 1;

/// Maximum difference, in nanoseconds, between the timestamp of a stored line and the earlier one of the same line when it
/// was followed. Docker 1.6 reads the clock twice.
const STORED_LATER: i128 = 1_000_000_000;

/// The position up to which each source was returned.
#[derive(Clone, Debug, Default)]
pub(super) struct LogPosition {
    marks: Vec<Mark>,
    /// The time of the last line that was returned.
    last: Option<Timestamp>,
    /// Set if only the last lines of the log were requested: earlier ones are not returned later either.
    begin: Option<Timestamp>,
    /// Whether the log was read before.
    again: bool,
    /// Whether a gap was returned in this reading.
    reported: bool,
    /// Maximum difference, in nanoseconds, by which timestamps may be later than in the reading before.
    tolerance: i128,
    /// Whether long lines are read in parts.
    in_parts: bool,
}

/// The last line of a source that was returned.
#[derive(Clone, Debug)]
struct Mark {
    source: Source,
    time: Timestamp,
    content: Content,
    /// Whether the line had ended, or is a part of a line.
    complete: bool,
    /// Ordinal among the lines of the source with the same timestamp, from 1. Podman's timestamps are whole seconds.
    ordinal: usize,
    /// The latest time of all lines that were returned. Clocks may be set back.
    latest: Timestamp,
    expected: Expected,
}

/// Whether a line is expected again before new lines of its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// Not expected: it was read again, or is the last line that was read.
    No,
    /// Not expected: older than the part of the log that is read.
    Older,
    /// Expected; this number of lines with its timestamp were read.
    Yes(usize),
}

impl LogPosition {
    /// Starts at `now`, or at the first line that is read if that is earlier. Older lines are not returned.
    pub(super) fn begin(&mut self, now: Timestamp) {
        self.begin = Some(now);
    }

    /// Whether no line with a time was returned.
    pub(super) fn is_empty(&self) -> bool {
        self.last.is_none()
    }

    /// Long lines are read in parts.
    pub(super) fn read_in_parts(&mut self) {
        self.in_parts = true;
    }

    /// Returns the position that was saved in a bookmark.
    pub(super) fn restore(saved: &LogBookmark) -> Self {
        let marks = saved.marks.iter().map(Mark::restore).collect();
        Self { marks, last: saved.last, begin: saved.begin, ..Self::default() }
    }

    /// Saves the position in the log of the container with this id. If there are unfinished lines, the oldest has the time
    /// `begun`.
    pub(super) fn save(&self, container: &str, begun: Option<Timestamp>) -> LogBookmark {
        let marks = self.marks.iter().map(Mark::save).collect();
        LogBookmark { container: container.to_owned(), last: self.last, begin: self.begin, begun, marks }
    }

    /// Whether lines that were returned before are expected again, so that there may be a gap.
    pub(super) fn is_catching_up(&self) -> bool {
        self.again && !self.reported && self.marks.iter().any(Mark::is_expected)
    }

    /// The time from which to read the log again; `None` for all of it. If there are unfinished lines, the oldest has the
    /// time `begun`.
    pub(super) fn resume(&self, version: ApiVersion, begun: Option<Timestamp>) -> Option<Timestamp> {
        let last = self.last.or(self.begin).filter(|_| version >= SINCE)?;
        let oldest = begun.map_or(last, |begun| begun.min(last));
        Timestamp::from_unix_seconds(oldest.unix_seconds() - OVERLAP).ok()
    }

    /// Records that the log is read again, from `since` on or all of it.
    pub(super) fn read_again(&mut self, since: Option<Timestamp>, version: ApiVersion) {
        (self.again, self.reported) = (true, false);
        self.tolerance = if version < SINCE { STORED_LATER } else { 0 };
        for mark in &mut self.marks {
            let is_read = since.is_none_or(|since| since <= mark.time);
            mark.expected = if is_read { Expected::Yes(0) } else { Expected::Older };
        }
    }

    /// Records a line that was read. Returns the part that was not returned before, and the gap before it, if there is one.
    pub(super) fn take(&mut self, line: Line) -> (Option<Gap>, Option<Line>) {
        let Some(time) = line.time else { return (None, Some(line)) };
        let index = self.marks.iter().position(|mark| mark.source == line.source);
        if let Some(mark) = index.map(|index| &mut self.marks[index]) {
            if let Some(known) = mark.find(&line, time, self.tolerance) {
                self.last = Some(time);
                return (None, rest(line, known));
            }
            if mark.is_expected() && !is_later(time, mark.latest, self.tolerance) {
                return (None, None);
            }
        } else if self.again && self.is_too_old(time) {
            return (None, None);
        }
        let gap = self.missing(index, time);
        self.last = Some(time);
        match index {
            Some(index) => self.marks[index].move_to(&line, time),
            None => {
                self.begin = self.begin.map(|begin| begin.min(time));
                self.marks.push(Mark::new(&line, time));
            }
        }
        (gap, Some(line))
    }

    /// The gap before a new line of the source with the mark `index`, if an expected line was not read before it. If no line
    /// of that source is expected, lines of other sources are considered, except those that had not ended.
    fn missing(&mut self, index: Option<usize>, time: Timestamp) -> Option<Gap> {
        let is_missing = |mark: &Mark| mark.is_expected() && is_later(time, mark.latest, self.tolerance);
        let is_found = match index.map(|index| &self.marks[index]).filter(|mark| mark.expected != Expected::Older) {
            Some(mark) => !is_missing(mark),
            None => !self.marks.iter().any(|mark| mark.complete && is_missing(mark)),
        };
        if is_found || std::mem::replace(&mut self.reported, true) {
            return None;
        }
        Some(Gap { since: self.last.unwrap_or(time), until: time, reason: GapReason::Overflow })
    }

    fn is_too_old(&self, time: Timestamp) -> bool {
        self.begin.is_some_and(|begin| time < begin)
    }

    /// Whether the last line of the log was returned. Returns `true` if this cannot be determined.
    pub(super) fn has_returned(&self, last: &Line) -> bool {
        let Some(time) = last.time.filter(|_| last.complete) else { return true };
        match self.marks.iter().find(|mark| mark.source == last.source) {
            Some(mark) if !mark.complete => true,
            // Only the last part of a long line may have been read, and the engine's parts may have another size.
            Some(mark) if self.in_parts => mark.is_at(time, self.tolerance) || mark.content.may_end_with(&last.bytes),
            Some(mark) if mark.content.len() > LOG_PART_SIZE => mark.content.may_end_with(&last.bytes),
            Some(mark) => mark.content.is(&last.bytes) && mark.is_at(time, self.tolerance),
            None => self.is_too_old(time),
        }
    }
}

impl Mark {
    fn new(line: &Line, time: Timestamp) -> Self {
        let (content, complete) = (Content::Bytes(line.bytes.clone()), line.complete || line.partial);
        Self { source: line.source, time, content, complete, ordinal: 1, latest: time, expected: Expected::No }
    }

    fn restore(saved: &SavedMark) -> Self {
        let SavedMark { source, time, length, sha256, complete, ordinal, latest } = *saved;
        let content = Content::Digest { length, sha256 };
        Self { source, time, content, complete, ordinal, latest, expected: Expected::No }
    }

    fn save(&self) -> SavedMark {
        let Self { source, time, complete, ordinal, latest, .. } = *self;
        let (length, sha256) = (self.content.len(), self.content.sha256());
        SavedMark { source, time, length, sha256, complete, ordinal, latest }
    }

    fn move_to(&mut self, line: &Line, time: Timestamp) {
        let ordinal = if time == self.time { self.ordinal.saturating_add(1) } else { 1 };
        *self = Self { latest: time.max(self.latest), ordinal, ..Self::new(line, time) };
    }

    fn is_expected(&self) -> bool {
        matches!(self.expected, Expected::Yes(_))
    }

    /// Whether a line with the timestamp `time` may be this one.
    fn is_at(&self, time: Timestamp, tolerance: i128) -> bool {
        (0..=tolerance).contains(&(time.unix_nanoseconds() - self.time.unix_nanoseconds()))
    }

    /// Whether a line has this one's content. Only the last part of a long line may have been returned; a line that had
    /// not ended may have been continued.
    fn is_same(&self, line: &[u8]) -> bool {
        match self.complete {
            true if line.len() > LOG_PART_SIZE => self.content.is_suffix_of(line),
            true => self.content.is(line),
            false => self.content.is_prefix_of(line),
        }
    }

    /// Returns how many bytes of `line` were returned before, if it is the expected one.
    fn find(&mut self, line: &Line, time: Timestamp, tolerance: i128) -> Option<usize> {
        let Expected::Yes(read) = self.expected else { return None };
        if !self.is_at(time, tolerance) {
            return None;
        }
        let read = read + 1;
        self.expected = Expected::Yes(read);
        if read < self.ordinal || !self.is_same(&line.bytes) {
            return None;
        }
        let known = if self.complete { line.bytes.len() } else { self.content.len() };
        let ordinal = if time == self.time { read } else { 1 };
        *self = Self { latest: time.max(self.latest), ordinal, ..Self::new(line, time) };
        Some(known)
    }
}

/// Whether `time` is later than `latest` by more than the tolerance.
fn is_later(time: Timestamp, latest: Timestamp, tolerance: i128) -> bool {
    time.unix_nanoseconds() - latest.unix_nanoseconds() > tolerance
}

/// The part of `line` after its first `known` bytes, if it is not empty.
fn rest(mut line: Line, known: usize) -> Option<Line> {
    line.bytes.advance(known);
    (!line.bytes.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::LogDetails;

    const NEW: ApiVersion = ApiVersion::new(1, 41);
    const OLD: ApiVersion = ApiVersion::new(1, 18);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix_seconds(second).unwrap()
    }

    fn nanos(nanoseconds: i64) -> Timestamp {
        Timestamp::from_unix_nanoseconds(nanoseconds)
    }

    fn of(source: Source, time: Timestamp, text: &str) -> Line {
        let bytes = Bytes::copy_from_slice(text.trim_end_matches('…').as_bytes());
        let (complete, details) = (!text.ends_with('…'), LogDetails::default());
        Line { source, time: Some(time), details, bytes, complete, truncated: false, partial: false }
    }

    fn out(second: i64, text: &str) -> Line {
        of(Source::Stdout, at(second), text)
    }

    fn err(second: i64, text: &str) -> Line {
        of(Source::Stderr, at(second), text)
    }

    /// The returned parts of `lines`; a gap is `since…until`.
    fn taken(position: &mut LogPosition, lines: impl IntoIterator<Item = Line>) -> String {
        let mut words = Vec::new();
        for line in lines {
            let (gap, line) = position.take(line);
            words.extend(gap.map(|gap| format!("{}…{}", gap.since.unix_seconds(), gap.until.unix_seconds())));
            words.extend(line.map(|line| line.text().into_owned()));
        }
        words.join(" ")
    }

    /// Reads as much of `log` again as is requested. Checks that the same lines are returned after the position was stored.
    fn read_again(position: &mut LogPosition, version: ApiVersion, log: impl IntoIterator<Item = Line>) -> String {
        let json = serde_json::to_string(&position.save("f43c", None)).unwrap();
        let mut stored = LogPosition::restore(&serde_json::from_str(&json).unwrap());
        let since = position.resume(version, None);
        assert_eq!(stored.resume(version, None), since);
        let log: Vec<Line> =
            log.into_iter().filter(|line| since.is_none_or(|since| line.time >= Some(since))).collect();
        stored.read_again(since, version);
        let after_restart = taken(&mut stored, log.clone());
        position.read_again(since, version);
        let lines = taken(position, log);
        assert_eq!(after_restart, lines, "after a restart of the program");
        lines
    }

    #[test]
    fn log_position_drops_repeated_lines_of_each_source() {
        for version in [OLD, NEW] {
            let mut position = LogPosition::default();
            assert_eq!(taken(&mut position, [out(1, "a"), err(4, "x"), out(2, "b"), out(2, "c")]), "a x b c");
            let log = [out(1, "a"), err(4, "x"), out(2, "b"), err(4, "y"), out(2, "c"), out(2, "d")];
            assert_eq!(read_again(&mut position, version, log), "y d");
        }
    }

    #[test]
    fn log_position_resumes_a_second_before_the_last_line() {
        let mut position = LogPosition::default();
        assert_eq!(position.resume(NEW, None), None);
        taken(&mut position, [out(100, "a"), of(Source::Stderr, nanos(200_900_000_000), "b")]);
        assert_eq!(position.resume(NEW, None), Some(at(199)));
        assert_eq!(position.resume(NEW, Some(at(150))), Some(at(149)), "a line had not ended");
        assert_eq!(position.resume(NEW, Some(at(300))), Some(at(199)));
        assert_eq!(position.resume(OLD, None), None, "all of it");
    }

    #[test]
    fn log_position_does_not_expect_old_lines_of_idle_sources() {
        let mut position = LogPosition::default();
        taken(&mut position, [err(1, "x"), out(100, "a")]);
        assert_eq!(read_again(&mut position, NEW, [err(1, "x"), out(100, "a"), err(101, "y"), out(102, "b")]), "y b");
    }

    #[test]
    fn log_gap_if_the_log_was_truncated() {
        for version in [OLD, NEW] {
            let mut position = LogPosition::default();
            assert_eq!(taken(&mut position, [out(1, "a"), err(5, "b")]), "a b");
            assert_eq!(read_again(&mut position, version, [err(7, "d"), err(8, "e")]), "5…7 d e");
        }
        let mut position = LogPosition::default();
        taken(&mut position, [err(1, "a"), out(5, "b")]);
        assert_eq!(
            read_again(&mut position, NEW, [err(7, "c"), out(8, "d")]),
            "5…7 c d",
            "also if the other source is first"
        );
    }

    #[test]
    fn log_position_after_the_clock_was_set_back() {
        for version in [OLD, NEW] {
            let mut position = LogPosition::default();
            let lines = [out(50, "a"), out(10, "b"), out(11, "c")];
            assert_eq!(taken(&mut position, lines.clone()), "a b c");
            assert_eq!(read_again(&mut position, version, lines.into_iter().chain([out(12, "d")])), "d");
        }
    }

    #[test]
    fn log_position_continues_an_unfinished_line() {
        for version in [OLD, NEW] {
            let mut position = LogPosition::default();
            assert_eq!(taken(&mut position, [out(1, "ab…")]), "ab");
            for rest in ["cd", ""] {
                assert_eq!(read_again(&mut position, version, [out(1, "abcd")]), rest);
            }
            assert_eq!(read_again(&mut position, version, [out(1, "abcd"), out(2, "e")]), "e");
        }
    }

    #[test]
    fn log_position_continues_unfinished_lines_of_two_sources() {
        let mut position = LogPosition::default();
        assert_eq!(taken(&mut position, [out(1, "ab…"), err(2, "xy…")]), "ab xy");
        assert_eq!(read_again(&mut position, NEW, [out(1, "abcd"), err(2, "xyz")]), "cd z");
    }

    /// Podman's timestamps are whole seconds.
    #[test]
    fn log_position_counts_equal_lines_with_the_same_timestamp() {
        for version in [OLD, NEW] {
            let mut position = LogPosition::default();
            let lines = [out(1, "tick"), out(1, "tick"), out(1, ""), out(1, "tick")];
            assert_eq!(taken(&mut position, lines.clone()), "tick tick  tick");
            for new in ["tick", "", "tick"] {
                let count = position.marks[0].ordinal - 4;
                let more = ["tick", "", "tick"].into_iter().take(count + 1).map(|text| out(1, text));
                assert_eq!(read_again(&mut position, version, lines.clone().into_iter().chain(more)), new);
            }
        }
    }

    #[test]
    fn log_position_ordinal_of_a_bookmark_does_not_overflow() {
        let mut position = LogPosition::default();
        taken(&mut position, [out(1, "a")]);
        let mut bookmark = position.save("f43c", None);
        bookmark.marks[0].ordinal = usize::MAX;
        let mut position = LogPosition::restore(&bookmark);
        assert_eq!(taken(&mut position, [out(1, "b")]), "b");
        assert_eq!(position.marks[0].ordinal, usize::MAX);
    }

    /// Docker 1.6 stores lines with a later timestamp than it sends when the log is followed, and stores lines that were
    /// written at the same time with different timestamps.
    #[test]
    fn log_position_accepts_later_timestamps_of_stored_lines() {
        let followed = |text| of(Source::Stdout, nanos(1_000_000_000), text);
        let stored = |ordinal: i64, text| of(Source::Stdout, nanos(1_000_030_000 + ordinal * 1000), text);
        let mut position = LogPosition::default();
        taken(&mut position, [out(0, "a"), followed("b"), followed("tick"), followed("tick")]);
        let log = [out(0, "a"), stored(0, "b"), stored(1, "tick"), stored(2, "tick")];
        assert!(position.has_returned(&log[3]) || position.tolerance == 0);
        assert_eq!(read_again(&mut position, OLD, log.clone()), "");
        assert!(position.has_returned(&log[3]));
        let more = [stored(3, "tick"), stored(900_000, "c"), out(5, "d")];
        assert_eq!(read_again(&mut position, OLD, log.into_iter().chain(more)), "tick c d");
    }

    #[test]
    fn log_position_drops_lines_older_than_the_tail() {
        for version in [OLD, NEW] {
            let mut position = LogPosition::default();
            position.begin(at(9));
            assert_eq!(taken(&mut position, [out(5, "b")]), "b");
            let all = [err(3, "w"), out(4, "a"), out(5, "b"), err(6, "x"), out(10, "c")];
            assert_eq!(read_again(&mut position, version, all), "x c");

            let mut position = LogPosition::default();
            position.begin(at(9));
            assert_eq!(
                read_again(&mut position, version, [err(3, "w"), out(10, "c")]),
                "c",
                "none before the beginning"
            );
        }
    }

    #[test]
    fn log_position_finds_the_last_part_of_a_long_line() {
        let (long, end) = ("long ".repeat(10_000), "long ");
        let mut position = LogPosition::default();
        position.begin(at(9));
        taken(&mut position, [out(5, end)]);
        assert_eq!(read_again(&mut position, NEW, [out(5, &long), out(6, "next")]), "next");
    }

    #[test]
    fn log_position_between_parts_of_a_long_line() {
        let part = |text: &str| Line { complete: false, partial: true, ..out(1, text) };
        let log = [part("ab"), part("ab"), out(1, "c"), out(2, "d")];
        let texts = ["ab", "ab", "c", "d"];
        for count in 1..=log.len() {
            let mut position = LogPosition::default();
            position.read_in_parts();
            assert_eq!(taken(&mut position, log[..count].to_vec()), texts[..count].join(" "));
            assert_eq!(read_again(&mut position, NEW, log.clone()), texts[count..].join(" "), "after {count}");
            assert!(position.has_returned(&out(2, "d")) && !position.has_returned(&out(3, "e")));
        }
    }

    #[test]
    fn log_position_recognizes_the_last_line() {
        let mut position = LogPosition::default();
        assert!(!position.has_returned(&out(1, "a")), "all lines are returned");
        position.begin(at(1));
        assert!(position.has_returned(&out(0, "a")) && !position.has_returned(&out(2, "a")));
        taken(&mut position, [out(2, "tick")]);
        assert!(position.has_returned(&out(2, "tick")));
        for other in [out(3, "tick"), out(2, "tock"), out(2, "ck"), err(3, "tick")] {
            assert!(!position.has_returned(&other), "{other:?}");
        }
        assert!(position.has_returned(&out(3, "unfinished…")), "it may be the one that is being read");
        let long = "long ".repeat(10_000);
        taken(&mut position, [out(4, &long)]);
        assert!(
            position.has_returned(&out(4, &long))
                && position.has_returned(&out(5, "long "))
                && !position.has_returned(&out(5, "other"))
        );
    }
}
