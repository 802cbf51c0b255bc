//! Credentials: what calls show to registries, and where it comes from.
//!
//! A call that is given none looks into the user's configuration, each time anew: who
//! logs in while a service runs is logged in.

use std::collections::BTreeMap;

use crate::{DockerClient, Result, models::AuthConfig};

mod account;
mod header;
mod helper;
mod registry;
mod store;

#[cfg(fuzzing)]
pub(crate) use self::helper::Answer;
pub(crate) use self::{account::plain, helper::Helpers, store::Store};

/// What a call shows to a registry.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Shown {
    /// What the user's configuration holds for it.
    #[default]
    Configured,
    Nothing,
    Given(AuthConfig),
}

impl DockerClient {
    /// Looks up what the user's configuration holds for `registry`: for `registry.example:5000`, for `docker.io`, or
    /// for what the [`registry`](crate::images::Reference::registry) of an image's name is.
    ///
    /// Where that is kept is the docker command line's choice: with the helper of this registry (`credHelpers` in
    /// `config.json`), else with the helper for all of them (`credsStore`), else in the file itself (`auths`). The file
    /// is read and the helper is run by each call. Does not ask the engine, nor the registry.
    ///
    /// Pulls, pushes, searches and builds that are given no credentials do this by themselves.
    ///
    /// # Errors
    ///
    /// Fails if the configuration cannot be read or understood, or if the helper is missing, fails or takes too long
    /// ([`is_credentials`](crate::Error::is_credentials)). That there are no credentials is no error.
    ///
    /// # Cancellation
    ///
    /// Dropping the call kills the helper.
    pub async fn credentials(&self, registry: &str) -> Result<Option<AuthConfig>> {
        let registry = registry::checked(registry)?;
        match self.store() {
            Some(store) => store.get(registry).await,
            None => Ok(None),
        }
    }

    /// `X-Registry-Auth` of a call that concerns `registry`. Only what is configured costs a look at files and helpers.
    pub(crate) async fn registry_auth(&self, shown: &Shown, registry: &str) -> Result<String> {
        match shown {
            Shown::Configured => header::for_registry(self.credentials(registry).await?),
            Shown::Nothing => header::for_registry(None),
            Shown::Given(account) => header::for_registry(Some(plain(registry, account)?)),
        }
    }

    /// `X-Registry-Config` of a call that may concern any registry: what is given, and what is `configured` for others.
    pub(crate) async fn registry_config(
        &self,
        given: &BTreeMap<String, AuthConfig>,
        configured: bool,
    ) -> Result<Option<String>> {
        let given = given.iter().map(|(name, account)| {
            let registry = registry::checked(name)?;
            Ok((registry.to_owned(), plain(registry, account)?))
        });
        let given = given.collect::<Result<BTreeMap<_, _>>>()?;
        let mut all = match self.store().filter(|_| configured) {
            Some(store) => store.all_but(&given).await?,
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
    fn debug_does_not_tell_secrets() {
        let account = AuthConfig {
            username: "foo".into(),
            password: "secret 1".into(),
            auth: "secret 2".into(),
            identitytoken: "secret 3".into(),
            registrytoken: "secret 4".into(),
            ..Default::default()
        };
        let text = format!("{:?}", Shown::Given(account));
        assert!(text.contains("foo") && !text.contains("secret"), "{text}");
    }
}
