//! The sources of progress items.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::Stream as _;
#[cfg(feature = "buildkit")]
use futures_util::future::BoxFuture;

use super::ProgressItem;
#[cfg(feature = "buildkit")]
use crate::images::build::{Response, SolveStream};
#[cfg(feature = "buildkit")]
use crate::transport::poll_connection;
use crate::{
    Error, Result,
    generated::Body,
    stream::{Decoded, DocumentDecoder},
};

/// Progress items, from the body of a response or from BuildKit calls. Ends after the first error.
pub(super) enum Items {
    Documents {
        items: Decoded<DocumentDecoder<ProgressItem>>,
        /// Serves the session of a build; ends early, with the reason.
        #[cfg(feature = "buildkit")]
        session: Option<BoxFuture<'static, Error>>,
    },
    #[cfg(feature = "buildkit")]
    Solve(SolveStream),
}

impl Items {
    pub(super) fn documents(body: Body, limit: usize, operation: &'static str) -> Self {
        Self::Documents {
            items: Decoded::new(body, DocumentDecoder::new(limit), operation),
            #[cfg(feature = "buildkit")]
            session: None,
        }
    }

    /// Serves a session while the items are polled.
    #[cfg(feature = "buildkit")]
    pub(super) fn with_session(self, served: Option<BoxFuture<'static, Error>>) -> Self {
        match self {
            Self::Documents { items, .. } => Self::Documents { items, session: served },
            Self::Solve(_) => self,
        }
    }

    /// Names the object of the operation, in errors.
    pub(super) fn of(self, object: &str) -> Self {
        match self {
            #[cfg(feature = "buildkit")]
            Self::Documents { items, session } => Self::Documents { items: items.of(object), session },
            #[cfg(not(feature = "buildkit"))]
            Self::Documents { items } => Self::Documents { items: items.of(object) },
            #[cfg(feature = "buildkit")]
            Self::Solve(items) => Self::Solve(items.of(object)),
        }
    }

    /// Limits the time without received data; `None` is no limit.
    pub(super) fn set_read_timeout(&mut self, limit: Option<Duration>) {
        match self {
            Self::Documents { items, .. } => items.set_read_timeout(limit),
            #[cfg(feature = "buildkit")]
            Self::Solve(items) => items.set_read_timeout(limit),
        }
    }

    /// Closes the connections because of an error of the consumer, and returns the error with the operation's name.
    pub(super) fn fail(&mut self, error: Error) -> Error {
        match self {
            #[cfg(feature = "buildkit")]
            Self::Documents { items, session } => {
                *session = None;
                items.fail(error)
            }
            #[cfg(not(feature = "buildkit"))]
            Self::Documents { items } => items.fail(error),
            #[cfg(feature = "buildkit")]
            Self::Solve(items) => items.fail(error),
        }
    }

    /// Returns what BuildKit has reported about the result, once the items have ended.
    #[cfg(feature = "buildkit")]
    pub(super) fn take_response(&mut self) -> Response {
        match self {
            Self::Documents { .. } => Response::new(),
            Self::Solve(items) => items.take_response(),
        }
    }

    /// Polls the next item, and the session. Fails if the session ends before the operation.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<ProgressItem>>> {
        match self {
            #[cfg(feature = "buildkit")]
            Self::Documents { items, session } => {
                let lost = session.as_mut().map_or(Poll::Pending, |session| poll_connection(session, cx));
                match (Pin::new(&mut *items).poll_next(cx), lost) {
                    // The items that have arrived are returned first.
                    (Poll::Pending, Poll::Ready(lost)) => {
                        *session = None;
                        Poll::Ready(Some(Err(items.fail(lost))))
                    }
                    (item @ Poll::Ready(Some(Err(_)) | None), _) => {
                        *session = None;
                        item
                    }
                    (item, _) => item,
                }
            }
            #[cfg(not(feature = "buildkit"))]
            Self::Documents { items } => Pin::new(items).poll_next(cx),
            #[cfg(feature = "buildkit")]
            Self::Solve(items) => items.poll_item(cx),
        }
    }
}

impl fmt::Debug for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Documents { items, .. } => items.fmt(f),
            #[cfg(feature = "buildkit")]
            Self::Solve(items) => items.fmt(f),
        }
    }
}
