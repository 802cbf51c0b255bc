//! Adding a name to an image.

use super::{Image, reference};
use crate::{
    ApiVersion, Result,
    request::{Settings, request},
};

/// Since this version, engines always move a name from another image, without an option.
const ALWAYS_FORCED: ApiVersion = ApiVersion::new(1, 24);

impl Image {
    /// Adds a name to the image, as `docker tag` does, and returns the handle of that name. The tag defaults to
    /// `latest`.
    ///
    /// Calls `POST /images/{name}/tag`.
    ///
    /// # Errors
    ///
    /// Fails if the new name is not valid (before anything is sent, or 400 or 500), or if another image has it (409; engines
    /// since 1.10 take the name from that image, as [`force`](TagImage::force) does).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let web = docker.image("web").tag("registry.example:5000/acme/web:1.0").await?;
    /// web.push().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ImageTag")]
    #[doc(alias = "TagImage")]
    pub fn tag(&self, name: impl Into<String>) -> TagImage {
        TagImage { image: self.clone(), new: name.into(), force: None, settings: Settings::default() }
    }
}

/// A request to add a name to an image. Returned by [`Image::tag`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct TagImage {
    image: Image,
    new: String,
    force: Option<bool>,
    settings: Settings,
}

request!(TagImage => Image, "image_tag", image.name);

impl TagImage {
    /// Sets whether to move the name if another image has it. Defaults to `false`; since API 1.24, engines always move it.
    pub fn force(mut self, force: bool) -> Self {
        self.force = Some(force);
        self
    }

    async fn call(self) -> Result<Image> {
        let (api, name) = self.image.api("image_tag", &self.settings).await?;
        let (repository, tag) = api.during(reference::repository_and_tag(&self.new))?;
        let force = self.force.filter(|_| api.version() < ALWAYS_FORCED);
        api.done(api.image_tag(name, force, &repository, tag.as_deref()).await)?;
        Ok(self.image.docker.image(&self.new))
    }
}
