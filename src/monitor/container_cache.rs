//! Container cache of a monitor: the containers as last listed, and events that no list reflects yet.
//!
//! Events mark containers as dirty, and dirty containers are listed again. An event may arrive before lists show its
//! effect (Docker 17.05 to 20.10 sends `die` some 50 ms before lists show that the container has exited). So its effect is
//! expected, and the container is listed again until the list shows it.

use std::collections::{BTreeMap, BTreeSet};

use super::ContainerUpdate;
use crate::{
    models::ContainerSummary,
    system::{Event, EventKind},
};

/// Maximum number of dirty containers that are listed by id. If there are more, all containers are listed.
const MAX_LISTED_BY_ID: usize = 16;

/// Maximum number of containers whose expected state is kept. If there are more, all are dropped, and all containers are
/// listed.
const MAX_EXPECTED: usize = 1024;

/// Maximum length of an id that is kept. Engines have ids of 64 bytes.
const MAX_ID_LENGTH: usize = 128;

/// The containers to list again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Dirty {
    /// The containers with these ids.
    Some(BTreeSet<String>),
    All,
}

/// The state of a container after an event, which no list has shown yet.
#[derive(Clone, Copy, Debug)]
enum Expected {
    Exited,
    Paused,
    Unpaused,
}

/// The containers of the snapshot, with all changes that were returned.
#[derive(Debug)]
pub(super) struct ContainerCache {
    containers: BTreeMap<String, ContainerSummary>,
    has_snapshot: bool,
    dirty: Dirty,
    expected: BTreeMap<String, Expected>,
    /// Containers that exited and were started again since they were listed last.
    restarted: BTreeSet<String>,
    /// Whether an event may have changed other containers than its own: links give names to them.
    needs_full_list: bool,
    /// Whether expected states were dropped, which a list may not show yet.
    dropped_expected: bool,
}

impl ContainerCache {
    pub(super) fn new() -> Self {
        Self {
            containers: BTreeMap::new(),
            has_snapshot: false,
            dirty: Dirty::All,
            expected: BTreeMap::new(),
            restarted: BTreeSet::new(),
            needs_full_list: false,
            dropped_expected: false,
        }
    }

    pub(super) fn containers(&self) -> &BTreeMap<String, ContainerSummary> {
        &self.containers
    }

    /// Whether the first list was applied.
    pub(super) fn has_snapshot(&self) -> bool {
        self.has_snapshot
    }

    /// Takes the dirty containers, which are clean afterwards.
    pub(super) fn take_dirty(&mut self) -> Option<Dirty> {
        let dirty = std::mem::replace(&mut self.dirty, Dirty::nothing());
        if dirty == Dirty::All {
            self.needs_full_list = std::mem::take(&mut self.dropped_expected);
        }
        Some(dirty).filter(|dirty| *dirty != Dirty::nothing())
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.dirty != Dirty::nothing()
    }

    /// Marks containers as dirty again, because they could not be listed.
    pub(super) fn mark_dirty(&mut self, dirty: Dirty) {
        self.dirty.merge(dirty);
    }

    /// Whether there are containers whose list does not show the effect of an event yet.
    pub(super) fn has_expected(&self) -> bool {
        !self.expected.is_empty()
    }

    /// Whether other containers may have changed that were not listed.
    pub(super) fn needs_full_list(&self) -> bool {
        self.needs_full_list
    }

    /// Marks the containers with an expected state as dirty; all if there are none.
    pub(super) fn mark_dirty_again(&mut self) {
        self.dirty.merge(if self.has_expected() {
            Dirty::Some(self.expected.keys().cloned().collect())
        } else {
            Dirty::All
        });
    }

    /// Marks all containers as dirty, because events were missed.
    pub(super) fn invalidate(&mut self) {
        self.dirty = Dirty::All;
        self.expected.clear();
        self.restarted.clear();
    }

