//! Removing the record of a build.

use bollard_buildkit_proto::moby::buildkit::v1::UpdateBuildHistoryRequest;

use super::BuildHistory;
use crate::{
    Result,
    request::{Settings, request},
};

impl BuildHistory {
    /// Removes the record of the build with this [reference](super::BuildRecord::reference), as `docker buildx history
    /// rm` does. Does not remove build cache.
    ///
    /// Calls `moby.buildkit.v1.Control/UpdateBuildHistory` over `POST /grpc`, since API 1.43.
    ///
    /// # Errors
    ///
    /// Fails if there is no such record (404), although not with every engine; if the API version is older than 1.43;
    /// or if the engine has no BuildKit (404).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let history = docker.build_history();
    /// for record in history.list().await?.iter().filter(|record| record.error.is_some()) {
    ///     history.remove(&record.reference).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "rm")]
    #[doc(alias = "UpdateBuildHistory")]
    pub fn remove(&self, reference: impl Into<String>) -> RemoveBuildRecord {
        RemoveBuildRecord { history: self.clone(), reference: reference.into(), settings: Settings::default() }
    }
}

/// A request to remove the record of a build. Returned by [`BuildHistory::remove`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct RemoveBuildRecord {
    history: BuildHistory,
    reference: String,
    settings: Settings,
}

request!(RemoveBuildRecord => (), "build_history_remove");

impl RemoveBuildRecord {
    async fn call(self) -> Result<()> {
        let message = UpdateBuildHistoryRequest { r#ref: self.reference.clone(), delete: true, ..Default::default() };
        let removed = self.history.update(&self.settings, message).await;
        removed.map_err(|error| error.during("build_history_remove").about(Some(&self.reference)))
    }
}
