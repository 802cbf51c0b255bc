//! Uploads of archives.

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
use tokio::{fs::File, io::AsyncRead, task};
use tokio_util::io::ReaderStream;

use crate::{Error, Result, error::Kind, regular_file};

/// Maximum size of a chunk that is read from a file or reader, in bytes.
const CHUNK_SIZE: usize = 64 << 10;

/// An archive to upload, from memory, a file, a reader or a stream.
///
/// Files, readers and streams are sent as they are read, and never held in memory as a whole.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> dockerclient::Result<()> {
/// use dockerclient::Upload;
///
/// let file = Upload::from_file("context.tar").await?;
/// let memory = Upload::from(vec![0; 1024]);
/// # Ok(())
/// # }
/// ```
pub struct Upload(reqwest::Body);

impl Upload {
    /// Uploads all bytes of `reader`.
    pub fn from_reader(reader: impl AsyncRead + Send + 'static) -> Self {
        Self::from_stream(ReaderStream::with_capacity(reader, CHUNK_SIZE))
    }

    /// Uploads all bytes of `stream`. If the stream yields an error, the request fails, with that error as its source.
    pub fn from_stream<S, B, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<B, E>> + Send + 'static,
        B: Into<Bytes> + 'static,
        E: Into<Box<dyn StdError + Send + Sync>> + 'static,
    {
        let failed = |error: E| {
            let error = io::Error::other(error.into());
            Error::with_source(Kind::LocalIo("failed to read the upload".into()), error).in_upload()
        };
        Self(reqwest::Body::wrap_stream(stream.map_ok(Into::into).map_err(failed)))
    }

    /// Uploads the regular file at `path`, with its length as the `Content-Length`.
    ///
    /// # Errors
    ///
    /// Fails if the file does not exist, if it may not be read, or if it is a FIFO, a device or a socket, which can block a
    /// thread forever: open those as they require (`tokio::net::unix::pipe`, `tokio::io::stdin`) and use
    /// [`from_reader`](Self::from_reader). If the length of the file changes during the upload, the request fails.
    pub async fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let opened =
            task::spawn_blocking(move || regular_file::open(&path).map(|(file, metadata)| (path, file, metadata)));
        let broken =
            |error| Error::with_source(Kind::Internal("the task that opens the file was cancelled".into()), error);
        let (path, file, metadata) = opened.await.map_err(broken)??;
        let chunks = ReaderStream::with_capacity(File::from_std(file), CHUNK_SIZE);
        Ok(Self(reqwest::Body::wrap(FileBody { chunks, left: metadata.len(), path })))
    }

    /// Uploads all bytes of `stream`, whose errors the request returns unchanged.
    #[cfg(feature = "tar")]
    pub(crate) fn from_internal_stream(stream: impl Stream<Item = Result<Bytes>> + Send + 'static) -> Self {
        Self(reqwest::Body::wrap_stream(stream.map_err(Error::in_upload)))
    }

    pub(crate) fn empty() -> Self {
        Self(reqwest::Body::default())
    }

    /// Whether the upload is from memory.
    pub(crate) fn is_in_memory(&self) -> bool {
        self.0.as_bytes().is_some()
    }

    /// Returns the bytes, if they are in memory.
    pub(crate) fn into_bytes(self) -> Option<Bytes> {
        self.0.as_bytes().map(Bytes::copy_from_slice)
    }

    pub(crate) fn into_body(self) -> reqwest::Body {
        self.0
    }

    /// Returns the content in chunks, as they are read.
    #[cfg(feature = "buildkit")]
    pub(crate) fn into_chunks(self) -> futures_core::stream::BoxStream<'static, Result<Bytes>> {
        let failed = |error: reqwest::Error| match crate::error::cause::<Error>(&error) {
            Some(error) => error.clone(),
            None => Error::local_io("failed to read the build context"),
        };
        Box::pin(http_body_util::BodyExt::into_data_stream(self.0).map_err(failed))
    }
}

/// A request body from a file of known length.
struct FileBody {
    chunks: ReaderStream<File>,
    /// Number of bytes that have not been sent.
    left: u64,
    path: PathBuf,
}

impl FileBody {
    fn changed(&self, how: &str) -> Error {
        Error::local_io(format!("failed to read {}: file {how} while it was sent", self.path.display())).in_upload()
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let chunk = match ready!(Pin::new(&mut self.chunks).poll_next(cx)) {
            Some(Ok(chunk)) => chunk,
            Some(Err(error)) => return Poll::Ready(Some(Err(Error::read_failed(&self.path, error).in_upload()))),
            None if self.left == 0 => return Poll::Ready(None),
            None => return Poll::Ready(Some(Err(self.changed("shrank")))),
        };
        match self.left.checked_sub(chunk.len() as u64) {
            Some(left) => self.left = left,
            None => return Poll::Ready(Some(Err(self.changed("grew")))),
        }
        Poll::Ready(Some(Ok(Frame::data(chunk))))
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

impl From<&'static [u8]> for Upload {
    fn from(bytes: &'static [u8]) -> Self {
        Self(bytes.into())
    }
}

impl<const N: usize> From<&'static [u8; N]> for Upload {
    fn from(bytes: &'static [u8; N]) -> Self {
        Self::from(bytes.as_slice())
    }
}

/// Uploads the content of the file from its current position on. Unlike with [`Upload::from_file`], the length is not sent,
/// and the file may be of any type.
impl From<File> for Upload {
    fn from(file: File) -> Self {
        Self::from_reader(file)
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upload")
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use http_body_util::BodyExt as _;
    use tokio::io::AsyncSeekExt as _;

    use super::*;

    async fn bytes(upload: impl Into<Upload>) -> Bytes {
        upload.into().into_body().collect().await.unwrap().to_bytes()
    }

    #[tokio::test]
    async fn upload_from_memory_sends_the_bytes_and_their_length() {
        for upload in [
            Upload::from(Bytes::from_static(b"tar")),
            Upload::from(b"tar".to_vec()),
            Upload::from(&b"tar"[..]),
            Upload::from(b"tar"),
            Upload::from("tar".as_bytes()),
        ] {
            assert_eq!(upload.0.size_hint().exact(), Some(3));
            assert_eq!(bytes(upload).await, "tar");
        }
    }

    #[tokio::test]
    async fn upload_from_an_open_file_sends_the_rest_of_it() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"head and tail").unwrap();
        let mut file = File::open(file.path()).await.unwrap();
        file.seek(io::SeekFrom::Start(5)).await.unwrap();
        assert_eq!(bytes(file).await, "and tail");
    }
}
