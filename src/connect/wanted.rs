//! Uploads end with the wish for their answer.
//!
//! An engine may answer before it has heard all, mostly to say no. An HTTP library that has handed
//! on the answer goes on sending; here, what is sent breaks off once the answer is dropped.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::Response;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::oneshot;

use crate::Result;

/// The body of an answer.
pub(crate) struct Answer {
    body: Incoming,
    /// Dropped together with the body.
    _wish: oneshot::Sender<Infallible>,
}

/// A body that fails once the answer to it is dropped.
struct Wanted {
    body: reqwest::Body,
    wish: oneshot::Receiver<Infallible>,
}

/// What becomes of `body`, if `send` answers to it.
pub(super) async fn tied(
    body: reqwest::Body,
    send: impl AsyncFnOnce(reqwest::Body) -> Result<Response<Incoming>>,
) -> Result<Response<Answer>> {
    let (wish, wanted) = oneshot::channel();
    let is_whole = body.as_bytes().is_some();
    let body = if is_whole { body } else { reqwest::Body::wrap(Wanted { body, wish: wanted }) };
    Ok(send(body).await?.map(|body| Answer { body, _wish: wish }))
}

impl Body for Wanted {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.wish.poll_unpin(cx).is_ready() {
            return Poll::Ready(Some(Err(io::Error::other("nobody wants the answer any more"))));
        }
        Pin::new(&mut self.body).poll_frame(cx).map_err(io::Error::other)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
