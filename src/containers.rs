//! Containers: the handles [`Containers`] and [`Container`], and the requests that their methods return.
//!
//! The guide has pages on [containers](crate::guide::containers), [running programs](crate::guide::running) and
//! [files](crate::guide::files).

use std::fmt;

use crate::{
    DockerClient, Result,
    generated::Api,
    models,
    monitor::{CombinedLogMonitor, ContainerMonitor, LogMonitor, StatsMonitor},
    request::Settings,
    validate,
};

mod attach;
#[cfg(feature = "websocket")]
mod attach_websocket;
mod changes;
mod command;
mod commit;
mod compat;
mod copy;
mod copy_in;
#[cfg(feature = "tar")]
mod copy_in_from;
mod copy_out;
#[cfg(feature = "tar")]
mod copy_out_to;
mod create;
mod create_checkpoint;
mod export;
mod inspect;
mod kill;
mod list;
mod list_checkpoints;
mod logs;
mod pause;
mod port;
mod port_type;
mod prune;
mod remove;
mod remove_checkpoint;
mod rename;
mod resize;
mod restart;
mod restart_policy;
mod run;
mod signal;
mod start;
mod stat;
mod state;
mod stats;
mod stats_once;
mod stop;
mod stop_timeout;
mod top;
mod unpause;
mod update;
mod usage;
mod wait;
mod wait_until_healthy;
mod wait_until_listening;
mod wait_until_logged;

#[cfg(feature = "websocket")]
pub use self::attach_websocket::AttachContainerWebSocket;
pub(crate) use self::create::nano_cpus;
pub use self::{
    attach::AttachContainer,
    changes::ListChanges,
    commit::CommitContainer,
    copy::CopyResource,
    copy_in::CopyIn,
    copy_out::CopyOut,
    create::{ContainerBuilder, ContainerPorts, Create, CreateContainer, CreatedContainer, Gpus, HostPorts},
    create_checkpoint::CreateCheckpoint,
    export::ExportContainer,
    inspect::{InspectContainer, IsRunning},
    kill::KillContainer,
    list::ListContainers,
    list_checkpoints::ListCheckpoints,
    logs::ReadLogs,
    pause::PauseContainer,
    port::LookUpPort,
    port_type::{ContainerPort, Protocol},
    prune::PruneContainers,
    remove::RemoveContainer,
    remove_checkpoint::RemoveCheckpoint,
    rename::RenameContainer,
    resize::ResizeContainer,
    restart::RestartContainer,
    restart_policy::RestartPolicy,
    run::{DetachContainer, PullPolicy, Run, RunContainer, RunOutput, RunStatus, RunningContainer, SpawnContainer},
    signal::Signal,
    start::{Start, StartContainer},
    stat::StatPath,
    stats::{ReadStats, StatsStream},
    stats_once::ReadStatsOnce,
    stop::{Stop, StopContainer},
    top::ListProcesses,
    unpause::UnpauseContainer,
    update::UpdateContainer,
    usage::Traffic,
    wait::{BeginWait, WaitCondition, WaitContainer, Waiting},
    wait_until_healthy::WaitUntilHealthy,
    wait_until_listening::WaitUntilListening,
    wait_until_logged::WaitUntilLogged,
};
#[cfg(feature = "tar")]
pub use self::{copy_in_from::CopyInFrom, copy_out_to::CopyOutTo};
pub use crate::exit_status::ExitStatus;

pub use crate::{logs::Tail, models::ContainerStatus};

