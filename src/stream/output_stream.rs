//! The output of a container or command, as a stream.

use std::{
    borrow::Cow,
    fmt, future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::BytesMut;
use futures_core::Stream;
use futures_util::TryStreamExt;

use super::{
    Decoded, Lines, OutputBatch, OutputHalf, Reader,
    output::{LogOutput, OutputDecoder, Source},
    prefix::Prefix,
};
use crate::{Result, generated::Body};

/// The output of a container or command, in order.
///
/// Returned by [`Container::logs`](crate::containers::Container::logs), [`Service::logs`](crate::services::Service::logs) and
/// [`Task::logs`](crate::tasks::Task::logs), and the output half of a [`Session`](crate::session::Session). Ends at the end of
/// the output, or after the first error. Truncated output is an error.
///
/// # Cancellation
///
/// Dropping this closes its connection. Waiting for the next item is cancel safe: no output is lost when the wait is
/// dropped.
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// use dockerclient::LogOutput;
///
/// let mut output = docker.container("web").logs().follow(true).await?;
/// while let Some(chunk) = output.try_next().await? {
///     match chunk {
///         LogOutput::Stderr(_) => eprint!("{chunk}"),
///         _ => print!("{chunk}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct OutputStream {
    output: Decoded<OutputDecoder>,
    prefix: Prefix,
    limit: usize,
}

impl OutputStream {
    /// Creates a stream of raw output if `tty`, or of frames of up to `limit` bytes.
    pub(crate) fn new(body: Body, tty: bool, limit: usize, operation: &'static str) -> Self {
        let decoder = OutputDecoder::new(tty, limit);
        Self { output: Decoded::new(body, decoder, operation), prefix: Prefix::default(), limit }
    }

    /// Names the container or other object, in errors.
    pub(crate) fn of(self, object: &str) -> Self {
        Self { output: self.output.of(object), ..self }
    }

    /// Sets the prefix that the engine writes before each chunk.
    pub(crate) fn with_prefix(mut self, prefix: Prefix) -> Self {
        self.prefix = prefix;
        self
    }

    /// Whether the last item continues the chunk of the one before.
    pub(super) fn is_continued(&self) -> bool {
        self.output.decoder.is_continued()
    }

    /// Fails if nothing arrives for longer than `limit`. Defaults to `None`: no limit.
    pub fn read_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.output.set_read_timeout(limit.into());
        self
    }

    /// Splits the output of each source into lines, without their line endings. Timestamps and details, if they were
    /// requested, are parsed and removed.
    ///
    /// A line is returned once it has ended, the output has ended, or it is longer than the client's
    /// [`max_item_size`](crate::DockerClientBuilder::max_item_size).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let mut lines = docker.container("web").logs().timestamps(true).await?.lines();
    /// while let Some(line) = lines.try_next().await? {
    ///     println!("{:?} {}", line.time, line.text());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn lines(mut self) -> Lines {
        let (prefix, limit) = (self.prefix, self.limit);
        self.output.decoder.split_long_frames();
        Lines::new(self, prefix, limit)
    }

    /// Returns a reader of the bytes of all sources.
    #[must_use]
    pub fn into_reader(self) -> Reader<Self> {
        Reader::new(self)
    }

    /// Splits the output into a reader of standard output, with the output of a TTY, and one of standard error. The order of
    /// output between the two is lost.
    ///
    /// Read both, or drop the one that is not needed: as with the pipes of a process, reading one waits while the other has
    /// more than 64 KiB of unread output.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
    /// use tokio::io::AsyncReadExt as _;
    ///
    /// let mut job = docker.run("busybox").args(["ls", "/", "/missing"]).spawn().await?;
    /// if let Some((mut stdout, mut stderr)) = job.output.take().map(|output| output.split()) {
    ///     let (mut names, mut errors) = (String::new(), String::new());
    ///     tokio::try_join!(stdout.read_to_string(&mut names), stderr.read_to_string(&mut errors))?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn split(self) -> (Reader<OutputHalf>, Reader<OutputHalf>) {
        OutputHalf::pair(self)
    }

    /// Reads the output to its end, and returns all of it. It is kept in memory, without a limit.
    ///
    /// # Errors
    ///
    /// Fails with the first error of the stream.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let output = docker.container("job").logs().await?.capture().await?;
    /// print!("{}", output.stdout_text());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn capture(mut self) -> Result<Captured> {
        let (mut stdout, mut stderr) = (BytesMut::new(), BytesMut::new());
        while let Some(batch) = self.next_batch().await? {
            for (source, bytes) in batch.iter() {
                match source {
                    Source::Stderr => stderr.extend_from_slice(bytes),
                    Source::Stdout | Source::Tty => stdout.extend_from_slice(bytes),
                    Source::Stdin => {}
                }
            }
        }
        Ok(Captured { stdout: stdout.into(), stderr: stderr.into() })
    }

    /// Waits for the next chunk of output. Returns `None` at the end of the output. Cancel safe.
    ///
    /// # Errors
    ///
    /// Fails if the connection is lost or the response is not valid. The stream ends after an error.
    pub async fn try_next(&mut self) -> Result<Option<LogOutput>> {
        TryStreamExt::try_next(self).await
    }

    /// Waits for more output, and returns one or more chunks that have been received, in order. Returns `None` at the end of
    /// the output. Cancel safe.
    ///
    /// For a program that writes many short lines, this takes about half the instructions of [`try_next`](Self::try_next),
    /// which returns one chunk.
    ///
    /// # Errors
    ///
    /// Fails as [`try_next`](Self::try_next) does, after all output before the error has been returned.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::Source;
    ///
    /// let (mut stdout, mut stderr) = (0, 0);
    /// let mut output = docker.container("job").logs().await?;
    /// while let Some(batch) = output.next_batch().await? {
    ///     for (source, bytes) in batch.iter() {
    ///         *if source == Source::Stderr { &mut stderr } else { &mut stdout } += bytes.len();
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn next_batch(&mut self) -> Result<Option<OutputBatch>> {
        future::poll_fn(|cx| self.output.poll_items(cx, OutputDecoder::next_batch)).await.transpose()
    }
}

impl Stream for OutputStream {
    type Item = Result<LogOutput>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.output).poll_next(cx)
    }
}

/// Captured output. Returned by [`OutputStream::capture`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Captured {
    /// Standard output, or the output of a TTY.
    pub stdout: Vec<u8>,
    /// Standard error. Empty with a TTY.
    pub stderr: Vec<u8>,
}

/// Writes the text of stdout and then of stderr.
impl fmt::Display for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stdout_text())?;
        f.write_str(&self.stderr_text())
    }
}

impl Captured {
    /// Returns stdout as text; invalid UTF-8 is replaced.
    #[must_use]
    pub fn stdout_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stdout)
    }

    /// Returns stderr as text; invalid UTF-8 is replaced.
    #[must_use]
    pub fn stderr_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stderr)
    }
}
