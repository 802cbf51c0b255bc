//! Inspecting an image in its registry.

use super::Image;
use crate::{
    Result,
    credentials::RegistryCredentials,
    models::{AuthConfig, DistributionInspect},
    request::{Settings, request},
};

impl Image {
    /// Returns the digest and the platforms of the image in the registry that is part of its name, without pulling it.
    ///
    /// Calls `GET /distribution/{name}/json`, since API 1.30, without a response timeout.
    ///
    /// # Errors
    ///
    /// Fails if the registry does not have the image, if the credentials do not grant access to it (401, 403, 404 or 500), or
    /// if the credentials could not be obtained ([`is_credentials`](crate::Error::is_credentials)).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let busybox = docker.image("busybox").distribution().await?;
    /// println!("{} platforms", busybox.platforms.len());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "DistributionInspect")]
    #[doc(alias = "manifest")]
    pub fn distribution(&self) -> InspectDistribution {
        InspectDistribution {
            image: self.clone(),
            credentials: RegistryCredentials::default(),
            settings: Settings::default(),
        }
    }
}

/// A request to inspect an image in its registry. Returned by [`Image::distribution`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct InspectDistribution {
    image: Image,
    credentials: RegistryCredentials,
    settings: Settings,
}

request!(InspectDistribution => DistributionInspect, "distribution_inspect", image.name);

impl InspectDistribution {
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

    async fn call(self) -> Result<DistributionInspect> {
        let reference = self.image.reference("distribution_inspect")?;
        let (api, name) = self.image.api("distribution_inspect", &self.settings).await?;
        let credentials = api.during(self.image.docker.registry_auth(&self.credentials, reference.registry()).await)?;
        api.document(api.distribution_inspect(name, Some(&credentials)).await)
    }
}
