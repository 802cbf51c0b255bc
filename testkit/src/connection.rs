//! One connection, from the first request to the hang-up.

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader, ReadHalf, WriteHalf,
};
use tokio::sync::broadcast;

use crate::{
    Reply, Request,
    document::DOCUMENT,
    frames, http,
    reply::{Body, Then},
    shared::Shared,
};

/// A connection of any kind.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A connection that has left HTTP behind.
pub(crate) struct Session {
    pub(crate) input: BufReader<ReadHalf<Box<dyn Io>>>,
    pub(crate) output: Output,
}

/// The way out. It may break after a number of bytes.
pub(crate) struct Output {
    io: WriteHalf<Box<dyn Io>>,
    left: Option<usize>,
    pieces: Option<usize>,
}

impl Output {
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let within = &bytes[..self.left.unwrap_or(usize::MAX).min(bytes.len())];
        for piece in within.chunks(self.pieces.unwrap_or(usize::MAX)) {
            self.io.write_all(piece).await?;
            self.io.flush().await?;
            tokio::task::yield_now().await;
        }
        self.left = self.left.map(|left| left - within.len());
        if within.len() < bytes.len() || self.left == Some(0) {
            return Err(io::Error::other("the connection is cut"));
        }
        Ok(())
    }
}

/// How long a session is silent after its head. Real engines start a process meanwhile, and clients count on it: docker-py
/// loses what it reads together with the head.
pub(crate) const HEAD_START: Duration = Duration::from_millis(50);

/// Answers one request after the other. Sessions begin after `head_start`.
pub(crate) async fn serve(shared: Arc<Shared>, io: Box<dyn Io>, head_start: Duration) -> io::Result<()> {
    let (input, output) = tokio::io::split(io);
    let mut session = Session { input: BufReader::new(input), output: Output { io: output, left: None, pieces: None } };
    while let Some(mut request) = http::head(&mut session.input).await? {
        if request.header_has("expect", "100-continue") {
            session.output.write(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        if !shared.answers_early() {
            let body = http::body(&mut session.input, &request).await?;
            request = Request::new(request.line, request.headers, body);
        }
        let (head_only, last) = (request.method() == "HEAD", request.header_has("connection", "close"));
        let number = shared.transcript.asked(&request);
        // Whoever wants a session may close his half right away.
        let closes_half = DOCUMENT.route(&request).is_some_and(|(operation, _)| operation.is_session());
        let reply = tokio::select! {
            biased;
            reply = shared.answer(number, request) => reply,
            () = hung_up(&mut session.input), if !closes_half => {
                shared.transcript.answered(number, "the client hung up");
                return Ok(());
            }
        };
        shared.transcript.answered(number, &reply.told_status());
        match send(session, reply, head_only, head_start).await? {
            Some(next) if !last => session = next,
            _ => break,
        }
    }
    Ok(())
}

/// Sends `reply`, and returns the connection if it can be used again.
async fn send(
    mut session: Session,
    reply: Reply,
    head_only: bool,
    head_start: Duration,
) -> io::Result<Option<Session>> {
    session.output.left = reply.cut;
    session.output.pieces = reply.pieces;
    let head = head(&reply);
    match reply.body {
        Body::Raw(bytes) => session.output.write(&bytes).await?,
        Body::Whole(bytes) => {
            let bytes = if head_only { Bytes::new() } else { bytes };
            session.output.write(&[head.as_bytes(), &bytes].concat()).await?;
        }
        Body::Stream(mut pieces) => {
            session.output.write(head.as_bytes()).await?;
            loop {
                let piece = tokio::select! {
                    piece = pieces.next() => piece,
                    () = hung_up(&mut session.input) => return Ok(None),
                };
                let Some(piece) = piece else { break };
                // An empty chunk would be the end.
                if piece.is_empty() {
                    continue;
                }
                let chunk = [format!("{:x}\r\n", piece.len()).as_bytes(), &piece, b"\r\n"].concat();
                session.output.write(&chunk).await?;
            }
            session.output.write(b"0\r\n\r\n").await?;
        }
        Body::Session(run) => {
            session.output.write(head.as_bytes()).await?;
            tokio::time::sleep(head_start).await;
            run(session).await;
            return Ok(None);
        }
    }
    match reply.then {
        Then::TakeTheNextRequest => Ok(Some(session)),
        Then::HangUp => Ok(None),
        Then::SayNothingMore => {
            session.input.read_to_end(&mut Vec::new()).await?;
            Ok(None)
        }
        Then::Echo => echo(session).await.map(|()| None),
        Then::Tell(news) => tell(session, news).await.map(|()| None),
    }
}

/// Sends what is told, until the client hangs up or nobody can tell any more.
async fn tell(mut session: Session, mut news: broadcast::Receiver<String>) -> io::Result<()> {
    loop {
        tokio::select! {
            told = news.recv() => match told {
                Ok(told) => session.output.write(told.as_bytes()).await?,
                Err(_) => return Ok(()),
            },
            () = hung_up(&mut session.input) => return Ok(()),
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

/// Waits until the client closes its half. What it sends meanwhile stays for later.
pub(crate) async fn hung_up(input: &mut BufReader<ReadHalf<Box<dyn Io>>>) {
    match input.fill_buf().await {
        Ok(bytes) if !bytes.is_empty() => std::future::pending().await,
        _ => {}
    }
}

fn head(reply: &Reply) -> String {
    let mut head = format!("HTTP/1.1 {} {}\r\n", reply.status, reason(reply.status));
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    match &reply.body {
        Body::Whole(bytes) if !matches!(reply.status, 100..200 | 204 | 304) => {
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
        _ => "Status",
    }
}
