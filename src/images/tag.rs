//! Names of images.

use crate::ApiVersion;

/// Options of [`Image::tag`](super::Image::tag).
///
/// ```
/// use dockerclient::images::TagOptions;
///
/// let options = TagOptions::new("registry.example:5000/acme/web").tag("1.0").force();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct TagOptions {
    pub(super) repository: String,
    pub(super) tag: Option<String>,
    pub(super) force: Option<bool>,
}

impl TagOptions {
    /// Into this repository, with the tag `latest`.
    pub fn new(repository: impl Into<String>) -> Self {
        Self { repository: repository.into(), tag: None, force: None }
    }

    /// With this tag.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tag = Some(tag.into());
        self
    }

    /// Even if another image has that name. Engines since 1.10 always do.
    pub fn force(mut self) -> Self {
        self.force = Some(true);
        self
    }

    /// API 1.24 and newer do not say what they always do.
    pub(super) fn to_force(&self, version: ApiVersion) -> Option<bool> {
        self.force.filter(|_| version < ApiVersion::new(1, 24))
    }
}
