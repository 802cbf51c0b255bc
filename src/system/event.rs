//! An event, in one shape whatever engine sent it.

use std::collections::HashMap;

use crate::{Result, Timestamp, models, stream::Document};

/// Something that happened in the engine.
///
/// Old engines send four fields, newer ones more and not always those four; this
/// is what they mean.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// What it happened to.
    pub kind: EventKind,
    /// What happened: `start`, `die`, `pull`, `exec_create`.
    pub action: String,
    /// What stands behind the action: of `exec_create: sh -c ls`, the command `sh -c ls`.
    pub detail: Option<String>,
    /// The id, or name, of what it happened to.
    pub id: String,
    /// The image, of a container.
    pub image: Option<String>,
    /// What else is known: the name, labels, the exit code. Engines before 1.10 tell nothing more.
    pub attributes: HashMap<String, String>,
    /// When it happened, by the engine's clock: to the nanosecond, or to the second from engines before 1.9.
    pub time: Timestamp,
}

/// What an event is about.
///
/// Engines learn new words; one that is not known here is [`Other`](Self::Other).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// A container, or a command in one.
    Container,
    /// An image.
    Image,
    /// A volume.
    Volume,
    /// A network.
    Network,
    /// The engine itself.
    Daemon,
    /// A word that is not known here.
    Other(String),
}

impl EventKind {
    /// The engine's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Container => "container",
            Self::Image => "image",
            Self::Volume => "volume",
            Self::Network => "network",
            Self::Daemon => "daemon",
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for EventKind {
    fn from(word: &str) -> Self {
        let known = [Self::Container, Self::Image, Self::Volume, Self::Network, Self::Daemon];
        known.into_iter().find(|kind| kind.as_str() == word).unwrap_or_else(|| Self::Other(word.to_owned()))
    }
}

/// What engines that do not tell the kind call the actions of images.
const IMAGE_ACTIONS: [&str; 7] = ["delete", "import", "load", "pull", "push", "tag", "untag"];

impl Document for Event {
    type Wire = models::Event;

    fn read(raw: models::Event) -> Result<Self> {
        let actor = raw.actor.unwrap_or_default();
        let word = if raw.action.is_empty() { raw.status } else { raw.action };
        let (action, detail) = match word.split_once(": ") {
            Some((action, detail)) => (action.to_owned(), Some(detail.to_owned())),
            None => (word, None),
        };
        let kind = match &*raw.type_ {
            "" if IMAGE_ACTIONS.contains(&&*action) => EventKind::Image,
            "" => EventKind::Container,
            kind => kind.into(),
        };
        let image = Some(raw.from).filter(|from| !from.is_empty());
        Ok(Self {
            image: image.or_else(|| actor.attributes.get("image").cloned().filter(|_| kind == EventKind::Container)),
            kind,
            action,
            detail,
            id: if actor.id.is_empty() { raw.id } else { actor.id },
            attributes: actor.attributes,
            time: match raw.time_nano {
                0 => Timestamp::from_unix_seconds(raw.time)?,
                nanoseconds => Timestamp::from_unix_nanoseconds(nanoseconds),
            },
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
    fn engines_of_every_age_tell_the_same_of_a_container() {
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
    fn an_event_of_an_image_has_no_image() {
        let old = decoded(r#"{"status":"untag","id":"busybox:latest","time":1}"#);
        assert_eq!((old.kind, old.image), (EventKind::Image, None));
        let new = decoded(
            r#"{"status":"tag","id":"sha256:1","Type":"image","Action":"tag","Actor":{"ID":"sha256:1"},"time":1}"#,
        );
        assert_eq!((new.kind, new.image), (EventKind::Image, None));
    }

    #[test]
    fn what_stands_behind_an_action_is_taken_apart() {
        let event = decoded(r#"{"status":"exec_create: sh -c echo: ls","id":"f43c","from":"busybox","time":1}"#);
        assert_eq!((&*event.action, event.detail.as_deref()), ("exec_create", Some("sh -c echo: ls")));
    }

    #[test]
    fn kinds_and_actions_that_nobody_knows_yet_are_passed_on() {
        let event = decoded(r#"{"Type":"dream","Action":"begin","Actor":{"ID":"x","Attributes":null},"time":1}"#);
        assert_eq!((event.kind.as_str(), &*event.action), ("dream", "begin"));
    }
}
