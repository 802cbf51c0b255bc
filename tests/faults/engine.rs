//! An engine on a real socket that answers well, until it is told how not to.

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use dockerclient::{ApiVersion, DockerClient, DockerClientBuilder};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    task::JoinHandle,
};

use crate::{calm::until, ways};

/// What goes wrong.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// Whether it does at once, before a request has come.
    pub(crate) at_once: bool,
    /// What is sent.
    pub(crate) sent: Vec<u8>,
    pub(crate) then: Then,
}

/// What is done behind that.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Then {
    /// The connection is closed in order.
    HangUp,
    /// It is closed as a process that dies closes it.
    Reset,
    /// Nothing more is sent in this direction, and the other one stays open.
    HalfClose,
    /// Nothing is sent any more.
    SayNothing,
    /// This is sent, again and again.
    Repeat(&'static [u8]),
    /// This is sent, a byte from time to time, and then nothing any more.
    Drip(&'static [u8]),
    /// Nothing is read for a while, and nothing is sent.
    Stall,
    /// The same, and then the connection is closed as a process that dies closes it.
    StallAndReset,
    /// The next request is awaited, which may be answered well.
    GoOn,
}

impl Fault {
    /// It goes wrong once a request has come.
    pub(crate) fn new(sent: impl Into<Vec<u8>>, then: Then) -> Self {
        Self { at_once: false, sent: sent.into(), then }
    }

    /// It goes wrong as soon as there is a connection.
    pub(crate) fn at_once(sent: impl Into<Vec<u8>>, then: Then) -> Self {
        Self { at_once: true, ..Self::new(sent, then) }
    }
}

/// Where an engine listens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Socket {
    Unix,
    Tcp,
}

impl Socket {
    pub(crate) const ALL: [Self; 2] = [Self::Unix, Self::Tcp];
}

pub(crate) struct Engine {
    address: String,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
    _folder: TempDir,
}

#[derive(Debug, Default)]
struct Shared {
    plan: Mutex<Plan>,
    open: AtomicUsize,
    seen: Mutex<Vec<String>>,
}

#[derive(Debug, Default)]
struct Plan {
    fault: Option<Fault>,
    /// Whether it is over when it has happened.
    once: bool,
    /// Whether good answers, too, are the last of their connections.
    curt: bool,
}

impl Shared {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap()
    }

    /// What goes wrong now.
    fn fault(&self, at_once: bool) -> Option<Fault> {
        let mut plan = self.plan();
        let fault = plan.fault.clone().filter(|fault| fault.at_once == at_once)?;
        if plan.once {
            plan.fault = None;
        }
        Some(fault)
    }
}

pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {
    /// Lets closing reset the connection. A unix socket does that by itself if something was not read.
    fn reset(&self) {}
}

impl Io for UnixStream {}

impl Io for TcpStream {
    fn reset(&self) {
        self.set_zero_linger().unwrap();
    }
}

impl Engine {
    pub(crate) async fn on(socket: Socket) -> Self {
        let folder = TempDir::new().unwrap();
        let shared = Arc::new(Shared::default());
        let (address, listening) = match socket {
            Socket::Unix => {
                let path = folder.path().join("socket");
                let listener = UnixListener::bind(&path).unwrap();
                let shared = shared.clone();
                let listening = async move {
                    while let Ok((stream, _)) = listener.accept().await {
                        tokio::spawn(serve(stream, shared.clone()));
                    }
                };
                (format!("unix://{}", path.display()), tokio::spawn(listening))
            }
            Socket::Tcp => {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = format!("tcp://{}", listener.local_addr().unwrap());
                let shared = shared.clone();
                let listening = async move {
                    while let Ok((stream, _)) = listener.accept().await {
                        tokio::spawn(serve(stream, shared.clone()));
                    }
                };
                (address, tokio::spawn(listening))
            }
        };
        Self { address, shared, listening, _folder: folder }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn builder(&self) -> DockerClientBuilder {
        DockerClient::builder().address(&self.address).api_version(ApiVersion::new(1, 41)).anonymous()
    }

    /// From now on, this goes wrong: with every request but those of an inspection.
    pub(crate) fn fail(&self, fault: Fault) {
        *self.shared.plan() = Plan { fault: Some(fault), ..Plan::default() };
    }

    /// This goes wrong once, with the next request but that of an inspection.
    pub(crate) fn fail_once(&self, fault: Fault) {
        *self.shared.plan() = Plan { fault: Some(fault), once: true, ..Plan::default() };
    }

    /// From now on, good answers are given, and the connection is closed behind each.
    pub(crate) fn hang_up_after_each(&self) {
        *self.shared.plan() = Plan { curt: true, ..Plan::default() };
    }

    /// A way in that is closed as long as something is to go wrong.
    pub(crate) fn door(&self) -> Door {
        Door { address: self.address.clone(), shared: self.shared.clone() }
    }

    /// From now on, nothing goes wrong.
    pub(crate) fn recover(&self) {
        *self.shared.plan() = Plan::default();
    }

    /// The first lines of the requests since this was asked last.
    pub(crate) fn seen(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.seen.lock().unwrap())
    }

