//! Removing an image.

use super::{Image, platform};
use crate::{
    Result,
    models::DeleteItem,
    request::{Settings, request},
};

impl Image {
    /// Untags the image, and deletes it when its last name is removed, as `docker image rm` does. Returns the names and
    /// layers that were removed, in order.
    ///
    /// Calls `DELETE /images/{name}`.
    ///
    /// # Errors
    ///
    /// Fails if a container uses the image, or if the image has several names and this is its id (409); see
    /// [`force`](RemoveImage::force).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// for item in docker.image("acme/tools:1").remove().await? {
    ///     println!("{:?}", item.untagged.or(item.deleted));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ImageDelete")]
    #[doc(alias = "RemoveImage")]
    #[doc(alias = "rm")]
    #[doc(alias = "rmi")]
    pub fn remove(&self) -> RemoveImage {
        RemoveImage {
            image: self.clone(),
            force: None,
            no_prune: None,
            platforms: Vec::new(),
            settings: Settings::default(),
        }
    }
}

/// A request to remove an image. Returned by [`Image::remove`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct RemoveImage {
    image: Image,
    force: Option<bool>,
    no_prune: Option<bool>,
    platforms: Vec<String>,
    settings: Settings,
}

request!(RemoveImage => Vec<DeleteItem>, "image_delete", image.name);

impl RemoveImage {
    /// Sets whether to remove the image even if it has other names, or if stopped containers use it. Defaults to `false`.
    pub fn force(mut self, force: bool) -> Self {
        self.force = Some(force);
        self
    }

    /// Sets whether to keep the images that it was built on, even those without a name. Defaults to `false`.
    pub fn no_prune(mut self, no_prune: bool) -> Self {
        self.no_prune = Some(no_prune);
        self
    }

    /// Removes the image only for this platform, for example `linux/arm64` (repeat for several). Requires API 1.50.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platforms.push(platform.into());
        self
    }

    async fn call(self) -> Result<Vec<DeleteItem>> {
        let (api, name) = self.image.api("image_delete", &self.settings).await?;
        let platforms = api.during(platform::all_to_json(&self.platforms))?;
        api.document(api.image_delete(name, self.force, self.no_prune, platforms.as_ref()).await)
    }
}
