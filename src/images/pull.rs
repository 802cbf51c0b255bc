//! Pulling an image from a registry.

use std::ops::Deref;

use super::{
    Image, Images, Reference, WatchProgress,
    progress::{Progress, ProgressItem, ProgressResult},
};
use crate::{
    Result, Upload,
    credentials::RegistryCredentials,
    generated::Client,
    models::AuthConfig,
    request::{Settings, request},
};

impl Images {
    /// Pulls an image, the same as [`docker.image(name).pull()`](Image::pull).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.images().pull("alpine:3.20").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn pull(&self, name: impl Into<String>) -> PullImage {
        Image::new(self.docker.clone(), name.into()).pull()
    }
}

impl Image {
    /// Pulls the image from the registry that is part of its name, as `docker pull` does. Without a tag or digest,
    /// pulls the tag `latest`.
    ///
    /// Calls `POST /images/create`, without a response timeout; see [`progress`](PullImage::progress).
    ///
    /// # Errors
    ///
    /// Fails if the registry does not have the image, or the credentials do not grant access to it: 404 or 500, or during the
    /// pull ([`is_operation_failed`](crate::Error::is_operation_failed)). Nothing is pulled if the credentials could not be
    /// obtained ([`is_credentials`](crate::Error::is_credentials)).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let busybox = docker.image("busybox:1.36").pull().await?;
    /// println!("{} {:?}", busybox.inspect().await?.id, busybox.digest);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ImageCreate")]
    #[doc(alias = "PullImage")]
    #[doc(alias = "create_image")]
    pub fn pull(&self) -> PullImage {
        PullImage {
            image: self.clone(),
            credentials: RegistryCredentials::default(),
            all_tags: false,
            platform: None,
            settings: Settings::default(),
        }
    }
}

/// A request to pull an image. Returned by [`Image::pull`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct PullImage {
    image: Image,
    credentials: RegistryCredentials,
    all_tags: bool,
    platform: Option<String>,
    settings: Settings,
}

request!(PullImage => PulledImage, "image_create", image.name);

impl PullImage {
    /// Sets the credentials for the registry. Defaults to the credentials in the user's configuration; see
    /// [`DockerClient::credentials`](crate::DockerClient::credentials).
    pub fn credentials(mut self, credentials: AuthConfig) -> Self {
        self.credentials = RegistryCredentials::Given(credentials);
        self
    }

    /// Sends no credentials, not even those of the user's configuration.
    pub fn anonymous(mut self) -> Self {
        self.credentials = RegistryCredentials::Anonymous;
        self
    }

    /// Sets whether to pull all tags of the repository, not only the tag in the name. Defaults to `false`.
    pub fn all_tags(mut self, all_tags: bool) -> Self {
        self.all_tags = all_tags;
        self
    }

    /// Sets the platform, for example `linux/arm64`. Defaults to the engine's own platform. Requires API 1.34.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = Some(platform.into());
        self
    }

    /// Resolves to the progress, once the engine has sent response headers.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let mut progress = docker.image("busybox").pull().progress().await?;
    /// while let Some(item) = progress.try_next().await? {
    ///     println!("{item:?}");
    /// }
    /// let busybox = progress.finish().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn progress(self) -> WatchProgress<PulledImage> {
        WatchProgress::new("image_create", self.settings.clone(), move |settings| Self { settings, ..self }.begin())
    }

    async fn call(self) -> Result<PulledImage> {
        self.begin().await?.finish().await
    }

    async fn begin(self) -> Result<Progress<PulledImage>> {
        let reference = self.image.reference("image_create")?;
        let docker = &self.image.docker;
        let api = docker.api("image_create", &self.settings).await?.of(&self.image.name);
        let (source, tag) = source(&reference, self.all_tags);
        let credentials = api.during(docker.registry_auth(&self.credentials, reference.registry()).await)?;
        let (tag, platform) = (tag.as_deref(), self.platform.as_deref());
        let call = async |client: &Client| {
            let nothing = Upload::empty().into_body();
            client.image_create(None, Some(&source), None, None, platform, None, tag, Some(&credentials), nothing).await
        };
        let (_, body) = api.stream(call).await?;
        let pulled = PulledImage { image: self.image.clone(), digest: None };
        Ok(Progress::new(body, api.max_item_size(), "image_create", pulled).of(&self.image.name))
    }
}

/// The parameters `fromImage` and `tag`. A digest is part of the first; engines pull all tags if there is no tag.
fn source(name: &Reference, all_tags: bool) -> (String, Option<String>) {
    match (name.digest(), name.tag()) {
        _ if all_tags => (name.name().to_owned(), None),
        (Some(digest), _) => (format!("{}@{digest}", name.name()), None),
        (None, tag) => (name.name().to_owned(), Some(tag.unwrap_or("latest").to_owned())),
    }
}

/// An image that was pulled. Dereferences to its handle.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PulledImage {
    /// Handle of the image, by the name that was pulled.
    pub image: Image,
    /// Digest in the registry, if the engine reported it; engines before 1.6 do not.
    pub digest: Option<String>,
}

impl Deref for PulledImage {
    type Target = Image;

    fn deref(&self) -> &Image {
        &self.image
    }
}

impl ProgressResult<Self> for PulledImage {
    fn add_item(&mut self, item: &ProgressItem) -> Result<()> {
        if let Some(digest) = item.digest() {
            self.digest = Some(digest.to_owned());
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Self> {
        Ok(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pull_names_one_tag_unless_all_are_requested() {
        let source = |name: &str, all_tags| source(&name.parse().unwrap(), all_tags);
        assert_eq!(source("host:5000/web", false), ("host:5000/web".into(), Some("latest".into())));
        assert_eq!(source("web:1", false), ("web".into(), Some("1".into())));
        assert_eq!(source("web:1", true), ("web".into(), None));
        let digest = format!("web@sha256:{}", "0".repeat(64));
        assert_eq!(source(&digest, false), (digest.clone(), None));
    }
}
