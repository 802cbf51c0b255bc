//! Bytes to the engine: archives.

use std::{error::Error as StdError, fmt, io};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::TryStreamExt as _;
use tokio::io::AsyncRead;
use tokio_util::io::ReaderStream;

use crate::{Error, error::Kind};

/// How much is read of a source at once, in bytes.
const READ: usize = 64 << 10;

/// An archive to send to the engine, from memory, from a reader or from a stream.
///
/// It is sent as it is read, and never held in memory as a whole.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// use dockerclient::Upload;
///
/// let from_a_file = Upload::from_reader(tokio::fs::File::open("context.tar").await?);
/// let from_memory = Upload::from(vec![0; 1024]);
/// # Ok(())
/// # }
/// ```
pub struct Upload(reqwest::Body);

impl Upload {
    /// What `reader` reads, until it ends.
    pub fn from_reader(reader: impl AsyncRead + Send + 'static) -> Self {
        Self::from_stream(ReaderStream::with_capacity(reader, READ))
    }

    /// What `stream` yields, until it ends. An error of it ends the upload, and is the source of the call's error.
    pub fn from_stream<S, B, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<B, E>> + Send + 'static,
        B: Into<Bytes> + 'static,
        E: Into<Box<dyn StdError + Send + Sync>> + 'static,
    {
        let failed = |error: E| {
            let error = io::Error::other(error.into());
            Error::with_source(Kind::Request("what was to be sent cannot be read".into()), error)
        };
        Self(reqwest::Body::wrap_stream(stream.map_ok(Into::into).map_err(failed)))
    }

    pub(crate) fn nothing() -> Self {
        Self(reqwest::Body::default())
    }

    pub(crate) fn into_body(self) -> reqwest::Body {
        self.0
    }
}

impl From<Bytes> for Upload {
    fn from(bytes: Bytes) -> Self {
        Self(bytes.into())
    }
}

impl From<Vec<u8>> for Upload {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upload")
    }
}
