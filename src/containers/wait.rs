//! Waiting until a container exits.

use futures_util::TryStreamExt as _;

use super::{Container, ExitStatus};
use crate::{
    Error, Result,
    generated::Client,
    models::WaitResult,
    request::{Settings, request},
    stream::{Decoded, Document, DocumentDecoder},
};

impl Container {
    /// Waits until the container is not running, as `docker wait` does, and returns its exit status.
    ///
    /// A container that was never started has exit code 0. Newer engines (seen on 26.1) may list the container as running
    /// for a moment after this.
    ///
    /// Calls `POST /containers/{id}/wait`, and waits without a time limit, unless one is [set](WaitContainer::time_limit).
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404). An exit code other than 0 is not an error.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let status = docker.container("job").wait().await?;
    /// println!("{status}"); // exit code 3
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerWait")]
    #[doc(alias = "Wait")]
    pub fn wait(&self) -> WaitContainer {
        WaitContainer { container: self.clone(), condition: WaitCondition::default(), settings: Settings::default() }
    }
}

/// A request to wait until a container exits. Returned by [`Container::wait`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct WaitContainer {
    container: Container,
    condition: WaitCondition,
    settings: Settings,
}

request!(WaitContainer => ExitStatus, "container_wait", container.id);

impl WaitContainer {
    /// Sets the condition to wait for. Defaults to [`NotRunning`](WaitCondition::NotRunning).
    ///
    /// An exit or a removal before the engine has received the request does not count; [`begin`](Self::begin) resolves
    /// once the engine has received it.
    pub fn condition(mut self, condition: WaitCondition) -> Self {
        self.condition = condition;
        self
    }

    /// Returns a request that resolves once the wait is registered with the engine, so that no later exit is missed.
    ///
    /// Below API 1.30, where the only condition is [`NotRunning`](WaitCondition::NotRunning), engines respond, and the
    /// request resolves, only at the end of the wait.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::containers::WaitCondition;
    ///
    /// let job = docker.container("job");
    /// let waiting = job.wait().condition(WaitCondition::NextExit).begin().await?;
    /// job.start().await?;
    /// println!("{}", waiting.exit().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn begin(self) -> BeginWait {
        let Self { container, condition, settings } = self;
        BeginWait { container, condition, settings }
    }

    async fn call(self) -> Result<ExitStatus> {
        self.begin().call().await?.exit().await
    }
}

/// A request that resolves once the engine has registered a wait for a container. Returned by [`WaitContainer::begin`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct BeginWait {
    container: Container,
    condition: WaitCondition,
    settings: Settings,
}

request!(BeginWait => Waiting, "container_wait", container.id);

impl BeginWait {
    async fn call(self) -> Result<Waiting> {
        let (api, id) = self.container.api("container_wait", &self.settings).await?;
        let condition = self.condition.to_query();
        let call = async |client: &Client| client.container_wait(id, condition).await;
        let body = api.stream(call).await?.1;
        Ok(Waiting(Decoded::new(body, DocumentDecoder::new(api.max_item_size()), "container_wait")))
    }
}

/// The condition that [`Container::wait`] waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WaitCondition {
    /// The container is not running.
    #[default]
    NotRunning,
    /// The container exits, after the request. Requires API 1.30.
    NextExit,
    /// The container is removed. Requires API 1.30. Podman then always reports exit code 0.
    Removed,
}

impl WaitCondition {
    /// The parameter `condition`: absent for the default of engines of every version.
    fn to_query(self) -> Option<&'static str> {
        match self {
            Self::NotRunning => None,
            Self::NextExit => Some("next-exit"),
            Self::Removed => Some("removed"),
        }
    }
}

/// A wait that the engine has registered. Returned by [`WaitContainer::begin`].
///
/// # Cancellation
///
/// Dropping this closes its connection.
#[derive(Debug)]
#[must_use = "a wait ends when it is dropped"]
pub struct Waiting(Decoded<DocumentDecoder<WaitResult>>);

impl Waiting {
    /// Waits until the condition is met, without a time limit, and returns the exit status of the container.
    ///
    /// # Errors
    ///
    /// Fails if the connection is lost.
    pub async fn exit(mut self) -> Result<ExitStatus> {
        match self.0.try_next().await? {
            Some(result) => Ok(ExitStatus::new(result.status_code, result.error.map(|error| error.message))),
            None => Err(Error::truncated("the engine sent no exit status").during("container_wait")),
        }
    }
}

impl Document for WaitResult {
    type Api = Self;

    fn read(api: Self) -> Result<Self> {
        Ok(api)
    }
}
