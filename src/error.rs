//! The one error of this crate.

use std::{error::Error as StdError, fmt, io, path::Path, sync::Arc, time::Duration};

use crate::ApiVersion;

/// What every fallible call of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed.
///
/// It is opaque and asked by predicate: [`is_not_found`](Self::is_not_found),
/// [`is_connect`](Self::is_connect), [`status`](Self::status) and so on. Its
/// `Display` names the operation and what went wrong, on this level only;
/// [`source`](StdError::source) has the rest. It is one pointer wide and cheap
/// to clone.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: Kind,
    operation: Option<&'static str>,
    /// What failed came before the request of the call itself was sent.
    early: bool,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// How engines before 1.7 begin to say that they do not speak a version. They will not learn other words.
const OTHER_VERSION: &str = "client and server don't have same version";

/// What went wrong: a kind for each thing a caller can do about it.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// The call cannot be meant; nothing was sent.
    Request(String),
    /// The engine does not know what was asked for; nothing was sent.
    Unsupported(Unsupported),
    /// The credentials that are configured cannot be had; nothing was sent.
    Credentials(String),
    /// No connection came about.
    Connect(String),
    /// The connection broke before the engine answered.
    Unanswered(String),
    /// The connection broke, or what came over it is not HTTP.
    Connection(String),
    /// A phase took longer than its limit.
    Timeout { phase: Phase, limit: Duration },
    /// The engine understood and said no.
    Engine { status: u16, message: String },
    /// The engine said yes, and told of a failure later.
    Failed { code: i64, message: String },
    /// A container ended, or fell ill, before what was awaited of it came.
    Ended { code: Option<i64>, message: String },
    /// The answer ended in the middle of something.
    Truncated(String),
    /// The engine said yes and something nobody understands.
    Decode(String),
}

/// What the engine lacks.
#[derive(Clone, Debug)]
pub(crate) struct Unsupported {
    pub(crate) message: String,
    pub(crate) needed: Option<ApiVersion>,
    pub(crate) spoken: Option<ApiVersion>,
}

/// The first error of type `T` among `error` and its sources.
pub(crate) fn cause<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // What an IO error wraps is not its source.
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

/// A part of a call that has a time limit of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// A helper, by the name of its program, looks up credentials.
    Helper(String),
    Connect,
    Answer,
    Body,
}

impl Error {
    pub(crate) fn new(kind: Kind) -> Self {
        Self(Arc::new(Inner { kind, operation: None, early: false, source: None }))
    }

