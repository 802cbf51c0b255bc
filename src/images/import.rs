//! Importing an image from a filesystem.

use super::{
    Archive, Image, Images, WatchProgress,
    progress::{Progress, ProgressItem, ProgressResult},
    reference,
};
use crate::{
    DockerClient, Error, Result, Upload,
    redacted::Secret,
    request::{Settings, request},
};

impl Images {
    /// Creates an image from a filesystem in a tar archive, as `docker import` does, and returns its handle, by its id.
    ///
    /// The archive is uploaded ([`Upload`]), or the engine downloads it ([`Archive::Url`]). Calls `POST
    /// /images/create`, without a response timeout; see [`progress`](ImportImage::progress).
    ///
    /// # Errors
    ///
    /// Fails if the engine rejects an option (400 or 500), or if it cannot read the archive
    /// ([`is_operation_failed`](crate::Error::is_operation_failed), or 500).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::Upload;
    ///
    /// let files = Upload::from_file("files.tar").await?;
    /// let base = docker.images().import(files).name("acme/base:1").change("CMD [\"sh\"]").await?;
    /// println!("{}", base.name());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ImageCreate")]
    #[doc(alias = "ImportImage")]
    pub fn import(&self, archive: impl Into<Archive>) -> ImportImage {
        ImportImage {
            images: self.clone(),
            archive: archive.into(),
            options: Options::default(),
            settings: Settings::default(),
        }
    }
}

/// A request to create an image from files. Returned by [`Images::import`].
#[derive(Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ImportImage {
    images: Images,
    archive: Archive,
    options: Options,
    settings: Settings,
}

#[derive(Debug, Default)]
struct Options {
    name: Option<String>,
    message: Option<String>,
    platform: Option<String>,
    changes: Secret<Vec<String>>,
}

request!(ImportImage => Image, "image_import");

impl ImportImage {
    /// Sets the name of the image, `repository` or `repository:tag`. The tag defaults to `latest`. Defaults to no name.
    #[doc(alias = "repository")]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.options.name = Some(name.into());
        self
    }

    /// Applies a Dockerfile instruction to the image, for example `CMD ["sh"]`. Can be called repeatedly. Requires API 1.18.
    pub fn change(mut self, instruction: impl Into<String>) -> Self {
        self.options.changes.push(instruction.into());
        self
    }

    /// Sets the commit message of the image. Requires API 1.21.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.options.message = Some(message.into());
        self
    }

    /// Sets the platform of the image, for example `linux/arm64`. Defaults to the engine's own platform. Requires API 1.34;
    /// engine 20.10 reads only the operating system.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.options.platform = Some(platform.into());
        self
    }

    /// Resolves to the progress, once the engine has sent response headers.
    pub fn progress(self) -> WatchProgress<Image> {
        WatchProgress::new("image_import", self.settings.clone(), move |settings| Self { settings, ..self }.begin())
    }

    async fn call(self) -> Result<Image> {
        self.begin().await?.finish().await
    }

    async fn begin(self) -> Result<Progress<Image>> {
        let docker = &self.images.docker;
        let api = docker.api("image_import", &self.settings).await?;
        let (repository, tag) = match &self.options.name {
            Some(name) => api.during(reference::repository_and_tag(name)).map(|(name, tag)| (Some(name), tag))?,
            None => (None, None),
        };
        let (body, source) = match self.archive {
            Archive::Upload(upload) => (upload.into_body(), "-".to_owned()),
            Archive::Url(url) => (Upload::empty().into_body(), url),
        };
        let call = api.image_create(
            Some(&*self.options.changes).filter(|changes| !changes.is_empty()),
            None,
            Some(&source),
            self.options.message.as_deref(),
            self.options.platform.as_deref(),
            repository.as_deref(),
            tag.as_deref(),
            None,
            body,
        );
        let body = api.bytes(call.await)?;
        let imported = Imported { id: None, docker: docker.clone() };
        Ok(Progress::new(body, api.max_item_size(), "image_import", imported))
    }
}

/// The image that was imported: its id is the last status.
struct Imported {
    id: Option<String>,
    docker: DockerClient,
}

impl ProgressResult<Image> for Imported {
    fn add_item(&mut self, item: &ProgressItem) -> Result<()> {
        if let ProgressItem::Status(status) = item {
            self.id = Some(status.status.clone());
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Image> {
        let Some(id) = self.id else {
            return Err(Error::truncated("the engine did not report the id of the image").during("image_import"));
        };
        Ok(self.docker.image(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_import_redacts_changes() {
        let docker = DockerClient::connect("tcp://127.0.0.1:1").unwrap();
        for change in ["ENV TOKEN=hunter2", "ENV TOKEN hunter2", "ENV A=b TOKEN=hunter2"] {
            let import = docker.images().import(Vec::new()).change(change);
            for text in [format!("{import:?}"), format!("{import:#?}")] {
                assert!(!text.contains("hunter2") && text.contains("ENV [redacted]"), "{text}");
            }
        }
    }
}
