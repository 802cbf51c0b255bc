//! Assigns tasks to nodes.

use serde_json::Value;

use super::{
    Swarm, constraint,
    node::{Node, RESOURCES},
    task::{Task, TaskState},
};

/// A condition that a node must satisfy for a task, and its explanation if none does.
struct Filter<'a> {
    passes: Box<dyn Fn(&Node) -> bool + 'a>,
    explanation: fn(usize) -> String,
}

fn on_nodes(reason: &str, nodes: usize) -> String {
    let noun = if nodes == 1 { "node" } else { "nodes" };
    format!("{reason} {nodes} {noun}")
}

impl Swarm {
    /// Assigns tasks that have no node, or only a preselected one.
    pub(super) fn schedule(&mut self) {
        let open = |task: &Task| task.is_unassigned() && task.desired <= TaskState::Complete;
        for index in 0..self.tasks.len() {
            if !open(&self.tasks[index]) {
                continue;
            }
            let preselected = !self.tasks[index].node.is_empty();
            match self.find_node(&self.tasks[index]) {
                Ok(node) => {
                    self.tasks[index].node = node;
                    let message = match preselected {
                        true => "scheduler confirmed task can run on preassigned node",
                        false => "scheduler assigned task to node",
                    };
                    self.set_status(index, TaskState::Assigned, message, "");
                }
                Err(reason) => {
                    let error = match (preselected, reason.is_empty()) {
                        (true, _) => reason,
                        (false, true) => "no suitable node".to_owned(),
                        (false, false) => format!("no suitable node ({reason})"),
                    };
                    let status = &self.tasks[index].status;
                    if status.state != TaskState::Pending || status.error != error {
                        self.set_status(index, TaskState::Pending, "pending task scheduling", error);
                    }
                }
            }
        }
    }

    /// The id of the node for a task, or the reasons why there is none.
    fn find_node(&self, task: &Task) -> Result<String, String> {
        let filters = self.filters(task);
        let mut failures = vec![0; filters.len()];
        let mut best: Option<&Node> = None;
        let candidates = self.nodes.iter().filter(|node| task.node.is_empty() || node.meta.id == task.node);
        for node in candidates {
            match filters.iter().position(|filter| !(filter.passes)(node)) {
                Some(failed) => failures[failed] += 1,
                None if best.is_none_or(|best| self.load(node, task) < self.load(best, task)) => best = Some(node),
                None => {}
            }
        }
        if let Some(node) = best {
            return Ok(node.meta.id.clone());
        }
        let mut reasons: Vec<(usize, &Filter<'_>)> =
            failures.into_iter().zip(&filters).filter(|(nodes, _)| *nodes > 0).collect();
        reasons.sort_by_key(|(nodes, _)| std::cmp::Reverse(*nodes));
        let reasons: Vec<String> = reasons.into_iter().map(|(nodes, filter)| (filter.explanation)(nodes)).collect();
        Err(reasons.join("; "))
    }

    fn filters<'a>(&'a self, task: &'a Task) -> Vec<Filter<'a>> {
        let placement = &task.spec["Placement"];
        let reserved = reservations(&task.spec);
        let limit = placement["MaxReplicas"].as_u64().unwrap_or_default();
        let (cpus, memory) = RESOURCES;
        vec![
            Filter {
                passes: Box::new(Node::accepts_tasks),
                explanation: |nodes| match nodes {
                    1 => "1 node not available for new tasks".to_owned(),
                    _ => format!("{nodes} nodes not available for new tasks"),
                },
            },
            Filter {
                passes: Box::new(move |node| {
                    let used = self.active_on(node).map(|task| reservations(&task.spec));
                    let used = used.fold(reserved, |sum, more| (sum.0 + more.0, sum.1 + more.1));
                    reserved == (0, 0) || (used.0 <= cpus && used.1 <= memory)
                }),
                explanation: |nodes| on_nodes("insufficient resources on", nodes),
            },
            Filter {
                passes: Box::new(move |node| constraint::node_matches(&task.spec, node)),
                explanation: |nodes| on_nodes("scheduling constraints not satisfied on", nodes),
            },
            Filter {
                passes: Box::new(move |_| supports_platform(placement)),
                explanation: |nodes| on_nodes("unsupported platform on", nodes),
            },
            Filter {
                passes: Box::new(move |node| {
                    let mut taken = self.active_on(node).flat_map(|other| host_ports(&other.ports));
                    !taken.any(|port| host_ports(&task.ports).any(|requested| requested == port))
                }),
                explanation: |nodes| on_nodes("host-mode port already in use on", nodes),
            },
            Filter {
                passes: Box::new(move |node| limit == 0 || self.count_on(node, task) < limit),
                explanation: |_| "max replicas per node limit exceed".to_owned(),
            },
        ]
    }

    /// The tasks that run or will run on a node.
    fn active_on<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = &'a Task> {
        self.tasks.iter().filter(move |task| {
            task.node == node.meta.id && !task.is_unassigned() && task.desired <= TaskState::Complete && !task.is_over()
        })
    }

