//! Registry credentials: lookup in the Docker CLI's configuration, and request headers.
//!
//! Every call without explicit credentials reads the configuration again, so a `docker login` takes effect while a
//! service runs.

use std::collections::BTreeMap;

use crate::{DockerClient, Result, models::AuthConfig};

mod account;
mod header;
mod helper;
mod registry;
mod store;

#[cfg(fuzzing)]
pub(crate) use self::helper::HelperCredentials;
pub(crate) use self::{account::plain, helper::Helpers, store::Store};

/// The credentials that a call sends to a registry.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum RegistryCredentials {
    /// The credentials in the user's configuration, if there are any.
    #[default]
    Configured,
    /// No credentials.
    Anonymous,
    /// Credentials that were passed to the call.
    Given(AuthConfig),
}

impl DockerClient {
    /// Looks up the credentials for `registry` in the Docker CLI's configuration. Returns `None` if there are none.
    ///
    /// `registry` is for example `docker.io`, `registry.example:5000`, or the
    /// [`registry`](crate::images::Reference::registry) of an image reference.
    ///
    /// Uses the credential helper for this registry (`credHelpers` in `config.json`), otherwise the helper for all
    /// registries (`credsStore`), otherwise the entry in the file (`auths`). Each call reads the file and runs the helper.
    /// Sends nothing to the engine or to the registry.
    ///
    /// Pull, push, search and build look up credentials this way unless credentials are passed to them.
    ///
    /// # Errors
    ///
    /// Fails if the configuration cannot be read or is not valid, or if the helper is missing, fails or times out
    /// ([`is_credentials`](crate::Error::is_credentials)). Pull, push, search and build are less strict, as the Docker CLI is:
    /// they ignore invalid parts of the file with a `tracing` warning, and fail only if the entry for their registry is not
    /// valid.
    ///
    /// # Cancellation
    ///
    /// Dropping the future kills the helper.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if let Some(credentials) = docker.credentials("registry.example:5000").await? {
    ///     println!("logged in as {}", credentials.username);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn credentials(&self, registry: &str) -> Result<Option<AuthConfig>> {
        let registry = registry::checked(registry)?;
        match self.store() {
            Some(store) => store.get(registry).await,
            None => Ok(None),
        }
    }

    /// Returns the `X-Registry-Auth` header for `registry`. Reads the configuration only for
    /// [`RegistryCredentials::Configured`].
    pub(crate) async fn registry_auth(&self, credentials: &RegistryCredentials, registry: &str) -> Result<String> {
        match credentials {
            RegistryCredentials::Configured => {
                let registry = registry::checked(registry)?;
                let auth = match self.store() {
                    Some(store) => store.get_valid(registry).await?,
                    None => None,
                };
                header::for_registry(auth)
            }
            RegistryCredentials::Anonymous => header::for_registry(None),
            RegistryCredentials::Given(auth) => header::for_registry(Some(plain(registry, auth)?)),
        }
    }

    /// Returns the credentials that a build needs for the registry at `host`: those that are `given` or, if `configured`,
    /// those in the configuration.
    #[cfg(feature = "buildkit")]
    pub(crate) async fn credentials_for(
        &self,
        host: &str,
        given: &BTreeMap<String, AuthConfig>,
        configured: bool,
    ) -> Result<Option<AuthConfig>> {
        // The registry of Docker Hub has another name in configurations.
        let key = registry::checked(if host == "registry-1.docker.io" { "docker.io" } else { host })?;
        match (registry::entry(given, key), self.store().filter(|_| configured)) {
            (Some((name, auth)), _) => plain(name, auth).map(Some),
            (None, Some(store)) => store.get_valid(key).await,
            (None, None) => Ok(None),
        }
    }

    /// Returns the `X-Registry-Config` header for a call that may use any registry: the `given` credentials and, if
    /// `configured`, those in the configuration for all other registries.
    pub(crate) async fn registry_config(
        &self,
        given: &BTreeMap<String, AuthConfig>,
        configured: bool,
    ) -> Result<Option<String>> {
        let given = given.iter().map(|(name, auth)| {
            let registry = registry::checked(name)?;
            Ok((registry.to_owned(), plain(registry, auth)?))
        });
        let given = given.collect::<Result<BTreeMap<_, _>>>()?;
        let mut all = match self.store().filter(|_| configured) {
            Some(store) => store.all_except(&given).await?,
            None => BTreeMap::new(),
        };
        all.extend(given);
        if all.is_empty() { Ok(None) } else { header::for_registries(&all).map(Some) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_credentials_redacts_secrets() {
        let auth = AuthConfig {
            username: "foo".into(),
            password: "secret 1".into(),
            auth: "secret 2".into(),
            identitytoken: "secret 3".into(),
            registrytoken: "secret 4".into(),
            ..Default::default()
        };
        let text = format!("{:?}", RegistryCredentials::Given(auth));
        assert!(text.contains("foo") && !text.contains("secret"), "{text}");
    }
}
