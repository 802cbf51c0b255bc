//! The output of a container or command: framed, or raw from a terminal.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};

use super::Decoder;
use crate::{Error, Result, error::Kind};

/// A piece of output, as the engine passed it on.
///
/// A piece ends where the engine cut it: not at the end of a line, and maybe in
/// the middle of a character.
#[derive(Clone, PartialEq, Eq)]
pub enum Output {
    /// What was typed in, echoed.
    Stdin(Bytes),
    /// From the standard output.
    Stdout(Bytes),
    /// From the standard error.
    Stderr(Bytes),
    /// From a terminal, which does not tell the two apart.
    Terminal(Bytes),
}

impl Output {
    /// Where the bytes come from.
    #[must_use]
    pub fn source(&self) -> Source {
        match self {
            Self::Stdin(_) => Source::Stdin,
            Self::Stdout(_) => Source::Stdout,
            Self::Stderr(_) => Source::Stderr,
            Self::Terminal(_) => Source::Terminal,
        }
    }

    /// The bytes, wherever they come from.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        match self {
            Self::Stdin(bytes) | Self::Stdout(bytes) | Self::Stderr(bytes) | Self::Terminal(bytes) => bytes,
        }
    }
}

impl From<Output> for Bytes {
    fn from(output: Output) -> Self {
        match output {
            Output::Stdin(bytes) | Output::Stdout(bytes) | Output::Stderr(bytes) | Output::Terminal(bytes) => bytes,
        }
    }
}

/// Where output comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// What was typed in, echoed.
    Stdin,
    /// The standard output.
    Stdout,
    /// The standard error.
    Stderr,
    /// A terminal, which does not tell the two apart.
    Terminal,
}

/// Says how much there is, and not what.
impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({} bytes)", self.source(), self.bytes().len())
    }
}

/// The bytes before each frame: its source, three zeros, its length.
const HEADER: usize = 8;

/// Makes pieces of output of what comes over the wire.
#[derive(Debug)]
pub(crate) enum OutputDecoder {
    /// From a terminal: bytes are handed on as they come.
    Raw(Bytes),
    /// In frames that say where they come from.
    Framed(Frames),
}

impl OutputDecoder {
    /// For a terminal's output or, if `terminal` is false, frames of up to `longest` bytes.
    pub(crate) fn new(terminal: bool, longest: usize) -> Self {
        if terminal {
            return Self::Raw(Bytes::new());
        }
        Self::Framed(Frames { input: Bytes::new(), gathered: BytesMut::new(), longest })
    }
}

impl Decoder for OutputDecoder {
    type Item = Output;

    fn push(&mut self, bytes: Bytes) {
        match self {
            Self::Raw(input) => *input = bytes,
            Self::Framed(frames) => frames.input = bytes,
        }
    }

    fn next(&mut self) -> Result<Option<Output>> {
        match self {
            Self::Raw(input) => Ok(Some(std::mem::take(input)).filter(|bytes| !bytes.is_empty()).map(Output::Terminal)),
            Self::Framed(frames) => frames.next(),
        }
    }

    fn finish(&self) -> Result<()> {
        match self {
            Self::Framed(frames) if !frames.gathered.is_empty() => {
                Err(Error::new(Kind::Truncated("the output ends in the middle of a frame".into())))
            }
            _ => Ok(()),
        }
    }
}

/// Takes frames apart. One that came in one piece is handed on without a copy.
#[derive(Debug)]
pub(crate) struct Frames {
    /// What came last, as far as it is not used up.
    input: Bytes,
    /// The beginning of a frame whose end has not come.
    gathered: BytesMut,
    longest: usize,
}

impl Frames {
    fn next(&mut self) -> Result<Option<Output>> {
        if self.gathered.is_empty()
            && let Some(header) = self.input.first_chunk()
        {
            let Header { source, length } = self.header(*header)?;
            if self.input.len() - HEADER >= length {
                self.input.advance(HEADER);
                return output(source, self.input.split_to(length)).map(Some);
            }
        }
        self.gather()
    }

    /// Moves what came of a frame to its beginning, and returns it once it is whole.
    fn gather(&mut self) -> Result<Option<Output>> {
        self.fill(HEADER);
        let Some(header) = self.gathered.first_chunk() else { return Ok(None) };
        let Header { source, length } = self.header(*header)?;
        self.fill(HEADER + length);
        if self.gathered.len() < HEADER + length {
            return Ok(None);
        }
        let mut frame = self.gathered.split().freeze();
        frame.advance(HEADER);
        output(source, frame).map(Some)
    }

    fn header(&self, bytes: [u8; HEADER]) -> Result<Header> {
        let header = Header::read(bytes)?;
        if header.length > self.longest {
            let (length, longest) = (header.length, self.longest);
            return Err(Error::new(Kind::Decode(format!("a frame of output of {length} bytes, over {longest}"))));
        }
        Ok(header)
    }

    /// Gathers up to `length` bytes, as far as they came.
    fn fill(&mut self, length: usize) {
        let missing = length.saturating_sub(self.gathered.len());
        self.gathered.extend_from_slice(&self.input.split_to(missing.min(self.input.len())));
    }
}

