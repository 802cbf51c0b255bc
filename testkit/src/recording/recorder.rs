//! Records the requests to an engine and its responses.

use std::{path::Path, sync::Arc};

use dockerclient::{DockerClient, DockerClientBuilder};

use super::{Recording, RecordingError, capture::Captures, forward::forward};
use crate::FakeEngine;

/// The default limit for a recorded body, in bytes.
const MAX_BODY_SIZE: usize = 1 << 20;

/// Records the requests that its clients send to an engine, and the responses.
///
/// It is a proxy in the process of the test: its clients connect to it, and it forwards each request over another client,
/// which can use any transport. See [recordings](crate#recordings) for the parts that are recorded and for redaction.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use dockerclient_testkit::{Recorder, Replay};
///
/// # let engine = dockerclient_testkit::FakeEngine::new();
/// # let (docker, directory) = (engine.client("1.41"), tempfile::tempdir()?);
/// # let path = directory.path().join("ping.json");
/// // let docker = DockerClient::from_env()?;
/// let recorder = Recorder::new(&docker);
/// recorder.client("1.41").ping().await?;
/// recorder.save(&path)?;
///
/// let replay = Replay::open(&path)?;
/// replay.client().ping().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Recorder {
    docker: DockerClient,
    /// The listening side of the proxy.
    proxy: FakeEngine,
    captures: Arc<Captures>,
}

impl Recorder {
    /// Creates a recorder that forwards requests over the connections of `docker`, for example of
    /// [`DockerClient::from_env`].
    ///
    /// The headers of `docker`, such as those of `config.json`, are added to the forwarded requests and not recorded. It runs
    /// as tasks of the Tokio runtime in which connections to it are opened.
    #[must_use]
    pub fn new(docker: &DockerClient) -> Self {
        Self::with(docker.clone(), Captures::new(MAX_BODY_SIZE))
    }

    /// Sets the maximum size of a recorded body, in bytes: of a request, a response, or both directions of a session.
    /// Defaults to 1 MiB. Larger ones are forwarded, but [`recording`](Self::recording) fails. Archives that are sent to the
    /// engine do not count, because their contents are not recorded.
    ///
    /// Discards what was recorded before, and the redacted texts.
    #[must_use]
    pub fn max_body_size(self, bytes: usize) -> Self {
        Self::with(self.docker, Captures::new(bytes))
    }

    fn with(docker: DockerClient, captures: Arc<Captures>) -> Self {
        let proxy = {
            let (docker, captures) = (docker.clone(), Arc::clone(&captures));
            FakeEngine::builder().forwarding(move |request| forward(docker.clone(), Arc::clone(&captures), request))
        };
        Self { docker, proxy, captures }
    }

    /// Replaces `text` with `[redacted]` wherever it occurs: in paths, parameters, headers, bodies and sessions, also in
    /// those that were recorded before.
    ///
    /// In a path, the whole segment is replaced. If the text cannot be replaced in a place, such as the contents of an archive,
    /// the name of a field, or base64, [`recording`](Self::recording) fails.
    pub fn redact(&self, text: &str) {
        self.captures.redact(|redactions| redactions.add(text));
    }

    /// Redacts the values of all environment variables of containers and services (`Env`).
    pub fn redact_env(&self) {
        self.captures.redact(|redactions| redactions.env = true);
    }

    /// Returns a client whose requests are recorded, for API `version`. It ignores the user's Docker configuration and has
    /// no credentials.
    ///
    /// # Panics
    ///
    /// Panics if `dockerclient` does not support `version`.
    #[must_use]
    pub fn client(&self, version: &str) -> DockerClient {
        self.proxy.client(version)
    }

    /// Builds a client whose requests are recorded, and that connects to [`address`](Self::address).
    ///
    /// # Panics
    ///
    /// Panics if `builder` fails.
    #[must_use]
    pub fn client_with(&self, builder: DockerClientBuilder) -> DockerClient {
        self.proxy.client_with(builder)
    }

    /// Returns the address at which it accepts requests, also of clients in other processes: a Unix socket, or on Windows a
    /// named pipe.
    ///
    /// # Panics
    ///
    /// Panics if the socket or the pipe cannot be created.
    #[must_use]
    pub fn address(&self) -> String {
        self.proxy.address()
    }

    /// Returns what was recorded so far, without secrets.
    ///
    /// # Errors
    ///
    /// Fails if a body is larger than the [limit](Self::max_body_size), if a request could not be forwarded, or if a secret
    /// cannot be removed. The error names the request.
    pub fn recording(&self) -> Result<Recording, RecordingError> {
        Ok(Recording::new(self.captures.file()?))
    }

    /// Saves what was recorded so far to a file, and replaces it if it exists.
    ///
    /// # Errors
    ///
    /// Fails as [`recording`](Self::recording) does, or if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), RecordingError> {
        self.recording()?.save(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn transcript_of_the_proxy_has_no_bodies() {
        let engine = FakeEngine::scripted(|_| crate::Response::empty(200));
        let recorder = Recorder::new(&engine.client("1.41"));
        recorder.client("1.41").post("/load").body(b"body").await.expect("the request is forwarded");
        let [request] = &recorder.proxy.requests()[..] else { panic!("one request is received") };
        assert_eq!((request.line.as_str(), request.bytes.len(), request.headers.len()), ("POST /v1.41/load", 0, 0));
        assert_eq!(engine.requests()[0].body, "body");
    }
}
