//! Listing the privileges that a plugin requires.

use super::Plugins;
use crate::{
    DockerClient, Result,
    credentials::RegistryCredentials,
    images::Reference,
    models::{AuthConfig, PluginPrivilege},
    request::{Settings, request},
};

impl Plugins {
    /// Lists the privileges that a plugin in a registry requires, without pulling it. `remote` is its name in the
    /// registry; without a tag or digest, the tag is `latest`. Some engines crash if it has a digest, see
    /// [`pull`](Self::pull).
    ///
    /// [`pull`](Self::pull) reads them itself. To decide between reading and pulling, for example by asking a user,
    /// pass them to [`privileges`](super::PullPlugin::privileges) of the pull.
    ///
    /// Calls `GET /plugins/privileges`, since API 1.25, without a response timeout.
    ///
    /// # Errors
    ///
    /// Fails if the name is not valid (before anything is sent), or if the credentials could not be obtained
    /// ([`is_credentials`](crate::Error::is_credentials)). If the registry does not have the plugin, engines before
    /// 20.10 fail (401, 404 or 500), and newer ones return an empty list.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// for privilege in docker.plugins().privileges("vieux/sshfs").await? {
    ///     println!("{} {:?}", privilege.name, privilege.value);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "PluginPrivileges")]
    pub fn privileges(&self, remote: impl Into<String>) -> ListPluginPrivileges {
        ListPluginPrivileges {
            plugins: self.clone(),
            remote: remote.into(),
            credentials: RegistryCredentials::default(),
            settings: Settings::default(),
        }
    }
}

/// A request to list the privileges that a plugin requires. Returned by [`Plugins::privileges`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ListPluginPrivileges {
    plugins: Plugins,
    remote: String,
    credentials: RegistryCredentials,
    settings: Settings,
}

request!(ListPluginPrivileges => Vec<PluginPrivilege>, "plugin_privileges");

impl ListPluginPrivileges {
    /// Sets the credentials for the registry. Defaults to the credentials in the user's configuration; see
    /// [`DockerClient::credentials`].
    pub fn credentials(mut self, credentials: AuthConfig) -> Self {
        self.credentials = RegistryCredentials::Given(credentials);
        self
    }

    /// Sends no credentials, not even those of the user's configuration.
    pub fn anonymous(mut self) -> Self {
        self.credentials = RegistryCredentials::Anonymous;
        self
    }

    async fn call(self) -> Result<Vec<PluginPrivilege>> {
        let docker = &self.plugins.docker;
        let api = docker.api("plugin_privileges", &self.settings).await?.of(&self.remote);
        let reference = api.during(self.remote.parse::<Reference>())?;
        let auth = api.during(docker.registry_auth(&self.credentials, reference.registry()).await)?;
        read(docker, &self.remote, &auth, &self.settings).await
    }
}

/// Reads the privileges that the plugin `remote` requires, with credentials in the form of the header.
pub(super) async fn read(
    docker: &DockerClient,
    remote: &str,
    auth: &str,
    settings: &Settings,
) -> Result<Vec<PluginPrivilege>> {
    let api = docker.api("plugin_privileges", settings).await?.of(remote);
    api.document(api.plugin_privileges(remote, Some(auth)).await)
}
