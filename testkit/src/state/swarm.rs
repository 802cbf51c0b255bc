//! The swarm that the engine is a manager of: its objects, their metadata, and their lookup.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{SharedState, State, ids, network::Network};
use crate::api_error::{ApiError, Result};

pub(crate) mod cluster;
pub(crate) mod constraint;
mod events;
mod jobs;
pub(crate) mod membership;
pub(crate) mod networks;
pub(crate) mod node;
pub(crate) mod orchestrator;
mod placement;
mod restart;
mod rollout;
pub(crate) mod service;
pub(crate) mod service_spec;
pub(crate) mod stored;
pub(crate) mod task;
pub(crate) mod task_container;
mod validate;

use self::{
    cluster::Cluster,
    events::SwarmEvent,
    node::Node,
    orchestrator::Removed,
    service::Service,
    stored::{Config, Secret, Stored},
    task::Task,
};

/// A swarm with its objects.
#[derive(Debug)]
pub(crate) struct Swarm {
    pub(crate) cluster: Cluster,
    /// The first one is the engine itself.
    pub(crate) nodes: Vec<Node>,
    pub(crate) services: Vec<Service>,
    /// Oldest first.
    pub(crate) tasks: Vec<Task>,
    pub(crate) secrets: Vec<Stored<Secret>>,
    pub(crate) configs: Vec<Stored<Config>>,
    /// The networks of the engine, when a service was last created or updated.
    networks: Vec<Network>,
    /// The last address in each network.
    addresses: BTreeMap<String, u32>,
    /// Whether the engine was restarted and needs the unlock key.
    pub(crate) locked: bool,
    /// Whether something has changed since the orchestrator ran last.
    pub(crate) changed: bool,
    /// Events that were not published yet.
    events: Vec<SwarmEvent>,
    /// Containers of removed tasks.
    removed: Vec<Removed>,
    /// The number of changes so far, from which the versions of objects are taken.
    changes: u64,
    /// The number of ids so far.
    serial: u64,
}

/// The engine that runs the containers of a node.
#[derive(Clone, Debug)]
pub(crate) enum Host {
    /// The fake engine itself.
    Engine,
    /// Another engine, which clients cannot connect to.
    Other(Arc<SharedState>),
}

/// The id, version and times that each object of a swarm has.
#[derive(Clone, Debug)]
pub(crate) struct Meta {
    pub(crate) id: String,
    pub(crate) version: u64,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

/// An object of a swarm.
pub(crate) trait Object {
    /// The kind of the object, as error messages contain it, for example `service`.
    const KIND: &'static str;

    fn id(&self) -> &str;

    /// The name; empty if the object has none.
    fn name(&self) -> &str;
}

impl Meta {
    /// The metadata as JSON, as `inspect` contains it: `ID`, `Version`, `CreatedAt` and `UpdatedAt`.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "ID": self.id, "Version": { "Index": self.version }, "CreatedAt": self.created.to_string(),
            "UpdatedAt": self.updated.to_string(),
        })
    }

    /// Returns an error unless `version` is the current version of the object.
    pub(crate) fn require_version(&self, version: u64) -> Result<()> {
        match version == self.version {
            true => Ok(()),
            false => Err(rpc_error("Unknown", "update out of sequence")),
        }
    }

    /// Records a change of the object, which then has this version.
    pub(crate) fn touch(&mut self, version: u64) {
        (self.version, self.updated) = (version, Timestamp::now());
    }
}

/// An error of the managers of the swarm, with the gRPC code that they report it with.
pub(crate) fn rpc_error(code: &str, message: impl AsRef<str>) -> ApiError {
    let status = match code {
        "InvalidArgument" | "FailedPrecondition" => 400,
        "NotFound" => 404,
        "AlreadyExists" => 409,
        "Unimplemented" => 501,
        _ => 500,
    };
    ApiError::new(status, format!("rpc error: code = {code} desc = {}", message.as_ref()))
}

