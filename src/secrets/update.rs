//! Updating the labels of a secret.

use std::{fmt, sync::Arc};

use super::Secret;
use crate::{
    Result,
    models::SecretSpec,
    request::{Settings, request},
    versioned::{ATTEMPTS, is_out_of_sequence},
};

impl Secret {
    /// Changes the labels of the secret. The engine rejects another name or other data, and ignores all other changes.
    ///
    /// `change` gets the current properties, without the data. If the secret is changed by another client in the meantime,
    /// `change` is called again with the new properties. Calls `GET /secrets/{id}` and `POST /secrets/{id}/update`,
    /// since API 1.25, at most five times each.
    ///
    /// # Errors
    ///
    /// Fails if the name or the data is changed (400), if the secret was changed by other clients each time (500 or
    /// 409), if there is no such secret (404), or if the engine is not a swarm manager (503).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let secret = docker.secret("app_key");
    /// let update = secret.update(|spec| {
    ///     spec.labels.insert("app".into(), "web".into());
    /// });
    /// update.await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "SecretUpdate")]
    pub fn update(&self, change: impl Fn(&mut SecretSpec) + Send + Sync + 'static) -> UpdateSecret {
        UpdateSecret { secret: self.clone(), change: Arc::new(change), settings: Settings::default() }
    }

    /// Replaces the labels of the secret with those of `spec`, if its [version](crate::models::ObjectVersion::index)
    /// still is `version`. The name in `spec` must be that of the secret, and the data must be empty or the same.
    ///
    /// [`update`](Self::update) reads the version itself. Calls `POST /secrets/{id}/update`, since API 1.25;
    /// below API 1.39 also `GET /secrets/{id}`, because unchanged fields are sent even if the version lacks them.
    ///
    /// # Errors
    ///
    /// Fails if the secret has another version (500 or 409), if the name or the data differs (400), if there is no such
    /// secret (404), or if the engine is not a swarm manager (503).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let mut found = docker.secret("app_key").inspect().await?;
    /// found.spec.labels.clear();
    /// found.handle(&docker).replace(found.version.index, found.spec).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn replace(&self, version: u64, spec: SecretSpec) -> ReplaceSecretSpec {
        ReplaceSecretSpec { secret: self.clone(), version, spec, settings: Settings::default() }
    }
}

/// A request to update the labels of a secret. Returned by [`Secret::update`].
#[derive(Clone)]
#[must_use = "a request does nothing unless awaited"]
pub struct UpdateSecret {
    secret: Secret,
    change: Arc<dyn Fn(&mut SecretSpec) + Send + Sync>,
    settings: Settings,
}

request!(UpdateSecret => (), "secret_update", secret.id);

impl UpdateSecret {
    async fn call(self) -> Result<()> {
        let mut attempt = 1;
        loop {
            let found = self.secret.inspect_for("secret_update", &self.settings).await?;
            let mut spec = found.spec.clone();
            (self.change)(&mut spec);
            let (api, id) = self.secret.api("secret_update", &self.settings).await?;
            let api = api.changing(&found.spec)?;
            match api.done(api.secret_update(id, found.version.index, &spec).await) {
                Err(error) if attempt < ATTEMPTS && is_out_of_sequence(&error) => attempt += 1,
                result => return result,
            }
        }
    }
}

impl fmt::Debug for UpdateSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { secret, settings, .. } = self;
        f.debug_struct("UpdateSecret").field("secret", secret).field("settings", settings).finish_non_exhaustive()
    }
}

/// A request to replace the labels of a secret. Returned by [`Secret::replace`].
///
/// `Debug` output redacts the data.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ReplaceSecretSpec {
    secret: Secret,
    version: u64,
    spec: SecretSpec,
    settings: Settings,
}

request!(ReplaceSecretSpec => (), "secret_update", secret.id);

impl ReplaceSecretSpec {
    async fn call(self) -> Result<()> {
        let Self { secret, version, spec, settings } = self;
        let (mut api, id) = secret.api("secret_update", &settings).await?;
        if api.checks_unchanged_fields() {
            api = api.changing(&secret.inspect_for("secret_update", &settings).await?.spec)?;
        }
        api.done(api.secret_update(id, version, &spec).await)
    }
}
