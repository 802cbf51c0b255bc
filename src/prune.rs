//! Removing what is not used, of whatever kind.

use crate::{ApiVersion, Filters, Timestamp};

/// What to remove: options of `prune` of containers, images, networks and volumes. By default, what is surely of no use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct PruneOptions {
    pub(crate) all: bool,
    filters: Filters,
}

impl PruneOptions {
    /// Since this version, only volumes without a name of their own are removed by default.
    pub(crate) const NAMED_VOLUMES_STAY: ApiVersion = ApiVersion::new(1, 42);

    /// All that is not used: images with a name too, volumes with a name too. Of containers and networks, all that is not
    /// used is removed anyway.
    pub fn all(mut self) -> Self {
        self.all = true;
        self
    }

    /// Only what was made before; not for volumes. Needs API 1.28.
    pub fn until(self, moment: Timestamp) -> Self {
        self.filter("until", moment.unix_seconds().to_string())
    }

    /// Only what has this label, `key` or `key=value`; several calls narrow the choice. Needs API 1.29.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
    }

    /// Only what has not got this label, `key` or `key=value`. Needs API 1.29.
    pub fn without_label(self, label: impl Into<String>) -> Self {
        self.filter("label!", label)
    }

    /// A filter that has no method of its own.
    pub fn filter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.filters.add(key, value);
        self
    }

    /// Filters that come from somewhere else.
    pub fn filters(mut self, filters: impl Into<Filters>) -> Self {
        self.filters.extend(filters);
        self
    }

    /// The filters, where all is not said by one.
    pub(crate) fn to_query(&self) -> Option<String> {
        self.filters.to_query()
    }

    /// The filters, with `value` of `key` if all is meant.
    pub(crate) fn to_query_with(&self, key: &str, value: &str) -> Option<String> {
        let mut filters = self.filters.clone();
        if self.all {
            filters.add(key, value);
        }
        filters.to_query()
    }
}

/// What was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pruned<T> {
    /// Each thing that was removed: by id or, of volumes and networks, by name.
    pub removed: Vec<T>,
    /// The space that is free now, in bytes. Of networks, none.
    pub reclaimed: u64,
}
