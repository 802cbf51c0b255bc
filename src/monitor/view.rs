//! What a monitor of containers knows: what was listed, and what events say that no list has shown yet.
//!
//! Events say what to look at; what is there is asked for. An event may come before a
//! list shows it (engines of 17.05 to 20.10 tell of a death some 50 ms before they list
//! it), so what it says is expected, and looked at again until it is so.

use std::collections::{BTreeMap, BTreeSet};

use super::ContainerUpdate;
use crate::{
    models::ContainerSummary,
    system::{Event, EventKind},
};

/// Up to so many containers are listed one by one; for more, all are.
const FEW: usize = 16;

/// What has to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Dirty {
    /// Containers, by their ids.
    Some(BTreeSet<String>),
    All,
}

/// What an event says of a container, which no list has shown yet.
#[derive(Clone, Copy, Debug)]
enum Expected {
    Ended,
    Paused,
    Unpaused,
}

/// The containers, as far as they were told.
#[derive(Debug)]
pub(super) struct View {
    containers: BTreeMap<String, ContainerSummary>,
    told: bool,
    dirty: Dirty,
    expected: BTreeMap<String, Expected>,
    /// Those that ended and started again since they were listed.
    restarted: BTreeSet<String>,
    /// Something happened that may have changed more than what it happened to: links give names to others.
    unsure: bool,
}

impl View {
    pub(super) fn new() -> Self {
        Self {
            containers: BTreeMap::new(),
            told: false,
            dirty: Dirty::All,
            expected: BTreeMap::new(),
            restarted: BTreeSet::new(),
            unsure: false,
        }
    }

    pub(super) fn containers(&self) -> &BTreeMap<String, ContainerSummary> {
        &self.containers
    }

    /// What has to be looked at. It is taken for looked at until it is given back.
    pub(super) fn take_dirty(&mut self) -> Option<Dirty> {
        let dirty = std::mem::replace(&mut self.dirty, Dirty::nothing());
        if dirty == Dirty::All {
            self.unsure = false;
        }
        Some(dirty).filter(|dirty| *dirty != Dirty::nothing())
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.dirty != Dirty::nothing()
    }

    /// It could not be looked at.
    pub(super) fn give_back(&mut self, dirty: Dirty) {
        self.dirty.merge(dirty);
    }

    /// Whether there are containers that were not listed as they should be.
    pub(super) fn expects(&self) -> bool {
        !self.expected.is_empty()
    }

    /// Whether something may have changed that was not looked at.
    pub(super) fn is_unsure(&self) -> bool {
        self.unsure
    }

    /// Has to look again at what is expected; at all if nothing is.
    pub(super) fn look_again(&mut self) {
        self.dirty.merge(if self.expects() {
            Dirty::Some(self.expected.keys().cloned().collect())
        } else {
            Dirty::All
        });
    }

    /// Events were missed.
    pub(super) fn missed(&mut self) {
        self.dirty = Dirty::All;
        self.expected.clear();
        self.restarted.clear();
    }

    /// Takes in what an event may have changed.
    pub(super) fn heard(&mut self, event: &Event) {
        match event.kind {
            EventKind::Container if changes_nothing(&event.action) => {}
            EventKind::Container => self.happened(&event.id, &event.action),
            // A container is listed with the name of its image, as long as that is the image's.
            EventKind::Image => self.dirty = Dirty::All,
            _ => {}
        }
    }

    fn happened(&mut self, id: &str, action: &str) {
        let expected = match action {
            "die" => Some(Expected::Ended),
            "pause" => Some(Expected::Paused),
            "unpause" => Some(Expected::Unpaused),
            _ => None,
        };
        if let Some(expected) = expected {
            self.expected.insert(id.to_owned(), expected);
        } else if action == "start" && matches!(self.expected.remove(id), Some(Expected::Ended)) {
            self.restarted.insert(id.to_owned());
        } else if action == "destroy" {
            self.expected.remove(id);
            self.restarted.remove(id);
        }
        self.dirty.merge(Dirty::Some(BTreeSet::from([id.to_owned()])));
        self.unsure = true;
    }