/// A handle for the containers of an engine. Returned by [`DockerClient::containers`].
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// for container in docker.containers().list().all(true).await? {
///     println!("{:.12} {} {}", container.id, container.name(), container.status);
/// }
/// # Ok(())
/// # }
/// ```
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

    /// Watches the containers of the engine, across lost connections and restarts of the engine.
    ///
    /// Sends nothing until it is polled. Calls `GET /events`, `GET /containers/json` and `GET /_ping`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::monitor::ContainerUpdate;
    ///
    /// let mut updates = docker.containers().monitor().label("app=web");
    /// while let Some(update) = updates.next().await {
    ///     match update {
    ///         ContainerUpdate::Snapshot(all) => println!("{} containers", all.len()),
    ///         ContainerUpdate::Changed(container) => println!("{} is {}", container.name(), container.status),
    ///         ContainerUpdate::Disconnected { error, .. } => eprintln!("{error}"),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn monitor(&self) -> ContainerMonitor {
        ContainerMonitor::new(self.docker.clone())
    }

    /// Measures the resource usage of all running containers, from their start until they exit.
    ///
    /// Sends nothing until it is polled. Calls `GET /containers/{id}/stats`, since API 1.17, and the same as
    /// [`monitor`](Self::monitor).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::monitor::StatsUpdate;
    ///
    /// let mut updates = docker.containers().monitor_stats();
    /// while let Some(update) = updates.next().await {
    ///     if let StatsUpdate::Sample(sample) = update {
    ///         println!("{}: {:?} % CPU, {:?} bytes", sample.container.name(), sample.cpu_percent, sample.memory_used);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "StartMonitorStats")]
    pub fn monitor_stats(&self) -> StatsMonitor {
        StatsMonitor::new(self.clone())
    }

    /// Reads the logs of all containers line by line, also of those that are created later, across their restarts and lost
    /// connections.
    ///
    /// Sends nothing until it is polled. Calls `GET /containers/{id}/logs`, `GET /containers/{id}/json`, and the same as
    /// [`monitor`](Self::monitor).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::monitor::CombinedLogUpdate;
    ///
    /// let mut updates = docker.containers().monitor_logs().label("app").exclude_image("acme/shipper").tail(0);
    /// while let Some(update) = updates.next().await {
    ///     match update {
    ///         CombinedLogUpdate::Line { container, line } => println!("{}: {}", container.name(), line.text()),
    ///         CombinedLogUpdate::Failed { container, error, .. } => eprintln!("{}: {error}", container.name()),
    ///         CombinedLogUpdate::Disconnected { error, .. } => eprintln!("{error}"),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn monitor_logs(&self) -> CombinedLogMonitor {
        CombinedLogMonitor::new(self)
    }
}

/// A handle for one container. Returned by [`DockerClient::container`], which sends nothing.
///
/// All requests fail if there is no such container (404), unless documented otherwise, or if its name is not valid (nothing
/// is sent then).
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// let web = docker.container("web");
/// if !web.is_running().await? {
///     web.start().await?;
/// }
/// print!("{}", web.command("ls").arg("/srv").output().await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Container {
    docker: DockerClient,
    id: String,
}

impl Container {
    pub(crate) fn new(docker: DockerClient, id: String) -> Self {
        Self { docker, id }
    }

    /// Returns the id, the prefix of an id, or the name that this handle was created with.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Reads the log of the container line by line, across its restarts and lost connections.
    ///
    /// Sends nothing until it is polled. Calls `GET /containers/{id}/logs`, `GET /containers/{id}/json` and, while the
    /// container is not running, `GET /events` and `GET /_ping`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::monitor::LogUpdate;
    ///
    /// let mut updates = docker.container("web").monitor_logs().tail(10);
    /// while let Some(update) = updates.next().await {
    ///     match update {
    ///         LogUpdate::Line(line) => println!("{}", line.text()),
    ///         LogUpdate::Gap(gap) => eprintln!("lines since {} may have been missed", gap.since),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn monitor_logs(&self) -> LogMonitor {
        LogMonitor::new(self.docker.clone(), self.clone())
    }

    /// Returns the generated client, and the name validated for use in a path.
    async fn api(&self, operation: &'static str, settings: &Settings) -> Result<(Api<'_>, &str)> {
        let id = validate::container(&self.id).map_err(|error| error.during(operation))?;
        let api = self.docker.api(operation, settings).await.map_err(|error| error.about(Some(id)))?;
        Ok((api.of(id), id))
    }
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Container").field(&self.id).finish()
    }
}

impl From<Container> for String {
    fn from(container: Container) -> Self {
        container.id
    }
}

impl From<&Container> for String {
    fn from(container: &Container) -> Self {
        container.id.clone()
    }
}

impl models::ContainerSummary {
    /// Returns the handle of this container, by its id.
    #[must_use]
    pub fn handle(&self, docker: &DockerClient) -> Container {
        docker.container(&self.id)
    }
}
