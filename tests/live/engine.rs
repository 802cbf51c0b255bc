//! The engine under a test: a client whose every exchange is checked, and a broom.

use std::{
    env,
    fmt::Debug,
    io::{Read as _, Write as _},
    ops::Deref,
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use bytes::Bytes;
use dockerclient::{
    ApiVersion, DockerClient, DockerClientBuilder, Result,
    containers::{Container, CreateOptions},
    models::ContainerConfig,
};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use crate::tap::Tap;

/// A client of the real engine. What it made is removed when it goes, also if the test failed.
pub(crate) struct Engine {
    docker: DockerClient,
    socket: PathBuf,
    tap: Tap,
    made: Mutex<Vec<String>>,
}

impl Engine {
    /// The engine and the version that the environment names.
    pub(crate) async fn under_test() -> Self {
        let address = env::var("DOCKERCLIENT_TEST_ENGINE").expect("DOCKERCLIENT_TEST_ENGINE names a unix socket");
        let socket = PathBuf::from(address.strip_prefix("unix://").expect("a unix socket"));
        let tap = Tap::open(&socket, version()).await;
        // The credentials of whoever runs the tests are none of their business.
        let docker = through(&tap, DockerClient::builder().anonymous());
        Self { docker, socket, tap, made: Mutex::default() }
    }

    /// A client made to order.
    pub(crate) fn client_of(&self, builder: DockerClientBuilder) -> DockerClient {
        through(&self.tap, builder)
    }

    /// A client that does not go through the tap, which knows nothing of sessions.
    pub(crate) fn direct(&self) -> DockerClient {
        DockerClient::builder().address(self.real_address()).api_version(version()).build().unwrap()
    }

    /// Where the engine is, without the tap.
    pub(crate) fn real_address(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// What is answered to a request that no method of the client makes, through the tap.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Bytes) -> (StatusCode, Value) {
        let stream = tokio::net::UnixStream::connect(self.tap.path()).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = Request::builder().method(method).uri(format!("/v{}{path}", version())).header("host", "engine");
        let request = request.header("content-type", "application/json").body(Full::new(body)).unwrap();
        let answer = sender.send_request(request).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// A name that no other test uses.
    pub(crate) fn name(&self, stem: &str) -> String {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{stem}-{}-{count}", std::process::id());
        self.remove_later(format!("/containers/{name}?force=1&v=1"));
        name
    }

    /// Removes what lies at `path` when the test ends.
    pub(crate) fn remove_later(&self, path: String) {
        self.made.lock().unwrap().push(path);
    }

    /// A container that runs `script` in a shell, created and not started.
    pub(crate) async fn create(&self, script: &str) -> Container {
        self.create_with(script, |config| config).await
    }

    /// A container that runs `script` in a shell, with another configuration.
    pub(crate) async fn create_with(
        &self,
        script: &str,
        change: impl FnOnce(ContainerConfig) -> ContainerConfig,
    ) -> Container {
        let options = CreateOptions::new(change(shell(script))).name(self.name("test"));
        self.docker.containers().create(&options).await.unwrap().container
    }

    /// A container that runs until it is stopped, and stops at once.
    pub(crate) async fn running(&self) -> Container {
        let container = self.create("trap 'exit 0' TERM; while true; do sleep 0.05; done").await;
        container.start().await.unwrap();
        container
    }
}

fn through(tap: &Tap, builder: DockerClientBuilder) -> DockerClient {
    builder.address(tap.address()).api_version(version()).build().unwrap()
}

/// A container of busybox that runs `script` in a shell.
pub(crate) fn shell(script: &str) -> ContainerConfig {
    ContainerConfig { image: "busybox".into(), cmd: ["sh", "-c", script].map(Into::into).into(), ..Default::default() }
}

/// The name of an image as it was given: Podman tells it in full.
pub(crate) fn short(name: &str) -> &str {
    name.strip_prefix("docker.io/library/").unwrap_or(name)
}

/// Whether a build told nothing of a step that prints something, which is then worth another try: engine 26 loses that now
/// and then when it is busy, whoever asks.
pub(crate) fn is_silent(printed: &str) -> bool {
    let mut lines = printed.lines().zip(printed.lines().skip(1));
    lines.any(|(line, next)| line.starts_with(" ---> Running in") && next.starts_with(" ---> Removed intermediate"))
}

/// The version under test.
pub(crate) fn version() -> ApiVersion {
    env::var("DOCKERCLIENT_TEST_API").expect("DOCKERCLIENT_TEST_API is a version").parse().unwrap()
}

/// What came of something that API 1.`minor` brought; none if the version under test is older, and refuses it.
#[track_caller]
pub(crate) fn known_since<T: Debug>(minor: u16, outcome: Result<T>) -> Option<T> {
    let since = ApiVersion::new(1, minor);
    if version() >= since {
        return Some(outcome.unwrap());
    }
    let error = outcome.unwrap_err();
    assert!(error.is_unsupported(), "{error}");
    assert_eq!(error.spoken_version(), Some(version()));
    // What it is an option of may be missing, too.
    let needed = error.needed_version().unwrap();
    assert!(version() < needed && needed <= since, "{error}");
    None
}

/// What comes of `call`, which engines refuse while they do the same for somebody else.
pub(crate) async fn in_turn<T>(call: impl AsyncFn() -> Result<T>) -> Result<T> {
    loop {
        match call().await {
            Err(error) if error.message().is_some_and(|message| message.contains("already running")) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            outcome => return outcome,
        }
    }
}

impl Deref for Engine {
    type Target = DockerClient;

    fn deref(&self) -> &DockerClient {
        &self.docker
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        for path in self.made.lock().unwrap().drain(..).rev() {
            // What the test removed itself is not there any more.
            let _ = delete(&self.socket, &path);
        }
        let violations = self.tap.violations();
        if !thread::panicking() {
            assert!(violations.is_empty(), "against the document:\n{}", violations.join("\n"));
        }
    }
}

fn delete(socket: &PathBuf, path: &str) -> std::io::Result<()> {
    let mut stream = UnixStream::connect(socket)?;
    write!(stream, "DELETE {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    stream.read_to_end(&mut Vec::new())?;
    Ok(())
}
