//! What registries know of images.

use super::Image;
use crate::{
    Result,
    credentials::Shown,
    models::{Attestation, AuthConfig, DistributionInspect},
};

/// Options of [`Image::distribution`](super::Image::distribution).
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct DistributionOptions {
    shown: Shown,
}

impl DistributionOptions {
    /// What to show to the registry. Defaults to what the user's configuration holds for it, see
    /// [`DockerClient::credentials`](crate::DockerClient::credentials).
    pub fn credentials(mut self, credentials: AuthConfig) -> Self {
        self.shown = Shown::Given(credentials);
        self
    }

    /// Show nothing to the registry.
    pub fn anonymous(mut self) -> Self {
        self.shown = Shown::Nothing;
        self
    }
}

impl Image {
    /// Asks the registry that the image's name says for its digest, and for which platforms it is there.
    ///
    /// Calls `GET /distribution/{name}/json`, since API 1.30, and waits as long as the registry takes.
    ///
    /// # Errors
    ///
    /// Fails if the registry does not have it, or not for these credentials (401, 403, 404 or 500).
    pub async fn distribution(&self, options: &DistributionOptions) -> Result<DistributionInspect> {
        let reference = self.reference("distribution_inspect")?;
        let (wire, name) = self.wire("distribution_inspect").await?;
        let credentials = wire.during(self.docker.registry_auth(&options.shown, reference.registry()).await)?;
        wire.document(wire.distribution_inspect(name, Some(&credentials)).await)
    }

    /// Lists what is attested of the image, on these platforms or on the engine's own if none is named.
    ///
    /// Calls `GET /images/{name}/attestations`, since API 1.55.
    ///
    /// # Errors
    ///
    /// Fails if there is no such image (404).
    pub async fn attestations<S: Into<String>>(
        &self,
        platforms: impl IntoIterator<Item = S>,
    ) -> Result<Vec<Attestation>> {
        let (wire, name) = self.wire("image_attestations").await?;
        let platforms: Vec<String> = platforms.into_iter().map(Into::into).collect();
        let platforms = Some(&platforms).filter(|platforms| !platforms.is_empty());
        wire.list(wire.image_attestations(name, platforms, None, None).await)
    }
}
