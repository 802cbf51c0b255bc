//! Pull, build, tag, push, save and remove images.
//!
//! [`docker.images()`](crate::DockerClient::images) is all images of the engine, and
//! [`docker.image("busybox:1.36")`](crate::DockerClient::image) is one of them, by name or id.
//!
//! # Pulling
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # let engine = dockerclient_testkit::FakeEngine::builder().in_registry(dockerclient_testkit::Image::new("web:1")).build();
//! # let docker = engine.client("1.41");
//! let web = docker.image("web:1");
//! if !web.exists().await? {
//!     let pulled = web.pull().anonymous().await?;
//!     println!("{} {:?}", pulled.image.name(), pulled.digest);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Without `anonymous()` or `credentials(…)`, the credentials that `docker login` saved are used.
//! [`DockerClient::credentials`](crate::DockerClient::credentials) returns them, and [`auth`](crate::DockerClient::auth) checks
//! them with the registry.
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! use dockerclient::models::AuthConfig;
//!
//! let credentials = AuthConfig::new("me", "secret");
//! docker.auth(AuthConfig { serveraddress: "registry.example".into(), ..credentials.clone() }).await?;
//! docker.image("registry.example/acme/web").pull().credentials(credentials).await?;
//!
//! let manifest = docker.image("busybox").distribution().await?; // what the registry has
//! println!("{} platforms", manifest.platforms.len());
//! # Ok(())
//! # }
//! ```
//!
//! # Progress
//!
//! Pulls, pushes, builds, imports and loads resolve when they are complete, and fail if the operation fails. With `progress()`,
//! they resolve to a stream of progress items, whose `finish()` returns the same result:
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! let mut progress = docker.image("busybox").pull().progress().await?;
//! while let Some(item) = progress.try_next().await? {
//!     println!("{item:?}");
//! }
//! let pulled = progress.finish().await?;
//! println!("{:?}", pulled.digest);
//! # Ok(())
//! # }
//! ```
//!
//! Dropping a pull, push or build, or its progress, cancels it on engines since 1.10 (a build since 1.6).
//!
//! The feature `progress` adds `progress.show(Screen::stderr())`, which draws bars on a terminal and writes lines elsewhere.
//!
//! # Building
//!
//! A build has a context: a directory (feature `tar`), an archive, or a URL.
//!
//! ```no_run
//! # #[cfg(feature = "tar")]
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! use dockerclient::images::Context;
//!
//! let web = docker.images().build(Context::directory("site")).tag("web:2").build_arg("VERSION", "2").await?;
//! println!("{}", web.name());
//! # Ok(())
//! # }
//! ```
//!
//! Without the feature, pass a tar archive:
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! use dockerclient::Upload;
//!
//! let context = Upload::from_file("context.tar").await?;
//! docker.images().build(context).tag("web:2").await?;
//! # Ok(())
//! # }
//! ```
//!
//! If a step fails, the build is an error whose [`code`](crate::Error::code) is the exit code of the step.
//!
//! ## BuildKit
//!
//! [`build_kit(true)`](crate::images::BuildImage::build_kit) builds with BuildKit instead of the classic builder, which
//! Docker has deprecated. With the feature `buildkit`, such builds have secrets, SSH agents, named contexts, caches, outputs,
//! and a graph of their steps; see [builds](../builds/index.html). A secret, for example, is mounted by a step, and does not
//! become a part of the image:
//!
//! ```no_run
//! # #[cfg(feature = "buildkit")]
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! use dockerclient::images::Context;
//!
//! let dockerfile = "FROM busybox\nRUN --mount=type=secret,id=token wc -c /run/secrets/token\n";
//! let build = docker.images().build(Context::from_dockerfile(dockerfile)).build_kit(true).tag("web:2");
//! build.secret_env("token", "API_TOKEN").await?;
//! # Ok(())
//! # }
//! ```
//!
//! Another program can cancel a build with BuildKit by its id:
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient, context: dockerclient::Upload) -> dockerclient::Result<()> {
//! let build = docker.images().build(context).build_kit(true).build_id("nightly-17");
//! let build = tokio::spawn(build.send());
//! docker.images().cancel_build("nightly-17").await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Listing, inspecting and tagging
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! for image in docker.images().list().await? {
//!     println!("{} {} bytes", image.repo_tags.join(" "), image.total_size());
//! }
//! let busybox = docker.image("busybox");
//! println!("built for {}", busybox.inspect().await?.architecture);
//! for layer in busybox.history().await? {
//!     println!("{} {}", layer.size, layer.created_by);
//! }
//!
//! let tools = busybox.tag("acme/tools:1").await?;
//! tools.remove().await?;
//!
//! for found in docker.images().search("busybox").limit(10).await? {
//!     println!("{} {}", found.name, found.star_count);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Moving images
//!
//! Images move to another engine through a registry or through files. [`save`](crate::images::Image::save) downloads images
//! with their names and layers, and [`load`](crate::images::Images::load) uploads them.
//! [`commit`](crate::containers::Container::commit) creates an image from a container, and
//! [`import`](crate::images::Images::import) from a filesystem, for example one that
//! [`export`](crate::containers::Container::export) returned.
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! use dockerclient::Upload;
//! use tokio::{fs::File, io};
//!
//! let web = docker.container("web").commit().name("acme/web:2").await?;
//! web.push().await?;
//!
//! let mut archive = web.save().await?.into_reader();
//! io::copy(&mut archive, &mut File::create("web.tar").await?).await?;
//! let both = docker.images().save(["acme/web:1", "acme/web:2"]).await?;
//! let loaded = docker.images().load(Upload::from_file("web.tar").await?).await?;
//!
//! let files = Upload::from_file("files.tar").await?;
//! let base = docker.images().import(files).name("acme/base:1").await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Cleaning up
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! docker.images().prune().await?; // images without a name
//! docker.images().prune_build_cache().await?;
//! let statements = docker.image("acme/web:2").attestations().await?; // requires API 1.55
//! # Ok(())
//! # }
//! ```
