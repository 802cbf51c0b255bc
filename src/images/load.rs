//! Loading images from an archive.

use super::{
    Image, Images, WatchProgress, platform,
    progress::{Collected, Progress, ProgressItem, ProgressResult},
};
use crate::{
    ApiVersion, DockerClient, Result, Upload,
    request::{Settings, request},
};

/// Since this version, engines report the progress of a load on request.
const REPORTS_PROGRESS: ApiVersion = ApiVersion::new(1, 23);

impl Images {
    /// Loads images from an archive made by [`save`](Self::save), as `docker load` does, and returns them by the name or id
    /// that the engine reports. Engines before 1.10 report none.
    ///
    /// Calls `POST /images/load`, without a response timeout; see [`progress`](LoadImages::progress).
    ///
    /// # Errors
    ///
    /// Fails if the engine cannot read the archive ([`is_operation_failed`](crate::Error::is_operation_failed); 500 from old
    /// engines), or if the archive has no image for one of the platforms (404).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::Upload;
    ///
    /// for image in docker.images().load(Upload::from_file("web.tar").await?).await? {
    ///     println!("{}", image.name());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ImageLoad")]
    #[doc(alias = "LoadImage")]
    pub fn load(&self, archive: impl Into<Upload>) -> LoadImages {
        LoadImages {
            images: self.clone(),
            archive: archive.into(),
            platforms: Vec::new(),
            settings: Settings::default(),
        }
    }
}

/// A request to load images. Returned by [`Images::load`].
#[derive(Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct LoadImages {
    images: Images,
    archive: Upload,
    platforms: Vec<String>,
    settings: Settings,
}

request!(LoadImages => Vec<Image>, "image_load");

impl LoadImages {
    /// Loads images only for this platform, for example `linux/arm64` (repeat for several). Requires API 1.48;
    /// engines before API 1.52 accept one platform.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platforms.push(platform.into());
        self
    }

    /// Resolves to the progress, once the engine has sent response headers. Engines report progress since API 1.23.
    pub fn progress(self) -> WatchProgress<Vec<Image>> {
        WatchProgress::new("image_load", self.settings.clone(), move |settings| Self { settings, ..self }.begin())
    }

    async fn call(self) -> Result<Vec<Image>> {
        self.begin().await?.finish().await
    }

    async fn begin(self) -> Result<Progress<Vec<Image>>> {
        let docker = &self.images.docker;
        let api = docker.api("image_load", &self.settings).await?;
        let quiet = (api.version() >= REPORTS_PROGRESS).then_some(false);
        let platforms = api.during(platform::all_to_json(&self.platforms))?;
        let body = api.bytes(api.image_load(platforms.as_ref(), quiet, self.archive.into_body()).await)?;
        let loaded = Loaded { names: Collected::new(api.max_item_size()), docker: docker.clone() };
        Ok(Progress::new(body, api.max_item_size(), "image_load", loaded))
    }
}

/// The images that were loaded, by name or id, as far as the engine reports them.
struct Loaded {
    names: Collected<String>,
    docker: DockerClient,
}

impl ProgressResult<Vec<Image>> for Loaded {
    fn add_item(&mut self, item: &ProgressItem) -> Result<()> {
        let ProgressItem::Output(text) = item else { return Ok(()) };
        loaded(text).try_for_each(|name| self.names.push(name.to_owned(), name.len()))
    }

    fn finish(self: Box<Self>) -> Result<Vec<Image>> {
        let Self { names, docker } = *self;
        Ok(names.into_items().into_iter().map(|name| docker.image(name)).collect())
    }
}

/// Returns the names in output of the engine: Docker writes one per line, Podman several, separated by commas.
fn loaded(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("Loaded image: ").or_else(|| line.strip_prefix("Loaded image ID: ")))
        .flat_map(|names| names.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loaded_images_are_split_at_lines_and_commas() {
        let names = |text| loaded(text).collect::<Vec<_>>();
        assert_eq!(names("Loaded image: acme/web:1\n"), ["acme/web:1"]);
        assert_eq!(
            names("Loaded image ID: sha256:aa\nLoaded image ID: sha256:bb\nLoaded image: web:1\n"),
            ["sha256:aa", "sha256:bb", "web:1"]
        );
        assert_eq!(names("Loaded image: sha256:78,sha256:e0\n"), ["sha256:78", "sha256:e0"]);
        assert_eq!(names("Loading layer\n"), [""; 0]);
    }

    #[test]
    fn loaded_images_are_bounded_in_memory() {
        let docker = DockerClient::connect("tcp://127.0.0.1:1").unwrap();
        let mut loaded = Loaded { names: Collected::new(1024), docker };
        let item = ProgressItem::Output("Loaded image: web:1\n".into());
        let error = std::iter::repeat_with(|| loaded.add_item(&item)).take(1024).find_map(Result::err).unwrap();
        assert!(error.is_decode() && error.to_string().contains("1024 bytes (max_item_size)"), "{error}");
    }
}
