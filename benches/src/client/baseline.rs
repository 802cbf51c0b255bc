//! The baseline: hyper on one keep-alive connection with minimal types; for output, a read loop.

use std::{
    io::{Read as _, Write as _},
    os::unix::net,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request,
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::UnixStream;

use super::Client;

/// A client with one connection.
pub struct Baseline {
    socket: PathBuf,
    connection: SendRequest<Full<Bytes>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version<'a> {
    version: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named<'a> {
    name: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Identified<'a> {
    #[serde(borrow)]
    id: &'a str,
}

#[derive(Deserialize)]
struct Status<'a> {
    status: &'a str,
}

#[derive(Deserialize)]
struct Sample<'a> {
    read: &'a str,
}

impl Baseline {
    async fn request(&mut self, method: Method, path: &str, body: &'static str) -> Result<Incoming> {
        let request = Request::builder().method(method).uri(path).header("host", "localhost");
        let request = if body.is_empty() { request } else { request.header("content-type", "application/json") };
        self.connection.ready().await?;
        let response = self.connection.send_request(request.body(Full::from(body))?).await?;
        ensure!(response.status().is_success(), "{path}: {}", response.status());
        Ok(response.into_body())
    }

    async fn document(&mut self, method: Method, path: &str, body: &'static str) -> Result<Bytes> {
        Ok(self.request(method, path, body).await?.collect().await?.to_bytes())
    }
}

/// Decodes each line, and returns the number of lines.
async fn lines(mut body: Incoming, decode: fn(&[u8]) -> Result<usize>) -> Result<u64> {
    let (mut partial, mut received) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let Ok(mut chunk) = frame?.into_data() else { continue };
        while let Some(end) = memchr::memchr(b'\n', &chunk) {
            let line = chunk.split_to(end + 1);
            let length = if partial.is_empty() {
                decode(&line)
            } else {
                partial.extend_from_slice(&line);
                decode(&partial.split())
            };
            ensure!(length? > 0, "the decoded value is empty");
            received += 1;
        }
        partial.extend_from_slice(&chunk);
    }
    Ok(received)
}

impl Client for Baseline {
    async fn connect(socket: &Path) -> Result<Self> {
        let stream = UnixStream::connect(socket).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { socket: socket.to_owned(), connection: sender })
    }

    async fn another(&self) -> Result<Self> {
        Self::connect(&self.socket).await
    }

    async fn ping(&mut self) -> Result<()> {
        ensure!(self.document(Method::GET, "/_ping", "").await? == "OK");
        Ok(())
    }

    async fn version(&mut self) -> Result<usize> {
        let body = self.document(Method::GET, "/v1.41/version", "").await?;
        Ok(serde_json::from_slice::<Version<'_>>(&body)?.version.len())
    }

    async fn inspect(&mut self) -> Result<usize> {
        let body = self.document(Method::GET, "/v1.41/containers/web/json", "").await?;
        Ok(serde_json::from_slice::<Named<'_>>(&body)?.name.len())
    }

    async fn list(&mut self, limit: u32) -> Result<usize> {
        let body = self.document(Method::GET, &format!("/v1.41/containers/json?all=1&limit={limit}"), "").await?;
        let containers: Vec<Identified<'_>> = serde_json::from_slice(&body)?;
        Ok(containers.iter().filter(|container| !container.id.is_empty()).count())
    }

    async fn create(&mut self) -> Result<usize> {
        const BODY: &str = "{\"Image\":\"busybox\",\"Cmd\":[\"echo\",\"hello\"],\"Env\":[\"LANG=C.UTF-8\"],\
            \"HostConfig\":{\"Binds\":[\"/srv:/srv:ro\"]}}";
        let body = self.document(Method::POST, "/v1.41/containers/create?name=web", BODY).await?;
        Ok(serde_json::from_slice::<Identified<'_>>(&body)?.id.len())
    }

    async fn events(&mut self, count: u64) -> Result<u64> {
        let body = self.request(Method::GET, &format!("/v1.41/events?since={count}"), "").await?;
        lines(body, |line| Ok(serde_json::from_slice::<Status<'_>>(line)?.status.len())).await
    }

    async fn stats(&mut self, container: &str) -> Result<u64> {
        let body = self.request(Method::GET, &format!("/v1.41/containers/{container}/stats?stream=1"), "").await?;
        lines(body, |line| Ok(serde_json::from_slice::<Sample<'_>>(line)?.read.len())).await
    }

    /// Uses HTTP/1.0, so that the body is not chunked, and only counts bytes.
    async fn logs(&mut self, container: &str) -> Result<u64> {
        let mut stream = net::UnixStream::connect(&self.socket)?;
        write!(stream, "GET /v1.41/containers/{container}/logs?stdout=1&stderr=1 HTTP/1.0\r\n\r\n")?;
        let mut buffer = vec![0; 64 << 10];
        let first = stream.read(&mut buffer)?;
        let head = memchr::memmem::find(&buffer[..first], b"\r\n\r\n").context("incomplete response headers")? + 4;
        let mut received = first - head;
        loop {
            match stream.read(&mut buffer)? {
                0 => return Ok(received as u64),
                length => received += length,
            }
        }
    }

    async fn pull(&mut self, image: &str) -> Result<u64> {
        let body = self.request(Method::POST, &format!("/v1.41/images/create?fromImage={image}"), "").await?;
        lines(body, |line| Ok(serde_json::from_slice::<Status<'_>>(line)?.status.len())).await
    }
}
