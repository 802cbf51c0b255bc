//! Events of the swarm.

use std::collections::BTreeMap;

use crate::state::{State, event::attributes};

/// An event of the swarm that was not published yet.
#[derive(Debug)]
pub(super) struct SwarmEvent {
    pub(super) kind: &'static str,
    pub(super) action: &'static str,
    pub(super) id: String,
    pub(super) attributes: BTreeMap<String, String>,
}

impl State {
    /// Adds the events of the swarm to those of the engine.
    pub(crate) fn publish_swarm_events(&mut self) {
        let events = self.swarm.as_mut().map(|swarm| std::mem::take(&mut swarm.events)).unwrap_or_default();
        for event in events {
            self.event(event.kind, event.action, &event.id, None, event.attributes);
        }
    }
}

/// The attributes of an event: the name of the object, and the values that have changed, as name, old and new value.
pub(super) fn changes<'a>(
    name: &str,
    values: impl IntoIterator<Item = (&'a str, Option<String>, Option<String>)>,
) -> BTreeMap<String, String> {
    let mut all = attributes([("name", &name.to_owned())]);
    for (value, old, new) in values {
        if old != new {
            all.extend(old.map(|old| (format!("{value}.old"), old)));
            all.extend(new.map(|new| (format!("{value}.new"), new)));
        }
    }
    all
}
