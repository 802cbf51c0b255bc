//! Which engine, and how to reach it.
//!
//! A [`DockerClient`](crate::DockerClient) talks to one engine. Making one only reads what says where the engine is;
//! nothing is dialled before the first call.
//!
//! ```no_run
//! # async fn example() -> dockerclient::Result<()> {
//! use dockerclient::DockerClient;
//!
//! let docker = DockerClient::from_env()?; // the engine that `docker ps` would ask
//! docker.ping().await?;
//! let version = docker.version().await?;
//! println!("engine {} on {} ({})", version.version, version.os, version.arch);
//! println!("{} containers", docker.info().await?.containers);
//! # Ok(())
//! # }
//! ```
//!
//! [`from_env`](crate::DockerClient::from_env) does what the docker command line does, contexts and all.
//! [`connect`](crate::DockerClient::connect) takes an address, and [`builder`](crate::DockerClient::builder) whatever
//! there is to say:
//!
//! ```
//! # fn main() -> dockerclient::Result<()> {
//! use std::time::Duration;
//! use dockerclient::{ApiVersion, DockerClient};
//!
//! let local = DockerClient::connect("unix:///var/run/docker.sock")?;
//! let other = DockerClient::builder()
//!     .address("tcp://engine.example:2375")
//!     .api_version(ApiVersion::new(1, 41))
//!     .connect_timeout(Duration::from_secs(2))
//!     .build()?;
//! # Ok(())
//! # }
//! ```
//!
//! | address | reaches | needs |
//! |---|---|---|
//! | `unix:///var/run/docker.sock` | a socket | |
//! | `tcp://host:2375`, `http://host:2375` | a port; with certificates, `tcp` is TLS | |
//! | `https://host:2376` | a port, by TLS | the feature `tls` |
//! | `ssh://user@host` | the engine of another machine, by the system's `ssh` | the feature `ssh` |
//!
//! What none of them reaches, a [`connector`](crate::DockerClientBuilder::connector) does: a function that returns a
//! stream of bytes.
//!
//! # One client is enough
//!
//! Clones share connections and what is known of the engine. Give a clone to each task, and make a client once:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! let tasks: Vec<_> = (0..3)
//!     .map(|_| {
//!         let docker = docker.clone();
//!         tokio::spawn(async move { docker.ping().await })
//!     })
//!     .collect();
//! for task in tasks {
//!     task.await??;
//! }
//! # Ok(())
//! # }
//! ```
