//! How an answer's body lies on a connection: where it ends, and what stands in between.
//!
//! An engine puts each frame of output, each event and each sample into a chunk of its
//! own. HTTP libraries hand on one chunk at a time, and wake a task for each; here, all
//! that one read brought is taken apart where it lies. A body that ends too early is
//! told from one that is complete.

use std::ops::Range;

use bytes::{Buf as _, Bytes, BytesMut};
use http::{
    HeaderMap, StatusCode,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};

use super::head::no_http;
use crate::Result;

/// The longest line between two chunks, in bytes: a size and, of no interest here, extensions and trailers.
const LONGEST_LINE: usize = 4 << 10;

/// Below this many bytes, a chunk is small.
const SMALL: usize = 4 << 10;

/// What is left of a body.
#[derive(Debug)]
pub(crate) enum Transfer {
    /// So many bytes.
    Length(u64),
    /// Whatever comes in chunks.
    Chunked(Chunk),
    /// Whatever comes until the engine hangs up.
    UntilEnd,
}

/// Where in a chunked body the next byte lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// In the line with the size of a chunk.
    Size,
    /// In a chunk of which so many bytes are left.
    Data(u64),
    /// In the line end behind a chunk.
    End,
    /// In the lines behind the last chunk, of which so many bytes have gone by.
    Trailer(usize),
    /// Behind the body.
    Done,
}

impl Transfer {
    /// The body behind the head of an answer.
    pub(crate) fn of(status: StatusCode, headers: &HeaderMap) -> Result<Self> {
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return Ok(Self::UntilEnd);
        }
        if status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED {
            return Ok(Self::Length(0));
        }
        if let Some(encoding) = headers.get(TRANSFER_ENCODING) {
            let chunked = encoding.as_bytes().eq_ignore_ascii_case(b"chunked");
            return if chunked { Ok(Self::Chunked(Chunk::Size)) } else { Err(no_http("its body is encoded")) };
        }
        match headers.get(CONTENT_LENGTH).map(|length| length.to_str().ok().and_then(|length| length.parse().ok())) {
            Some(Some(length)) => Ok(Self::Length(length)),
            Some(None) => Err(no_http("the length of its body is no number")),
            None => Ok(Self::UntilEnd),
        }
    }

    /// The next piece of the body, if it lies in `received`. What lies behind the body stays there.
    pub(crate) fn next(&mut self, received: &mut BytesMut) -> Result<Option<Bytes>> {
        match self {
            Self::UntilEnd if received.is_empty() => Ok(None),
            Self::UntilEnd => Ok(Some(received.split().freeze())),
            Self::Length(left) => Ok(take(left, received)),
            Self::Chunked(chunk) => chunk.next(received),
        }
    }

    /// Whether the body is complete.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunk::Done))
    }

    /// Whether a body may end here, because the engine hangs up.
    pub(crate) fn may_end(&self) -> bool {
        self.is_done() || matches!(self, Self::UntilEnd)
    }
}

impl Chunk {
    fn next(&mut self, received: &mut BytesMut) -> Result<Option<Bytes>> {
        loop {
            match self {
                Self::Size => match httparse::parse_chunk_size(received) {
                    Ok(httparse::Status::Complete((length, size))) => {
                        received.advance(length);
                        *self = if size == 0 { Self::Trailer(0) } else { Self::Data(size) };
                    }
                    Ok(httparse::Status::Partial) => return unfinished(received),
                    Err(_) => return Err(no_http("the size of a chunk is no number")),
                },
                Self::Data(left) if *left > received.len() as u64 => return Ok(take(left, received)),
                Self::Data(left) => {
                    let length = usize::try_from(*left).unwrap_or(usize::MAX);
                    *self = Self::End;
                    return Ok(Some(joined(length, received)));
                }
                Self::End => match received.get(..2) {
                    Some(b"\r\n") => {
                        received.advance(2);
                        *self = Self::Size;
                    }
                    Some(_) => return Err(no_http("a chunk is longer than its size")),
                    None => return Ok(None),
                },
                Self::Trailer(length) if *length > LONGEST_LINE => return Err(no_http("its trailers do not end")),
                Self::Trailer(length) => match received.iter().position(|byte| *byte == b'\n') {
                    Some(end) => {
                        let is_last = matches!(&received[..=end], b"\r\n" | b"\n");
                        received.advance(end + 1);
                        *self = if is_last { Self::Done } else { Self::Trailer(*length + end + 1) };
                    }
                    None => return unfinished(received),
                },
                Self::Done => return Ok(None),
            }
        }
    }
}

/// The whole chunk of `length` bytes that `received` begins with, and what lies in the small ones behind it.
///
/// To hand on a piece costs more than to move so few bytes to where the last chunk ends.
fn joined(length: usize, received: &mut BytesMut) -> Bytes {
    let (mut end, mut behind) = (length, length);
    while let Some(Range { start, end: next }) = small_chunk(&received[behind..]) {
        received.copy_within(behind + start..behind + next, end);
        end += next - start;
        behind += next;
    }
    let bytes = received.split_to(end).freeze();
    received.advance(behind - end);
    bytes
}

