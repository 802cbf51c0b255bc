//! The floor: hyper on one kept-alive connection with types that hold next to nothing; for output, a read loop.

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

pub struct Floor {
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
struct Told<'a> {
    status: &'a str,
}

#[derive(Deserialize)]
struct Sample<'a> {
    read: &'a str,
}

impl Floor {
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

/// How many lines came, all of which `decode` took.
async fn lines(mut body: Incoming, decode: fn(&[u8]) -> Result<usize>) -> Result<u64> {
    let (mut gathered, mut came) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let Ok(mut piece) = frame?.into_data() else { continue };
        while let Some(end) = memchr::memchr(b'\n', &piece) {
            let line = piece.split_to(end + 1);
            let length = if gathered.is_empty() {
                decode(&line)
            } else {
                gathered.extend_from_slice(&line);
                decode(&gathered.split())
            };
            ensure!(length? > 0, "nothing is told");
            came += 1;
        }
        gathered.extend_from_slice(&piece);
    }
    Ok(came)
}

impl Client for Floor {
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
        lines(body, |line| Ok(serde_json::from_slice::<Told<'_>>(line)?.status.len())).await
    }

    async fn stats(&mut self, container: &str) -> Result<u64> {
        let body = self.request(Method::GET, &format!("/v1.41/containers/{container}/stats?stream=1"), "").await?;
        lines(body, |line| Ok(serde_json::from_slice::<Sample<'_>>(line)?.read.len())).await
    }

    /// Asks as HTTP/1.0, so that no chunks come, and looks at nothing.
    async fn logs(&mut self, container: &str) -> Result<u64> {
        let mut stream = net::UnixStream::connect(&self.socket)?;
        write!(stream, "GET /v1.41/containers/{container}/logs?stdout=1&stderr=1 HTTP/1.0\r\n\r\n")?;
        let mut buffer = vec![0; 64 << 10];
        let first = stream.read(&mut buffer)?;
        let head = memchr::memmem::find(&buffer[..first], b"\r\n\r\n").context("no head")? + 4;
        let mut came = first - head;
        loop {
            match stream.read(&mut buffer)? {
                0 => return Ok(came as u64),
                length => came += length,
            }
        }
    }

    async fn pull(&mut self, image: &str) -> Result<u64> {
        let body = self.request(Method::POST, &format!("/v1.41/images/create?fromImage={image}"), "").await?;
        lines(body, |line| Ok(serde_json::from_slice::<Told<'_>>(line)?.status.len())).await
    }
}
