//! Images from registries.

use super::{
    Image, Reference,
    progress::{Gather, Progress, ProgressItem},
};
use crate::{Result, Upload, credentials::Shown, models::AuthConfig, wire::Client};

impl Image {
    /// Pulls the image from the registry that its name says; without a tag or digest, the tag `latest`.
    ///
    /// Calls `POST /images/create`, and waits as long as that takes;
    /// [`pull_progress`](Self::pull_progress) tells how far it is.
    ///
    /// # Errors
    ///
    /// Fails if the registry does not have it, or not for these credentials: 404 or 500, or on the way
    /// ([`is_failure`](crate::Error::is_failure)). Nothing is pulled if the credentials cannot be had
    /// ([`is_credentials`](crate::Error::is_credentials)).
    #[doc(alias = "PullImage")]
    pub async fn pull(&self, options: &PullOptions) -> Result<Pulled> {
        self.pull_progress(options).await?.finish().await
    }

    /// Pulls the image as [`pull`](Self::pull) does, and tells how far it is.
    ///
    /// Resolves once the engine has answered. Calls `POST /images/create`.
    ///
    /// # Errors
    ///
    /// Fails as [`pull`](Self::pull) does; what fails on the way is the stream's error.
    pub async fn pull_progress(&self, options: &PullOptions) -> Result<Progress<Pulled>> {
        let reference = self.reference("image_create")?;
        let wire = self.docker.wire("image_create").await?;
        let (source, tag) = options.source(&reference);
        let credentials = wire.during(self.docker.registry_auth(&options.shown, reference.registry()).await)?;
        let (tag, platform) = (tag.as_deref(), options.platform.as_deref());
        let call = async |client: &Client| {
            let nothing = Upload::nothing().into_body();
            client.image_create(None, Some(&source), None, None, platform, None, tag, Some(&credentials), nothing).await
        };
        let (_, body) = wire.stream(call).await?;
        Ok(Progress::new(body, wire.longest_item(), "image_create", Pulled::new(self.clone())))
    }
}

/// Options of [`Image::pull`](super::Image::pull).
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct PullOptions {
    shown: Shown,
    all_tags: bool,
    platform: Option<String>,
}

impl PullOptions {
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

    /// What it is to run on, as `linux/arm64`; without, what the engine runs on. Needs API 1.32.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = Some(platform.into());
        self
    }

    /// The parameters `fromImage` and `tag`. A digest belongs to the first, and no tag at all stands for every tag.
    fn source(&self, name: &Reference) -> (String, Option<String>) {
        match (name.digest(), name.tag()) {
            _ if self.all_tags => (name.name().to_owned(), None),
            (Some(digest), _) => (format!("{}@{digest}", name.name()), None),
            (None, tag) => (name.name().to_owned(), Some(tag.unwrap_or("latest").to_owned())),
        }
    }
}

/// What came of a pull.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pulled {
    /// The image, by the name it was pulled by.
    pub image: Image,
    /// Its digest in the registry, if the engine told: engines before 1.6 do not.
    pub digest: Option<String>,
}

impl Pulled {
    fn new(image: Image) -> Self {
        Self { image, digest: None }
    }
}

impl Gather<Self> for Pulled {
    fn see(&mut self, item: &ProgressItem) {
        if let ProgressItem::Status(status) = item
            && let Some(told) = status.status.strip_prefix("Digest: ")
        {
            self.digest = Some(told.to_owned());
        }
    }

    fn value(self: Box<Self>) -> Result<Self> {
        Ok(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tag_is_pulled_unless_all_are_wanted() {
        let source = |name: &str, options: PullOptions| options.source(&name.parse().unwrap());
        let one = PullOptions::default;
        assert_eq!(source("host:5000/web", one()), ("host:5000/web".into(), Some("latest".into())));
        assert_eq!(source("web:1", one()), ("web".into(), Some("1".into())));
        assert_eq!(source("web:1", one().all_tags()), ("web".into(), None));
        let digest = format!("web@sha256:{}", "0".repeat(64));
        assert_eq!(source(&digest, one()), (digest.clone(), None));
    }
}
