//! Images to registries.

use futures_util::TryStreamExt as _;
use serde::Deserialize as _;

use super::{Progress, ProgressItem};
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

/// Waits until the push is done, and returns what was pushed, as far as the engine tells.
pub(super) async fn finish(mut progress: Progress) -> Result<Vec<Pushed>> {
    let mut pushed = Vec::new();
    while let Some(item) = progress.try_next().await? {
        if let ProgressItem::Outcome(outcome) = item {
            // An outcome of another form is of no interest here.
            pushed.extend(Pushed::deserialize(outcome).ok());
        }
    }
    Ok(pushed)
}
