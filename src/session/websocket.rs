//! Sessions over a websocket.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::Stream as ItemStream;
use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use http::{
    HeaderMap, HeaderValue,
    header::{CONNECTION, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Message,
        handshake::{client::generate_key, derive_accept_key},
        protocol::{Role, WebSocketConfig},
    },
};

use crate::{
    Error, Result,
    connect::Stream,
    error::Kind,
    wire::{Client, Outcome, Wire},
};

/// What errors of a session are errors of.
const OPERATION: &str = "container_attach_ws";

type Socket = WebSocketStream<Stream>;

/// A connection to a container over a websocket. Its two halves are independent.
///
/// # Cancellation
///
/// The connection closes when both halves are dropped. What runs in the container goes on.
#[derive(Debug)]
#[non_exhaustive]
pub struct WebSocketSession {
    /// What the container reads.
    pub input: WebSocketInput,
    /// What it writes.
    pub output: WebSocketOutput,
}

impl WebSocketSession {
    /// Makes `call`, and shakes hands.
    pub(crate) async fn open(wire: &Wire<'_>, call: impl AsyncFnOnce(&Client) -> Outcome<()>) -> Result<Self> {
        let key = generate_key();
        let response = wire.dedicated(handshake(&key)?, call).await?;
        let accept = response.headers().get(SEC_WEBSOCKET_ACCEPT).map(HeaderValue::as_bytes);
        if accept != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
            let message = "the engine does not shake hands for a websocket";
            return Err(Error::new(Kind::Connection(message.into())).during(OPERATION));
        }
        let (stream, received) = response.into_body().into_parts();
        let limit = Some(wire.longest_item());
        let config = WebSocketConfig::default().max_message_size(limit).max_frame_size(limit);
        let socket = WebSocketStream::from_partially_read(stream, received.into(), Role::Client, Some(config)).await;
        let (sink, stream) = socket.split();
        Ok(Self { input: WebSocketInput { sink }, output: WebSocketOutput { stream: Some(stream) } })
    }
}

/// The headers that ask for a websocket. Engines before 1.9 want to know an origin, whichever.
fn handshake(key: &str) -> Result<HeaderMap> {
    let key = HeaderValue::from_str(key)
        .map_err(|error| Error::with_source(Kind::Request("the key is no header".into()), error))?;
    let fixed =
        [(CONNECTION, "Upgrade"), (UPGRADE, "websocket"), (SEC_WEBSOCKET_VERSION, "13"), (ORIGIN, "http://localhost")];
    let fixed = fixed.map(|(name, value)| (name, HeaderValue::from_static(value)));
    Ok(fixed.into_iter().chain([(SEC_WEBSOCKET_KEY, key)]).collect())
}

/// What a container reads, over a websocket.
#[derive(Debug)]
pub struct WebSocketInput {
    sink: SplitSink<Socket, Message>,
}

impl WebSocketInput {
    /// Sends bytes to the container's standard input.
    ///
    /// # Errors
    ///
    /// Fails if the connection has closed.
    pub async fn send(&mut self, bytes: impl Into<Bytes>) -> Result<()> {
        self.sink.send(Message::Binary(bytes.into())).await.map_err(broken)
    }

    /// Closes the session: both directions, as a websocket knows no other way.
    ///
    /// # Errors
    ///
    /// Fails if the connection broke before.
    pub async fn close(mut self) -> Result<()> {
        self.sink.close().await.map_err(broken)
    }
}

/// What a container writes, over a websocket: standard output and standard error mixed.
///
/// Engines before 17.05 send it as text; what is not UTF-8 is an error then. Ends
/// when the container does, or with the first error.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct WebSocketOutput {
    stream: Option<SplitStream<Socket>>,
}

impl ItemStream for WebSocketOutput {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Some(stream) = &mut self.stream else { return Poll::Ready(None) };
            let item = match ready!(stream.poll_next_unpin(cx)) {
                Some(Ok(Message::Text(text))) => return Poll::Ready(Some(Ok(text.into()))),
                Some(Ok(Message::Binary(bytes))) => return Poll::Ready(Some(Ok(bytes))),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Close(_))) | None => None,
                Some(Err(error)) => Some(Err(broken(error))),
            };
            self.stream = None;
            return Poll::Ready(item);
        }
    }
}

fn broken(error: tungstenite::Error) -> Error {
    Error::with_source(Kind::Connection("the websocket broke".into()), error).during(OPERATION)
}
