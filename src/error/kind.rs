//! Kinds of errors.

use super::{
    Error,
    repr::{Kind, OTHER_VERSION},
};

/// The kind of an [`Error`]. Returned by [`Error::kind`].
///
/// Each error has exactly one kind. The predicates of [`Error`] may overlap: the kind of a
/// connection that was not made in time is [`Timeout`](Self::Timeout), and both [`Error::is_timeout`] and
/// [`Error::is_connect`] are true for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument or a setting is not valid, or it does not apply to the object. Nothing was sent, except for requests
    /// that were needed to detect this.
    InvalidInput,
    /// A file or directory of this machine, or the source of an upload, could not be read or written: it does not exist,
    /// access was denied, it is not a regular file, it is too large, or it changed while it was read.
    LocalIo,
    /// The negotiated API version does not have the operation, option or field, or client and engine have no API version
    /// in common, or the engine's BuildKit lacks a call of its control API. Nothing was sent.
    Unsupported,
    /// The configured credentials are not available, because a credential helper is missing or failed. Nothing was sent.
    Credentials,
    /// No connection to the engine was established. Nothing was sent.
    Connect,
    /// The connection was closed before the response was complete, or the response is not valid HTTP.
    ConnectionLost,
    /// A time limit was exceeded.
    Timeout,
    /// The engine rejected the parameters of the request (400), or the API version that was pinned.
    BadRequest,
    /// Credentials are missing or wrong (401).
    Unauthorized,
    /// Access is denied (403).
    Forbidden,
    /// The object does not exist (404).
    NotFound,
    /// The object is not in a state that allows the operation, or its name is in use (409).
    Conflict,
    /// Too many requests were sent (429), for example to a registry with a rate limit.
    TooManyRequests,
    /// The engine failed (5xx).
    Server,
    /// The engine responded with another status that is not a success, such as 304.
    OtherStatus,
    /// An operation began and failed, such as a pull, a push or a build. A failure that was reported with 401, 403, 404,
    /// 409 or 429 has the kind of that status.
    OperationFailed,
    /// A container stopped or became unhealthy, or the update of a service was paused or rolled back, before the awaited
    /// condition was met.
    WaitFailed,
    /// The response ended in the middle of a document, of a frame of output or of an archive entry.
    Truncated,
    /// The response could not be decoded, or it exceeded a size limit.
    Decode,
    /// A bug in this crate, or a thread for file access that panicked or was cancelled.
    Internal,
}

impl ErrorKind {
    /// Returns the kind of a status that has a dedicated kind.
    fn of_status(status: i64) -> Option<Self> {
        match status {
            400 => Some(Self::BadRequest),
            401 => Some(Self::Unauthorized),
            403 => Some(Self::Forbidden),
            404 => Some(Self::NotFound),
            409 => Some(Self::Conflict),
            429 => Some(Self::TooManyRequests),
            _ => None,
        }
    }
}

impl Error {
    /// Returns the kind of the error.
    ///
    /// # Examples
    ///
    /// ```
    /// use dockerclient::{Error, ErrorKind};
    ///
    /// fn is_worth_a_retry(error: &Error) -> bool {
    ///     match error.kind() {
    ///         ErrorKind::Connect | ErrorKind::TooManyRequests | ErrorKind::Server => true,
    ///         ErrorKind::ConnectionLost | ErrorKind::Timeout => !error.may_have_been_executed(),
    ///         _ => false,
    ///     }
    /// }
    /// # let error = "not a version".parse::<dockerclient::ApiVersion>().unwrap_err();
    /// # assert!(!is_worth_a_retry(&error) && error.kind() == ErrorKind::InvalidInput);
    /// ```
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &self.0.kind {
            Kind::InvalidInput(_) => ErrorKind::InvalidInput,
            Kind::LocalIo(_) => ErrorKind::LocalIo,
            Kind::Unsupported(_) => ErrorKind::Unsupported,
            Kind::Credentials(_) => ErrorKind::Credentials,
            Kind::Connect(_) => ErrorKind::Connect,
            Kind::NoResponse(_) | Kind::ConnectionLost(_) => ErrorKind::ConnectionLost,
            Kind::Timeout { .. } => ErrorKind::Timeout,
            Kind::Status { status: 404, message } if message.starts_with(OTHER_VERSION) => ErrorKind::BadRequest,
            Kind::Status { status: 500..=599, .. } => ErrorKind::Server,
            Kind::Status { status, .. } => ErrorKind::of_status((*status).into()).unwrap_or(ErrorKind::OtherStatus),
            Kind::OperationFailed { status, code, .. } => status
                .and_then(|status| ErrorKind::of_status(status.into()))
                .or_else(|| ErrorKind::of_status(*code))
                .unwrap_or(ErrorKind::OperationFailed),
            Kind::WaitFailed { .. } => ErrorKind::WaitFailed,
            Kind::Truncated(_) => ErrorKind::Truncated,
            Kind::Decode(_) => ErrorKind::Decode,
            Kind::Internal(_) => ErrorKind::Internal,
        }
    }
}
