//! Builds with BuildKit: contexts, secrets, caches, outputs, progress, and errors.
//!
//! [`docker.images().build(context)`](crate::images::Images::build) builds with the classic builder or with BuildKit, which
//! `docker build` uses since Docker 23.0. The page on [images](super::images#building) shows the parts that both builders have.
//! This page is about BuildKit, with the feature `buildkit`, and API 1.40 or newer (Docker 19.03).
//!
//! ```no_run
//! # #[cfg(feature = "progress")]
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! use dockerclient::images::{Context, Screen};
//!
//! let build = docker.images().build(Context::directory("site")).build_kit(true).tag("web:2");
//! let web = build.progress().await?.show(Screen::stderr()).await?;
//! println!("{}", web.name()); // its id, sha256:…
//! # Ok(())
//! # }
//! ```
//!
//! A build uses two connections: over one, this program controls BuildKit; over the other, the *session*, BuildKit requests
//! files, secrets and credentials from this program, and sends it the results that are not images. Both are served while the
//! build or its progress is polled. If it is not polled for 10 seconds or more, the engine ends the session, and the build
//! fails.
//!
//! # Choosing the builder
//!
//! [`builder`](crate::images::BuildImage::builder) sets the builder. [`Auto`](crate::images::BuilderVersion::Auto) is the one
//! that the engine recommends: BuildKit since Docker 23.0, and the classic builder before. `build_kit(true)` is a short form of
//! [`BuilderVersion::BuildKit`](crate::images::BuilderVersion::BuildKit).
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient, context: dockerclient::Upload) -> dockerclient::Result<()> {
//! use dockerclient::images::BuilderVersion;
//!
//! docker.images().build(context).builder(BuilderVersion::Auto).tag("web:2").await?;
//! # Ok(())
//! # }
//! ```
//!
//! An option that the builder does not have is an error: secrets with the classic builder, limits of memory and CPU with
//! BuildKit. A build that needs BuildKit should therefore set it: `Auto` selects the classic builder before Docker 23.0. A
//! build with an [output](#outputs) uses BuildKit in any case.
//!
//! # Contexts
//!
//! If the [`Context`](crate::images::Context) is a directory, BuildKit requests the files that the Dockerfile uses, except for
//! those that `.dockerignore` excludes. It keeps a copy of them: in the next build of the same directory, only files whose
//! size, mode or modification time has changed are sent. Nothing outside of the directory can be requested, and no file is held
//! in memory as a whole. An archive is sent completely, once; from a URL, the engine downloads the files.
//!
//! A *named context* is a further directory, image or URL, which the Dockerfile uses like a stage: `COPY --from=shared . /` or
//! `FROM base`. It replaces a stage or image of that name. Named contexts require Docker 23.0, or a line
//! `# syntax=docker/dockerfile:1` in the Dockerfile.
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! use dockerclient::images::{Context, NamedContext};
//!
//! let build = docker.images().build(Context::directory("site")).build_kit(true);
//! let build = build
//!     .named_context("shared", NamedContext::directory("../shared"))
//!     .named_context("base", NamedContext::image("registry.example/base:7"))
//!     .named_context("generated", Context::from_dockerfile("").file("version", "2\n"));
//! build.tag("web:2").await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Secrets, SSH and credentials
//!
//! A secret is mounted by a step, `RUN --mount=type=secret,id=token`, and does not become a part of the image, of its history
//! or of the build cache. It comes from memory, a file, an environment variable, or a function that is called when a step
//! needs it.
//!
//! [`ssh_agent`](crate::images::BuildImage::ssh_agent) lets steps with `RUN --mount=type=ssh` sign with the keys of an agent,
//! and [`ssh_key`](crate::images::BuildImage::ssh_key) with keys of files, for example where no agent runs. The keys are not
//! sent. For keys of files, an `ssh-agent` runs as long as the build; they must not have a passphrase.
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! # async fn from_the_vault() -> std::io::Result<String> { Ok(String::new()) }
//! use dockerclient::images::Context;
//!
//! let build = docker.images().build(Context::directory("site")).build_kit(true);
//! let build = build
//!     .secret("password", "hunter2")
//!     .secret_file("netrc", "/home/me/.netrc")
//!     .secret_env("token", "API_TOKEN")
//!     .secret_from("certificate", || async { from_the_vault().await })
//!     .ssh_agent("default", std::env::var("SSH_AUTH_SOCK")?)
//!     .ssh_key("deploy", "/etc/ci/deploy_key"); // for steps with RUN --mount=type=ssh,id=deploy
//! build.tag("web:2").await?;
//! # Ok(())
//! # }
//! ```
//!
//! For a registry, BuildKit requests the credentials when it needs them, and receives those that a
//! [pull](super::images#pulling) would use, or those of [`credentials`](crate::images::BuildImage::credentials).
//!
//! # Caches
//!
//! The engine keeps the results of steps. [`cache_from`](crate::images::BuildImage::cache_from) adds the cache of another
//! build, from a registry or a directory, and [`cache_to`](crate::images::BuildImage::cache_to) writes it.
//! [`Cache::inline`](crate::images::Cache::inline) makes it a part of the image:
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! use dockerclient::images::{Cache, Context};
//!
//! let build = docker.images().build(Context::directory("site")).build_kit(true).tag("registry.example/web:2");
//! let web = build
//!     .cache_from("registry.example/web:1")
//!     .cache_to(Cache::inline())
//!     .no_cache_for(["test"]) // runs the steps of this stage in any case
//!     .await?;
//! docker.image("registry.example/web:2").push().await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`Cache::local`](crate::images::Cache::local) is a directory of this machine, for engines that do not keep their cache, as
//! those of many CI systems. The first build finds nothing there, and skips it:
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! use dockerclient::images::{Cache, Context};
//!
//! let cache = Cache::local("/var/cache/web").attribute("mode", "max"); // with the steps of all stages
//! let build = docker.images().build(Context::directory("site")).build_kit(true).tag("web:2");
//! build.cache_from(cache.clone()).cache_to(cache).await?; // writing requires the containerd image store
//! # Ok(())
//! # }
//! ```
//!
//! # Outputs
//!
//! Without an output, a build makes an image on the engine. [`output`](crate::images::BuildImage::output) sends the result
//! elsewhere, for example the files of a stage to a directory of this machine. Then no image is made, and names set by `tag`
//! have no effect, unless [`BuildOutput::image`](crate::images::BuildOutput::image) is added. `output` returns another
//! request, so call it after the other settings.
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! use dockerclient::images::{Context, BuildOutput};
//!
//! let build = || docker.images().build(Context::directory("site"));
//! build().target("assets").output(BuildOutput::directory("dist")).await?;
//! build().target("assets").output(BuildOutput::tar("assets.tar")).await?;
//! build().output(BuildOutput::registry("registry.example/web:2")).await?; // requires the containerd image store
//!
//! // Several outputs require Docker 26.0.
//! let exported = build().tag("web:2").output(BuildOutput::image()).output(BuildOutput::directory("dist")).await?;
//! println!("{:?} {:?}", exported.image, exported.attributes.get("containerimage.digest"));
//! # Ok(())
//! # }
//! ```
//!
//! [`BuildOutput::tar_to`](crate::images::BuildOutput::tar_to) writes the archive to any `AsyncWrite`, for example to stdout
//! or, through a pipe, to memory. [`BuildOutput::new`](crate::images::BuildOutput::new) is for other exporters.
//!
//! # Progress
//!
//! The [progress](super::images#progress) of a build is a stream of [traces](crate::images::ProgressItem::Trace): changes of
//! steps, and what they print. There are three ways to use them:
//!
//! - [`show`](crate::images::Progress::show) draws the steps on a terminal, as `docker build` does, or writes lines (feature
//!   `progress`).
//! - [`PlainTrace`](crate::images::PlainTrace) formats them as lines, as `docker build --progress plain` does.
//! - [`BuildGraph`](crate::images::BuildGraph) collects them into a graph: the state, duration, output and transfers of each
//!   step.
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! use dockerclient::images::{BuildGraph, Context, ProgressItem, StepState};
//!
//! let mut build = docker.images().build(Context::directory("site")).build_kit(true).progress().await?;
//! let mut graph = BuildGraph::new();
//! while let Some(item) = build.try_next().await? {
//!     if let ProgressItem::Trace(trace) = item {
//!         graph.add(&trace);
//!         println!("{} of {} steps", graph.completed(), graph.total());
//!     }
//! }
//! let mut steps: Vec<_> = graph.steps().filter(|step| step.state() != StepState::Cached).collect();
//! steps.sort_by_key(|step| step.number()); // in the order in which they started
//! for step in steps {
//!     println!("{} took {:?}", step.name(), step.duration());
//! }
//! println!("{}", build.finish().await?.name());
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! If a step fails, the error has the kind [`OperationFailed`](crate::ErrorKind::OperationFailed), the exit code of the step
//! as its [`code`](crate::Error::code), and a [`message`](crate::Error::message) with the step, its lines in the Dockerfile,
//! and the end of its output:
//!
//! ```text
//! [2/3] RUN make: process "/bin/sh -c make" did not complete successfully: exit code: 2; Dockerfile:2
//!    1 |     FROM busybox
//!    2 | >>> RUN make
//!    3 |     COPY . /srv
//! last output:
//! make: *** No targets specified and no makefile found.  Stop.
//! ```
//!
//! `{}` formats an error as one line, for logs, with `\n` for each line break. `{:#}` keeps the line breaks, for a terminal:
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! use dockerclient::images::Context;
//!
//! let build = docker.images().build(Context::directory("site")).build_kit(true);
//! if let Err(error) = build.await {
//!     eprintln!("{error:#}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A lost session or connection is an error of the kind [`ConnectionLost`](crate::ErrorKind::ConnectionLost). An output that
//! cannot be written is [`LocalIo`](crate::ErrorKind::LocalIo), as is a context that cannot be opened. A file that cannot be
//! read while it is sent fails the build: BuildKit reports the reason.
//!
//! # Cancellation
//!
//! Dropping the build or its progress closes both connections. The engine then stops the steps that are running. The results of
//! completed steps remain in the build cache. The [`time_limit`](super::time) of a build without `progress()` does the same.
//!
//! # Build cache and history
//!
//! [`docker.buildkit()`](crate::DockerClient::buildkit) lists and removes records of the build cache, by filters, and
//! [`docker.build_history()`](crate::DockerClient::build_history) lists recent builds, including those of other clients
//! (API 1.43).
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! use std::time::Duration;
//!
//! let usage = docker.buildkit().disk_usage().await?;
//! println!("{} bytes", usage.iter().map(|record| record.size).sum::<u64>());
//! let week = Duration::from_secs(7 * 24 * 60 * 60);
//! let pruned = docker.buildkit().prune().filter("type", "exec.cachemount").keep_duration(week).await?;
//! println!("removed {} bytes", pruned.reclaimed);
//!
//! for record in docker.build_history().list().await? {
//!     println!("{} {} of {} steps cached", record.reference, record.cached_steps, record.total_steps);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Flags of `docker build`
//!
//! | flag | here |
//! |---|---|
//! | `--add-host`, `--network` | [`add_host`](crate::images::BuildImage::add_host), [`network`](crate::images::BuildImage::network) |
//! | `--allow` | [`entitlement`](crate::images::BuildImage::entitlement) |
//! | `--build-arg`, `--label`, `--target` | [`build_arg`](crate::images::BuildImage::build_arg), [`label`](crate::images::BuildImage::label), [`target`](crate::images::BuildImage::target) |
//! | `--build-context` | [`named_context`](crate::images::BuildImage::named_context) |
//! | `--cache-from`, `--cache-to` | [`cache_from`](crate::images::BuildImage::cache_from), [`cache_to`](crate::images::BuildImage::cache_to) |
//! | `--cgroup-parent`, `--shm-size`, `--ulimit` | [`cgroup_parent`](crate::images::BuildImage::cgroup_parent), [`shm_size`](crate::images::BuildImage::shm_size), [`ulimit`](crate::images::BuildImage::ulimit) |
//! | `--file` | [`dockerfile`](crate::images::BuildImage::dockerfile) in the context; [`Context::dockerfile`](crate::images::Context::dockerfile) anywhere |
//! | `--iidfile`, `--metadata-file` | the [result](crate::images::Image::name), and [`Exported::attributes`](crate::images::Exported) |
//! | `--load` | the default; [`BuildOutput::image`](crate::images::BuildOutput::image) in addition to other outputs |
//! | `--no-cache`, `--no-cache-filter` | [`no_cache`](crate::images::BuildImage::no_cache), [`no_cache_for`](crate::images::BuildImage::no_cache_for) |
//! | `--output` | [`output`](crate::images::BuildImage::output) |
//! | `--platform` | [`platform`](crate::images::BuildImage::platform), [`platforms`](crate::images::BuildImage::platforms) |
//! | `--progress` | [`show`](crate::images::Progress::show), [`PlainTrace`](crate::images::PlainTrace) |
//! | `--provenance`, `--sbom` | [`provenance`](crate::images::BuildImage::provenance), [`sbom`](crate::images::BuildImage::sbom) |
//! | `--pull` | [`pull(true)`](crate::images::BuildImage::pull) |
//! | `--push` | [`BuildOutput::registry`](crate::images::BuildOutput::registry), or [`image.push()`](crate::images::Image::push) after the build |
//! | `--secret` | [`secret`](crate::images::BuildImage::secret), [`secret_file`](crate::images::BuildImage::secret_file), [`secret_env`](crate::images::BuildImage::secret_env), [`secret_from`](crate::images::BuildImage::secret_from) |
//! | `--ssh` | [`ssh_agent`](crate::images::BuildImage::ssh_agent) with the socket of an agent, [`ssh_key`](crate::images::BuildImage::ssh_key) with the file of a key |
//! | `--tag` | [`tag`](crate::images::BuildImage::tag) |
//! | `docker buildx du`, `prune` | [`disk_usage`](crate::buildkit::BuildKit::disk_usage), [`prune`](crate::buildkit::BuildKit::prune) |
//! | `docker buildx history ls`, `rm` | [`list`](crate::buildkit::BuildHistory::list), [`remove`](crate::buildkit::BuildHistory::remove) |
//!
//! # Engines
//!
//! An option that the engine lacks is an error of the kind [`Unsupported`](crate::ErrorKind::Unsupported), before the build
//! begins. Some options need the containerd image store, which new installations of Docker 29 use, and older engines if they
//! are configured to.
//!
//! | part | requires |
//! |---|---|
//! | BuildKit | API 1.38 (Docker 18.06); secrets, SSH agents and credentials, and contexts as archives |
//! | file sync, outputs, caches, single stages without cache, several platforms, entitlements | API 1.40 (19.03) |
//! | named contexts | API 1.42 (23.0), or `# syntax=docker/dockerfile:1` with API 1.41 |
//! | `cgroup_parent`, `shm_size`, `ulimit` | API 1.42 (23.0) |
//! | build history | API 1.43 (24.0) |
//! | provenance and SBOM | API 1.43 (24.0), and the containerd image store |
//! | several outputs | API 1.45 (26.0) |
//! | outputs `oci`, `docker` and `registry`, an image for several platforms, `cache_to` other than inline | the containerd image store |
//!
//! A build below API 1.40, with a [`build_id`](crate::images::BuildImage::build_id), or below API 1.43 with
//! [`HostAddress::HostGateway`](crate::images::HostAddress::HostGateway), calls `POST /build`: its context is sent as an
//! archive, and it supports only secrets, SSH agents, credentials, and the options of the classic builder.
//!
//! Podman has no BuildKit: such a build is an error, and [`Auto`](crate::images::BuilderVersion::Auto) uses Podman's own
//! builder.
