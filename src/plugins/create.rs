//! Creating a plugin.

use super::{Plugin, Plugins};
use crate::{
    Result, Upload,
    request::{Settings, request},
};

impl Plugins {
    /// Creates a plugin from a tar archive, as `docker plugin create` does from a directory, and returns its handle.
    /// The plugin is disabled at first, see [`enable`](Plugin::enable).
    ///
    /// The archive has two entries: `config.json`, a [configuration](crate::models::PluginConfig) as JSON, and the
    /// directory `rootfs`, the filesystem of the plugin. Without a tag in `name`, the tag is `latest`.
    ///
    /// Calls `POST /plugins/create`, since API 1.25, without a response timeout.
    ///
    /// # Errors
    ///
    /// Fails if the name is in use, or if another plugin has the same filesystem or configuration (409; 500 from old
    /// engines), or if the name or the archive is not valid (500).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::Upload;
    ///
    /// let logs = docker.plugins().create("acme/logs:1", Upload::from_file("logs.tar").await?).await?;
    /// logs.enable().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "PluginCreate")]
    pub fn create(&self, name: impl Into<String>, archive: impl Into<Upload>) -> CreatePlugin {
        CreatePlugin {
            plugins: self.clone(),
            name: name.into(),
            archive: archive.into(),
            settings: Settings::default(),
        }
    }
}

/// A request to create a plugin. Returned by [`Plugins::create`].
#[derive(Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct CreatePlugin {
    plugins: Plugins,
    name: String,
    archive: Upload,
    settings: Settings,
}

request!(CreatePlugin => Plugin, "plugin_create");

impl CreatePlugin {
    async fn call(self) -> Result<Plugin> {
        let Self { plugins, name, archive, settings } = self;
        let api = plugins.docker.api("plugin_create", &settings).await?.of(&name);
        api.done(api.plugin_create(&name, archive.into_body()).await)?;
        Ok(plugins.docker.plugin(&name))
    }
}
