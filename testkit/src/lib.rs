//! An in-process fake Docker Engine for tests.
//!
//! It runs in the process of the test, needs neither Docker nor root, and speaks the real HTTP API to any client, over
//! in-memory connections, a Unix socket (on Windows, a named pipe) or a TCP port, at API 1.15 and later.
//!
//! # Quick start
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> dockerclient::Result<()> {
//! let engine = dockerclient_testkit::FakeEngine::new();
//! let docker = engine.client("1.18");
//! assert!(docker.image("busybox").exists().await?);
//! # Ok(())
//! # }
//! ```
//!
//! The engine has the image `busybox`, whose shell supports `echo`, `cat`, `sleep`, `exit` and some more commands;
//! [`FakeEngineBuilder`] has settings for other images. Containers have a full lifecycle: they are created, started, paused,
//! stopped, killed, waited for and removed, and invalid operations fail with the status and message of a real engine.
//! Clients that read `DOCKER_HOST` connect to [`FakeEngine::address`] or [`FakeEngine::tcp_address`].
//!
//! # Programs
//!
//! An [`Image`] defines the behavior of its commands, with a [`Program`] for each. The engine responds to `start` after the
//! program has run up to its first pending `await`, so a test does not have to poll; a [`Latch`] delays later steps.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> dockerclient::Result<()> {
//! use dockerclient_testkit::{FakeEngine, Image, Latch, Program};
//!
//! let done = Latch::new();
//! let backup = Program::printing("saving\n").and_then(Program::failing("disk full\n", 3).after(&done));
//! let engine = FakeEngine::builder().image(Image::new("backup:2").program(["run"], backup)).build();
//!
//! let docker = engine.client("1.18");
//! let container = docker.containers().create("backup:2").cmd(["run"]).await?;
//! container.start().await?;
//! assert!(container.is_running().await?);
//! done.open();
//! assert_eq!(container.wait().await?.code(), Some(3));
//! # Ok(())
//! # }
//! ```
//!
//! # Files and builds
//!
//! An image has files, which new containers start with; programs, the shell, archives and builds read and write them.
//! Images can be built from a Dockerfile, whose `RUN` instructions run programs of the base image.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> dockerclient::Result<()> {
//! use dockerclient_testkit::{FakeEngine, Image, Program};
//!
//! let base = Image::new("base:1").program(["apk", "add"], Program::printing("OK\n")).file("/etc/motd", "welcome\n");
//! let engine = FakeEngine::builder().image(base).build();
//!
//! let docker = engine.client("1.18");
//! # let dockerfile = |text: &str| { let mut tar = tar::Builder::new(vec![]); let mut header = tar::Header::new_gnu();
//! # header.set_size(text.len() as u64); tar.append_data(&mut header, "Dockerfile", text.as_bytes()).map(|()| tar.into_inner()) };
//! # let context = dockerfile("FROM base:1\nRUN apk add curl\nCMD cat /etc/motd\n").expect("a tar").expect("a tar");
//! docker.images().build(context).tag("made:1").await?;
//! assert!(docker.image("made:1").exists().await?);
//! # Ok(())
//! # }
//! ```
//!
//! With the feature `buildkit`, the engine also has BuildKit: builds with it, its sessions, and its control API, at
//! `POST /grpc`. They report the same simulation as a graph of steps. The feature has no effect on other operations.
//!
//! # Swarms
//!
//! [`FakeEngineBuilder::swarm_nodes`] makes the engine the manager of a swarm. Services run the programs of their images
//! on its nodes: tasks are placed, replaced, updated and rolled back as by a real swarm. The engine responds to the creation
//! or change of a service after the programs of its tasks have run up to their first pending `await`, unless that needs time
//! to pass: delays of restarts and updates, and the periods in which updates are monitored, are a hundredth of the configured
//! ones. [`FakeEngine::kill_node`] makes a node unreachable.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> dockerclient::Result<()> {
//! use dockerclient_testkit::{FakeEngine, Image, Program};
//!
//! let web = Image::new("web:1").program(["serve"], Program::printing("ready\n").and_then_until_stopped());
//! let engine = FakeEngine::builder().swarm_nodes(3).image(web).build();
//!
//! let docker = engine.client("1.41");
//! let web = docker.services().create("web:1").name("web").cmd(["serve"]).replicas(3).await?;
//! let output = web.logs().await?.capture().await?;
//! assert_eq!(output.stdout_text(), "ready\nready\nready\n");
//! # Ok(())
//! # }
//! ```
//!
//! # Failure injection
//!
//! [`FakeEngine::expect`] takes a [`Call`]: an operation of the OpenAPI document, its arguments, the expected number of calls,
//! and the response. A call can fail, wait, hang, be truncated, or return any [`Response`].
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use dockerclient_testkit::{Call, FakeEngine};
//!
//! let engine = FakeEngine::new();
//! engine.expect(Call::to("image_inspect").with("name", "busybox").fails(500, "the disk is on fire"));
//! let docker = engine.client("1.18");
//!
//! assert_eq!(docker.image("busybox").inspect().await.unwrap_err().status(), Some(500));
//! assert!(docker.image("busybox").inspect().await.is_ok(), "it was expected once");
//! # }
//! ```
//!
//! # Verification
//!
//! The test fails when the engine is dropped or [`verify`](FakeEngine::verify) is called if an expected call was not received,
//! or if a request did not match the OpenAPI document of its version: an unknown parameter, filter or field, a wrong type, a
//! missing body. ([`lenient`](FakeEngineBuilder::lenient) disables this check.) The panic message lists the requests:
//!
//! ```should_panic
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use dockerclient_testkit::{Call, FakeEngine};
//!
//! let engine = FakeEngine::new();
//! engine.expect(Call::to("container_start").with("id", "web"));
//! let _ = engine.client("1.18").container("web").inspect().await;
//! engine.verify();
//! // verification of the fake engine failed:
//! // - container_start(id=web): expected 1 call, got 0
//! // requests received:
//! // container_inspect  GET /v1.18/containers/web/json -> 404
//! # }
//! ```
//!
//! [`FakeEngine::transcript`] returns that list at any time, and is suitable for snapshot tests: ids are the same in every run.
//! [`FakeEngine::calls_to`] and [`FakeEngine::requests`] return the requests themselves.
//!
//! # Other releases
//!
//! The engine behaves like Docker 20.10. With [`like_docker_1_6`](FakeEngineBuilder::like_docker_1_6) it sends the formats of
//! Docker 1.6: booleans as numbers, errors as plain text, events without separators, other statuses. For any other format,
//! [`FakeEngine::scripted`] gives a test control of every byte. [`client_from_fn`](client_from_fn()) is a test double at the
//! level of requests: a client whose requests are handled by a function.
//!
//! # Recordings
//!
//! A [`Recorder`] forwards the requests of its clients to a real engine, and records them and the responses in a file. A
//! [`Replay`] responds with them in tests, without an engine:
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # async fn code_under_test(docker: &dockerclient::DockerClient) -> dockerclient::Result<()> { docker.ping().await.map(|_| ()) }
//! use dockerclient::DockerClient;
//! use dockerclient_testkit::{Recorder, Replay};
//!
//! // Once, with an engine:
//! let recorder = Recorder::new(&DockerClient::from_env()?);
//! code_under_test(&recorder.client("1.41")).await?;
//! recorder.redact("text of a secret");
//! recorder.save("tests/recordings/ping.json")?;
//!
//! // In each run of the test:
//! let replay = Replay::open("tests/recordings/ping.json")?;
//! code_under_test(&replay.client()).await?;
//! replay.assert_all_used();
//! # Ok(())
//! # }
//! ```
//!
//! **Transports**: the engine can be reached over any transport of the client that is passed to [`Recorder::new`]: Unix
//! sockets, named pipes, TCP, TLS, SSH or a connector.
//!
//! **Matching**: a request matches a recorded one if the method, the path with the API version, the parameters in any order,
//! and the body are equal. JSON is compared by value, also in parameters. Tar archives are compared by the paths and sizes of
//! their entries, and other binary bodies by their length: their contents are not recorded. Headers are not compared. Names
//! and times in requests must therefore be the same in each run.
//!
//! **Responses** have the recorded status, the headers that matter to clients, and the body in the recorded chunks, without
//! delays. JSON is sent in compact form with a line feed after each document; the order of the keys of an object is not kept.
//! A stream that the client closed remains open after its last chunk. On upgraded connections (attach, exec), output is sent
//! after the input that it followed in the recording. Input that differs from the recorded input, or is shorter or longer,
//! fails the test; so the test must wait for the end of each session before it ends or verifies the replay. Input at a text
//! that was redacted ends with the text that was recorded after it. If no input was recorded after it, it ends with a line,
//! or when the client closes its half of the connection.
//!
//! **Redaction**: the headers `X-Registry-Auth`, `X-Registry-Config` and `Authorization`, passwords and tokens of
//! `POST /auth` and its response, `auth` next to a `username`, data of secrets, join tokens, unlock keys and signing keys are
//! always replaced by `[redacted]`, and all other request headers, except the content type and the protocol of an upgrade,
//! are omitted. Anything else is recorded as it is, also build arguments, options of volume and log drivers, and environment
//! variables: [`Recorder::redact`] replaces other texts, and [`Recorder::redact_env`] the values of all environment
//! variables. In a path, a segment with such a text is replaced. In a recorded request, `[redacted]` matches any text, and
//! reports of a replay do not contain it. If a secret cannot be replaced, for example in an archive that was downloaded, in
//! base64, or in JSON that is compressed, the recording is not saved. Review a recording before you commit it: output and
//! configuration can contain other secrets.
//!
//! **Limits**: a recorded body has at most 1 MiB, see [`Recorder::max_body_size`]. The body of a request is received as a whole
//! before it is forwarded. Builds with BuildKit and WebSockets cannot be recorded.
//!
//! # Limitations
//!
//! The same scenarios run against the fake engine and a real Docker 20.10, at versions from API 1.15 to 1.41, and the responses
//! must be equal, except for listed differences (`tests/conformance`). These remain:
//!
//! - Nothing is isolated: files are in memory, no packets are sent to addresses, and limits and restart policies of
//!   containers are stored without effect.
//! - Bind mounts of host directories are empty directories.
//! - A program that does not trap SIGTERM is killed immediately when its container is stopped; the stop timeout does not apply.
//! - Programs of a paused container continue to run.
//! - A swarm has one manager that works, and no certificates; health checks of services are not run. Tasks of other nodes
//!   have containers, volumes and networks that clients cannot access.
//! - If a client closes an attached connection, the engine handles that as a half-close until it next writes to the connection.
//!
//! Operations that are not simulated, such as attestations of images, return 501 and are listed by
//! [`FakeEngine::not_simulated`]. Unsupported parts of operations, such as builds for several platforms, also return 501,
//! or `UNIMPLEMENTED` in BuildKit's control API. A test can define the responses to operations with expected calls.

#![deny(missing_docs)]

mod api_call;
mod api_error;
mod argv;
mod client_from_fn;
mod connection;
mod dispatch;
mod engine;
mod expectations;
mod expected_call;
mod filters;
mod frames;
mod http;
mod image;
mod latch;
mod listeners;
mod program;
mod recording;
mod release;
mod request;
mod response;
mod server;
mod session;
mod simulate;
mod specification;
mod state;
mod transcript;
mod usage;

pub use self::{
    client_from_fn::client_from_fn,
    engine::{FakeEngine, FakeEngineBuilder},
    expected_call::Call,
    frames::frame,
    image::Image,
    latch::Latch,
    program::{Process, Program},
    recording::{Recorder, Recording, RecordingError, Replay},
    request::Request,
    response::Response,
    usage::Usage,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