    pub(crate) fn with_source(kind: Kind, source: impl StdError + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner { kind, operation: None, early: false, source: Some(Arc::new(source)) }))
    }

    /// The call cannot be meant; nothing was sent.
    pub(crate) fn request(message: impl Into<String>) -> Self {
        Self::new(Kind::Request(message.into()))
    }

    /// What is at `path` on this machine cannot be read.
    pub(crate) fn unread(path: &Path, error: io::Error) -> Self {
        Self::with_source(Kind::Request(format!("{} cannot be read", path.display())), error)
    }

    /// The engine does not know `what` before API `needed`; nothing was sent.
    pub(crate) fn needs(what: &str, needed: ApiVersion, spoken: ApiVersion) -> Self {
        let message = format!("{what}needs API {needed}, but {spoken} is spoken");
        Self::new(Kind::Unsupported(Unsupported { message, needed: Some(needed), spoken: Some(spoken) }))
    }

    /// Says what was being done. The first to say so is right.
    #[must_use]
    pub(crate) fn during(mut self, operation: &'static str) -> Self {
        Arc::make_mut(&mut self.0).operation.get_or_insert(operation);
        self
    }

    /// Says what was being done, whatever was said before: a call was made for the sake of another.
    #[must_use]
    pub(crate) fn on_behalf_of(mut self, operation: &'static str) -> Self {
        Arc::make_mut(&mut self.0).operation = Some(operation);
        self
    }

    /// Says that the request of the call itself was not sent.
    #[must_use]
    pub(crate) fn early(mut self) -> Self {
        Arc::make_mut(&mut self.0).early = true;
        self
    }

    /// Says whose word it was that cannot be meant.
    #[must_use]
    pub(crate) fn blaming(mut self, who: &str) -> Self {
        if let Kind::Request(message) = &mut Arc::make_mut(&mut self.0).kind {
            *message = format!("{who}: {message}");
        }
        self
    }

    /// The answer ended in the middle of something.
    pub(crate) fn truncated(message: &str) -> Self {
        Self::new(Kind::Truncated(message.to_owned()))
    }

    /// The named object does not exist (404).
    #[doc(alias = "ErrNotFound")]
    #[doc(alias = "ErrImageNotFound")]
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404) && !self.refuses_version()
    }

    /// The object is in no state for it, or the name is taken (409).
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.status() == Some(409)
    }

    /// It was so already (304). Calls where that is a success return it as such.
    #[must_use]
    pub fn is_not_modified(&self) -> bool {
        self.status() == Some(304)
    }

    /// Credentials are missing or wrong (401).
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        self.status() == Some(401)
    }

    /// The call cannot be meant: this crate refused to send it, or the engine refused its parameters (400), or the
    /// version of the API that was pinned (400, or 404 from engines before 1.7).
    #[must_use]
    pub fn is_bad_request(&self) -> bool {
        matches!(self.0.kind, Kind::Request(_)) || self.status() == Some(400) || self.refuses_version()
    }

    /// Something took longer than its limit.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, Kind::Timeout { .. })
    }

    /// The engine could not be reached: no request was sent.
    #[doc(alias = "ErrConnectionRefused")]
    #[must_use]
    pub fn is_connect(&self) -> bool {
        matches!(self.0.kind, Kind::Connect(_) | Kind::Timeout { phase: Phase::Connect, .. })
    }

    /// The connection broke before the answer was complete, or what came over it is not HTTP.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        matches!(self.0.kind, Kind::Unanswered(_) | Kind::Connection(_))
    }

    /// The engine may have done what was asked, although the call failed: its answer did not come, broke off, or could
    /// not be understood.
    ///
    /// Where this is false, either nothing was sent, or the engine itself said that it failed. A request that only
    /// reads is sent again by this crate if a kept connection turns out to be closed; any other is the caller's to
    /// repeat, who can find out what became of it.
    #[must_use]
    pub fn may_have_been_executed(&self) -> bool {
        match self.0.kind {
            Kind::Unanswered(_)
            | Kind::Connection(_)
            | Kind::Timeout { phase: Phase::Answer | Phase::Body, .. }
            | Kind::Truncated(_)
            | Kind::Decode(_) => !self.0.early,
            Kind::Request(_)
            | Kind::Unsupported(_)
            | Kind::Credentials(_)
            | Kind::Connect(_)
            | Kind::Timeout { phase: Phase::Helper(_) | Phase::Connect, .. }
            | Kind::Engine { .. }
            | Kind::Failed { .. }
            | Kind::Ended { .. } => false,
        }
    }

    /// The credentials that the user's configuration names cannot be had, because their helper is missing, failed
    /// or took too long; nothing was sent.
    #[must_use]
    pub fn is_credentials(&self) -> bool {
        matches!(self.0.kind, Kind::Credentials(_) | Kind::Timeout { phase: Phase::Helper(_), .. })
    }

    /// The engine's API version lacks what was asked for; nothing was sent.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        matches!(self.0.kind, Kind::Unsupported(_))
    }

    /// The engine's answer could not be understood.
    #[must_use]
    pub fn is_decode(&self) -> bool {
        matches!(self.0.kind, Kind::Decode(_))
    }

    /// The engine's answer ended in the middle of something: of a document, of a frame of output.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        matches!(self.0.kind, Kind::Truncated(_))
    }

    /// The engine began to answer with success and told of a failure later, as pulls and builds do.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        matches!(self.0.kind, Kind::Failed { .. })
    }

    /// A container ended, or was found unhealthy, before what was awaited of it came.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        matches!(self.0.kind, Kind::Ended { .. })
    }

    /// The HTTP status, if the engine answered with an error.
    #[doc(alias = "StatusCode")]
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.0.kind {
            Kind::Engine { status, .. } => Some(status),
            _ => None,
        }
    }

    /// The code that came with a failure told of late: the exit code of a build step or of a container that ended too
    /// early, 401 for missing credentials.
    #[must_use]
    pub fn code(&self) -> Option<i64> {
        match self.0.kind {
            Kind::Failed { code, .. } => Some(code).filter(|&code| code != 0),
            Kind::Ended { code, .. } => code,
            _ => None,
        }
    }

    /// What the engine said, trimmed, if it told of an error.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match &self.0.kind {
            Kind::Engine { message, .. } | Kind::Failed { message, .. } => Some(message),
            _ => None,
        }
    }

    /// The operation that failed, by its id in the API document: `container_start`.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// The API version needed, if the one spoken is too old; the newest that has it, if the one spoken is too new.
    #[must_use]
    pub fn needed_version(&self) -> Option<ApiVersion> {
        self.unsupported()?.needed
    }

    /// The API version spoken, if it lacks what was asked for.
    #[must_use]
    pub fn spoken_version(&self) -> Option<ApiVersion> {
        self.unsupported()?.spoken
    }

    /// Whether an engine does not speak the version, and says so as if there was nothing of that name.
    fn refuses_version(&self) -> bool {
        self.status() == Some(404) && self.message().is_some_and(|message| message.starts_with(OTHER_VERSION))
    }

    fn unsupported(&self) -> Option<&Unsupported> {
        match &self.0.kind {
            Kind::Unsupported(unsupported) => Some(unsupported),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = self.0.operation {
            for (index, word) in operation.split('_').enumerate() {
                write!(f, "{}{word}", if index == 0 { "" } else { " " })?;
            }
            f.write_str(": ")?;
        }
        match &self.0.kind {
            Kind::Request(message)
            | Kind::Credentials(message)
            | Kind::Connect(message)
            | Kind::Connection(message)
            | Kind::Truncated(message)
            | Kind::Ended { message, .. } => f.write_str(message),
            Kind::Unanswered(message) if self.0.early => f.write_str(message),
            Kind::Unanswered(message) => write!(f, "{message}; it may have done what was asked"),
            Kind::Unsupported(unsupported) => f.write_str(&unsupported.message),
            Kind::Timeout { phase, limit } => write!(f, "{phase} within {limit:?}"),
            Kind::Engine { status, message } => write!(f, "engine said {status}: {message}"),
            Kind::Failed { message, .. } => write!(f, "engine said: {message}"),
            Kind::Decode(place) => write!(f, "the engine's answer cannot be understood: {place}"),
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Helper(program) => return write!(f, "{program} did not answer"),
            Self::Connect => "no connection",
            Self::Answer => "the engine did not begin to answer",
            Self::Body => "the engine fell silent in the middle of its answer and sent nothing more",
        })
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, operation, source, .. } = &*self.0;
        f.debug_struct("Error").field("kind", kind).field("operation", operation).field("source", source).finish()
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error.0.kind {
            Kind::Request(_) => io::ErrorKind::InvalidInput,
            Kind::Unsupported(_) => io::ErrorKind::Unsupported,
            Kind::Timeout { .. } => io::ErrorKind::TimedOut,
            Kind::Truncated(_) => io::ErrorKind::UnexpectedEof,
            Kind::Decode(_) => io::ErrorKind::InvalidData,
            Kind::Credentials(_)
            | Kind::Connect(_)
            | Kind::Unanswered(_)
            | Kind::Connection(_)
            | Kind::Engine { .. }
            | Kind::Ended { .. }
            | Kind::Failed { .. } => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_pointer_wide_and_crosses_threads() {
        fn shared<T: Send + Sync + 'static>() {}
        shared::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn display_names_the_operation_in_words_and_leaves_the_source_to_source() {
        let io = io::Error::other("the reason");
        let error = Error::with_source(Kind::Engine { status: 404, message: "No such container: ghost".into() }, io)
            .during("container_logs");
        assert_eq!(error.to_string(), "container logs: engine said 404: No such container: ghost");
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("the reason"));
        assert!(error.is_not_found());
        assert_eq!(error.operation(), Some("container_logs"));
    }

    #[test]
    fn the_first_to_name_the_operation_is_right() {
        let error = Error::request("no").during("container_start").during("container_stop");
        assert_eq!(error.operation(), Some("container_start"));
    }
}
