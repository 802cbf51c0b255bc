//! HTTP/1.1 request and response heads, for dedicated connections, which do not use hyper.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, Version, header::CONTENT_LENGTH};

use crate::{Error, Result, error::Kind};

/// Maximum number of response headers, the same as in hyper.
const MAX_HEADERS: usize = 100;

/// Maximum size of a response head, in bytes, the same as in hyper.
pub(super) const MAX_HEAD_SIZE: usize = (8 << 10) + 100 * (4 << 10);

/// Serializes the head of a request.
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

/// Parses the response head at the start of `bytes`. Returns it with its length, or `None` if it is incomplete.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Response<()>, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Response::new(&mut headers);
    let length = match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(invalid_http(&error.to_string())),
    };
    let version = if head.version == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 };
    let mut response = Response::builder().version(version).status(head.code.unwrap_or_default());
    for header in head.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes());
        let value = HeaderValue::from_bytes(header.value);
        if let (Ok(name), Ok(value)) = (name, value) {
            response = response.header(name, value);
        }
    }
    let response = response.body(()).map_err(|error| invalid_http(&error.to_string()))?;
    Ok(Some((response, length)))
}

pub(super) fn invalid_http(why: &str) -> Error {
    Error::new(Kind::ConnectionLost(format!("invalid HTTP response: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_head_is_parsed_once_complete() {
        let bytes = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nraw";
        for end in 0..bytes.len() - 3 {
            assert!(parse(&bytes[..end]).unwrap().is_none(), "{end}");
        }
        let (response, length) = parse(bytes).unwrap().unwrap();
        assert_eq!((response.status().as_u16(), length), (101, bytes.len() - 3));
        assert_eq!(response.headers()["upgrade"], "tcp");
    }

    #[test]
    fn invalid_response_head_is_an_error() {
        for bytes in [&b"\x15\x03\x01\0\x02\x02"[..], b"HTTP/1.1 9999 Odd\r\n\r\n", b"SSH-2.0-OpenSSH\r\n"] {
            assert!(parse(bytes).is_err(), "{bytes:?}");
        }
    }
}
