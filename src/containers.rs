//! Containers: their life, their output, their files.

use futures_util::TryStreamExt as _;

use crate::{
    ApiVersion, DockerClient, Error, OutputStream, Result,
    exec::{self, Exec, ExecOptions, ExecOutcome},
    models::{Change, ContainerInspect, ContainerSummary, ExecConfig, Stats, TopResult},
    monitor::{ContainerMonitor, LogMonitor, StatsMonitor},
    names,
    wire::{Client, Wire},
};

mod archive;
mod attach;
mod create;
#[cfg(feature = "tar")]
mod files;
mod inspect;
mod lifecycle;
mod list;
mod logs;
mod readiness;
mod signal;
mod state;
mod stats;
mod upkeep;
mod wait;

pub use self::{
    archive::CopyInOptions,
    attach::AttachOptions,
    create::{CreateOptions, Created},
    lifecycle::{RemoveOptions, Start, Stop, StopOptions},
    list::{ContainerStatus, ListOptions},
    logs::{LogsOptions, Tail},
    signal::Signal,
    stats::{StatsStream, Traffic},
    wait::{Exit, WaitCondition, Waiting},
};

/// Since this version, engines can be asked for a single sample that they do not wait for.
const ONE_SHOT: ApiVersion = ApiVersion::new(1, 41);

/// All containers of an engine. Made by [`DockerClient::containers`].
#[derive(Clone, Debug)]
pub struct Containers {
    docker: DockerClient,
}

impl Containers {
    pub(crate) fn new(docker: DockerClient) -> Self {
        Self { docker }
    }

    pub(crate) fn client(&self) -> &DockerClient {
        &self.docker
    }

    /// Watches the containers of the engine, across broken connections and engines that restart.
    ///
    /// Does nothing until it is polled. Calls `GET /events`, `GET /containers/json` and `GET /_ping`.
    pub fn monitor(&self) -> ContainerMonitor {
        ContainerMonitor::new(self.docker.clone())
    }

    /// Measures what all running containers use, from their starts to their deaths.
    ///
    /// Does nothing until it is polled. Calls `GET /containers/{id}/stats`, since API 1.17,
    /// and what [`monitor`](Self::monitor) calls.
    #[doc(alias = "StartMonitorStats")]
    pub fn monitor_stats(&self) -> StatsMonitor {
        StatsMonitor::new(self.clone())
    }

    /// Lists containers, the newest first; running ones only, unless `options` say otherwise.
    ///
    /// Calls `GET /containers/json`.
    ///
    /// # Errors
    ///
    /// Fails if the engine refuses an option (400), or if the API that is spoken
    /// does not know it: filters by id and name need API 1.16, by label 1.18.
    #[doc(alias = "ListContainers")]
    pub async fn list(&self, options: &ListOptions) -> Result<Vec<ContainerSummary>> {
        let wire = self.docker.wire("container_list").await?;
        let filters = options.to_filters().to_query();
        let (since, before) = options.to_parameters(wire.version());
        wire.document(
            wire.container_list(options.to_all(), before, filters.as_deref(), options.limit, since, options.size).await,
        )
    }

    /// Creates a container, and does not start it.
    ///
    /// Calls `POST /containers/create`.
    ///
    /// # Errors
    ///
    /// Fails if there is no such image (404; [pull](crate::images::Image) it
    /// first), if the name is taken (409), or if an option is newer than the API
    /// that is spoken.
    #[doc(alias = "CreateContainer")]
    pub async fn create(&self, options: &CreateOptions) -> Result<Created> {
        let wire = self.docker.wire("container_create").await?;
        let (name, platform) = (options.name.as_deref(), options.platform.as_deref());
        let made = wire.document(wire.container_create(name, platform, &options.body).await)?;
        Ok(Created { container: self.docker.container(made.id), warnings: made.warnings })
    }
}

/// One container. Made by [`DockerClient::container`]; does nothing until something is asked of it.
///
/// Whatever is asked fails if there is no such container (404), or if its name
/// cannot be one (nothing is sent then).
#[derive(Clone, Debug)]
pub struct Container {
    docker: DockerClient,
    id: String,
}

impl Container {
    pub(crate) fn new(docker: DockerClient, id: String) -> Self {
        Self { docker, id }
    }

    /// What the container was called when this handle was made: its id, a prefix of that, or its name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Tells all the engine knows about the container.
    ///
    /// Calls `GET /containers/{id}/json`.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404); [`find`](Self::find) does not.
    #[doc(alias = "InspectContainer")]
    pub async fn inspect(&self) -> Result<ContainerInspect> {
        let (wire, id) = self.wire("container_inspect").await?;
        wire.document(wire.container_inspect(id, None).await)
    }

    /// Tells all that [`inspect`](Self::inspect) tells, and measures how many bytes the container takes, which is slow:
    /// `size_rw` of its own, `size_root_fs` with its image.
    ///
    /// Calls `GET /containers/{id}/json`; to measure needs API 1.21.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404).
    pub async fn inspect_with_size(&self) -> Result<ContainerInspect> {
        let (wire, id) = self.wire("container_inspect").await?;
        wire.document(wire.container_inspect(id, Some(true)).await)
    }

