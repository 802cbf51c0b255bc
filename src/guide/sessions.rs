//! Sessions: attach to a container or a command, with input and output.
//!
//! A session is a connection that carries the input of a process in one direction and its output in the other. [`run`
//! and `command`](super::running) open sessions automatically; this page documents the operations that they use.
//!
//! # With a command
//!
//! [`Command::create`](crate::exec::Command::create) prepares a command in a running container, and
//! [`start`](crate::exec::Exec::start) runs it and opens a session with it.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # docker.containers().create("busybox").name("web").cmd(["sleep", "60"]).await?.start().await?;
//! use dockerclient::session::Session;
//! use tokio::io::AsyncWriteExt as _;
//!
//! let cat = docker.container("web").command("cat").stdin(true).create().await?;
//! let Session { mut input, mut output, .. } = cat.start().await?;
//! input.write_all(b"ping\n").await?;
//! input.shutdown().await?; // EOF for the command; its output continues
//! while let Some(chunk) = output.try_next().await? {
//!     assert_eq!(chunk.bytes(), &b"ping\n"[..]);
//! }
//! println!("exit code {:?}", cat.inspect().await?.exit_code);
//! # Ok(())
//! # }
//! ```
//!
//! Read and write concurrently, for example in two tasks. If you only write, the unread output fills the buffers, and both
//! sides deadlock. Dropping the input sends EOF to the process. Dropping both halves closes the connection.
//!
//! [`create_exec`](crate::containers::Container::create_exec) is the short form for commands without settings, and
//! [`start_detached`](crate::exec::Exec::start_detached) runs a command without a session:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # docker.containers().create("busybox").name("web").cmd(["sleep", "60"]).await?.start().await?;
//! let touch = docker.container("web").create_exec(["touch", "/tmp/done"]).await?;
//! touch.start_detached().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # With a container
//!
//! [`attach`](crate::containers::Container::attach) opens a session with the container's main process. Attach before
//! you start the container, so that no output is missed:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! use tokio::io::AsyncWriteExt as _;
//!
//! // `stdin(true)` gives the container an input, which is closed at the end of the session.
//! let cat = docker.containers().create("busybox").cmd(["cat"]).stdin(true).await?;
//! let mut session = cat.attach().stdin(true).await?;
//! cat.start().await?;
//! session.input.write_all(b"hello").await?;
//! session.input.shutdown().await?;
//! assert_eq!(session.output.capture().await?.stdout, b"hello");
//! # Ok(())
//! # }
//! ```
//!
//! # TTYs
//!
//! With `tty(true)`, a container or command has a TTY. Its output is a single stream with CR LF line endings, and the TTY can
//! be [resized](crate::exec::Exec::resize) while it runs. The example `shell` is a complete interactive shell.
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! use dockerclient::TerminalSize;
//!
//! docker.container("editor").resize(TerminalSize { rows: 24, columns: 80 }).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Over a WebSocket
//!
//! With the feature `websocket`, `container.attach_websocket()` works through proxies that pass only WebSockets. It does not
//! separate stdout from stderr, and closing it closes both directions.
//!
//! ```no_run
//! # #[cfg(feature = "websocket")]
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! let mut session = docker.container("cat").attach_websocket().stdin(true).await?;
//! session.input.send("hello\n").await?;
//! println!("{:?}", session.output.try_next().await?);
//! session.input.close().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # With BuildKit
//!
//! [`docker.buildkit()`](crate::DockerClient::buildkit) opens connections that carry HTTP/2, for programs with their own
//! gRPC implementation. In a [session](crate::buildkit::BuildKit::session), BuildKit calls services of the program during
//! builds; with [`grpc`](crate::buildkit::BuildKit::grpc), the program calls BuildKit services. Both return a
//! [`RawConnection`](crate::raw::RawConnection), which implements `AsyncRead` and `AsyncWrite`. With the feature `buildkit`,
//! [builds](../builds/index.html) open them themselves.
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! use tokio::io::AsyncReadExt as _;
//!
//! let buildkit = docker.buildkit();
//! let mut served = buildkit.session("k3v1q9").methods(["/grpc.health.v1.Health/Check"]).await?;
//! let mut preface = [0; 24];
//! served.read_exact(&mut preface).await?; // "PRI * HTTP/2.0…": the engine is the client
//!
//! let called = buildkit.grpc().await?; // the engine is the server
//! # Ok(())
//! # }
//! ```
