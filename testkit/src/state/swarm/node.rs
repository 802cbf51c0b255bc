//! Nodes: the engines that are part of a swarm.

use serde_json::{Value, json};

use super::{Host, Meta, Object, Swarm, cluster, events, object_index, rpc_error, task::TaskState};
use crate::api_error::{ApiError, Result};

/// The port of managers.
pub(crate) const MANAGER_PORT: &str = "2377";

/// CPU time and memory of a node, in billionths of a CPU and in bytes.
pub(super) const RESOURCES: (i64, i64) = (1_000_000_000, 1 << 30);

/// Plugins and built-in drivers, by type.
const PLUGINS: [(&str, &str); 8] = [
    ("Log", "json-file"),
    ("Log", "local"),
    ("Log", "none"),
    ("Network", "bridge"),
    ("Network", "host"),
    ("Network", "null"),
    ("Network", "overlay"),
    ("Volume", "local"),
];

/// A node of a swarm.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) meta: Meta,
    pub(crate) spec: Value,
    pub(crate) hostname: String,
    pub(crate) address: String,
    /// The port of the node, if it is a manager.
    pub(crate) port: String,
    /// Whether the managers can reach it.
    pub(crate) ready: bool,
    pub(crate) engine_version: &'static str,
    pub(crate) host: Host,
}

impl Object for Node {
    const KIND: &'static str = "node";

    fn id(&self) -> &str {
        &self.meta.id
    }

    fn name(&self) -> &str {
        &self.hostname
    }
}

impl Node {
    pub(crate) fn role(&self) -> &str {
        self.spec["Role"].as_str().unwrap_or_default()
    }

    pub(crate) fn is_manager(&self) -> bool {
        self.role() == "manager"
    }

    pub(crate) fn availability(&self) -> &str {
        self.spec["Availability"].as_str().unwrap_or_default()
    }

    pub(super) fn is_drained(&self) -> bool {
        self.availability() == "drain"
    }

    /// Whether new tasks may be assigned to it.
    pub(super) fn accepts_tasks(&self) -> bool {
        self.ready && self.availability() == "active"
    }

    /// The node as JSON. The leader of the managers is the engine itself.
    pub(crate) fn to_json(&self) -> Value {
        let mut document = self.meta.to_json();
        let plugins = PLUGINS.map(|(kind, name)| json!({ "Type": kind, "Name": name }));
        let (cpus, memory) = RESOURCES;
        let mut fields = json!({
            "Spec": self.spec,
            "Description": {
                "Hostname": self.hostname, "Platform": { "Architecture": "x86_64", "OS": "linux" },
                "Resources": { "NanoCPUs": cpus, "MemoryBytes": memory },
                "Engine": { "EngineVersion": self.engine_version, "Plugins": plugins }, "TLSInfo": cluster::tls_info(),
            },
            "Status": {
                "State": self.state(), "Message": if self.ready { "" } else { "heartbeat failure" },
                "Addr": self.address,
            },
        });
        if self.is_manager() {
            fields["ManagerStatus"] = json!({
                "Leader": matches!(self.host, Host::Engine), "Addr": format!("{}:{}", self.address, self.port),
                "Reachability": if self.ready { "reachable" } else { "unreachable" },
            });
        }
        cluster::extend(&mut document, fields);
        document
    }

    fn state(&self) -> &'static str {
        if self.ready { "ready" } else { "down" }
    }

    /// The name in events.
    fn event_name(&self) -> String {
        let name = self.spec["Name"].as_str().filter(|name| !name.is_empty());
        name.unwrap_or(&self.hostname).to_owned()
    }
}

