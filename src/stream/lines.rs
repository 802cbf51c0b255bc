//! Output by the line.

use std::{
    borrow::Cow,
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, Bytes, BytesMut};
use futures_core::Stream;

use super::{OutputStream, Source};
use crate::{Error, Result, Timestamp, error::Kind};

/// A line that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    /// Where it was written to.
    pub source: Source,
    /// When its beginning was written, if timestamps were asked for.
    pub time: Option<Timestamp>,
    /// What was written, without the end of the line.
    pub bytes: Bytes,
    /// Whether the line has ended. Only the last of a source may not have.
    pub complete: bool,
}

impl Line {
    /// The line as text; what is not UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

/// The lines of output. Made by [`OutputStream::lines`].
///
/// Lines of each source are whole; lines of different sources come in the order in
/// which they end.
///
/// # Cancellation
///
/// As of the stream it was made of.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Lines {
    output: OutputStream,
    splitter: Splitter,
    /// What ended the output, held back until all lines are out.
    end: Option<Result<()>>,
}

impl Lines {
    pub(super) fn new(output: OutputStream, timestamps: bool, longest: usize) -> Self {
        Self { output, splitter: Splitter::new(timestamps, longest), end: None }
    }
}

impl Stream for Lines {
    type Item = Result<Line>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(line) = self.splitter.lines.pop_front() {
                return Poll::Ready(Some(Ok(line)));
            }
            if let Some(end) = &mut self.end {
                return Poll::Ready(std::mem::replace(end, Ok(())).err().map(Err));
            }
            let end = match ready!(Pin::new(&mut self.output).poll_next(cx)) {
                Some(Ok(output)) => self.splitter.push(output.source(), output.into()).err().map(Err),
                Some(Err(error)) => Some(Err(error)),
                None => Some(Ok(())),
            };
            if end.is_some() {
                self.splitter.finish();
                self.end = end;
            }
        }
    }
}

/// Puts lines together from pieces of several sources.
#[derive(Debug)]
pub(crate) struct Splitter {
    timestamps: bool,
    longest: usize,
    lines: VecDeque<Line>,
    /// The beginnings of lines whose ends have not come.
    begun: Vec<(Source, Begun)>,
}

#[derive(Debug, Default)]
struct Begun {
    time: Option<Timestamp>,
    bytes: BytesMut,
}

impl Splitter {
    pub(crate) fn new(timestamps: bool, longest: usize) -> Self {
        Self { timestamps, longest, lines: VecDeque::new(), begun: Vec::new() }
    }

    /// The lines that are whole.
    #[cfg(any(fuzzing, test))]
    pub(crate) fn take(&mut self) -> impl Iterator<Item = Line> {
        self.lines.drain(..)
    }

    /// Takes a piece. Engines put a time before each piece of a line, not only before the first.
    pub(crate) fn push(&mut self, source: Source, mut piece: Bytes) -> Result<()> {
        let index = self.begun.iter().position(|(known, _)| *known == source).unwrap_or_else(|| {
            self.begun.push((source, Begun::default()));
            self.begun.len() - 1
        });
        let begun = &mut self.begun[index].1;
        let mut first = true;
        while !piece.is_empty() {
            if self.timestamps
                && (begun.bytes.is_empty() && begun.time.is_none() || first && source != Source::Terminal)
            {
                let time = take_time(&mut piece);
                begun.time = begun.time.or(time);
            }
            first = false;
            let Some(end) = piece.iter().position(|&byte| byte == b'\n') else {
                begun.bytes.extend_from_slice(&piece);
                break;
            };
            let rest = piece.split_to(end);
            piece.advance(1);
            let Begun { time, bytes } = std::mem::take(begun);
            let mut line = if bytes.is_empty() { rest } else { join(bytes, &rest) };
            if line.ends_with(b"\r") {
                line.truncate(line.len() - 1);
            }
            self.lines.push_back(Line { source, time, bytes: line, complete: true });
        }
        if begun.bytes.len() > self.longest {
            return Err(Error::new(Kind::Decode(format!("a line of over {} bytes", self.longest))));
        }
        Ok(())
    }

    /// What was begun is a line, too.
    pub(crate) fn finish(&mut self) {
        for (source, Begun { time, bytes }) in self.begun.drain(..) {
            if !bytes.is_empty() || time.is_some() {
                self.lines.push_back(Line { source, time, bytes: bytes.freeze(), complete: false });
            }
        }
    }
}

fn join(mut beginning: BytesMut, rest: &[u8]) -> Bytes {
    beginning.extend_from_slice(rest);
    beginning.freeze()
}

/// Takes the time and the space behind it from the beginning of `piece`, if they stand there.
fn take_time(piece: &mut Bytes) -> Option<Timestamp> {
    let end = piece.iter().take(64).position(|&byte| byte == b' ')?;
    let time = std::str::from_utf8(&piece[..end]).ok()?.parse().ok()?;
    piece.advance(end + 1);
    Some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(timestamps: bool, pieces: &[(Source, &'static str)], want: &[(Source, Option<&str>, &str)]) {
        let mut splitter = Splitter::new(timestamps, 100);
        for (source, piece) in pieces {
            splitter.push(*source, Bytes::from_static(piece.as_bytes())).unwrap();
        }
        splitter.finish();
        let got: Vec<_> = splitter.take().map(|line| (line.source, line.time, line.text().into_owned())).collect();
        let want: Vec<_> = want
            .iter()
            .map(|(source, time, text)| (*source, time.map(|time| time.parse().unwrap()), (*text).to_owned()))
            .collect();
        assert_eq!(got, want);
    }

    use Source::{Stderr, Stdout, Terminal};

    #[test]
    fn lines_of_each_source_are_put_together() {
        check(
            false,
            &[(Stdout, "a"), (Stderr, "x\ny"), (Stdout, "b\n\nc"), (Stderr, "z\n")],
            &[(Stderr, None, "x"), (Stdout, None, "ab"), (Stdout, None, ""), (Stderr, None, "yz"), (Stdout, None, "c")],
        );
        check(false, &[(Terminal, "a\r"), (Terminal, "\nb\r\n")], &[(Terminal, None, "a"), (Terminal, None, "b")]);
        check(false, &[(Stdout, "")], &[]);
    }

    #[test]
    fn times_are_taken_off_and_those_within_a_long_line_too() {
        const AT: &str = "2026-11-23T21:42:53.5Z";
        check(
            true,
            &[(Stdout, "2026-11-23T21:42:53.5Z lo"), (Stdout, "2026-11-23T21:42:54Z ng\n2026-11-23T21:42:55Z \n")],
            &[(Stdout, Some(AT), "long"), (Stdout, Some("2026-11-23T21:42:55Z"), "")],
        );
        check(true, &[(Stdout, "no time\n")], &[(Stdout, None, "no time")]);
        check(true, &[(Terminal, "2026-11-23T21:42:53.5Z a"), (Terminal, "b\r\n")], &[(Terminal, Some(AT), "ab")]);
    }

    #[test]
    fn a_line_without_end_is_given_up() {
        let mut splitter = Splitter::new(false, 10);
        splitter.push(Stdout, Bytes::from_static(b"0123456789")).unwrap();
        assert!(splitter.push(Stdout, Bytes::from_static(b"0")).unwrap_err().is_decode());
    }
}
