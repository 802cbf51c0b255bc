//! Reports of a step that are not written yet.

use std::{fmt::Write as _, mem, time::Instant};

use crate::{
    Timestamp,
    images::{
        VertexLog, VertexStatus,
        progress::text::{beginning, bytes, printable},
    },
};

/// Maximum number of bytes of a line of output; the rest of it is omitted.
pub(super) const MAX_LINE: usize = 2000;

/// Maximum number of bytes of the id of a status.
const MAX_ID: usize = 256;

/// Maximum number of statuses that are tracked at once.
const MAX_STATUSES: usize = 256;

/// A status is written again after this time, in seconds, or after this part of it.
const STATUS_INTERVAL: f64 = 5.0;
const STATUS_PART: f64 = 0.05;

/// Reports of a step that are not written yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending {
    /// Whether there is something to write.
    pub(super) is_updated: bool,
    /// Number of updates since `since`.
    pub(super) updates: u32,
    /// Time of the first update since another step was written.
    pub(super) since: Option<Instant>,
    statuses: Vec<Status>,
    warnings: Vec<String>,
    lines: Vec<String>,
    /// Output whose line has not ended, with its time.
    partial: Option<String>,
    /// Number of bytes of the warnings and lines.
    pub(super) size: usize,
}

#[derive(Clone, Debug)]
struct Status {
    report: VertexStatus,
    is_updated: bool,
    /// The amount and the time that were written last.
    written: Option<(i64, Option<Timestamp>)>,
}

impl Pending {
    /// Notes that there is something to write.
    pub(super) fn touch(&mut self, now: Instant) {
        if self.updates == 0 {
            self.since = Some(now);
        }
        self.updates = self.updates.saturating_add(1);
        self.is_updated = true;
    }

    pub(super) fn add_status(&mut self, status: &VertexStatus) {
        let id = beginning(&status.id, MAX_ID);
        let report = VertexStatus { id: id.to_owned(), vertex: String::new(), name: String::new(), ..status.clone() };
        if let Some(known) = self.statuses.iter_mut().find(|known| known.report.id == id) {
            (known.report, known.is_updated) = (report, true);
            return;
        }
        if self.statuses.len() >= MAX_STATUSES {
            self.statuses.remove(0);
        }
        self.statuses.push(Status { report, is_updated: true, written: None });
    }

    pub(super) fn add_warning(&mut self, message: &str) {
        let warning = printable(message, MAX_LINE);
        self.size += size_of::<String>() + warning.len();
        self.warnings.push(warning);
    }

    pub(super) fn add_log(&mut self, log: &VertexLog, started: Option<Timestamp>) {
        for part in log.text.split_inclusive('\n') {
            let line = self.partial.get_or_insert_with(|| time(started, log.timestamp));
            let room = MAX_LINE.saturating_sub(line.len());
            line.push_str(beginning(part, room));
            if part.ends_with('\n') {
                self.end_line();
            }
        }
    }

    /// Ends the line whose end has not been received. Returns whether there is one.
    pub(super) fn end_line(&mut self) -> bool {
        let Some(line) = self.partial.take() else { return false };
        let line = printable(&line, MAX_LINE);
        self.size += size_of::<String>() + line.len();
        self.lines.push(line);
        true
    }

    /// Writes what is new. Returns whether it includes a status that is not complete.
    pub(super) fn write(&mut self, number: usize, lines: &mut String) -> bool {
        let mut is_open = false;
        for status in &mut self.statuses {
            if mem::take(&mut status.is_updated) && !status.is_similar() {
                status.written = Some((status.report.current, status.report.timestamp));
                is_open |= status.report.completed.is_none();
                add(lines, format_args!("#{number} {}", describe(&status.report)));
            }
        }
        for warning in self.warnings.drain(..) {
            add(lines, format_args!("#{number} WARN: {warning}"));
        }
        for line in self.lines.drain(..) {
            add(lines, format_args!("#{number} {line}"));
        }
        (self.is_updated, self.size) = (false, 0);
        is_open
    }

    /// Discards the warnings and lines.
    pub(super) fn clear(&mut self) {
        self.warnings.clear();
        self.lines.clear();
        self.size = 0;
    }
}

impl Status {
    /// Whether the status is almost that which was written last.
    fn is_similar(&self) -> bool {
        let Some((written, at)) = self.written.filter(|_| self.report.completed.is_none()) else { return false };
        let part = match self.report.total {
            total @ 1.. => (self.report.current as f64 - written as f64) / total as f64,
            _ => 0.0,
        };
        let seconds = at.zip(self.report.timestamp).map_or(0.0, |(at, now)| now.duration_since(at).as_secs_f64());
        part < STATUS_PART && seconds < STATUS_INTERVAL
    }
}

