//! Decoding of the output of containers and commands: frames, or the raw output of a TTY.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};

use super::{Decoder, OutputBatch};
use crate::{
    Error, Result,
    error::{self, Kind},
};

/// A chunk of output.
///
/// Chunks are split arbitrarily: they need not end at the end of a line, and may end in the middle of a character.
#[derive(Clone, PartialEq, Eq)]
pub enum LogOutput {
    /// Standard input, echoed.
    Stdin(Bytes),
    /// Standard output.
    Stdout(Bytes),
    /// Standard error.
    Stderr(Bytes),
    /// Output of a TTY, which merges stdout and stderr.
    Tty(Bytes),
}

impl LogOutput {
    /// Returns the source of the bytes.
    #[must_use]
    pub fn source(&self) -> Source {
        match self {
            Self::Stdin(_) => Source::Stdin,
            Self::Stdout(_) => Source::Stdout,
            Self::Stderr(_) => Source::Stderr,
            Self::Tty(_) => Source::Tty,
        }
    }

    /// Returns the bytes.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        match self {
            Self::Stdin(bytes) | Self::Stdout(bytes) | Self::Stderr(bytes) | Self::Tty(bytes) => bytes,
        }
    }
}

impl AsRef<[u8]> for LogOutput {
    fn as_ref(&self) -> &[u8] {
        self.bytes()
    }
}

/// Writes the bytes as text; invalid UTF-8 is replaced by `U+FFFD`.
impl fmt::Display for LogOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.bytes()))
    }
}

impl From<LogOutput> for Bytes {
    fn from(output: LogOutput) -> Self {
        match output {
            LogOutput::Stdin(bytes) | LogOutput::Stdout(bytes) | LogOutput::Stderr(bytes) | LogOutput::Tty(bytes) => {
                bytes
            }
        }
    }
}

/// Source of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Standard input, echoed.
    Stdin,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A TTY, which merges stdout and stderr.
    Tty,
}

/// Writes `stdin`, `stdout`, `stderr` or `tty`.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stdin => "stdin",
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::Tty => "tty",
        })
    }
}

/// Writes the source and the number of bytes, but not the bytes.
impl fmt::Debug for LogOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({} bytes)", self.source(), self.bytes().len())
    }
}

/// Length of a frame header, in bytes: the source, three zeros, the length of the payload.
pub(super) const HEADER: usize = 8;

/// Decoder of container output.
#[derive(Debug)]
pub(crate) enum OutputDecoder {
    /// The output of a TTY, unchanged; holds the last chunk.
    Raw(Bytes),
    /// Frames, each with its source in a header.
    Framed(FrameDecoder),
}

impl OutputDecoder {
    /// Creates a decoder of the raw output of a TTY or, if `tty` is false, of frames of up to `limit` bytes.
    pub(crate) fn new(tty: bool, limit: usize) -> Self {
        if tty {
            return Self::Raw(Bytes::new());
        }
        Self::Framed(FrameDecoder {
            input: Bytes::new(),
            partial: BytesMut::new(),
            limit,
            split_long: false,
            rest: None,
            continued: false,
        })
    }

    /// Returns frames that are longer than the limit as several items, instead of an error.
    pub(super) fn split_long_frames(&mut self) {
        if let Self::Framed(frames) = self {
            frames.split_long = true;
        }
    }

    /// Returns all items whose bytes have been received, or one of them.
    pub(super) fn next_batch(&mut self) -> Result<Option<OutputBatch>> {
        if let Self::Framed(frames) = self
            && let Some(batch) = frames.whole_frames()
        {
            return Ok(Some(batch));
        }
        Ok(self.next()?.map(OutputBatch::one))
    }

    /// Whether the last item continues the frame of the one before.
    pub(super) fn is_continued(&self) -> bool {
        matches!(self, Self::Framed(FrameDecoder { continued: true, .. }))
    }
}

impl Decoder for OutputDecoder {
    type Item = LogOutput;

    fn push(&mut self, bytes: Bytes) {
        match self {
            Self::Raw(input) => *input = bytes,
            Self::Framed(frames) => frames.input = bytes,
        }
    }

    fn next(&mut self) -> Result<Option<LogOutput>> {
        match self {
            Self::Raw(input) => Ok(Some(std::mem::take(input)).filter(|bytes| !bytes.is_empty()).map(LogOutput::Tty)),
            Self::Framed(frames) => frames.next(),
        }
    }

