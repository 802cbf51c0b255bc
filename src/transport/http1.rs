//! HTTP/1.1 connection that is polled by the call that uses it.
//!
//! There is no task per connection: the call that awaits a response or reads its body also polls the connection. So a call
//! depends only on its own runtime, and dropping a call or a response closes the connection, which also cancels an upload.

use std::{
    fmt,
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::runtime;

use super::{
    Io,
    http1_head::{MAX_HEAD_SIZE, invalid_http},
    pooled_io::{Pooled, ReceivedBytes},
};
use crate::Error;

type Driver = http1::Connection<TokioIo<Pooled>, reqwest::Body>;

/// A keep-alive connection, which serves one request at a time.
pub(super) struct Http1 {
    sender: SendRequest<reqwest::Body>,
    /// `None` once the connection is closed.
    driver: Option<Driver>,
    received: ReceivedBytes,
    runtime: runtime::Id,
    is_reused: bool,
}

/// The reason that a request has no response.
pub(super) enum Failure {
    /// A reused connection was closed before the request was written. Returns the request.
    Unsent(Box<Request<reqwest::Body>>),
    /// A reused connection was closed without a byte of a response.
    Stale(hyper::Error),
    /// The connection failed in any other way.
    Broken(hyper::Error),
    /// The response is not valid HTTP.
    Invalid(Error),
}

impl Http1 {
    /// Creates a connection over `stream`, which was opened in `runtime`.
    pub(super) async fn new(stream: Io, runtime: runtime::Id) -> hyper::Result<Box<Self>> {
        let received = ReceivedBytes::default();
        let io = TokioIo::new(Pooled::new(stream, received.clone()));
        let (sender, driver) = http1::handshake(io).await?;
        Ok(Box::new(Self { sender, driver: Some(driver), received, runtime, is_reused: false }))
    }

    /// Returns the runtime that the socket belongs to. The connection makes progress only while that runtime runs.
    pub(super) fn runtime(&self) -> runtime::Id {
        self.runtime
    }

    pub(super) fn is_reused(&self) -> bool {
        self.is_reused
    }

    /// Sends `request` and waits for the response headers.
    pub(super) async fn send(&mut self, request: Request<reqwest::Body>) -> Result<Response<Incoming>, Failure> {
        self.received.reset();
        let mut response = pin!(self.sender.try_send_request(request));
        let outcome = poll_fn(|cx| {
            self.drive(cx);
            match response.as_mut().poll(cx) {
                Poll::Pending if self.received.bytes() > 2 * MAX_HEAD_SIZE => Poll::Ready(None),
                outcome => outcome.map(Some),
            }
        });
        match outcome.await {
            Some(Ok(response)) => Ok(response),
            Some(Err(mut error)) => Err(match error.take_message() {
                Some(request) if self.is_reused => Failure::Unsent(Box::new(request)),
                _ if self.is_reused && self.received.bytes() == 0 => Failure::Stale(error.into_error()),
                _ => Failure::Broken(error.into_error()),
            }),
            None => Err(Failure::Invalid(invalid_http("response headers too large"))),
        }
    }

    /// Polls the connection, which reads and writes as much as possible without blocking.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        if let Some(driver) = &mut self.driver {
            // The pending request or body returns the error, so it is ignored here.
            if Pin::new(driver).poll(cx).is_ready() {
                self.driver = None;
            }
        }
    }

    /// Whether another request may be sent: the last request and its response are complete, and the connection is open.
    ///
    /// Events of the connection wake no task from here on.
    pub(super) fn is_idle(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        self.is_reused = true;
        self.driver.is_some() && self.sender.is_ready()
    }
}

impl fmt::Debug for Http1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http1")
    }
}
