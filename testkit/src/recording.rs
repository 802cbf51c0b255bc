//! Recordings: requests to a real engine and its responses, which are replayed in tests.

use std::{
    fs::{self, File},
    io::Read as _,
    path::Path,
};

use dockerclient::ApiVersion;

mod capture;
mod content;
mod diff;
mod error;
mod file;
mod forward;
mod masking;
mod matching;
mod pattern;
mod playback;
mod recorder;
mod redact;
mod replay;
mod search;
mod texts;

pub use self::{error::RecordingError, recorder::Recorder, replay::Replay};

/// The largest file that is opened, in bytes.
const MAX_FILE_SIZE: u64 = 256 << 20;

/// Requests to an engine and its responses, without secrets.
///
/// It is saved as JSON that can be read and reviewed: one object per exchange, with JSON bodies as values, text and frames as
/// text, and the rest in base64. The order of the keys of JSON is not kept. Only the headers that the format lists are
/// recorded.
#[derive(Clone, Debug)]
pub struct Recording(file::File);

impl Recording {
    fn new(file: file::File) -> Self {
        Self(file)
    }

    /// Opens a file that [`save`](Self::save) has written.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read, or as [`from_json`](Self::from_json) does.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RecordingError> {
        let path = path.as_ref();
        let failed =
            |error| RecordingError::with_source(format!("failed to open the recording {}", path.display()), error);
        let mut text = String::new();
        let file = File::open(path).map_err(failed)?;
        file.take(MAX_FILE_SIZE + 1).read_to_string(&mut text).map_err(failed)?;
        if text.len() as u64 > MAX_FILE_SIZE {
            let message = format!("the recording {} is larger than {MAX_FILE_SIZE} bytes", path.display());
            return Err(RecordingError::new(message));
        }
        Self::from_json(&text).map_err(|error| RecordingError::with_source(path.display().to_string(), error))
    }

    /// Parses a recording.
    ///
    /// # Errors
    ///
    /// Fails if it is not valid JSON, does not have the format of a recording, or has a response that cannot be sent.
    pub fn from_json(text: &str) -> Result<Self, RecordingError> {
        file::File::parse(text).map(Self)
    }

    /// Returns the contents of the file.
    ///
    /// # Errors
    ///
    /// Fails if a value cannot be serialized.
    pub fn to_json(&self) -> Result<String, RecordingError> {
        self.0.text()
    }

    /// Saves the recording to a file, and replaces it if it exists.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), RecordingError> {
        let path = path.as_ref();
        let failed =
            |error| RecordingError::with_source(format!("failed to save the recording {}", path.display()), error);
        fs::write(path, self.to_json()?).map_err(failed)
    }

    /// Returns the `Server` header of the engine, for example `Docker/20.10.24 (linux)`.
    #[must_use]
    pub fn engine(&self) -> Option<&str> {
        self.0.engine.as_deref()
    }

    /// Returns the API version of the first request that has one.
    #[must_use]
    pub fn api_version(&self) -> Option<ApiVersion> {
        let version = |path: &str| path.strip_prefix("/v")?.split('/').next()?.parse().ok();
        self.0.exchanges.iter().find_map(|exchange| version(&exchange.request.path))
    }
}
