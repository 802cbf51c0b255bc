//! The engine's double, as a test holds it.

use std::{io, sync::Arc, thread, time::Duration};

use dockerclient::{ApiVersion, DockerClient, DockerClientBuilder};
use tokio::io::DuplexStream;

use crate::{Call, Reply, Request, listen::Addresses, shared::Shared, simulate};

mod builder;

pub use self::builder::EngineBuilder;

/// How many bytes a connection in memory holds before its writer waits.
const BUFFER: usize = 64 << 10;

/// An engine that is none: it lives in the process of the test, and does what an engine does.
///
/// Dropping it closes all its connections, and [verifies](Self::verify) what was expected.
#[doc(alias = "MockClient")]
#[doc(alias = "NopClient")]
#[derive(Debug)]
pub struct Engine {
    shared: Arc<Shared>,
    addresses: Addresses,
}

impl Engine {
    /// An engine that behaves as 20.10, with the image `busybox`.
    ///
    /// What it does it does as tasks of the tokio runtime in which it is connected to.
    #[doc(alias = "NewMockClient")]
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// An engine to order.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::new()
    }

    /// Answers each request as `script` says, and does nothing of its own.
    pub fn answering(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::builder().answering(script)
    }

    /// Answers each request as `script` says, without reading its body.
    pub fn answering_early(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::builder().answering_early(script)
    }

    fn with(shared: Shared) -> Self {
        Self { shared: Arc::new(shared), addresses: Addresses::default() }
    }

    /// A client that is connected in memory and speaks `version`. It has no credentials, whoever runs the test.
    ///
    /// # Panics
    ///
    /// If this is no version that `dockerclient` speaks.
    #[must_use]
    pub fn client(&self, version: &str) -> DockerClient {
        let version: ApiVersion = version.parse().expect("a version of the API, as 1.18");
        let connector = self.connector();
        let builder = DockerClient::builder().connector(move || std::future::ready(connector()));
        builder.anonymous().api_version(version).build().expect("a version that dockerclient speaks")
    }

    /// A client made to order, connected by the unix socket.
    ///
    /// # Panics
    ///
    /// If it cannot be made.
    #[must_use]
    pub fn client_of(&self, builder: DockerClientBuilder) -> DockerClient {
        builder.address(self.address()).build().expect("what is ordered can be made")
    }

    /// Opens connections in memory, for clients of any kind.
    pub fn connector(&self) -> impl Fn() -> io::Result<DuplexStream> + Send + Sync + 'static {
        // A client that outlives the engine finds nobody there.
        let shared = Arc::downgrade(&self.shared);
        move || {
            let gone = || io::Error::new(io::ErrorKind::ConnectionRefused, "the double of the engine is not there");
            let shared = shared.upgrade().filter(|shared| shared.is_up()).ok_or_else(gone)?;
            let (ours, theirs) = tokio::io::duplex(BUFFER);
            shared.serve(Box::new(ours), Duration::ZERO);
            Ok(theirs)
        }
    }

    /// Where it listens on a unix socket, as `DOCKER_HOST` wants it. It does so from the first call on.
    ///
    /// # Panics
    ///
    /// If the socket cannot be made.
    #[must_use]
    pub fn address(&self) -> String {
        self.addresses.unix(&self.shared)
    }

    /// Where it listens on the loopback interface, as `DOCKER_HOST` wants it. It does so from the first call on.
    ///
    /// # Panics
    ///
    /// If no port can be had.
    #[must_use]
    pub fn tcp_address(&self) -> String {
        self.addresses.tcp(&self.shared)
    }

    /// Hangs up on everyone and refuses whoever comes, as an engine that was killed. Programs go on.
    pub fn kill(&self) {
        self.addresses.close();
        self.shared.kill();
    }

    /// Is there again, after a [`kill`](Self::kill), at the same addresses and with what it had.
    ///
    /// # Panics
    ///
    /// If its port was taken meanwhile.
    pub fn start(&self) {
        self.shared.start();
        self.addresses.listen_again(&self.shared).expect("its addresses are free");
    }

    /// Expects a call. What is not expected is answered as the engine would.
    #[doc(alias = "On")]
    pub fn expect(&self, call: Call) {
        self.shared.expectations.add(call);
    }

    /// Expects calls in this order.
    pub fn expect_in_order(&self, calls: impl IntoIterator<Item = Call>) {
        self.shared.expectations.add_in_order(calls);
    }

    /// What was asked so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.transcript.requests()
    }

    /// The request lines so far.
    #[must_use]
    pub fn lines(&self) -> String {
        self.requests().into_iter().map(|request| request.line).collect::<Vec<_>>().join("\n")
    }

    /// The requests so far that were for an operation, as `container_start`.
    #[must_use]
    pub fn calls_to(&self, operation: &str) -> Vec<Request> {
        self.shared.transcript.calls_to(operation)
    }

    /// What was asked and answered so far, a line a request.
    #[must_use]
    pub fn transcript(&self) -> String {
        self.shared.transcript.text()
    }

    /// How many connections were ever opened.
    #[must_use]
    pub fn opened(&self) -> usize {
        self.shared.opened()
    }

    /// Waits until no connection is open any more.
    pub async fn all_hung_up(&self) {
        self.shared.all_hung_up().await;
    }

    /// The operations of the API's document that the double does not simulate, and answers with 501.
    #[must_use]
    pub fn not_simulated() -> Vec<&'static str> {
        simulate::not_simulated()
    }

    /// Fails the test if an expected call did not come, a request was ill-formed, or something panicked in the double.
    ///
    /// # Panics
    ///
    /// If so. The message shows what is wrong, and all that was asked.
    #[doc(alias = "AssertExpectations")]
    #[track_caller]
    pub fn verify(&self) {
        if let Some(report) = self.report() {
            panic!("{report}");
        }
    }

    fn report(&self) -> Option<String> {
        let mut problems = self.shared.problems();
        problems.extend(self.shared.expectations.unmet());
        if problems.is_empty() {
            return None;
        }
        Some(format!(
            "the double of the engine is not content:\n- {}\nwhat it was asked:\n{}",
            problems.join("\n- "),
            self.transcript()
        ))
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let report = self.report();
        self.addresses.close();
        self.shared.stop();
        match report {
            // The test has failed already; this may be why.
            Some(report) if thread::panicking() => eprintln!("{report}"),
            Some(report) => panic!("{report}"),
            None => {}
        }
    }
}
