//! Cancelling a build.

use super::Images;
use crate::{
    Result,
    request::{Settings, request},
};

impl Images {
    /// Cancels the build with BuildKit that was started with this [id](super::BuildImage::build_id). The build fails.
    ///
    /// Engines do not report whether there is such a build: the call succeeds even if there is none, if it has ended,
    /// or if the classic builder executes it. To cancel a build of this program, dropping its future is enough.
    ///
    /// Calls `POST /build/cancel`, since API 1.38.
    ///
    /// # Errors
    ///
    /// Fails if `id` is empty (400 or 500).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::Upload;
    ///
    /// let context = Upload::from_file("context.tar").await?;
    /// let build = tokio::spawn(docker.images().build(context).build_kit(true).build_id("nightly-17").send());
    /// // Elsewhere, for example in another process:
    /// docker.images().cancel_build("nightly-17").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "BuildCancel")]
    pub fn cancel_build(&self, id: impl Into<String>) -> CancelBuild {
        CancelBuild { images: self.clone(), id: id.into(), settings: Settings::default() }
    }
}

/// A request to cancel a build. Returned by [`Images::cancel_build`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct CancelBuild {
    images: Images,
    id: String,
    settings: Settings,
}

request!(CancelBuild => (), "build_cancel");

impl CancelBuild {
    async fn call(self) -> Result<()> {
        let api = self.images.docker.api("build_cancel", &self.settings).await;
        let api = api.map_err(|error| error.about(Some(self.id.as_str())))?.of(&self.id);
        api.done(api.build_cancel(&self.id).await)
    }
}
