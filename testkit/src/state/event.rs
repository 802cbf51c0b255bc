//! What happened, in order.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::World;
use crate::age::Age;

#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) kind: &'static str,
    pub(crate) action: String,
    pub(crate) id: String,
    pub(crate) from: Option<String>,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) time: Timestamp,
}

/// What engines before 1.7 tell of.
const OLD_ACTIONS: [&str; 17] = [
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

impl World {
    pub(crate) fn container_event(&mut self, id: &str, action: &str, mut told: BTreeMap<String, String>) {
        let Some(container) = self.containers.iter().find(|container| container.id == id) else { return };
        let image = container.image_name.clone();
        told.extend(attributes([("image", &image), ("name", &container.name)]));
        told.extend(labels(&container.config));
        self.event("container", action, id, Some(image), told);
    }

    pub(crate) fn image_event(&mut self, action: &str, id: &str, name: &str) {
        // Old engines name the image as it was asked for.
        let id = if self.age == Age::Old && action == "pull" { name } else { id };
        let mut told = attributes([("name", &name.to_owned())]);
        let image = self.images.iter().find(|image| image.id == id);
        told.extend(image.map(|image| labels(&image.image.config)).unwrap_or_default());
        self.event("image", action, id, None, told);
    }

    /// Tells that what nobody needs is gone.
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
        let word = action.split(':').next().unwrap_or_default();
        if self.age == Age::Old && (!has_status(kind) || !OLD_ACTIONS.contains(&word)) {
            return;
        }
        // No two at once, so that `since` can tell them apart.
        let after = self.events.last().map(|last| last.time + jiff::SignedDuration::from_nanos(1));
        let time = after.map_or_else(Timestamp::now, |after| after.max(Timestamp::now()));
        self.events.push(Event { kind, action: action.to_owned(), id: id.to_owned(), from, attributes, time });
    }
}

/// Whether events of this kind are told in the older form, too.
fn has_status(kind: &str) -> bool {
    matches!(kind, "container" | "image")
}

impl Event {
    /// As it goes over the wire, with what engines of that age put behind it.
    pub(crate) fn bytes(&self, age: Age) -> Vec<u8> {
        let mut text = self.document(age).to_string();
        if age == Age::Modern {
            text.push('\n');
        }
        text.into_bytes()
    }

    fn document(&self, age: Age) -> Value {
        let mut document = json!({ "time": self.time.as_second() });
        if has_status(self.kind) {
            document["status"] = json!(self.action);
            document["id"] = json!(self.id);
        }
        match &self.from {
            Some(from) => document["from"] = json!(from),
            None if age == Age::Old => document["from"] = json!(""),
            None => {}
        }
        if age == Age::Modern {
            document["timeNano"] = json!(i64::try_from(self.time.as_nanosecond()).unwrap_or(i64::MAX));
            document["Type"] = json!(self.kind);
            document["Action"] = json!(self.action);
            document["Actor"] = json!({ "ID": self.id, "Attributes": self.attributes });
            document["scope"] = json!("local");
        }
        document
    }

    /// Whether it is one of those that `filters` ask for.
    pub(crate) fn passes(&self, filters: &Value) -> bool {
        let wanted = |key: &str, fits: &dyn Fn(&str) -> bool| match crate::filters::values(filters, key) {
            values if values.is_empty() => true,
            values => values.iter().any(|value| fits(value)),
        };
        let name = self.attributes.get("name").map_or("", String::as_str);
        let image = if self.kind == "image" { Some(&*self.id) } else { self.from.as_deref() };
        let same = |a: &str, b: &str| a == b || super::reference::full(a) == super::reference::full(b);
        wanted("event", &|action| self.action == action || self.action.starts_with(&format!("{action}:")))
            && wanted("type", &|kind| self.kind == kind)
            && wanted("container", &|container| {
                self.kind == "container" && (self.id.starts_with(container) || name == container)
            })
            && wanted("image", &|wanted| {
                image.is_some_and(|image| same(image, wanted)) || (self.kind == "image" && same(name, wanted))
            })
            && wanted("volume", &|volume| self.kind == "volume" && self.id == volume)
            && wanted("network", &|network| self.kind == "network" && (self.id.starts_with(network) || name == network))
            && wanted("label", &|label| {
                let (key, value) = label.split_once('=').unwrap_or((label, ""));
                self.attributes.get(key).is_some_and(|is| value.is_empty() || is == value)
            })
    }
}
