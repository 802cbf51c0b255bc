//! Sources of archives: an upload, or a URL.

use std::fmt;

use bytes::Bytes;
use tokio::fs::File;

use crate::{Upload, redacted};

/// The source of an archive. `Debug` redacts the credentials and the query of a URL.
pub enum Archive {
    /// The archive is uploaded.
    Upload(Upload),
    /// The engine downloads the archive from this URL; for a build, it can be the URL of a Git repository.
    Url(String),
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upload(upload) => f.debug_tuple("Upload").field(upload).finish(),
            Self::Url(url) => f.debug_tuple("Url").field(&redacted::url(url)).finish(),
        }
    }
}

// There is no conversion from a string, which could be a path, a URL or an archive.

impl From<Upload> for Archive {
    fn from(upload: Upload) -> Self {
        Self::Upload(upload)
    }
}

impl From<Bytes> for Archive {
    fn from(bytes: Bytes) -> Self {
        Self::Upload(bytes.into())
    }
}

impl From<Vec<u8>> for Archive {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Upload(bytes.into())
    }
}

impl From<&'static [u8]> for Archive {
    fn from(bytes: &'static [u8]) -> Self {
        Self::Upload(bytes.into())
    }
}

impl From<File> for Archive {
    fn from(file: File) -> Self {
        Self::Upload(file.into())
    }
}
