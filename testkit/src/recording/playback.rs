//! Sends a recorded response.

use std::io;

use bytes::Bytes;
use futures_util::FutureExt as _;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _};

use super::{
    content::Content,
    file::{End, Event, Exchange},
    pattern,
};
use crate::{Response, session::Session};

/// The most input that is compared with redacted text, in bytes.
const MAX_INPUT: usize = 1 << 20;

/// A part of a session, ready to be sent or compared.
enum Step {
    Client(Bytes),
    ClientEnd,
    Engine(Bytes),
    EngineEnd,
}

/// The input of a session, as it was received.
pub(super) enum Input {
    /// All that was recorded.
    Complete,
    /// Other input than was recorded, with a description.
    Other(String),
}

/// Whether an exchange has a session with recorded input.
pub(super) fn has_input(exchange: &Exchange) -> bool {
    let events = exchange.response.iter().flat_map(|response| &response.session).flatten();
    events.into_iter().any(|event| matches!(event, Event::Client(_)))
}

/// The response of an exchange. `report` is called when the recorded input of a session was received, and when other input is.
pub(super) fn response(exchange: &Exchange, report: impl Fn(Input) + Send + Sync + 'static) -> Response {
    let Some(recorded) = &exchange.response else { return Response::never() };
    let status = recorded.status;
    let response = if let Some(events) = &recorded.session {
        let steps = steps(events);
        Response::session(status, move |mut session| async move {
            // The connection is closed after the report. Its errors are not those of the recording.
            if let Ok(Err(problem)) = play(&mut session, steps, &report).await {
                report(Input::Other(problem));
            }
        })
    } else if let Some(chunks) = &recorded.chunks {
        let (chunks, end) = (chunks.iter().map(bytes).collect(), recorded.end);
        Response::chunked(status, move |session| send_chunks(session, chunks, end))
    } else {
        Response::whole(status, recorded.body.as_ref().map(bytes).unwrap_or_default())
    };
    let response = response.headers(recorded.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    if status != 101 {
        return response;
    }
    let has_protocol = recorded.headers.keys().any(|name| name.eq_ignore_ascii_case("upgrade"));
    let response = if has_protocol { response } else { response.header("Upgrade", "tcp") };
    response.header("Connection", "Upgrade")
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
                Some(Step::Client(before)) => Step::Client([before, bytes(content)].concat().into()),
                before => {
                    steps.extend(before);
                    Step::Client(bytes(content))
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

/// Plays a session until the engine closes it. The inner error describes other input than was recorded.
async fn play(session: &mut Session, steps: Vec<Step>, report: impl Fn(Input)) -> io::Result<Result<(), String>> {
    let last_input = steps.iter().rposition(|step| matches!(step, Step::Client(_)));
    let mut show = Show::All;
    for (index, step) in steps.into_iter().enumerate() {
        match step {
            Step::Client(recorded) => {
                if pattern::is_redacted(&recorded) {
                    // The input after it may be the rest of a secret.
                    show = Show::Length;
                }
                if let Err(problem) = receive(session, &recorded, show).await? {
                    return Ok(Err(problem));
                }
                if Some(index) == last_input {
                    report(Input::Complete);
                }
            }
            Step::ClientEnd => {
                let rest = session.input.fill_buf().await?;
                if !rest.is_empty() {
                    let rest = show.input(rest);
                    return Ok(Err(format!("the client sent {rest}, but recorded was the end of its input")));
                }
            }
            Step::Engine(output) => session.output.write(&output).await?,
            Step::EngineEnd => {
                // Input that arrives later is also too late for the engine.
                let rest = session.input.fill_buf().now_or_never().and_then(Result::ok).unwrap_or_default();
                return Ok(end_of_input(rest, show));
            }
        }
    }
    let rest = session.input.fill_buf().await?;
    Ok(end_of_input(rest, show))
}

fn end_of_input(rest: &[u8], show: Show) -> Result<(), String> {
    match rest {
        [] => Ok(()),
        rest => Err(format!("the client sent {}, but recorded was the end of its input", show.input(rest))),
    }
}

/// Reads the recorded input.
async fn receive(session: &mut Session, expected: &[u8], show: Show) -> io::Result<Result<(), String>> {
    if pattern::is_redacted(expected) {
        return receive_redacted(session, expected).await;
    }
    let other = |received: &[u8]| {
        let (received, expected) = (show.input(received), quoted(expected));
        Ok(Err(format!("the client sent {received}, but recorded was {expected}")))
    };
    let (mut received, mut length) = (vec![0; expected.len()], 0);
    while length < expected.len() {
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

/// Reads the shortest input that matches redacted text. If that ends in `[redacted]`, the input ends with a line or with the
/// client's half of the connection, because its length is not known.
async fn receive_redacted(session: &mut Session, expected: &[u8]) -> io::Result<Result<(), String>> {
    let mut received = Vec::new();
    while received.len() <= MAX_INPUT && pattern::may_match(expected, &received) {
        let available = session.input.fill_buf().await?;
        if available.is_empty() {
            if pattern::bytes_match(expected, &received) {
                return Ok(Ok(()));
            }
            break;
        }
        let (before, length) = (received.len(), available.len());
        received.extend_from_slice(available);
        let matched = pattern::shortest_match(expected, &received);
        session.input.consume(matched.map_or(length, |end| end - before));
        if matched.is_some() {
            return Ok(Ok(()));
        }
    }
    let (received, expected) = (Show::Length.input(&received), quoted(expected));
    Ok(Err(format!("the client sent {received}, but recorded was {expected}")))
}

/// The part of received input that a report contains.
#[derive(Clone, Copy)]
enum Show {
    All,
    /// Only the number of bytes, because they may be secret.
    Length,
}

impl Show {
    fn input(self, received: &[u8]) -> String {
        match self {
            Self::All => quoted(received),
            Self::Length => format!("{} bytes", received.len()),
        }
    }
}

/// The beginning of bytes as text in quotes.
fn quoted(bytes: &[u8]) -> String {
    const MAX: usize = 200;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX)]);
    let rest = if bytes.len() > MAX { format!(" and {} bytes more", bytes.len() - MAX) } else { String::new() };
    format!("{text:?}{rest}")
}
