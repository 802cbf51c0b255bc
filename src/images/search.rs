//! Images that registries have.

use crate::{Filters, credentials::Shown, models::AuthConfig};

/// Options of [`Images::search`](super::Images::search).
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct SearchOptions {
    pub(super) shown: Shown,
    pub(super) limit: Option<i64>,
    pub(super) filters: Filters,
}

impl SearchOptions {
    /// How many, 1 to 100. Defaults to 25. Needs API 1.24.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit.into());
        self
    }

    /// Only images with so many stars, or more. Needs API 1.24.
    pub fn stars(self, fewest: u32) -> Self {
        self.filter("stars", fewest.to_string())
    }

    /// Only images that Docker makes itself, or only others. Needs API 1.24.
    pub fn official(self, official: bool) -> Self {
        self.filter("is-official", official.to_string())
    }

    /// A filter that has no method of its own. Needs API 1.24.
    pub fn filter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.filters.add(key, value);
        self
    }

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
