//! Pushing a plugin to a registry.

use serde::Deserialize as _;

use super::Plugin;
use crate::{
    Result,
    credentials::RegistryCredentials,
    generated::Client,
    images::{Progress, ProgressItem, ProgressResult, PushedTag, Reference, WatchProgress},
    models::AuthConfig,
    request::{Settings, request},
};

impl Plugin {
    /// Pushes the plugin to the registry that is part of its name, as `docker plugin push` does, and returns the tag
    /// that was pushed, if the engine reports it.
    ///
    /// Calls `POST /plugins/{name}/push`, since API 1.25, without a response timeout; see
    /// [`progress`](PushPlugin::progress). The handle must have the name of the plugin, not its id.
    ///
    /// # Errors
    ///
    /// Fails if there is no such plugin (404), or if the registry rejects it
    /// ([`is_operation_failed`](crate::Error::is_operation_failed), or 401, 404 or 500). Nothing is pushed if the
    /// credentials could not be obtained ([`is_credentials`](crate::Error::is_credentials)).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if let Some(pushed) = docker.plugin("registry.example/acme/logs:1").push().await? {
    ///     println!("{}", pushed.digest);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "PluginPush")]
    pub fn push(&self) -> PushPlugin {
        PushPlugin { plugin: self.clone(), credentials: RegistryCredentials::default(), settings: Settings::default() }
    }
}

/// A request to push a plugin. Returned by [`Plugin::push`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct PushPlugin {
    plugin: Plugin,
    credentials: RegistryCredentials,
    settings: Settings,
}

request!(PushPlugin => Option<PushedTag>, "plugin_push", plugin.name);

impl PushPlugin {
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

    /// Resolves to the progress, once the engine has sent response headers.
    pub fn progress(self) -> WatchProgress<Option<PushedTag>> {
        WatchProgress::new("plugin_push", self.settings.clone(), move |settings| Self { settings, ..self }.begin())
    }

    async fn call(self) -> Result<Option<PushedTag>> {
        self.begin().await?.finish().await
    }

    async fn begin(self) -> Result<Progress<Option<PushedTag>>> {
        let (docker, given) = (&self.plugin.docker, &*self.plugin.name);
        let api = docker.api("plugin_push", &self.settings).await?.of(given);
        let reference = api.during(given.parse::<Reference>())?;
        let name = tagged(&reference);
        let auth = api.during(docker.registry_auth(&self.credentials, reference.registry()).await)?;
        let call = async |client: &Client| client.plugin_push(&name, Some(&auth)).await;
        let (_, body) = api.stream(call).await?;
        Ok(Progress::new(body, api.max_item_size(), "plugin_push", Pushed(None)).of(given))
    }
}

/// The name with a tag. Engines could interpret a name without one as the beginning of an id, so that the credentials
/// would be those of another registry.
fn tagged(reference: &Reference) -> String {
    match (reference.tag(), reference.digest()) {
        (None, None) => format!("{reference}:latest"),
        _ => reference.to_string(),
    }
}

/// The tag that was pushed, as newer engines report it.
struct Pushed(Option<PushedTag>);

impl ProgressResult<Option<PushedTag>> for Pushed {
    fn add_item(&mut self, item: &ProgressItem) -> Result<()> {
        let ProgressItem::Outcome(outcome) = item else { return Ok(()) };
        // Outcomes of another form are not tags.
        if let Ok(pushed) = PushedTag::deserialize(outcome) {
            self.0 = Some(pushed);
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Option<PushedTag>> {
        Ok(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugin_name_is_pushed_with_a_tag() {
        let tagged = |name: &str| tagged(&name.parse().unwrap());
        assert_eq!(tagged("5724e2c8652d"), "5724e2c8652d:latest");
        assert_eq!(tagged("host:5000/acme/logs"), "host:5000/acme/logs:latest");
        assert_eq!(tagged("acme/logs:1"), "acme/logs:1");
    }
}
