//! Which volumes to list.

use crate::Filters;

/// Options of [`Volumes::list`](super::Volumes::list).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct ListOptions {
    pub(super) filters: Filters,
}

impl ListOptions {
    /// Only volumes that no container uses, or only others.
    pub fn dangling(self, dangling: bool) -> Self {
        self.filter("dangling", dangling.to_string())
    }

    /// Only volumes of this driver; several calls widen the choice. Needs API 1.23.
    pub fn driver(self, driver: impl Into<String>) -> Self {
        self.filter("driver", driver)
    }

    /// Only volumes whose name holds this; several calls widen the choice. Needs API 1.23.
    pub fn name(self, part: impl Into<String>) -> Self {
        self.filter("name", part)
    }

    /// Only those with this label, `key` or `key=value`; several calls narrow the choice. Needs API 1.24.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
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
}
