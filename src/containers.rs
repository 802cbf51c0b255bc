//! Containers: their life, their output, their files.

use futures_util::TryStreamExt as _;

#[cfg(feature = "websocket")]
use crate::session::WebSocketSession;
use crate::{
    DockerClient, Download, Error, OutputStream, Result,
    exec::{self, Exec, ExecOptions, ExecOutcome},
    models::{Change, ContainerInspect, ContainerSummary, CopyConfig, ExecConfig, HostConfig, Stats, TopResult},
    monitor::{ContainerMonitor, LogMonitor, StatsMonitor},
    names,
    session::Session,
    terminal::TerminalSize,
    wire::{Client, Wire},
};

mod archive;
mod attach;
mod create;
mod inspect;
mod lifecycle;
mod list;
mod logs;
mod readiness;
mod signal;
mod state;
mod stats;
mod upkeep;

pub use self::{
    attach::AttachOptions,
    create::{CreateOptions, Created},
    lifecycle::{Exit, RemoveOptions, Start, Stop, StopOptions},
    list::{ContainerStatus, ListOptions},
    logs::{LogsOptions, Tail},
    signal::Signal,
    stats::{StatsStream, Traffic},
};

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
    #[doc(alias = "StopAllMonitorStats")]
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
        wire.list(
            wire.container_list(options.all, before, filters.as_deref(), options.limit, since, options.size).await,
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
        let made = wire.document(wire.container_create(options.name.as_deref(), None, &options.body).await)?;
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
        wire.list(wire.container_changes(id).await)
    }

    /// Starts the container.
    ///
    /// Calls `POST /containers/{id}/start`.
    ///
    /// # Errors
    ///
    /// Fails if the container is paused (409), or if its command cannot be run (400; 404 or 500 from old engines).
    #[doc(alias = "StartContainer")]
    pub async fn start(&self) -> Result<Start> {
        self.start_with(&HostConfig::default()).await
    }

    /// Starts the container with `host_config` in place of the one it was created with.
    ///
    /// An empty one replaces nothing. Give it to [`create`](Containers::create) if
    /// you can: API 1.24 does away with this.
    ///
    /// Calls `POST /containers/{id}/start`, with a body until API 1.23.
    ///
    /// # Errors
    ///
    /// Fails as [`start`](Self::start) does, and if the API that is spoken does not know an option, or from 1.24 on
    /// any.
    pub async fn start_with(&self, host_config: &HostConfig) -> Result<Start> {
        let (wire, id) = self.wire("container_start").await?;
        match wire.done(wire.container_start(id, None, host_config).await) {
            Ok(()) => Ok(Start::Started),
            Err(error) if error.is_not_modified() => Ok(Start::AlreadyRunning),
            Err(error) => Err(error),
        }
    }

    /// Stops the container: asks it to end and, if it does not in time, kills it.
    ///
    /// Calls `POST /containers/{id}/stop`, and waits as long as that takes.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404).
    #[doc(alias = "StopContainer")]
    pub async fn stop(&self, options: &StopOptions) -> Result<Stop> {
        let (wire, id) = self.wire("container_stop").await?;
        match wire.done(wire.container_stop(id, None, Some(options.seconds())).await) {
            Ok(()) => Ok(Stop::Stopped),
            Err(error) if error.is_not_modified() => Ok(Stop::AlreadyStopped),
            Err(error) => Err(error),
        }
    }

    /// Stops the container as [`stop`](Self::stop) does, and starts it again.
    ///
    /// Calls `POST /containers/{id}/restart`, and waits as long as that takes.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404), or as [`start`](Self::start) does.
    #[doc(alias = "RestartContainer")]
    pub async fn restart(&self, options: &StopOptions) -> Result<()> {
        let (wire, id) = self.wire("container_restart").await?;
        wire.done(wire.container_restart(id, None, Some(options.seconds())).await)
    }

    /// Sends `signal` to the container's first process; with `KILL`, waits until it ended.
    ///
    /// Calls `POST /containers/{id}/kill`. Below API 1.20, one that does not run is left alone, which is no error.
    ///
    /// # Errors
    ///
    /// Fails if there is no such signal (400; 500 from engines before 1.12), or from API 1.20 on if the container does
    /// not run (409; 500 from engines before 1.12).
    #[doc(alias = "KillContainer")]
    pub async fn kill(&self, signal: impl Into<Signal>) -> Result<()> {
        let (wire, id) = self.wire("container_kill").await?;
        wire.done(wire.container_kill(id, Some(signal.into().as_str())).await)
    }

    /// Gives the container another name. This handle keeps the old one.
    ///
    /// Calls `POST /containers/{id}/rename`, since API 1.17.
    ///
    /// # Errors
    ///
    /// Fails if the name is taken (409) or cannot be one (400; 500 from engines before 1.12).
    #[doc(alias = "RenameContainer")]
    pub async fn rename(&self, name: &str) -> Result<()> {
        let (wire, id) = self.wire("container_rename").await?;
        wire.done(wire.container_rename(id, name).await)
    }

    /// Freezes all processes of the container.
    ///
    /// Calls `POST /containers/{id}/pause`.
    ///
    /// # Errors
    ///
    /// Fails if the container does not run or is paused (409; 500 from engines before 1.12).
    #[doc(alias = "PauseContainer")]
    pub async fn pause(&self) -> Result<()> {
        let (wire, id) = self.wire("container_pause").await?;
        wire.done(wire.container_pause(id).await)
    }

    /// Lets the paused container go on.
    ///
    /// Calls `POST /containers/{id}/unpause`.
    ///
    /// # Errors
    ///
    /// Fails if the container is not paused (500).
    #[doc(alias = "UnpauseContainer")]
    pub async fn unpause(&self) -> Result<()> {
        let (wire, id) = self.wire("container_unpause").await?;
        wire.done(wire.container_unpause(id).await)
    }

    /// Resizes the container's terminal.
    ///
    /// Calls `POST /containers/{id}/resize`.
    ///
    /// # Errors
    ///
    /// Fails if the container does not run (409; 500 from engines before 1.12).
    pub async fn resize(&self, size: TerminalSize) -> Result<()> {
        let (wire, id) = self.wire("container_resize").await?;
        wire.done(wire.container_resize(id, size.rows, size.columns).await)
    }

    /// Waits until the container ends, and tells how. One that was never started has ended with 0.
    ///
    /// Calls `POST /containers/{id}/wait`, and waits as long as that takes; drop the
    /// future to stop waiting.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404). An exit code other than 0 is no error.
    #[doc(alias = "Wait")]
    pub async fn wait(&self) -> Result<Exit> {
        let (wire, id) = self.wire("container_wait").await?;
        let result = wire.document(wire.container_wait(id, None).await)?;
        Ok(Exit { code: result.status_code, error: result.error.map(|error| error.message) })
    }

    /// Removes the container.
    ///
    /// Calls `DELETE /containers/{id}`.
    ///
    /// # Errors
    ///
    /// Fails if the container runs (409; 500 from engines before 1.5), unless it is forced.
    #[doc(alias = "RemoveContainer")]
    pub async fn remove(&self, options: &RemoveOptions) -> Result<()> {
        let (wire, id) = self.wire("container_delete").await?;
        wire.done(wire.container_delete(id, options.force, options.link, options.volumes).await)
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
        let (since, tail) = (options.to_since(wire.version()), options.tail.to_query());
        let (follow, timestamps) = (options.follow, options.timestamps);
        let call = async |client: &Client| {
            let (since, tail) = (since.as_deref(), Some(&*tail));
            client.container_logs(id, None, follow, since, stderr, stdout, tail, timestamps, None).await
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
        let (wire, id) = self.wire("container_stats").await?;
        let call = async |client: &Client| client.container_stats(id, None, None).await;
        Ok(StatsStream::new(wire.stream(call).await?.1, wire.longest_item()))
    }

    /// Measures what the container uses, once.
    ///
    /// There is nothing to compare the CPU with then; take two samples of [`stats`](Self::stats) for its use.
    ///
    /// Calls `GET /containers/{id}/stats`, since API 1.17, and hangs up after the first sample.
    ///
    /// # Errors
    ///
    /// Fails as [`stats`](Self::stats) does, and if no sample comes in time.
    pub async fn stats_once(&self) -> Result<Stats> {
        let stats = self.stats().await?;
        let mut stats = match self.docker.limits().body {
            Some(limit) => stats.idle_timeout(limit),
            None => stats,
        };
        match stats.try_next().await? {
            Some(sample) => Ok(sample),
            None => Err(Error::truncated("the engine sent no sample").during("container_stats")),
        }
    }

    /// Connects to the container's output and, if asked to, its input.
    ///
    /// Resolves once the engine has answered. Calls `POST /containers/{id}/attach` on a
    /// connection of its own, and `GET /containers/{id}/json` before, to learn whether
    /// the container has a terminal. Of a container that does not run, nothing comes.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404), or if it is paused (409).
    #[doc(alias = "AttachContainer")]
    pub async fn attach(&self, options: &AttachOptions) -> Result<Session> {
        let terminal = self.has_terminal("container_attach").await?;
        let (wire, id) = self.wire("container_attach").await?;
        let (stdout, stderr) = options.sources();
        let call = async |client: &Client| {
            client.container_attach(id, None, options.logs, stderr, options.stdin, stdout, Some(true)).await
        };
        let connection = wire.hijack(call).await?;
        Ok(Session::new(connection, terminal, wire.longest_item(), "container_attach"))
    }

    /// Connects to the container as [`attach`](Self::attach) does, over a websocket, which does not tell streams apart.
    ///
    /// Resolves once the engine has answered. Calls `GET /containers/{id}/attach/ws` on a
    /// connection of its own. Engines 1.7 to 20.10 attach all streams, whatever is asked.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404).
    #[cfg(feature = "websocket")]
    pub async fn attach_websocket(&self, options: &AttachOptions) -> Result<WebSocketSession> {
        let (wire, id) = self.wire("container_attach_ws").await?;
        let (stdout, stderr) = options.sources();
        let call = async |client: &Client| {
            client.container_attach_ws(id, None, options.logs, stderr, options.stdin, stdout, Some(true)).await
        };
        WebSocketSession::open(&wire, call).await
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

    /// Sends the container's files as a tar archive.
    ///
    /// Calls `GET /containers/{id}/export`.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404).
    pub async fn export(&self) -> Result<Download> {
        let (wire, id) = self.wire("container_export").await?;
        let body = wire.container_export(id).await;
        Ok(Download::new(wire.bytes(body)?.1, "container_export"))
    }

    /// Sends the file or directory at `path` inside the container as a tar archive.
    ///
    /// Calls `POST /containers/{id}/copy`, until API 1.23.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container or path (404; 500 from engines before 1.12).
    pub async fn copy(&self, path: &str) -> Result<Download> {
        let (wire, id) = self.wire("container_copy").await?;
        let body = wire.container_copy(id, &CopyConfig { resource: path.into() }).await;
        Ok(Download::new(wire.bytes(body)?.1, "container_copy"))
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
