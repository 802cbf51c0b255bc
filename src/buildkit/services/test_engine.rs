//! A BuildKit call for tests, with streams of messages in both directions.

use std::{convert::Infallible, sync::Arc};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Request};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Incoming;
use prost::Message;
use tokio::sync::mpsc;

use super::Services;
use crate::transport::{peer, serve_http2};

/// A call of a method, over a separate connection.
pub(super) struct Call {
    sent: Option<mpsc::UnboundedSender<Bytes>>,
    headers: HeaderMap,
    body: Incoming,
    buffer: BytesMut,
    _requests: peer::Requests,
}

impl Call {
    /// Calls the method `path` of `services`.
    pub(super) async fn start(services: &Arc<Services>, path: &str, headers: &[(&str, &str)]) -> Self {
        let (sent, messages) = mpsc::unbounded_channel();
        Self { sent: Some(sent), ..Self::with(services, path, headers, messages).await }
    }

    /// Calls the method `path` of `services` with one message.
    pub(super) async fn with_message(
        services: &Arc<Services>,
        path: &str,
        headers: &[(&str, &str)],
        message: &impl Message,
    ) -> Self {
        let (sent, messages) = mpsc::unbounded_channel();
        _ = sent.send(framed(message));
        drop(sent);
        Self::with(services, path, headers, messages).await
    }

    async fn with(
        services: &Arc<Services>,
        path: &str,
        headers: &[(&str, &str)],
        messages: mpsc::UnboundedReceiver<Bytes>,
    ) -> Self {
        let (near, far) = tokio::io::duplex(64 << 10);
        let services = Arc::clone(services);
        tokio::spawn(async move { serve_http2(near, move |request| services.respond(request)).await });
        let mut requests = peer::connect(far).await;

        let messages = stream::unfold(messages, |mut messages| async move {
            let message = messages.recv().await?;
            Some((Ok::<_, Infallible>(Frame::data(message)), messages))
        });
        let request = Request::post(format!("http://localhost{path}")).header("content-type", "application/grpc");
        let request = headers
            .iter()
            .fold(request.header("te", "trailers"), |request, (name, value)| request.header(*name, *value));
        let body = StreamBody::new(messages).boxed_unsync();
        let response = requests.send_request(request.body(body).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        Self { sent: None, headers: head.headers, body, buffer: BytesMut::new(), _requests: requests }
    }

    /// Sends a message.
    pub(super) fn send(&self, message: &impl Message) {
        _ = self.sent.as_ref().unwrap().send(framed(message));
    }

    /// Ends the stream of messages to the service.
    pub(super) fn close(&mut self) {
        self.sent = None;
    }

    /// Returns the next message, or `None` after the last one, or the code and the message of the error.
    pub(super) async fn next<T: Message + Default>(&mut self) -> Result<Option<T>, (String, String)> {
        loop {
            if let Some(mut length) = self.buffer.get(1..5) {
                let end = 5 + length.get_u32() as usize;
                if self.buffer.len() >= end {
                    return Ok(Some(T::decode(&self.buffer.split_to(end)[5..]).unwrap()));
                }
            }
            match self.body.frame().await {
                Some(frame) => match frame.unwrap().into_data() {
                    Ok(data) => self.buffer.extend_from_slice(&data),
                    Err(frame) => return outcome(&frame.into_trailers().unwrap()).map(|()| None),
                },
                None => return outcome(&self.headers).map(|()| None),
            }
        }
    }
}

/// A message with the gRPC prefix.
fn framed(message: &impl Message) -> Bytes {
    let message = message.encode_to_vec();
    let mut framed = BytesMut::new();
    framed.put_u8(0);
    framed.put_u32(message.len() as u32);
    framed.put_slice(&message);
    framed.freeze()
}

fn outcome(trailers: &HeaderMap) -> Result<(), (String, String)> {
    let text = |name| {
        let value = trailers.get(name).map_or(b"".as_slice(), HeaderValue::as_bytes);
        percent_encoding::percent_decode(value).decode_utf8().unwrap().into_owned()
    };
    match (text("grpc-status"), text("grpc-message")) {
        (code, _) if code == "0" => Ok(()),
        error => Err(error),
    }
}