    /// The number of active tasks of the same service on a node.
    fn count_on(&self, node: &Node, task: &Task) -> u64 {
        let same = self.active_on(node).filter(|other| other.service == task.service);
        u64::try_from(same.count()).unwrap_or(u64::MAX)
    }

    /// The load of a node; the task is assigned to the node with the least one. Labels over which tasks are spread come
    /// first, then tasks of the same service, then all tasks.
    fn load(&self, node: &Node, task: &Task) -> Vec<u64> {
        let preferences = task.spec["Placement"]["Preferences"].as_array().into_iter().flatten();
        let labels = preferences.filter_map(|preference| preference["Spread"]["SpreadDescriptor"].as_str());
        let per_label = labels.map(|key| {
            let value = constraint::label(node, key);
            let alike = self.nodes.iter().filter(|other| constraint::label(other, key) == value);
            alike.map(|other| self.count_on(other, task)).sum::<u64>()
        });
        let mut load: Vec<u64> = per_label.collect();
        load.push(self.count_on(node, task));
        load.push(u64::try_from(self.active_on(node).count()).unwrap_or(u64::MAX));
        load
    }
}

/// The CPU time and memory that are reserved for a task.
fn reservations(task_template: &Value) -> (i64, i64) {
    let reservations = &task_template["Resources"]["Reservations"];
    let number = |field: &str| reservations[field].as_i64().unwrap_or_default();
    (number("NanoCPUs"), number("MemoryBytes"))
}

/// Whether the image of a task supports the platform of the nodes, which all have the same.
fn supports_platform(placement: &Value) -> bool {
    let platforms = placement["Platforms"].as_array().filter(|platforms| !platforms.is_empty());
    platforms.is_none_or(|platforms| {
        platforms.iter().any(|platform| {
            matches!(platform["Architecture"].as_str(), None | Some("" | "amd64" | "x86_64"))
                && matches!(platform["OS"].as_str(), None | Some("" | "linux"))
        })
    })
}

/// The ports that a task publishes on its node, with their protocols.
fn host_ports(ports: &[Value]) -> impl Iterator<Item = (&Value, &Value)> {
    let of_host = ports.iter().filter(|port| port["PublishMode"] == "host" && port["PublishedPort"].as_u64() > Some(0));
    of_host.map(|port| (&port["PublishedPort"], &port["Protocol"]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::state::swarm::{service::Service, tests::swarm_of};

    fn place(swarm: &mut Swarm, task_template: &Value, count: u64) -> Vec<String> {
        let service = Service::of_tests(swarm, json!({ "Name": "web", "TaskTemplate": task_template }));
        let first = swarm.tasks.len();
        for number in 1..=count {
            swarm.add_task(&service, &(number, String::new()), TaskState::Running);
            swarm.schedule();
        }
        let place = |task: &Task| match swarm.node(&task.node) {
            Some(node) => node.hostname.clone(),
            None => task.status.error.clone(),
        };
        swarm.tasks[first..].iter().map(place).collect()
    }

    #[test]
    fn tasks_are_spread_over_the_nodes() {
        let mut swarm = swarm_of(3);
        assert_eq!(place(&mut swarm, &json!({}), 4), ["fake-engine", "node-2", "node-3", "fake-engine"]);
        let on_workers = json!({ "Placement": { "Constraints": ["node.role==worker"] } });
        assert_eq!(place(&mut swarm, &on_workers, 2), ["node-2", "node-3"]);
    }

    #[test]
    fn tasks_are_spread_over_labels_first() {
        let mut swarm = swarm_of(3);
        for (index, zone) in ["a", "a", "b"].into_iter().enumerate() {
            swarm.nodes[index].spec["Labels"]["zone"] = json!(zone);
        }
        let spread = json!({ "Spread": { "SpreadDescriptor": "node.labels.zone" } });
        let placed = place(&mut swarm, &json!({ "Placement": { "Preferences": [spread] } }), 4);
        assert_eq!(placed, ["fake-engine", "node-3", "node-2", "node-3"]);
    }

    #[test]
    fn tasks_without_a_suitable_node_are_pending() {
        let mut swarm = swarm_of(3);
        swarm.nodes[0].spec["Availability"] = json!("drain");
        for (task_template, reasons) in [
            (
                json!({ "Placement": { "Constraints": ["node.labels.disk==ssd"] } }),
                "scheduling constraints not satisfied on 2 nodes; 1 node not available for new tasks",
            ),
            (
                json!({ "Resources": { "Reservations": { "MemoryBytes": 2_i64 << 30 } } }),
                "insufficient resources on 2 nodes; 1 node not available for new tasks",
            ),
            (
                json!({ "Placement": { "Platforms": [{ "OS": "windows" }] } }),
                "unsupported platform on 2 nodes; 1 node not available for new tasks",
            ),
        ] {
            assert_eq!(place(&mut swarm, &task_template, 1), [format!("no suitable node ({reasons})")]);
        }
    }

    #[test]
    fn max_replicas_limit_the_tasks_of_a_node() {
        let mut swarm = swarm_of(2);
        let placed = place(&mut swarm, &json!({ "Placement": { "MaxReplicas": 1 } }), 3);
        assert_eq!(placed, ["fake-engine", "node-2", "no suitable node (max replicas per node limit exceed)"]);
    }
}
