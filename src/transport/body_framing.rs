//! HTTP/1.1 body framing: content length, chunked encoding, or until EOF.
//!
//! An engine sends each frame of output, each event and each stats sample as a separate chunk. HTTP libraries return one
//! chunk at a time, and wake a task for each. This decoder returns all small chunks of one read together, without copying
//! them to another buffer. It distinguishes a truncated body from a complete one.

use std::ops::Range;

use bytes::{Buf as _, Bytes, BytesMut};
use http::{
    HeaderMap, Response, StatusCode, Version,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};

use super::http1_head::invalid_http;
use crate::Result;

/// Maximum length of the line with a chunk size and its extensions, and of all trailers, in bytes.
const MAX_LINE: usize = 4 << 10;

/// Number of hexadecimal digits of the size of a chunk that is joined to the one before: up to 4095 bytes.
const SMALL_CHUNK_DIGITS: usize = 3;

/// Decoder for the rest of a body.
#[derive(Debug)]
pub(crate) enum BodyFraming {
    /// The remaining number of bytes.
    Length(u64),
    /// Chunked encoding.
    Chunked(Chunk),
    /// All bytes until the engine closes the connection.
    UntilEof,
}

/// Position of the next byte in a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// In the line with the size of a chunk.
    Size,
    /// In a chunk with this number of bytes left.
    Data(u64),
    /// In the line end after a chunk.
    End,
    /// In the trailers after the last chunk, this number of bytes after their start.
    Trailer(usize),
    /// After the body.
    Done,
}

impl BodyFraming {
    /// Determines the framing from a response head. Rejects what hyper rejects, so that streams and calls do not differ.
    pub(crate) fn of<T>(response: &Response<T>) -> Result<Self> {
        let headers = response.headers();
        match response.status() {
            StatusCode::SWITCHING_PROTOCOLS => Ok(Self::UntilEof),
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => Ok(Self::Length(0)),
            _ if is_chunked(response)? => Ok(Self::Chunked(Chunk::Size)),
            _ if !headers.contains_key(CONTENT_LENGTH) => Ok(Self::UntilEof),
            _ => length(headers).map(Self::Length).ok_or_else(|| invalid_http("invalid Content-Length")),
        }
    }

    /// Removes the next bytes of the body from `received`. Leaves bytes after the body there.
    pub(crate) fn next(&mut self, received: &mut BytesMut) -> Result<Option<Bytes>> {
        match self {
            Self::UntilEof if received.is_empty() => Ok(None),
            Self::UntilEof => Ok(Some(received.split().freeze())),
            Self::Length(left) => Ok(take(left, received)),
            Self::Chunked(chunk) => chunk.next(received),
        }
    }

    /// Whether the body is complete.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunk::Done))
    }

    /// Whether the body is complete if the engine closes the connection now.
    pub(crate) fn may_end(&self) -> bool {
        self.is_done() || matches!(self, Self::UntilEof)
    }
}

/// Whether the body has chunked encoding. Fails if it has another transfer encoding.
pub(super) fn is_chunked<T>(response: &Response<T>) -> Result<bool> {
    let mut encodings = response.headers().get_all(TRANSFER_ENCODING).iter();
    match (encodings.next(), encodings.next()) {
        (None, _) => Ok(false),
        (Some(_), _) if response.version() == Version::HTTP_10 => Err(invalid_http("chunked encoding in HTTP/1.0")),
        (Some(only), None) if only.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(true),
        _ => Err(invalid_http("unsupported Transfer-Encoding")),
    }
}

/// Returns the content length, if all values of all its headers are the same.
fn length(headers: &HeaderMap) -> Option<u64> {
    let mut length = None;
    for header in headers.get_all(CONTENT_LENGTH) {
        for digits in header.to_str().ok()?.split(',').map(str::trim) {
            // `parse` also accepts a plus sign.
            let next = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
            if *length.get_or_insert(next) != next {
                return None;
            }
        }
    }
    length
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
                    Err(_) => return Err(invalid_http("invalid chunk size")),
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
                    Some(_) => return Err(invalid_http("a chunk is longer than its size")),
                    None => return Ok(None),
                },
                Self::Trailer(length) if *length > MAX_LINE => return Err(invalid_http("trailers too large")),
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

/// Removes the chunk of `length` bytes at the start of `received`, joined with the complete small chunks after it.
///
/// Moving a few bytes costs less than returning each chunk.
fn joined(length: usize, received: &mut BytesMut) -> Bytes {
    let (mut end, mut read) = (length, length);
    while let Some(Range { start, end: next }) = small_chunk(&received[read..]) {
        received.copy_within(read + start..read + next, end);
        end += next - start;
        read += next;
    }
    let bytes = received.split_to(end).freeze();
    received.advance(read - end);
    bytes
}

