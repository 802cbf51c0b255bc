//! Networks and volumes (API 1.21 and later).
//!
//! # Networks
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # docker.containers().create("busybox").name("db").await?;
//! let back = docker.networks().create("back").driver("bridge").label("app", "web").await?;
//! back.connect("db").alias("database").await?;
//! for (id, container) in back.inspect().await?.containers {
//!     println!("{id:.12} {}", container.ipv4_address);
//! }
//! back.disconnect("db").await?;
//! back.remove().await?;
//!
//! for network in docker.networks().list().await? {
//!     println!("{} {}", network.name, network.driver);
//! }
//! docker.networks().prune().await?;
//! # Ok(())
//! # }
//! ```
//!
//! A new container joins a network with [`network`](crate::containers::ContainerBuilder::network):
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # docker.networks().create("back").await?;
//! let web = docker.containers().create("busybox").network("back").alias("web").await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Volumes
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! let data = docker.volumes().create().name("data").label("app", "web").await?;
//! println!("{}", data.info.mountpoint);
//! for volume in docker.volumes().list().await? {
//!     println!("{} {}", volume.name, volume.driver);
//! }
//! data.remove().await?;
//! docker.volumes().prune().await?;
//! # Ok(())
//! # }
//! ```
