//! Predicates and details of errors.

use super::{
    Error, ErrorKind,
    repr::{Kind, Phase, Stage, Unsupported},
};
use crate::ApiVersion;

impl Error {
    /// Returns whether the object does not exist (404).
    #[doc(alias = "ErrNotFound")]
    #[doc(alias = "ErrImageNotFound")]
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// Returns whether the object is not in a state that allows the operation, or its name is in use (409).
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.kind() == ErrorKind::Conflict
    }

    /// Returns whether credentials are missing or wrong (401).
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        self.kind() == ErrorKind::Unauthorized
    }

    /// Returns whether access is denied (403), for example by a registry or by an authorization plugin of the engine.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        self.kind() == ErrorKind::Forbidden
    }

    /// Returns whether too many requests were sent (429), for example to a registry with a rate limit.
    #[must_use]
    pub fn is_too_many_requests(&self) -> bool {
        self.kind() == ErrorKind::TooManyRequests
    }

    /// Returns whether the engine failed (5xx).
    #[must_use]
    pub fn is_server_error(&self) -> bool {
        let is_server_error = self.status().is_some_and(|status| (500..600).contains(&status));
        is_server_error && matches!(self.kind(), ErrorKind::Server | ErrorKind::OperationFailed)
    }

    /// Returns whether the call is not valid: this crate rejected an argument or a setting
    /// ([`InvalidInput`](ErrorKind::InvalidInput)), or the engine rejected the parameters (400) or the API version that
    /// was pinned (400, or 404 from engines before 1.7).
    #[must_use]
    pub fn is_bad_request(&self) -> bool {
        matches!(self.kind(), ErrorKind::InvalidInput | ErrorKind::BadRequest)
    }

    /// Returns whether a local file or directory, or the source of an upload, could not be read or written.
    #[must_use]
    pub fn is_local_io(&self) -> bool {
        self.kind() == ErrorKind::LocalIo
    }

    /// Returns whether a time limit was exceeded.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// Returns whether no connection to the engine was established. Nothing was sent.
    #[doc(alias = "ErrConnectionRefused")]
    #[must_use]
    pub fn is_connect(&self) -> bool {
        matches!(self.0.kind, Kind::Connect(_) | Kind::Timeout { phase: Phase::Connect(_) | Phase::Tunnel(_), .. })
    }

    /// Returns whether the connection was closed before the response was complete, or the response is not HTTP.
    #[must_use]
    pub fn is_connection_lost(&self) -> bool {
        self.kind() == ErrorKind::ConnectionLost
    }

    /// Returns whether the engine may have executed the operation, or a part of it, although the call failed: the response
    /// was not received, truncated or not decoded, or the source of an upload failed after the request was sent.
    ///
    /// If this is `false`, nothing was sent, or the engine reported the failure. The client retries `GET` and `HEAD`
    /// requests that were sent on a keep-alive connection that had been closed; retrying other requests is up to the
    /// caller.
    #[must_use]
    pub fn may_have_been_executed(&self) -> bool {
        match (self.0.stage, &self.0.kind) {
            (Stage::BeforeRequest, _) => false,
            (Stage::Upload, _) => true,
            (
                Stage::Call,
                Kind::NoResponse(_)
                | Kind::ConnectionLost(_)
                | Kind::Timeout { phase: Phase::Headers | Phase::Body | Phase::Call | Phase::Convergence(_), .. }
                | Kind::Truncated(_)
                | Kind::Decode(_),
            ) => true,
            (
                Stage::Call,
                Kind::InvalidInput(_)
                | Kind::LocalIo(_)
                | Kind::Unsupported(_)
                | Kind::Credentials(_)
                | Kind::Connect(_)
                | Kind::Timeout { phase: Phase::Helper(_) | Phase::Connect(_) | Phase::Tunnel(_), .. }
                | Kind::Status { .. }
                | Kind::OperationFailed { .. }
                | Kind::WaitFailed { .. }
                | Kind::Internal(_),
            ) => false,
        }
    }

    /// Returns whether configured credentials are not available, because a credential helper is missing, failed or timed out.
    /// Nothing was sent.
    #[must_use]
    pub fn is_credentials(&self) -> bool {
        matches!(self.0.kind, Kind::Credentials(_) | Kind::Timeout { phase: Phase::Helper(_), .. })
    }

    /// Returns whether the negotiated API version, or the engine's BuildKit, lacks the operation, option or field. The engine
    /// has executed nothing.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        self.kind() == ErrorKind::Unsupported
    }

    /// Returns whether the response could not be decoded, or exceeded a size limit.
    #[must_use]
    pub fn is_decode(&self) -> bool {
        self.kind() == ErrorKind::Decode
    }

    /// Returns whether the response was truncated: it ended inside a JSON value, a frame of output or an archive.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.kind() == ErrorKind::Truncated
    }

    /// Returns whether an operation such as a pull, a push or a build began and failed. The engine reports that in the
    /// progress, after a success status; Podman 5 reports a failed push with an error [`status`](Self::status).
    ///
    /// If the engine sent a status with the failure, the predicate of that status is true too: a pull without credentials
    /// can be both this and [`is_unauthorized`](Self::is_unauthorized).
    #[must_use]
    pub fn is_operation_failed(&self) -> bool {
        matches!(self.0.kind, Kind::OperationFailed { .. })
    }

    /// Returns whether a container exited or became unhealthy, or the update of a service was paused or rolled back, before
    /// the awaited condition was met.
    #[must_use]
    pub fn is_wait_failed(&self) -> bool {
        self.kind() == ErrorKind::WaitFailed
    }

    /// Returns the HTTP status of an error response.
    #[doc(alias = "StatusCode")]
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.0.kind {
            Kind::Status { status, .. } => Some(status),
            Kind::OperationFailed { status, .. } => status,
            _ => None,
        }
    }

    /// Returns the code of a failure that was reported after a success status: the exit code of a build step, or of a container
    /// or task that exited too early, or 401 or 403 for missing credentials or permissions.
    #[must_use]
    pub fn code(&self) -> Option<i64> {
        match self.0.kind {
            Kind::OperationFailed { code, .. } => Some(code).filter(|&code| code != 0),
            Kind::WaitFailed { code, .. } => code,
            _ => None,
        }
    }

    /// Returns the engine's error message, trimmed, if the engine reported an error.
    ///
    /// A message of over 8 KiB is cut and ends with `…`. Unlike in `Display`, control characters are not escaped.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match &self.0.kind {
            Kind::Status { message, .. } | Kind::OperationFailed { message, .. } => Some(message),
            _ => None,
        }
    }

    /// Returns the id of the operation that failed, for example `container_start`; `None` for [raw requests](crate::raw).
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation.as_ref()?.id()
    }

    /// Returns the API version that the call requires: the first, or the last if a newer version has removed a part of it.
    #[must_use]
    pub fn required_version(&self) -> Option<ApiVersion> {
        self.unsupported()?.required
    }

    /// Returns the negotiated API version, if it lacks a part of the call.
    #[must_use]
    pub fn negotiated_version(&self) -> Option<ApiVersion> {
        self.unsupported()?.negotiated
    }

    fn unsupported(&self) -> Option<&Unsupported> {
        match &self.0.kind {
            Kind::Unsupported(unsupported) => Some(unsupported),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    type Predicate = (&'static str, fn(&Error) -> bool);

    const PREDICATES: [Predicate; 18] = [
        ("bad_request", Error::is_bad_request),
        ("local_io", Error::is_local_io),
        ("unsupported", Error::is_unsupported),
        ("credentials", Error::is_credentials),
        ("connect", Error::is_connect),
        ("connection_lost", Error::is_connection_lost),
        ("timeout", Error::is_timeout),
        ("unauthorized", Error::is_unauthorized),
        ("forbidden", Error::is_forbidden),
        ("not_found", Error::is_not_found),
        ("conflict", Error::is_conflict),
        ("too_many_requests", Error::is_too_many_requests),
        ("server_error", Error::is_server_error),
        ("operation_failed", Error::is_operation_failed),
        ("wait_failed", Error::is_wait_failed),
        ("truncated", Error::is_truncated),
        ("decode", Error::is_decode),
        ("may_have_been_executed", Error::may_have_been_executed),
    ];

    /// The predicates that are true.
    fn predicates(error: &Error) -> Vec<&'static str> {
        PREDICATES.iter().filter(|(_, predicate)| predicate(error)).map(|(name, _)| *name).collect()
    }

    fn text() -> String {
        String::from("text")
    }

    fn status(status: u16) -> Error {
        Error::new(Kind::Status { status, message: text() })
    }

    fn in_progress(status: Option<u16>, code: i64) -> Error {
        Error::new(Kind::OperationFailed { status, code, message: text() })
    }

    fn timeout(phase: Phase) -> Error {
        Error::new(Kind::Timeout { phase, limit: Duration::from_secs(1) })
    }

    #[track_caller]
    fn check(error: &Error, kind: ErrorKind, expected: &[&str]) {
        assert_eq!((error.kind(), &*predicates(error)), (kind, expected), "{error:?}");
    }

    #[test]
    fn kind_and_predicates_of_each_kind() {
        use ErrorKind as E;

        let unsupported = Kind::Unsupported(Unsupported { message: text(), required: None, negotiated: None });
        let executed = "may_have_been_executed";
        for (kind, expected, predicates) in [
            (Kind::InvalidInput(text()), E::InvalidInput, &["bad_request"][..]),
            (Kind::LocalIo(text()), E::LocalIo, &["local_io"]),
            (unsupported, E::Unsupported, &["unsupported"]),
            (Kind::Credentials(text()), E::Credentials, &["credentials"]),
            (Kind::Connect(text()), E::Connect, &["connect"]),
            (Kind::NoResponse(text()), E::ConnectionLost, &["connection_lost", executed]),
            (Kind::ConnectionLost(text()), E::ConnectionLost, &["connection_lost", executed]),
            (Kind::WaitFailed { code: Some(404), message: text() }, E::WaitFailed, &["wait_failed"]),
            (Kind::Truncated(text()), E::Truncated, &["truncated", executed]),
            (Kind::Decode(text()), E::Decode, &["decode", executed]),
            (Kind::Internal(text()), E::Internal, &[]),
        ] {
            check(&Error::new(kind), expected, predicates);
        }
    }

    #[test]
    fn kind_and_predicates_of_timeouts() {
        let executed = "may_have_been_executed";
        check(&timeout(Phase::Helper(text())), ErrorKind::Timeout, &["credentials", "timeout"]);
        check(&timeout(Phase::Connect("tcp://a:1".into())), ErrorKind::Timeout, &["connect", "timeout"]);
        check(&timeout(Phase::Tunnel(text())), ErrorKind::Timeout, &["connect", "timeout"]);
        check(&timeout(Phase::Headers), ErrorKind::Timeout, &["timeout", executed]);
        check(&timeout(Phase::Body), ErrorKind::Timeout, &["timeout", executed]);
        check(&timeout(Phase::Call), ErrorKind::Timeout, &["timeout", executed]);
        check(&timeout(Phase::Convergence(text())), ErrorKind::Timeout, &["timeout", executed]);
    }

    #[test]
    fn kind_and_predicates_of_statuses() {
        for (code, kind, expected) in [
            (304, ErrorKind::OtherStatus, &[][..]),
            (400, ErrorKind::BadRequest, &["bad_request"]),
            (401, ErrorKind::Unauthorized, &["unauthorized"]),
            (403, ErrorKind::Forbidden, &["forbidden"]),
            (404, ErrorKind::NotFound, &["not_found"]),
            (406, ErrorKind::OtherStatus, &[]),
            (409, ErrorKind::Conflict, &["conflict"]),
            (429, ErrorKind::TooManyRequests, &["too_many_requests"]),
            (499, ErrorKind::OtherStatus, &[]),
            (500, ErrorKind::Server, &["server_error"]),
            (501, ErrorKind::Server, &["server_error"]),
            (599, ErrorKind::Server, &["server_error"]),
        ] {
            check(&status(code), kind, expected);
            assert_eq!(status(code).status(), Some(code));
        }
        let message = format!("{} (client : 1.41, server : 1.18)", super::super::repr::OTHER_VERSION);
        let rejected = Error::new(Kind::Status { status: 404, message });
        check(&rejected, ErrorKind::BadRequest, &["bad_request"]);
    }

    #[test]
    fn failure_in_progress_has_the_kind_of_its_status_or_code() {
        for (code, kind, predicate) in [
            (400, ErrorKind::BadRequest, "bad_request"),
            (401, ErrorKind::Unauthorized, "unauthorized"),
            (403, ErrorKind::Forbidden, "forbidden"),
            (404, ErrorKind::NotFound, "not_found"),
            (409, ErrorKind::Conflict, "conflict"),
            (429, ErrorKind::TooManyRequests, "too_many_requests"),
        ] {
            check(&in_progress(None, i64::from(code)), kind, &[predicate, "operation_failed"]);
            check(&in_progress(Some(500), i64::from(code)), kind, &[predicate, "operation_failed"]);
            check(&in_progress(Some(code), 0), kind, &[predicate, "operation_failed"]);
        }
        for code in [0, 1, 127, 255, 500] {
            check(&in_progress(None, code), ErrorKind::OperationFailed, &["operation_failed"]);
        }
        check(&in_progress(Some(500), 0), ErrorKind::OperationFailed, &["server_error", "operation_failed"]);
    }

    #[test]
    fn may_have_been_executed_depends_on_the_stage() {
        for kind in [Kind::NoResponse(text()), Kind::ConnectionLost(text()), Kind::Decode(text())] {
            assert!(!Error::new(kind).before_request().may_have_been_executed());
        }
        for kind in [Kind::LocalIo(text()), Kind::InvalidInput(text()), Kind::Internal(text())] {
            assert!(Error::new(kind).in_upload().may_have_been_executed());
        }
    }
}