    /// Drops all expected states, and lists all containers, twice.
    fn drop_expected(&mut self) {
        self.invalidate();
        self.dropped_expected = true;
    }

    /// Marks the containers that an event may have changed as dirty.
    pub(super) fn apply_event(&mut self, event: &Event) {
        match event.kind {
            EventKind::Container if changes_nothing(&event.action) => {}
            EventKind::Container if event.id.len() > MAX_ID_LENGTH => self.drop_expected(),
            EventKind::Container => self.apply_container_event(event),
            // Containers are listed with their networks.
            EventKind::Network if matches!(&*event.action, "connect" | "disconnect") => self.apply_network_event(event),
            // Containers are listed with the name of their image, which it may lose.
            EventKind::Image => self.dirty = Dirty::All,
            _ => {}
        }
    }

    /// Docker sends the event before lists show its effect, so all containers are listed again later.
    fn apply_network_event(&mut self, event: &Event) {
        // Podman sends the id of the container as the id of the event.
        let id = event.attributes.get("container").unwrap_or(&event.id);
        self.dirty.merge(if id.len() > MAX_ID_LENGTH { Dirty::All } else { Dirty::one(id) });
        self.needs_full_list = true;
    }

    fn apply_container_event(&mut self, event: &Event) {
        let id = &*event.id;
        let expected = match &*event.action {
            "die" => Some(Expected::Exited),
            "pause" => Some(Expected::Paused),
            "unpause" => Some(Expected::Unpaused),
            _ => None,
        };
        if let Some(expected) = expected {
            self.expected.insert(id.to_owned(), expected);
        } else if event.action == "start" && matches!(self.expected.remove(id), Some(Expected::Exited)) {
            self.restarted.insert(id.to_owned());
        } else if event.is_removal() {
            self.expected.remove(id);
            self.restarted.remove(id);
        }
        self.dirty.merge(Dirty::one(id));
        self.needs_full_list = true;
        if self.expected.len() > MAX_EXPECTED || self.restarted.len() > MAX_EXPECTED {
            self.drop_expected();
        }
    }

    /// Applies a list of the containers that were `dirty`. Returns the changes.
    pub(super) fn apply_list(&mut self, dirty: &Dirty, listed: Vec<ContainerSummary>) -> Vec<ContainerUpdate> {
        let listed: Vec<ContainerSummary> = listed.into_iter().filter(|listed| dirty.includes(&listed.id)).collect();
        if !self.has_snapshot {
            self.has_snapshot = true;
            self.restarted.clear();
            listed.iter().for_each(|container| self.drop_if_met(container));
            self.containers = listed.iter().map(|container| (container.id.clone(), container.clone())).collect();
            return vec![ContainerUpdate::Snapshot(listed)];
        }
        let present: BTreeSet<&str> = listed.iter().map(|container| &*container.id).collect();
        let removed = |id: &&String| dirty.includes(id) && !present.contains(id.as_str());
        let removed: Vec<String> = self.containers.keys().filter(removed).cloned().collect();
        self.expected.retain(|id, _| !dirty.includes(id) || present.contains(id.as_str()));
        self.restarted.retain(|id| !dirty.includes(id) || present.contains(id.as_str()));
        let mut updates = Vec::new();
        for id in removed {
            self.containers.remove(&id);
            updates.push(ContainerUpdate::Removed(id));
        }
        updates.extend(listed.into_iter().filter_map(|container| self.update(container)));
        updates
    }

    fn update(&mut self, container: ContainerSummary) -> Option<ContainerUpdate> {
        self.drop_if_met(&container);
        let restarted = self.restarted.remove(&container.id);
        let Some(before) = self.containers.insert(container.id.clone(), container.clone()) else {
            return Some(ContainerUpdate::Appeared(container));
        };
        if restarted && is_running(&before) && is_running(&container) {
            return Some(ContainerUpdate::Restarted(container));
        }
        (without_times(&before) != without_times(&container)).then_some(ContainerUpdate::Changed(container))
    }

