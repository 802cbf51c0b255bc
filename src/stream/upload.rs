//! Bytes to the engine: archives.

use std::{
    error::Error as StdError,
    fmt, io,
    path::{Path, PathBuf},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::TryStreamExt as _;
use http_body::{Body, Frame, SizeHint};
use tokio::{fs::File, io::AsyncRead};
use tokio_util::io::ReaderStream;

use crate::{Error, Result, error::Kind};

/// How much is read of a source at once, in bytes.
const READ: usize = 64 << 10;

/// An archive to send to the engine, from memory, from a reader or from a stream.
///
/// It is sent as it is read, and never held in memory as a whole.
///
/// ```no_run
/// # async fn example() -> dockerclient::Result<()> {
/// use dockerclient::Upload;
///
/// let from_a_file = Upload::from_file("context.tar").await?;
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

    /// The file at `path`. The engine is told how long it is.
    ///
    /// # Errors
    ///
    /// Fails if there is no such file, or if it may not be read. If its length changes
    /// while it is sent, the call fails.
    pub async fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let unread = |error| Error::unread(path, error);
        let file = File::open(path).await.map_err(unread)?;
        let metadata = file.metadata().await.map_err(unread)?;
        if metadata.is_dir() {
            return Err(unread(io::ErrorKind::IsADirectory.into()));
        }
        if !metadata.is_file() {
            // A pipe, say: nobody knows its length.
            return Ok(Self::from_reader(file));
        }
        let pieces = ReaderStream::with_capacity(file, READ);
        Ok(Self(reqwest::Body::wrap(Whole { pieces, left: metadata.len(), path: path.to_owned() })))
    }

    /// What `stream` yields, until it ends. An error of it is the call's error.
    #[cfg(feature = "tar")]
    pub(crate) fn of_our_own(stream: impl Stream<Item = Result<Bytes>> + Send + 'static) -> Self {
        Self(reqwest::Body::wrap_stream(stream))
    }

    pub(crate) fn nothing() -> Self {
        Self(reqwest::Body::default())
    }

    pub(crate) fn into_body(self) -> reqwest::Body {
        self.0
    }
}

/// A file of a known length.
struct Whole {
    pieces: ReaderStream<File>,
    /// How many bytes are to come.
    left: u64,
    path: PathBuf,
}

impl Whole {
    fn changed(&self, how: &str) -> Error {
        Error::request(format!("{} {how} while it was sent", self.path.display()))
    }
}

impl Body for Whole {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let piece = match ready!(Pin::new(&mut self.pieces).poll_next(cx)) {
            Some(Ok(piece)) => piece,
            Some(Err(error)) => return Poll::Ready(Some(Err(Error::unread(&self.path, error)))),
            None if self.left == 0 => return Poll::Ready(None),
            None => return Poll::Ready(Some(Err(self.changed("shrank")))),
        };
        match self.left.checked_sub(piece.len() as u64) {
            Some(left) => self.left = left,
            None => return Poll::Ready(Some(Err(self.changed("grew")))),
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
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
