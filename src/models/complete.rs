//! Serialization of models with all fields, as engines send them.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::{ApiVersion, generated::serialize_complete::Versioned};

/// A type of this module, or a list of one. This trait is sealed.
pub trait Model: crate::generated::serialize_complete::Complete {}

impl<T: Model> Model for [T] {}

impl<T: Model> Model for Vec<T> {}

/// Serializes a model with all of its fields, in the order in which engines send them.
///
/// Use it to print or store a response, as `docker inspect` does. A model's own `Serialize` is for requests: it omits empty
/// fields.
///
/// ```
/// use dockerclient::models::{self, RestartPolicy};
///
/// let policy = RestartPolicy::always();
/// assert_eq!(serde_json::to_string(&policy)?, r#"{"Name":"always"}"#);
/// assert_eq!(serde_json::to_string(&models::complete(&policy))?, r#"{"Name":"always","MaximumRetryCount":0}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// Use `to_string` or `to_writer`: a `serde_json::Value` sorts fields by name, unless its feature `preserve_order` is on.
pub fn complete<T: Model + ?Sized>(model: &T) -> Complete<'_, T> {
    Complete { model, version: ApiVersion::NEWEST }
}

/// A model that is serialized with all of its fields; see [`complete`].
///
/// Secrets are not redacted.
///
/// An empty field is serialized as Go's zero value: `""`, `0`, `false`, `[]`, `{}`, and `0001-01-01T00:00:00Z` for a
/// timestamp. It is `null` if absent and zero mean different things, so that the field is an `Option`.
#[derive(Clone, Copy)]
#[must_use]
pub struct Complete<'a, T: ?Sized> {
    model: &'a T,
    version: ApiVersion,
}

impl<T: ?Sized> Complete<'_, T> {
    /// Omits empty fields that this API version does not have.
    ///
    /// Defaults to [`ApiVersion::NEWEST`]. Fields that are not empty are always serialized.
    pub fn for_version(mut self, version: ApiVersion) -> Self {
        self.version = version;
        self
    }
}

impl<T: Model + ?Sized> Serialize for Complete<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Versioned { value: self.model, version: self.version }.serialize(serializer)
    }
}

/// Redacts secrets, as the `Debug` of the model does.
impl<T: fmt::Debug + ?Sized> fmt::Debug for Complete<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Complete").field("model", &self.model).field("version", &self.version).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{ContainerCreate, ContainerInspect, ContainerState, Event, Healthcheck, Network, Volume};

    fn written<T: Model + ?Sized>(model: &T) -> String {
        serde_json::to_string(&complete(model)).unwrap()
    }

    #[track_caller]
    fn decoded<T: serde::de::DeserializeOwned>(document: &str) -> T {
        serde_json::from_str(document).unwrap()
    }

    /// The names of the top-level fields of a document, in its order.
    fn names(document: &str) -> Vec<String> {
        struct Names(Vec<String>);

        impl<'de> serde::Deserialize<'de> for Names {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Keys;
                impl<'de> serde::de::Visitor<'de> for Keys {
                    type Value = Names;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                        let mut names = Vec::new();
                        while let Some((name, serde::de::IgnoredAny)) = map.next_entry()? {
                            names.push(name);
                        }
                        Ok(Names(names))
                    }
                }
                deserializer.deserialize_map(Keys)
            }
        }

        decoded::<Names>(document).0
    }

    #[test]
    fn complete_has_empty_fields_in_the_order_of_engines() {
        let state = ContainerState { running: true, pid: 7, ..Default::default() };
        assert_eq!(
            written(&state),
            r#"{"Status":"","Running":true,"Paused":false,"Restarting":false,"OOMKilled":false,"Dead":false,"Pid":7,"#
                .to_owned()
                + r#""ExitCode":0,"Error":"","StartedAt":"0001-01-01T00:00:00Z","FinishedAt":"0001-01-01T00:00:00Z","#
                + r#""Health":null}"#
        );
        assert_eq!(
            written(&Volume { name: "data".into(), ..Default::default() }),
            r#"{"ClusterVolume":null,"CreatedAt":"0001-01-01T00:00:00Z","Driver":"","Labels":{},"Mountpoint":"","#
                .to_owned()
                + r#""Name":"data","Options":{},"Scope":"","Status":null,"UsageData":null}"#
        );
    }

    /// The order of Docker 20.10, except for fields that it does not have.
    #[test]
    fn complete_container_has_the_order_of_engines() {
        let names = names(&written(&ContainerInspect { id: "f43c".into(), ..Default::default() }));
        let engine = [
            "Id",
            "Created",
            "Path",
            "Args",
            "State",
            "Image",
            "ResolvConfPath",
            "HostnamePath",
            "HostsPath",
            "LogPath",
            "Name",
            "RestartCount",
            "Driver",
            "Platform",
            "MountLabel",
            "ProcessLabel",
            "AppArmorProfile",
            "ExecIDs",
            "HostConfig",
            "GraphDriver",
            "Mounts",
            "Config",
            "NetworkSettings",
        ];
        let common: Vec<_> = names.iter().filter(|name| engine.contains(&name.as_str())).collect();
        assert_eq!(common, engine);
    }

    #[test]
    fn complete_round_trips() {
        let document = r#"{"Id":"f43c","Created":"2026-11-23T21:42:53.5Z","Name":"/web","State":{"Status":"running"},
            "Config":{"Env":["A=b"],"ExposedPorts":{"80/tcp":{}},"StopTimeout":-1,"Labels":{"b":"1","a":"2"}},
            "HostConfig":{"RestartPolicy":{"Name":"no"},"PidsLimit":0},"Mounts":[{"Type":"bind","RW":true}]}"#;
        let container: ContainerInspect = decoded(document);
        let all = written(&container);
        assert_eq!(decoded::<ContainerInspect>(&all), container, "{all}");
        assert!(all.contains(r#""Labels":{"a":"2","b":"1"}"#) && all.contains(r#""ExposedPorts":{"80/tcp":{}}"#));
        let check = Healthcheck { test: vec!["NONE".into()], ..Default::default() };
        assert_eq!(decoded::<Healthcheck>(&written(&check)), check);
        let event: Event = decoded(r#"{"time":1795470173,"timeNano":1795470173613420420,"Type":"container"}"#);
        assert_eq!(decoded::<Event>(&written(&event)), event);
        let list = vec![container.clone(), container];
        assert_eq!(decoded::<Vec<ContainerInspect>>(&written(&list)), list);
    }

    #[test]
    fn complete_omits_empty_fields_of_other_versions() {
        let network = Network { id: "1".into(), name: "back".into(), ..Default::default() };
        let at = |version, network: &Network| {
            names(&serde_json::to_string(&complete(network).for_version(version)).unwrap())
        };
        let (old, new) = (ApiVersion::new(1, 24), ApiVersion::new(1, 48));
        let has = |names: &[String]| names.iter().any(|name| name == "EnableIPv4");
        assert_eq!((has(&at(old, &network)), has(&at(new, &network))), (false, true));
        let sent = Network { enable_ipv4: true, ..network };
        assert!(has(&at(old, &sent)), "a field that is not empty is written");
        assert!(!names(&written(&ContainerInspect::default())).iter().any(|name| name == "VolumesRW"));
    }

    #[test]
    fn extended_types_have_the_fields_of_both() {
        let names = names(&written(&ContainerCreate::default()));
        assert_eq!((&*names[0], &**names.last().unwrap()), ("Hostname", "NetworkingConfig"));
    }
}
