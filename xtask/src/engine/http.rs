//! Just enough HTTP to bring an engine up. The library under test is not trusted with it.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use anyhow::{Context, Result, ensure};

/// The head and body of the answer to a GET.
pub(crate) fn get(socket: &Path, path: &str) -> Result<String> {
    request(socket, "GET", path, &[])
}

/// The head and body of the answer to a POST of `body`.
pub(super) fn post(socket: &Path, path: &str, body: &[u8]) -> Result<String> {
    request(socket, "POST", path, body)
}

fn request(socket: &Path, method: &str, path: &str, body: &[u8]) -> Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n")?;
    stream.write_all(body)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).context("no answer")?;
    ensure!(status.starts_with('2'), "{method} {path}: {}", answer.lines().last().unwrap_or_default());
    Ok(answer)
}
