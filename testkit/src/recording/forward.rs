//! Forwards a request to an engine, and records the exchange.

use std::{error::Error, io, sync::Arc};

use bytes::Bytes;
use dockerclient::{
    DockerClient, Download,
    raw::{HeaderMap, Method, RawConnection, RawRequest, RawResponse},
};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};

use super::{
    capture::{Body, Captures, Sent, Slot},
    file::End,
};
use crate::{
    Request, Response,
    session::{Input, Session, input_closed},
};

/// Headers that belong to a connection, and are not forwarded.
///
/// Without `Accept-Encoding`, the engine sends bodies that can be read and redacted.
const CONNECTION_HEADERS: [&str; 9] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Size of a read from an upgraded connection, in bytes.
const READ_SIZE: usize = 128 << 10;

type Forwarded = Result<Response, Box<dyn Error + Send + Sync>>;

/// Forwards a request, and returns the response of the engine.
pub(super) async fn forward(docker: DockerClient, captures: Arc<Captures>, request: Request) -> Response {
    let slot = captures.begin(&request);
    let forwarded = match request.header("upgrade") {
        Some(protocol) if protocol.eq_ignore_ascii_case("tcp") => {
            upgrade(&docker, &slot, &request, captures.max_body_size()).await
        }
        Some(protocol) if needs_other_protocol(request.path()) => {
            let why = format!("connections with the protocol {protocol:?} cannot be recorded");
            slot.fail(why.clone());
            return Response::text(501, &format!("{why}\n"));
        }
        // Servers may ignore the header.
        _ => call(&docker, &slot, &request, captures.max_body_size()).await,
    };
    forwarded.unwrap_or_else(|error| {
        slot.fail(error.to_string());
        Response::text(502, &format!("failed to forward the request: {error}\n"))
    })
}

/// Whether an operation is performed over a connection with another protocol: HTTP/2 for BuildKit, or a WebSocket.
fn needs_other_protocol(path: &str) -> bool {
    matches!(path, "/session" | "/grpc") || path.ends_with("/attach/ws")
}

/// The request for the engine.
fn raw(docker: &DockerClient, request: &Request) -> Result<RawRequest, Box<dyn Error + Send + Sync>> {
    let method: Method = request.method().parse()?;
    let path = request.target().split('?').next().unwrap_or_default();
    // The path has the version of the client that sent the request.
    let mut raw = docker.request(method, path).unversioned().any_status(true).time_limit(None);
    for (key, value) in request.parameters() {
        raw = raw.query(key, value);
    }
    for (name, value) in request.headers.iter().filter_map(|header| header.split_once(": ")) {
        if !CONNECTION_HEADERS.contains(&name) {
            raw = raw.header(name, value);
        }
    }
    Ok(raw.body(request.bytes.clone()))
}

/// The headers that the client receives.
fn received(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers = headers.iter().filter(|(name, _)| !CONNECTION_HEADERS.contains(&name.as_str()));
    headers.map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect()
}

fn content_length(response: &RawResponse) -> Option<usize> {
    response.headers().get("content-length")?.to_str().ok()?.parse().ok()
}

