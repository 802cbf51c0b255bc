//! Which networks to list.

use crate::Filters;

/// Options of [`Networks::list`](super::Networks::list).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct ListOptions {
    pub(super) filters: Filters,
}

impl ListOptions {
    /// Only networks whose name holds this; several calls widen the choice.
    pub fn name(self, part: impl Into<String>) -> Self {
        self.filter("name", part)
    }

    /// Only networks whose id begins so; several calls widen the choice.
    pub fn id(self, beginning: impl Into<String>) -> Self {
        self.filter("id", beginning)
    }

    /// Only networks that users made. Needs API 1.22.
    pub fn custom(self) -> Self {
        self.filter("type", "custom")
    }

    /// Only networks that no container uses, or only others. Needs API 1.40. Engine 20.10 takes all that users made for
    /// such.
    pub fn dangling(self, dangling: bool) -> Self {
        self.filter("dangling", dangling.to_string())
    }

    /// Only networks of this driver, as `bridge`; several calls widen the choice. Needs API 1.24.
    pub fn driver(self, driver: impl Into<String>) -> Self {
        self.filter("driver", driver)
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
