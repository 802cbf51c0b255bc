//! Running programs, in new or in running containers.
//!
//! Two methods are modeled on [`std::process::Command`]: [`DockerClient::run`](crate::DockerClient::run) runs a program
//! in a new container, as `docker run` does, and [`Container::command`](crate::containers::Container::command) runs one
//! in a running container, as `docker exec` does. Both send nothing until one of these verbs is awaited:
//!
//! | verb | resolves | to |
//! |---|---|---|
//! | `output()` | when the program has exited | [`Output`](crate::Output): exit status, stdout and stderr |
//! | `status()` | when the program has exited | [`ExitStatus`](crate::containers::ExitStatus) |
//! | `spawn()` | when the program runs | a running container or command, with its input and output |
//! | `detach()` | when the program runs | a handle |
//!
//! # In a new container
//!
//! `run` pulls the image if it is missing, creates the container, starts it, waits for its exit, and removes it.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! let hello = docker.run("busybox").args(["echo", "hello"]).output().await?;
//! assert!(hello.success());
//! assert_eq!(hello.stdout_text(), "hello\n");
//! print!("{hello}"); // stdout, then stderr
//! # Ok(())
//! # }
//! ```
//!
//! It takes all settings of [`create`](crate::containers::Containers::create): environment, mounts, limits, networks.
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! let build = docker
//!     .run("rust:1")
//!     .args(["cargo", "build", "--release"])
//!     .bind("/home/me/project", "/project")
//!     .working_dir("/project")
//!     .env("CARGO_TERM_COLOR", "never")
//!     .memory("2g")
//!     .status()
//!     .await?;
//! println!("{build}"); // exit code 0
//! # Ok(())
//! # }
//! ```
//!
//! `spawn` returns while the container runs. Its input and output are streams:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! use tokio::io::AsyncWriteExt as _;
//!
//! let mut cat = docker.run("busybox").arg("cat").stdin(true).kill_on_drop(true).spawn().await?;
//! if let Some(mut stdin) = cat.stdin.take() {
//!     stdin.write_all(b"hello\n").await?;
//!     stdin.shutdown().await?; // EOF
//! }
//! if let Some(output) = cat.output.take() {
//!     let mut lines = output.lines();
//!     while let Some(line) = lines.try_next().await? {
//!         println!("{}", line.text());
//!     }
//! }
//! assert!(cat.wait().await?.success());
//! # Ok(())
//! # }
//! ```
//!
//! # In a running container
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # docker.containers().create("busybox").name("web").cmd(["sleep", "60"]).await?.start().await?;
//! let web = docker.container("web");
//! let done = web.command("sh").args(["-c", "echo fine; exit 3"]).output().await?;
//! assert_eq!(done.stdout_text(), "fine\n");
//! assert_eq!(done.status.code(), Some(3));
//!
//! let echoed = web.command("cat").input("passed to its stdin").output().await?;
//! assert_eq!(echoed.stdout_text(), "passed to its stdin");
//! # Ok(())
//! # }
//! ```
//!
//! The program is not run by a shell; for that, run `sh`.
//!
//! # Cancellation
//!
//! As in [`tokio::process`], a container or command that was started keeps running if the future or the handle is dropped.
//! [`kill_on_drop(true)`](crate::containers::RunContainer::kill_on_drop) then kills and removes a container; a command ends
//! only with its container, because engines have no operation to stop it. `time_limit(…)` limits `output()` and `status()` as
//! a whole:
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! let tests = docker.run("acme/tests:1").kill_on_drop(true).time_limit(Duration::from_secs(600));
//! match tests.status().await {
//!     Ok(status) => println!("{status}"),
//!     Err(error) if error.is_timeout() => println!("killed after 10 minutes"),
//!     Err(error) => return Err(error.into()),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Exit codes and errors
//!
//! An exit code other than 0 is not an error: check [`success`](crate::Output::success). A program that cannot be run differs:
//!
//! | | `run` | `command` |
//! |---|---|---|
//! | the program exits with code 3 | exit code 3 | exit code 3 |
//! | the program does not exist, or is not executable | error: [`BadRequest`](crate::ErrorKind::BadRequest) (404 or 500 from old engines), because the container cannot be started | exit code 126 or 127; the reason is in the output |
//! | the image does not exist | error | |
//! | the container does not exist, or does not run | | error: [`NotFound`](crate::ErrorKind::NotFound), [`Conflict`](crate::ErrorKind::Conflict) |
