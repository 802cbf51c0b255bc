//! Splitting of output into lines, and parsing of their timestamps.

use std::{
    borrow::Cow,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, Bytes, BytesMut};
use futures_core::Stream;
use futures_util::TryStreamExt;

use super::{
    LogDetails, OutputStream, Source,
    prefix::{self, Prefix},
};
use crate::{Result, Timestamp};

/// A line of output.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    /// The stream that the line was written to.
    pub source: Source,
    /// When the beginning of the line was written, if timestamps were requested.
    pub time: Option<Timestamp>,
    /// The attributes of the line, if details were requested; empty otherwise, or if there are none.
    pub details: LogDetails,
    /// The content of the line, without its line ending.
    pub bytes: Bytes,
    /// Whether the line ended with a line ending. False only for truncated lines and the last line of a source.
    pub complete: bool,
    /// Whether the line is longer than the client's [`max_item_size`](crate::DockerClientBuilder::max_item_size): `bytes` has
    /// its beginning, up to the limit; the rest of the line is dropped.
    pub truncated: bool,
    /// Whether this is a part of a long line, and not its last part: the next line of this source continues it. Always
    /// false, unless [`max_part_size`](Lines::max_part_size) is set.
    pub partial: bool,
}

impl Line {
    /// Returns the line as text; invalid UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }

    /// Returns the id of the task that wrote the line, if it is of a service, and details were requested.
    #[must_use]
    pub fn task_id(&self) -> Option<&str> {
        self.details.task_id()
    }
}

/// Writes the line as text, without a line ending; invalid UTF-8 is replaced.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// The content of the line, without its line ending.
impl AsRef<[u8]> for Line {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The lines of output. Returned by [`OutputStream::lines`].
///
/// Lines of different sources are returned in the order in which they end. With details, each task of a service is
/// a different source, so that their lines are not mixed, unless they have a TTY.
///
/// A line that is longer than the client's [`max_item_size`](crate::DockerClientBuilder::max_item_size) is
/// [`truncated`](Line::truncated); the lines after it are not affected. The oldest lines are truncated as well if the
/// unfinished lines of all tasks are together longer than four times this size, or if there are more than 1000.
/// [`max_part_size`](Self::max_part_size) returns long lines in parts instead.
///
/// # Cancellation
///
/// Same as for [`OutputStream`].
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Lines {
    output: OutputStream,
    splitter: Splitter,
    /// The end or the error of the output; returned after the last line.
    end: Option<Result<()>>,
}

impl Lines {
    pub(super) fn new(output: OutputStream, prefix: Prefix, limit: usize) -> Self {
        Self { output, splitter: Splitter::new(prefix, limit), end: None }
    }

    /// Returns lines that are longer than this number of bytes in parts of this size, all but the last of which are
    /// [`partial`](Line::partial), instead of collecting each line in memory. Parts have the timestamp of their line. The
    /// value is limited to 1 to [`max_item_size`](crate::DockerClientBuilder::max_item_size).
    ///
    /// Does not apply to the output of a TTY, whose long lines are truncated.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dockerclient::Result<()> {
    /// # let engine = dockerclient_testkit::FakeEngine::new();
    /// # let docker = engine.client("1.41");
    /// # let created = docker.containers().create("busybox").cmd(["echo", "long line"]).name("web").await?;
    /// # created.start().await?;
    /// # created.wait().await?;
    /// let mut lines = docker.container("web").logs().await?.lines().max_part_size(5);
    /// let first = lines.try_next().await?.expect("the container has written a line");
    /// assert_eq!((&*first.text(), first.partial), ("long ", true));
    /// let second = lines.try_next().await?.expect("its second part");
    /// assert_eq!((&*second.text(), second.partial), ("line", false));
    /// # Ok(())
    /// # }
    /// ```
    pub fn max_part_size(mut self, bytes: usize) -> Self {
        self.splitter.set_max_part_size(bytes);
        self
    }

    /// Returns the timestamp of the oldest line whose end has not been received.
    pub(crate) fn begun_since(&self) -> Option<Timestamp> {
        self.splitter.begun_since()
    }

    /// Waits for the next line. Returns `None` at the end of the output. Cancel safe.
    ///
    /// # Errors
    ///
    /// Fails if the connection is lost or the response is not valid. The stream ends after an error.
    pub async fn try_next(&mut self) -> Result<Option<Line>> {
        TryStreamExt::try_next(self).await
    }
}

impl Stream for Lines {
    type Item = Result<Line>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(line) = self.splitter.next() {
                return Poll::Ready(Some(Ok(line)));
            }
            if let Some(end) = &mut self.end {
                return Poll::Ready(std::mem::replace(end, Ok(())).err().map(Err));
            }
            match ready!(Pin::new(&mut self.output).poll_next(cx)) {
                Some(Ok(output)) => {
                    let continued = self.output.is_continued();
                    self.splitter.push(output.source(), output.into(), continued);
                }
                outcome => {
                    self.splitter.finish();
                    self.end = Some(outcome.map_or(Ok(()), |output| output.map(|_| ())));
                }
            }
        }
    }
}

