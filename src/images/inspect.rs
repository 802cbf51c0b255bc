//! Inspecting an image.

use super::{Image, platform};
use crate::{
    Exists, Optional, Result,
    models::ImageInspect,
    request::{Settings, request},
};

impl Image {
    /// Returns the properties of the image, as `docker image inspect` does.
    ///
    /// Calls `GET /images/{name}/json`.
    ///
    /// # Errors
    ///
    /// Fails if the image does not exist, or does not exist for the platform (404); see [`try_inspect`](Self::try_inspect).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let busybox = docker.image("busybox").inspect().await?;
    /// println!("{} for {}", busybox.id, busybox.architecture);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ImageInspect")]
    #[doc(alias = "InspectImage")]
    pub fn inspect(&self) -> InspectImage {
        InspectImage { image: self.clone(), platform: None, manifests: None, settings: Settings::default() }
    }

    /// Returns the properties of the image, or `None` if the engine does not have it.
    ///
    /// Calls `GET /images/{name}/json`.
    ///
    /// # Errors
    ///
    /// Fails as [`inspect`](Self::inspect) does, except if the image does not exist.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if let Some(found) = docker.image("busybox").try_inspect().await? {
    ///     println!("{}", found.architecture);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_inspect(&self) -> Optional<ImageInspect> {
        self.inspect().optional()
    }

    /// Returns whether the engine has the image.
    ///
    /// Calls `GET /images/{name}/json`.
    ///
    /// # Errors
    ///
    /// Fails as [`try_inspect`](Self::try_inspect) does.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if !docker.image("busybox").exists().await? {
    ///     docker.image("busybox").pull().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn exists(&self) -> Exists {
        Exists::new(self.try_inspect())
    }
}

/// A request to inspect an image. Returned by [`Image::inspect`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct InspectImage {
    image: Image,
    platform: Option<String>,
    manifests: Option<bool>,
    settings: Settings,
}

request!(InspectImage => ImageInspect, "image_inspect", image.name);

impl InspectImage {
    /// Sets the platform of the image, for example `linux/arm64`. Defaults to the engine's own platform. Requires API 1.49.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = Some(platform.into());
        self
    }

    /// Sets whether to include the [`manifests`](ImageInspect::manifests) of all platforms, which only engines with the
    /// containerd image store have. Defaults to `false`. Requires API 1.48.
    pub fn manifests(mut self, manifests: bool) -> Self {
        self.manifests = Some(manifests);
        self
    }

    /// Resolves to `None` if there is no such image, instead of failing.
    pub fn optional(self) -> Optional<ImageInspect> {
        Optional::new(self.settings.clone(), move |settings| Self { settings, ..self })
    }

    async fn call(self) -> Result<ImageInspect> {
        let (api, name) = self.image.api("image_inspect", &self.settings).await?;
        let platform = api.during(self.platform.as_deref().map(platform::to_json).transpose())?;
        api.document(api.image_inspect(name, self.manifests, platform.as_deref()).await)
    }
}
