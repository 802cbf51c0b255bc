//! Listing secrets.

use super::Secrets;
use crate::{
    Filters, Result, models,
    request::{Settings, request},
};

impl Secrets {
    /// Lists the secrets of the swarm, without their data, as `docker secret ls` does.
    ///
    /// If an [`id`](ListSecrets::id), a [`name`](ListSecrets::name) or [`names`](ListSecrets::names) are set, a secret
    /// has to match at least one of them. Calls `GET /secrets`, since API 1.25.
    ///
    /// # Errors
    ///
    /// Fails if the engine rejects a filter (400 or 500), or if it is not a swarm manager (503).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// for secret in docker.secrets().list().label("app=web").await? {
    ///     println!("{} {}", secret.id, secret.spec.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "SecretList")]
    #[doc(alias = "ls")]
    pub fn list(&self) -> ListSecrets {
        ListSecrets { secrets: self.clone(), filters: Filters::default(), settings: Settings::default() }
    }
}

/// A request to list secrets. Returned by [`Secrets::list`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ListSecrets {
    secrets: Secrets,
    filters: Filters,
    settings: Settings,
}

request!(ListSecrets => Vec<models::Secret>, "secret_list");

impl ListSecrets {
    /// Includes only secrets whose id begins with `prefix` (repeat to match any of several).
    pub fn id(self, prefix: impl Into<String>) -> Self {
        self.filter("id", prefix)
    }

    /// Includes only secrets whose name begins with `prefix`: `app` also matches `app-2` (repeat to match any of several).
    pub fn name(self, prefix: impl Into<String>) -> Self {
        self.filter("name", prefix)
    }

    /// Includes only secrets with one of these names (repeat to match any of several).
    pub fn names<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        for name in names {
            self.filters.add("names", name);
        }
        self
    }

    /// Includes only secrets with this label, `key` or `key=value` (repeat to require several labels).
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
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

    async fn call(self) -> Result<Vec<models::Secret>> {
        let api = self.secrets.docker.api("secret_list", &self.settings).await?;
        api.document(api.secret_list(self.filters.to_query().as_deref()).await)
    }
}
