//! Images from archives of files.

use super::{
    Images,
    progress::{Gather, Progress, ProgressItem},
};
use crate::{Error, Result, Upload};

impl Images {
    /// Makes an image of a file system, a tar archive, and returns its id.
    ///
    /// Calls `POST /images/create`, and waits as long as that takes.
    ///
    /// # Errors
    ///
    /// Fails if the archive cannot be read ([`is_failure`](crate::Error::is_failure), or 500).
    #[doc(alias = "ImportImage")]
    pub async fn import(&self, archive: impl Into<Archive>, options: &ImportOptions) -> Result<String> {
        self.import_progress(archive, options).await?.finish().await
    }

    /// Makes an image as [`import`](Self::import) does, and tells how far it is.
    ///
    /// Resolves once the engine has answered. Calls `POST /images/create`.
    ///
    /// # Errors
    ///
    /// Fails if the engine refuses an option (400 or 500).
    pub async fn import_progress(
        &self,
        archive: impl Into<Archive>,
        options: &ImportOptions,
    ) -> Result<Progress<String>> {
        let wire = self.docker.wire("image_create").await?;
        let (body, source) = match archive.into() {
            Archive::Upload(upload) => (upload.into_body(), "-".to_owned()),
            Archive::Url(url) => (Upload::nothing().into_body(), url),
        };
        let call = wire.image_create(
            options.changes(),
            None,
            Some(&source),
            options.message.as_deref(),
            options.platform.as_deref(),
            options.repository.as_deref(),
            options.tag.as_deref(),
            None,
            body,
        );
        Ok(Progress::new(wire.bytes(call.await)?.1, wire.longest_item(), "image_create", Imported::default()))
    }
}

/// Where an archive comes from.
#[derive(Debug)]
pub enum Archive {
    /// From here.
    Upload(Upload),
    /// The engine fetches it: from a URL or, for a build, a git repository.
    Url(String),
}

impl<T: Into<Upload>> From<T> for Archive {
    fn from(upload: T) -> Self {
        Self::Upload(upload.into())
    }
}

/// Options of [`Images::import`](super::Images::import).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct ImportOptions {
    repository: Option<String>,
    tag: Option<String>,
    message: Option<String>,
    platform: Option<String>,
    changes: Vec<String>,
}

impl ImportOptions {
    /// The repository to name the image in; it gets no name without one.
    pub fn repository(mut self, repository: impl Into<String>) -> Self {
        self.repository = Some(repository.into());
        self
    }

    /// Its tag. Defaults to `latest`.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tag = Some(tag.into());
        self
    }

    /// A line of a Dockerfile to apply, as `CMD ["sh"]`; several calls add lines. Needs API 1.18.
    pub fn change(mut self, line: impl Into<String>) -> Self {
        self.changes.push(line.into());
        self
    }

    /// A message kept in the image. Needs API 1.39.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// What it runs on, as `linux/arm64`; without, what the engine runs on. Needs API 1.32. Engine 20.10 takes only the
    /// operating system from it.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = Some(platform.into());
        self
    }

    fn changes(&self) -> Option<&Vec<String>> {
        Some(&self.changes).filter(|changes| !changes.is_empty())
    }
}

/// The id of an image that was imported: the last thing that is told.
#[derive(Default)]
struct Imported(Option<String>);

impl Gather<String> for Imported {
    fn see(&mut self, item: &ProgressItem) {
        if let ProgressItem::Status(status) = item {
            self.0 = Some(status.status.clone());
        }
    }

    fn value(self: Box<Self>) -> Result<String> {
        self.0.ok_or_else(|| Error::truncated("the engine did not tell the id of the image").during("image_create"))
    }
}
