//! An engine that answers by a script, on a real socket.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use dockerclient::DockerClient;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    sync::watch,
};

/// What came over the socket.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Method and target.
    pub line: String,
    /// All headers, in lower case.
    pub headers: Vec<String>,
    pub body: String,
}

/// What goes back.
pub(crate) struct Reply {
    bytes: Vec<u8>,
    then: Then,
}

enum Then {
    TakeTheNextRequest,
    HangUp,
    SayNothingMore,
}

impl Reply {
    /// A document, as engines of every age send it.
    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::with_type(status, "application/json", body)
    }

    /// An error, as engines send it to requests below 1.24.
    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self::with_type(status, "text/plain; charset=utf-8", body)
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self::raw(format!("HTTP/1.1 {status} Status\r\nContent-Length: 0\r\n\r\n"))
    }

    fn with_type(status: u16, content_type: &str, body: &str) -> Self {
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status} Status\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n");
        Self::raw(head + body)
    }

    /// Whatever is sent.
    pub(crate) fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), then: Then::TakeTheNextRequest }
    }

    pub(crate) fn then_hang_up(self) -> Self {
        Self { then: Then::HangUp, ..self }
    }

    pub(crate) fn then_say_nothing_more(self) -> Self {
        Self { then: Then::SayNothingMore, ..self }
    }
}

/// The engine. It and its socket are gone when this is dropped.
pub(crate) struct Engine {
    socket: PathBuf,
    requests: Arc<Mutex<Vec<Request>>>,
    connections: Connections,
}

#[derive(Clone)]
struct Connections {
    opened: Arc<AtomicUsize>,
    open: watch::Sender<usize>,
}

impl Engine {
    /// Answers each request as `script` says.
    pub(crate) fn answering(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let socket = std::env::temp_dir().join(format!("dockerclient-it-{}-{count}.sock", std::process::id()));
        let listener = UnixListener::bind(&socket).unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Connections { opened: Arc::default(), open: watch::Sender::new(0) };
        let engine = Self { socket, requests: Arc::clone(&requests), connections: connections.clone() };
        let script = Arc::new(script);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.opened.fetch_add(1, Ordering::Relaxed);
                connections.open.send_modify(|open| *open += 1);
                let (script, requests, open) = (Arc::clone(&script), Arc::clone(&requests), connections.open.clone());
                tokio::spawn(async move {
                    // A client that hangs up is what some tests are about.
                    let _ = serve(stream, &*script, &requests).await;
                    open.send_modify(|open| *open -= 1);
                });
            }
        });
        engine
    }

    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// A client that speaks `version`.
    pub(crate) fn client(&self, version: &str) -> DockerClient {
        DockerClient::builder().address(self.address()).api_version(version.parse().unwrap()).build().unwrap()
    }

    /// What was asked so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The request lines so far.
    pub(crate) fn lines(&self) -> String {
        self.requests().into_iter().map(|request| request.line).collect::<Vec<_>>().join("\n")
    }

    /// How many connections were ever opened.
    pub(crate) fn opened(&self) -> usize {
        self.connections.opened.load(Ordering::Relaxed)
    }

    /// Waits until no connection is open any more.
    pub(crate) async fn all_hung_up(&self) {
        self.connections.open.subscribe().wait_for(|open| *open == 0).await.unwrap();
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
    }
}

async fn serve(
    stream: UnixStream,
    script: &impl Fn(&Request) -> Reply,
    requests: &Mutex<Vec<Request>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await? {
        requests.lock().unwrap().push(request.clone());
        let reply = script(&request);
        stream.write_all(&reply.bytes).await?;
        match reply.then {
            Then::TakeTheNextRequest => {}
            Then::HangUp => break,
            Then::SayNothingMore => {
                stream.read_to_end(&mut Vec::new()).await?;
                break;
            }
        }
    }
    Ok(())
}

async fn read(stream: &mut BufReader<UnixStream>) -> std::io::Result<Option<Request>> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let line = head.remove(0).trim_end_matches(" HTTP/1.1").to_owned();
    let headers: Vec<String> = head.iter().map(|header| header.to_lowercase()).collect();
    let length = headers.iter().find_map(|header| header.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    Ok(Some(Request { line, headers, body: String::from_utf8(body).unwrap() }))
}
