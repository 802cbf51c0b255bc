//! The engine under test: a client behind the validating proxy, and the cleanup of a test.

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
    ApiVersion, DockerClient, DockerClientBuilder, Result, Timestamp,
    containers::{Container, CreateContainer},
    system::Event,
};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use crate::validating_proxy::ValidatingProxy;

/// A client of the real engine. Dropping it removes the objects that the test created, even if the test failed.
pub(crate) struct Engine {
    docker: DockerClient,
    socket: PathBuf,
    proxy: ValidatingProxy,
    /// Paths to `DELETE` when the test ends.
    cleanup: Mutex<Vec<String>>,
}

impl Engine {
    /// Connects to the engine and uses the API version that the environment names.
    pub(crate) async fn under_test() -> Self {
        Self::at(&env::var("DOCKERCLIENT_TEST_ENGINE").expect("DOCKERCLIENT_TEST_ENGINE names a Unix socket")).await
    }

    /// Connects to the engine at `address` and uses the API version that the environment names.
    pub(crate) async fn at(address: &str) -> Self {
        let socket = PathBuf::from(address.strip_prefix("unix://").expect("a Unix socket"));
        let proxy = ValidatingProxy::open(&socket, version()).await;
        // Without the credentials of the user who runs the tests.
        let docker = client_through(&proxy, DockerClient::builder().anonymous());
        Self { docker, socket, proxy, cleanup: Mutex::default() }
    }

    /// Builds a client with other settings, connected through the proxy.
    pub(crate) fn client_of(&self, builder: DockerClientBuilder) -> DockerClient {
        client_through(&self.proxy, builder)
    }

    /// Returns a client that bypasses the proxy, which does not support attached sessions.
    pub(crate) fn direct(&self) -> DockerClient {
        DockerClient::builder().address(self.real_address()).api_version(version()).build().unwrap()
    }

    /// The address of the engine itself, not of the proxy.
    pub(crate) fn real_address(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// Sends a request for which the client has no method, through the proxy.
    pub(crate) async fn send_raw(&self, method: &str, path: &str, body: Bytes) -> (StatusCode, Value) {
        let stream = tokio::net::UnixStream::connect(self.proxy.path()).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = Request::builder().method(method).uri(format!("/v{}{path}", version())).header("host", "engine");
        let request = request.header("content-type", "application/json").body(Full::new(body)).unwrap();
        let response = sender.send_request(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// Returns a name that no other test uses. A container of this name is removed when the test ends.
    pub(crate) fn name(&self, stem: &str) -> String {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{stem}-{}-{count}", std::process::id());
        self.remove_later(format!("/containers/{name}?force=1&v=1"));
        name
    }

    /// Sends `DELETE` for `path` when the test ends.
    pub(crate) fn remove_later(&self, path: String) {
        self.cleanup.lock().unwrap().push(path);
    }

    /// Removes the images of the steps of a build when the test ends: a build that fails leaves them. `printed` is the
    /// output of a build with the classic builder.
    pub(crate) fn remove_steps_later(&self, printed: &str) {
        // The first image is the base image (`FROM`).
        let steps = printed.split(" ---> ").skip(1).filter_map(|after| after.get(..12));
        let is_id = |text: &&str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        steps.filter(is_id).skip(1).for_each(|id| self.remove_later(format!("/images/{id}")));
    }

    /// Creates a container that runs `script` in a shell. It is not started.
    pub(crate) async fn create(&self, script: &str) -> Container {
        self.create_with(script, |create| create).await
    }

    /// Like [`create`](Self::create), with additional settings.
    pub(crate) async fn create_with(
        &self,
        script: &str,
        change: impl FnOnce(CreateContainer) -> CreateContainer,
    ) -> Container {
        let create = self.docker.containers().create("busybox").cmd(["sh", "-c", script]).name(self.name("test"));
        change(create).await.unwrap().container
    }

    /// Starts a container that runs until it is stopped, and exits immediately on SIGTERM.
    pub(crate) async fn running(&self) -> Container {
        let container = self.create("trap 'exit 0' TERM; while true; do sleep 0.05; done").await;
        container.start().await.unwrap();
        container
    }

    /// Starts a container that runs until it is stopped, and waits until it has run `script`. Podman unmounts the filesystem of
    /// a container some time after its exit, even while the filesystem is downloaded.
    pub(crate) async fn running_after(&self, script: &str) -> Container {
        let container = self.create(&format!("{script}; echo made; exec sleep 1000")).await;
        container.start().await.unwrap();
        container.wait_until_logged("made").await.unwrap();
        container
    }

    /// Waits until `container`, which was started after `since`, has exited, and the engine has an event about that: it may
    /// respond to a `wait` before.
    pub(crate) async fn exit_event(&self, container: &Container, since: Timestamp) {
        container.wait().await.unwrap();
        let mut events = self.events().since(since).await.unwrap();
        let is_exit = |event: &Event| event.id == container.id() && event.action == "die";
        let found = async { while !events.try_next().await.unwrap().is_some_and(|event| is_exit(&event)) {} };
        tokio::time::timeout(Duration::from_secs(60), found).await.expect("an event within a minute");
    }
}

fn client_through(proxy: &ValidatingProxy, builder: DockerClientBuilder) -> DockerClient {
    builder.address(proxy.address()).api_version(version()).build().unwrap()
}

/// Removes the default registry from the name of an image: Podman returns names in full.
pub(crate) fn short(name: &str) -> &str {
    name.strip_prefix("docker.io/library/").unwrap_or(name)
}

/// Whether the output of a `RUN` step is missing from the output of a build. Docker 26 sometimes loses it when it is busy,
/// with any client; callers build again.
pub(crate) fn lacks_step_output(printed: &str) -> bool {
    let mut lines = printed.lines().zip(printed.lines().skip(1));
    lines.any(|(line, next)| line.starts_with(" ---> Running in") && next.starts_with(" ---> Removed intermediate"))
}

/// The API version under test.
pub(crate) fn version() -> ApiVersion {
    env::var("DOCKERCLIENT_TEST_API").expect("DOCKERCLIENT_TEST_API is a version").parse().unwrap()
}

/// Returns the result of a call that requires API 1.`minor`.
///
/// If the version under test is older, checks that the call was rejected as unsupported, and returns `None`.
#[track_caller]
pub(crate) fn supported_since<T: Debug>(minor: u16, outcome: Result<T>) -> Option<T> {
    let since = ApiVersion::new(1, minor);
    if version() >= since {
        return Some(outcome.unwrap());
    }
    let error = outcome.unwrap_err();
    assert!(error.is_unsupported(), "{error}");
    assert_eq!(error.negotiated_version(), Some(version()));
    // The operation may also be newer than the version under test.
    let needed = error.required_version().unwrap();
    assert!(version() < needed && needed <= since, "{error}");
    None
}

/// Repeats `call` while the engine rejects it because the same operation is already running.
pub(crate) async fn retry_while_busy<T>(call: impl AsyncFn() -> Result<T>) -> Result<T> {
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
        for path in self.cleanup.lock().unwrap().drain(..).rev() {
            // The test may have removed it already.
            let _ = delete(&self.socket, &path);
        }
        let violations = self.proxy.violations();
        if !thread::panicking() {
            assert!(violations.is_empty(), "not valid according to the OpenAPI document:\n{}", violations.join("\n"));
        }
    }
}

fn delete(socket: &PathBuf, path: &str) -> std::io::Result<()> {
    let mut stream = UnixStream::connect(socket)?;
    write!(stream, "DELETE {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    stream.read_to_end(&mut Vec::new())?;
    Ok(())
}