pub(super) fn add(lines: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(lines, "{line}");
}

/// Formats a status, for example `sha256:00 1.00MB / 2.50MB 0.3s done`.
fn describe(status: &VertexStatus) -> String {
    let mut text = printable(&status.id, MAX_ID);
    let size = |count: i64| bytes(u64::try_from(count).unwrap_or_default());
    if status.total > 0 {
        text += &format!(" {} / {}", size(status.current), size(status.total));
    } else if status.current > 0 {
        text += &format!(" {}", size(status.current));
    }
    let times = status.started.zip(status.completed.or(status.timestamp));
    let seconds = times.map_or(0.0, |(started, end)| end.duration_since(started).as_secs_f64());
    if seconds > 0.01 {
        text += &format!(" {seconds:.1}s");
    }
    if status.completed.is_some() {
        text += " done";
    }
    text
}

/// Formats the time of output since the start of its step, with a space after it.
fn time(started: Option<Timestamp>, at: Option<Timestamp>) -> String {
    let Some((started, at)) = started.zip(at) else { return String::new() };
    let seconds = at.duration_since(started).as_secs_f64();
    let digits: usize = match at.duration_since(started).as_secs() {
        ..10 => 3,
        10..100 => 2,
        _ => 1,
    };
    format!("{seconds:.digits$} ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(milliseconds: u64) -> Option<Timestamp> {
        Some(Timestamp::UNIX_EPOCH + Duration::from_millis(milliseconds))
    }

    fn written(pending: &mut Pending) -> String {
        let mut lines = String::new();
        pending.write(1, &mut lines);
        lines
    }

    #[test]
    fn plain_status_is_written_when_it_has_changed() {
        let mut pending = Pending::default();
        let mut status = |current, milliseconds, completed| {
            let id = "layer".to_owned();
            let status = VertexStatus { id, current, total: 2_500_000, completed, ..VertexStatus::default() };
            pending.add_status(&VertexStatus { started: at(0), timestamp: at(milliseconds), ..status });
            written(&mut pending)
        };
        assert_eq!(status(0, 5, None), "#1 layer 0B / 2.50MB\n");
        assert_eq!(status(100_000, 1000, None), "");
        assert_eq!(status(125_000, 2000, None), "#1 layer 125.00kB / 2.50MB 2.0s\n");
        assert_eq!(status(125_001, 7000, None), "#1 layer 125.00kB / 2.50MB 7.0s\n");
        assert_eq!(status(2_500_000, 7001, at(7500)), "#1 layer 2.50MB / 2.50MB 7.5s done\n");
        assert_eq!(status(i64::MIN, 7001, None), "");
        assert_eq!(written(&mut pending), "");
    }

    #[test]
    fn plain_output_has_the_time_of_the_beginning_of_the_line() {
        let mut pending = Pending::default();
        let mut log = |text: &str, milliseconds, started| {
            let log = VertexLog { text: text.into(), timestamp: milliseconds, ..VertexLog::default() };
            pending.add_log(&log, started);
            written(&mut pending)
        };
        assert_eq!(log("one\ntw", at(1100), at(1000)), "#1 0.100 one\n");
        assert_eq!(log("o\r\n", at(2100), at(1000)), "#1 0.100 two\n");
        assert_eq!(log("\x1b[1mthree\x1b[0m\n", at(13_346), at(1000)), "#1 12.35 three\n");
        assert_eq!(log("four\n", at(124_456), at(1000)), "#1 123.5 four\n");
        assert_eq!(log("earlier\n", at(0), at(1000)), "#1 0.000 earlier\n");
        assert_eq!(log("no time\n", None, at(1000)), "#1 no time\n");
    }

    #[test]
    fn plain_output_and_statuses_are_bounded() {
        let mut pending = Pending::default();
        for number in 0..1000 {
            let id = format!("{number}{}", "x".repeat(1 << 12));
            pending.add_status(&VertexStatus { id, ..VertexStatus::default() });
            pending.add_log(&VertexLog { text: "ä".repeat(1 << 12), ..VertexLog::default() }, None);
        }
        assert!(pending.partial.as_ref().unwrap().len() <= MAX_LINE && pending.statuses.len() == MAX_STATUSES);
        assert!(pending.statuses.iter().all(|status| status.report.id.len() == MAX_ID));
    }
}
