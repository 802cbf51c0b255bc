//! Listing the attestations of an image.

use super::{Image, platform};
use crate::{
    Result,
    models::Attestation,
    request::{Settings, request},
};

impl Image {
    /// Lists the attestations of the image: without options, those of the image for the engine's own platform, without their
    /// statements.
    ///
    /// Calls `GET /images/{name}/attestations`, since API 1.55.
    ///
    /// # Errors
    ///
    /// Fails if there is no such image, or not for the platform (404).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let provenance = docker.image("acme/web").attestations().predicate_type("https://slsa.dev/provenance/v1").await?;
    /// println!("{} attestations", provenance.len());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ImageAttestations")]
    pub fn attestations(&self) -> ListAttestations {
        ListAttestations {
            image: self.clone(),
            platform: None,
            types: Vec::new(),
            statements: None,
            settings: Settings::default(),
        }
    }
}

/// A request to list the attestations of an image. Returned by [`Image::attestations`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ListAttestations {
    image: Image,
    platform: Option<String>,
    types: Vec<String>,
    statements: Option<bool>,
    settings: Settings,
}

request!(ListAttestations => Vec<Attestation>, "image_attestations", image.name);

impl ListAttestations {
    /// Sets the platform of the image, for example `linux/arm64`. Defaults to the engine's own platform.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = Some(platform.into());
        self
    }

    /// Includes only statements of this type, for example `https://slsa.dev/provenance/v1` (repeat to match any of several).
    pub fn predicate_type(mut self, predicate_type: impl Into<String>) -> Self {
        self.types.push(predicate_type.into());
        self
    }

    /// Sets whether to include the statements themselves. Defaults to `false`.
    pub fn statements(mut self, statements: bool) -> Self {
        self.statements = Some(statements);
        self
    }

    async fn call(self) -> Result<Vec<Attestation>> {
        let (api, name) = self.image.api("image_attestations", &self.settings).await?;
        let platform = api.during(platform::all_to_json(&self.platform))?;
        let types = Some(&self.types).filter(|types| !types.is_empty());
        api.document(api.image_attestations(name, platform.as_ref(), self.statements, types).await)
    }
}
