//! A double of a Docker Engine, for tests of what is built on Docker.
//!
//! It lives in the process of the test, needs no Docker and no root, and speaks the real protocol to any client: over a
//! connection in memory, a unix socket or a TCP port, at any version of the API from 1.15 up.
//!
//! # In three lines
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> dockerclient::Result<()> {
//! let engine = dockerclient_testkit::Engine::new();
//! let docker = engine.client("1.18");
//! assert!(docker.image("busybox").find().await?.is_some());
//! # Ok(())
//! # }
//! ```
//!
//! The engine has the image `busybox`, whose shell knows `echo`, `cat`, `sleep`, `exit` and a little more, and can be asked
//! for all that [`EngineBuilder`] tells. Containers live: they are created, run, write, are paused, stopped, killed, waited
//! for and removed, and each of these is refused when an engine would refuse it, with its status and its words. Clients that
//! are not given to but find their engine go to [`Engine::address`] or [`Engine::tcp_address`].
//!
//! # What containers do
//!
//! An [`Image`] says what its commands do, with a [`Program`] for each. What a program does before it first waits has
//! happened when `start` is answered, so that nothing has to be waited for; what shall happen later waits for a [`Gate`].
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> dockerclient::Result<()> {
//! use dockerclient::{containers::{CreateOptions, LogsOptions}, models::ContainerConfig};
//! use dockerclient_testkit::{Engine, Gate, Image, Program};
//!
//! let done = Gate::new();
//! let backup = Program::printing("saving\n").and_then(Program::failing("disk full\n", 3).after(&done));
//! let engine = Engine::builder().image(Image::new("backup:2").program(["run"], backup)).build();
//!
//! let docker = engine.client("1.18");
//! let config = ContainerConfig { image: "backup:2".into(), cmd: vec!["run".into()], ..Default::default() };
//! let container = docker.containers().create(&CreateOptions::new(config)).await?.container;
//! container.start().await?;
//! assert!(container.inspect().await?.state.running);
//! done.open();
//! assert_eq!(container.wait().await?.code, 3);
//! # Ok(())
//! # }
//! ```
//!
//! # What images hold
//!
//! An image has files, which its containers begin with; programs, the small shell, archives and builds read and write them.
//! Images can be built of a Dockerfile, whose `RUN` runs what the image can run.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> dockerclient::Result<()> {
//! use dockerclient_testkit::{Engine, Image, Program};
//!
//! let base = Image::new("base:1").program(["apk", "add"], Program::printing("OK\n")).file("/etc/motd", "welcome\n");
//! let engine = Engine::builder().image(base).build();
//!
//! let docker = engine.client("1.18");
//! # let dockerfile = |text: &str| { let mut tar = tar::Builder::new(vec![]); let mut header = tar::Header::new_gnu();
//! # header.set_size(text.len() as u64); tar.append_data(&mut header, "Dockerfile", text.as_bytes()).map(|()| tar.into_inner()) };
//! # let context = dockerfile("FROM base:1\nRUN apk add curl\nCMD cat /etc/motd\n").expect("a tar").expect("a tar");
//! let options = dockerclient::images::BuildOptions::default().name("made:1");
//! docker.images().build(context, &options).await?;
//! assert!(docker.image("made:1").find().await?.is_some());
//! # Ok(())
//! # }
//! ```
//!
//! # A failure on demand
//!
//! [`Engine::expect`] takes a [`Call`]: an operation of the API's document, its arguments, how often it comes, and what
//! becomes of it. It can fail, wait, break off, hang, or answer anything.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use dockerclient_testkit::{Call, Engine};
//!
//! let engine = Engine::new();
//! engine.expect(Call::to("image_inspect").with("name", "busybox").fails(500, "the disk is on fire"));
//! let docker = engine.client("1.18");
//!
//! assert_eq!(docker.image("busybox").inspect().await.unwrap_err().status(), Some(500));
//! assert!(docker.image("busybox").inspect().await.is_ok(), "it was expected once");
//! # }
//! ```
//!
//! # What was called
//!
//! An expected call that does not come fails the test when the engine is dropped, or when it is told to
//! [`verify`](Engine::verify). So does a request that the API's document does not know at the version it is for: an unknown
//! parameter, filter or field, a wrong type, a body that is missing. ([`lenient`](EngineBuilder::lenient) turns that off.)
//! The message shows what was asked:
//!
//! ```should_panic
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use dockerclient_testkit::{Call, Engine};
//!
//! let engine = Engine::new();
//! engine.expect(Call::to("container_start").with("id", "web"));
//! let _ = engine.client("1.18").container("web").inspect().await;
//! engine.verify();
//! // the double of the engine is not content:
//! // - container_start(id=web) was expected once, and came not at all
//! // what it was asked:
//! // container_inspect  GET /v1.18/containers/web/json -> 404
//! # }
//! ```
//!
//! [`Engine::transcript`] is that text at any time, and a good snapshot: ids are the same in every run.
//! [`Engine::calls_to`] and [`Engine::requests`] give the requests themselves.
//!
//! # Engines of another age
//!
//! The double behaves as Docker 20.10. With [`like_docker_1_6`](EngineBuilder::like_docker_1_6) it sends what old engines
//! sent: flags as numbers, errors as text, events without anything between them, other statuses. What neither does,
//! [`Engine::answering`] does, byte for byte.
//!
//! # How far to trust it
//!
//! The same scenarios run on the double and on a real engine 20.10, at the versions between API 1.15 and 1.41 that changed
//! most, and their answers are the same but for what is listed with a reason (`tests/conformance`). It is still a double:
//!
//! - Nothing is isolated: files are in memory, addresses lead nowhere, limits and restart policies are kept and do nothing.
//! - Directories of the host are mounted as empty ones.
//! - A program that does not listen to `TERM` is killed at once when its container is stopped: nobody waits for its grace.
//! - Programs of a paused container go on.
//! - A client that hangs up a session looks like one that has closed its half, until something is written to it.
//!
//! What it does not simulate it answers with 501, and [`Engine::not_simulated`] lists it. Expected calls to such operations
//! can be answered by the test.

#![deny(missing_docs)]

mod age;
mod call;
mod connection;
mod document;
mod engine;
mod expectations;
mod filters;
mod frames;
mod gate;
mod http;
mod image;
mod listen;
mod program;
mod refusal;
mod reply;
mod request;
mod shared;
mod simulate;
mod state;
mod transcript;

pub use self::{
    call::Call,
    engine::{Engine, EngineBuilder},
    frames::frame,
    gate::Gate,
    image::Image,
    program::{Process, Program, Usage},
    reply::Reply,
    request::Request,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
