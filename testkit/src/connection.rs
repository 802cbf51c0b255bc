//! Serves HTTP/1.1 on one connection.

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _},
    sync::broadcast,
};

use crate::{
    Request, Response, dispatch, frames, http,
    response::{Body, Then},
    server::Server,
    session::{Io, Session, input_closed},
    specification::SPECIFICATION,
};

/// Delay between the headers of an upgraded connection and its first output. Real engines start a process in this time, and
/// clients depend on it: docker-py loses output that it reads together with the headers.
pub(crate) const SESSION_DELAY: Duration = Duration::from_millis(50);

/// Spawns a task that serves a connection until it is closed.
pub(crate) fn spawn(server: &Arc<Server>, io: Box<dyn Io>, session_delay: Duration) {
    let open = server.connection_opened();
    let cloned = Arc::clone(server);
    server.spawn_connection(async move {
        let _open = open;
        // Some tests close the connection early on purpose.
        let _ = serve(cloned, io, session_delay).await;
    });
}

/// Responds to one request after the other. Sessions begin after `session_delay`.
async fn serve(server: Arc<Server>, io: Box<dyn Io>, session_delay: Duration) -> io::Result<()> {
    let mut session = Session::new(io);
    while let Some(mut request) = http::head(&mut session.input).await? {
        if request.header_has("expect", "100-continue") {
            session.output.write(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        if !server.responds_before_body() {
            let body = http::body(&mut session.input, &request).await?;
            request = Request::new(request.line, request.headers, body);
        }
        let (head_only, last) = (request.method() == "HEAD", request.header_has("connection", "close"));
        let number = server.transcript.record_request(&request);
        // A client may half-close a session as soon as it has sent the request.
        let may_half_close = SPECIFICATION.route(&request).is_some_and(|(operation, _)| operation.is_session());
        let response = tokio::select! {
            biased;
            response = dispatch::respond(&server, number, request) => response,
            () = input_closed(&mut session.input), if !may_half_close => {
                server.transcript.record_response(number, "connection closed by client");
                return Ok(());
            }
        };
        server.transcript.record_response(number, &response.status_text());
        match send(session, response, head_only, session_delay).await? {
            Some(next) if !last => session = next,
            _ => break,
        }
    }
    Ok(())
}

/// Sends `response`, and returns the connection if it can be reused.
async fn send(
    mut session: Session,
    response: Response,
    head_only: bool,
    session_delay: Duration,
) -> io::Result<Option<Session>> {
    session.output.bytes_left = response.truncate_after;
    session.output.chunk_size = response.chunk_size;
    let head = head(&response);
    match response.body {
        Body::Raw(bytes) => session.output.write(&bytes).await?,
        Body::Whole(bytes) => {
            let bytes = if head_only { Bytes::new() } else { bytes };
            session.output.write(&[head.as_bytes(), &bytes].concat()).await?;
        }
        Body::Stream(mut chunks) => {
            session.output.write(head.as_bytes()).await?;
            loop {
                let chunk = tokio::select! {
                    chunk = chunks.next() => chunk,
                    () = input_closed(&mut session.input) => return Ok(None),
                };
                let Some(chunk) = chunk else { break };
                session.output.write_chunk(&chunk).await?;
            }
            session.output.write_last_chunk().await?;
        }
        Body::Session(run) => {
            session.output.write(head.as_bytes()).await?;
            tokio::time::sleep(session_delay).await;
            run(session).await;
            return Ok(None);
        }
    }
    match response.then {
        Then::KeepAlive => Ok(Some(session)),
        Then::Close => Ok(None),
        Then::Stall => {
            session.input.read_to_end(&mut Vec::new()).await?;
            Ok(None)
        }
        Then::Echo => echo(session).await.map(|()| None),
        Then::Stream(messages) => stream(session, messages).await.map(|()| None),
    }
}

/// Sends the messages of a channel, until the client closes the connection or all senders are dropped.
async fn stream(mut session: Session, mut messages: broadcast::Receiver<String>) -> io::Result<()> {
    loop {
        tokio::select! {
            message = messages.recv() => match message {
                Ok(message) => session.output.write(message.as_bytes()).await?,
                Err(_) => return Ok(()),
            },
            () = input_closed(&mut session.input) => return Ok(()),
        }
    }
}

async fn echo(mut session: Session) -> io::Result<()> {
    loop {
        let bytes = session.input.fill_buf().await?;
        if bytes.is_empty() {
            return session.output.write(&frames::frame(2, b"met the end")).await;
        }
        let (frame, length) = (frames::frame(1, bytes), bytes.len());
        session.input.consume(length);
        session.output.write(&frame).await?;
    }
}

fn head(response: &Response) -> String {
    let mut head = format!("HTTP/1.1 {} {}\r\n", response.status, reason(response.status));
    for (name, value) in &response.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    match &response.body {
        Body::Whole(bytes) if !matches!(response.status, 100..200 | 204 | 304) => {
            head.push_str(&format!("Content-Length: {}\r\n", bytes.len()));
        }
        Body::Stream(_) => head.push_str("Transfer-Encoding: chunked\r\n"),
        _ => {}
    }
    head + "\r\n"
}

fn reason(status: u16) -> &'static str {
    match status {
        101 => "UPGRADED",
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        304 => "Not Modified",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
