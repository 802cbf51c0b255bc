//! Creating a secret.

use std::ops::Deref;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Secret, Secrets};
use crate::{
    Result,
    models::{Driver, SecretSpec},
    request::{Settings, request},
};

impl Secrets {
    /// Creates a secret with `data`, as `docker secret create` does. The data has at least 1 byte and less than 500
    /// KiB, or is empty if the secret has a [`driver`](CreateSecret::driver).
    ///
    /// The name has 1 to 64 characters: letters, digits, `.`, `-` and `_`. Calls `POST /secrets/create`, since API
    /// 1.25.
    ///
    /// # Errors
    ///
    /// Fails if the name is in use (409), if the name is not valid or the data has a wrong length (400), or if the
    /// engine is not a swarm manager (503).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let key = docker.secrets().create("app_key", "0123").label("app", "web").await?;
    /// println!("{}", key.id());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "SecretCreate")]
    pub fn create(&self, name: impl Into<String>, data: impl AsRef<[u8]>) -> CreateSecret {
        let body = SecretSpec { name: name.into(), data: STANDARD.encode(data), ..Default::default() };
        CreateSecret { secrets: self.clone(), body, settings: Settings::default() }
    }
}

/// A request to create a secret. Returned by [`Secrets::create`].
///
/// `Debug` output redacts the data.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct CreateSecret {
    secrets: Secrets,
    body: SecretSpec,
    settings: Settings,
}

request!(CreateSecret => CreatedSecret, "secret_create");

impl CreateSecret {
    /// Adds a label.
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.body.labels.insert(key.into(), value.into());
        self
    }

    /// Adds labels.
    pub fn labels<K: Into<String>, T: Into<String>>(mut self, labels: impl IntoIterator<Item = (K, T)>) -> Self {
        self.body.labels.extend(labels.into_iter().map(|(key, value)| (key.into(), value.into())));
        self
    }

    /// Sets the driver, a plugin that reads the data from an external store. Defaults to the data of the request.
    /// Requires API 1.31.
    pub fn driver(mut self, name: impl Into<String>) -> Self {
        self.body.driver.get_or_insert_default().name = name.into();
        self
    }

    /// Adds an option of the [`driver`](Self::driver). Requires API 1.31.
    pub fn driver_opt(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.body.driver.get_or_insert_default().options.insert(key.into(), value.into());
        self
    }

    /// Sets the template engine that tasks apply to the data. With `golang`, `{{env "NAME"}}` in the data is replaced
    /// with an environment variable of the task. Defaults to none. Requires API 1.37.
    #[doc(alias = "template-driver")]
    pub fn templating(mut self, name: impl Into<String>) -> Self {
        self.body.templating = Some(Driver { name: name.into(), ..Default::default() });
        self
    }

    async fn call(self) -> Result<CreatedSecret> {
        let docker = &self.secrets.docker;
        let api = docker.api("secret_create", &self.settings).await?;
        let created = api.document(api.secret_create(&self.body).await)?;
        Ok(CreatedSecret { secret: docker.secret(created.id) })
    }
}

/// A new secret. Dereferences to its handle.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreatedSecret {
    /// Handle of the secret, by its id.
    pub secret: Secret,
}

impl Deref for CreatedSecret {
    type Target = Secret;

    fn deref(&self) -> &Secret {
        &self.secret
    }
}

#[cfg(test)]
mod tests {
    use crate::DockerClient;

    #[test]
    fn secret_data_is_base64_and_not_in_debug() {
        let docker = DockerClient::builder().address("tcp://127.0.0.1:1").build().unwrap();
        let request = docker.secrets().create("app_key", b"hunter2").label("app", "web");
        assert_eq!(request.body.data, "aHVudGVyMg==");
        let debug = format!("{request:?}");
        assert!(debug.contains("app_key") && debug.contains("web"), "{debug}");
        assert!(!debug.contains("hunter2") && !debug.contains("aHVu"), "{debug}");
    }

    #[test]
    fn secret_driver_has_name_and_options() {
        let docker = DockerClient::builder().address("tcp://127.0.0.1:1").build().unwrap();
        let request = docker.secrets().create("app_key", "").driver_opt("path", "a").driver("vault");
        let driver = request.body.driver.as_ref().unwrap();
        assert_eq!((&*driver.name, &*driver.options["path"], &*request.body.data), ("vault", "a", ""));
    }
}
