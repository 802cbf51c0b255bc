//! Connections to named pipes, as byte streams with EOF in each direction.
//!
//! A named pipe has no half-close. If it has messages, as that of a Docker engine does, an empty message is the EOF of
//! its direction; apart from that, the limits of messages have no meaning. A pipe in byte mode has EOF only when it is
//! closed.
//!
//! Writes complete in the background, and EOF can only be sent after the last of them. The task that reads sends it if
//! no task waits for that any longer: the input of a session is closed on drop, without waiting.

use std::{
    io,
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::windows::named_pipe::{ClientOptions, NamedPipeClient, PipeMode},
    task::spawn_blocking,
    time::sleep,
};

/// Prefix of the path of a local named pipe.
const LOCAL: &[u8] = br"\\.\";

/// Error number: all instances of the pipe have a client, and the server has not created another one yet.
const ERROR_PIPE_BUSY: i32 = 231;

/// Error number: the server has disconnected the client.
const ERROR_PIPE_NOT_CONNECTED: i32 = 233;

/// Delay before another attempt to open a busy pipe.
const BUSY_DELAY: Duration = Duration::from_millis(10);

/// The level of impersonation with which a server cannot act as, or identify, the user of this process.
const SECURITY_ANONYMOUS: u32 = 0;

/// Maximum size of a write, in bytes: the bytes are copied, and stay in memory until the server has read them.
const MAX_WRITE: usize = 128 << 10;

/// Connects to the named pipe at `path`. Waits while it is busy; the caller limits the time.
pub(crate) async fn connect(path: &Path) -> io::Result<NamedPipe> {
    loop {
        match open(path).await {
            Err(error) if error.raw_os_error() == Some(ERROR_PIPE_BUSY) => sleep(BUSY_DELAY).await,
            Err(error) => return Err(error),
            Ok(pipe) => return NamedPipe::new(pipe),
        }
    }
}

/// Opens a pipe, on another thread if it is one of another machine.
async fn open(path: &Path) -> io::Result<NamedPipeClient> {
    let path = path.to_owned();
    let is_local = path.as_os_str().as_encoded_bytes().starts_with(LOCAL);
    let open = move || ClientOptions::new().security_qos_flags(SECURITY_ANONYMOUS).open(path);
    if is_local {
        return open();
    }
    // Blocks until Windows has connected to the other machine.
    spawn_blocking(open).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// The client end of a named pipe.
#[derive(Debug)]
pub(crate) struct NamedPipe {
    pipe: NamedPipeClient,
    /// Whether the pipe has messages.
    has_messages: bool,
    /// Whether the server has sent EOF.
    is_eof: bool,
    closing: Closing,
    /// The task that reads.
    reader: Option<Waker>,
    /// The task that waits until EOF has been sent.
    closer: Option<Waker>,
}

/// Progress of the EOF that this end sends.
#[derive(Debug)]
enum Closing {
    Open,
    Requested,
    /// Sent, or failed with an error that has not been returned yet.
    Done(Option<io::Error>),
}

impl NamedPipe {
    fn new(pipe: NamedPipeClient) -> io::Result<Self> {
        let has_messages = pipe.info()?.mode == PipeMode::Message;
        Ok(Self { pipe, has_messages, is_eof: false, closing: Closing::Open, reader: None, closer: None })
    }

    /// Sends EOF, if it is requested, once all writes are complete. Both tasks are woken when they are.
    fn poll_close(&mut self) -> Poll<()> {
        if !matches!(self.closing, Closing::Requested) {
            return Poll::Ready(());
        }
        let waker = Waker::from(Arc::new(Both([self.reader.clone(), self.closer.clone()])));
        let sent = ready!(Pin::new(&mut self.pipe).poll_write(&mut Context::from_waker(&waker), &[]));
        // A server that has closed the pipe needs no EOF.
        self.closing = Closing::Done(sent.err().filter(|error| !is_closed(error)));
        Poll::Ready(())
    }
}

/// Whether `error` means that the server has closed the pipe.
fn is_closed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe || error.raw_os_error() == Some(ERROR_PIPE_NOT_CONNECTED)
}

/// Wakes two tasks.
struct Both([Option<Waker>; 2]);

impl Wake for Both {
    fn wake(self: Arc<Self>) {
        self.0.iter().flatten().for_each(Waker::wake_by_ref);
    }
}