    /// Takes in a list of what was dirty. What has changed.
    pub(super) fn listed(&mut self, dirty: &Dirty, listed: Vec<ContainerSummary>) -> Vec<ContainerUpdate> {
        let listed: Vec<ContainerSummary> = listed.into_iter().filter(|listed| dirty.includes(&listed.id)).collect();
        if !self.told {
            self.told = true;
            self.restarted.clear();
            listed.iter().for_each(|container| self.settle(container));
            self.containers = listed.iter().map(|container| (container.id.clone(), container.clone())).collect();
            return vec![ContainerUpdate::Snapshot(listed)];
        }
        let present: BTreeSet<&str> = listed.iter().map(|container| &*container.id).collect();
        let gone = |id: &&String| dirty.includes(id) && !present.contains(id.as_str());
        let gone: Vec<String> = self.containers.keys().filter(gone).cloned().collect();
        self.expected.retain(|id, _| !dirty.includes(id) || present.contains(id.as_str()));
        self.restarted.retain(|id| !dirty.includes(id) || present.contains(id.as_str()));
        let mut updates = Vec::new();
        for id in gone {
            self.containers.remove(&id);
            updates.push(ContainerUpdate::Removed(id));
        }
        updates.extend(listed.into_iter().filter_map(|container| self.update(container)));
        updates
    }

    fn update(&mut self, container: ContainerSummary) -> Option<ContainerUpdate> {
        self.settle(&container);
        let restarted = self.restarted.remove(&container.id);
        let Some(before) = self.containers.insert(container.id.clone(), container.clone()) else {
            return Some(ContainerUpdate::Appeared(container));
        };
        if restarted && is_running(&before) && is_running(&container) {
            return Some(ContainerUpdate::Restarted(container));
        }
        (essence(&before) != essence(&container)).then_some(ContainerUpdate::Changed(container))
    }

    /// Expects no more what is listed now.
    fn settle(&mut self, container: &ContainerSummary) {
        if self.expected.get(&container.id).is_some_and(|expected| expected.is_met(container)) {
            self.expected.remove(&container.id);
        }
    }
}

impl Expected {
    fn is_met(self, container: &ContainerSummary) -> bool {
        let is_paused = container.status.contains("(Paused)");
        match self {
            Self::Ended => !is_running(container),
            Self::Paused => is_paused || !is_running(container),
            Self::Unpaused => !is_paused,
        }
    }
}

impl Dirty {
    fn nothing() -> Self {
        Self::Some(BTreeSet::new())
    }

    fn includes(&self, id: &str) -> bool {
        match self {
            Self::Some(ids) => ids.contains(id),
            Self::All => true,
        }
    }

    fn merge(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Some(ids), Self::Some(others)) if ids.len() + others.len() <= FEW => ids.extend(others),
            (_, other) if other == Self::nothing() => {}
            (_, _) => *self = Self::All,
        }
    }
}

/// Whether an event of a container only says that it was looked at, or that a command runs in it.
fn changes_nothing(action: &str) -> bool {
    let looks = ["archive-path", "attach", "commit", "copy", "detach", "export", "resize", "top"];
    action.starts_with("exec_") || looks.contains(&action)
}

/// Whether a container runs. Engines before 1.11 tell that only in words.
pub(super) fn is_running(container: &ContainerSummary) -> bool {
    container.status.starts_with("Up ")
}

/// A container, without what only grows older.
fn essence(container: &ContainerSummary) -> ContainerSummary {
    ContainerSummary { status: lasting(&container.status), ..container.clone() }
}

