//! Run something in a container, and talk to it.
//!
//! # A command, in one call
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! # use dockerclient::{containers::CreateOptions, models::ContainerConfig};
//! # let cmd = ["sleep", "60"].map(Into::into).into();
//! # let config = ContainerConfig { image: "busybox".into(), cmd, ..Default::default() };
//! # docker.containers().create(&CreateOptions::new(config).name("web")).await?.container.start().await?;
//! use dockerclient::exec::ExecOptions;
//!
//! let web = docker.container("web");
//! let done = web.exec(&ExecOptions::new(["sh", "-c", "echo fine; exit 3"])).await?;
//! assert_eq!((&*done.output.stdout_text(), done.code), ("fine\n", Some(3)));
//!
//! let echoed = web.exec(&ExecOptions::new(["cat"]).stdin("what it reads")).await?;
//! assert_eq!(echoed.output.stdout, b"what it reads");
//! # Ok(())
//! # }
//! ```
//!
//! An exit code is no error, as it is the command's answer and not the engine's.
//!
//! # A command, step by step
//!
//! Where output is long, or comes for long, it is a stream. [`create_exec`](crate::containers::Container::create_exec)
//! prepares a command, and [`start`](crate::exec::Exec::start) opens a session with it.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! # use dockerclient::{containers::CreateOptions};
//! # let cmd = ["sleep", "60"].map(Into::into).into();
//! # let config = dockerclient::models::ContainerConfig { image: "busybox".into(), cmd, ..Default::default() };
//! # docker.containers().create(&CreateOptions::new(config).name("web")).await?.container.start().await?;
//! use dockerclient::{models::ExecConfig, session::Session};
//! use futures_util::TryStreamExt as _;
//! use tokio::io::AsyncWriteExt as _;
//!
//! let config = ExecConfig { cmd: vec!["cat".into()], attach_stdin: true, attach_stdout: true, ..Default::default() };
//! let exec = docker.container("web").create_exec(&config).await?;
//! let Session { mut input, mut output, .. } = exec.start().await?;
//! input.write_all(b"ping\n").await?;
//! input.shutdown().await?; // the end of the input; the output goes on
//! while let Some(piece) = output.try_next().await? {
//!     assert_eq!(piece.bytes(), &b"ping\n"[..]);
//! }
//! println!("ended: {:?}", exec.inspect().await?.exit_code);
//! # Ok(())
//! # }
//! ```
//!
//! Input and output are two halves. Move them into two tasks where both may be long: who only writes while the other
//! side waits to be read waits for good. Dropping the input is the end of the input. Dropping both closes the
//! connection.
//!
//! # A container
//!
//! [`attach`](crate::containers::Container::attach) does the same with what a container runs. Attach first and start
//! then, and nothing is missed:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! # use dockerclient::containers::CreateOptions;
//! use dockerclient::{containers::AttachOptions, models::ContainerConfig};
//! use tokio::io::AsyncWriteExt as _;
//!
//! let config = ContainerConfig {
//!     image: "busybox".into(),
//!     cmd: vec!["cat".into()],
//!     open_stdin: true, // it has an input,
//!     stdin_once: true, // which ends with this session
//!     ..Default::default()
//! };
//! let container = docker.containers().create(&CreateOptions::new(config)).await?.container;
//! let mut session = container.attach(&AttachOptions::default().stdin()).await?;
//! container.start().await?;
//! session.input.write_all(b"hello").await?;
//! session.input.shutdown().await?;
//! assert_eq!(session.output.capture().await?.stdout, b"hello");
//! # Ok(())
//! # }
//! ```
//!
//! # Terminals
//!
//! With `tty: true`, a container or command has a terminal. Its output is one stream then, with the line ends of a
//! terminal, and its terminal can be [resized](crate::exec::Exec::resize) while it runs. The example `shell` is a whole
//! interactive one.
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
//! # A websocket
//!
//! With the feature `websocket`, `container.attach_websocket(…)` goes where only
//! websockets get through. It mixes stdout and stderr, and closes both directions at once.
//!
//! ```no_run
//! # #[cfg(feature = "websocket")]
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! use dockerclient::containers::AttachOptions;
//! use futures_util::TryStreamExt as _;
//!
//! let mut session = docker.container("cat").attach_websocket(&AttachOptions::default().stdin()).await?;
//! session.input.send("hello\n").await?;
//! println!("{:?}", session.output.try_next().await?);
//! session.input.close().await?;
//! # Ok(())
//! # }
//! ```
