//! Plugins of an engine: the handles [`Plugins`] and [`Plugin`], and the requests that their methods return.
//!
//! A plugin is a volume, network, logging or other driver that the engine runs, and that is distributed with
//! registries. The guide has a page on [plugins](crate::guide::plugins).

use std::fmt;

use crate::{DockerClient, Result, generated::Api, models, request::Settings, validate};

mod create;
mod disable;
mod enable;
mod grant;
mod inspect;
mod list;
mod privileges;
mod pull;
mod push;
mod remove;
mod set;
mod upgrade;

pub use self::{
    create::CreatePlugin,
    disable::DisablePlugin,
    enable::EnablePlugin,
    inspect::InspectPlugin,
    list::ListPlugins,
    privileges::ListPluginPrivileges,
    pull::{PullPlugin, PulledPlugin},
    push::PushPlugin,
    remove::RemovePlugin,
    set::SetPlugin,
    upgrade::UpgradePlugin,
};

/// A handle for the plugins of an engine. Returned by [`DockerClient::plugins`]. Requires API 1.25.
#[derive(Clone, Debug)]
pub struct Plugins {
    docker: DockerClient,
}

impl Plugins {
    pub(crate) fn new(docker: DockerClient) -> Self {
        Self { docker }
    }
}

/// A handle for one plugin. Returned by [`DockerClient::plugin`], which sends nothing. Requires API 1.25.
///
/// All requests fail if there is no such plugin (404), unless documented otherwise. Names without a tag have the tag
/// `latest`.
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// let sshfs = docker.plugin("vieux/sshfs");
/// if !sshfs.inspect().await?.enabled {
///     sshfs.set([("DEBUG", "1")]).await?;
///     sshfs.enable().await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Plugin {
    docker: DockerClient,
    name: String,
}

impl Plugin {
    pub(crate) fn new(docker: DockerClient, name: String) -> Self {
        Self { docker, name }
    }

    /// Returns the name or id that the handle was created with. For a plugin that was pulled, it is the name on the
    /// engine.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the generated client, and the name or id validated for use in a path.
    async fn api(&self, operation: &'static str, settings: &Settings) -> Result<(Api<'_>, &str)> {
        let name = validate::plugin(&self.name).map_err(|error| error.during(operation))?;
        let api = self.docker.api(operation, settings).await.map_err(|error| error.about(Some(name)))?;
        Ok((api.of(name), name))
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Plugin").field(&self.name).finish()
    }
}

impl From<Plugin> for String {
    fn from(plugin: Plugin) -> Self {
        plugin.name
    }
}

impl From<&Plugin> for String {
    fn from(plugin: &Plugin) -> Self {
        plugin.name.clone()
    }
}

impl models::Plugin {
    /// Returns the handle of this plugin, by its name.
    #[must_use]
    pub fn handle(&self, docker: &DockerClient) -> Plugin {
        docker.plugin(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugin_requests_can_be_sent_between_threads() {
        fn check<R: IntoFuture<IntoFuture: Send> + Send + Sync + fmt::Debug + 'static>(_: R) {}

        let docker = DockerClient::connect("tcp://127.0.0.1:1").unwrap();
        let (plugins, plugin) = (docker.plugins(), docker.plugin("vieux/sshfs"));
        check(plugins.list().enabled(true));
        check(plugins.create("acme/logs", Vec::new()));
        check(plugins.privileges("vieux/sshfs").anonymous());
        check(plugins.pull("vieux/sshfs").grant(|_| true));
        check(plugins.pull("vieux/sshfs").grant_all(true).progress());
        check(plugin.inspect());
        check(plugin.enable());
        check(plugin.disable().force(true));
        check(plugin.upgrade("vieux/sshfs:next").grant(|_| true));
        check(plugin.push().progress());
        check(plugin.set([("DEBUG", "1")]));
        check(plugin.remove());
    }

    #[test]
    fn plugin_handle_has_the_name_of_the_model() {
        let docker = DockerClient::connect("tcp://127.0.0.1:1").unwrap();
        let listed = models::Plugin { id: "5724".into(), name: "vieux/sshfs:latest".into(), ..Default::default() };
        let plugin = listed.handle(&docker);
        assert_eq!((plugin.name(), &*format!("{plugin:?}")), ("vieux/sshfs:latest", r#"Plugin("vieux/sshfs:latest")"#));
        assert_eq!(docker.plugin(&plugin), plugin);
        assert_eq!(String::from(plugin), "vieux/sshfs:latest");
    }
}
