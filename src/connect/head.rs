//! Heads of requests and answers, for connections that no HTTP library keeps.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, header::CONTENT_LENGTH};

use crate::{Error, Result, error::Kind};

/// The most headers an answer may have.
const MOST_HEADERS: usize = 64;

/// The head of a request, as it is written.
pub(super) fn write(request: &Request<Bytes>) -> Vec<u8> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let mut text = format!("{} {target} HTTP/1.1\r\n", request.method()).into_bytes();
    let mut line = |name: &str, value: &[u8]| {
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value);
        text.extend_from_slice(b"\r\n");
    };
    line("host", request.uri().authority().map_or("", |authority| authority.as_str()).as_bytes());
    for (name, value) in request.headers().iter().filter(|(name, _)| *name != CONTENT_LENGTH) {
        line(name.as_str(), value.as_bytes());
    }
    line("content-length", request.body().len().to_string().as_bytes());
    text.extend_from_slice(b"\r\n");
    text
}

/// The head of the answer that begins `bytes`, and its length, if it came as a whole.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Response<()>, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut head = httparse::Response::new(&mut headers);
    let length = match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(no_http(&error.to_string())),
    };
    let mut response = Response::builder().status(head.code.unwrap_or_default());
    for header in head.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes());
        let value = HeaderValue::from_bytes(header.value);
        if let (Ok(name), Ok(value)) = (name, value) {
            response = response.header(name, value);
        }
    }
    let response = response.body(()).map_err(|error| no_http(&error.to_string()))?;
    Ok(Some((response, length)))
}

pub(super) fn no_http(why: &str) -> Error {
    Error::new(Kind::Connection(format!("the engine does not answer in HTTP: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let wire = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nraw";
        for end in 0..wire.len() - 3 {
            assert!(parse(&wire[..end]).unwrap().is_none(), "{end}");
        }
        let (response, length) = parse(wire).unwrap().unwrap();
        assert_eq!((response.status().as_u16(), length), (101, wire.len() - 3));
        assert_eq!(response.headers()["upgrade"], "tcp");
    }

    #[test]
    fn what_is_no_head_is_an_error() {
        for wire in [&b"\x15\x03\x01\0\x02\x02"[..], b"HTTP/1.1 9999 Odd\r\n\r\n", b"SSH-2.0-OpenSSH\r\n"] {
            assert!(parse(wire).is_err(), "{wire:?}");
        }
    }
}
