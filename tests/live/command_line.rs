//! Runs the Docker CLI as the reference for builds and copies.

use std::{
    convert::Infallible,
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use dockerclient::DockerClient;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server, service::service_fn};
use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use tokio::{net::UnixListener, task::spawn_blocking};

/// Builds the image of `directory` with `docker build` on the engine at `address`, and returns its output.
pub(crate) async fn build(address: &str, directory: &Path) -> String {
    run(address, directory, &BUILD).await.unwrap_or_else(|printed| panic!("{printed}"))
}

/// Arguments of `docker` for a build of the current directory.
pub(crate) const BUILD: [&str; 4] = ["build", "--no-cache", "--force-rm", "."];

/// Runs `docker` in `directory` and returns its output, as an error if it fails.
pub(crate) async fn run(address: &str, directory: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new("docker");
    command.args(arguments).current_dir(directory);
    // The classic builder sends a tar archive; BuildKit does not.
    command.env_clear().env("PATH", env::var_os("PATH").unwrap()).env("DOCKER_BUILDKIT", "0");
    command.env("DOCKER_HOST", address).env("HOME", "/nowhere").env("CI_TOKEN", "hunter2secret");
    let output = spawn_blocking(move || command.output()).await.unwrap().expect("the Docker CLI is installed");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(printed) } else { Err(printed + &String::from_utf8_lossy(&output.stderr)) }
}

/// Builds the image of `directory` with `docker build`, BuildKit and these arguments, on the engine at `address`.
pub(crate) async fn build_with_buildkit(address: &str, directory: &Path, arguments: &[&str]) {
    let configuration = TempDir::new().unwrap();
    let mut command = Command::new(with_buildkit());
    command.args(["build", "--progress", "plain"]).args(arguments).arg(".").current_dir(directory);
    command.env_clear().env("PATH", env::var_os("PATH").unwrap()).env("DOCKER_BUILDKIT", "1");
    command.env("DOCKER_HOST", address).env("HOME", configuration.path()).env("DOCKER_CONFIG", configuration.path());
    let output = spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Returns the first Docker CLI of `PATH` that has a BuildKit client: until 22, or with the plugin buildx.
fn with_buildkit() -> PathBuf {
    let path = env::var_os("PATH").unwrap();
    let programs =
        env::split_paths(&path).map(|directory| directory.join("docker")).filter(|program| program.is_file());
    let has_buildkit = |program: &PathBuf| {
        let run = |arguments: &[&str]| Command::new(program).args(arguments).output().unwrap();
        let version = String::from_utf8(run(&["--version"]).stdout).unwrap();
        let Some(version) = version.strip_prefix("Docker version ") else { return false };
        let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        major.is_some_and(|major| major < 23) || run(&["buildx", "version"]).status.success()
    };
    programs.into_iter().find(has_buildkit).expect("a Docker CLI with BuildKit is installed")
}

/// A fake engine that records build contexts and builds nothing.
pub(crate) struct ContextRecorder {
    directory: TempDir,
    contexts: Arc<Mutex<Vec<Bytes>>>,
}

impl ContextRecorder {
    pub(crate) async fn open() -> Self {
        let recorder = Self { directory: TempDir::new().unwrap(), contexts: Arc::default() };
        let listener = UnixListener::bind(recorder.socket()).unwrap();
        let contexts = Arc::clone(&recorder.contexts);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let contexts = Arc::clone(&contexts);
                tokio::spawn(async move {
                    let service = service_fn(|request| record(&contexts, request));
                    let _ = server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        recorder
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("socket")
    }

    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    pub(crate) fn client(&self) -> DockerClient {
        let version = "1.18".parse().unwrap();
        DockerClient::builder().address(self.address()).api_version(version).build().unwrap()
    }

    /// Discards the recorded contexts.
    pub(crate) fn clear(&self) {
        self.contexts.lock().unwrap().clear();
    }

    /// Removes and returns the only recorded context.
    pub(crate) fn take(&self) -> Bytes {
        let mut contexts = self.contexts.lock().unwrap();
        assert_eq!(contexts.len(), 1);
        contexts.remove(0)
    }
}

async fn record(contexts: &Mutex<Vec<Bytes>>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let is_build = request.uri().path().ends_with("/build");
    let body = request.into_body().collect().await.unwrap().to_bytes();
    if is_build {
        contexts.lock().unwrap().push(body);
    }
    let body = if is_build { "{\"stream\":\"Successfully built f43c\\n\"}" } else { "{}" };
    let response =
        Response::builder().header("Content-Type", "application/json").header("Api-Version", "1.41").body(body.into());
    Ok(response.unwrap())
}