impl Swarm {
    /// The node with this id.
    pub(crate) fn node(&self, id: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.meta.id == id)
    }

    /// The number of managers.
    pub(crate) fn managers(&self) -> usize {
        self.nodes.iter().filter(|node| node.is_manager()).count()
    }

    /// Adds a node to the swarm.
    pub(crate) fn add_node(&mut self, hostname: &str, address: &str, role: &str, availability: &str) -> &mut Node {
        let (meta, index) = (self.new_meta(), self.nodes.len());
        self.nodes.push(Node {
            meta,
            spec: json!({ "Labels": {}, "Role": role, "Availability": availability }),
            hostname: hostname.to_owned(),
            address: address.to_owned(),
            port: MANAGER_PORT.to_owned(),
            ready: true,
            engine_version: "",
            host: Host::Engine,
        });
        let id = self.nodes[index].meta.id.clone();
        let joined = [("state", Some("unknown".to_owned()), Some("ready".to_owned()))];
        let attributes = events::changes(hostname, joined);
        self.event("node", "update", &id, attributes);
        &mut self.nodes[index]
    }

    /// Replaces the configuration of a node.
    pub(crate) fn update_node(&mut self, name: &str, version: u64, mut spec: Value) -> Result<()> {
        let role = spec["Role"].as_str().unwrap_or_default().to_lowercase();
        let availability = spec["Availability"].as_str().unwrap_or_default().to_lowercase();
        if !matches!(&*role, "worker" | "manager") {
            return Err(ApiError::new(400, format!("invalid Role: {role:?}")));
        }
        if !matches!(&*availability, "active" | "pause" | "drain") {
            return Err(ApiError::new(400, format!("invalid Availability: {availability:?}")));
        }
        if !spec["Labels"].is_object() {
            spec["Labels"] = json!({});
        }
        (spec["Role"], spec["Availability"]) = (json!(role), json!(availability));
        let index = object_index(&self.nodes, name)?;
        if self.nodes[index].is_manager() && role == "worker" && self.managers() == 1 {
            return Err(rpc_error("FailedPrecondition", "attempting to demote the last manager of the swarm"));
        }
        self.nodes[index].meta.require_version(version)?;
        let version = self.next_version();
        let node = &mut self.nodes[index];
        let old = std::mem::replace(&mut node.spec, spec);
        node.meta.touch(version);
        let changed = |field: &str| {
            let text = |spec: &Value| spec[field].as_str().map(str::to_owned);
            (text(&old), text(&node.spec))
        };
        let ((old_availability, availability), (old_role, role)) = (changed("Availability"), changed("Role"));
        let attributes = events::changes(
            &node.event_name(),
            [("availability", old_availability, availability), ("role", old_role, role)],
        );
        let id = node.meta.id.clone();
        self.event("node", "update", &id, attributes);
        Ok(())
    }

    /// Records whether the managers can reach a node.
    pub(crate) fn set_node_ready(&mut self, index: usize, ready: bool) {
        if self.nodes[index].ready == ready {
            return;
        }
        let version = self.next_version();
        let node = &mut self.nodes[index];
        let old = node.state().to_owned();
        node.ready = ready;
        node.meta.touch(version);
        let attributes = events::changes(&node.event_name(), [("state", Some(old), Some(node.state().to_owned()))]);
        let id = node.meta.id.clone();
        self.event("node", "update", &id, attributes);
    }

    /// Removes a node, and returns the engine that ran its containers.
    pub(crate) fn remove_node(&mut self, name: &str, force: bool) -> Result<Host> {
        let index = object_index(&self.nodes, name)?;
        let (node, id) = (&self.nodes[index], self.nodes[index].meta.id.clone());
        if node.is_manager() {
            let message = format!(
                "node {id} is a cluster manager and is a member of the raft cluster. It must be demoted to worker \
                 before removal"
            );
            return Err(rpc_error("FailedPrecondition", message));
        }
        if !force && node.ready {
            return Err(rpc_error("FailedPrecondition", format!("node {id} is not down and can't be removed")));
        }
        for index in 0..self.tasks.len() {
            let task = &mut self.tasks[index];
            if task.node == id && task.status.state < TaskState::Complete {
                (task.container, task.runs) = (None, false);
                self.set_status(index, TaskState::Orphaned, "Task belonged to a node that has been deleted", "");
            }
        }
        let node = self.nodes.remove(index);
        self.next_version();
        let attributes = events::changes(&node.event_name(), []);
        self.event("node", "remove", &id, attributes);
        Ok(node.host)
    }
}