struct Header {
    /// A process or, if it is none, the engine itself: what went wrong.
    source: Option<Source>,
    length: usize,
}

impl Header {
    fn read([source, _, _, _, length @ ..]: [u8; HEADER]) -> Result<Self> {
        let source = match source {
            0 => Some(Source::Stdin),
            1 => Some(Source::Stdout),
            2 => Some(Source::Stderr),
            3 => None,
            other => return Err(Error::new(Kind::Decode(format!("a frame of output of the unknown type {other}")))),
        };
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        Ok(Self { source, length })
    }
}

fn output(source: Option<Source>, bytes: Bytes) -> Result<Output> {
    match source {
        Some(Source::Stdin) => Ok(Output::Stdin(bytes)),
        Some(Source::Stdout) => Ok(Output::Stdout(bytes)),
        Some(Source::Stderr) => Ok(Output::Stderr(bytes)),
        Some(Source::Terminal) => Ok(Output::Terminal(bytes)),
        None => {
            let message = String::from_utf8_lossy(&bytes).trim().to_owned();
            Err(Error::new(Kind::Failed { code: 0, message }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(source: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&[source, 0, 0, 0], &length[..], payload].concat()
    }

    /// What `wire` decodes to if it comes in pieces of `size` bytes.
    fn decoded(wire: &[u8], size: usize) -> Result<Vec<Output>> {
        let (mut decoder, mut got) = (OutputDecoder::new(false, 1 << 20), Vec::new());
        for piece in wire.chunks(size) {
            decoder.push(Bytes::copy_from_slice(piece));
            while let Some(output) = decoder.next()? {
                got.push(output);
            }
        }
        decoder.finish()?;
        Ok(got)
    }

    #[test]
    fn frames_are_the_same_wherever_the_network_cuts_them() {
        let wire =
            [frame(1, b"out"), frame(2, b"err"), frame(1, b""), frame(0, b"typed"), frame(1, &[0xff; 300])].concat();
        let want = [
            Output::Stdout("out".into()),
            Output::Stderr("err".into()),
            Output::Stdout(Bytes::new()),
            Output::Stdin("typed".into()),
            Output::Stdout(vec![0xff; 300].into()),
        ];
        for size in 1..=wire.len() {
            assert_eq!(decoded(&wire, size).unwrap(), want, "in pieces of {size}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_means_the_same_in_any_pieces(wire: Vec<u8>, size in 1..50_usize) {
            let (whole, pieces) = (decoded(&wire, usize::MAX), decoded(&wire, size));
            assert_eq!(whole.map_err(|error| error.to_string()), pieces.map_err(|error| error.to_string()));
        }

        #[test]
        fn whatever_is_written_is_read(written: Vec<(bool, Vec<u8>)>, size in 1..50_usize) {
            let wire: Vec<u8> = written.iter().flat_map(|(out, bytes)| frame(if *out { 1 } else { 2 }, bytes)).collect();
            let read = decoded(&wire, size).unwrap();
            let read: Vec<_> = read.into_iter().map(|o| (o.source() == Source::Stdout, o.bytes().to_vec())).collect();
            assert_eq!(read, written);
        }
    }

    #[test]
    fn a_frame_in_one_piece_is_not_copied() {
        let wire = Bytes::from(frame(1, b"out"));
        let mut decoder = OutputDecoder::new(false, 1 << 20);
        decoder.push(wire.clone());
        let output = decoder.next().unwrap().unwrap();
        assert_eq!(output.bytes().as_ptr(), wire[HEADER..].as_ptr());
    }

    #[test]
    fn output_that_ends_within_a_frame_is_truncated_and_not_short() {
        let wire = [frame(1, b"out"), frame(2, b"err")].concat();
        for end in 1..wire.len() {
            let outcome = decoded(&wire[..end], 3);
            assert_eq!(outcome.is_err(), end != frame(1, b"out").len(), "cut at {end}");
            assert!(outcome.err().is_none_or(|error| error.is_truncated()));
        }
    }

    #[test]
    fn what_is_no_frame_is_an_error_before_its_payload_comes() {
        for wire in [&b"Error running logs job"[..], &[4, 0, 0, 0, 0, 0, 0, 0], &[1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]] {
            for size in [1, 8, 64] {
                assert!(decoded(wire, size).unwrap_err().is_decode());
            }
        }
    }

    #[test]
    fn an_error_of_the_engine_in_the_middle_of_output_is_an_error() {
        let error = decoded(&frame(3, b"driver is gone\n"), 64).unwrap_err();
        assert!(error.is_failure());
        assert_eq!(error.message(), Some("driver is gone"));
    }

    #[test]
    fn a_terminal_is_never_framed_whatever_its_bytes_look_like() {
        let mut decoder = OutputDecoder::new(true, 1 << 20);
        decoder.push(Bytes::from(frame(1, b"out")));
        assert_eq!(decoder.next().unwrap(), Some(Output::Terminal(frame(1, b"out").into())));
        assert_eq!(decoder.next().unwrap(), None);
        decoder.finish().unwrap();
    }
}
