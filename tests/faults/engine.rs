//! An engine on a real socket into which faults can be injected.

use std::{
    env, io,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use dockerclient::{ApiVersion, DockerClient, DockerClientBuilder};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::{leak_check::eventually, local, transports};

/// A fault, or a normal response: the bytes that are sent, and what is done with the connection afterwards.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// Whether it happens before a request was received.
    pub(crate) on_connect: bool,
    /// The bytes that are sent.
    pub(crate) sent: Vec<u8>,
    pub(crate) then: Then,
}

/// The handling of the connection after the bytes were sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Then {
    /// Closes it.
    Close,
    /// Closes it with a reset, as when a process is killed.
    Reset,
    /// Closes the sending direction, and reads to the end.
    HalfClose,
    /// Sends nothing more, and reads to the end.
    Stall,
    /// Sends these bytes repeatedly.
    Repeat(&'static [u8]),
    /// Sends these bytes one per millisecond, and then nothing more.
    Drip(&'static [u8]),
    /// Sends these bytes repeatedly, once per millisecond.
    DripEndlessly(&'static [u8]),
    /// Reads nothing for 200 ms and sends nothing more.
    StopReading,
    /// Reads nothing for 200 ms, and then closes it with a reset.
    StopReadingAndReset,
    /// Reads the next request from it.
    KeepAlive,
}

impl Fault {
    /// A fault that happens once a request was received.
    pub(crate) fn new(sent: impl Into<Vec<u8>>, then: Then) -> Self {
        Self { on_connect: false, sent: sent.into(), then }
    }

    /// A fault that happens as soon as a connection is accepted.
    pub(crate) fn on_connect(sent: impl Into<Vec<u8>>, then: Then) -> Self {
        Self { on_connect: true, ..Self::new(sent, then) }
    }
}

/// The kind of socket on which an engine listens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Socket {
    /// A Unix socket, or a named pipe on Windows.
    Local,
    Tcp,
}

impl Socket {
    pub(crate) const ALL: [Self; 2] = [Self::Local, Self::Tcp];
}

/// Whether local sockets are tested; otherwise, TCP sockets are in their place. Wine can take minutes to close one end of a
/// pipe with pending operations.
fn has_local_sockets() -> bool {
    env::var_os("DOCKERCLIENT_TEST_WITHOUT_PIPES").is_none()
}

pub(crate) struct Engine {
    address: String,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    plan: Mutex<Plan>,
    open: AtomicUsize,
    /// The maximum number of connections that were open at the same time.
    max_open: AtomicUsize,
    request_lines: Mutex<Vec<String>>,
}

#[derive(Debug, Default)]
struct Plan {
    fault: Option<Fault>,
    /// Whether the fault happens only once.
    once: bool,
    /// Whether connections are also closed after normal responses.
    close_each: bool,
}

impl Shared {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap()
    }

    /// The fault that happens now, if any.
    fn fault(&self, on_connect: bool) -> Option<Fault> {
        let mut plan = self.plan();
        let fault = plan.fault.clone().filter(|fault| fault.on_connect == on_connect)?;
        if plan.once {
            plan.fault = None;
        }
        Some(fault)
    }
}

pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {
    /// Makes closing reset the connection. A Unix socket or a named pipe does so by itself if there is unread data.
    fn reset(&self) {}
}

impl Io for TcpStream {
    fn reset(&self) {
        self.set_zero_linger().unwrap();
    }
}

impl Engine {
    pub(crate) async fn on(socket: Socket) -> Self {
        match socket {
            Socket::Local if has_local_sockets() => Self::at(local::Listener::new()),
            Socket::Local | Socket::Tcp => {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = format!("tcp://{}", listener.local_addr().unwrap());
                let shared = Arc::new(Shared::default());
                let serving = shared.clone();
                let listening = tokio::spawn(async move {
                    while let Ok((stream, _)) = listener.accept().await {
                        tokio::spawn(serve(stream, serving.clone()));
                    }
                });
                Self { address, shared, listening }
            }
        }
    }

