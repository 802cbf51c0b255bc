//! Waiting for containers to end.

use futures_util::TryStreamExt as _;

use super::Container;
use crate::{
    Error, Result,
    models::WaitResult,
    stream::{Decoded, Document, DocumentDecoder},
    wire::Client,
};

impl Container {
    /// Waits until the container does not run, and tells how it ended. One that was never started has ended with 0.
    /// Lists of newer engines (seen on 26.1) may tell for a moment yet that it runs.
    ///
    /// Calls `POST /containers/{id}/wait`, and waits as long as that takes; drop the
    /// future to stop waiting.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404). An exit code other than 0 is no error.
    #[doc(alias = "Wait")]
    pub async fn wait(&self) -> Result<Exit> {
        self.wait_for(WaitCondition::NotRunning).await
    }

    /// Waits for something else, as [`wait`](Self::wait) does. What comes to pass before the engine has heard of the
    /// wait does not count; [`begin_wait`](Self::begin_wait) tells when it has.
    ///
    /// Calls `POST /containers/{id}/wait`, and waits as long as that takes.
    ///
    /// # Errors
    ///
    /// Fails as [`wait`](Self::wait) does, and if the API that is spoken does not know the condition.
    pub async fn wait_for(&self, condition: WaitCondition) -> Result<Exit> {
        self.begin_wait(condition).await?.exit().await
    }

    /// Begins to wait, and resolves once the engine does: what comes to pass from then on is not missed.
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::containers::WaitCondition;
    ///
    /// let container = docker.container("job");
    /// let waiting = container.begin_wait(WaitCondition::NextExit).await?;
    /// container.start().await?;
    /// println!("exit code {}", waiting.exit().await?.code);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Calls `POST /containers/{id}/wait`. Before API 1.30, when there is only
    /// [`NotRunning`](WaitCondition::NotRunning), engines answer at the end, and this resolves then.
    ///
    /// # Errors
    ///
    /// Fails as [`wait_for`](Self::wait_for) does.
    pub async fn begin_wait(&self, condition: WaitCondition) -> Result<Waiting> {
        let (wire, id) = self.wire("container_wait").await?;
        let call = async |client: &Client| client.container_wait(id, condition.to_query()).await;
        let body = wire.stream(call).await?.1;
        Ok(Waiting(Decoded::new(body, DocumentDecoder::new(wire.longest_item()), "container_wait")))
    }
}

/// What to wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WaitCondition {
    /// That it does not run, which may be so already.
    #[default]
    NotRunning,
    /// That it ends the next time, if it has ended or was never started. Needs API 1.30.
    NextExit,
    /// That it is removed. Needs API 1.30.
    Removed,
}

impl WaitCondition {
    /// What engines of every age do unasked is not said.
    fn to_query(self) -> Option<&'static str> {
        match self {
            Self::NotRunning => None,
            Self::NextExit => Some("next-exit"),
            Self::Removed => Some("removed"),
        }
    }
}

/// A wait that the engine knows of. Made by [`Container::begin_wait`].
///
/// # Cancellation
///
/// Dropping this closes its connection.
#[derive(Debug)]
#[must_use = "a wait that is dropped is over"]
pub struct Waiting(Decoded<DocumentDecoder<WaitResult>>);

impl Waiting {
    /// Waits for what was to be waited for, however long that takes, and tells how the container ended.
    ///
    /// # Errors
    ///
    /// Fails if the connection breaks.
    pub async fn exit(mut self) -> Result<Exit> {
        match self.0.try_next().await? {
            Some(result) => Ok(Exit { code: result.status_code, error: result.error.map(|error| error.message) }),
            None => Err(Error::truncated("the engine did not tell how the container ended").during("container_wait")),
        }
    }
}

impl Document for WaitResult {
    type Wire = Self;

    fn read(wire: Self) -> Result<Self> {
        Ok(wire)
    }
}

/// How a container ended.
#[doc(alias = "WaitResult")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exit {
    /// The exit code; -1 for one killed on engines before 1.5.
    pub code: i64,
    /// Why the engine could not wait to the end, if it could not.
    pub error: Option<String>,
}

impl Exit {
    /// Whether it ended well, with 0.
    #[must_use]
    pub fn success(&self) -> bool {
        self.code == 0 && self.error.is_none()
    }
}
