//! Reads HTTP/1.1 requests from a connection.

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

use crate::Request;

/// The largest request line and headers that are read, in bytes.
const MAX_HEAD: u64 = 64 << 10;

/// The longest chunk-size line that is read, in bytes.
const MAX_CHUNK_LINE: u64 = 4 << 10;

/// The largest body that is read, in bytes.
const MAX_BODY: u64 = 512 << 20;

/// Reads the next request without its body; `None` at EOF.
pub(crate) async fn head(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Request>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let room = MAX_HEAD - head.len() as u64;
        if room == 0 {
            return Err(io::Error::other(format!("the request headers are larger than {MAX_HEAD} bytes")));
        }
        if (&mut *stream).take(room).read_until(b'\n', &mut head).await? == 0 {
            return Ok(None);
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    request.parse(&head).map_err(io::Error::other)?;
    let line = format!("{} {}", request.method.unwrap_or_default(), request.path.unwrap_or_default());
    let headers = request.headers.iter();
    let headers =
        headers.map(|header| format!("{}: {}", header.name.to_lowercase(), String::from_utf8_lossy(header.value)));
    Ok(Some(Request::new(line, headers.collect(), Bytes::new())))
}

/// Reads the body of `request`.
pub(crate) async fn body(stream: &mut (impl AsyncBufRead + Unpin), request: &Request) -> io::Result<Bytes> {
    if request.header_has("transfer-encoding", "chunked") {
        return chunks(stream).await;
    }
    let mut body = Vec::new();
    if let Some(length) = request.header("content-length") {
        read(stream, length.parse().map_err(io::Error::other)?, &mut body).await?;
    }
    Ok(body.into())
}

async fn chunks(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Bytes> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        (&mut *stream).take(MAX_CHUNK_LINE).read_line(&mut line).await?;
        if !line.ends_with('\n') {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let length = u64::from_str_radix(line.trim_end(), 16).map_err(io::Error::other)?;
        read(stream, length, &mut body).await?;
        read(stream, 2, &mut Vec::new()).await?;
        if length == 0 {
            return Ok(body.into());
        }
    }
}

/// Reads `length` bytes. Allocates only for bytes that were received.
async fn read(stream: &mut (impl AsyncBufRead + Unpin), length: u64, body: &mut Vec<u8>) -> io::Result<()> {
    if length > MAX_BODY - body.len() as u64 {
        return Err(io::Error::other(format!("the request body is larger than {MAX_BODY} bytes")));
    }
    let read = stream.take(length).read_to_end(body).await?;
    if (read as u64) < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads one request, and returns its body.
    async fn request(sent: &[u8]) -> io::Result<Bytes> {
        let mut stream = sent;
        let request = head(&mut stream).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        body(&mut stream, &request).await
    }

    #[tokio::test]
    async fn body_with_content_length_or_chunked() {
        assert_eq!(request(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello").await.unwrap(), "hello");
        let chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
        assert_eq!(request(chunked).await.unwrap(), "hello");
        assert_eq!(request(b"GET / HTTP/1.1\r\n\r\n").await.unwrap(), "");
    }

    #[tokio::test]
    async fn oversized_body_or_line_is_an_error() {
        let endless = "x".repeat(1 << 20);
        for sent in [
            "Content-Length: 4611686018427387904\r\n\r\n".to_owned(),
            "Content-Length: 9223372036854775808\r\n\r\n".to_owned(),
            "Content-Length: 99999999999999999999\r\n\r\n".to_owned(),
            "Transfer-Encoding: chunked\r\n\r\n4000000000000000\r\n".to_owned(),
            "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n".to_owned(),
            format!("Transfer-Encoding: chunked\r\n\r\n{endless}"),
            format!("X: {endless}"),
        ] {
            let sent = format!("POST / HTTP/1.1\r\n{sent}");
            request(sent.as_bytes()).await.unwrap_err();
        }
    }
}
