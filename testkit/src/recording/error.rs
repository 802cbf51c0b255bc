//! The error of recordings.

use std::{error::Error, fmt, io};

/// A recording that cannot be read, is not valid, or cannot be saved without secrets.
#[derive(Debug)]
pub struct RecordingError {
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl RecordingError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }

    pub(super) fn with_source(message: impl Into<String>, source: impl Error + Send + Sync + 'static) -> Self {
        Self { message: message.into(), source: Some(Box::new(source)) }
    }
}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.source.as_ref().map_or(Ok(()), |source| write!(f, ": {source}"))
    }
}

impl Error for RecordingError {}

impl From<RecordingError> for io::Error {
    fn from(error: RecordingError) -> Self {
        Self::other(error)
    }
}
