//! Several chunks of output at once.

use std::fmt;

use bytes::Bytes;

use super::output::{HEADER, Header, LogOutput, Source};

/// Chunks of output that were received together, in order. Returned by
/// [`OutputStream::next_batch`](crate::OutputStream::next_batch).
pub struct OutputBatch {
    /// A chunk that was not received at once.
    first: Option<LogOutput>,
    /// Whole frames, with their headers.
    frames: Bytes,
}

impl OutputBatch {
    /// Creates a batch of one chunk.
    pub(super) fn one(output: LogOutput) -> Self {
        Self { first: Some(output), frames: Bytes::new() }
    }

    /// Creates a batch of whole frames, which the decoder has checked.
    pub(super) fn frames(frames: Bytes) -> Self {
        Self { first: None, frames }
    }

    /// Iterates over the chunks: the source and the bytes of each.
    pub fn iter(&self) -> impl Iterator<Item = (Source, &[u8])> {
        let first = self.first.iter().map(|output| (output.source(), output.as_ref()));
        first.chain(Frames { rest: &self.frames })
    }
}

/// Iterator over frames.
struct Frames<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Frames<'a> {
    type Item = (Source, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (header, rest) = self.rest.split_first_chunk::<HEADER>()?;
        let Header { source, length, .. } = Header::read(*header).ok()?;
        let (payload, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some((source?, payload))
    }
}

/// Writes the source and the number of bytes of each chunk, but not the bytes.
impl fmt::Debug for OutputBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(source, bytes)| (source, bytes.len()))).finish()
    }
}
