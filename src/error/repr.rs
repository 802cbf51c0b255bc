//! The representation of errors.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use super::operation::Operation;
use crate::ApiVersion;

/// The message of engines before 1.7 for an API version that they do not support.
pub(super) const OTHER_VERSION: &str = "client and server don't have same version";

/// The content of an [`Error`](super::Error).
#[derive(Clone, Debug)]
pub(super) struct Inner {
    pub(super) kind: Kind,
    pub(super) operation: Option<Operation>,
    /// The name or id of the object that the operation is for.
    pub(super) object: Option<Box<str>>,
    pub(super) stage: Stage,
    pub(super) source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The part of a call in which it failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// Before the request of the call itself was sent: for example in the negotiation of the version.
    BeforeRequest,
    /// In the call itself.
    #[default]
    Call,
    /// While the source of an upload was read: a part of it may have been sent.
    Upload,
}

/// The kind of an error with the details of its message. Its public form is [`ErrorKind`](super::ErrorKind).
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// The input is not valid; nothing was sent.
    InvalidInput(String),
    /// A local file, or the source of an upload, cannot be read or written.
    LocalIo(String),
    /// The negotiated API version lacks a part of the call; nothing was sent.
    Unsupported(Unsupported),
    /// The configured credentials are not available; nothing was sent.
    Credentials(String),
    /// No connection was established.
    Connect(String),
    /// The connection was closed before a response was received.
    NoResponse(String),
    /// The connection was lost, or the response is not HTTP.
    ConnectionLost(String),
    /// A phase took longer than its limit.
    Timeout { phase: Phase, limit: Duration },
    /// The engine responded with an error status.
    Status { status: u16, message: String },
    /// The engine reported that the operation failed, in the response body.
    OperationFailed { status: Option<u16>, code: i64, message: String },
    /// A container exited or became unhealthy, or the update of a service failed, before the awaited condition was met.
    WaitFailed { code: Option<i64>, message: String },
    /// The response was truncated.
    Truncated(String),
    /// A success response that cannot be decoded.
    Decode(String),
    /// A bug of this crate, or a background task that panicked or was cancelled.
    Internal(String),
}

impl Kind {
    /// Returns the text that has no bounded length.
    pub(super) fn text_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::InvalidInput(text)
            | Self::LocalIo(text)
            | Self::Internal(text)
            | Self::Credentials(text)
            | Self::Connect(text)
            | Self::NoResponse(text)
            | Self::ConnectionLost(text)
            | Self::Truncated(text)
            | Self::Decode(text)
            | Self::Unsupported(Unsupported { message: text, .. })
            | Self::Timeout {
                phase: Phase::Helper(text) | Phase::Connect(text) | Phase::Tunnel(text) | Phase::Convergence(text),
                ..
            }
            | Self::Status { message: text, .. }
            | Self::OperationFailed { message: text, .. }
            | Self::WaitFailed { message: text, .. } => Some(text),
            Self::Timeout { .. } => None,
        }
    }
}

/// A part of a call that the negotiated API version does not support.
#[derive(Clone, Debug)]
pub(crate) struct Unsupported {
    pub(crate) message: String,
    pub(crate) required: Option<ApiVersion>,
    pub(crate) negotiated: Option<ApiVersion>,
}

/// A part of a call with a separate time limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// A credential helper runs; the name of its program.
    Helper(String),
    /// A connection is established; the address.
    Connect(String),
    /// An `ssh` process connects to the engine; the address, and the message of `ssh` if there is one.
    #[cfg_attr(not(feature = "ssh"), allow(dead_code, reason = "there are no such processes"))]
    Tunnel(String),
    /// The response headers are awaited.
    Headers,
    /// More of the response body is awaited.
    Body,
    /// The whole call.
    Call,
    /// The whole call, which waits for the tasks of a service; their state.
    Convergence(String),
}

impl Phase {
    /// Writes that this took longer than `limit`, and which setting that is.
    pub(super) fn write(&self, f: &mut impl fmt::Write, limit: Duration) -> fmt::Result {
        match self {
            Self::Helper(program) => {
                write!(f, "{program} did not exit within {limit:?} (credential_helper_timeout)")
            }
            Self::Connect(address) => write!(f, "timed out connecting to {address} after {limit:?} (connect_timeout)"),
            Self::Tunnel(address) => write!(f, "timed out connecting to {address} after {limit:?} (connect_timeout)"),
            Self::Headers => write!(f, "no response headers within {limit:?} (response_timeout)"),
            Self::Body => write!(f, "response body stalled: no data for {limit:?} (read_timeout)"),
            Self::Call => write!(f, "not complete within {limit:?} (time_limit)"),
            Self::Convergence(state) => write!(f, "not complete within {limit:?} (time_limit): {state}"),
        }
    }
}
