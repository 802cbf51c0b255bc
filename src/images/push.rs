//! Images to registries.

use serde::Deserialize as _;

use super::progress::{Gather, ProgressItem};
use crate::{Result, credentials::Shown, models::AuthConfig};

/// Options of [`Image::push`](super::Image::push).
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct PushOptions {
    pub(super) shown: Shown,
    pub(super) all_tags: bool,
}

impl PushOptions {
    /// What to show to the registry. Defaults to what the user's configuration holds for it.
    pub fn credentials(mut self, credentials: AuthConfig) -> Self {
        self.shown = Shown::Given(credentials);
        self
    }

    /// Show nothing to the registry, whatever the user's configuration holds.
    pub fn anonymous(mut self) -> Self {
        self.shown = Shown::Nothing;
        self
    }

    /// Every tag of the repository, and not only the one that is named.
    pub fn all_tags(mut self) -> Self {
        self.all_tags = true;
        self
    }
}

/// A tag that was pushed, as newer engines tell it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Pushed {
    /// The tag.
    pub tag: String,
    /// Its digest in the registry, as `sha256:…`.
    pub digest: String,
    /// The size of its manifest in bytes.
    pub size: u64,
}

/// The tags that were pushed, as far as the engine tells.
#[derive(Default)]
pub(super) struct Tags(Vec<Pushed>);

impl Gather<Vec<Pushed>> for Tags {
    fn see(&mut self, item: &ProgressItem) {
        if let ProgressItem::Outcome(outcome) = item {
            // An outcome of another form is of no interest here.
            self.0.extend(Pushed::deserialize(outcome).ok());
        }
    }

    fn value(self: Box<Self>) -> Result<Vec<Pushed>> {
        Ok(self.0)
    }
}
