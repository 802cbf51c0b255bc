//! Networks and volumes, which came with API 1.21.
//!
//! # Networks
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
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
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
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
