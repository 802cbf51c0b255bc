//! Plugins: drivers for volumes, networks and logs that the engine runs (API 1.25 and later).
//!
//! A plugin is a program with its own filesystem. The engine starts it when the plugin is enabled. It extends the engine
//! by a driver for volumes, networks, IP addresses or logs, or by rules for access to the API. Plugins are
//! distributed with registries, as images are. Engines on Windows and Podman do not support them.
//!
//! # Pulling plugins
//!
//! A plugin can require privileges, such as the network of the host, its devices or its directories. Without your
//! decision, none is granted, and a plugin that requires privileges is not pulled: the error lists them. `grant` takes
//! a function that decides:
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! let pull = docker.plugins().pull("vieux/sshfs").grant(|privileges| {
//!     privileges.iter().all(|privilege| match &*privilege.name {
//!         "network" => privilege.value == ["host"],
//!         "mount" => privilege.value.iter().all(|path| path.starts_with("/var/lib/docker/plugins")),
//!         "device" => privilege.value == ["/dev/fuse"],
//!         "capabilities" => privilege.value == ["CAP_SYS_ADMIN"],
//!         _ => false,
//!     })
//! });
//! let sshfs = pull.await?;
//! sshfs.enable().await?; // a plugin that was pulled is disabled
//!
//! docker.volumes().create().name("site").driver("vieux/sshfs").driver_opt("sshcmd", "me@host:/srv").await?;
//! # Ok(())
//! # }
//! ```
//!
//! `grant_all(true)` grants whatever the plugin requires, as `docker plugin install --grant-all-permissions` does. To
//! let a user decide, read the privileges first. The engine rejects the pull if the required privileges have changed since, but
//! does [not compare all](crate::plugins::PullPlugin::privileges) of them:
//!
//! ```no_run
//! # fn confirm(question: &str) -> bool { !question.is_empty() }
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! let privileges = docker.plugins().privileges("vieux/sshfs").await?;
//! if privileges.iter().all(|privilege| confirm(&format!("{} {:?}", privilege.name, privilege.value))) {
//!     docker.plugins().pull("vieux/sshfs").name("sshfs").privileges(privileges).await?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Pulls, upgrades and pushes have `progress()`, and use the credentials of the Docker CLI, as for
//! [images](super::images).
//!
//! # Settings and upgrades
//!
//! Settings can be changed, and a plugin can be upgraded, only while it is disabled:
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! for plugin in docker.plugins().list().capability("volumedriver").await? {
//!     println!("{} {} {:?}", plugin.name, plugin.enabled, plugin.settings.env);
//! }
//! let sshfs = docker.plugin("vieux/sshfs");
//! sshfs.disable().await?; // fails while a volume uses it
//! sshfs.set([("DEBUG", "1"), ("sshkey.source", "/root/.ssh")]).await?;
//! sshfs.upgrade("vieux/sshfs:next").grant_all(true).await?;
//! sshfs.enable().await?;
//! println!("{:?}", sshfs.inspect().await?.config.description);
//!
//! sshfs.remove().force(true).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Creating plugins
//!
//! A plugin is created from a tar archive with its configuration, `config.json`, and its filesystem, `rootfs`:
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! use dockerclient::Upload;
//!
//! let logs = docker.plugins().create("registry.example/acme/logs:1", Upload::from_file("logs.tar").await?).await?;
//! logs.enable().await?;
//! if let Some(pushed) = logs.push().await? {
//!     println!("{}", pushed.digest);
//! }
//! # Ok(())
//! # }
//! ```
