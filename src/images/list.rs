//! Which images to list.

use crate::{ApiVersion, Filters, Timestamp};

/// Options of [`Images::list`](super::Images::list).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct ListOptions {
    pub(super) all: Option<bool>,
    pub(super) identity: Option<bool>,
    pub(super) manifests: Option<bool>,
    pub(super) shared_size: Option<bool>,
    name: Option<String>,
    filters: Filters,
}

impl ListOptions {
    /// Intermediate images too.
    pub fn all(mut self) -> Self {
        self.all = Some(true);
        self
    }

    /// Only images of repositories whose name matches this shell pattern, as `acme/*`.
    pub fn name(mut self, pattern: impl Into<String>) -> Self {
        self.name = Some(pattern.into());
        self
    }

    /// Only images that no name and no other image leads to, or only others.
    pub fn dangling(self, dangling: bool) -> Self {
        self.filter("dangling", dangling.to_string())
    }

    /// Only those with this label, `key` or `key=value`; several calls narrow the choice. Needs API 1.18.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
    }

    /// Only those made before this image, by id or name. Needs API 1.24.
    pub fn before(self, image: impl Into<String>) -> Self {
        self.filter("before", image)
    }

    /// Only those made after this image, by id or name. Needs API 1.24.
    pub fn since(self, image: impl Into<String>) -> Self {
        self.filter("since", image)
    }

    /// Only those made before that moment. Needs API 1.44.
    pub fn until(self, moment: Timestamp) -> Self {
        self.filter("until", moment.unix_seconds().to_string())
    }

    /// Measure how many bytes each shares with others, which is slow. Needs API 1.42.
    pub fn shared_size(mut self) -> Self {
        self.shared_size = Some(true);
        self
    }

    /// Tell what each has for each platform. Needs API 1.47, and an engine that keeps several.
    pub fn manifests(mut self) -> Self {
        self.manifests = Some(true);
        self
    }

    /// Tell where each comes from, as far as the engine vouches for it, with its [`manifests`](Self::manifests). Needs API
    /// 1.54.
    pub fn identity(mut self) -> Self {
        self.identity = Some(true);
        self
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

    /// The name, as a parameter, and the filters. From API 1.25 on the name is one of those.
    pub(super) fn to_query(&self, version: ApiVersion) -> (Option<&str>, Option<String>) {
        match &self.name {
            Some(name) if version >= ApiVersion::new(1, 25) => {
                let mut filters = self.filters.clone();
                filters.add("reference", name);
                (None, filters.to_query())
            }
            name => (name.as_deref(), self.filters.to_query()),
        }
    }
}
