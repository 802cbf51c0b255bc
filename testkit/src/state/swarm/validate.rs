//! Checks specifications of services, with the errors of the swarm's managers.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Object as _, Swarm, constraint, rpc_error,
    service::{Mode, Service},
};
use crate::api_error::{ApiError, Result};

/// The smallest CPU time and memory that can be limited or reserved, in billionths of a CPU and in bytes.
const MIN_RESOURCES: (i64, i64) = (1_000_000, 4 << 20);

/// The shortest time of a health check, in nanoseconds.
const MIN_HEALTH_CHECK: i64 = 1_000_000;

fn invalid(message: impl AsRef<str>) -> ApiError {
    rpc_error("InvalidArgument", message)
}

impl Swarm {
    /// Returns an error if a service cannot have this specification. `id` is the id of the service, if it exists.
    pub(super) fn check_service(&self, spec: &Value, id: Option<&str>) -> Result<()> {
        check_name(spec["Name"].as_str().unwrap_or_default())?;
        let task_template = &spec["TaskTemplate"];
        check_task_template(task_template)?;
        if Mode::of(spec).is_job() {
            if spec["UpdateConfig"].is_object() {
                return Err(invalid("Jobs may not have an update config"));
            }
        } else {
            check_update_config(&spec["UpdateConfig"])?;
        }
        check_endpoint(&spec["EndpointSpec"])?;
        for service in self.services.iter().filter(|service| Some(&*service.meta.id) != id) {
            check_ports(&spec["EndpointSpec"], service)?;
        }
        self.check_references(&task_template["ContainerSpec"])
    }
}

/// Returns an error unless `name` is a valid name of a service.
fn check_name(name: &str) -> Result<()> {
    let letter = |c: char| c.is_ascii_alphanumeric();
    if name.is_empty() {
        return Err(invalid("meta: name must be provided"));
    }
    if !name.starts_with(letter) || !name.ends_with(letter) || !name.chars().all(|c| letter(c) || "-_".contains(c)) {
        return Err(invalid("name must be valid as a DNS name component"));
    }
    if name.len() > 63 {
        return Err(invalid("name must be 63 characters or fewer"));
    }
    Ok(())
}

fn check_task_template(task_template: &Value) -> Result<()> {
    for resources in ["Limits", "Reservations"] {
        let resources = &task_template["Resources"][resources];
        let number = |field: &str| resources[field].as_i64().unwrap_or_default();
        let (cpus, memory) = (number("NanoCPUs"), number("MemoryBytes"));
        if cpus != 0 && cpus < MIN_RESOURCES.0 {
            let message = format!("invalid cpu value {}: Must be at least 0.001", as_cpus(cpus));
            return Err(invalid(message));
        }
        if memory != 0 && memory < MIN_RESOURCES.1 {
            return Err(invalid(format!("invalid memory value {memory}: Must be at least 4MiB")));
        }
    }
    for (field, what) in [("Delay", "restart-delay"), ("Window", "restart-window")] {
        if task_template["RestartPolicy"][field].as_i64().is_some_and(|time| time < 0) {
            return Err(invalid(format!("TaskSpec: {what} cannot be negative")));
        }
    }
    constraint::parse(&task_template["Placement"]["Constraints"]).map_err(|error| rpc_error("Unknown", error))?;
    check_container(&task_template["ContainerSpec"])
}

/// A number of CPUs as Go formats it.
fn as_cpus(billionths: i64) -> String {
    let digits = format!("0.{billionths:09}");
    digits.trim_end_matches('0').to_owned()
}

fn check_container(container: &Value) -> Result<()> {
    for kind in ["secret", "config"] {
        check_targets(kind, container)?;
    }
    let image = container["Image"].as_str().unwrap_or_default();
    if image.is_empty() {
        return Err(invalid("ContainerSpec: image reference must be provided"));
    }
    let (name, _) = image.split_once('@').unwrap_or((image, ""));
    let (name, tag) = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (name, ""),
    };
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/:".contains(c);
    let is_valid = name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_allowed);
    if !is_valid || tag.contains(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c)) {
        return Err(invalid(format!("ContainerSpec: {image:?} is not a valid repository/tag")));
    }
    let mut targets: Vec<&str> = Vec::new();
    for mount in container["Mounts"].as_array().into_iter().flatten() {
        let target = mount["Target"].as_str().unwrap_or_default();
        if targets.contains(&target) {
            return Err(invalid(format!("ContainerSpec: duplicate mount point: {target}")));
        }
        targets.push(target);
    }
    for field in ["Interval", "Timeout", "StartPeriod"] {
        let time = container["Healthcheck"][field].as_i64().unwrap_or_default();
        if time != 0 && time < MIN_HEALTH_CHECK {
            return Err(invalid(format!("ContainerSpec: {field} in HealthConfig cannot be less than 1ms")));
        }
    }
    if container["Healthcheck"]["Retries"].as_i64().is_some_and(|retries| retries < 0) {
        return Err(invalid("ContainerSpec: Retries in HealthConfig cannot be negative"));
    }
    Ok(())
}

/// The references of a container to objects of a kind, `secret` or `config`.
pub(super) fn references<'a>(kind: &str, container: &'a Value) -> impl Iterator<Item = Reference<'a>> {
    let (list, id, name) = match kind {
        "secret" => ("Secrets", "SecretID", "SecretName"),
        _ => ("Configs", "ConfigID", "ConfigName"),
    };
    container[list].as_array().into_iter().flatten().map(move |reference| {
        let text = |field: &str| reference[field].as_str().unwrap_or_default();
        Reference { id: text(id), name: text(name), file: &reference["File"], runtime: &reference["Runtime"] }
    })
}

