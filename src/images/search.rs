//! Searching a registry for images.

use super::{Images, reference};
use crate::{
    Filters, Result,
    credentials::RegistryCredentials,
    models::{AuthConfig, SearchResult},
    request::{Settings, request},
};

impl Images {
    /// Searches Docker Hub for images whose name or description contains `term`, as `docker search` does. For another
    /// registry, put its name before the term: `registry.example/term`.
    ///
    /// Calls `GET /images/search`, without a response timeout.
    ///
    /// # Errors
    ///
    /// Fails if the registry does (500), or if its credentials could not be obtained
    /// ([`is_credentials`](crate::Error::is_credentials)).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// for found in docker.images().search("busybox").official(true).limit(5).await? {
    ///     println!("{} {}", found.name, found.star_count);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ImageSearch")]
    #[doc(alias = "SearchImages")]
    pub fn search(&self, term: impl Into<String>) -> SearchImages {
        SearchImages {
            images: self.clone(),
            term: term.into(),
            credentials: RegistryCredentials::default(),
            limit: None,
            filters: Filters::default(),
            settings: Settings::default(),
        }
    }
}

/// A request to search a registry. Returned by [`Images::search`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct SearchImages {
    images: Images,
    term: String,
    credentials: RegistryCredentials,
    limit: Option<i64>,
    filters: Filters,
    settings: Settings,
}

request!(SearchImages => Vec<SearchResult>, "image_search");

impl SearchImages {
    /// Sets the maximum number of results, 1 to 100. Defaults to 25. Requires API 1.24.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit.into());
        self
    }

    /// Includes only images with at least this number of stars. Requires API 1.24.
    pub fn stars(self, minimum: u32) -> Self {
        self.filter("stars", minimum.to_string())
    }

    /// Includes only official images (`true`), or only the others (`false`). Requires API 1.24.
    #[doc(alias = "is_official")]
    pub fn official(self, official: bool) -> Self {
        self.filter("is-official", official.to_string())
    }

    /// Adds a filter that has no dedicated method. Requires API 1.24.
    pub fn filter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.filters.add(key, value);
        self
    }

    /// Adds filters. Requires API 1.24.
    pub fn filters(mut self, filters: impl Into<Filters>) -> Self {
        self.filters.extend(filters);
        self
    }

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

    async fn call(self) -> Result<Vec<SearchResult>> {
        let docker = &self.images.docker;
        let api = docker.api("image_search", &self.settings).await?;
        let (registry, _) = reference::split(&self.term);
        let credentials = api.during(docker.registry_auth(&self.credentials, registry).await)?;
        let filters = self.filters.to_query();
        api.document(api.image_search(filters.as_deref(), self.limit, &self.term, Some(&credentials)).await)
    }
}
