//! The output of a container or command, as a stream.

use std::{
    borrow::Cow,
    future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::BytesMut;
use futures_core::Stream;

use super::{
    Decoded, Lines, Reader,
    output::{Output, OutputDecoder, Source},
};
use crate::{Result, wire::Body};

/// What a container or a command writes, in order.
///
/// Made by [`Container::logs`](crate::containers::Container::logs), and the output
/// half of a [`Session`](crate::session::Session). Ends when there is no more, or
/// with the first error; output that breaks off is an error.
///
/// # Cancellation
///
/// Dropping this closes its connection; nothing keeps running behind it. Waiting
/// for the next piece is cancel safe: nothing is lost when the wait is dropped.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct OutputStream {
    output: Decoded<OutputDecoder>,
    timestamps: bool,
    longest: usize,
}

impl OutputStream {
    /// Raw from a terminal, or in frames of up to `longest` bytes.
    pub(crate) fn new(body: Body, terminal: bool, longest: usize, operation: &'static str) -> Self {
        let decoder = OutputDecoder::new(terminal, longest);
        Self { output: Decoded::new(body, decoder, operation), timestamps: false, longest }
    }

    /// Each line begins with the time it was written.
    pub(crate) fn with_timestamps(mut self) -> Self {
        self.timestamps = true;
        self
    }

    /// Fails if nothing comes for longer than `limit`. Without, waits for as long as it takes.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.output.set_idle_timeout(limit);
        self
    }

    /// The lines of each source, without their ends; if timestamps were asked for, they are taken off and read.
    ///
    /// A line comes once it has ended, or the output has.
    pub fn lines(self) -> Lines {
        let (timestamps, longest) = (self.timestamps, self.longest);
        Lines::new(self, timestamps, longest)
    }

    /// All bytes, wherever they come from, for whoever reads.
    #[must_use]
    pub fn into_reader(self) -> Reader<Self> {
        Reader::new(self)
    }

    /// Reads to the end, and keeps everything in memory.
    ///
    /// # Errors
    ///
    /// Fails with the first error of the stream.
    pub async fn capture(mut self) -> Result<Captured> {
        let (mut stdout, mut stderr) = (BytesMut::new(), BytesMut::new());
        while let Some(output) = future::poll_fn(|cx| Pin::new(&mut self).poll_next(cx)).await {
            let output = output?;
            match output.source() {
                Source::Stderr => stderr.extend_from_slice(output.bytes()),
                Source::Stdout | Source::Terminal => stdout.extend_from_slice(output.bytes()),
                Source::Stdin => {}
            }
        }
        Ok(Captured { stdout: stdout.into(), stderr: stderr.into() })
    }
}

impl Stream for OutputStream {
    type Item = Result<Output>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.output).poll_next(cx)
    }
}

/// All that was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Captured {
    /// To the standard output, or to a terminal.
    pub stdout: Vec<u8>,
    /// To the standard error.
    pub stderr: Vec<u8>,
}

impl Captured {
    /// The standard output as text; what is not UTF-8 is replaced.
    #[must_use]
    pub fn stdout_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stdout)
    }

    /// The standard error as text; what is not UTF-8 is replaced.
    #[must_use]
    pub fn stderr_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stderr)
    }
}