    /// Drops the expected state of a container if it is listed with it now.
    fn drop_if_met(&mut self, container: &ContainerSummary) {
        if self.expected.get(&container.id).is_some_and(|expected| expected.is_met(container)) {
            self.expected.remove(&container.id);
        }
    }
}

impl Expected {
    fn is_met(self, container: &ContainerSummary) -> bool {
        let is_paused = container.status.contains("(Paused)");
        match self {
            Self::Exited => !is_running(container),
            Self::Paused => is_paused || !is_running(container),
            Self::Unpaused => !is_paused,
        }
    }
}

impl Dirty {
    fn nothing() -> Self {
        Self::Some(BTreeSet::new())
    }

    fn one(id: &str) -> Self {
        Self::Some(BTreeSet::from([id.to_owned()]))
    }

    fn includes(&self, id: &str) -> bool {
        match self {
            Self::Some(ids) => ids.contains(id),
            Self::All => true,
        }
    }

    fn merge(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Some(ids), Self::Some(others)) if ids.len() + others.len() <= MAX_LISTED_BY_ID => ids.extend(others),
            (_, other) if other == Self::nothing() => {}
            (_, _) => *self = Self::All,
        }
    }
}

/// Whether events of containers with this action change nothing in lists, such as reading from it or running a command.
fn changes_nothing(action: &str) -> bool {
    let actions = ["archive-path", "attach", "commit", "copy", "detach", "export", "resize", "top"];
    action.starts_with("exec_") || actions.contains(&action)
}

/// Whether a container runs. Docker before 1.11 has this only in the text of the status.
pub(super) fn is_running(container: &ContainerSummary) -> bool {
    container.status.starts_with("Up ")
}

/// A container without the relative times in its status.
fn without_times(container: &ContainerSummary) -> ContainerSummary {
    ContainerSummary { status: status_without_times(&container.status), ..container.clone() }
}

