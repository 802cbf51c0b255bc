//! Bidirectional sessions over a WebSocket.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::Stream as ItemStream;
use futures_util::{
    SinkExt as _, StreamExt as _, TryStreamExt,
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
    error::Kind,
    generated::{Api, Client, Outcome},
    transport::Io,
};

/// Name of the operation in errors.
const OPERATION: &str = "container_attach_websocket";

type Socket = WebSocketStream<Io>;

/// A bidirectional connection to a container over a WebSocket. The two halves are independent. Requires the feature
/// `websocket`.
///
/// # Cancellation
///
/// The connection closes when both halves are dropped. The container keeps running.
#[derive(Debug)]
#[non_exhaustive]
pub struct WebSocketSession {
    /// Standard input of the container.
    pub input: WebSocketInput,
    /// Output of the container.
    pub output: WebSocketOutput,
}

impl WebSocketSession {
    /// Sends the request with the headers of a WebSocket handshake, and checks the response.
    pub(crate) async fn open(api: &Api<'_>, call: impl AsyncFnOnce(&Client) -> Outcome<()>) -> Result<Self> {
        let key = generate_key();
        let response = api.dedicated(handshake(&key)?, call).await?;
        let accept = response.headers().get(SEC_WEBSOCKET_ACCEPT).map(HeaderValue::as_bytes);
        if accept != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
            let message = "the WebSocket handshake failed";
            return Err(Error::new(Kind::ConnectionLost(message.into())).during(OPERATION));
        }
        let (stream, received) = response.into_body().into_parts();
        let limit = Some(api.max_item_size());
        let config = WebSocketConfig::default().max_message_size(limit).max_frame_size(limit);
        let socket = WebSocketStream::from_partially_read(stream, received.into(), Role::Client, Some(config)).await;
        let (sink, stream) = socket.split();
        Ok(Self { input: WebSocketInput { sink }, output: WebSocketOutput { stream: Some(stream) } })
    }
}

/// Returns the headers of a WebSocket handshake. Engines before 1.9 require an `Origin`, with any value.
fn handshake(key: &str) -> Result<HeaderMap> {
    let key = HeaderValue::from_str(key)
        .map_err(|error| Error::with_source(Kind::Internal("invalid WebSocket key".into()), error))?;
    let fixed =
        [(CONNECTION, "Upgrade"), (UPGRADE, "websocket"), (SEC_WEBSOCKET_VERSION, "13"), (ORIGIN, "http://localhost")];
    let fixed = fixed.map(|(name, value)| (name, HeaderValue::from_static(value)));
    Ok(fixed.into_iter().chain([(SEC_WEBSOCKET_KEY, key)]).collect())
}

/// Stdin of a container, over a WebSocket.
#[derive(Debug)]
pub struct WebSocketInput {
    sink: SplitSink<Socket, Message>,
}

impl WebSocketInput {
    /// Sends bytes to the container's stdin.
    ///
    /// # Errors
    ///
    /// Fails if the connection is closed.
    pub async fn send(&mut self, bytes: impl Into<Bytes>) -> Result<()> {
        self.sink.send(Message::Binary(bytes.into())).await.map_err(connection_lost)
    }

    /// Closes the session in both directions: WebSockets have no half-close.
    ///
    /// # Errors
    ///
    /// Fails if the connection was lost before.
    pub async fn close(mut self) -> Result<()> {
        self.sink.close().await.map_err(connection_lost)
    }
}

/// The output of a container, over a WebSocket: stdout and stderr, interleaved.
///
/// Engines before 17.05 send the output as text; with them, invalid UTF-8 is an error. Ends when the container exits, or
/// after the first error.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct WebSocketOutput {
    stream: Option<SplitStream<Socket>>,
}

impl WebSocketOutput {
    /// Waits for the next chunk of output. Returns `None` once the container has exited. Cancel safe.
    ///
    /// # Errors
    ///
    /// Fails if the connection is lost. The stream ends after an error.
    pub async fn try_next(&mut self) -> Result<Option<Bytes>> {
        TryStreamExt::try_next(self).await
    }
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
                Some(Err(error)) => Some(Err(connection_lost(error))),
            };
            self.stream = None;
            return Poll::Ready(item);
        }
    }
}

fn connection_lost(error: tungstenite::Error) -> Error {
    Error::with_source(Kind::ConnectionLost("the WebSocket connection was lost".into()), error).during(OPERATION)
}
