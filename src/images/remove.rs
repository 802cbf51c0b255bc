//! How images go.

/// Options of [`Image::remove`](super::Image::remove).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct RemoveOptions {
    pub(super) force: Option<bool>,
    pub(super) keep_parents: Option<bool>,
    pub(super) platforms: Vec<String>,
}

impl RemoveOptions {
    /// Even if it has other names, or stopped containers use it.
    pub fn force(mut self) -> Self {
        self.force = Some(true);
        self
    }

    /// Keep the images it was built on, even those without a name.
    pub fn keep_parents(mut self) -> Self {
        self.keep_parents = Some(true);
        self
    }

    /// Only what runs on this, as `linux/arm64`; several calls widen the choice. Needs API 1.50.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platforms.push(platform.into());
        self
    }
}