/// Maximum number of unfinished lines. Without details there are at most two; with details, one per task and source.
const MAX_UNFINISHED: usize = 1000;

/// Maximum size of all unfinished lines together, as a multiple of the maximum size of a line.
const MAX_UNFINISHED_SIZE: usize = 4;

/// Decoder of the chunks of several sources into lines.
#[derive(Debug)]
pub(crate) struct Splitter {
    prefix: Prefix,
    limit: usize,
    /// The size of the parts that longer lines are returned in, instead of being truncated.
    part_size: Option<usize>,
    chunk: Option<Chunk>,
    /// The details of the last frame.
    details: LogDetails,
    /// Lines whose ends have not been received, at most one per source and task, in the order in which they began.
    begun: Vec<Begun>,
    finished: bool,
}

/// The rest of the chunk that is being split.
#[derive(Debug)]
struct Chunk {
    source: Source,
    bytes: Bytes,
    /// Whether the chunk begins with a prefix, and nothing was removed from it yet.
    fresh: bool,
}

/// A line whose end has not been received.
#[derive(Debug)]
struct Begun {
    source: Source,
    details: LogDetails,
    time: Option<Timestamp>,
    /// The received bytes; from a TTY, including the prefix. At most one more than the limit: a `\r` at the end, which may
    /// be a part of the line ending.
    bytes: BytesMut,
    /// Whether the line was returned truncated; its rest is dropped.
    skipped: bool,
}

impl Begun {
    /// Removes the first `size` bytes. There must be as many.
    fn take(&mut self, size: usize) -> Bytes {
        let mut bytes = std::mem::take(&mut self.bytes);
        self.bytes = BytesMut::from(&bytes[size..]);
        bytes.truncate(size);
        bytes.freeze()
    }
}

/// Returns the length of a line in two pieces, without a `\r` at its end, which may be a part of the line ending.
fn content_length(begin: &[u8], rest: &[u8]) -> usize {
    let last = rest.last().or(begin.last());
    begin.len() + rest.len() - usize::from(last == Some(&b'\r'))
}

impl Splitter {
    pub(crate) fn new(prefix: Prefix, limit: usize) -> Self {
        let (details, begun) = (LogDetails::default(), Vec::new());
        Self { prefix, limit, part_size: None, chunk: None, details, begun, finished: false }
    }

    fn set_max_part_size(&mut self, bytes: usize) {
        self.part_size = Some(bytes.clamp(1, self.limit.max(1)));
    }

    /// Adds a chunk, after `next` has returned all lines of the previous one. Engines put a prefix before each chunk, unless
    /// it continues a frame that was split because of its size (`continued`).
    pub(crate) fn push(&mut self, source: Source, bytes: Bytes, continued: bool) {
        self.chunk = Some(Chunk { source, bytes, fresh: !continued });
    }

    /// Ends the input: `next` then returns incomplete lines too.
    pub(crate) fn finish(&mut self) {
        self.finished = true;
    }

    fn begun_since(&self) -> Option<Timestamp> {
        let time = |begun: &Begun| match begun.source {
            Source::Tty if self.prefix.timestamps => prefix::time(&mut begun.bytes.as_ref()),
            _ => begun.time,
        };
        self.begun.iter().filter_map(time).min()
    }

    /// Returns the next line, if its end has been received.
    pub(crate) fn next(&mut self) -> Option<Line> {
        loop {
            if let Some(line) = self.make_room() {
                return Some(line);
            }
            let Some(mut chunk) = self.chunk.take().filter(|chunk| !chunk.bytes.is_empty()) else {
                return self.rest();
            };
            let time = self.take_prefix(&mut chunk);
            let end = chunk.bytes.iter().position(|&byte| byte == b'\n');
            if let Some(line) = self.split_part(&mut chunk, end, time) {
                self.chunk = Some(chunk);
                return Some(line);
            }
            let part = chunk.bytes.split_to(end.unwrap_or(chunk.bytes.len()));
            chunk.bytes.advance(usize::from(end.is_some()));
            let line = self.add(chunk.source, time, part, end.is_some());
            self.chunk = Some(chunk);
            if line.is_some() {
                return line;
            }
        }
    }

