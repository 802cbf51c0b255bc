//! Store of the user's credentials: `config.json` and credential helpers.

use std::collections::{BTreeMap, BTreeSet};

use super::{Helpers, account, registry};
use crate::{
    Error, Result,
    config::{ConfigDirectory, ConfigFile},
    error::Kind,
    models::AuthConfig,
};

/// Looks up credentials in `config.json` and with the credential helpers that it names.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    directory: ConfigDirectory,
    helpers: Helpers,
}

impl Store {
    pub(crate) fn new(directory: ConfigDirectory, helpers: Helpers) -> Self {
        Self { directory, helpers }
    }

    /// Returns the credentials for the registry with this key. Fails if the configuration is not valid.
    pub(super) async fn get(&self, key: &str) -> Result<Option<AuthConfig>> {
        let config = self.load().await?;
        if let Some(fault) = config.credentials_fault() {
            let message = format!("failed to read {}: {fault}", self.directory.file().display());
            return Err(if config.is_unreadable { Error::local_io(message) } else { Error::invalid_input(message) });
        }
        self.find(&config, key, key).await
    }

    /// Returns the credentials for the registry with this key. Ignores invalid parts of the configuration, as the Docker CLI
    /// does.
    pub(super) async fn get_valid(&self, key: &str) -> Result<Option<AuthConfig>> {
        self.find(&self.load().await?, key, key).await
    }

    /// Returns the credentials for all registries except those in `others`.
    ///
    /// Omits a registry whose lookup fails, because the call may not use it.
    pub(super) async fn all_except<T>(&self, others: &BTreeMap<String, T>) -> Result<BTreeMap<String, AuthConfig>> {
        let config = self.load().await?;
        let stored = match default_helper(&config) {
            Some(helper) => self.helpers.list(helper).await?,
            None => config.auths.keys().map(|name| (name.clone(), ())).collect(),
        };
        let names = stored.keys().chain(config.cred_helpers.keys());
        let keys: BTreeSet<&str> = names.filter_map(|name| registry::checked(name).ok()).collect();
        let mut found = BTreeMap::new();
        for key in keys.into_iter().filter(|&key| !others.contains_key(key)) {
            let spelling = registry::entry(&stored, key).map_or(key, |(name, ())| name);
            match self.find(&config, key, spelling).await {
                Ok(auth) => found.extend(auth.map(|auth| (key.to_owned(), auth))),
                Err(error) => tracing::warn!(registry = key, %error, "credentials omitted"),
            }
        }
        Ok(found)
    }

    /// Returns the credentials for the registry with this key. `spelling` is its name in the helper for all registries.
    async fn find(&self, config: &ConfigFile, key: &str, spelling: &str) -> Result<Option<AuthConfig>> {
        let malformed = |name: &str| {
            let file = self.directory.file();
            Error::invalid_input(format!("{}: invalid entry for {name}", file.display()))
        };
        let helper = match registry::entry(&config.cred_helpers, key) {
            Some((name, helper)) => Some((helper.as_deref().ok_or_else(|| malformed(name))?, name)),
            None => default_helper(config).map(|helper| (helper, spelling)),
        };
        let auth = match helper {
            Some((helper, name)) if !helper.is_empty() => self.helpers.get(helper, name).await?,
            _ => match registry::entry(&config.auths, key) {
                Some((name, auth)) => Some(account::plain(key, auth.as_ref().ok_or_else(|| malformed(name))?)?),
                None => None,
            },
        };
        let auth = auth.filter(|auth| !account::is_empty(auth));
        Ok(auth.map(|auth| AuthConfig { serveraddress: key.to_owned(), ..auth }))
    }

    /// Reads the configuration on a blocking thread.
    async fn load(&self) -> Result<ConfigFile> {
        let directory = self.directory.clone();
        let loaded = tokio::task::spawn_blocking(move || directory.load()).await;
        loaded.map_err(|error| {
            Error::with_source(Kind::Credentials("the task that reads the configuration was cancelled".into()), error)
        })?
    }
}

/// Returns the helper for all registries.
fn default_helper(config: &ConfigFile) -> Option<&str> {
    config.creds_store.as_deref().filter(|helper| !helper.is_empty())
}
