//! Where the user's credentials are: in the configuration file, or with the helpers that it names.

use std::collections::{BTreeMap, BTreeSet};

use super::{Helpers, account, registry};
use crate::{
    Error, Result,
    config::{ConfigDirectory, ConfigFile},
    error::Kind,
    models::AuthConfig,
};

/// The user's credentials.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    directory: ConfigDirectory,
    helpers: Helpers,
}

impl Store {
    pub(crate) fn new(directory: ConfigDirectory, helpers: Helpers) -> Self {
        Self { directory, helpers }
    }

    /// What there is for the registry with this key.
    pub(super) async fn get(&self, key: &str) -> Result<Option<AuthConfig>> {
        self.find(&self.load().await?, key, key).await
    }

    /// What there is for all registries but those in `others`.
    ///
    /// A registry whose credentials cannot be had is left out: whoever asks may have no need of it.
    pub(super) async fn all_but<T>(&self, others: &BTreeMap<String, T>) -> Result<BTreeMap<String, AuthConfig>> {
        let config = self.load().await?;
        let kept = match helper_for_all(&config) {
            Some(helper) => self.helpers.list(helper).await?,
            None => config.auths.keys().map(|name| (name.clone(), ())).collect(),
        };
        let names = kept.keys().chain(config.cred_helpers.keys());
        let keys: BTreeSet<&str> = names.filter_map(|name| registry::checked(name).ok()).collect();
        let mut found = BTreeMap::new();
        for key in keys.into_iter().filter(|&key| !others.contains_key(key)) {
            let spelled = registry::entry(&kept, key).map_or(key, |(name, ())| name);
            match self.find(&config, key, spelled).await {
                Ok(account) => found.extend(account.map(|account| (key.to_owned(), account))),
                Err(error) => tracing::warn!(registry = key, %error, "credentials are left out"),
            }
        }
        Ok(found)
    }

    /// What there is for the registry with this key, which is kept by the helper for all under the name `spelled`.
    async fn find(&self, config: &ConfigFile, key: &str, spelled: &str) -> Result<Option<AuthConfig>> {
        let own = registry::entry(&config.cred_helpers, key);
        let helper = match own {
            Some((name, helper)) => Some((&**helper, name)),
            None => helper_for_all(config).map(|helper| (helper, spelled)),
        };
        let account = match helper {
            Some((helper, name)) if !helper.is_empty() => self.helpers.get(helper, name).await?,
            _ => registry::entry(&config.auths, key).map(|(_, account)| account::plain(key, account)).transpose()?,
        };
        let account = account.filter(|account| !account::is_empty(account));
        Ok(account.map(|account| AuthConfig { serveraddress: key.to_owned(), ..account }))
    }

    /// Reads the configuration, on a thread that may wait for a disk.
    async fn load(&self) -> Result<ConfigFile> {
        let directory = self.directory.clone();
        let loaded = tokio::task::spawn_blocking(move || directory.load()).await;
        loaded.map_err(|error| {
            Error::with_source(Kind::Credentials("the configuration was not read to its end".into()), error)
        })?
    }
}

fn helper_for_all(config: &ConfigFile) -> Option<&str> {
    config.creds_store.as_deref().filter(|helper| !helper.is_empty())
}
