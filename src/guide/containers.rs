//! Create, start, inspect, stop and remove containers.
//!
//! There are two kinds of handles. [`docker.containers()`](crate::DockerClient::containers) is all containers of the engine,
//! and [`docker.container("web")`](crate::DockerClient::container) is one of them, by name or id. Creating a handle sends
//! nothing. The methods have the names of the Docker CLI and API; a search of the documentation for the CLI's name (`ps`,
//! `rm`, `cp`) also finds them.
//!
//! # From creation to removal
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! let greeter = docker.containers().create("busybox").name("greeter").cmd(["echo", "hello"]).await?;
//! greeter.start().await?;
//! let exit = greeter.wait().await?;
//! assert!(exit.success());
//!
//! let output = greeter.logs().await?.capture().await?;
//! assert_eq!(output.stdout_text(), "hello\n");
//! greeter.remove().await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`docker.run("busybox")`](super::running) does all this in one call, and pulls the image if it is missing.
//!
//! # Settings
//!
//! The methods of [`CreateContainer`](crate::containers::CreateContainer) have the names of the flags of `docker run`.
//! Settings that have no method go into the configuration structs of the API,
//! [`config`](crate::containers::ContainerBuilder::config) and
//! [`host_config`](crate::containers::ContainerBuilder::host_config), which must be set first: they replace all earlier
//! settings.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # docker.networks().create("back").await?;
//! # docker.volumes().create().name("data").await?;
//! use dockerclient::containers::RestartPolicy;
//!
//! let web = docker
//!     .containers()
//!     .create("busybox")
//!     .name("web")
//!     .env("MODE", "fast")
//!     .label("app", "web")
//!     .publish(8080, 80)
//!     .bind("/srv/site", "/site:ro")
//!     .volume("data", "/data")
//!     .network("back")
//!     .memory("256m")
//!     .restart(RestartPolicy::UnlessStopped)
//!     .await?;
//! for warning in &web.warnings {
//!     eprintln!("{warning}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Listing and inspecting
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # docker.containers().create("busybox").name("web").label("app", "web").await?;
//! for container in docker.containers().list().all(true).label("app=web").await? {
//!     println!("{:.12} {} {}", container.id, container.name(), container.status);
//! }
//!
//! let web = docker.container("web");
//! let details = web.inspect().await?;
//! println!("{} has the image {}", details.name(), details.config.image);
//! for (network, address) in details.network_settings.addresses() {
//!     println!("{address} in {network}");
//! }
//! assert!(!web.is_running().await?);
//! assert!(!docker.container("nosuch").exists().await?);
//! # Ok(())
//! # }
//! ```
//!
//! To print the state of a listed container, use its `status`, a text such as `Up 2 minutes (healthy)`. To compare it, use
//! [`container_status()`](crate::models::ContainerSummary::container_status), an enum; the field `state` has the same value,
//! but engines before 1.11 do not send it.
//!
//! [`port`](crate::containers::Container::port) returns the addresses at which the engine publishes a port of the container.
//! `0.0.0.0` and `::` are all addresses of the engine's host; connect to the host's own address then:
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! for address in docker.container("web").port(80).await? {
//!     println!("published at {address}"); // 0.0.0.0:8080
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # While a container runs
//!
//! Outcomes that a caller can expect are values: [`start`](crate::containers::Container::start) reports whether the container
//! was running already.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # let web = docker.containers().create("busybox").name("web").cmd(["sleep", "60"]).await?;
//! use std::time::Duration;
//! use dockerclient::containers::{Signal, Start};
//!
//! assert_eq!(web.start().await?, Start::Started);
//! assert_eq!(web.start().await?, Start::AlreadyRunning);
//! web.pause().await?;
//! web.unpause().await?;
//! web.rename("old-web").await?;
//!
//! let processes = web.top().await?;
//! println!("{}: {} processes", processes.titles.join(" "), processes.processes.len());
//! for change in web.changes().await? {
//!     println!("{} {}", change.kind, change.path);
//! }
//!
//! web.restart().timeout(Duration::from_secs(3)).await?;
//! web.kill().signal(Signal::HUP).await?;
//! web.stop().await?;
//! # Ok(())
//! # }
//! ```
//!
//! Without `timeout`, the container's own stop timeout applies.
//!
//! Stats are sampled about once a second. The CPU usage of a container is the difference of two samples, so the first sample
//! has none:
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! let web = docker.container("web");
//! let mut stats = web.stats().await?;
//! let mut previous = None;
//! while let Some(sample) = stats.try_next().await? {
//!     println!("{:?} % CPU, {:?} bytes", sample.cpu_percent(previous.as_ref()), sample.memory_used());
//!     previous = Some(sample);
//! }
//!
//! let sample = web.stats_once().one_shot(false).await?; // takes a second, and includes the previous sample
//! println!("{:?} % CPU", sample.cpu_percent(None));
//! # Ok(())
//! # }
//! ```
//!
//! # Waiting
//!
//! A container that has started is not necessarily ready.
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! use dockerclient::containers::WaitCondition;
//!
//! let db = docker.container("db");
//! db.wait_until_logged("Server started").await?; // or
//! db.wait_until_healthy().await?; // or
//! db.wait_until_listening(5432).await?;
//!
//! let waiting = db.wait().condition(WaitCondition::NextExit).begin().await?; // the wait is registered
//! db.kill().await?;
//! println!("{}", waiting.exit().await?); // exit code 137
//! # Ok(())
//! # }
//! ```
//!
//! # Updating and cleaning up
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # docker.containers().create("busybox").name("web").await?;
//! for warning in docker.container("web").update().memory("512m").memory_swap("1g").await? {
//!     eprintln!("{warning}");
//! }
//! let pruned = docker.containers().prune().await?; // removes all stopped containers
//! println!("removed {} containers", pruned.removed.len());
//! println!("{:?}", docker.disk_usage().await?);
//! # Ok(())
//! # }
//! ```
//!
//! # Checkpoints
//!
//! An engine in experimental mode, on a Linux host with CRIU, can save the state of the processes in a container, and start the
//! container from that state. Other engines reject this (501).
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! let web = docker.container("web");
//! web.create_checkpoint("before-upgrade").exit(true).await?; // the container stops
//! for checkpoint in web.list_checkpoints().await? {
//!     println!("{}", checkpoint.name);
//! }
//! web.start().checkpoint("before-upgrade").await?;
//! web.remove_checkpoint("before-upgrade").await?;
//! # Ok(())
//! # }
//! ```
