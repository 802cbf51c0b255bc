//! Pull, build, name, push, save and remove images.
//!
//! [`docker.images()`](crate::DockerClient::images) is all of them, and
//! [`docker.image("busybox:1.36")`](crate::DockerClient::image) is one, by name or id.
//!
//! # Pulling
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! use dockerclient::images::PullOptions;
//! # let engine = dockerclient_testkit::Engine::builder().in_registry(dockerclient_testkit::Image::new("web:1")).build();
//! # let docker = engine.client("1.41");
//!
//! let web = docker.image("web:1");
//! if web.find().await?.is_none() {
//!     let pulled = web.pull(&PullOptions::default().anonymous()).await?;
//!     println!("{} {:?}", pulled.image.name(), pulled.digest);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Without `anonymous()` or `credentials(…)`, the registry is shown what `docker login` has left:
//! [`DockerClient::credentials`](crate::DockerClient::credentials) tells what that is, and
//! [`auth`](crate::DockerClient::auth) asks the registry whether it is right.
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! use dockerclient::{images::PullOptions, models::AuthConfig};
//!
//! let account = AuthConfig {
//!     username: "me".into(),
//!     password: "secret".into(),
//!     serveraddress: "registry.example".into(),
//!     ..Default::default()
//! };
//! docker.auth(&account).await?;
//! docker.image("registry.example/acme/web").pull(&PullOptions::default().credentials(account)).await?;
//!
//! let manifest = docker.image("busybox").distribution(&Default::default()).await?; // what the registry has
//! println!("{} platforms", manifest.platforms.len());
//! # Ok(())
//! # }
//! ```
//!
//! # Building
//!
//! A build needs a context: a directory (feature `tar`), an archive, or a URL.
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! use dockerclient::{Upload, images::BuildOptions};
//! use futures_util::TryStreamExt as _;
//!
//! let context = Upload::from_file("context.tar").await?;
//! let mut build = docker.images().build_progress(context, &BuildOptions::default().name("web:2")).await?;
//! while let Some(step) = build.try_next().await? {
//!     println!("{step:?}");
//! }
//! println!("made {}", build.finish().await?);
//! # Ok(())
//! # }
//! ```
//!
//! A step that fails is an error with the step's exit code as its [`code`](crate::Error::code).
//!
//! # What is there
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! use dockerclient::images::{self, ListOptions, TagOptions};
//!
//! for image in docker.images().list(&ListOptions::default()).await? {
//!     println!("{} {}", image.repo_tags.join(" "), image.total_size());
//! }
//! let busybox = docker.image("busybox");
//! println!("for {}", busybox.inspect().await?.architecture);
//! for layer in busybox.history().await? {
//!     println!("{} {}", layer.size, layer.created_by);
//! }
//!
//! busybox.tag(&TagOptions::new("acme/tools").tag("1")).await?;
//! docker.image("acme/tools:1").remove(&images::RemoveOptions::default()).await?;
//!
//! for found in docker.images().search("busybox", &Default::default()).await? {
//!     println!("{} {}", found.name, found.star_count);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Moving
//!
//! A registry is one way to another engine, a file is another. [`save`](crate::images::Image::save) writes images with
//! their names and layers, and [`load`](crate::images::Images::load) reads them.
//! [`import`](crate::images::Images::import) makes an image of the files of one system, as
//! [`export`](crate::containers::Container::export) gives them.
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! use dockerclient::{Upload, images::{CommitOptions, ImportOptions, PushOptions}};
//! use tokio::{fs::File, io};
//!
//! docker.images().commit("web", &CommitOptions::default().repository("acme/web").tag("2")).await?;
//! docker.image("acme/web:2").push(&PushOptions::default()).await?;
//!
//! let mut archive = docker.image("acme/web:2").save().await?.into_reader();
//! io::copy(&mut archive, &mut File::create("web.tar").await?).await?;
//! let both = docker.images().save(["acme/web:1", "acme/web:2"]).await?;
//! let names = docker.images().load(Upload::from_file("web.tar").await?).await?;
//!
//! let files = Upload::from_file("files.tar").await?;
//! let id = docker.images().import(files, &ImportOptions::default().repository("acme/base")).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Tidying up
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! use dockerclient::{PruneOptions, images::BuildPruneOptions};
//!
//! docker.images().prune(&PruneOptions::default()).await?; // what has no name
//! docker.images().prune_build_cache(&BuildPruneOptions::default()).await?;
//! let statements = docker.image("acme/web:2").attestations(&Default::default()).await?; // API 1.55
//! # Ok(())
//! # }
//! ```
