//! Cache of a monitor of swarm objects: the objects as last listed.

use std::collections::{BTreeMap, BTreeSet};

use super::objects::{Object, Update};

/// The objects as last listed.
#[derive(Debug)]
pub(super) struct ObjectCache<T> {
    objects: BTreeMap<String, T>,
    has_snapshot: bool,
}

impl<T: Object> ObjectCache<T> {
    pub(super) fn new() -> Self {
        Self { objects: BTreeMap::new(), has_snapshot: false }
    }

    pub(super) fn objects(&self) -> &BTreeMap<String, T> {
        &self.objects
    }

    /// Whether the first list was applied.
    pub(super) fn has_snapshot(&self) -> bool {
        self.has_snapshot
    }

    /// Applies a list of all objects. Returns the changes.
    pub(super) fn apply_list(&mut self, listed: Vec<T>) -> Vec<Update<T>> {
        if !self.has_snapshot {
            self.has_snapshot = true;
            self.objects = listed.iter().map(|object| (object.id().to_owned(), object.clone())).collect();
            return vec![Update::Snapshot(listed)];
        }
        let present: BTreeSet<&str> = listed.iter().map(T::id).collect();
        let is_absent = |id: &&String| !present.contains(id.as_str());
        let removed: Vec<String> = self.objects.keys().filter(is_absent).cloned().collect();
        let mut updates = Vec::new();
        for id in removed {
            self.objects.remove(&id);
            updates.push(Update::Removed(id));
        }
        updates.extend(listed.into_iter().filter_map(|object| self.update(object)));
        updates
    }

    /// Applies one object of a list. Not all changes have a new version, so the whole object is compared.
    fn update(&mut self, object: T) -> Option<Update<T>> {
        if self.objects.get(object.id()) == Some(&object) {
            return None;
        }
        let before = self.objects.insert(object.id().to_owned(), object.clone());
        Some(if before.is_some() { Update::Changed(object) } else { Update::Appeared(object) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{ManagerStatus, Node};

    fn node(id: &str, version: u64) -> Node {
        let mut node = Node { id: id.to_owned(), ..Default::default() };
        node.version.index = version;
        node
    }

    /// Applies a list. Returns the updates.
    fn listed(cache: &mut ObjectCache<Node>, list: Vec<Node>) -> String {
        let updates = cache.apply_list(list).into_iter().map(|update| match update {
            Update::Snapshot(list) => format!("{} listed", list.len()),
            Update::Appeared(node) => format!("+{}", node.id),
            Update::Changed(node) => format!("{}: {}", node.id, node.version.index),
            Update::Removed(id) => format!("-{id}"),
            other => panic!("{other:?}"),
        });
        updates.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn object_cache_returns_changes() {
        let mut cache = ObjectCache::new();
        assert!(!cache.has_snapshot());
        assert_eq!(listed(&mut cache, vec![node("a", 1), node("b", 1), node("c", 1)]), "3 listed");
        assert!(cache.has_snapshot());
        assert_eq!(listed(&mut cache, vec![node("d", 4), node("b", 1), node("a", 3)]), "-c, +d, a: 3");
        assert_eq!(cache.objects().keys().collect::<Vec<_>>(), ["a", "b", "d"]);
        assert_eq!(cache.objects()["a"].version.index, 3);
        assert_eq!(listed(&mut cache, vec![node("a", 3), node("b", 1), node("d", 4)]), "");
        assert_eq!(listed(&mut cache, vec![]), "-a, -b, -d");
    }

    #[test]
    fn object_cache_snapshot_can_be_empty() {
        let mut cache = ObjectCache::new();
        assert_eq!(listed(&mut cache, vec![]), "0 listed");
        assert_eq!(listed(&mut cache, vec![node("a", 1)]), "+a");
    }

    #[test]
    fn object_cache_detects_changes_without_a_version() {
        let mut cache = ObjectCache::new();
        listed(&mut cache, vec![node("a", 1)]);
        let leader = ManagerStatus { leader: true, ..Default::default() };
        let elected = Node { manager_status: Some(leader), ..node("a", 1) };
        assert_eq!(listed(&mut cache, vec![elected.clone()]), "a: 1");
        assert_eq!(cache.objects()["a"], elected);
    }
}