    /// Removes the prefix at the beginning of a chunk, or of a line within a chunk. Returns its timestamp.
    fn take_prefix(&mut self, chunk: &mut Chunk) -> Option<Timestamp> {
        // The chunks of a TTY can end anywhere, so their prefixes are parsed once the line is complete.
        if chunk.source == Source::Tty {
            return None;
        }
        if std::mem::take(&mut chunk.fresh) {
            let (time, details) = self.prefix.take(&mut chunk.bytes);
            self.details = details;
            return time;
        }
        match self.index(chunk.source) {
            Some(_) => None,
            None => self.prefix.take_again(&mut chunk.bytes, &self.details),
        }
    }

    /// Returns the index of the unfinished line that the last frame continues.
    fn index(&self, source: Source) -> Option<usize> {
        let task = self.details.task_id();
        self.begun.iter().position(|begun| begun.source == source && begun.details.task_id() == task)
    }

    /// Returns the next part of a line that continues after it, if parts have a limited size and `chunk` has all of it.
    /// `end` is the end of the line, if the chunk has it.
    fn split_part(&mut self, chunk: &mut Chunk, end: Option<usize>, time: Option<Timestamp>) -> Option<Line> {
        let size = self.part_size.filter(|_| chunk.source != Source::Tty)?;
        let index = self.index(chunk.source);
        let begun = index.map(|index| &self.begun[index]);
        if begun.is_some_and(|begun| begun.skipped) {
            return None;
        }
        let begin = begun.map_or(&b""[..], |begun| &begun.bytes[..]);
        if content_length(begin, &chunk.bytes[..end.unwrap_or(chunk.bytes.len())]) <= size {
            return None;
        }
        let index = match index {
            Some(index) => index,
            None => {
                self.begun.push(Begun {
                    source: chunk.source,
                    details: self.details.detached(),
                    time: None,
                    bytes: BytesMut::new(),
                    skipped: false,
                });
                self.begun.len() - 1
            }
        };
        let begun = &mut self.begun[index];
        begun.time = begun.time.or(time);
        let part = chunk.bytes.split_to(size.saturating_sub(begun.bytes.len()));
        let bytes = if begun.bytes.is_empty() {
            part
        } else {
            begun.bytes.extend_from_slice(&part);
            begun.take(size)
        };
        Some(self.part(index, bytes))
    }

    /// Returns `bytes` as a part of an unfinished line that continues after it.
    fn part(&self, index: usize, bytes: Bytes) -> Line {
        let begun = &self.begun[index];
        let (source, details, time) = (begun.source, begun.details.clone(), begun.time);
        Line { partial: true, ..self.line(source, details, time, bytes) }
    }

    /// Adds `part` to the line that it continues, or begins a line. Returns the line if it `ends` or becomes too long.
    fn add(&mut self, source: Source, time: Option<Timestamp>, part: Bytes, ends: bool) -> Option<Line> {
        let index = match self.index(source) {
            Some(index) => index,
            None if ends && content_length(b"", &part) <= self.limit => {
                return Some(self.complete(source, self.details.clone(), time, part));
            }
            None => {
                let (details, bytes) = (self.details.detached(), BytesMut::new());
                self.begun.push(Begun { source, details, time, bytes, skipped: false });
                self.begun.len() - 1
            }
        };
        let begun = &mut self.begun[index];
        if begun.skipped {
            if ends {
                self.begun.remove(index);
            }
            return None;
        }
        begun.time = begun.time.or(time);
        if content_length(&begun.bytes, &part) > self.limit {
            let room = self.limit.saturating_sub(begun.bytes.len());
            begun.bytes.extend_from_slice(&part[..room]);
            let line = self.truncate(index);
            if ends {
                self.begun.remove(index);
            }
            return Some(line);
        }
        begun.bytes.extend_from_slice(&part);
        if !ends {
            return None;
        }
        let Begun { details, time, bytes, .. } = self.begun.remove(index);
        Some(self.complete(source, details, time, bytes.freeze()))
    }

    /// Returns the beginning of an unfinished line, and drops its rest.
    fn truncate(&mut self, index: usize) -> Line {
        let begun = &mut self.begun[index];
        begun.skipped = true;
        begun.bytes.truncate(self.limit);
        let bytes = std::mem::take(&mut begun.bytes).freeze();
        let (source, details, time) = (begun.source, begun.details.clone(), begun.time.take());
        Line { truncated: true, ..self.line(source, details, time, bytes) }
    }

    /// Returns the oldest unfinished line, truncated, if there are too many or if they take too much memory.
    fn make_room(&mut self) -> Option<Line> {
        if self.begun.len() > MAX_UNFINISHED {
            let line = self.begun.first().is_some_and(|oldest| !oldest.skipped).then(|| self.truncate(0));
            self.begun.remove(0);
            return line;
        }
        let size: usize = self.begun.iter().map(|begun| begun.bytes.len()).sum();
        let is_full = size > self.limit.saturating_mul(MAX_UNFINISHED_SIZE);
        let oldest = self.begun.iter().position(|begun| !begun.skipped).filter(|_| is_full)?;
        Some(self.truncate(oldest))
    }