impl AsyncRead for NamedPipe {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match &mut this.reader {
            Some(reader) => reader.clone_from(cx.waker()),
            None => this.reader = Some(cx.waker().clone()),
        }
        if this.poll_close().is_ready()
            && let Some(closer) = this.closer.take()
        {
            closer.wake();
        }
        // An empty message must not be read into a buffer without space, and no read may follow it: it would wait.
        if this.is_eof || buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.pipe).poll_read(cx, buffer))?;
        this.is_eof = buffer.filled().len() == before;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for NamedPipe {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if !matches!(self.closing, Closing::Open) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let length = bytes.len().min(MAX_WRITE);
        Pin::new(&mut self.pipe).poll_write(cx, &bytes[..length])
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(cx)
    }

    /// Sends EOF if the pipe is in message mode. Otherwise does nothing, as the Docker CLI does.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if matches!(this.closing, Closing::Open) {
            this.closing = if this.has_messages { Closing::Requested } else { Closing::Done(None) };
        }
        this.closer = Some(cx.waker().clone());
        ready!(this.poll_close());
        this.closer = None;
        let failure = match &mut this.closing {
            Closing::Done(failure) => failure.take(),
            Closing::Open | Closing::Requested => None,
        };
        Poll::Ready(failure.map_or(Ok(()), Err))
    }
}

#[cfg(test)]
mod tests {
    use std::{path::PathBuf, pin::pin, process};

    use futures_util::FutureExt as _;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        join,
        net::windows::named_pipe::{NamedPipeServer, ServerOptions},
    };

    use super::*;

    fn path(name: &str) -> PathBuf {
        format!(r"\\.\pipe\dockerclient-{}-{name}", process::id()).into()
    }

    fn create(path: &Path, mode: PipeMode) -> NamedPipeServer {
        ServerOptions::new().pipe_mode(mode).create(path).unwrap()
    }

    async fn pair(name: &str, mode: PipeMode) -> (NamedPipe, NamedPipeServer) {
        let server = create(&path(name), mode);
        let client = connect(&path(name)).await.unwrap();
        server.connect().await.unwrap();
        (client, server)
    }

    /// Reads until EOF, then writes `done` and EOF. Returns the number of bytes that were read.
    async fn serve(server: &mut NamedPipeServer) -> usize {
        let mut received = Vec::new();
        server.read_to_end(&mut received).await.unwrap();
        server.write_all(b"done").await.unwrap();
        assert_eq!(server.write(&[]).await.unwrap(), 0);
        received.len()
    }

    #[tokio::test]
    async fn shutdown_of_named_pipe_leaves_reading_open() {
        let (mut client, mut server) = pair("shutdown", PipeMode::Message).await;
        let mut response = Vec::new();
        let call = async {
            client.write_all(b"request").await.unwrap();
            assert_eq!(client.write(&[]).await.unwrap(), 0);
            client.write_all(b" body").await.unwrap();
            client.shutdown().await.unwrap();
            client.read_to_end(&mut response).await.unwrap();
        };
        assert_eq!(join!(call, serve(&mut server)), ((), 12));
        assert_eq!(response, b"done");
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
        assert_eq!(client.write(b"more").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        client.shutdown().await.unwrap();
    }

    #[tokio::test]
    async fn named_pipe_reader_completes_shutdown() {
        let (mut client, mut server) = pair("reader", PipeMode::Message).await;
        // More than the buffer of the pipe: the write is complete when the server has read it.
        client.write_all(&vec![1; MAX_WRITE]).await.unwrap();
        let _ = Pin::new(&mut client).poll_shutdown(&mut Context::from_waker(Waker::noop()));
        let mut response = Vec::new();
        let (length, read) = join!(serve(&mut server), client.read_to_end(&mut response));
        read.unwrap();
        assert_eq!((length, response.as_slice()), (MAX_WRITE, b"done".as_slice()));
    }

    #[tokio::test]
    async fn shutdown_while_named_pipe_is_read_by_another_task() {
        let (client, mut server) = pair("split", PipeMode::Message).await;
        let (mut read, mut write) = tokio::io::split(client);
        let reader = tokio::spawn(async move {
            let mut response = Vec::new();
            read.read_to_end(&mut response).await.unwrap();
            response
        });
        let call = async {
            write.write_all(&vec![1; 3 * MAX_WRITE]).await.unwrap();
            write.shutdown().await.unwrap();
        };
        assert_eq!(join!(call, serve(&mut server)), ((), 3 * MAX_WRITE));
        assert_eq!(reader.await.unwrap(), b"done");
    }

    #[tokio::test]
    async fn connecting_waits_for_busy_named_pipe() {
        let path = path("busy");
        let _first = create(&path, PipeMode::Message);
        let _client = connect(&path).await.unwrap();
        let mut second = pin!(connect(&path));
        assert!(second.as_mut().now_or_never().is_none());
        let _server = create(&path, PipeMode::Message);
        second.await.unwrap();
    }

    #[tokio::test]
    async fn missing_named_pipe_is_not_found() {
        assert_eq!(connect(&path("missing")).await.unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[tokio::test]
    async fn named_pipe_in_byte_mode_has_no_half_close() {
        let (mut client, mut server) = pair("bytes", PipeMode::Byte).await;
        client.write_all(b"request").await.unwrap();
        client.shutdown().await.unwrap();
        assert_eq!(client.write(b"more").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        let mut received = [0; 7];
        server.read_exact(&mut received).await.unwrap();
        assert_eq!(&received, b"request");
        drop(server);
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    }
}
