//! The error type of the crate.

use std::{
    error::Error as StdError,
    fmt::{self, Write as _},
    io,
    path::Path,
    sync::Arc,
};

use crate::ApiVersion;

mod kind;
mod message;
mod operation;
mod predicates;
mod repr;

pub use self::kind::ErrorKind;
use self::{
    message::Escaped,
    repr::{Inner, Stage},
};
pub(crate) use self::{
    message::{cut, text},
    operation::Operation,
    repr::{Kind, Phase, Unsupported},
};

/// The result of a call that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of a call.
///
/// Classify it with [`kind`](Self::kind), or with predicates such as [`is_not_found`](Self::is_not_found) and
/// [`is_connect`](Self::is_connect). Its `Display` is one line, `failed to <operation> <object>: <cause>`;
/// [`source`](StdError::source) returns the underlying error. Clones are cheap.
///
/// Errors can be logged: `Display`, `Debug` and sources contain no response body, except the error message of the
/// engine. Messages longer than 8 KiB are truncated, and end with `…`. `Display` escapes control characters.
///
/// The guide's page on [errors](crate::guide::errors) has a table of all kinds, and advice on retrying. An error converts to
/// [`io::Error`] with the closest [`io::ErrorKind`].
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// match docker.container("web").start().await {
///     Ok(_) => println!("web is running"),
///     Err(error) if error.is_not_found() => println!("there is no container web"),
///     Err(error) if error.is_connect() => println!("the engine is not running: {error}"),
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

/// Returns the first error of type `T` among `error` and its sources.
pub(crate) fn cause<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // The error that an I/O error wraps is not its source.
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

impl Error {
    pub(crate) fn new(mut kind: Kind) -> Self {
        kind.text_mut().map(message::bound);
        Self(Arc::new(Inner { kind, operation: None, object: None, stage: Stage::default(), source: None }))
    }

    /// An error with a source, which must not quote what the engine sent.
    pub(crate) fn with_source(kind: Kind, source: impl StdError + Send + Sync + 'static) -> Self {
        let mut error = Self::new(kind);
        Arc::make_mut(&mut error.0).source = Some(Arc::new(source));
        error
    }

    /// Creates an error for invalid input; nothing was sent.
    pub(crate) fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(Kind::InvalidInput(message.into()))
    }

    /// Creates an error for a local file, or the source of an upload, that cannot be read or written.
    pub(crate) fn local_io(message: impl Into<String>) -> Self {
        Self::new(Kind::LocalIo(message.into()))
    }

    /// Creates an error for a bug of this crate, or for a background task that panicked or was cancelled.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::Internal(message.into()))
    }

    /// Creates an error for a local file or directory that cannot be read.
    pub(crate) fn read_failed(path: &Path, error: io::Error) -> Self {
        Self::file_failed("read", path, error)
    }

    /// Creates an error for a local file or directory that cannot be created or written.
    #[cfg_attr(not(feature = "tar"), allow(dead_code, reason = "only archives are written to files"))]
    pub(crate) fn write_failed(path: &Path, error: io::Error) -> Self {
        Self::file_failed("write", path, error)
    }

    fn file_failed(verb: &str, path: &Path, error: io::Error) -> Self {
        let cause = match error.kind() {
            io::ErrorKind::NotFound => ": no such file or directory",
            io::ErrorKind::PermissionDenied => ": permission denied",
            io::ErrorKind::NotADirectory => ": not a directory",
            io::ErrorKind::StorageFull => ": no space left on device",
            io::ErrorKind::ReadOnlyFilesystem => ": read-only filesystem",
            _ => "",
        };
        Self::with_source(Kind::LocalIo(format!("failed to {verb} {}{cause}", path.display())), error)
    }

    /// Creates an error for a part of the call that requires a newer API version; nothing was sent.
    pub(crate) fn requires(part: &str, required: ApiVersion, negotiated: ApiVersion) -> Self {
        let message = format!("{part}requires API {required} or later; the negotiated version is {negotiated}");
        Self::new(Kind::Unsupported(Unsupported { message, required: Some(required), negotiated: Some(negotiated) }))
    }

    /// Sets the operation that failed, unless it is set.
    #[must_use]
    pub(crate) fn during(mut self, operation: impl Into<Operation>) -> Self {
        Arc::make_mut(&mut self.0).operation.get_or_insert_with(|| operation.into());
        self
    }

    /// Sets the object of the operation, unless it is set. Full ids are shortened, as the Docker CLI does.
    #[must_use]
    pub(crate) fn about(mut self, object: Option<&str>) -> Self {
        let is_full_id = |object: &str| object.len() == 64 && object.bytes().all(|byte| byte.is_ascii_hexdigit());
        if let Some(object) = object {
            let object = if is_full_id(object) { &object[..12] } else { object };
            Arc::make_mut(&mut self.0).object.get_or_insert_with(|| object.into());
        }
        self
    }

    /// Replaces the operation by the one that it was a part of.
    #[must_use]
    pub(crate) fn on_behalf_of(mut self, operation: &'static str) -> Self {
        Arc::make_mut(&mut self.0).operation = Some(operation.into());
        self
    }

    /// Marks that the request of the call itself was not sent.
    #[must_use]
    pub(crate) fn before_request(mut self) -> Self {
        Arc::make_mut(&mut self.0).stage = Stage::BeforeRequest;
        self
    }

    /// Marks that the source of an upload failed: a part of the upload may have been sent.
    #[must_use]
    pub(crate) fn in_upload(mut self) -> Self {
        Arc::make_mut(&mut self.0).stage = Stage::Upload;
        self
    }

    /// Adds the origin of an invalid value or file name, for example an environment variable.
    #[must_use]
    pub(crate) fn in_source(mut self, origin: &str) -> Self {
        if let Kind::InvalidInput(message) | Kind::LocalIo(message) = &mut Arc::make_mut(&mut self.0).kind {
            *message = format!("{origin}: {message}");
            message::bound(message);
        }
        self
    }

    /// Creates an error for a truncated response.
    pub(crate) fn truncated(message: &str) -> Self {
        Self::new(Kind::Truncated(message.to_owned()))
    }
}

