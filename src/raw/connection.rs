//! The connection after a protocol upgrade.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll},
};

use http::{HeaderMap, Response, response::Parts};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, WriteHalf};

use crate::{
    Reader,
    generated::Body,
    transport::{Connection, Io},
};

/// A bidirectional connection to the engine after the response headers. Returned by [`RawUpgrade`](super::RawUpgrade), and by
/// the requests of [`BuildKit`](crate::buildkit::BuildKit).
///
/// [`shutdown`](tokio::io::AsyncWriteExt::shutdown) closes the write half and leaves the read half open.
///
/// # Errors
///
/// The source of a read error is an [`Error`](crate::Error).
///
/// # Cancellation
///
/// Dropping this closes the connection.
pub struct RawConnection {
    head: Parts,
    read: Reader<Body>,
    write: WriteHalf<Io>,
}

impl RawConnection {
    pub(crate) fn new(response: Response<Connection>) -> Self {
        let (head, connection) = response.into_parts();
        let (received, write) = connection.split();
        Self { head, read: Reader::new(Body::dedicated(received)), write }
    }

    /// Returns the HTTP status: 101 if the engine switched protocols, or another success, after which the body of the
    /// response can be read. Engines before 1.5 switch with 200. With [`any_status`](super::RawRequest::any_status), it can
    /// be any status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    /// Returns the response headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }
}

impl AsyncRead for RawConnection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.read).poll_read(cx, buffer)
    }
}

impl AsyncWrite for RawConnection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.write).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.write).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.write.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.write).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.write).poll_shutdown(cx)
    }
}

impl fmt::Debug for RawConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawConnection").field("status", &self.status()).finish_non_exhaustive()
    }
}
