//! Steps that BuildKit reports as one, for example the parts of `COPY --link`.

use std::collections::BTreeMap;

use crate::{Timestamp, images::Vertex};

/// Maximum number of members of a group.
const MAX_MEMBERS: usize = 100;

/// The members of a group of steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Members {
    /// The members by digest.
    known: BTreeMap<String, Member>,
    /// Whether there is something to display: an error, or the start of a member that is not weak.
    is_visible: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Member {
    /// Whether its result is cached.
    is_cached: bool,
    /// The start of its run that has not ended.
    running_since: Option<Timestamp>,
}

impl Members {
    /// Whether the member is known, or can be added.
    pub(super) fn accepts(&self, digest: &str) -> bool {
        self.known.len() < MAX_MEMBERS || self.known.contains_key(digest)
    }

    /// Updates a member from a report. Returns the start of its previous run, if the end of that run was not reported: it
    /// ended before the member started again.
    pub(super) fn update(&mut self, digest: &str, vertex: &Vertex, is_weak: bool) -> Option<Timestamp> {
        self.is_visible |= !vertex.error.is_empty() || vertex.started.is_some() && !is_weak;
        if !self.accepts(digest) {
            return None;
        }
        let running_since = vertex.started.filter(|_| vertex.completed.is_none());
        let member = Member { is_cached: vertex.cached, running_since };
        let previous = self.known.insert(digest.to_owned(), member)?.running_since?;
        vertex.started.filter(|started| *started > previous).map(|_| previous)
    }

    pub(super) fn is_visible(&self) -> bool {
        self.is_visible
    }

    /// Whether the results of all members are cached.
    pub(super) fn are_cached(&self) -> bool {
        self.known.values().all(|member| member.is_cached)
    }

    pub(super) fn digests(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    pub(super) fn contains(&self, digest: &str) -> bool {
        self.known.contains_key(digest)
    }

    /// Returns the size in memory.
    pub(super) fn size(&self) -> usize {
        // The graph stores each digest a second time.
        let size = |digest: &String| 2 * (size_of::<String>() + digest.len()) + size_of::<Member>();
        self.known.keys().map(size).sum()
    }
}
