//! What registries know of images.

use super::{Image, platform};
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

/// Options of [`Image::attestations`](super::Image::attestations). By default, all that is attested of what the image is
/// on the engine's own platform, without the statements themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct AttestationsOptions {
    platform: Option<String>,
    types: Vec<String>,
    statements: Option<bool>,
}

impl AttestationsOptions {
    /// Of what the image is on this platform, as `linux/arm64`.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = Some(platform.into());
        self
    }

    /// Only statements of this type, as `https://slsa.dev/provenance/v1`; several calls widen the choice.
    pub fn predicate_type(mut self, predicate_type: impl Into<String>) -> Self {
        self.types.push(predicate_type.into());
        self
    }

    /// With the statements themselves.
    pub fn statements(mut self) -> Self {
        self.statements = Some(true);
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

    /// Lists what is attested of the image.
    ///
    /// Calls `GET /images/{name}/attestations`, since API 1.55.
    ///
    /// # Errors
    ///
    /// Fails if there is no such image, or not for the platform (404).
    pub async fn attestations(&self, options: &AttestationsOptions) -> Result<Vec<Attestation>> {
        let (wire, name) = self.wire("image_attestations").await?;
        let platform = wire.during(platform::all_to_json(&options.platform))?;
        let types = Some(&options.types).filter(|types| !types.is_empty());
        wire.document(wire.image_attestations(name, platform.as_ref(), options.statements, types).await)
    }
}
