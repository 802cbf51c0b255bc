//! Engine events, in the same form for all engine versions.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

pub use crate::models::EventKind;
use crate::{Error, Result, Timestamp, error::Kind, models, stream::Document};

/// An event of the engine.
///
/// The fields are the same for all engine versions, although old engines send other fields than newer ones.
///
/// # Attributes
///
/// The keys depend on the kind and the action. The labels of a container or image are among them. Common keys are:
///
/// | kind | key | value |
/// |---|---|---|
/// | container | `name`, `image` | name of the container and of its image |
/// | container | `exitCode` | exit code, of `die` and `exec_die` |
/// | container | `signal` | number of the signal, of `kill` |
/// | container | `execID` | id of the command, of `exec_create`, `exec_start` and `exec_die` |
/// | container | `oldName` | former name, of `rename` |
/// | image | `name` | name of the image |
/// | network | `name`, `type` | name and driver of the network |
/// | network | `container` | id of the container, of `connect` and `disconnect` |
/// | volume | `driver` | driver of the volume |
/// | volume | `container`, `destination` | id of the container and path in it, of `mount` |
/// | service, node, secret, config | `name` | name of the object |
/// | service | `image.old`, `image.new` | image before and after an `update` that changes it |
/// | service | `replicas.old`, `replicas.new` | number of tasks before and after an `update` that changes it |
/// | service | `updatestate.old`, `updatestate.new` | state of the service's update, before and after a change |
/// | node | `state.old`, `state.new` | state before and after a change; also `availability`, `role` |
///
/// Swarm managers send events of services, nodes, secrets and swarm networks since 17.06, and of configs since 17.10.
/// Their actions are `create`, `update` and `remove`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// Kind of the object, for example a container.
    pub kind: EventKind,
    /// Action, for example `start`, `die`, `pull` or `exec_create`.
    pub action: String,
    /// Text after the action: of `exec_create: sh -c ls`, the command `sh -c ls`.
    pub detail: Option<String>,
    /// Id or name of the object.
    pub id: String,
    /// Image of the container, if the object is a container.
    pub image: Option<String>,
    /// Attributes of the object and the action; see [above](#attributes). Empty from engines before 1.10.
    pub attributes: HashMap<String, String>,
    /// Time of the event by the engine's clock, in nanoseconds; in whole seconds from engines before 1.9.
    pub time: Timestamp,
}

impl Event {
    /// Whether a container was removed: Docker's action is `destroy`, Podman's `remove`.
    pub(crate) fn is_removal(&self) -> bool {
        self.kind == EventKind::Container && matches!(&*self.action, "destroy" | "remove")
    }
}

/// Actions of images, for engines that do not send the kind of the object.
const IMAGE_ACTIONS: [&str; 7] = ["delete", "import", "load", "pull", "push", "tag", "untag"];

impl Document for Event {
    type Api = models::Event;

    fn read(raw: models::Event) -> Result<Self> {
        let actor = raw.actor.unwrap_or_default();
        let word = if raw.action.is_empty() { raw.status } else { raw.action };
        let (action, detail) = match word.split_once(": ") {
            Some((action, detail)) => (action.to_owned(), Some(detail.to_owned())),
            None => (word, None),
        };
        let kind = match raw.type_ {
            None if IMAGE_ACTIONS.contains(&&*action) => EventKind::Image,
            None => EventKind::Container,
            Some(kind) => kind,
        };
        let image = Some(raw.from).filter(|from| !from.is_empty());
        Ok(Self {
            image: image.or_else(|| actor.attributes.get("image").cloned().filter(|_| kind == EventKind::Container)),
            kind,
            action,
            detail,
            id: if actor.id.is_empty() { raw.id } else { actor.id },
            attributes: actor.attributes,
            time: raw.time_nano.or(raw.time).ok_or_else(|| Error::new(Kind::Decode("the event has no time".into())))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn decoded(document: &str) -> Event {
        Event::decode(document.as_bytes()).unwrap()
    }

    #[test]
    fn container_event_is_the_same_from_old_and_new_engines() {
        let old = decoded(r#"{"status":"start","id":"f43c","from":"busybox","time":1795470173}"#);
        let new = decoded(
            r#"{"Type":"container","Action":"start","Actor":{"ID":"f43c","Attributes":{"image":"busybox","name":"web"}},
                "scope":"local","time":1795470173,"timeNano":1795470173613420420}"#,
        );
        for event in [&old, &new] {
            assert_eq!((&event.kind, &*event.action, &*event.id), (&EventKind::Container, "start", "f43c"));
            assert_eq!(event.image.as_deref(), Some("busybox"));
            assert_eq!(event.time.unix_seconds(), 1_795_470_173);
        }
        assert_eq!(new.time.to_string(), "2026-11-23T21:42:53.61342042Z");
        assert_eq!(new.attributes["name"], "web");
    }

    #[test]
    fn image_event_has_no_image_field() {
        let old = decoded(r#"{"status":"untag","id":"busybox:latest","time":1}"#);
        assert_eq!((old.kind, old.image), (EventKind::Image, None));
        let new = decoded(
            r#"{"status":"tag","id":"sha256:1","Type":"image","Action":"tag","Actor":{"ID":"sha256:1"},"time":1}"#,
        );
        assert_eq!((new.kind, new.image), (EventKind::Image, None));
    }

    #[test]
    fn event_action_is_split_from_its_detail() {
        let event = decoded(r#"{"status":"exec_create: sh -c echo: ls","id":"f43c","from":"busybox","time":1}"#);
        assert_eq!((&*event.action, event.detail.as_deref()), ("exec_create", Some("sh -c echo: ls")));
    }

    #[test]
    fn event_is_removal() {
        for (kind, action, want) in [
            ("container", "destroy", true),
            ("container", "remove", true),
            ("container", "die", false),
            ("volume", "destroy", false),
            ("image", "remove", false),
        ] {
            let event = decoded(&format!(r#"{{"Type":"{kind}","Action":"{action}","Actor":{{"ID":"x"}},"time":1}}"#));
            assert_eq!(event.is_removal(), want, "{kind} {action}");
        }
    }

    #[test]
    fn unknown_event_kinds_and_actions_are_kept() {
        let event = decoded(r#"{"Type":"dream","Action":"begin","Actor":{"ID":"x","Attributes":null},"time":1}"#);
        assert_eq!((event.kind.as_str(), &*event.action), ("dream", "begin"));
    }

    #[test]
    fn events_round_trip_through_serde() {
        let event = decoded(
            r#"{"Type":"container","Action":"exec_create: ls","Actor":{"ID":"f43c","Attributes":{"name":"web"}},
                "timeNano":1795470173613420420}"#,
        );
        let text = serde_json::to_string(&event).unwrap();
        assert!(text.starts_with(r#"{"kind":"container","action":"exec_create","detail":"ls","id":"f43c""#), "{text}");
        assert!(text.ends_with(r#""time":"2026-11-23T21:42:53.61342042Z"}"#), "{text}");
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
    }

    #[test]
    fn event_without_a_time_is_an_error() {
        assert!(Event::decode(br#"{"Type":"container","Action":"start"}"#).unwrap_err().is_decode());
    }
}