/// Where the bytes of a small chunk lie that is all in `bytes`, which begin with the line end of the one before.
fn small_chunk(bytes: &[u8]) -> Option<Range<usize>> {
    let line = bytes.strip_prefix(b"\r\n")?;
    let Ok(httparse::Status::Complete((length, size))) = httparse::parse_chunk_size(line) else { return None };
    let size = usize::try_from(size).ok().filter(|size| (1..SMALL).contains(size))?;
    let start = b"\r\n".len() + length;
    (bytes.len() - start >= size).then(|| start..start + size)
}

/// Up to `left` bytes of what was received.
fn take(left: &mut u64, received: &mut BytesMut) -> Option<Bytes> {
    let length = usize::try_from(*left).unwrap_or(usize::MAX).min(received.len());
    *left -= length as u64;
    (length > 0).then(|| received.split_to(length).freeze())
}

/// A line whose end has not come; it may not grow without bound.
fn unfinished(received: &BytesMut) -> Result<Option<Bytes>> {
    if received.len() > LONGEST_LINE { Err(no_http("a line between its chunks does not end")) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body in `wire` if it comes in pieces of `size` bytes, and what is left behind it.
    fn body(mut transfer: Transfer, wire: &[u8], size: usize) -> Result<(Vec<u8>, Vec<u8>, Transfer)> {
        let (mut body, mut received) = (Vec::new(), BytesMut::new());
        for piece in wire.chunks(size) {
            received.extend_from_slice(piece);
            while let Some(bytes) = transfer.next(&mut received)? {
                assert!(!bytes.is_empty());
                body.extend_from_slice(&bytes);
            }
        }
        Ok((body, received.to_vec(), transfer))
    }

    const CHUNKS: &[u8] = b"5\r\nhello\r\n1;name=\"value\"\r\n \r\n00A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nbehind";

    #[test]
    fn chunks_are_taken_apart_wherever_they_are_cut() {
        for size in 1..=CHUNKS.len() {
            let (body, behind, transfer) = body(Transfer::Chunked(Chunk::Size), CHUNKS, size).unwrap();
            assert_eq!((&*body, &*behind), (&b"hello 0123456789"[..], &b"behind"[..]), "in pieces of {size}");
            assert!(transfer.is_done());
        }
    }

    #[test]
    fn a_chunked_body_that_breaks_off_anywhere_is_not_complete() {
        for end in 0..CHUNKS.len() - "behind".len() {
            let (_, _, transfer) = body(Transfer::Chunked(Chunk::Size), &CHUNKS[..end], 7).unwrap();
            assert!(!transfer.may_end(), "{end}");
        }
    }

    #[test]
    fn a_length_is_kept_to() {
        let (whole, behind, transfer) = body(Transfer::Length(5), b"hello, world", 3).unwrap();
        assert_eq!((&*whole, &*behind, transfer.is_done()), (&b"hello"[..], &b", world"[..], true));
        let (_, _, transfer) = body(Transfer::Length(5), b"hell", 3).unwrap();
        assert!(!transfer.may_end());
    }

    #[test]
    fn without_a_length_all_that_comes_is_the_body() {
        let (whole, _, transfer) = body(Transfer::UntilEnd, b"hello", 2).unwrap();
        assert_eq!((&*whole, transfer.is_done(), transfer.may_end()), (&b"hello"[..], false, true));
    }

    #[test]
    fn what_is_no_chunk_is_an_error() {
        let endless = [b"1;".as_slice(), &[b'x'; 8 << 10]].concat();
        let trailers = [b"0\r\n".as_slice(), &b"More: and more\r\n".repeat(1 << 10)].concat();
        for wire in [&b"x\r\n"[..], b"1\r\nab\r\n", b"fffffffffffffffff\r\n", b"-1\r\n", &endless, &trailers] {
            assert!(body(Transfer::Chunked(Chunk::Size), wire, wire.len()).is_err(), "{wire:?}");
        }
    }

    #[test]
    fn the_head_says_how_the_body_lies() {
        let of = |status: u16, headers: &[(&'static str, &'static str)]| {
            let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            Transfer::of(StatusCode::from_u16(status).unwrap(), &headers.collect())
        };
        assert!(matches!(of(200, &[("transfer-encoding", "Chunked")]), Ok(Transfer::Chunked(Chunk::Size))));
        assert!(matches!(of(200, &[("content-length", "7")]), Ok(Transfer::Length(7))));
        assert!(matches!(of(200, &[]), Ok(Transfer::UntilEnd)));
        assert!(matches!(of(101, &[("content-length", "7")]), Ok(Transfer::UntilEnd)));
        assert!(matches!(of(204, &[]), Ok(Transfer::Length(0))));
        assert!(of(200, &[("transfer-encoding", "gzip")]).is_err());
        assert!(of(200, &[("content-length", "many")]).is_err());
    }
}
