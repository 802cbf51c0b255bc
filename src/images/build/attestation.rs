//! Attestations about images: provenance and software bill of materials (SBOM).

use super::BuildImage;

/// Whether and how BuildKit attaches an attestation to an image, see [`BuildImage::provenance`] and [`BuildImage::sbom`].
/// Requires the feature `buildkit`.
///
/// # Examples
///
/// ```
/// use dockerclient::images::Attestation;
///
/// assert_eq!(Attestation::from(true), Attestation::Enabled(String::new()));
/// assert_eq!(Attestation::from("mode=max"), Attestation::Enabled("mode=max".into()));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Attestation {
    /// No attestation.
    #[default]
    Disabled,
    /// An attestation with these parameters, as comma-separated pairs: `mode=max,builder-id=…`. May be empty.
    Enabled(String),
}

impl From<bool> for Attestation {
    fn from(enabled: bool) -> Self {
        if enabled { Self::Enabled(String::new()) } else { Self::Disabled }
    }
}

/// Parses the parameters; `"true"` and `"false"` have the same effect as the values of [`bool`].
impl From<&str> for Attestation {
    fn from(parameters: &str) -> Self {
        match parameters.parse::<bool>() {
            Ok(enabled) => enabled.into(),
            Err(_) => Self::Enabled(parameters.to_owned()),
        }
    }
}

/// Parses the parameters; `"true"` and `"false"` have the same effect as the values of [`bool`].
impl From<String> for Attestation {
    fn from(parameters: String) -> Self {
        Self::from(&*parameters)
    }
}

impl Attestation {
    /// Returns the attribute of the frontend, if the attestation of this type is enabled.
    pub(super) fn attribute(&self, kind: &str) -> Option<(String, String)> {
        let Self::Enabled(parameters) = self else { return None };
        let separator = if parameters.is_empty() { "" } else { "," };
        Some((format!("attest:{kind}"), format!("type={kind}{separator}{parameters}")))
    }
}

impl BuildImage {
    /// Sets whether to attach a provenance attestation to the image: how it was built. Defaults to `false`. Requires the
    /// feature `buildkit`, [`build_kit`](Self::build_kit), API 1.43, and an engine that uses the containerd image store.
    ///
    /// `docker build` attaches one with `mode=min,inline-only=true` to images of engines with that store.
    ///
    /// ```no_run
    /// # #[cfg(feature = "tar")]
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::images::Context;
    ///
    /// let build = docker.images().build(Context::directory("site")).build_kit(true);
    /// build.provenance("mode=max").sbom(true).tag("web:2").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "attest")]
    pub fn provenance(mut self, attestation: impl Into<Attestation>) -> Self {
        self.options.provenance = attestation.into();
        self
    }

    /// Sets whether to attach a software bill of materials to the image. Defaults to `false`. Has the same requirements as
    /// [`provenance`](Self::provenance). BuildKit runs the scanner from an image, which the parameter `generator` sets.
    ///
    /// ```no_run
    /// # #[cfg(feature = "tar")]
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::images::Context;
    ///
    /// let build = docker.images().build(Context::directory("site")).build_kit(true);
    /// build.sbom("generator=registry.example/scanner:1").tag("web:2").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn sbom(mut self, attestation: impl Into<Attestation>) -> Self {
        self.options.sbom = attestation.into();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attestation_attributes_have_type_and_parameters() {
        for (attestation, expected) in [
            (Attestation::from(true), Some("type=sbom")),
            (Attestation::from("true"), Some("type=sbom")),
            (Attestation::from("generator=a/b".to_owned()), Some("type=sbom,generator=a/b")),
            (Attestation::from(false), None),
            (Attestation::from("false"), None),
        ] {
            let expected = expected.map(|value| ("attest:sbom".to_owned(), value.to_owned()));
            assert_eq!(attestation.attribute("sbom"), expected);
        }
    }
}
