//! Which containers to list.

use std::borrow::Cow;

use crate::{ApiVersion, Filters};

/// From this version on `since` and `before` are filters only.
const LOST_PARAMETERS: ApiVersion = ApiVersion::new(1, 24);

/// Options of [`Containers::list`](super::Containers::list).
///
/// ```
/// use dockerclient::containers::{ContainerStatus, ListOptions};
///
/// let exited = ListOptions::default().all().status(ContainerStatus::Exited).label("app=web");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct ListOptions {
    pub(super) all: Option<bool>,
    pub(super) limit: Option<i64>,
    pub(super) since: Option<String>,
    pub(super) before: Option<String>,
    pub(super) size: Option<bool>,
    filters: Filters,
}

impl ListOptions {
    /// Stopped containers too.
    pub fn all(mut self) -> Self {
        self.all = Some(true);
        self
    }

    /// The newest `limit` only, stopped ones included. 0 is no limit.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit.into());
        self
    }

    /// Only those created after the container with this id or name.
    pub fn since(mut self, container: impl Into<String>) -> Self {
        self.since = Some(container.into());
        self
    }

    /// Only those created before the container with this id or name.
    pub fn before(mut self, container: impl Into<String>) -> Self {
        self.before = Some(container.into());
        self
    }

    /// Measure how many bytes each takes, which is slow.
    pub fn size(mut self) -> Self {
        self.size = Some(true);
        self
    }

    /// Only those in `status`; several calls widen the choice.
    ///
    /// Add [`all`](Self::all) for any status but running and paused.
    pub fn status(self, status: impl Into<ContainerStatus>) -> Self {
        let status = status.into();
        self.filter("status", status.as_str())
    }

    /// Only those that ended with `code`; several calls widen the choice. Add [`all`](Self::all) to see any.
    pub fn exited(self, code: i64) -> Self {
        self.filter("exited", code.to_string())
    }

    /// Only those whose id begins so, or holds this on old engines. Needs API 1.16.
    pub fn id(self, pattern: impl Into<String>) -> Self {
        self.filter("id", pattern)
    }

    /// Only those whose name matches this regular expression. Needs API 1.16.
    pub fn name(self, pattern: impl Into<String>) -> Self {
        self.filter("name", pattern)
    }

    /// Only those with this label, `key` or `key=value`; several calls narrow the choice. Needs API 1.18.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
    }

    /// Only those of this image, by name or id, or of one that was built on it; several calls widen the choice. Needs API
    /// 1.23.
    pub fn ancestor(self, image: impl Into<String>) -> Self {
        self.filter("ancestor", image)
    }

    /// Only those that mount this volume, by its name or by a path inside the container; several calls widen the choice.
    /// Needs API 1.23.
    pub fn volume(self, volume: impl Into<String>) -> Self {
        self.filter("volume", volume)
    }

    /// Only those connected to this network, by id or name; several calls widen the choice. Needs API 1.24.
    pub fn network(self, network: impl Into<String>) -> Self {
        self.filter("network", network)
    }

    /// Only those whose health is `starting`, `healthy`, `unhealthy` or `none`; several calls widen the choice. Needs API
    /// 1.25.
    pub fn health(self, health: impl Into<String>) -> Self {
        self.filter("health", health)
    }

    /// Only those that publish this port, as `80/tcp` or `8000-8080`; several calls widen the choice. Needs API 1.28.
    pub fn publish(self, port: impl Into<String>) -> Self {
        self.filter("publish", port)
    }

    /// Only those that expose this port, as `80/tcp` or `8000-8080`; several calls widen the choice. Needs API 1.28.
    pub fn expose(self, port: impl Into<String>) -> Self {
        self.filter("expose", port)
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

    /// A limit counts the stopped ones too; Podman counts them and leaves them out, unless all are asked for.
    pub(super) fn to_all(&self) -> Option<bool> {
        self.all.or(self.limit.filter(|&limit| limit > 0).map(|_| true))
    }

    /// `since` and `before` as parameters, which `version` may have lost.
    pub(super) fn to_parameters(&self, version: ApiVersion) -> (Option<&str>, Option<&str>) {
        match version < LOST_PARAMETERS {
            true => (self.since.as_deref(), self.before.as_deref()),
            false => (None, None),
        }
    }

    /// The filters to send. Engines since 1.12 read `since` and `before` here only, those before 1.10 as parameters only.
    pub(super) fn to_filters(&self) -> Cow<'_, Filters> {
        let mut filters = Cow::Borrowed(&self.filters);
        for (key, container) in [("since", &self.since), ("before", &self.before)] {
            if let Some(container) = container {
                filters.to_mut().add(key, container);
            }
        }
        filters
    }
}

/// What a container is doing, in the engine's word.
///
/// Engines learn new words; one that is not known here is [`Other`](Self::Other).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContainerStatus {
    /// Never started.
    Created,
    /// Ended, and about to be started again.
    Restarting,
    /// Running.
    Running,
    /// Being removed.
    Removing,
    /// Running, but frozen.
    Paused,
    /// Ended.
    Exited,
    /// Could not be removed entirely.
    Dead,
    /// A word that is not known here.
    Other(String),
}

impl ContainerStatus {
    /// The engine's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Created => "created",
            Self::Restarting => "restarting",
            Self::Running => "running",
            Self::Removing => "removing",
            Self::Paused => "paused",
            Self::Exited => "exited",
            Self::Dead => "dead",
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for ContainerStatus {
    fn from(word: &str) -> Self {
        let known =
            [Self::Created, Self::Restarting, Self::Running, Self::Removing, Self::Paused, Self::Exited, Self::Dead];
        known.into_iter().find(|status| status.as_str() == word).unwrap_or_else(|| Self::Other(word.to_owned()))
    }
}