/// In one line, for logs: line ends and control characters are escaped. `{:#}` keeps line ends, for example those of a failed
/// build.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = Escaped::new(f);
        match (&self.0.operation, &self.0.object) {
            (Some(operation), Some(object)) => write!(f, "{operation} {object}: ")?,
            (Some(operation), None) => write!(f, "{operation}: ")?,
            (None, _) => {}
        }
        match &self.0.kind {
            Kind::InvalidInput(message)
            | Kind::LocalIo(message)
            | Kind::Internal(message)
            | Kind::Credentials(message)
            | Kind::Connect(message)
            | Kind::ConnectionLost(message)
            | Kind::Truncated(message)
            | Kind::WaitFailed { message, .. } => f.write_str(message),
            Kind::NoResponse(message) if self.0.stage == Stage::BeforeRequest => f.write_str(message),
            Kind::NoResponse(message) => write!(f, "{message}; the operation may have been executed"),
            Kind::Unsupported(unsupported) => f.write_str(&unsupported.message),
            Kind::Timeout { phase, limit } => phase.write(&mut f, *limit),
            Kind::Status { status, message } | Kind::OperationFailed { status: Some(status), message, .. } => {
                let separator = if message.is_empty() { "" } else { " " };
                write!(f, "{message}{separator}({status})")?;
                f.write_str(hint(self.operation(), *status, message))
            }
            Kind::OperationFailed { status: None, message, .. } => f.write_str(message),
            Kind::Decode(place) => write!(f, "invalid response: {place}"),
        }
    }
}

/// Operations that take credentials for one registry.
const WITH_REGISTRY: [&str; 8] = [
    "distribution_inspect",
    "image_create",
    "image_push",
    "image_search",
    "plugin_privileges",
    "plugin_pull",
    "plugin_push",
    "plugin_upgrade",
];