/// A status without its times: `Up 5 minutes (Paused)` is `Up (Paused)`, `Exited (0) 2 days ago` is `Exited (0)`.
fn status_without_times(status: &str) -> String {
    let word = status.split(' ').next().unwrap_or_default();
    let remarks = status.split_inclusive(')').filter_map(|part| part.find('(').map(|begin| &part[begin..]));
    std::iter::once(word).chain(remarks).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Document as _;

    fn container(id: &str, status: &str) -> ContainerSummary {
        ContainerSummary { id: id.to_owned(), status: status.to_owned(), ..Default::default() }
    }

    fn events(cache: &mut ContainerCache, id: &str, actions: &[&str]) {
        for action in actions {
            let text = format!(r#"{{"Type":"container","Action":"{action}","Actor":{{"ID":"{id}"}},"time":1}}"#);
            cache.apply_event(&Event::decode(text.as_bytes()).unwrap());
        }
    }

    /// Lists the dirty containers as `statuses`. Returns the updates.
    fn listed(cache: &mut ContainerCache, statuses: &[(&str, &str)]) -> String {
        let dirty = cache.take_dirty().unwrap_or_else(Dirty::nothing);
        let list = statuses.iter().map(|(id, status)| container(id, status)).collect();
        let updates = cache.apply_list(&dirty, list).into_iter().map(|update| match update {
            ContainerUpdate::Snapshot(list) => format!("{} listed", list.len()),
            ContainerUpdate::Appeared(container) => format!("+{}", container.id),
            ContainerUpdate::Changed(container) => format!("{}: {}", container.id, container.status),
            ContainerUpdate::Restarted(container) => format!("{} restarted", container.id),
            ContainerUpdate::Removed(id) => format!("-{id}"),
            other => panic!("{other:?}"),
        });
        updates.collect::<Vec<_>>().join(", ")
    }

    fn with(statuses: &[(&str, &str)]) -> ContainerCache {
        let mut cache = ContainerCache::new();
        assert_eq!(listed(&mut cache, statuses), format!("{} listed", statuses.len()));
        cache
    }

    #[test]
    fn container_cache_returns_changes() {
        let mut cache = with(&[("a", "Up 1 second"), ("b", "Up 1 second"), ("c", "Up 1 second")]);
        cache.invalidate();
        let list = [("a", "Up 2 seconds"), ("b", "Up 1 second (Paused)"), ("d", "Created")];
        assert_eq!(listed(&mut cache, &list), "-c, b: Up 1 second (Paused), +d");
        assert_eq!(cache.containers().keys().collect::<Vec<_>>(), ["a", "b", "d"]);
        assert!(!cache.is_dirty());
    }

    #[test]
    fn container_cache_applies_only_dirty_containers() {
        let mut cache = with(&[("a", "Up 1 second"), ("b", "Up 1 second")]);
        events(&mut cache, "a", &["pause", "exec_start: sh", "attach"]);
        assert_eq!(listed(&mut cache, &[("a", "Up 1 second (Paused)"), ("aa", "Created")]), "a: Up 1 second (Paused)");
        events(&mut cache, "a", &["exec_start: sh", "attach"]);
        assert!(!cache.is_dirty(), "these actions change nothing");
    }

    #[test]
    fn container_cache_relists_a_container_after_network_changes() {
        let mut cache = with(&[("a", "Up 1 second"), ("b", "Up 1 second")]);
        let event = |action: &str, attributes: &str| {
            let actor = format!(r#"{{"ID":"net","Attributes":{{{attributes}}}}}"#);
            let text = format!(r#"{{"Type":"network","Action":"{action}","Actor":{actor},"time":1}}"#);
            Event::decode(text.as_bytes()).unwrap()
        };
        cache.apply_event(&event("create", r#""name":"back""#));
        assert!(!cache.is_dirty() && !cache.needs_full_list());
        for action in ["connect", "disconnect"] {
            cache.apply_event(&event(action, r#""name":"back","container":"a""#));
            assert_eq!(cache.take_dirty(), Some(Dirty::one("a")), "{action}");
            assert!(cache.needs_full_list(), "the list may not show it yet");
        }
        cache.apply_event(&event("connect", r#""name":"back""#));
        assert_eq!(cache.take_dirty(), Some(Dirty::one("net")), "Podman's event has the id of the container");
        let long = "x".repeat(MAX_ID_LENGTH + 1);
        cache.apply_event(&event("connect", &format!(r#""container":"{long}""#)));
        assert_eq!(cache.take_dirty(), Some(Dirty::All));
    }

    #[test]
    fn container_cache_relists_until_an_exit_is_listed() {
        let mut cache = with(&[("a", "Up 1 second")]);
        events(&mut cache, "a", &["die"]);
        assert_eq!(listed(&mut cache, &[("a", "Up 1 second")]), "");
        assert!(cache.has_expected() && !cache.is_dirty());
        cache.mark_dirty_again();
        assert_eq!(listed(&mut cache, &[("a", "Exited (0) 1 second ago")]), "a: Exited (0) 1 second ago");
        assert!(!cache.has_expected());
        assert!(cache.needs_full_list(), "a link may have been removed with it");
        cache.mark_dirty_again();
        assert_eq!(listed(&mut cache, &[("a", "Exited (0) 1 second ago")]), "");
        assert!(!cache.needs_full_list());
    }

    #[test]
    fn container_cache_relists_for_events_before_the_first_list() {
        let mut cache = ContainerCache::new();
        events(&mut cache, "a", &["die"]);
        events(&mut cache, "b", &["pause"]);
        listed(&mut cache, &[("a", "Up 1 second"), ("b", "Up 1 second")]);
        assert!(cache.has_expected());
        events(&mut cache, "b", &["unpause"]);
        cache.mark_dirty_again();
        assert_eq!(listed(&mut cache, &[("b", "Up 1 second")]), "-a");
        assert!(!cache.has_expected());
    }

    #[test]
    fn container_cache_returns_a_restart_between_two_lists() {
        let mut cache = with(&[("a", "Up 5 minutes")]);
        events(&mut cache, "a", &["kill", "die", "start", "restart"]);
        assert_eq!(listed(&mut cache, &[("a", "Up 1 second")]), "a restarted");
        events(&mut cache, "a", &["die"]);
        assert_eq!(listed(&mut cache, &[("a", "Up 1 second")]), "", "not listed yet");
        events(&mut cache, "a", &["start"]);
        assert!(!cache.has_expected());
        assert_eq!(listed(&mut cache, &[("a", "Up 1 second")]), "a restarted");
        events(&mut cache, "a", &["die", "start", "die"]);
        assert_eq!(listed(&mut cache, &[("a", "Exited (0) 1 second ago")]), "a: Exited (0) 1 second ago");
        events(&mut cache, "a", &["start"]);
        assert_eq!(listed(&mut cache, &[("a", "Up 1 second")]), "a: Up 1 second");
    }

    #[test]
    fn container_cache_lists_all_if_many_are_dirty() {
        let mut cache = with(&[]);
        for number in 0..1000 {
            events(&mut cache, &number.to_string(), &["create", "start", "die", "destroy"]);
        }
        assert_eq!(cache.take_dirty(), Some(Dirty::All));
        assert!(!cache.has_expected() && cache.restarted.is_empty());
    }

    #[test]
    fn container_cache_is_bounded_without_lists() {
        let mut cache = with(&[]);
        for number in 0..10 * MAX_EXPECTED {
            events(&mut cache, &number.to_string(), if number % 2 == 0 { &["die"] } else { &["die", "start"] });
            assert!(cache.expected.len() <= MAX_EXPECTED && cache.restarted.len() <= MAX_EXPECTED);
        }
        assert_eq!(cache.take_dirty(), Some(Dirty::All));
        assert!(cache.needs_full_list(), "an exit may be listed late");
    }

    #[test]
    fn container_cache_does_not_keep_long_ids() {
        let mut cache = with(&[("a", "Up 1 second")]);
        events(&mut cache, &"x".repeat(MAX_ID_LENGTH + 1), &["die", "start", "destroy"]);
        assert!(cache.expected.is_empty() && cache.restarted.is_empty());
        assert_eq!(cache.take_dirty(), Some(Dirty::All));
    }

    #[test]
    fn container_cache_handles_destroy_and_remove_events() {
        for removal in ["destroy", "remove"] {
            let mut cache = with(&[("a", "Up 1 second")]);
            events(&mut cache, "a", &["die", removal]);
            assert!(!cache.has_expected(), "{removal}");
            assert_eq!(listed(&mut cache, &[]), "-a");
        }
    }

    #[test]
    fn container_cache_keeps_dirty_after_a_failed_list() {
        let mut cache = with(&[("a", "Up 1 second")]);
        events(&mut cache, "a", &["rename"]);
        let dirty = cache.take_dirty().unwrap();
        assert!(!cache.is_dirty());
        cache.mark_dirty(dirty.clone());
        assert_eq!(cache.take_dirty(), Some(dirty));
    }

    #[test]
    fn status_is_compared_without_times() {
        for (status, want) in [
            ("", ""),
            ("Created", "Created"),
            ("Up 5 minutes", "Up"),
            ("Up About a minute (Paused)", "Up (Paused)"),
            ("Up 2 hours (health: starting)", "Up (health: starting)"),
            ("Exited (137) 3 hours ago", "Exited (137)"),
            ("Restarting (1) Less than a second ago", "Restarting (1)"),
        ] {
            assert_eq!(status_without_times(status), want);
        }
    }
}