    fn finish(&self) -> Result<()> {
        match self {
            Self::Framed(frames) if !frames.partial.is_empty() || frames.rest.is_some() => {
                Err(Error::new(Kind::Truncated("unexpected end of the output inside a frame".into())))
            }
            _ => Ok(()),
        }
    }
}

/// Decoder of frames. A frame that is received in one chunk is not copied.
#[derive(Debug)]
pub(crate) struct FrameDecoder {
    /// The rest of the last chunk.
    input: Bytes,
    /// The beginning of a frame whose end has not been received.
    partial: BytesMut,
    limit: usize,
    /// Whether frames over `limit` are split, instead of an error.
    split_long: bool,
    /// The source and the length of the part of a split frame that has not been received.
    rest: Option<(Source, usize)>,
    continued: bool,
}

impl FrameDecoder {
    fn next(&mut self) -> Result<Option<LogOutput>> {
        if let Some((source, rest)) = self.rest {
            return self.continue_frame(source, rest);
        }
        self.continued = false;
        if self.partial.is_empty()
            && let Some(header) = self.input.first_chunk()
        {
            let header = self.header(*header)?;
            if self.input.len() - HEADER >= header.length {
                self.input.advance(HEADER);
                let bytes = self.input.split_to(header.length);
                return self.output(&header, bytes).map(Some);
            }
        }
        self.reassemble()
    }

    /// Returns the frames that have been received as a whole, up to one that is invalid, an error, or over the limit.
    fn whole_frames(&mut self) -> Option<OutputBatch> {
        if self.rest.is_some() || !self.partial.is_empty() {
            return None;
        }
        let mut end = 0;
        while let Some((header, rest)) = self.input[end..].split_first_chunk() {
            match Header::read(*header) {
                Ok(Header { source: Some(_), length, .. }) if length <= self.limit.min(rest.len()) => {
                    end += HEADER + length;
                }
                _ => break,
            }
        }
        self.continued = false;
        (end > 0).then(|| OutputBatch::frames(self.input.split_to(end)))
    }

    fn continue_frame(&mut self, source: Source, rest: usize) -> Result<Option<LogOutput>> {
        if self.input.is_empty() {
            return Ok(None);
        }
        let part = self.input.split_to(rest.min(self.input.len()));
        self.rest = Some((source, rest - part.len())).filter(|(_, rest)| *rest > 0);
        self.continued = true;
        output(Some(source), part).map(Some)
    }

    fn output(&mut self, header: &Header, bytes: Bytes) -> Result<LogOutput> {
        self.rest = header.source.map(|source| (source, header.rest)).filter(|(_, rest)| *rest > 0);
        output(header.source, bytes)
    }

    /// Copies the received part of a frame to `partial`, and returns the frame once it is complete.
    fn reassemble(&mut self) -> Result<Option<LogOutput>> {
        self.fill(HEADER);
        let Some(header) = self.partial.first_chunk() else { return Ok(None) };
        let header = self.header(*header)?;
        self.fill(HEADER + header.length);
        if self.partial.len() < HEADER + header.length {
            return Ok(None);
        }
        let mut frame = self.partial.split().freeze();
        frame.advance(HEADER);
        self.output(&header, frame).map(Some)
    }

    fn header(&self, bytes: [u8; HEADER]) -> Result<Header> {
        let header = Header::read(bytes)?;
        let (length, limit) = (header.length, self.limit);
        match length.saturating_sub(limit) {
            0 => Ok(header),
            rest if self.split_long => Ok(Header { length: limit, rest, ..header }),
            _ => Err(Error::new(Kind::Decode(format!(
                "output frame of {length} bytes is larger than {limit} (max_item_size)"
            )))),
        }
    }

    /// Fills `partial` up to `length` bytes, as far as they have been received.
    fn fill(&mut self, length: usize) {
        let missing = length.saturating_sub(self.partial.len());
        self.partial.extend_from_slice(&self.input.split_to(missing.min(self.input.len())));
    }
}

/// The header of a frame.
pub(super) struct Header {
    /// The source; `None` for an error message of the engine.
    pub(super) source: Option<Source>,
    pub(super) length: usize,
    /// Number of payload bytes over the limit, if the frame is split.
    rest: usize,
}

