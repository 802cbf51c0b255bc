//! Upgrading a plugin.

use std::sync::Arc;

use super::{Plugin, grant::Grant, pull::PulledPlugin};
use crate::{
    ApiVersion, Error, Result,
    credentials::RegistryCredentials,
    generated::Client,
    images::{Progress, Reference, WatchProgress},
    models::{AuthConfig, PluginPrivilege},
    request::{Settings, request},
};

/// The API version that introduced the operation. Privileges can be read at older ones.
const SINCE: ApiVersion = ApiVersion::new(1, 26);

impl Plugin {
    /// Replaces the plugin with `remote`, another version of it in a registry, as `docker plugin upgrade` does. The
    /// plugin must be disabled, and stays disabled. Its settings keep their values.
    ///
    /// `remote` is the name in the registry; without a tag or digest, the tag is `latest`. Privileges are granted as
    /// for [`pull`](super::Plugins::pull), which also has a warning about digests; those of the previous version do not
    /// count.
    ///
    /// Calls `GET /plugins/privileges`, and then `POST /plugins/{name}/upgrade`, since API 1.26, without a response
    /// timeout; see [`progress`](UpgradePlugin::progress). The handle must have the name of the plugin, not its id.
    ///
    /// # Errors
    ///
    /// Fails if the plugin requires privileges that are not granted ([`InvalidInput`](crate::ErrorKind::InvalidInput);
    /// the message lists them), if the plugin is enabled (409; 500 from old engines), if there is no such plugin (404),
    /// or for the reasons for which a [pull](super::Plugins::pull) fails.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let sshfs = docker.plugin("vieux/sshfs");
    /// sshfs.disable().await?;
    /// let granted = sshfs.inspect().await?.config.linux.capabilities;
    /// let upgrade = sshfs.upgrade("vieux/sshfs:next").grant(move |privileges| {
    ///     privileges.iter().all(|one| one.name != "capabilities" || one.value == granted)
    /// });
    /// upgrade.await?;
    /// sshfs.enable().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "PluginUpgrade")]
    pub fn upgrade(&self, remote: impl Into<String>) -> UpgradePlugin {
        UpgradePlugin {
            plugin: self.clone(),
            remote: remote.into(),
            grant: Grant::default(),
            credentials: RegistryCredentials::default(),
            settings: Settings::default(),
        }
    }
}

/// A request to upgrade a plugin. Returned by [`Plugin::upgrade`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct UpgradePlugin {
    plugin: Plugin,
    remote: String,
    grant: Grant,
    credentials: RegistryCredentials,
    settings: Settings,
}

request!(UpgradePlugin => PulledPlugin, "plugin_upgrade", plugin.name);

impl UpgradePlugin {
    /// Grants the privileges that the plugin requires if `decide` returns `true` for them. `decide` is not called if
    /// the plugin requires none. Replaces the other ways to grant privileges.
    pub fn grant(mut self, decide: impl Fn(&[PluginPrivilege]) -> bool + Send + Sync + 'static) -> Self {
        self.grant = Grant::If(Arc::new(decide));
        self
    }

    /// Sets whether to grant all privileges that the plugin requires. Replaces the other ways to grant privileges.
    /// Defaults to `false`.
    #[doc(alias = "grant-all-permissions")]
    pub fn grant_all(mut self, grant_all: bool) -> Self {
        self.grant = if grant_all { Grant::All } else { Grant::Nothing };
        self
    }

    /// Grants these privileges, without reading those that the plugin requires. The upgrade fails if the plugin
    /// requires others. Replaces the other ways to grant privileges. Engines compare them as in
    /// [a pull](super::PullPlugin::privileges).
    pub fn privileges(mut self, privileges: impl IntoIterator<Item = PluginPrivilege>) -> Self {
        self.grant = Grant::These(privileges.into_iter().collect());
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

    /// Resolves to the progress, once the privileges are granted and the engine has sent response headers.
    pub fn progress(self) -> WatchProgress<PulledPlugin> {
        WatchProgress::new("plugin_upgrade", self.settings.clone(), move |settings| Self { settings, ..self }.begin())
    }

    async fn call(self) -> Result<PulledPlugin> {
        self.begin().await?.finish().await
    }

    async fn begin(self) -> Result<Progress<PulledPlugin>> {
        let (docker, remote) = (&self.plugin.docker, &*self.remote);
        let (api, name) = self.plugin.api("plugin_upgrade", &self.settings).await?;
        if api.version() < SINCE {
            return api.during(Err(Error::requires("", SINCE, api.version())));
        }
        let reference = api.during(remote.parse::<Reference>())?;
        let auth = api.during(docker.registry_auth(&self.credentials, reference.registry()).await)?;
        let privileges = self.grant.privileges("plugin_upgrade", docker, remote, &auth, &self.settings).await?;
        let call = async |client: &Client| client.plugin_upgrade(name, remote, Some(&auth), &privileges).await;
        let (_, body) = api.stream(call).await?;
        let upgraded = PulledPlugin { plugin: self.plugin.clone(), digest: None };
        Ok(Progress::new(body, api.max_item_size(), "plugin_upgrade", upgraded).of(name))
    }
}
