//! Copy files in and out of containers.
//!
//! With the feature `tar`, they go by their paths. The container need not run.
//!
//! ```no_run
//! # #[cfg(feature = "tar")]
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! let web = docker.container("web");
//! web.copy_in_from("site", "/srv").await?; // /srv/site is there now
//! web.copy_out_to("/var/log/web", "logs").await?; // logs/web is here now
//! # Ok(())
//! # }
//! ```
//!
//! Without the feature, archives go in and out, which is what engines understand. Uploads come from memory, a file, a
//! reader or a stream, and downloads are streams; neither is ever in memory as a whole.
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! use dockerclient::Upload;
//! use tokio::{fs::File, io};
//!
//! let web = docker.container("web");
//! web.copy_in("/srv", Upload::from_file("site.tar").await?).await?;
//!
//! let mut archive = web.copy_out("/var/log/web").await?.into_reader();
//! io::copy(&mut archive, &mut File::create("logs.tar").await?).await?;
//!
//! let all = web.export().await?; // every file it has
//! let passwd = web.stat("/etc/passwd").await?;
//! println!("{} bytes", passwd.size);
//! # Ok(())
//! # }
//! ```
//!
//! Archives came with API 1.20. Before, files only come out: [`copy_out`](crate::containers::Container::copy_out) knows
//! how.
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! let archive = docker.container("web").copy("/etc/hosts").await?; // up to API 1.23
//! # Ok(())
//! # }
//! ```