    fn complete(&self, source: Source, details: LogDetails, time: Option<Timestamp>, bytes: Bytes) -> Line {
        let mut line = self.line(source, details, time, bytes);
        if line.bytes.ends_with(b"\r") {
            line.bytes.truncate(line.bytes.len() - 1);
        }
        Line { complete: true, ..line }
    }

    fn line(&self, source: Source, mut details: LogDetails, mut time: Option<Timestamp>, mut bytes: Bytes) -> Line {
        if source == Source::Tty {
            (time, details, bytes) = self.prefix.take_all(bytes);
        }
        Line { source, time, details, bytes, complete: false, truncated: false, partial: false }
    }

    /// Returns an incomplete line, after the last chunk.
    fn rest(&mut self) -> Option<Line> {
        while self.finished && !self.begun.is_empty() {
            let size = self.part_size.filter(|_| self.begun[0].source != Source::Tty);
            if let Some(size) = size.filter(|&size| self.begun[0].bytes.len() > size) {
                let bytes = self.begun[0].take(size);
                return Some(self.part(0, bytes));
            }
            if self.begun[0].bytes.len() > self.limit {
                return Some(self.truncate(0));
            }
            let Begun { source, details, time, bytes, skipped } = self.begun.remove(0);
            let is_empty = bytes.is_empty() && time.is_none() && details.is_empty();
            if !skipped && !is_empty {
                return Some(self.line(source, details, time, bytes.freeze()));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use Source::{Stderr, Stdout, Tty};

    const TIMESTAMPS: Prefix = Prefix { timestamps: true, details: false };

    /// The lines of chunks of `source`.
    fn split(prefix: Prefix, limit: usize, chunks: impl IntoIterator<Item = (Source, Bytes)>) -> Vec<Line> {
        let (mut splitter, mut lines) = (Splitter::new(prefix, limit), Vec::new());
        for (source, chunk) in chunks {
            splitter.push(source, chunk, false);
            lines.extend(std::iter::from_fn(|| splitter.next()));
        }
        splitter.finish();
        lines.extend(std::iter::from_fn(|| splitter.next()));
        lines
    }

    #[track_caller]
    fn check(prefix: Prefix, chunks: &[(Source, &'static str)], want: &[(Source, Option<&str>, &str)]) {
        let chunks = chunks.iter().map(|(source, chunk)| (*source, Bytes::from_static(chunk.as_bytes())));
        let lines = split(prefix, 100, chunks);
        let got: Vec<_> = lines.iter().map(|line| (line.source, line.time, line.text().into_owned())).collect();
        let want: Vec<_> = want
            .iter()
            .map(|(source, time, text)| (*source, time.map(|time| time.parse().unwrap()), (*text).to_owned()))
            .collect();
        assert_eq!(got, want);
    }

    #[test]
    fn lines_are_joined_per_source() {
        let none = Prefix::default();
        check(
            none,
            &[(Stdout, "a"), (Stderr, "x\ny"), (Stdout, "b\n\nc"), (Stderr, "z\n")],
            &[(Stderr, None, "x"), (Stdout, None, "ab"), (Stdout, None, ""), (Stderr, None, "yz"), (Stdout, None, "c")],
        );
        check(none, &[(Tty, "a\r"), (Tty, "\nb\r\n")], &[(Tty, None, "a"), (Tty, None, "b")]);
        check(none, &[(Stdout, "")], &[]);
    }

    /// The lines of frames in parts of four bytes; a part that is continued ends with `…`.
    fn parts(frames: &[(Source, &'static str)]) -> Vec<String> {
        let mut splitter = Splitter::new(TIMESTAMPS, 100);
        splitter.set_max_part_size(4);
        let mut lines = Vec::new();
        for (source, frame) in frames {
            splitter.push(*source, Bytes::from_static(frame.as_bytes()), false);
            lines.extend(std::iter::from_fn(|| splitter.next()));
        }
        splitter.finish();
        lines.extend(std::iter::from_fn(|| splitter.next()));
        assert!(lines.iter().all(|line| line.time.is_some() && !line.truncated), "{lines:?}");
        let describe = |line: &Line| {
            assert!(!(line.partial && line.complete));
            let time = line.time.unwrap().unix_seconds() % 60;
            format!("{time} {}{}", line.text(), if line.partial { "…" } else { "" })
        };
        lines.iter().map(describe).collect()
    }

    #[test]
    fn long_lines_in_parts() {
        let line = concat!("2026-11-23T21:42:01Z ", "0123456789\n", "2026-11-23T21:42:02Z ", "abcd\n");
        assert_eq!(parts(&[(Stdout, line)]), ["1 0123…", "1 4567…", "1 89", "2 abcd"], "one frame");
        let frames = [
            (Stdout, "2026-11-23T21:42:01Z 01"),
            (Stderr, "2026-11-23T21:42:02Z err\n"),
            (Stdout, "2026-11-23T21:42:03Z 23"),
            (Stdout, "2026-11-23T21:42:03Z 45678\r\n"),
        ];
        assert_eq!(parts(&frames), ["2 err", "1 0123…", "1 4567…", "1 8"], "the time of its beginning");
        let exact = [(Stdout, "2026-11-23T21:42:01Z 0123"), (Stdout, "2026-11-23T21:42:01Z \n")];
        assert_eq!(parts(&exact), ["1 0123"]);
        let unfinished = [(Stdout, "2026-11-23T21:42:01Z 01234")];
        assert_eq!(parts(&unfinished), ["1 0123…", "1 4"]);
        assert_eq!(
            parts(&[(Tty, concat!("2026-11-23T21:42:01Z ", "0123456789\r\n"))]),
            ["1 0123456789"],
            "not of a TTY"
        );
    }

    /// The lines of `text` in chunks of `size` bytes, which continue each other; a part ends with `…`, an unfinished line
    /// with `!`, a truncated line with `+`.
    fn lines_in_chunks(text: &'static str, size: usize, limit: usize, part_size: Option<usize>) -> Vec<String> {
        let (mut splitter, mut lines) = (Splitter::new(Prefix::default(), limit), Vec::new());
        if let Some(part_size) = part_size {
            splitter.set_max_part_size(part_size);
        }
        for chunk in text.as_bytes().chunks(size) {
            splitter.push(Stdout, Bytes::from_static(chunk), false);
            lines.extend(std::iter::from_fn(|| splitter.next()));
        }
        splitter.finish();
        lines.extend(std::iter::from_fn(|| splitter.next()));
        let describe = |line: &Line| {
            assert!(line.bytes.len() <= part_size.unwrap_or(limit), "{line:?}");
            let mark = match line {
                Line { partial: true, .. } => "…",
                Line { truncated: true, .. } => "+",
                Line { complete: false, .. } => "!",
                _ => "",
            };
            format!("{}{mark}", line.text())
        };
        lines.iter().map(describe).collect()
    }

    #[test]
    fn parts_do_not_count_the_line_ending() {
        for size in 1..20 {
            for limit in [4, 100] {
                let lines = |text| lines_in_chunks(text, size, limit, Some(4));
                assert_eq!(lines("0123\r\nab\r\n"), ["0123", "ab"], "{size}");
                assert_eq!(lines("01234567\r\n\r\n"), ["0123…", "4567", ""], "{size}");
                assert_eq!(lines("0123\r4\n"), ["0123…", "\r4"], "{size}");
                assert_eq!(lines("0123\r\r\n"), ["0123…", "\r"], "{size}");
                assert_eq!(lines("0123\r\r\r\r\r\r\n"), ["0123…", "\r\r\r\r…", "\r"], "{size}");
                assert_eq!(lines("0123\r"), ["0123…", "\r!"], "{size}");
            }
        }
    }

    #[test]
    fn truncated_lines_do_not_count_the_line_ending() {
        for size in 1..20 {
            let lines = |text| lines_in_chunks(text, size, 4, None);
            assert_eq!(lines("0123\r\nab\n"), ["0123", "ab"], "{size}");
            assert_eq!(lines("0123\r4\nab\n"), ["0123+", "ab"], "{size}");
            assert_eq!(lines("0123\r\r\nab\n"), ["0123+", "ab"], "{size}");
            assert_eq!(lines("0123\r"), ["0123+"], "{size}");
        }
    }

    #[test]
    fn rest_of_a_truncated_line_is_not_returned_in_parts() {
        let mut splitter = Splitter::new(DETAILS, 10);
        splitter.set_max_part_size(10);
        let mut lines = Vec::new();
        for task in ["t0", "t1", "t2", "t3", "t4", "t5"] {
            splitter.push(Stdout, of_task(task, "01234567"), false);
            lines.extend(std::iter::from_fn(|| splitter.next()));
        }
        assert_eq!(lines.len(), 1);
        assert!(lines[0].truncated && lines[0].task_id() == Some("t0"), "{lines:?}");
        splitter.push(Stdout, of_task("t0", "89 and more than a part\nnext\n"), false);
        let line = splitter.next().unwrap();
        assert_eq!((line.task_id(), &*line.text(), line.partial), (Some("t0"), "next", false));
        assert_eq!(splitter.next(), None);
    }

    #[test]
    fn timestamps_are_removed_from_each_frame_of_a_line() {
        const AT: &str = "2026-11-23T21:42:53.5Z";
        check(
            TIMESTAMPS,
            &[(Stdout, "2026-11-23T21:42:53.5Z lo"), (Stdout, "2026-11-23T21:42:54Z ng\n2026-11-23T21:42:55Z \n")],
            &[(Stdout, Some(AT), "long"), (Stdout, Some("2026-11-23T21:42:55Z"), "")],
        );
        check(TIMESTAMPS, &[(Stdout, "no time\n")], &[(Stdout, None, "no time")]);
        check(TIMESTAMPS, &[(Tty, "2026-11-23T21:42:53.5Z a"), (Tty, "b\r\n")], &[(Tty, Some(AT), "ab")]);
    }

    #[test]
    fn timestamps_in_brackets_are_removed() {
        const AT: &str = "2026-11-30T01:44:53.155123762Z";
        for source in [Stdout, Tty] {
            check(
                TIMESTAMPS,
                &[(source, "[2026-11-30T01:44:53.155123762Z] line 0\n"), (source, "[no time] line 1\n")],
                &[(source, Some(AT), "line 0"), (source, None, "[no time] line 1")],
            );
        }
    }

    const DETAILS: Prefix = Prefix { timestamps: false, details: true };
    const BOTH: Prefix = Prefix { timestamps: true, details: true };

    /// The lines of chunks of `source`, with their details: `[details] text`.
    fn with_details(prefix: Prefix, source: Source, chunks: &[&'static str]) -> Vec<String> {
        let chunks = chunks.iter().map(|chunk| (source, Bytes::from_static(chunk.as_bytes())));
        let lines = split(prefix, 1 << 20, chunks);
        lines.iter().map(|line| format!("[{}] {}", line.details, line.text())).collect()
    }

    #[test]
    fn details_are_removed_from_each_frame_of_a_line() {
        const AT: &str = "2026-11-23T21:42:53.5Z";
        check(
            BOTH,
            &[(Stdout, "2026-11-23T21:42:53.5Z a=b,c=d lo"), (Stdout, "2026-11-23T21:42:53.5Z a=b,c=d ng\n")],
            &[(Stdout, Some(AT), "long")],
        );
        assert_eq!(
            with_details(DETAILS, Stdout, &["a=b,c=d lo", "a=b,c=d ng\n", "a=b \n", "e=f x"]),
            ["[a=b,c=d] long", "[a=b] ", "[e=f] x"]
        );
        assert_eq!(with_details(DETAILS, Stdout, &[" no details\n"]), ["[] no details"]);
    }

    #[test]
    fn details_of_a_frame_are_those_of_all_its_lines() {
        let frames = ["a=b one\na=b two\nc=d three\n"];
        assert_eq!(with_details(DETAILS, Stdout, &frames), ["[a=b] one", "[a=b] two", "[a=b] c=d three"]);
        let frames = ["2026-11-23T21:42:53.5Z a=b one\n2026-11-23T21:42:53.5Z a=b two\n"];
        assert_eq!(with_details(BOTH, Stdout, &frames), ["[a=b] one", "[a=b] two"]);
    }

    /// Podman does not send details.
    #[test]
    fn text_without_details_is_not_removed() {
        assert_eq!(with_details(DETAILS, Stdout, &["hello world\n"]), ["[] hello world"]);
        assert_eq!(with_details(BOTH, Stdout, &["a=b hello\n"]), ["[] a=b hello"], "there is no timestamp, either");
        assert_eq!(with_details(BOTH, Tty, &["a=b hello\r\n"]), ["[] a=b hello"]);
    }

    #[test]
    fn details_of_tty_lines_are_parsed() {
        assert_eq!(with_details(DETAILS, Tty, &["a=b he", "llo\r\na=b,c=d two\r\n"]), ["[a=b] hello", "[a=b,c=d] two"]);
        assert_eq!(with_details(BOTH, Tty, &["2026-11-23T21:42:53.5Z a", "=b hello\r\n"]), ["[a=b] hello"]);
        let (stamp, part) = ("2026-11-30T02:20:39.000000000Z ", "x".repeat(16 << 10));
        let api = format!("{stamp}a=b {part}{stamp}a=b {part}{stamp}a=b end\r\n");
        let lines = split(BOTH, 1 << 20, [(Tty, Bytes::from(api))]);
        assert_eq!(lines.len(), 1);
        assert_eq!((&*lines[0].details.to_string(), &*lines[0].text()), ("a=b", &*format!("{part}{part}end")));
    }

    /// A frame of a task.
    fn of_task(task: &str, text: &str) -> Bytes {
        Bytes::from(format!("com.docker.swarm.node.id=n1,com.docker.swarm.task.id={task} {text}"))
    }

    #[test]
    fn lines_of_tasks_are_not_mixed() {
        let frames =
            [("t1", "on"), ("t2", "tw"), ("t3", "three\n"), ("t1", "e\n"), ("t2", "o\n"), ("t1", "a"), ("t2", "b")];
        let lines = split(DETAILS, 100, frames.map(|(task, text)| (Stdout, of_task(task, text))));
        let got: Vec<_> = lines.iter().map(|line| (line.task_id().unwrap(), line.text(), line.complete)).collect();
        let want =
            [("t3", "three", true), ("t1", "one", true), ("t2", "two", true), ("t1", "a", false), ("t2", "b", false)];
        assert_eq!(got, want.map(|(task, text, complete)| (task, Cow::Borrowed(text), complete)));
        assert!(lines.iter().all(|line| line.details.node_id() == Some("n1")));
    }

    #[test]
    fn truncated_line_of_a_task_does_not_affect_others() {
        let frames = [
            ("t1", "01234567"),
            ("t2", "tw"),
            ("t1", "89++"),
            ("t1", "++"),
            ("t2", "o\n"),
            ("t1", "+\n"),
            ("t1", "a\n"),
        ];
        let lines = split(DETAILS, 10, frames.map(|(task, text)| (Stdout, of_task(task, text))));
        let got: Vec<_> = lines.iter().map(|line| (line.task_id().unwrap(), line.text(), line.truncated)).collect();
        let want = [("t1", "0123456789", true), ("t2", "two", false), ("t1", "a", false)];
        assert_eq!(got, want.map(|(task, text, truncated)| (task, Cow::Borrowed(text), truncated)));
    }

    #[test]
    fn chunk_that_continues_a_frame_is_of_the_same_task() {
        let mut splitter = Splitter::new(DETAILS, 100);
        splitter.push(Stdout, of_task("t2", "unfinished"), false);
        assert_eq!(splitter.next(), None);
        splitter.push(Stdout, of_task("t1", "one"), false);
        assert_eq!(splitter.next(), None);
        splitter.push(Stdout, Bytes::from_static(b" a=b two\nthree\n"), true);
        for text in ["one a=b two", "three"] {
            let line = splitter.next().unwrap();
            assert_eq!((line.task_id(), &*line.text()), (Some("t1"), text));
        }
    }

    #[test]
    fn memory_of_unfinished_lines_of_tasks_is_bounded() {
        let mut splitter = Splitter::new(DETAILS, 10);
        let mut truncated = Vec::new();
        for task in 0..3000 {
            let text = if task < 100 { "12345678" } else { "" };
            splitter.push(Stdout, of_task(&format!("t{task}"), text), false);
            truncated.extend(std::iter::from_fn(|| splitter.next()));
            let size: usize = splitter.begun.iter().map(|begun| begun.bytes.len()).sum();
            assert!(size <= 40 && splitter.begun.len() <= MAX_UNFINISHED, "{size} bytes");
        }
        assert!(truncated.len() > 95 && truncated.iter().all(|line| line.truncated && !line.complete));
        assert_eq!((truncated[0].task_id(), &*truncated[0].text()), (Some("t0"), "12345678"));
    }

    #[test]
    fn memory_is_bounded_if_long_lines_follow_short_ones() {
        let mut splitter = Splitter::new(DETAILS, 10);
        for task in 0..200 {
            let text = if task < 30 { "1" } else { "12345678" };
            splitter.push(Stdout, of_task(&format!("t{task}"), text), false);
            while splitter.next().is_some() {}
            let size: usize = splitter.begun.iter().map(|begun| begun.bytes.len()).sum();
            assert!(size <= 40, "{size} bytes after task {task}");
        }
    }

    #[test]
    fn number_of_truncated_lines_of_tasks_is_bounded() {
        let mut splitter = Splitter::new(DETAILS, 10);
        for task in 0..2 * MAX_UNFINISHED {
            splitter.push(Stdout, of_task(&format!("t{task}"), "0123456789+"), false);
            assert!(splitter.next().is_some_and(|line| line.truncated));
            assert_eq!(splitter.next(), None);
            assert!(splitter.begun.len() <= MAX_UNFINISHED);
        }
    }

    #[test]
    fn long_lines_are_truncated_and_do_not_affect_others() {
        for size in 1..40 {
            let text = Bytes::from_static(b"0123456789\n0123456789+\n0123456789++\nnext\n0123456789+++");
            let chunks = (0..text.len()).step_by(size).map(|at| (Stdout, text.slice(at..text.len().min(at + size))));
            let lines = split(Prefix::default(), 10, chunks);
            let got: Vec<_> = lines.iter().map(|line| (&*line.bytes, line.complete, line.truncated)).collect();
            let cut: (&[u8], bool, bool) = (b"0123456789", false, true);
            assert_eq!(got, [(&b"0123456789"[..], true, false), cut, cut, (b"next", true, false), cut], "{size}");
        }
    }

    #[test]
    fn truncated_line_is_returned_before_its_end() {
        let mut splitter = Splitter::new(TIMESTAMPS, 10);
        splitter.push(Stdout, Bytes::from_static(b"2026-11-23T21:42:53.5Z 0123456789+"), false);
        let line = splitter.next().unwrap();
        assert!(line.truncated && line.time.is_some() && line.text() == "0123456789");
        splitter.push(Stdout, Bytes::from_static(b"2026-11-23T21:42:53.5Z 0123456789+\n"), false);
        assert_eq!(splitter.next(), None, "the rest is dropped");
        splitter.push(Stdout, Bytes::from_static(b"2026-11-23T21:42:54.5Z next\n"), false);
        let line = splitter.next().unwrap();
        assert!(line.complete && line.time.is_some() && line.text() == "next");
    }

    /// The log of a TTY with lines of these `lengths` as Docker sends it, and the lines that it decodes to.
    fn tty_log(lengths: &[usize], same_time: bool) -> (Vec<u8>, Vec<String>) {
        let (mut api, mut lines) = (Vec::new(), Vec::new());
        for (number, length) in lengths.iter().enumerate() {
            let text: String = ('a'..='z').cycle().skip(number).take(*length).collect();
            let mut parts: Vec<&[u8]> = text.as_bytes().chunks(16 << 10).collect();
            if parts.last().is_none_or(|part| part.len() == 16 << 10) {
                parts.push(b"");
            }
            for (index, part) in parts.into_iter().enumerate() {
                let nanosecond = if same_time { number } else { number + index };
                api.extend_from_slice(format!("2026-11-30T02:20:39.{nanosecond:09}Z ").as_bytes());
                api.extend_from_slice(part);
            }
            api.extend_from_slice(b"\r\n");
            lines.push(format!("2026-11-30T02:20:39.{number:09}Z {text}"));
        }
        (api, lines)
    }

    fn read(api: &[u8], cuts: &[usize]) -> Vec<String> {
        let mut ends = cuts.to_vec();
        ends.sort_unstable();
        ends.push(api.len());
        let mut begin = 0;
        let chunks = ends.into_iter().map(|end| {
            let chunk = Bytes::copy_from_slice(&api[begin..end]);
            begin = end;
            (Tty, chunk)
        });
        let lines = split(TIMESTAMPS, 1 << 20, chunks);
        let text = |line: Line| {
            let time = line.time.map_or("no time".to_owned(), |time| {
                let nanoseconds = time.unix_nanoseconds().rem_euclid(1_000_000_000);
                format!("2026-11-30T02:20:39.{nanoseconds:09}Z")
            });
            format!("{time} {}", line.text())
        };
        lines.into_iter().map(text).collect()
    }

    #[test]
    fn tty_timestamps_may_be_split_anywhere() {
        let (api, want) = tty_log(&[3, 0, 12, 1], true);
        for first in 0..api.len() {
            for second in first..api.len() {
                assert_eq!(read(&api, &[first, second]), want, "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn tty_lines_over_16_kib_have_no_inner_timestamps() {
        for same_time in [true, false] {
            let (api, want) = tty_log(&[40_000, 1, 16 << 10, (16 << 10) - 1, (16 << 10) + 1, 32 << 10], same_time);
            assert_eq!(read(&api, &[]), want);
        }
    }

    #[test]
    fn tty_lines_keep_timestamps_that_the_container_wrote() {
        let text = "2026-11-30T02:20:38.000000001Z mine ".repeat(1000);
        let api = format!("2026-11-30T02:20:39.000000000Z {text}\r\n");
        assert_eq!(read(api.as_bytes(), &[]), [format!("2026-11-30T02:20:39.000000000Z {text}")]);
    }

    /// Invalid UTF-8 is stored as U+FFFD: the part is longer than 16 KiB.
    #[test]
    fn tty_parts_with_replaced_bytes_have_no_inner_timestamps() {
        let (stamp, part) = ("2026-11-30T02:20:39.000000000Z ", "\u{fffd}".repeat(16 << 10));
        let api = format!("{stamp}{part}{stamp}{part}{stamp}end\r\n");
        assert_eq!(read(api.as_bytes(), &[]), [format!("{stamp}{part}{part}end")]);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

        #[test]
        fn tty_lines_decode_the_same_for_any_chunk_size(
            lengths in proptest::collection::vec(proptest::prop_oneof![0..50_usize, 16_300..16_500_usize, 32_700..32_800_usize], 1..5),
            same_time: bool,
            cuts in proptest::collection::vec(0.0..1.0_f64, 0..20),
        ) {
            let (api, want) = tty_log(&lengths, same_time);
            let cuts: Vec<usize> = cuts.iter().map(|cut| (cut * api.len() as f64) as usize).collect();
            assert_eq!(read(&api, &cuts), want);
        }
    }
}
