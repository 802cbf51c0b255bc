//! Requests, taken from a connection.

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

use crate::Request;

/// The longest head that is read, in bytes.
const LONGEST_HEAD: usize = 64 << 10;

/// The next request without its body, or none if the client has hung up.
pub(crate) async fn head(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Request>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_until(b'\n', &mut head).await? == 0 {
            return Ok(None);
        }
        if head.len() > LONGEST_HEAD {
            return Err(io::Error::other("the head of a request is too long"));
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    request.parse(&head).map_err(io::Error::other)?;
    let line = format!("{} {}", request.method.unwrap_or_default(), request.path.unwrap_or_default());
    let headers =
        request.headers.iter().map(|header| format!("{}: {}", header.name, String::from_utf8_lossy(header.value)));
    Ok(Some(Request::new(line, headers.map(|header| header.to_lowercase()).collect(), Bytes::new())))
}

/// The body of `request`.
pub(crate) async fn body(stream: &mut (impl AsyncBufRead + Unpin), request: &Request) -> io::Result<Bytes> {
    if request.header_has("transfer-encoding", "chunked") {
        return chunks(stream).await;
    }
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(body.into())
}

async fn chunks(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Bytes> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let length = usize::from_str_radix(line.trim_end(), 16).map_err(io::Error::other)?;
        let mut chunk = vec![0; length + 2];
        stream.read_exact(&mut chunk).await?;
        if length == 0 {
            return Ok(body.into());
        }
        body.extend_from_slice(&chunk[..length]);
    }
}
