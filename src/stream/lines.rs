//! Splitting of output into lines, and parsing of their timestamps.

use std::{
    borrow::Cow,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, Bytes, BytesMut};
use futures_core::Stream;
use futures_util::TryStreamExt;

use super::{
    OutputStream, Source,
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
    /// The content of the line, without its line ending.
    pub bytes: Bytes,
    /// Whether the line ended with a line ending. False only for truncated lines and the last line of a source.
    pub complete: bool,
    /// Whether the line is longer than the client's [`max_item_size`](crate::DockerClientBuilder::max_item_size): `bytes` has
    /// its beginning, up to the limit; the rest of the line is dropped.
    pub truncated: bool,
}

impl Line {
    /// Returns the line as text; invalid UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

/// The lines of output. Returned by [`OutputStream::lines`].
///
/// Lines of different sources are returned in the order in which they end. A line that is longer than the client's
/// [`max_item_size`](crate::DockerClientBuilder::max_item_size) is [`truncated`](Line::truncated); the lines after it are
/// not affected.
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

/// Decoder of the chunks of several sources into lines.
#[derive(Debug)]
pub(crate) struct Splitter {
    prefix: Prefix,
    limit: usize,
    chunk: Option<Chunk>,
    /// Lines whose ends have not been received, at most one per source.
    begun: Vec<(Source, Begun)>,
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

#[derive(Debug, Default)]
struct Begun {
    time: Option<Timestamp>,
    /// The received bytes; from a TTY, including the prefix.
    bytes: BytesMut,
    /// Whether the line was returned truncated; its rest is dropped.
    skipped: bool,
}

impl Splitter {
    pub(crate) fn new(prefix: Prefix, limit: usize) -> Self {
        Self { prefix, limit, chunk: None, begun: Vec::new(), finished: false }
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
        let time = |(source, begun): &(Source, Begun)| match source {
            Source::Tty if self.prefix.timestamps => prefix::time(&mut begun.bytes.as_ref()),
            _ => begun.time,
        };
        self.begun.iter().filter_map(time).min()
    }

    /// Returns the next line, if its end has been received.
    pub(crate) fn next(&mut self) -> Option<Line> {
        while let Some(mut chunk) = self.chunk.take().filter(|chunk| !chunk.bytes.is_empty()) {
            let index = self.index(chunk.source);
            let begun = &mut self.begun[index].1;
            // The chunks of a TTY can end anywhere, so their prefixes are parsed once the line is complete.
            if chunk.source != Source::Tty {
                self.prefix.strip(&mut chunk.bytes, begun.is_empty(), chunk.fresh, &mut begun.time);
            }
            chunk.fresh = false;
            let end = chunk.bytes.iter().position(|&byte| byte == b'\n');
            let part = chunk.bytes.split_to(end.unwrap_or(chunk.bytes.len()));
            chunk.bytes.advance(usize::from(end.is_some()));
            let line = self.add(index, part, end.is_some());
            self.chunk = Some(chunk);
            if line.is_some() {
                return line;
            }
        }
        self.rest()
    }

    fn index(&mut self, source: Source) -> usize {
        self.begun.iter().position(|(known, _)| *known == source).unwrap_or_else(|| {
            self.begun.push((source, Begun::default()));
            self.begun.len() - 1
        })
    }

    /// Adds `part` to a line, and returns the line if it `ends` or becomes too long.
    fn add(&mut self, index: usize, part: Bytes, ends: bool) -> Option<Line> {
        let (source, begun) = &mut self.begun[index];
        let source = *source;
        if begun.skipped {
            *begun = Begun { skipped: !ends, ..Begun::default() };
            return None;
        }
        let room = self.limit - begun.bytes.len();
        if part.len() > room {
            let Begun { time, mut bytes, .. } = std::mem::replace(begun, Begun { skipped: !ends, ..Begun::default() });
            bytes.extend_from_slice(&part[..room]);
            let line = self.line(source, time, bytes.freeze());
            return Some(Line { truncated: true, ..line });
        }
        if !ends {
            begun.bytes.extend_from_slice(&part);
            return None;
        }
        let Begun { time, mut bytes, .. } = std::mem::take(begun);
        let bytes = if bytes.is_empty() {
            part
        } else {
            bytes.extend_from_slice(&part);
            bytes.freeze()
        };
        let mut line = self.line(source, time, bytes);
        if line.bytes.ends_with(b"\r") {
            line.bytes.truncate(line.bytes.len() - 1);
        }
        Some(Line { complete: true, ..line })
    }

    fn line(&self, source: Source, mut time: Option<Timestamp>, mut bytes: Bytes) -> Line {
        if source == Source::Tty && self.prefix.timestamps {
            (time, bytes) = self.prefix.strip_all(bytes);
        }
        Line { source, time, bytes, complete: false, truncated: false }
    }

    /// Returns an incomplete line, after the last chunk.
    fn rest(&mut self) -> Option<Line> {
        while self.finished && !self.begun.is_empty() {
            let (source, Begun { time, bytes, .. }) = self.begun.remove(0);
            if !bytes.is_empty() || time.is_some() {
                return Some(self.line(source, time, bytes.freeze()));
            }
        }
        None
    }
}

impl Begun {
    fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.time.is_none() && !self.skipped
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

    #[test]
    fn details_are_removed_where_a_line_continues() {
        check(
            Prefix { timestamps: true, details: true },
            &[(Stdout, "2026-11-23T21:42:53.5Z a=b,c=d lo"), (Stdout, "2026-11-23T21:42:53.5Z a=b,c=d ng\n")],
            &[(Stdout, Some("2026-11-23T21:42:53.5Z"), "a=b,c=d long")],
        );
        check(
            Prefix { timestamps: false, details: true },
            &[(Stdout, "a=b lo"), (Stdout, "a=b ng\n")],
            &[(Stdout, None, "a=b long")],
        );
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
