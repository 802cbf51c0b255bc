//! Events.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::State;
use crate::release::Release;

#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) kind: &'static str,
    pub(crate) action: String,
    pub(crate) id: String,
    pub(crate) from: Option<String>,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) time: Timestamp,
}

/// The actions for which Docker before 1.7 sends events.
const V1_6_ACTIONS: [&str; 17] = [
    "create",
    "destroy",
    "die",
    "exec_create",
    "exec_start",
    "export",
    "kill",
    "oom",
    "pause",
    "restart",
    "start",
    "stop",
    "unpause",
    "untag",
    "delete",
    "pull",
    "import",
];

pub(crate) fn attributes<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a String)>) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.clone())).collect()
}

fn labels(config: &Value) -> BTreeMap<String, String> {
    let labels = config["Labels"].as_object().into_iter().flatten();
    labels.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

impl State {
    pub(crate) fn container_event(&mut self, id: &str, action: &str, mut attributes: BTreeMap<String, String>) {
        let Some(container) = self.containers.iter().find(|container| container.id == id) else { return };
        let image = container.image_name.clone();
        attributes.extend([("image".to_owned(), image.clone()), ("name".to_owned(), container.name.clone())]);
        attributes.extend(labels(&container.config));
        self.event("container", action, id, Some(image), attributes);
    }

    pub(crate) fn image_event(&mut self, action: &str, id: &str, name: &str) {
        // Docker 1.6 uses the reference of the request as the id.
        let id = if self.release == Release::V1_6 && action == "pull" { name } else { id };
        let mut attributes = attributes([("name", &name.to_owned())]);
        let image = self.images.iter().find(|image| image.id == id);
        attributes.extend(image.map(|image| labels(&image.image.config)).unwrap_or_default());
        self.event("image", action, id, None, attributes);
    }

    /// Adds an event for a prune that reclaimed `reclaimed` bytes.
    pub(crate) fn prune_event(&mut self, kind: &'static str, reclaimed: u64) {
        self.event(kind, "prune", "", None, attributes([("reclaimed", &reclaimed.to_string())]));
    }

    pub(super) fn event(
        &mut self,
        kind: &'static str,
        action: &str,
        id: &str,
        from: Option<String>,
        attributes: BTreeMap<String, String>,
    ) {
        let name = action.split(':').next().unwrap_or_default();
        if self.release == Release::V1_6 && (!has_status(kind) || !V1_6_ACTIONS.contains(&name)) {
            return;
        }
        // Timestamps are unique, so that `since` can distinguish all events.
        let after = self.events.last().map(|last| last.time + jiff::SignedDuration::from_nanos(1));
        let time = after.map_or_else(Timestamp::now, |after| after.max(Timestamp::now()));
        self.events.push(Event { kind, action: action.to_owned(), id: id.to_owned(), from, attributes, time });
    }
}

/// Whether events of this kind also have the fields of the older format.
fn has_status(kind: &str) -> bool {
    matches!(kind, "container" | "image")
}

impl Event {
    /// The event as JSON text, with the separator that the release sends after it.
    pub(crate) fn bytes(&self, release: Release) -> Vec<u8> {
        let mut text = self.to_json(release).to_string();
        if release == Release::V20_10 {
            text.push('\n');
        }
        text.into_bytes()
    }

    fn to_json(&self, release: Release) -> Value {
        let mut document = json!({ "time": self.time.as_second() });
        if has_status(self.kind) {
            document["status"] = json!(self.action);
            document["id"] = json!(self.id);
        }
        match &self.from {
            Some(from) => document["from"] = json!(from),
            None if release == Release::V1_6 => document["from"] = json!(""),
            None => {}
        }
        if release == Release::V20_10 {
            document["timeNano"] = json!(i64::try_from(self.time.as_nanosecond()).unwrap_or(i64::MAX));
            document["Type"] = json!(self.kind);
            document["Action"] = json!(self.action);
            document["Actor"] = json!({ "ID": self.id, "Attributes": self.attributes });
            document["scope"] = json!(self.scope());
        }
        document
    }

    fn scope(&self) -> &'static str {
        if matches!(self.kind, "node" | "service" | "secret" | "config") { "swarm" } else { "local" }
    }

    /// Whether the event matches `filters`.
    pub(crate) fn matches(&self, filters: &Value) -> bool {
        let any = |key: &str, fits: &dyn Fn(&str) -> bool| match crate::filters::values(filters, key) {
            values if values.is_empty() => true,
            values => values.iter().any(|value| fits(value)),
        };
        let name = self.attributes.get("name").map_or("", String::as_str);
        let image = if self.kind == "image" { Some(&*self.id) } else { self.from.as_deref() };
        let same = |a: &str, b: &str| a == b || super::reference::full(a) == super::reference::full(b);
        any("event", &|action| self.action == action || self.action.starts_with(&format!("{action}:")))
            && any("type", &|kind| self.kind == kind)
            && any("scope", &|scope| self.scope() == scope)
            && any("container", &|container| {
                self.kind == "container" && (self.id.starts_with(container) || name == container)
            })
            && any("image", &|reference| {
                image.is_some_and(|image| same(image, reference)) || (self.kind == "image" && same(name, reference))
            })
            && any("volume", &|volume| self.kind == "volume" && self.id == volume)
            && any("network", &|network| self.kind == "network" && (self.id.starts_with(network) || name == network))
            // Engines do not compare the kind of the object.
            && ["plugin", "node", "service", "secret", "config"].into_iter().all(|kind| {
                any(kind, &|object| self.id.starts_with(object) || name.starts_with(object))
            })
            && any("label", &|label| {
                let (key, value) = label.split_once('=').unwrap_or((label, ""));
                self.attributes.get(key).is_some_and(|is| value.is_empty() || is == value)
            })
    }
}