/// Returns advice on an error of the engine.
fn hint(operation: Option<&str>, status: u16, message: &str) -> &'static str {
    match (operation, status) {
        (Some("container_create"), 404) if message.to_ascii_lowercase().contains("no such image") => {
            "; pull the image first, with `docker.image(…).pull()`"
        }
        (Some(operation), 401) if WITH_REGISTRY.contains(&operation) => {
            "; log in with `docker login`, or set `credentials`"
        }
        _ => "",
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
            Kind::InvalidInput(_) => io::ErrorKind::InvalidInput,
            // The kind that the operating system returned.
            Kind::LocalIo(_) => cause::<Self>(&error).map_or(io::ErrorKind::Other, Self::kind),
            Kind::Unsupported(_) => io::ErrorKind::Unsupported,
            Kind::Timeout { .. } => io::ErrorKind::TimedOut,
            Kind::Truncated(_) => io::ErrorKind::UnexpectedEof,
            Kind::Decode(_) => io::ErrorKind::InvalidData,
            Kind::Internal(_)
            | Kind::Credentials(_)
            | Kind::Connect(_)
            | Kind::NoResponse(_)
            | Kind::ConnectionLost(_)
            | Kind::Status { .. }
            | Kind::WaitFailed { .. }
            | Kind::OperationFailed { .. } => io::ErrorKind::Other,
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
    use std::time::Duration;

    use super::*;

    #[test]
    fn error_is_one_pointer_wide_and_send_sync() {
        fn shared<T: Send + Sync + 'static>() {}
        shared::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn error_display_names_operation_without_source() {
        let io = io::Error::other("the reason");
        let error = Error::with_source(Kind::Status { status: 404, message: "No such container: ghost".into() }, io)
            .during("container_logs");
        assert_eq!(error.to_string(), "failed to read logs of container: No such container: ghost (404)");
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("the reason"));
        assert!(error.is_not_found());
        assert_eq!(error.operation(), Some("container_logs"));
    }

    #[test]
    fn error_display_of_files_names_the_cause() {
        for (kind, cause) in [
            (io::ErrorKind::NotFound, "no such file or directory"),
            (io::ErrorKind::NotADirectory, "not a directory"),
            (io::ErrorKind::StorageFull, "no space left on device"),
            (io::ErrorKind::ReadOnlyFilesystem, "read-only filesystem"),
        ] {
            let error = Error::write_failed(Path::new("dist/app"), kind.into());
            assert_eq!(error.to_string(), format!("failed to write dist/app: {cause}"));
        }
    }

    #[test]
    fn error_display_escapes_control_characters() {
        let message = "\u{1b}[2Jgone\r\n\u{202e}FAKE\u{2028}Zeile: ü".to_owned();
        let error = Error::new(Kind::Status { status: 500, message: message.clone() });
        assert_eq!(
            error.to_string(),
            r"\u{1b}[2Jgone\r\n\u{202e}FAKE\u{2028}Zeile: ü (500)",
            "other characters are unchanged"
        );
        let lines = format!("{error:#}");
        assert_eq!(lines, "\\u{1b}[2Jgone\\r\n\\u{202e}FAKE\\u{2028}Zeile: ü (500)");
        assert_eq!(error.message(), Some(&*message));

        let message = "ü\0".repeat(2000);
        let shown = Error::new(Kind::Status { status: 500, message }).during("image_push").to_string();
        assert!(shown.len() <= 8 << 10 && shown.len() > 8 << 9 && shown.ends_with('…'), "{}", shown.len());
    }

    #[test]
    fn error_messages_of_all_kinds_are_bounded() {
        let long = || "x".repeat(1 << 20);
        let unsupported = Unsupported { message: long(), required: None, negotiated: None };
        for kind in [
            Kind::InvalidInput(long()),
            Kind::LocalIo(long()),
            Kind::Internal(long()),
            Kind::Unsupported(unsupported),
            Kind::Credentials(long()),
            Kind::Connect(long()),
            Kind::NoResponse(long()),
            Kind::ConnectionLost(long()),
            Kind::Timeout { phase: Phase::Helper(long()), limit: Duration::from_secs(1) },
            Kind::Status { status: 500, message: long() },
            Kind::OperationFailed { status: None, code: 1, message: long() },
            Kind::WaitFailed { code: None, message: long() },
            Kind::Truncated(long()),
            Kind::Decode(long()),
        ] {
            let error = Error::new(kind).in_source(&long());
            assert!(error.to_string().len() <= 8 << 10, "{}", error.to_string().len());
            assert!(format!("{error:?}").len() < 9 << 10);
        }
    }

    #[test]
    fn error_names_its_object_and_shortens_ids() {
        let error = |object: &str| Error::invalid_input("no").during("container_stop").about(Some(object)).to_string();
        assert_eq!(error("web"), "failed to stop container web: no");
        assert_eq!(error(&"0123456789abcdef".repeat(4)), "failed to stop container 0123456789ab: no");
    }

    #[test]
    fn error_keeps_its_first_operation() {
        let error = Error::invalid_input("no").during("container_start").during("container_stop");
        assert_eq!(error.operation(), Some("container_start"));
    }

    #[test]
    fn local_io_error_keeps_io_error_kind() {
        let error = Error::read_failed(Path::new("/a"), io::ErrorKind::PermissionDenied.into());
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(io::Error::from(Error::local_io("a changed")).kind(), io::ErrorKind::Other);
    }

    #[test]
    fn error_of_raw_request_names_method_and_path() {
        let error = Error::invalid_input("no").during(Operation::Raw("GET /info".into())).during("system_info");
        assert_eq!((error.to_string(), error.operation()), ("GET /info failed: no".to_owned(), None));
    }
}
