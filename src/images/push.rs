//! Pushing an image to a registry.

use serde::Deserialize as _;

use super::{
    Image, WatchProgress, platform,
    progress::{Collected, Progress, ProgressItem, ProgressResult},
};
use crate::{
    Result,
    credentials::RegistryCredentials,
    generated::Client,
    models::AuthConfig,
    request::{Settings, request},
};

impl Image {
    /// Pushes the image to the registry that is part of its name, as `docker push` does. Without a tag, pushes the tag
    /// `latest`. Returns the tags that were pushed, as far as the engine reports them.
    ///
    /// Calls `POST /images/{name}/push`, without a response timeout; see [`progress`](PushImage::progress).
    ///
    /// # Errors
    ///
    /// Fails if there is no such image, or if the registry rejects it
    /// ([`is_operation_failed`](crate::Error::is_operation_failed), or 404 or 500). Nothing is pushed if the credentials
    /// could not be obtained ([`is_credentials`](crate::Error::is_credentials)).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// for pushed in docker.image("registry.example/acme/web:1").push().await? {
    ///     println!("{} {}", pushed.tag, pushed.digest);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ImagePush")]
    #[doc(alias = "PushImage")]
    pub fn push(&self) -> PushImage {
        PushImage {
            image: self.clone(),
            credentials: RegistryCredentials::default(),
            all_tags: false,
            platform: None,
            settings: Settings::default(),
        }
    }
}

/// A request to push an image. Returned by [`Image::push`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct PushImage {
    image: Image,
    credentials: RegistryCredentials,
    all_tags: bool,
    platform: Option<String>,
    settings: Settings,
}

request!(PushImage => Vec<PushedTag>, "image_push", image.name);

impl PushImage {
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

    /// Sets whether to push all tags of the repository, not only the tag in the name. Defaults to `false`.
    pub fn all_tags(mut self, all_tags: bool) -> Self {
        self.all_tags = all_tags;
        self
    }

    /// Pushes the image only for this platform, for example `linux/arm64`. Defaults to all platforms that the engine has.
    /// Requires API 1.46.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = Some(platform.into());
        self
    }

    /// Resolves to the progress, once the engine has sent response headers.
    pub fn progress(self) -> WatchProgress<Vec<PushedTag>> {
        WatchProgress::new("image_push", self.settings.clone(), move |settings| Self { settings, ..self }.begin())
    }

    async fn call(self) -> Result<Vec<PushedTag>> {
        self.begin().await?.finish().await
    }

    async fn begin(self) -> Result<Progress<Vec<PushedTag>>> {
        let reference = self.image.reference("image_push")?;
        let docker = &self.image.docker;
        let api = docker.api("image_push", &self.settings).await?.of(&self.image.name);
        let tag = (!self.all_tags).then(|| reference.tag().unwrap_or("latest"));
        let credentials = api.during(docker.registry_auth(&self.credentials, reference.registry()).await)?;
        let platform = api.during(self.platform.as_deref().map(platform::to_json).transpose())?;
        let (name, platform) = (reference.name(), platform.as_deref());
        let call = async |client: &Client| client.image_push(name, platform, tag, Some(&credentials)).await;
        let (_, body) = api.stream(call).await?;
        let tags = Tags(Collected::new(api.max_item_size()));
        Ok(Progress::new(body, api.max_item_size(), "image_push", tags).of(&self.image.name))
    }
}

/// A tag that was pushed, as newer engines report it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct PushedTag {
    /// The tag.
    pub tag: String,
    /// Digest in the registry, for example `sha256:…`.
    pub digest: String,
    /// Size of the manifest, in bytes.
    pub size: u64,
}

/// The tags that were pushed, as far as the engine reports them.
struct Tags(Collected<PushedTag>);

impl ProgressResult<Vec<PushedTag>> for Tags {
    fn add_item(&mut self, item: &ProgressItem) -> Result<()> {
        let pushed = match item {
            // Outcomes of another form are not tags.
            ProgressItem::Outcome(outcome) => PushedTag::deserialize(outcome).ok(),
            ProgressItem::Status(status) if status.id.is_none() => reported(&status.status),
            _ => None,
        };
        // Most engines report a tag as a status, and then again as an outcome.
        match pushed.filter(|pushed| self.0.last() != Some(pushed)) {
            Some(pushed) => {
                let bytes = pushed.tag.len() + pushed.digest.len();
                self.0.push(pushed, bytes)
            }
            None => Ok(()),
        }
    }

    fn finish(self: Box<Self>) -> Result<Vec<PushedTag>> {
        Ok(self.0.into_items())
    }
}

/// Returns the tag in a status such as `1: digest: sha256:… size: 527`, in which all engines report it. Those with the
/// containerd image store do not report it as an outcome.
fn reported(status: &str) -> Option<PushedTag> {
    let (tag, rest) = status.split_once(": digest: ")?;
    let (digest, size) = rest.split_once(" size: ")?;
    Some(PushedTag { tag: tag.to_owned(), digest: digest.to_owned(), size: size.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Document as _;

    #[test]
    fn pushed_tags_are_reported_as_status_or_outcome_or_both() {
        let status = r#"{"status":"1: digest: sha256:00 size: 527"}"#;
        let outcome = r#"{"progressDetail":{},"aux":{"Tag":"1","Digest":"sha256:00","Size":527}}"#;
        let other = r#"{"status":"2: digest: sha256:00 size: 527"}"#;
        let ignored = r#"{"status":"1: digest: sha256:00 size: 527","id":"1"}"#;
        for (items, expected) in [
            (&[status][..], &["1"][..]),
            (&[outcome], &["1"]),
            (&[status, outcome, other], &["1", "2"]),
            (&[r#"{"status":"Pushed"}"#, ignored], &[]),
        ] {
            let mut tags = Box::new(Tags(Collected::new(1024)));
            items.iter().for_each(|item| tags.add_item(&ProgressItem::decode(item.as_bytes()).unwrap()).unwrap());
            let tags = tags.finish().unwrap();
            assert!(tags.iter().all(|pushed| (&*pushed.digest, pushed.size) == ("sha256:00", 527)), "{tags:?}");
            assert_eq!(tags.iter().map(|pushed| &*pushed.tag).collect::<Vec<_>>(), expected, "{items:?}");
        }
    }
}
