//! Pinning the record of a build.

use bollard_buildkit_proto::moby::buildkit::v1::UpdateBuildHistoryRequest;

use super::BuildHistory;
use crate::{
    Result,
    request::{Settings, request},
};

impl BuildHistory {
    /// Pins the record of the build with this [reference](super::BuildRecord::reference): the engine does not remove it
    /// after some time.
    ///
    /// Calls `moby.buildkit.v1.Control/UpdateBuildHistory` over `POST /grpc`, since API 1.43.
    ///
    /// # Errors
    ///
    /// Fails if there is no such record, or if the engine has no BuildKit (404), or if the API version is older than
    /// 1.43.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let history = docker.build_history();
    /// if let [last, ..] = &*history.list().limit(1).await? {
    ///     history.pin(&last.reference).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "UpdateBuildHistory")]
    pub fn pin(&self, reference: impl Into<String>) -> PinBuildRecord {
        self.set_pinned(reference.into(), true)
    }

    /// Unpins the record of the build with this [reference](super::BuildRecord::reference).
    ///
    /// Calls `moby.buildkit.v1.Control/UpdateBuildHistory` over `POST /grpc`, since API 1.43.
    ///
    /// # Errors
    ///
    /// Fails as [`pin`](Self::pin) does.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let history = docker.build_history();
    /// for record in history.list().await?.iter().filter(|record| record.pinned) {
    ///     history.unpin(&record.reference).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "UpdateBuildHistory")]
    pub fn unpin(&self, reference: impl Into<String>) -> PinBuildRecord {
        self.set_pinned(reference.into(), false)
    }

    fn set_pinned(&self, reference: String, pinned: bool) -> PinBuildRecord {
        PinBuildRecord { history: self.clone(), reference, pinned, settings: Settings::default() }
    }
}

/// A request to pin or unpin the record of a build. Returned by [`BuildHistory::pin`] and [`BuildHistory::unpin`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct PinBuildRecord {
    history: BuildHistory,
    reference: String,
    pinned: bool,
    settings: Settings,
}

request!(PinBuildRecord => (), "build_history_pin");

impl PinBuildRecord {
    async fn call(self) -> Result<()> {
        let pinned = self.pinned;
        let message = UpdateBuildHistoryRequest { r#ref: self.reference.clone(), pinned, ..Default::default() };
        let changed = self.history.update(&self.settings, message).await;
        changed.map_err(|error| error.during("build_history_pin").about(Some(&self.reference)))
    }
}
