//! Listing the layers of an image.

use super::{Image, platform};
use crate::{
    Result,
    models::HistoryItem,
    request::{Settings, request},
};

impl Image {
    /// Lists the layers of the image, the newest first, as `docker history` does.
    ///
    /// Calls `GET /images/{name}/history`.
    ///
    /// # Errors
    ///
    /// Fails if there is no such image, or not for the platform (404).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// for layer in docker.image("busybox").history().await? {
    ///     println!("{} bytes by {}", layer.size, layer.created_by);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ImageHistory")]
    pub fn history(&self) -> ListHistory {
        ListHistory { image: self.clone(), platform: None, settings: Settings::default() }
    }
}

/// A request to list the layers of an image. Returned by [`Image::history`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ListHistory {
    image: Image,
    platform: Option<String>,
    settings: Settings,
}

request!(ListHistory => Vec<HistoryItem>, "image_history", image.name);

impl ListHistory {
    /// Sets the platform of the image, for example `linux/arm64`. Defaults to the engine's own platform. Requires API 1.48.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = Some(platform.into());
        self
    }

    async fn call(self) -> Result<Vec<HistoryItem>> {
        let (api, name) = self.image.api("image_history", &self.settings).await?;
        let platform = api.during(self.platform.as_deref().map(platform::to_json).transpose())?;
        api.document(api.image_history(name, platform.as_deref()).await)
    }
}
