//! Sends a recorded response.

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _};

use super::{
    content::Content,
    file::{End, Event, Exchange},
    pattern::text_matches,
    redact::REDACTED,
};
use crate::{Response, session::Session};

/// The most input that is compared with redacted text, in bytes.
const MAX_INPUT: usize = 1 << 20;

/// A part of a session, ready to be sent or compared.
enum Step {
    Client(Content),
    ClientEnd,
    Engine(Bytes),
    EngineEnd,
}

/// The response of an exchange. `report` receives the difference if the client sends other bytes in a session.
pub(super) fn response(exchange: &Exchange, report: impl Fn(String) + Send + 'static) -> Response {
    let Some(recorded) = &exchange.response else { return Response::never() };
    let status = recorded.status;
    let response = if let Some(events) = &recorded.session {
        let steps = steps(events);
        Response::session(status, move |session| async move {
            // An error of the connection is not one of the recording.
            if let Ok(Err(problem)) = play(session, steps).await {
                report(problem);
            }
        })
    } else if let Some(chunks) = &recorded.chunks {
        let (chunks, end) = (chunks.iter().map(bytes).collect(), recorded.end);
        Response::chunked(status, move |session| send_chunks(session, chunks, end))
    } else {
        Response::whole(status, recorded.body.as_ref().map(bytes).unwrap_or_default())
    };
    let response = response.headers(recorded.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    if status == 101 { response.header("Connection", "Upgrade") } else { response }
}

/// The bytes of a content, which was checked when the recording was opened.
fn bytes(content: &Content) -> Bytes {
    content.bytes().unwrap_or_default()
}

async fn send_chunks(mut session: Session, chunks: Vec<Bytes>, end: End) -> io::Result<()> {
    for chunk in chunks {
        session.output.write_chunk(&chunk).await?;
    }
    match end {
        End::Complete => session.output.write_last_chunk().await,
        End::ClientClosed => wait_for_end(session).await,
        End::ConnectionLost => Ok(()),
    }
}

/// Waits until the client closes its half of the connection.
async fn wait_for_end(mut session: Session) -> io::Result<()> {
    loop {
        let length = session.input.fill_buf().await?.len();
        if length == 0 {
            return Ok(());
        }
        session.input.consume(length);
    }
}

/// The steps of a session. Input in several parts is joined, because a client may send it in other parts.
fn steps(events: &[Event]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for event in events {
        let step = match event {
            Event::Client(content) => match steps.pop() {
                Some(Step::Client(before)) => Step::Client(joined(&before, content)),
                before => {
                    steps.extend(before);
                    Step::Client(content.clone())
                }
            },
            Event::ClientEnd => Step::ClientEnd,
            Event::Engine(content) => Step::Engine(bytes(content)),
            Event::EngineEnd => Step::EngineEnd,
        };
        steps.push(step);
    }
    steps
}

fn joined(one: &Content, other: &Content) -> Content {
    Content::of_session(&[bytes(one), bytes(other)].concat())
}

/// Plays a session until the engine closes it. The inner error describes other input than was recorded.
async fn play(mut session: Session, steps: Vec<Step>) -> io::Result<Result<(), String>> {
    for step in steps {
        match step {
            Step::Client(recorded) => {
                if let Err(problem) = receive(&mut session, &recorded).await? {
                    return Ok(Err(problem));
                }
            }
            Step::ClientEnd => {
                let rest = session.input.fill_buf().await?;
                if !rest.is_empty() {
                    return Ok(Err(format!("the client sent {}, but recorded was the end of its input", quoted(rest))));
                }
            }
            Step::Engine(output) => session.output.write(&output).await?,
            Step::EngineEnd => return Ok(Ok(())),
        }
    }
    wait_for_end(session).await.map(Ok)
}

/// Reads the recorded input.
async fn receive(session: &mut Session, recorded: &Content) -> io::Result<Result<(), String>> {
    let expected = bytes(recorded);
    let other = |received: &[u8]| {
        let (received, expected) = (quoted(received), quoted(&expected));
        Ok(Err(format!("the client sent {received}, but recorded was {expected}")))
    };
    if let Content::Text(pattern) = recorded
        && pattern.contains(REDACTED)
    {
        return receive_redacted(session, pattern).await;
    }
    let mut received = vec![0; expected.len()];
    let mut length = 0;
    while length < received.len() {
        match session.input.read(&mut received[length..]).await? {
            0 => return other(&received[..length]),
            read => length += read,
        }
        if received[..length] != expected[..length] {
            return other(&received[..length]);
        }
    }
    Ok(Ok(()))
}

/// Reads input until it matches redacted text, whose length is not known.
async fn receive_redacted(session: &mut Session, pattern: &str) -> io::Result<Result<(), String>> {
    let mut received = Vec::new();
    while received.len() <= MAX_INPUT {
        let available = session.input.fill_buf().await?;
        if available.is_empty() {
            break;
        }
        let length = available.len();
        received.extend_from_slice(available);
        session.input.consume(length);
        if text_matches(pattern, &String::from_utf8_lossy(&received)) {
            return Ok(Ok(()));
        }
    }
    let received = quoted(&received);
    Ok(Err(format!("the client sent {received}, but recorded was {pattern:?}")))
}

/// The beginning of bytes as text in quotes.
fn quoted(bytes: &[u8]) -> String {
    const MAX: usize = 200;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX)]);
    let rest = if bytes.len() > MAX { format!(" and {} bytes more", bytes.len() - MAX) } else { String::new() };
    format!("{text:?}{rest}")
}
