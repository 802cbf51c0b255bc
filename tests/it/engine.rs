//! An engine that answers by a script, on a real socket.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use dockerclient::{DockerClient, DockerClientBuilder};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    sync::{broadcast, watch},
    task::{AbortHandle, JoinSet},
};

/// What came over the socket.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Method and target.
    pub line: String,
    /// All headers, their names in lower case.
    pub headers: Vec<String>,
    /// The body, as far as it is text.
    pub body: String,
    #[cfg_attr(not(feature = "tar"), expect(dead_code, reason = "only archives are no text"))]
    pub bytes: Vec<u8>,
}

/// What goes back.
pub(crate) struct Reply {
    bytes: Vec<u8>,
    pieces: Option<usize>,
    then: Then,
}

enum Then {
    TakeTheNextRequest,
    HangUp,
    SayNothingMore,
    Echo,
    Tell(broadcast::Receiver<String>),
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
        Self { bytes: bytes.into(), pieces: None, then: Then::TakeTheNextRequest }
    }

    pub(crate) fn then_hang_up(self) -> Self {
        Self { then: Then::HangUp, ..self }
    }

    /// From here on, what comes goes back in frames of stdout, until the other side closes its half.
    pub(crate) fn then_echo(self) -> Self {
        Self { then: Then::Echo, ..self }
    }

    /// In pieces of `size` bytes, each for itself.
    pub(crate) fn in_pieces(self, size: usize) -> Self {
        Self { pieces: Some(size), ..self }
    }

    /// Whatever is told from now on.
    pub(crate) fn then_tell(self, news: &broadcast::Sender<String>) -> Self {
        Self { then: Then::Tell(news.subscribe()), ..self }
    }

    pub(crate) fn then_say_nothing_more(self) -> Self {
        Self { then: Then::SayNothingMore, ..self }
    }
}

/// The engine. It, its connections and its socket are gone when this is dropped.
pub(crate) struct Engine {
    socket: PathBuf,
    script: Script,
    early: bool,
    requests: Arc<Mutex<Vec<Request>>>,
    connections: Connections,
    listening: AbortHandle,
}

type Script = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;

#[derive(Clone, Default)]
struct Connections {
    opened: Arc<AtomicUsize>,
    open: Arc<watch::Sender<usize>>,
}

/// One of them.
struct Open(Arc<watch::Sender<usize>>);

impl Connections {
    fn open(&self) -> Open {
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.open.send_modify(|open| *open += 1);
        Open(Arc::clone(&self.open))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

impl Engine {
    /// Answers each request as `script` says.
    pub(crate) fn answering(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::new(Arc::new(script), false)
    }

    /// Answers each request as `script` says, without reading its body.
    pub(crate) fn answering_early(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::new(Arc::new(script), true)
    }

    fn new(script: Script, early: bool) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let socket = std::env::temp_dir().join(format!("dockerclient-it-{}-{count}.sock", std::process::id()));
        let (requests, connections) = (Arc::default(), Connections::default());
        let listening = listen(&socket, &script, early, &requests, &connections);
        Self { socket, script, early, requests, connections, listening }
    }

    /// Hangs up on everyone, and refuses whoever comes.
    pub(crate) fn kill(&self) {
        self.listening.abort();
    }

    /// Listens again, after a kill.
    pub(crate) fn start(&mut self) {
        std::fs::remove_file(&self.socket).unwrap();
        self.listening = listen(&self.socket, &self.script, self.early, &self.requests, &self.connections);
    }

    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// A client that speaks `version`. The credentials of whoever runs the tests are none of its business.
    pub(crate) fn client(&self, version: &str) -> DockerClient {
        self.client_of(DockerClient::builder().anonymous().api_version(version.parse().unwrap()))
    }

    /// A client made to order.
    pub(crate) fn client_of(&self, builder: DockerClientBuilder) -> DockerClient {
        builder.address(self.address()).build().unwrap()
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
        self.kill();
        let _ = std::fs::remove_file(&self.socket);
    }
}

fn listen(
    socket: &Path,
    script: &Script,
    early: bool,
    requests: &Arc<Mutex<Vec<Request>>>,
    connections: &Connections,
) -> AbortHandle {
    let listener = UnixListener::bind(socket).unwrap();
    let (script, requests, connections) = (Arc::clone(script), Arc::clone(requests), connections.clone());
    let task = tokio::spawn(async move {
        // They end with this task.
        let mut serving = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let (script, requests, open) = (Arc::clone(&script), Arc::clone(&requests), connections.open());
            serving.spawn(async move {
                let _open = open;
                // A client that hangs up is what some tests are about.
                let _ = serve(stream, &script, &requests, early).await;
            });
            while serving.try_join_next().is_some() {}
        }
    });
    task.abort_handle()
}

async fn serve(
    stream: UnixStream,
    script: &Script,
    requests: &Mutex<Vec<Request>>,
    early: bool,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream, early).await? {
        requests.lock().unwrap().push(request.clone());
        let reply = script(&request);
        for piece in reply.bytes.chunks(reply.pieces.unwrap_or(usize::MAX)) {
            stream.write_all(piece).await?;
            stream.flush().await?;
            tokio::task::yield_now().await;
        }
        match reply.then {
            Then::TakeTheNextRequest => {}
            Then::HangUp => break,
            Then::SayNothingMore => {
                stream.read_to_end(&mut Vec::new()).await?;
                break;
            }
            Then::Tell(mut news) => {
                let (mut from, mut to) = tokio::io::split(stream);
                let tell = async {
                    while let Ok(news) = news.recv().await {
                        to.write_all(news.as_bytes()).await?;
                    }
                    Ok(())
                };
                let mut ignored = Vec::new();
                return tokio::select! {
                    told = tell => told,
                    hung_up = from.read_to_end(&mut ignored) => hung_up.map(|_| ()),
                };
            }
            Then::Echo => {
                let mut bytes = vec![0; 4096];
                loop {
                    let length = stream.read(&mut bytes).await?;
                    if length == 0 {
                        break;
                    }
                    stream.write_all(&frame(1, &bytes[..length])).await?;
                }
                stream.write_all(&frame(2, b"met the end")).await?;
                break;
            }
        }
    }
    Ok(())
}

/// A frame of output.
pub(crate) fn frame(source: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&[source, 0, 0, 0], &length[..], payload].concat()
}

async fn read(stream: &mut BufReader<UnixStream>, early: bool) -> std::io::Result<Option<Request>> {
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
    let headers: Vec<String> = head
        .iter()
        .map(|header| header.split_once(':').map(|(name, value)| format!("{}:{value}", name.to_lowercase())).unwrap())
        .collect();
    let body = match headers.iter().find_map(|header| header.strip_prefix("content-length: ")?.parse().ok()) {
        _ if early => Vec::new(),
        Some(length) => {
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await?;
            body
        }
        None if headers.iter().any(|header| header == "transfer-encoding: chunked") => read_chunks(stream).await?,
        None => Vec::new(),
    };
    Ok(Some(Request { line, headers, body: String::from_utf8_lossy(&body).into_owned(), bytes: body }))
}

async fn read_chunks(stream: &mut BufReader<UnixStream>) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let length = usize::from_str_radix(line.trim_end(), 16).map_err(std::io::Error::other)?;
        let mut chunk = vec![0; length + 2];
        stream.read_exact(&mut chunk).await?;
        if length == 0 {
            return Ok(body);
        }
        body.extend_from_slice(&chunk[..length]);
    }
}
