//! Steps that BuildKit reports as one, for example the parts of `COPY --link`.

use std::collections::BTreeMap;

use crate::images::Vertex;

/// Maximum number of members of a group.
const MAX_MEMBERS: usize = 100;

/// The members of a group of steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Members {
    /// Whether the result of each member is cached, by digest.
    cached: BTreeMap<String, bool>,
    /// Whether there is something to display: an error, or the start of a member that is not weak.
    is_visible: bool,
}

impl Members {
    /// Whether the member is known, or can be added.
    pub(super) fn accepts(&self, digest: &str) -> bool {
        self.cached.len() < MAX_MEMBERS || self.cached.contains_key(digest)
    }

    pub(super) fn update(&mut self, digest: &str, vertex: &Vertex, is_weak: bool) {
        if self.accepts(digest) {
            self.cached.insert(digest.to_owned(), vertex.cached);
        }
        self.is_visible |= !vertex.error.is_empty() || vertex.started.is_some() && !is_weak;
    }

    pub(super) fn is_visible(&self) -> bool {
        self.is_visible
    }

    /// Whether the results of all members are cached.
    pub(super) fn are_cached(&self) -> bool {
        self.cached.values().all(|&is_cached| is_cached)
    }

    pub(super) fn digests(&self) -> impl Iterator<Item = &str> {
        self.cached.keys().map(String::as_str)
    }

    pub(super) fn contains(&self, digest: &str) -> bool {
        self.cached.contains_key(digest)
    }

    /// Returns the size in memory.
    pub(super) fn size(&self) -> usize {
        // The graph has another copy of each digest.
        self.cached.keys().map(|digest| 2 * (size_of::<String>() + digest.len())).sum()
    }
}