/// A status without its times: `Up 5 minutes (Paused)` is `Up (Paused)`, `Exited (0) 2 days ago` is `Exited (0)`.
fn lasting(status: &str) -> String {
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

    fn heard(view: &mut View, id: &str, actions: &[&str]) {
        for action in actions {
            let text = format!(r#"{{"Type":"container","Action":"{action}","Actor":{{"ID":"{id}"}},"time":1}}"#);
            view.heard(&Event::decode(text.as_bytes()).unwrap());
        }
    }

    /// What is told when the list of what is dirty is `statuses`.
    fn listed(view: &mut View, statuses: &[(&str, &str)]) -> String {
        let dirty = view.take_dirty().unwrap_or_else(Dirty::nothing);
        let list = statuses.iter().map(|(id, status)| container(id, status)).collect();
        let words = view.listed(&dirty, list).into_iter().map(|update| match update {
            ContainerUpdate::Snapshot(list) => format!("{} are there", list.len()),
            ContainerUpdate::Appeared(container) => format!("+{}", container.id),
            ContainerUpdate::Changed(container) => format!("{}: {}", container.id, container.status),
            ContainerUpdate::Restarted(container) => format!("{} again", container.id),
            ContainerUpdate::Removed(id) => format!("-{id}"),
            other => panic!("{other:?}"),
        });
        words.collect::<Vec<_>>().join(", ")
    }

    fn with(statuses: &[(&str, &str)]) -> View {
        let mut view = View::new();
        assert_eq!(listed(&mut view, statuses), format!("{} are there", statuses.len()));
        view
    }

    #[test]
    fn what_has_changed_is_told() {
        let mut view = with(&[("a", "Up 1 second"), ("b", "Up 1 second"), ("c", "Up 1 second")]);
        view.missed();
        let list = [("a", "Up 2 seconds"), ("b", "Up 1 second (Paused)"), ("d", "Created")];
        assert_eq!(listed(&mut view, &list), "-c, b: Up 1 second (Paused), +d");
        assert_eq!(view.containers().keys().collect::<Vec<_>>(), ["a", "b", "d"]);
        assert!(!view.is_dirty());
    }

    #[test]
    fn only_what_is_dirty_is_taken_from_a_list() {
        let mut view = with(&[("a", "Up 1 second"), ("b", "Up 1 second")]);
        heard(&mut view, "a", &["pause", "exec_start: sh", "attach"]);
        assert_eq!(listed(&mut view, &[("a", "Up 1 second (Paused)"), ("aa", "Created")]), "a: Up 1 second (Paused)");
        heard(&mut view, "a", &["exec_start: sh", "attach"]);
        assert!(!view.is_dirty(), "that changes nothing");
    }

    #[test]
    fn a_death_that_is_not_listed_yet_is_looked_at_again() {
        let mut view = with(&[("a", "Up 1 second")]);
        heard(&mut view, "a", &["die"]);
        assert_eq!(listed(&mut view, &[("a", "Up 1 second")]), "");
        assert!(view.expects() && !view.is_dirty());
        view.look_again();
        assert_eq!(listed(&mut view, &[("a", "Exited (0) 1 second ago")]), "a: Exited (0) 1 second ago");
        assert!(!view.expects());
        assert!(view.is_unsure(), "a link may have gone with it");
        view.look_again();
        assert_eq!(listed(&mut view, &[("a", "Exited (0) 1 second ago")]), "");
        assert!(!view.is_unsure());
    }

    #[test]
    fn so_is_a_pause_and_a_death_before_the_first_list() {
        let mut view = View::new();
        heard(&mut view, "a", &["die"]);
        heard(&mut view, "b", &["pause"]);
        listed(&mut view, &[("a", "Up 1 second"), ("b", "Up 1 second")]);
        assert!(view.expects());
        heard(&mut view, "b", &["unpause"]);
        view.look_again();
        assert_eq!(listed(&mut view, &[("b", "Up 1 second")]), "-a");
        assert!(!view.expects());
    }

    #[test]
    fn a_restart_between_two_lists_is_told() {
        let mut view = with(&[("a", "Up 5 minutes")]);
        heard(&mut view, "a", &["kill", "die", "start", "restart"]);
        assert_eq!(listed(&mut view, &[("a", "Up 1 second")]), "a again");
        heard(&mut view, "a", &["die"]);
        assert_eq!(listed(&mut view, &[("a", "Up 1 second")]), "", "not listed yet");
        heard(&mut view, "a", &["start"]);
        assert!(!view.expects());
        assert_eq!(listed(&mut view, &[("a", "Up 1 second")]), "a again");
        heard(&mut view, "a", &["die", "start", "die"]);
        assert_eq!(listed(&mut view, &[("a", "Exited (0) 1 second ago")]), "a: Exited (0) 1 second ago");
        heard(&mut view, "a", &["start"]);
        assert_eq!(listed(&mut view, &[("a", "Up 1 second")]), "a: Up 1 second");
    }

    #[test]
    fn many_that_are_dirty_are_all_and_nothing_piles_up() {
        let mut view = with(&[]);
        for number in 0..1000 {
            heard(&mut view, &number.to_string(), &["create", "start", "die", "destroy"]);
        }
        assert_eq!(view.take_dirty(), Some(Dirty::All));
        assert!(!view.expects() && view.restarted.is_empty());
    }

    #[test]
    fn what_could_not_be_looked_at_stays_dirty() {
        let mut view = with(&[("a", "Up 1 second")]);
        heard(&mut view, "a", &["rename"]);
        let dirty = view.take_dirty().unwrap();
        assert!(!view.is_dirty());
        view.give_back(dirty.clone());
        assert_eq!(view.take_dirty(), Some(dirty));
    }

    #[test]
    fn a_status_lasts_without_its_times() {
        for (status, want) in [
            ("", ""),
            ("Created", "Created"),
            ("Up 5 minutes", "Up"),
            ("Up About a minute (Paused)", "Up (Paused)"),
            ("Up 2 hours (health: starting)", "Up (health: starting)"),
            ("Exited (137) 3 hours ago", "Exited (137)"),
            ("Restarting (1) Less than a second ago", "Restarting (1)"),
        ] {
            assert_eq!(lasting(status), want);
        }
    }
}
