//! Images to registries.

use serde::Deserialize as _;

use super::{
    Image, platform,
    progress::{Gather, Progress, ProgressItem},
};
use crate::{Result, credentials::Shown, models::AuthConfig, wire::Client};

impl Image {
    /// Pushes the image to the registry that its name says; without a tag, the tag `latest`. Returns what was
    /// pushed, as far as the engine tells.
    ///
    /// Calls `POST /images/{name}/push`, and waits as long as that takes;
    /// [`push_progress`](Self::push_progress) tells how far it is.
    ///
    /// # Errors
    ///
    /// Fails if there is no such image, or if the registry refuses it
    /// ([`is_failure`](crate::Error::is_failure), or 404 or 500). Nothing is pushed if the credentials cannot be had
    /// ([`is_credentials`](crate::Error::is_credentials)).
    #[doc(alias = "PushImage")]
    pub async fn push(&self, options: &PushOptions) -> Result<Vec<Pushed>> {
        self.push_progress(options).await?.finish().await
    }

    /// Pushes the image as [`push`](Self::push) does, and tells how far it is.
    ///
    /// Resolves once the engine has answered. Calls `POST /images/{name}/push`.
    ///
    /// # Errors
    ///
    /// Fails as [`push`](Self::push) does; what fails on the way is the stream's error.
    pub async fn push_progress(&self, options: &PushOptions) -> Result<Progress<Vec<Pushed>>> {
        let reference = self.reference("image_push")?;
        let wire = self.docker.wire("image_push").await?;
        let tag = (!options.all_tags).then(|| reference.tag().unwrap_or("latest"));
        let credentials = wire.during(self.docker.registry_auth(&options.shown, reference.registry()).await)?;
        let platform = wire.during(options.platform.as_deref().map(platform::to_json).transpose())?;
        let (name, platform) = (reference.name(), platform.as_deref());
        let call = async |client: &Client| client.image_push(name, platform, tag, Some(&credentials)).await;
        Ok(Progress::new(wire.stream(call).await?.1, wire.longest_item(), "image_push", Tags::default()))
    }
}

/// Options of [`Image::push`](super::Image::push).
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct PushOptions {
    shown: Shown,
    all_tags: bool,
    platform: Option<String>,
}

impl PushOptions {
    /// What to show to the registry. Defaults to what the user's configuration holds for it.
    pub fn credentials(mut self, credentials: AuthConfig) -> Self {
        self.shown = Shown::Given(credentials);
        self
    }

    /// Show nothing to the registry, whatever the user's configuration holds.
    pub fn anonymous(mut self) -> Self {
        self.shown = Shown::Nothing;
        self
    }

    /// Every tag of the repository, and not only the one that is named.
    pub fn all_tags(mut self) -> Self {
        self.all_tags = true;
        self
    }

    /// Only what runs on this, as `linux/arm64`; without, all that is here. Needs API 1.46.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = Some(platform.into());
        self
    }
}

/// A tag that was pushed, as newer engines tell it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Pushed {
    /// The tag.
    pub tag: String,
    /// Its digest in the registry, as `sha256:…`.
    pub digest: String,
    /// The size of its manifest in bytes.
    pub size: u64,
}

/// The tags that were pushed, as far as the engine tells.
#[derive(Default)]
struct Tags(Vec<Pushed>);

impl Gather<Vec<Pushed>> for Tags {
    fn see(&mut self, item: &ProgressItem) {
        if let ProgressItem::Outcome(outcome) = item {
            // An outcome of another form is of no interest here.
            self.0.extend(Pushed::deserialize(outcome).ok());
        }
    }

    fn value(self: Box<Self>) -> Result<Vec<Pushed>> {
        Ok(self.0)
    }
}
