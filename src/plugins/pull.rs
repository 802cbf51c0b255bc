//! Pulling a plugin from a registry.

use std::{ops::Deref, sync::Arc};

use super::{Plugin, Plugins, grant::Grant};
use crate::{
    Result,
    credentials::RegistryCredentials,
    generated::Client,
    images::{Progress, ProgressItem, ProgressResult, Reference, WatchProgress},
    models::{AuthConfig, PluginPrivilege},
    request::{Settings, request},
};

/// The response header with the name of the plugin on the engine.
const NAME_HEADER: &str = "docker-plugin-name";

impl Plugins {
    /// Pulls a plugin from the registry that is part of its name. Without a tag or digest, pulls the tag `latest`.
    ///
    /// Engines from 20.10 to 25.0.2, except late releases of 23.0, crash if the name has a digest.
    ///
    /// Unlike `docker plugin install`, it does not enable the plugin: see [`enable`](Plugin::enable).
    ///
    /// A plugin can require privileges, such as the network of the host. They are granted by
    /// [`grant`](PullPlugin::grant), [`grant_all`](PullPlugin::grant_all) or [`privileges`](PullPlugin::privileges);
    /// without one of these, a plugin that requires privileges is not pulled.
    ///
    /// Calls `GET /plugins/privileges`, and then `POST /plugins/pull`, since API 1.25, without a response timeout; see
    /// [`progress`](PullPlugin::progress).
    ///
    /// # Errors
    ///
    /// Fails if the plugin requires privileges that are not granted ([`InvalidInput`](crate::ErrorKind::InvalidInput);
    /// the message lists them), or if the name is in use (400 or 500). If the registry does not have the plugin, or
    /// rejects the credentials, the request fails (401, 404 or 500), or the pull does
    /// ([`is_operation_failed`](crate::Error::is_operation_failed)). Nothing is pulled if the credentials could not be
    /// obtained ([`is_credentials`](crate::Error::is_credentials)).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let pull = docker.plugins().pull("vieux/sshfs").name("sshfs");
    /// let sshfs = pull.grant(|privileges| privileges.iter().all(|one| one.name != "allow-all-devices")).await?;
    /// sshfs.enable().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "PluginPull")]
    #[doc(alias = "PluginInstall")]
    #[doc(alias = "install")]
    pub fn pull(&self, remote: impl Into<String>) -> PullPlugin {
        PullPlugin {
            plugins: self.clone(),
            remote: remote.into(),
            name: None,
            grant: Grant::default(),
            credentials: RegistryCredentials::default(),
            settings: Settings::default(),
        }
    }
}

/// A request to pull a plugin. Returned by [`Plugins::pull`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct PullPlugin {
    plugins: Plugins,
    remote: String,
    name: Option<String>,
    grant: Grant,
    credentials: RegistryCredentials,
    settings: Settings,
}

request!(PullPlugin => PulledPlugin, "plugin_pull");

impl PullPlugin {
    /// Sets the name of the plugin on the engine. Without a tag, the tag is `latest`. Defaults to the name in the
    /// registry.
    #[doc(alias = "alias")]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

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

    /// Grants these privileges, without reading those that the plugin requires. The pull fails if the plugin requires
    /// others. Replaces the other ways to grant privileges.
    ///
    /// Since 17.04, engines compare them with the required privileges, except for the first one by name. If the plugin in the
    /// registry can change in between, check its configuration before enabling it.
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
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let mut progress = docker.plugins().pull("vieux/sshfs").grant_all(true).progress().await?;
    /// while let Some(item) = progress.try_next().await? {
    ///     println!("{item:?}");
    /// }
    /// let sshfs = progress.finish().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn progress(self) -> WatchProgress<PulledPlugin> {
        WatchProgress::new("plugin_pull", self.settings.clone(), move |settings| Self { settings, ..self }.begin())
    }

    async fn call(self) -> Result<PulledPlugin> {
        self.begin().await?.finish().await
    }

    async fn begin(self) -> Result<Progress<PulledPlugin>> {
        let (docker, remote) = (&self.plugins.docker, &*self.remote);
        let api = docker.api("plugin_pull", &self.settings).await?.of(remote);
        let reference = api.during(remote.parse::<Reference>())?;
        let auth = api.during(docker.registry_auth(&self.credentials, reference.registry()).await)?;
        let privileges = self.grant.privileges("plugin_pull", docker, remote, &auth, &self.settings).await?;
        let name = self.name.as_deref();
        let call = async |client: &Client| client.plugin_pull(name, remote, Some(&auth), &privileges).await;
        let (head, body) = api.stream(call).await?;
        let reported = head.get(NAME_HEADER).and_then(|name| name.to_str().ok());
        let plugin = docker.plugin(reported.or(name).unwrap_or(remote));
        let pulled = PulledPlugin { plugin, digest: None };
        Ok(Progress::new(body, api.max_item_size(), "plugin_pull", pulled).of(remote))
    }
}

/// A plugin that was pulled or upgraded. Dereferences to its handle.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PulledPlugin {
    /// Handle of the plugin, by its name on the engine.
    pub plugin: Plugin,
    /// Digest in the registry, if the engine reported it.
    pub digest: Option<String>,
}

impl Deref for PulledPlugin {
    type Target = Plugin;

    fn deref(&self) -> &Plugin {
        &self.plugin
    }
}

impl ProgressResult<Self> for PulledPlugin {
    fn add_item(&mut self, item: &ProgressItem) -> Result<()> {
        if let Some(digest) = item.digest() {
            self.digest = Some(digest.to_owned());
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Self> {
        Ok(*self)
    }
}
