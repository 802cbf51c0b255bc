//! Images that registries have.

use crate::{credentials::Shown, models::AuthConfig};

/// Options of [`Images::search`](super::Images::search).
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct SearchOptions {
    pub(super) shown: Shown,
}

impl SearchOptions {
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
}