/// Returns the range of the data of a small chunk, if all of it is in `bytes`. They begin with the line end of the chunk
/// before it. A chunk whose size is written in another form, for example with an extension, is not joined.
fn small_chunk(bytes: &[u8]) -> Option<Range<usize>> {
    let line = bytes.strip_prefix(b"\r\n")?;
    let (mut size, mut digits) = (0, 0);
    for byte in line.iter().take(SMALL_CHUNK_DIGITS) {
        let Some(digit) = char::from(*byte).to_digit(16) else { break };
        size = size << 4 | digit as usize;
        digits += 1;
    }
    let data = line.get(digits..)?.strip_prefix(b"\r\n")?;
    let start = bytes.len() - data.len();
    (1..=data.len()).contains(&size).then(|| start..start + size)
}

/// Removes up to `left` bytes from `received`.
fn take(left: &mut u64, received: &mut BytesMut) -> Option<Bytes> {
    let length = usize::try_from(*left).unwrap_or(usize::MAX).min(received.len());
    *left -= length as u64;
    (length > 0).then(|| received.split_to(length).freeze())
}

/// Waits for the rest of a line, unless it exceeds the limit.
fn unfinished(received: &BytesMut) -> Result<Option<Bytes>> {
    if received.len() > MAX_LINE { Err(invalid_http("chunk header too large")) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes `bytes`, received in reads of `size` bytes. Returns the body, the bytes after it, and the decoder.
    fn body(mut framing: BodyFraming, bytes: &[u8], size: usize) -> Result<(Vec<u8>, Vec<u8>, BodyFraming)> {
        let (mut body, mut received) = (Vec::new(), BytesMut::new());
        for read in bytes.chunks(size) {
            received.extend_from_slice(read);
            while let Some(data) = framing.next(&mut received)? {
                assert!(!data.is_empty());
                body.extend_from_slice(&data);
            }
        }
        Ok((body, received.to_vec(), framing))
    }

    const CHUNKS: &[u8] = b"5\r\nhello\r\n1;name=\"value\"\r\n \r\n00A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nafter";

    #[test]
    fn chunked_body_split_at_every_size() {
        for size in 1..=CHUNKS.len() {
            let (body, rest, framing) = body(BodyFraming::Chunked(Chunk::Size), CHUNKS, size).unwrap();
            assert_eq!((&*body, &*rest), (&b"hello 0123456789"[..], &b"after"[..]), "reads of {size} bytes");
            assert!(framing.is_done());
        }
    }

    #[test]
    fn truncated_chunked_body_is_not_complete() {
        for end in 0..CHUNKS.len() - "after".len() {
            let (_, _, framing) = body(BodyFraming::Chunked(Chunk::Size), &CHUNKS[..end], 7).unwrap();
            assert!(!framing.may_end(), "{end}");
        }
    }

    #[test]
    fn content_length_ends_the_body() {
        let (whole, rest, framing) = body(BodyFraming::Length(5), b"hello, world", 3).unwrap();
        assert_eq!((&*whole, &*rest, framing.is_done()), (&b"hello"[..], &b", world"[..], true));
        let (_, _, framing) = body(BodyFraming::Length(5), b"hell", 3).unwrap();
        assert!(!framing.may_end());
    }

    #[test]
    fn body_without_length_ends_at_eof() {
        let (whole, _, framing) = body(BodyFraming::UntilEof, b"hello", 2).unwrap();
        assert_eq!((&*whole, framing.is_done(), framing.may_end()), (&b"hello"[..], false, true));
    }

    #[test]
    fn invalid_chunk_is_an_error() {
        let endless = [b"1;".as_slice(), &[b'x'; 8 << 10]].concat();
        let trailers = [b"0\r\n".as_slice(), &b"More: and more\r\n".repeat(1 << 10)].concat();
        for bytes in [&b"x\r\n"[..], b"1\r\nab\r\n", b"fffffffffffffffff\r\n", b"-1\r\n", &endless, &trailers] {
            assert!(body(BodyFraming::Chunked(Chunk::Size), bytes, bytes.len()).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn body_framing_of_response_heads() {
        let of = |status: u16, headers: &[(&'static str, &'static str)]| {
            let response = Response::builder().status(status);
            let response = headers.iter().fold(response, |response, (name, value)| response.header(*name, *value));
            BodyFraming::of(&response.body(()).unwrap())
        };
        assert!(matches!(of(200, &[("transfer-encoding", "Chunked")]), Ok(BodyFraming::Chunked(Chunk::Size))));
        assert!(matches!(of(200, &[("content-length", "7")]), Ok(BodyFraming::Length(7))));
        assert!(matches!(of(200, &[]), Ok(BodyFraming::UntilEof)));
        assert!(matches!(of(101, &[("content-length", "7")]), Ok(BodyFraming::UntilEof)));
        assert!(matches!(of(204, &[]), Ok(BodyFraming::Length(0))));
        assert!(of(200, &[("transfer-encoding", "gzip")]).is_err());
        assert!(matches!(of(200, &[("content-length", "7, 7"), ("content-length", "7")]), Ok(BodyFraming::Length(7))));
        for lengths in ["many", "+7", "7, 8", ""] {
            assert!(of(200, &[("content-length", lengths)]).is_err(), "{lengths}");
        }
    }
}
