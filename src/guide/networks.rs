//! Networks and volumes, which came with API 1.21.
//!
//! # Networks
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! # use dockerclient::{containers::CreateOptions, models::ContainerConfig};
//! # let config = ContainerConfig { image: "busybox".into(), ..Default::default() };
//! # docker.containers().create(&CreateOptions::new(config).name("db")).await?;
//! use dockerclient::{PruneOptions, models::{EndpointSettings, NetworkCreate}};
//!
//! let back = NetworkCreate { name: "back".into(), driver: "bridge".into(), ..Default::default() };
//! docker.networks().create(&back).await?;
//! let back = docker.network("back");
//! back.connect("db", &EndpointSettings { aliases: vec!["database".into()], ..Default::default() }).await?;
//! for (id, container) in back.inspect().await?.containers {
//!     println!("{id:.12} {}", container.ipv4_address);
//! }
//! back.disconnect("db").await?;
//! back.remove().await?;
//!
//! for network in docker.networks().list(&Default::default()).await? {
//!     println!("{} {}", network.name, network.driver);
//! }
//! docker.networks().prune(&PruneOptions::default()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! A container that is to be on a network from its beginning is created with
//! [`CreateOptions::network`](crate::containers::CreateOptions::network).
//!
//! # Volumes
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! use dockerclient::{PruneOptions, models::VolumeCreate};
//!
//! docker.volumes().create(&VolumeCreate { name: "data".into(), ..Default::default() }).await?;
//! let data = docker.volume("data");
//! println!("{}", data.inspect().await?.mountpoint);
//! for volume in docker.volumes().list(&Default::default()).await? {
//!     println!("{} {}", volume.name, volume.driver);
//! }
//! data.remove().await?;
//! docker.volumes().prune(&PruneOptions::default()).await?;
//! # Ok(())
//! # }
//! ```
