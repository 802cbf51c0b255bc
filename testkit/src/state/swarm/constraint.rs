//! Constraints on the nodes that the tasks of a service may run on, for example `node.role==worker`.

use std::net::IpAddr;

use serde_json::Value;

use super::node::Node;
use crate::argv::words;

/// A constraint: a property of a node that must or must not have a value.
#[derive(Debug)]
pub(super) struct Constraint {
    key: String,
    equal: bool,
    value: String,
}

/// Parses a list of constraints; the error is the message of the engine.
pub(super) fn parse(constraints: &Value) -> Result<Vec<Constraint>, String> {
    words(constraints).iter().map(|text| Constraint::parse(text)).collect()
}

/// Whether a node satisfies the constraints of the configuration of a service or task.
pub(super) fn node_matches(task_template: &Value, node: &Node) -> bool {
    let constraints = parse(&task_template["Placement"]["Constraints"]).unwrap_or_default();
    constraints.iter().all(|constraint| constraint.matches(node))
}

/// The value of a label of a node, for example of `node.labels.disk`; empty if there is none.
pub(super) fn label<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    let label = strip_prefix(key, "node.labels.")?;
    Some(node.spec["Labels"][label].as_str().unwrap_or_default())
}

fn strip_prefix<'a>(key: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = key.split_at_checked(prefix.len())?;
    (start.eq_ignore_ascii_case(prefix) && !rest.is_empty()).then_some(rest)
}

impl Constraint {
    fn parse(text: &str) -> Result<Self, String> {
        let parts = text.split_once("==").map(|parts| (parts, true));
        let parts = parts.or_else(|| text.split_once("!=").map(|parts| (parts, false)));
        let Some(((key, value), equal)) = parts else {
            return Err("constraint expected one operator from ==, !=".to_owned());
        };
        let (key, value) = (key.trim(), value.trim());
        let begins = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !begins || key.len() < 2 || !key.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
            return Err(format!("key '{key}' is invalid"));
        }
        let is_allowed =
            |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || ":-_.*()?+[]\\^$|/".contains(c);
        if value.is_empty() || !value.chars().all(is_allowed) {
            return Err(format!("value '{value}' is invalid"));
        }
        Ok(Self { key: key.to_owned(), equal, value: value.to_owned() })
    }

    fn matches(&self, node: &Node) -> bool {
        let is = |value: &str| self.value.eq_ignore_ascii_case(value) == self.equal;
        match &*self.key.to_ascii_lowercase() {
            "node.id" => is(&node.meta.id),
            "node.hostname" => is(&node.hostname),
            "node.role" => is(node.role()),
            "node.platform.os" => is("linux"),
            "node.platform.arch" => is("x86_64"),
            "node.ip" => match self.value.parse::<IpAddr>() {
                Ok(ip) => (node.address.parse() == Ok(ip)) == self.equal,
                Err(_) => false,
            },
            _ if strip_prefix(&self.key, "engine.labels.").is_some() => is(""),
            _ => label(node, &self.key).is_some_and(is),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::state::swarm::Swarm;

    #[test]
    fn constraints_compare_properties_and_labels() {
        let mut swarm = Swarm::new(0);
        let node = swarm.add_node("node-2", "192.168.64.2", "worker", "active");
        node.spec["Labels"]["disk"] = json!("ssd");
        let node = &swarm.nodes[0];
        let by_id = format!("node.id=={}", node.meta.id);
        for (constraint, matches) in [
            (&*by_id, true),
            ("node.role == Worker", true),
            ("node.role!=worker", false),
            ("node.hostname==node-3", false),
            ("node.labels.disk==ssd", true),
            ("node.labels.zone!=a", true),
            ("engine.labels.zone==a", false),
            ("node.ip==192.168.64.2", true),
            ("node.color==red", false),
        ] {
            let task_template = json!({ "Placement": { "Constraints": [constraint] } });
            assert_eq!(node_matches(&task_template, node), matches, "{constraint}");
        }
    }

    #[test]
    fn invalid_constraint_error_messages() {
        for (constraint, message) in [
            ("node.role=worker", "constraint expected one operator from ==, !="),
            ("1node==a", "key '1node' is invalid"),
            ("node.role==", "value '' is invalid"),
        ] {
            assert_eq!(parse(&json!([constraint])).unwrap_err(), message);
        }
    }
}