impl Swarm {
    /// A swarm without nodes. Its ids are made from the serial numbers that follow `serial`.
    fn new(serial: u64) -> Self {
        Self {
            cluster: Cluster::new(serial),
            nodes: Vec::new(),
            services: Vec::new(),
            tasks: Vec::new(),
            secrets: Vec::new(),
            configs: Vec::new(),
            networks: Vec::new(),
            addresses: BTreeMap::new(),
            locked: false,
            changed: true,
            events: Vec::new(),
            removed: Vec::new(),
            changes: 1,
            serial: serial + cluster::SERIALS,
        }
    }

    /// The version of the next change.
    pub(crate) fn next_version(&mut self) -> u64 {
        self.changed = true;
        self.changes += 1;
        self.changes
    }

    /// A new id: 25 letters and digits, the same in every run of a test.
    pub(crate) fn new_id(&mut self) -> String {
        self.serial += 1;
        ids::swarm_id(self.serial)
    }

    /// The metadata of a new object.
    pub(crate) fn new_meta(&mut self) -> Meta {
        let (id, version, now) = (self.new_id(), self.next_version(), Timestamp::now());
        Meta { id, version, created: now, updated: now }
    }

    /// Adds an event for a change of an object: `create`, `update` or `remove`.
    pub(crate) fn event(
        &mut self,
        kind: &'static str,
        action: &'static str,
        id: &str,
        attributes: BTreeMap<String, String>,
    ) {
        self.events.push(SwarmEvent { kind, action, id: id.to_owned(), attributes });
    }
}

impl State {
    /// Changes the swarm, if the engine is a manager of one, and publishes its events.
    pub(crate) fn change_swarm<T>(&mut self, change: impl FnOnce(&mut Swarm) -> Result<T>) -> Result<T> {
        let outcome = change(self.manager_mut()?);
        self.publish_swarm_events();
        outcome
    }
}

/// The object with this id, name or unique id prefix.
pub(crate) fn find_object<'a, T: Object>(objects: &'a [T], name: &str) -> Result<&'a T> {
    object_index(objects, name).map(|index| &objects[index])
}

/// The index of the object with this id, name or unique id prefix.
pub(crate) fn object_index<T: Object>(objects: &[T], name: &str) -> Result<usize> {
    let matches = |fits: &dyn Fn(&T) -> bool| -> Vec<usize> {
        (0..objects.len()).filter(|index| fits(&objects[*index])).collect()
    };
    let found = matches(&|object| object.id() == name);
    let found = if found.is_empty() { matches(&|object| !name.is_empty() && object.name() == name) } else { found };
    let found = if found.is_empty() { matches(&|object| object.id().starts_with(name)) } else { found };
    match found[..] {
        [index] => Ok(index),
        [] => Err(ApiError::not_found(format!("{} {name} not found", T::KIND))),
        _ => Err(ApiError::new(400, format!("{} {name} is ambiguous ({} matches found)", T::KIND, found.len()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A swarm with this number of nodes, of which the first is the manager.
    pub(super) fn swarm_of(nodes: usize) -> Swarm {
        let mut swarm = Swarm::new(0);
        swarm.add_node(membership::HOSTNAME, "192.168.64.1", "manager", "active");
        for number in 2..=nodes {
            swarm.add_node(&format!("node-{number}"), &format!("192.168.64.{number}"), "worker", "active");
        }
        swarm
    }

    struct Thing(&'static str, &'static str);

    impl Object for Thing {
        const KIND: &'static str = "thing";

        fn id(&self) -> &str {
            self.0
        }

        fn name(&self) -> &str {
            self.1
        }
    }

    #[test]
    fn objects_are_found_by_id_name_and_unique_prefix() {
        let things = [Thing("ab1", "web"), Thing("ab2", "db"), Thing("xyz", "ab1")];
        for (name, index) in [("ab1", 0), ("web", 0), ("x", 2), ("db", 1)] {
            assert_eq!(object_index(&things, name), Ok(index), "{name}");
        }
        let error = object_index(&things, "ab").unwrap_err();
        assert_eq!((error.status, &*error.message), (400, "thing ab is ambiguous (2 matches found)"));
        let error = object_index(&things, "q").unwrap_err();
        assert_eq!((error.status, &*error.message), (404, "thing q not found"));
    }
}