async fn collect(mut download: Download) -> dockerclient::Result<Bytes> {
    let mut body = Vec::new();
    while let Some(chunk) = download.try_next().await? {
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}

async fn call(docker: &DockerClient, slot: &Slot, request: &Request, limit: usize) -> Forwarded {
    let response = raw(docker, request)?.await?;
    let (status, headers) = (response.status(), received(response.headers()));
    if request.method() == "HEAD" || matches!(status, 204 | 304) {
        slot.response(status, &headers, Body::Empty);
        return Ok(Response::empty(status).headers(headers));
    }
    match content_length(&response) {
        Some(length) if length <= limit => {
            let body = collect(response.into_download()).await?;
            slot.response(status, &headers, Body::Whole(body.clone()));
            Ok(Response::whole(status, body).headers(headers))
        }
        length => {
            slot.response(status, &headers, Body::Chunks(Vec::new()));
            if length.is_some() {
                slot.fail_too_large();
            }
            let (slot, download) = (slot.clone(), response.into_download());
            Ok(Response::chunked(status, |session| send_chunks(session, download, slot)).headers(headers))
        }
    }
}

/// Sends the chunks of a response to the client.
async fn send_chunks(mut session: Session, mut download: Download, slot: Slot) -> io::Result<()> {
    loop {
        let chunk = tokio::select! {
            chunk = download.try_next() => chunk,
            () = input_closed(&mut session.input) => return Ok(()),
        };
        match chunk {
            Ok(Some(chunk)) => {
                slot.chunk(chunk.clone());
                session.output.write_chunk(&chunk).await?;
            }
            Ok(None) => {
                slot.end(End::Complete);
                return session.output.write_last_chunk().await;
            }
            Err(error) => {
                slot.end(End::ConnectionLost);
                return Err(io::Error::other(error));
            }
        }
    }
}

async fn upgrade(docker: &DockerClient, slot: &Slot, request: &Request, limit: usize) -> Forwarded {
    let connection = raw(docker, request)?.upgrade("tcp").await?;
    let (status, headers) = (connection.status(), received(connection.headers()));
    let has_length = connection.headers().contains_key("content-length");
    if status != 101 && (has_length || connection.headers().contains_key("transfer-encoding")) {
        let mut body = Vec::new();
        connection.take(limit as u64 + 1).read_to_end(&mut body).await?;
        slot.response(status, &headers, Body::Whole(body.clone().into()));
        if body.len() > limit {
            slot.fail_too_large();
        }
        return Ok(Response::whole(status, body).headers(headers));
    }
    slot.response(status, &headers, Body::Session(Vec::new()));
    let slot = slot.clone();
    let response = Response::session(status, move |session| async move {
        // The client or the engine closed the connection.
        let _ = carry(session, connection, &slot).await;
    });
    Ok(match status {
        101 => response.headers(headers).header("Connection", "Upgrade").header("Upgrade", "tcp"),
        _ => response.headers(headers),
    })
}

/// Carries bytes in both directions until the engine closes the connection.
async fn carry(session: Session, connection: RawConnection, slot: &Slot) -> io::Result<()> {
    let Session { mut input, mut output } = session;
    let (mut from_engine, mut to_engine) = tokio::io::split(connection);
    let from_client = async {
        // Each event is recorded before it is forwarded, so that the response to it is recorded later.
        while let Some(bytes) = next_bytes(&mut input).await? {
            slot.event(Sent::ByClient(bytes.clone()));
            to_engine.write_all(&bytes).await?;
            to_engine.flush().await?;
        }
        slot.event(Sent::ClientEnd);
        to_engine.shutdown().await
    };
    let from_client = async {
        // If the engine has stopped reading, its output may still follow.
        let _: io::Result<()> = from_client.await;
        std::future::pending::<()>().await;
    };
    let to_client = async {
        let mut buffer = vec![0; READ_SIZE];
        loop {
            let read = from_engine.read(&mut buffer).await;
            // A lost connection also ends the session.
            let Ok(length @ 1..) = read else {
                slot.event(Sent::EngineEnd);
                return read.map(|_| ());
            };
            slot.event(Sent::ByEngine(Bytes::copy_from_slice(&buffer[..length])));
            output.write(&buffer[..length]).await?;
        }
    };
    tokio::select! {
        outcome = to_client => outcome,
        () = from_client => Ok(()),
    }
}

/// Reads available bytes; `None` at EOF.
async fn next_bytes(input: &mut Input) -> io::Result<Option<Bytes>> {
    let bytes = Bytes::copy_from_slice(input.fill_buf().await?);
    input.consume(bytes.len());
    Ok((!bytes.is_empty()).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FakeEngine;

    #[tokio::test]
    async fn upgrade_of_an_ordinary_request_is_ignored() {
        let engine = FakeEngine::scripted(|_| Response::empty(200));
        let captures = Captures::new(100);
        let status = async |line: &str| {
            let request = Request::new(line.to_owned(), vec!["upgrade: h2c".to_owned()], Bytes::new());
            forward(engine.client("1.41"), Arc::clone(&captures), request).await.status
        };
        assert_eq!(status("GET /v1.41/version").await, 200);
        captures.file().expect("it is recorded");
        for line in ["POST /v1.41/session", "POST /grpc", "GET /v1.41/containers/a/attach/ws?stream=1"] {
            assert_eq!(status(line).await, 501);
        }
        captures.file().expect_err("it is not recorded");
    }
}