    /// An engine at a local socket.
    pub(crate) fn at(mut listener: local::Listener) -> Self {
        let address = listener.address();
        let shared = Arc::new(Shared::default());
        let serving = shared.clone();
        let listening = tokio::spawn(async move {
            while let Ok(stream) = listener.accept().await {
                tokio::spawn(serve(stream, serving.clone()));
            }
        });
        Self { address, shared, listening }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn builder(&self) -> DockerClientBuilder {
        DockerClient::builder().address(&self.address).api_version(ApiVersion::new(1, 41)).anonymous()
    }

    /// Injects a fault into all requests from now on, except those of an inspect.
    pub(crate) fn fail(&self, fault: Fault) {
        *self.shared.plan() = Plan { fault: Some(fault), ..Plan::default() };
    }

    /// Injects a fault into the next request that is not an inspect.
    pub(crate) fn fail_once(&self, fault: Fault) {
        *self.shared.plan() = Plan { fault: Some(fault), once: true, ..Plan::default() };
    }

    /// From now on, sends normal responses and closes the connection after each.
    pub(crate) fn close_after_each_response(&self) {
        *self.shared.plan() = Plan { close_each: true, ..Plan::default() };
    }

    /// A connector that waits while a fault is pending.
    pub(crate) fn connector(&self) -> Connector {
        Connector { address: self.address.clone(), shared: self.shared.clone() }
    }

    /// From now on, sends normal responses.
    pub(crate) fn recover(&self) {
        *self.shared.plan() = Plan::default();
    }

    /// The request lines since the last call of this function.
    pub(crate) fn request_lines(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.request_lines.lock().unwrap())
    }

    /// The maximum number of connections that were open at the same time.
    pub(crate) fn max_open(&self) -> usize {
        self.shared.max_open.load(Ordering::SeqCst)
    }

    /// Waits until at most `max` connections are open.
    pub(crate) async fn wait_for_open_at_most(&self, max: usize) {
        eventually(|| self.shared.open.load(Ordering::SeqCst), |open| *open <= max).await;
    }
}

/// Connects to an [`Engine`] while no fault is pending.
#[derive(Clone)]
pub(crate) struct Connector {
    address: String,
    shared: Arc<Shared>,
}

impl Connector {
    pub(crate) async fn connect(&self) -> io::Result<Box<dyn Io>> {
        eventually(|| self.shared.plan().fault.is_none(), |is_over| *is_over).await;
        match self.address.strip_prefix("tcp://") {
            Some(port) => Ok(Box::new(TcpStream::connect(port).await?)),
            None => Ok(Box::new(local::connect(&self.address).await?)),
        }
    }
}

impl Drop for Engine {
    /// Stops listening. Connections stay open until the client closes them.
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn serve(stream: impl Io, shared: Arc<Shared>) {
    let open = shared.open.fetch_add(1, Ordering::SeqCst) + 1;
    shared.max_open.fetch_max(open, Ordering::SeqCst);
    let _ = handle_requests(stream, &shared).await;
    shared.open.fetch_sub(1, Ordering::SeqCst);
}

async fn handle_requests(mut stream: impl Io, shared: &Shared) -> io::Result<()> {
    if let Some(fault) = shared.fault(true) {
        return inject(&mut stream, &fault).await;
    }
    loop {
        let head = head(&mut stream).await?;
        let line = head.lines().next().unwrap_or_default().to_owned();
        shared.request_lines.lock().unwrap().push(line.clone());
        let fault = if line.contains("/json") { None } else { shared.fault(false) };
        if fault.is_none() {
            discard_body(&mut stream, &head).await?;
        }
        let response = fault.unwrap_or_else(|| transports::normal_response(&line));
        inject(&mut stream, &response).await?;
        if !matches!(response.then, Then::KeepAlive) || shared.plan().close_each {
            return Ok(());
        }
    }
}

async fn inject(stream: &mut impl Io, fault: &Fault) -> io::Result<()> {
    stream.write_all(&fault.sent).await?;
    match fault.then {
        Then::KeepAlive | Then::Close => {}
        Then::Reset => stream.reset(),
        Then::Stall => read_to_end(stream).await?,
        Then::StopReading => {
            tokio::time::sleep(Duration::from_millis(200)).await;
            read_to_end(stream).await?;
        }
        Then::StopReadingAndReset => {
            tokio::time::sleep(Duration::from_millis(200)).await;
            stream.reset();
        }
        Then::HalfClose => {
            stream.shutdown().await?;
            read_to_end(stream).await?;
        }
        Then::Repeat(bytes) => loop {
            stream.write_all(bytes).await?;
        },
        Then::DripEndlessly(bytes) => loop {
            stream.write_all(bytes).await?;
            tokio::time::sleep(Duration::from_millis(1)).await;
        },
        Then::Drip(bytes) => {
            for byte in bytes {
                stream.write_all(&[*byte]).await?;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            read_to_end(stream).await?;
        }
    }
    Ok(())
}

/// Reads until the client closes the connection.
async fn read_to_end(stream: &mut impl Io) -> io::Result<()> {
    while stream.read(&mut [0; 4096]).await? > 0 {}
    Ok(())
}

async fn head(stream: &mut impl Io) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).to_lowercase())
}

async fn discard_body(stream: &mut impl Io, head: &str) -> io::Result<()> {
    if head.contains("transfer-encoding: chunked") {
        let mut end = Vec::new();
        while !end.ends_with(b"0\r\n\r\n") {
            end.push(stream.read_u8().await?);
        }
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    for _ in 0..length.unwrap_or(0) {
        stream.read_u8().await?;
    }
    Ok(())
}
