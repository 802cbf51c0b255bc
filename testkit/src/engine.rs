//! The fake engine.

use std::{io, sync::Arc, thread, time::Duration};

use dockerclient::{ApiVersion, DockerClient, DockerClientBuilder};
use tokio::io::DuplexStream;

use crate::{Call, Request, Response, connection, listeners::Listeners, server::Server, simulate, state::State};

mod builder;
mod swarm;

pub use self::builder::FakeEngineBuilder;

/// Buffer size of an in-memory connection, in bytes per direction.
const BUFFER_SIZE: usize = 64 << 10;

/// An in-process fake Docker Engine.
///
/// Dropping it closes all its connections and [verifies](Self::verify) the expected calls.
#[doc(alias = "MockClient")]
#[doc(alias = "NopClient")]
#[derive(Debug)]
pub struct FakeEngine {
    server: Arc<Server>,
    listeners: Listeners,
}

impl FakeEngine {
    /// Creates a fake engine that behaves like Docker 20.10 and has the image `busybox`.
    ///
    /// It runs as tasks of the Tokio runtime in which connections to it are opened.
    #[doc(alias = "NewMockClient")]
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Returns a builder for a fake engine with other settings.
    pub fn builder() -> FakeEngineBuilder {
        FakeEngineBuilder::new()
    }

    /// Creates a fake engine that responds to every request with the result of `script`, and simulates nothing.
    pub fn scripted(script: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        Self::builder().scripted(script)
    }

    /// Creates a fake engine that calls `script` as soon as the headers of a request are received, and does not read the
    /// body.
    pub fn scripted_before_body(script: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        Self::builder().scripted_before_body(script)
    }

    fn with(server: Server) -> Self {
        Self { server: Arc::new(server), listeners: Listeners::default() }
    }

    /// Returns a client for API `version` over in-memory connections. It ignores the user's Docker configuration and has no
    /// credentials.
    ///
    /// # Panics
    ///
    /// Panics if `dockerclient` does not support `version`.
    #[must_use]
    pub fn client(&self, version: &str) -> DockerClient {
        let version: ApiVersion = version.parse().expect("invalid API version");
        let connector = self.connector();
        let builder = DockerClient::builder().connector(move || std::future::ready(connector()));
        // Do not read the configuration of the user who runs the test.
        let builder = builder.config_directory("/nonexistent");
        builder.anonymous().api_version(version).build().expect("unsupported API version")
    }

    /// Builds a client that connects to [`address`](Self::address), over a Unix socket or a named pipe.
    ///
    /// # Panics
    ///
    /// Panics if `builder` fails.
    #[must_use]
    pub fn client_with(&self, builder: DockerClientBuilder) -> DockerClient {
        builder.address(self.address()).build().expect("failed to build the client")
    }

    /// Returns a function that opens in-memory connections, for any client.
    pub fn connector(&self) -> impl Fn() -> io::Result<DuplexStream> + Send + Sync + 'static {
        let server = Arc::downgrade(&self.server);
        move || {
            let gone = || io::Error::new(io::ErrorKind::ConnectionRefused, "the fake engine is not running");
            let server = server.upgrade().filter(|server| server.is_up()).ok_or_else(gone)?;
            let (ours, theirs) = tokio::io::duplex(BUFFER_SIZE);
            connection::spawn(&server, Box::new(ours), Duration::ZERO);
            Ok(theirs)
        }
    }

    /// Returns the address of its Unix socket, or on Windows of its named pipe (`npipe:////./pipe/…`), in the format of
    /// `DOCKER_HOST`. The first call creates the socket or the pipe.
    ///
    /// # Panics
    ///
    /// Panics if it cannot be created.
    #[must_use]
    pub fn address(&self) -> String {
        self.listeners.local(&self.server)
    }

    /// Returns the address of its TCP port on the loopback interface, in the format of `DOCKER_HOST`. The first call opens
    /// the port.
    ///
    /// # Panics
    ///
    /// Panics if no port is available.
    #[must_use]
    pub fn tcp_address(&self) -> String {
        self.listeners.tcp(&self.server)
    }

    /// Closes all connections and accepts no new ones, like an engine that was killed. Programs continue to run.
    pub fn kill(&self) {
        self.listeners.close();
        self.server.kill();
    }

    /// Accepts connections again after [`kill`](Self::kill), at the same addresses and with the same state. A manager of a
    /// swarm with autolock is locked.
    ///
    /// # Panics
    ///
    /// Panics if its port is in use by another process.
    pub fn start(&self) {
        if !self.server.is_up() {
            self.server.state.update(State::engine_restarted);
        }
        self.server.start();
        self.listeners.listen_again(&self.server).expect("failed to listen on the same addresses");
    }

    /// Adds an expected call. Unexpected calls are simulated.
    #[doc(alias = "On")]
    pub fn expect(&self, call: Call) {
        self.server.expectations.add(call);
    }

    /// Adds calls that are expected in this order.
    pub fn expect_in_order(&self, calls: impl IntoIterator<Item = Call>) {
        self.server.expectations.add_in_order(calls);
    }

    /// Returns all requests received so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.server.transcript.requests()
    }

    /// Returns the request lines received so far, one per line.
    #[must_use]
    pub fn request_lines(&self) -> String {
        self.requests().into_iter().map(|request| request.line).collect::<Vec<_>>().join("\n")
    }

    /// Returns the requests received so far for an operation, for example `container_start`.
    #[must_use]
    pub fn calls_to(&self, operation: &str) -> Vec<Request> {
        self.server.transcript.calls_to(operation)
    }

    /// Returns the requests received so far and the statuses of their responses, one per line.
    #[must_use]
    pub fn transcript(&self) -> String {
        self.server.transcript.text()
    }

    /// Returns the number of connections opened so far, including closed ones.
    #[must_use]
    pub fn connections_opened(&self) -> usize {
        self.server.connections_opened()
    }

    /// Waits until all connections are closed.
    pub async fn all_connections_closed(&self) {
        self.server.all_connections_closed().await;
    }

    /// Returns the operations of the OpenAPI document that are not simulated and return status 501.
    #[must_use]
    pub fn not_simulated() -> Vec<&'static str> {
        simulate::not_simulated()
    }

    /// Fails the test if an expected call was not received, a request did not match the OpenAPI document, or a script or
    /// program panicked.
    ///
    /// # Panics
    ///
    /// Panics in these cases. The message lists the problems and the requests that were received.
    #[doc(alias = "AssertExpectations")]
    #[track_caller]
    pub fn verify(&self) {
        if let Some(report) = self.report() {
            panic!("{report}");
        }
    }

    fn report(&self) -> Option<String> {
        let mut problems = self.server.problems();
        problems.extend(self.server.expectations.unmet());
        if problems.is_empty() {
            return None;
        }
        Some(format!(
            "verification of the fake engine failed:\n- {}\nrequests received:\n{}",
            problems.join("\n- "),
            self.transcript()
        ))
    }
}

impl Default for FakeEngine {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for FakeEngine {
    fn drop(&mut self) {
        let report = self.report();
        self.listeners.close();
        self.server.stop();
        match report {
            // A panic while panicking would abort the process.
            Some(report) if thread::panicking() => eprintln!("{report}"),
            Some(report) => panic!("{report}"),
            None => {}
        }
    }
}
