//! Make containers, run them, look into them, remove them.
//!
//! There are two kinds of handles. [`docker.containers()`](crate::DockerClient::containers) is all of them, and
//! [`docker.container("web")`](crate::DockerClient::container) is one, by name or id. Neither asks the engine anything
//! until a method is called. The methods have the names of the docker command line.
//!
//! # From beginning to end
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! use dockerclient::{containers::{CreateOptions, LogsOptions, RemoveOptions}, models::ContainerConfig};
//!
//! let config = ContainerConfig {
//!     image: "busybox".into(),
//!     cmd: vec!["echo".into(), "hello".into()],
//!     ..Default::default()
//! };
//! let container = docker.containers().create(&CreateOptions::new(config).name("greeter")).await?.container;
//! container.start().await?;
//! let exit = container.wait().await?;
//! assert!(exit.success());
//!
//! let output = container.logs(&LogsOptions::default()).await?.capture().await?;
//! assert_eq!(output.stdout_text(), "hello\n");
//! container.remove(&RemoveOptions::default()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! What a container is made of has Docker's names: [`ContainerConfig`](crate::models::ContainerConfig) for what it is,
//! and [`HostConfig`](crate::models::HostConfig) for what it gets of its host. Only what you set is sent.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! use dockerclient::{containers::CreateOptions, models::{ContainerConfig, HostConfig, PortBinding}};
//!
//! let config = ContainerConfig {
//!     image: "busybox".into(),
//!     env: vec!["MODE=fast".into()],
//!     exposed_ports: ["80/tcp".to_owned()].into(),
//!     labels: [("app".to_owned(), "web".to_owned())].into(),
//!     ..Default::default()
//! };
//! let port = PortBinding { host_port: "8080".into(), ..Default::default() };
//! let host = HostConfig {
//!     binds: vec!["/srv/site:/site:ro".into()],
//!     memory: 256 << 20,
//!     port_bindings: [("80/tcp".to_owned(), vec![port])].into(),
//!     ..Default::default()
//! };
//! let made = docker.containers().create(&CreateOptions::new(config).name("web").host_config(host)).await?;
//! for warning in made.warnings {
//!     eprintln!("{warning}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What is there
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! # use dockerclient::{containers::CreateOptions, models::ContainerConfig};
//! # let config = ContainerConfig { image: "busybox".into(), ..Default::default() };
//! # docker.containers().create(&CreateOptions::new(config).name("web")).await?;
//! use dockerclient::{Timestamp, containers::ListOptions};
//!
//! for container in docker.containers().list(&ListOptions::default().all().name("web")).await? {
//!     println!("{:.12} {} {}", container.id, container.names.join(" "), container.status);
//! }
//!
//! let web = docker.container("web").inspect().await?;
//! println!("{} {} {}", web.bare_name(), web.state.word(), web.state.describe(Timestamp::now()));
//! for (network, address) in web.network_settings.addresses() {
//!     println!("{address} in {network}");
//! }
//! assert!(docker.container("nosuch").find().await?.is_none()); // as inspect, where none is no error
//! # Ok(())
//! # }
//! ```
//!
//! # While it runs
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! # use dockerclient::{containers::CreateOptions, models::ContainerConfig};
//! # let cmd = ["sleep", "60"].map(Into::into).into();
//! # let config = ContainerConfig { image: "busybox".into(), cmd, ..Default::default() };
//! # let container = docker.containers().create(&CreateOptions::new(config).name("web")).await?.container;
//! use std::time::Duration;
//! use dockerclient::containers::{Signal, Start, StopOptions};
//!
//! assert_eq!(container.start().await?, Start::Started);
//! assert_eq!(container.start().await?, Start::AlreadyRunning);
//! container.pause().await?;
//! container.unpause().await?;
//! container.rename("old-web").await?;
//!
//! let top = container.top(None).await?;
//! println!("{}: {} processes", top.titles.join(" "), top.processes.len());
//! for change in container.changes().await? {
//!     println!("{} {}", change.kind, change.path);
//! }
//!
//! container.restart(&StopOptions::default().timeout(Duration::from_secs(3))).await?;
//! container.kill(Signal::HUP).await?;
//! container.stop(&StopOptions::default()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Statistics come about once a second. How busy a container was is the difference of two samples.
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! use futures_util::TryStreamExt as _;
//!
//! let mut stats = docker.container("web").stats().await?;
//! let mut previous = None;
//! while let Some(sample) = stats.try_next().await? {
//!     println!("{:?} % CPU, {} bytes", sample.cpu_percent(previous.as_ref()), sample.memory_used());
//!     previous = Some(sample);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Until it is ready
//!
//! A container that runs is not one that works yet.
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! use dockerclient::containers::WaitCondition;
//!
//! let db = docker.container("db");
//! db.wait_until_logged("ready to accept connections").await?; // or
//! db.wait_until_healthy().await?; // or
//! let port = db.wait_until_listening(5432).await?;
//! println!("at port {port} of the host");
//!
//! let waiting = db.begin_wait(WaitCondition::NextExit).await?; // from here on, no end is missed
//! println!("ended with {}", waiting.exit().await?.code);
//! # Ok(())
//! # }
//! ```
//!
//! # Limits, and tidying up
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! # use dockerclient::{containers::CreateOptions, models::ContainerConfig};
//! # let config = ContainerConfig { image: "busybox".into(), ..Default::default() };
//! # docker.containers().create(&CreateOptions::new(config).name("web")).await?;
//! use dockerclient::{PruneOptions, models::ContainerUpdate};
//!
//! let update = ContainerUpdate { memory: 512 << 20, memory_swap: 1 << 30, ..Default::default() };
//! for warning in docker.container("web").update(&update).await? {
//!     eprintln!("{warning}");
//! }
//! let pruned = docker.containers().prune(&PruneOptions::default()).await?;
//! println!("{} containers are gone", pruned.removed.len());
//! let usage = docker.disk_usage().await?;
//! println!("{usage:?}");
//! # Ok(())
//! # }
//! ```