    /// Tells all the engine knows about the container, if there is one.
    ///
    /// Calls `GET /containers/{id}/json`.
    ///
    /// # Errors
    ///
    /// Fails as everything does, but not if there is no such container.
    pub async fn find(&self) -> Result<Option<ContainerInspect>> {
        match self.inspect().await {
            Ok(container) => Ok(Some(container)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lists the processes that run in the container, with `ps` and its options `ps_args`.
    ///
    /// Calls `GET /containers/{id}/top`. The engine's host runs `ps`, with `-ef` if
    /// nothing is said.
    ///
    /// # Errors
    ///
    /// Fails if the container does not run (409; 500 from engines before 1.12), or if `ps` refuses (500).
    pub async fn top(&self, ps_args: Option<&str>) -> Result<TopResult> {
        let (wire, id) = self.wire("container_top").await?;
        wire.document(wire.container_top(id, ps_args).await)
    }

    /// Lists what differs between the container's files and its image.
    ///
    /// Calls `GET /containers/{id}/changes`.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404).
    #[doc(alias = "ContainerChanges")]
    pub async fn changes(&self) -> Result<Vec<Change>> {
        let (wire, id) = self.wire("container_changes").await?;
        wire.document(wire.container_changes(id).await)
    }

    /// Reads what the container writes to its standard output and standard error.
    ///
    /// Resolves once the engine has answered. Calls `GET /containers/{id}/logs`, and
    /// `GET /containers/{id}/json` before, to learn whether the container has a terminal.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404), or if its log driver cannot be read (500).
    #[doc(alias = "ContainerLogs")]
    pub async fn logs(&self, options: &LogsOptions) -> Result<OutputStream> {
        let terminal = self.has_terminal("container_logs").await?;
        let (wire, id) = self.wire("container_logs").await?;
        let (stdout, stderr) = options.sources();
        let (since, until) = (options.to_since(wire.version()), options.to_until(wire.version()));
        let (follow, timestamps, tail) = (options.follow, options.timestamps, options.tail.to_query());
        let call = async |client: &Client| {
            let (since, until, tail) = (since.as_deref(), until.as_deref(), Some(&*tail));
            let details = options.details;
            client.container_logs(id, details, follow, since, stderr, stdout, tail, timestamps, until).await
        };
        let output = OutputStream::new(wire.stream(call).await?.1, terminal, wire.longest_item(), "container_logs");
        Ok(if options.timestamps.is_some() { output.with_timestamps() } else { output })
    }

    /// Reads what the container writes, line by line, across its restarts and broken connections.
    ///
    /// Does nothing until it is polled. Calls `GET /containers/{id}/logs`,
    /// `GET /containers/{id}/json`, `GET /events` and `GET /_ping`.
    pub fn monitor_logs(&self, options: &LogsOptions) -> LogMonitor {
        LogMonitor::new(self.docker.clone(), self.clone(), options.clone())
    }

    /// Measures what the container uses, about once a second, for as long as it is there.
    ///
    /// Resolves once the engine has answered. Calls `GET /containers/{id}/stats`, since API 1.17.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404). Engines before 1.7 do not answer for
    /// a container that does not run; that is a timeout.
    #[doc(alias = "ContainerStats")]
    pub async fn stats(&self) -> Result<StatsStream> {
        self.samples(false).await
    }

    async fn samples(&self, once: bool) -> Result<StatsStream> {
        let (wire, id) = self.wire("container_stats").await?;
        let once = once && wire.version() >= ONE_SHOT;
        let call =
            async |client: &Client| client.container_stats(id, once.then_some(true), once.then_some(false)).await;
        Ok(StatsStream::new(wire.stream(call).await?.1, wire.longest_item()))
    }

    /// Measures what the container uses, once.
    ///
    /// There is nothing to compare the CPU with then; take two samples of [`stats`](Self::stats) for its use.
    ///
    /// Calls `GET /containers/{id}/stats`, since API 1.17, and hangs up after the first sample; since API 1.41, engines
    /// answer at once and end by themselves.
    ///
    /// # Errors
    ///
    /// Fails as [`stats`](Self::stats) does, and if no sample comes in time.
    pub async fn stats_once(&self) -> Result<Stats> {
        let stats = self.samples(true).await?;
        let mut stats = match self.docker.limits().body {
            Some(limit) => stats.idle_timeout(limit),
            None => stats,
        };
        match stats.try_next().await? {
            Some(sample) => Ok(sample),
            None => Err(Error::truncated("the engine sent no sample").during("container_stats")),
        }
    }

    /// Runs a command in the container, to its end.
    ///
    /// Calls `POST /containers/{id}/exec` and `POST /exec/{id}/start`, and asks
    /// `GET /exec/{id}/json` for the exit code (since API 1.16). All output is kept in
    /// memory; [`create_exec`](Self::create_exec) and [`Exec::start`] give a stream.
    ///
    /// # Errors
    ///
    /// Fails if the container does not run (409; 500 from engines before 1.12). An exit
    /// code other than 0 is no error.
    #[doc(alias = "Exec")]
    pub async fn exec(&self, options: &ExecOptions) -> Result<ExecOutcome> {
        exec::run(self, options).await
    }

    /// Prepares a command to run in the container.
    ///
    /// Calls `POST /containers/{id}/exec`.
    ///
    /// # Errors
    ///
    /// Fails if the container does not run (409; 500 from engines before 1.12), or if there is no command (400).
    #[doc(alias = "ExecCreate")]
    pub async fn create_exec(&self, config: &ExecConfig) -> Result<Exec> {
        let (wire, id) = self.wire("exec_create").await?;
        let made = wire.document(wire.exec_create(id, config).await)?;
        Ok(self.docker.exec(made.id).with_terminal(config.tty))
    }

    /// Whether the container has a terminal, on behalf of another operation.
    async fn has_terminal(&self, operation: &'static str) -> Result<bool> {
        Ok(self.inspect().await.map_err(|error| error.on_behalf_of(operation))?.config.tty)
    }

    /// The generated client, and the name as it stands in paths.
    async fn wire(&self, operation: &'static str) -> Result<(Wire<'_>, &str)> {
        let id = names::container(&self.id).map_err(|error| error.during(operation))?;
        Ok((self.docker.wire(operation).await?, id))
    }
}