    /// Waits until no more than `most` connections are open.
    pub(crate) async fn closes_all_but(&self, most: usize) {
        until(|| self.shared.open.load(Ordering::SeqCst), |open| *open <= most).await;
    }
}

/// See [`Engine::door`].
#[derive(Clone)]
pub(crate) struct Door {
    address: String,
    shared: Arc<Shared>,
}

impl Door {
    pub(crate) async fn open(&self) -> io::Result<Box<dyn Io>> {
        until(|| self.shared.plan().fault.is_none(), |is_over| *is_over).await;
        match self.address.split_once("://") {
            Some(("unix", path)) => Ok(Box::new(UnixStream::connect(path).await?)),
            Some((_, port)) => Ok(Box::new(TcpStream::connect(port).await?)),
            None => unreachable!("an address has a scheme"),
        }
    }
}

impl Drop for Engine {
    /// It listens no more. Connections stay open: that they close is the client's affair.
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn serve(stream: impl Io, shared: Arc<Shared>) {
    shared.open.fetch_add(1, Ordering::SeqCst);
    let _ = talk(stream, &shared).await;
    shared.open.fetch_sub(1, Ordering::SeqCst);
}

async fn talk(mut stream: impl Io, shared: &Shared) -> io::Result<()> {
    if let Some(fault) = shared.fault(true) {
        return act(&mut stream, &fault).await;
    }
    loop {
        let head = head(&mut stream).await?;
        let line = head.lines().next().unwrap_or_default().to_owned();
        shared.seen.lock().unwrap().push(line.clone());
        let fault = if line.contains("/json") { None } else { shared.fault(false) };
        if fault.is_none() {
            discard_body(&mut stream, &head).await?;
        }
        let answer = fault.unwrap_or_else(|| ways::good_answer(&line));
        act(&mut stream, &answer).await?;
        if !matches!(answer.then, Then::GoOn) || shared.plan().curt {
            return Ok(());
        }
    }
}

async fn act(stream: &mut impl Io, fault: &Fault) -> io::Result<()> {
    stream.write_all(&fault.sent).await?;
    match fault.then {
        Then::GoOn | Then::HangUp => {}
        Then::Reset => stream.reset(),
        Then::SayNothing => hang(stream).await?,
        Then::Stall => {
            tokio::time::sleep(Duration::from_millis(200)).await;
            hang(stream).await?;
        }
        Then::StallAndReset => {
            tokio::time::sleep(Duration::from_millis(200)).await;
            stream.reset();
        }
        Then::HalfClose => {
            stream.shutdown().await?;
            hang(stream).await?;
        }
        Then::Repeat(bytes) => loop {
            stream.write_all(bytes).await?;
        },
        Then::Drip(bytes) => {
            for byte in bytes {
                stream.write_all(&[*byte]).await?;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            hang(stream).await?;
        }
    }
    Ok(())
}

/// Until the other side hangs up.
async fn hang(stream: &mut impl Io) -> io::Result<()> {
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
