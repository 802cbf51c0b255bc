//! Copy files in and out of containers.
//!
//! With the feature `tar`, files and directories are copied by their paths. The target is always a directory: unlike with
//! `docker cp`, the copy keeps its name. The container does not have to run.
//!
//! ```no_run
//! # #[cfg(feature = "tar")]
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! let web = docker.container("web");
//! web.copy_in_from("site", "/srv").await?; // creates /srv/site
//! web.copy_out_to("/var/log/web", "logs").await?; // creates logs/web
//! # Ok(())
//! # }
//! ```
//!
//! Files that are copied in are owned by root, and symbolic links are copied as links, unless settings of
//! [`copy_in_from`](crate::containers::Container#method.copy_in_from) change that. If a copy is dropped or fails, the files
//! that were copied before remain.
//!
//! Without the feature, files are uploaded and downloaded as tar archives. Uploads come from memory, a file, a reader
//! or a stream, and downloads are streams; neither is kept in memory as a whole.
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
//! let all = web.export().await?; // the whole filesystem of the container
//! let passwd = web.stat("/etc/passwd").await?;
//! println!("{} bytes", passwd.size);
//! # Ok(())
//! # }
//! ```
//!
//! These operations require API 1.20. With older versions, files can only be copied out, and
//! [`copy_out`](crate::containers::Container::copy_out) uses an older operation for that, which can also be called
//! directly:
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! let archive = docker.container("web").copy("/etc/hosts").await?; // up to API 1.23
//! # Ok(())
//! # }
//! ```