impl Header {
    pub(super) fn read([source, _, _, _, length @ ..]: [u8; HEADER]) -> Result<Self> {
        let source = match source {
            0 => Some(Source::Stdin),
            1 => Some(Source::Stdout),
            2 => Some(Source::Stderr),
            3 => None,
            other => return Err(Error::new(Kind::Decode(format!("output frame of unknown type {other}")))),
        };
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        Ok(Self { source, length, rest: 0 })
    }
}

fn output(source: Option<Source>, bytes: Bytes) -> Result<LogOutput> {
    match source {
        Some(Source::Stdin) => Ok(LogOutput::Stdin(bytes)),
        Some(Source::Stdout) => Ok(LogOutput::Stdout(bytes)),
        Some(Source::Stderr) => Ok(LogOutput::Stderr(bytes)),
        Some(Source::Tty) => Ok(LogOutput::Tty(bytes)),
        None => Err(Error::new(Kind::OperationFailed { status: None, code: 0, message: error::text(&bytes) })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(source: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&[source, 0, 0, 0], &length[..], payload].concat()
    }

    /// The items that `api` decodes to if it is received in chunks of `size` bytes.
    fn decoded(api: &[u8], size: usize) -> Result<Vec<LogOutput>> {
        let (mut decoder, mut got) = (OutputDecoder::new(false, 1 << 20), Vec::new());
        for chunk in api.chunks(size) {
            decoder.push(Bytes::copy_from_slice(chunk));
            while let Some(output) = decoder.next()? {
                got.push(output);
            }
        }
        decoder.finish()?;
        Ok(got)
    }

    #[test]
    fn log_output_text_and_bytes() {
        let output = LogOutput::Stdout(Bytes::from_static(b"a\xffb\n"));
        assert_eq!((output.to_string(), output.as_ref()), ("a\u{fffd}b\n".to_owned(), &b"a\xffb\n"[..]));
    }

    #[test]
    fn frames_decode_the_same_for_any_chunk_size() {
        let api =
            [frame(1, b"out"), frame(2, b"err"), frame(1, b""), frame(0, b"typed"), frame(1, &[0xff; 300])].concat();
        let want = [
            LogOutput::Stdout("out".into()),
            LogOutput::Stderr("err".into()),
            LogOutput::Stdout(Bytes::new()),
            LogOutput::Stdin("typed".into()),
            LogOutput::Stdout(vec![0xff; 300].into()),
        ];
        for size in 1..=api.len() {
            assert_eq!(decoded(&api, size).unwrap(), want, "in chunks of {size}");
        }
    }

    /// The items that `api` decodes to in batches if it is received in chunks of `size` bytes, up to the first error.
    fn batches(api: &[u8], size: usize) -> (Vec<(Source, Vec<u8>)>, Option<String>) {
        let (mut decoder, mut got) = (OutputDecoder::new(false, 1 << 10), Vec::new());
        for chunk in api.chunks(size) {
            decoder.push(Bytes::copy_from_slice(chunk));
            loop {
                match decoder.next_batch() {
                    Ok(Some(batch)) => got.extend(batch.iter().map(|(source, bytes)| (source, bytes.to_vec()))),
                    Ok(None) => break,
                    Err(error) => return (got, Some(error.to_string())),
                }
            }
        }
        (got, decoder.finish().err().map(|error| error.to_string()))
    }

    #[test]
    fn output_batch_has_all_whole_frames() {
        let mut decoder = OutputDecoder::new(false, 1 << 10);
        let api = [frame(1, b"out"), frame(2, b""), frame(0, b"typed"), frame(1, b"split")].concat();
        decoder.push(Bytes::copy_from_slice(&api[..api.len() - 2]));
        let batch = decoder.next_batch().unwrap().unwrap();
        assert_eq!(format!("{batch:?}"), "[(Stdout, 3), (Stderr, 0), (Stdin, 5)]");
        assert!(decoder.next_batch().unwrap().is_none());
        decoder.push(Bytes::copy_from_slice(&api[api.len() - 2..]));
        let batch = decoder.next_batch().unwrap().unwrap();
        assert_eq!(batch.iter().collect::<Vec<_>>(), [(Source::Stdout, &b"split"[..])]);
    }

    #[test]
    fn output_batches_end_before_an_error() {
        let (out, long) = (frame(1, b"out"), frame(1, &[0; 2000]));
        for (bad, message) in [
            (&frame(3, b"no space left")[..], "no space left"),
            (&[7, 0, 0, 0, 0, 0, 0, 0], "unknown type 7"),
            (&long, "output frame of 2000 bytes is larger than 1024"),
            (&out[..5], "unexpected end of the output inside a frame"),
        ] {
            let (got, error) = batches(&[&out, bad].concat(), usize::MAX);
            assert_eq!(got, [(Source::Stdout, b"out".to_vec())]);
            assert!(error.unwrap().contains(message), "{message}");
        }
    }

    #[test]
    fn output_batch_of_a_tty_is_one_chunk() {
        let mut decoder = OutputDecoder::new(true, 1 << 10);
        decoder.push(Bytes::from_static(b"raw"));
        let batch = decoder.next_batch().unwrap().unwrap();
        assert_eq!(batch.iter().collect::<Vec<_>>(), [(Source::Tty, &b"raw"[..])]);
        assert!(decoder.next_batch().unwrap().is_none());
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_bytes_decode_the_same_in_batches(api: Vec<u8>, size in 1..50_usize) {
            assert_eq!(batches(&api, usize::MAX), batches(&api, size));
        }

        #[test]
        fn frames_decode_the_same_in_batches(written: Vec<(bool, Vec<u8>)>, size in 1..50_usize) {
            let api: Vec<u8> = written.iter().flat_map(|(out, bytes)| frame(if *out { 1 } else { 2 }, bytes)).collect();
            let items = decoded(&api, size).unwrap();
            let items: Vec<_> = items.iter().map(|output| (output.source(), output.bytes().to_vec())).collect();
            assert_eq!(batches(&api, size), (items, None));
        }

        #[test]
        fn arbitrary_bytes_decode_the_same_for_any_chunk_size(api: Vec<u8>, size in 1..50_usize) {
            let (whole, chunks) = (decoded(&api, usize::MAX), decoded(&api, size));
            assert_eq!(whole.map_err(|error| error.to_string()), chunks.map_err(|error| error.to_string()));
        }

        #[test]
        fn frames_round_trip(written: Vec<(bool, Vec<u8>)>, size in 1..50_usize) {
            let api: Vec<u8> = written.iter().flat_map(|(out, bytes)| frame(if *out { 1 } else { 2 }, bytes)).collect();
            let read = decoded(&api, size).unwrap();
            let read: Vec<_> = read.into_iter().map(|o| (o.source() == Source::Stdout, o.bytes().to_vec())).collect();
            assert_eq!(read, written);
        }
    }

    #[test]
    fn frame_in_one_chunk_is_not_copied() {
        let api = Bytes::from(frame(1, b"out"));
        let mut decoder = OutputDecoder::new(false, 1 << 20);
        decoder.push(api.clone());
        let output = decoder.next().unwrap().unwrap();
        assert_eq!(output.bytes().as_ptr(), api[HEADER..].as_ptr());
    }

    #[test]
    fn output_that_ends_within_a_frame_is_truncated() {
        let api = [frame(1, b"out"), frame(2, b"err")].concat();
        for end in 1..api.len() {
            let outcome = decoded(&api[..end], 3);
            assert_eq!(outcome.is_err(), end != frame(1, b"out").len(), "cut at {end}");
            assert!(outcome.err().is_none_or(|error| error.is_truncated()));
        }
    }

    #[test]
    fn invalid_frame_header_is_an_error_before_the_payload() {
        for api in [&b"Error running logs job"[..], &[4, 0, 0, 0, 0, 0, 0, 0], &[1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]] {
            for size in [1, 8, 64] {
                assert!(decoded(api, size).unwrap_err().is_decode());
            }
        }
    }

    #[test]
    fn frame_with_an_engine_error_is_an_error() {
        let error = decoded(&frame(3, b"driver is gone\n"), 64).unwrap_err();
        assert!(error.is_operation_failed());
        assert_eq!(error.message(), Some("driver is gone"));
    }

    #[test]
    fn tty_output_is_never_decoded_as_frames() {
        let mut decoder = OutputDecoder::new(true, 1 << 20);
        decoder.push(Bytes::from(frame(1, b"out")));
        assert_eq!(decoder.next().unwrap(), Some(LogOutput::Tty(frame(1, b"out").into())));
        assert_eq!(decoder.next().unwrap(), None);
        decoder.finish().unwrap();
    }
}
