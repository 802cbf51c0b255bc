//! Response body over a pooled connection.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::runtime::Handle;

use super::{call_limit::Permit, http1::Http1, pool::Pool};

/// The body of a response. Reading it polls its connection; dropping it before it is complete closes the connection.
pub(crate) struct ResponseBody {
    body: Incoming,
    /// `None` once the body is complete. The mutex is never locked; it makes the body `Sync`, and so the public streams.
    lease: Mutex<Option<Lease>>,
}

/// The connection and the permit that a call holds until its response is complete.
pub(super) struct Lease {
    pub(super) connection: Box<Http1>,
    pub(super) pool: Arc<Pool>,
    pub(super) permit: Option<Permit>,
}

impl Lease {
    /// Returns the connection to the pool, if the engine keeps it open.
    fn release(mut self) {
        if self.connection.is_idle() {
            self.pool.put(self.connection);
        }
    }
}

impl ResponseBody {
    pub(super) fn new(body: Incoming, lease: Lease) -> Self {
        if body.is_end_stream() {
            lease.release();
            return Self { body, lease: Mutex::new(None) };
        }
        Self { body, lease: Mutex::new(Some(lease)) }
    }
}

impl ResponseBody {
    /// Stops counting the connection towards the limit on connections: the caller decides how long reading the body takes.
    pub(crate) fn release_permit(&mut self) {
        if let Some(lease) = self.lease.get_mut().unwrap_or_else(PoisonError::into_inner) {
            lease.permit = None;
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let Self { body, lease } = &mut *self;
        let lease = lease.get_mut().unwrap_or_else(PoisonError::into_inner);
        // The beginning of a body often arrives with the headers. The connection, polled in this task, need not wake it.
        let mut frame = Pin::new(&mut *body).poll_frame(&mut Context::from_waker(Waker::noop()));
        if frame.is_pending() {
            if let Some(lease) = lease {
                lease.connection.drive(cx);
            }
            frame = Pin::new(&mut *body).poll_frame(cx);
        }
        let frame = ready!(frame);
        let is_complete = frame.is_none() || body.is_end_stream();
        if let Some(lease) = lease.take_if(|_| is_complete) {
            lease.release();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for ResponseBody {
    /// Returns the connection to the pool if the rest of the body has arrived already, even if it was not read.
    fn drop(&mut self) {
        let lease = self.lease.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Some(runtime) = lease.as_ref().map(|lease| lease.connection.runtime()) else { return };
        if Handle::try_current().is_ok_and(|handle| handle.id() == runtime) {
            let mut cx = Context::from_waker(Waker::noop());
            // One frame for the data, one for the end of the body.
            let _ = Pin::new(&mut *self).poll_frame(&mut cx).map(|_| Pin::new(self).poll_frame(&mut cx));
        }
    }
}
