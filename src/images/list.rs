//! Listing images.

use super::Images;
use crate::{
    ApiVersion, Filters, Result, Timestamp,
    models::ImageSummary,
    request::{Settings, request},
};

/// Since this version, the name is one of the filters.
const NAME_IS_FILTER: ApiVersion = ApiVersion::new(1, 25);

impl Images {
    /// Lists images, the newest first, as `docker image ls` does.
    ///
    /// Calls `GET /images/json`.
    ///
    /// # Errors
    ///
    /// Fails if the engine rejects a filter (400).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// for image in docker.images().list().name("acme/*").await? {
    ///     println!("{} {} bytes", image.repo_tags.join(" "), image.total_size());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ImageList")]
    #[doc(alias = "ListImages")]
    #[doc(alias = "ls")]
    pub fn list(&self) -> ListImages {
        ListImages {
            images: self.clone(),
            all: None,
            identity: None,
            manifests: None,
            shared_size: None,
            name: None,
            filters: Filters::default(),
            settings: Settings::default(),
        }
    }
}

/// A request to list images. Returned by [`Images::list`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ListImages {
    images: Images,
    all: Option<bool>,
    identity: Option<bool>,
    manifests: Option<bool>,
    shared_size: Option<bool>,
    name: Option<String>,
    filters: Filters,
    settings: Settings,
}

request!(ListImages => Vec<ImageSummary>, "image_list");

impl ListImages {
    /// Sets whether to include intermediate images. Defaults to `false`.
    pub fn all(mut self, all: bool) -> Self {
        self.all = Some(all);
        self
    }

    /// Includes only images of repositories whose name matches this shell pattern, for example `acme/*`.
    #[doc(alias = "reference")]
    pub fn name(mut self, pattern: impl Into<String>) -> Self {
        self.name = Some(pattern.into());
        self
    }

    /// Includes only dangling images (`true`), which have no name and are not the parent of another image, or only the
    /// others (`false`).
    pub fn dangling(self, dangling: bool) -> Self {
        self.filter("dangling", dangling.to_string())
    }

    /// Includes only images with this label, `key` or `key=value` (repeat to require several labels). Requires
    /// API 1.18.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
    }

    /// Includes only images that were created before this one, by name or id. Requires API 1.24.
    pub fn before(self, image: impl Into<String>) -> Self {
        self.filter("before", image)
    }

    /// Includes only images that were created after this one, by name or id. Requires API 1.24.
    pub fn since(self, image: impl Into<String>) -> Self {
        self.filter("since", image)
    }

    /// Includes only images that were created before this time. Requires API 1.44.
    pub fn until(self, time: Timestamp) -> Self {
        self.filter("until", time.unix_seconds().to_string())
    }

    /// Sets whether to compute how many bytes each image shares with others, which is slow. Defaults to `false`. Requires
    /// API 1.42.
    pub fn shared_size(mut self, shared_size: bool) -> Self {
        self.shared_size = Some(shared_size);
        self
    }

    /// Sets whether to include the manifests of all platforms, which only engines with the containerd image store have.
    /// Defaults to `false`. Requires API 1.47.
    pub fn manifests(mut self, manifests: bool) -> Self {
        self.manifests = Some(manifests);
        self
    }

    /// Sets whether to include the verified origin of each image, in its [`manifests`](Self::manifests). Defaults to `false`.
    /// Requires API 1.54.
    pub fn identity(mut self, identity: bool) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Adds a filter that has no dedicated method.
    pub fn filter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.filters.add(key, value);
        self
    }

    /// Adds filters.
    pub fn filters(mut self, filters: impl Into<Filters>) -> Self {
        self.filters.extend(filters);
        self
    }

    async fn call(mut self) -> Result<Vec<ImageSummary>> {
        let api = self.images.docker.api("image_list", &self.settings).await?;
        if api.version() >= NAME_IS_FILTER
            && let Some(name) = self.name.take()
        {
            self.filters.add("reference", name);
        }
        let (name, filters) = (self.name.as_deref(), self.filters.to_query());
        let listed =
            api.image_list(self.all, name, filters.as_deref(), self.identity, self.manifests, self.shared_size);
        api.document(listed.await)
    }
}