/// A reference of a container to a secret or config.
pub(super) struct Reference<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) file: &'a Value,
    runtime: &'a Value,
}

impl<'a> Reference<'a> {
    /// The name or path of the file that the container reads.
    pub(super) fn target(&self) -> &'a str {
        self.file["Name"].as_str().unwrap_or_default()
    }
}

fn check_targets(kind: &str, container: &Value) -> Result<()> {
    let mut targets: BTreeMap<&str, &str> = BTreeMap::new();
    for reference in references(kind, container) {
        if reference.id.is_empty() || reference.name.is_empty() {
            return Err(invalid(format!("malformed {kind} reference")));
        }
        if !reference.file.is_object() {
            // Configs can also be a part of the runtime's configuration.
            if kind == "config" && reference.runtime.is_object() {
                continue;
            }
            return Err(invalid(format!("malformed {kind} reference, no target provided")));
        }
        let target = reference.target();
        if target.is_empty() {
            return Err(invalid(format!("malformed file {kind} reference, invalid target file name provided")));
        }
        if let Some(other) = targets.insert(target, reference.name) {
            let message =
                format!("{kind} references '{other}' and '{}' have a conflicting target: '{target}'", reference.name);
            return Err(invalid(message));
        }
    }
    Ok(())
}

fn check_update_config(config: &Value) -> Result<()> {
    for (field, what) in [("Delay", "update-delay"), ("Monitor", "update-monitor")] {
        if config[field].as_i64().is_some_and(|time| time < 0) {
            return Err(invalid(format!("TaskSpec: {what} cannot be negative")));
        }
    }
    let ratio = config["MaxFailureRatio"].as_f64().unwrap_or_default();
    if !(0.0..=1.0).contains(&ratio) {
        return Err(invalid("TaskSpec: update-maxfailureratio cannot be less than 0 or bigger than 1"));
    }
    Ok(())
}

fn ports(endpoint: &Value) -> impl Iterator<Item = &Value> {
    endpoint["Ports"].as_array().into_iter().flatten()
}

/// The number of a published port; `None` if the swarm chooses it.
fn number(port: &Value) -> Option<u64> {
    port["PublishedPort"].as_u64().filter(|number| *number > 0)
}

fn check_endpoint(endpoint: &Value) -> Result<()> {
    let mut taken = Vec::new();
    for port in ports(endpoint) {
        if endpoint["Mode"] == "dnsrr" && port["PublishMode"] == "ingress" {
            return Err(invalid("EndpointSpec: port published with ingress mode can't be used with dnsrr mode"));
        }
        let Some(number) = number(port) else { continue };
        if taken.contains(&(number, &port["Protocol"])) {
            return Err(invalid("EndpointSpec: duplicate published ports provided"));
        }
        taken.push((number, &port["Protocol"]));
    }
    Ok(())
}

/// Returns an error if a published port is in use by another service.
fn check_ports(endpoint: &Value, other: &Service) -> Result<()> {
    for port in ports(endpoint).filter(|port| number(port).is_some()) {
        for used in &other.ports {
            let same = number(used) == number(port) && used["Protocol"] == port["Protocol"];
            let kind = match (used["PublishMode"] == "host", port["PublishMode"] == "host") {
                _ if !same => continue,
                // The nodes have this port for one task each.
                (true, true) => continue,
                (true, false) => "a host-published port",
                (false, _) => "an ingress port",
            };
            let (number, name) = (number(used).unwrap_or_default(), other.name());
            let message =
                format!("port '{number}' is already in use by service '{name}' ({}) as {kind}", other.meta.id);
            return Err(invalid(message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::state::swarm::tests::swarm_of;

    #[test]
    fn invalid_services_are_rejected() {
        let mut swarm = swarm_of(1);
        let published = json!({ "Mode": "vip", "Ports": [
            { "TargetPort": 80, "PublishedPort": 80, "Protocol": "tcp", "PublishMode": "ingress" },
        ] });
        let container = json!({ "Image": "busybox" });
        let web = json!({ "Name": "web", "TaskTemplate": { "ContainerSpec": container }, "EndpointSpec": published });
        swarm.create_service(web).unwrap();
        for (field, value, message) in [
            ("/Name", json!("-web"), "name must be valid as a DNS name component"),
            ("/Name", json!("a".repeat(64)), "name must be 63 characters or fewer"),
            ("/TaskTemplate/ContainerSpec/Image", json!(""), "ContainerSpec: image reference must be provided"),
            (
                "/TaskTemplate/ContainerSpec/Image",
                json!("Busybox"),
                "ContainerSpec: \"Busybox\" is not a valid repository/tag",
            ),
            (
                "/TaskTemplate",
                json!({ "ContainerSpec": container, "Resources": { "Limits": { "NanoCPUs": 500_000 } } }),
                "invalid cpu value 0.0005: Must be at least 0.001",
            ),
        ] {
            let mut spec = json!({ "Name": "db", "TaskTemplate": { "ContainerSpec": container } });
            *spec.pointer_mut(field).unwrap() = value;
            assert_eq!(swarm.check_service(&spec, None), Err(invalid(message)), "{spec}");
        }
        let other = json!({ "Name": "db", "TaskTemplate": { "ContainerSpec": container }, "EndpointSpec": published });
        let error = swarm.check_service(&other, None).unwrap_err();
        assert!(error.message.contains("port '80' is already in use by service 'web'"), "{}", error.message);
    }

    #[test]
    fn constraint_errors_have_status_500() {
        let task_template =
            json!({ "ContainerSpec": { "Image": "busybox" }, "Placement": { "Constraints": ["node.role"] } });
        assert_eq!(check_task_template(&task_template).unwrap_err().status, 500);
    }
}
