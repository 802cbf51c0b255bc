//! A minimal HTTP client for starting engines, so that this does not depend on the library under test.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use anyhow::{Context, Result, ensure};

/// Sends a GET request, and returns the response with its headers. Fails if the status is not 2xx.
pub(crate) fn get(socket: &Path, path: &str) -> Result<String> {
    request(socket, "GET", path, &[])
}

/// Sends a POST request with `body`, and returns the response with its headers. Fails if the status is not 2xx.
pub(super) fn post(socket: &Path, path: &str, body: &[u8]) -> Result<String> {
    request(socket, "POST", path, body)
}

fn request(socket: &Path, method: &str, path: &str, body: &[u8]) -> Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n")?;
    stream.write_all(body)?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    let status = response.split(' ').nth(1).context("no response")?;
    ensure!(status.starts_with('2'), "{method} {path}: {}", response.lines().last().unwrap_or_default());
    Ok(response)
}
