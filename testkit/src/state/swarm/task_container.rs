//! The containers of tasks: their configuration, and the results that agents report.

use serde_json::{Map, Value, json};

use super::{
    Host, Swarm,
    node::Node,
    stored::{Config, Kind, Secret},
    task::{Task, TaskState},
    validate::references,
};
use crate::{
    argv::words,
    state::{network::Network, reference},
};

/// A container to create for a task.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) host: Host,
    pub(crate) name: String,
    /// The image as the task names it, possibly with a digest.
    pub(crate) image: String,
    pub(crate) config: Value,
    pub(crate) host_config: Value,
    pub(crate) networks: Vec<Network>,
    /// Paths and contents of the secrets and configs of the task.
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

impl Swarm {
    /// The container to create for a task.
    pub(crate) fn container_plan(&self, id: &str) -> Option<Plan> {
        let task = &self.tasks[self.task_index(id)?];
        let node = self.node(&task.node)?;
        let container = &task.spec["ContainerSpec"];
        let image = container["Image"].as_str().unwrap_or_default();
        let name = image.split('@').next().unwrap_or_default();
        let expanded =
            |value: &Value| json!(words(value).iter().map(|text| expand(text, node, task)).collect::<Vec<_>>());
        let mut config = json!({
            "Image": name, "Labels": labels(task), "Env": expanded(&container["Env"]), "Tty": task.tty(),
            "OpenStdin": container["OpenStdin"] == true,
            "Hostname": expand(container["Hostname"].as_str().unwrap_or_default(), node, task),
        });
        for (field, from) in [
            ("Entrypoint", "Command"),
            ("Cmd", "Args"),
            ("User", "User"),
            ("WorkingDir", "Dir"),
            ("StopSignal", "StopSignal"),
            ("Healthcheck", "Healthcheck"),
        ] {
            if !container[from].is_null() {
                config[field] = container[from].clone();
            }
        }
        let mut host_config =
            json!({ "ReadonlyRootfs": container["ReadOnly"] == true, "PortBindings": bindings(task) });
        for (field, from) in [
            ("Mounts", "/ContainerSpec/Mounts"),
            ("GroupAdd", "/ContainerSpec/Groups"),
            ("Init", "/ContainerSpec/Init"),
            ("Sysctls", "/ContainerSpec/Sysctls"),
            ("CapAdd", "/ContainerSpec/CapabilityAdd"),
            ("CapDrop", "/ContainerSpec/CapabilityDrop"),
            ("Memory", "/Resources/Limits/MemoryBytes"),
            ("NanoCpus", "/Resources/Limits/NanoCPUs"),
            ("PidsLimit", "/Resources/Limits/Pids"),
        ] {
            if let Some(value) = task.spec.pointer(from) {
                host_config[field] = value.clone();
            }
        }
        if task.spec["LogDriver"].is_object() {
            let (driver, options) = (&task.spec["LogDriver"]["Name"], &task.spec["LogDriver"]["Options"]);
            host_config["LogConfig"] = json!({ "Type": driver, "Config": options });
        }
        if let Some(first) = task.networks.first() {
            host_config["NetworkMode"] = json!(first.network.name);
            config["NetworkingConfig"] = json!({ "EndpointsConfig": endpoints(task) });
        }
        Some(Plan {
            host: node.host.clone(),
            name: task.full_name(),
            image: reference::full(image),
            config,
            host_config,
            networks: task.networks.iter().map(|attachment| attachment.network.clone()).collect(),
            files: self.files_of(container),
        })
    }

    /// The engine that runs the container of a task, the container, and its stop timeout in seconds.
    pub(crate) fn container_of(&self, id: &str) -> Option<(Host, String, i64)> {
        let task = &self.tasks[self.task_index(id)?];
        let timeout = task.spec["ContainerSpec"]["StopGracePeriod"].as_i64().unwrap_or(10_000_000_000);
        Some((self.node(&task.node)?.host.clone(), task.container.clone()?, timeout / 1_000_000_000))
    }

    /// Reports that the container of a task was created, or the error.
    pub(crate) fn task_prepared(&mut self, id: &str, created: Result<String, String>) {
        let Some(index) = self.task_index(id) else { return };
        match created {
            Ok(container) => {
                self.tasks[index].container = Some(container);
                self.set_status(index, TaskState::Ready, "prepared", "");
            }
            Err(error) => self.set_status(index, TaskState::Rejected, "preparing", error),
        }
    }

    /// Reports that the container of a task was started, or the error.
    pub(crate) fn task_started(&mut self, id: &str, exit_code: i64, started: Result<(), String>) {
        let Some(index) = self.task_index(id) else { return };
        match started {
            Ok(()) => {
                self.tasks[index].runs = true;
                self.set_status(index, TaskState::Running, "started", "");
            }
            Err(error) => {
                let error = format!("starting container failed: {error}");
                self.tasks[index].exit_code = exit_code;
                self.set_status(index, TaskState::Failed, "starting", error);
            }
        }
    }

    /// Paths and contents of the secrets and configs of a container.
    fn files_of(&self, container: &Value) -> Vec<(String, Vec<u8>)> {
        let secrets = self.files_of_kind::<Secret>(container, "/run/secrets");
        secrets.into_iter().chain(self.files_of_kind::<Config>(container, "")).collect()
    }

    fn files_of_kind<K: Kind>(&self, container: &Value, directory: &str) -> Vec<(String, Vec<u8>)> {
        let path = |target: &str| match target.starts_with('/') {
            true => target.to_owned(),
            false => format!("{directory}/{target}"),
        };
        let files = references(K::NAME, container).filter(|reference| reference.file.is_object());
        let files = files.filter_map(|reference| {
            let stored = K::all(self).iter().find(|stored| stored.meta.id == reference.id)?;
            Some((path(reference.target()), stored.data.clone()))
        });
        files.collect()
    }
}

/// Labels of the container of a task.
fn labels(task: &Task) -> Value {
    let mut labels: Map<String, Value> = task.spec["ContainerSpec"]["Labels"].as_object().cloned().unwrap_or_default();
    let name = task.full_name();
    for (name, value) in [
        ("task", ""),
        ("task.id", task.meta.id.as_str()),
        ("task.name", name.as_str()),
        ("node.id", task.node.as_str()),
        ("service.id", task.service.as_str()),
        ("service.name", task.service_name.as_str()),
    ] {
        labels.insert(format!("com.docker.swarm.{name}"), json!(value));
    }
    Value::Object(labels)
}

/// The endpoints of the container of a task in networks of the swarm, by the name of the network.
fn endpoints(task: &Task) -> Value {
    let endpoints = task.networks.iter().filter_map(|attachment| {
        let address = attachment.address.as_ref()?;
        let endpoint = json!({ "IPAMConfig": { "IPv4Address": address }, "Aliases": attachment.aliases });
        Some((attachment.network.name.clone(), endpoint))
    });
    Value::Object(endpoints.collect())
}

/// The ports that the node publishes for a task.
fn bindings(task: &Task) -> Value {
    let of_host = task.ports.iter().filter(|port| port["PublishMode"] == "host");
    let bindings = of_host.map(|port| {
        let container_port = format!("{}/{}", port["TargetPort"], port["Protocol"].as_str().unwrap_or("tcp"));
        let number = port["PublishedPort"].as_u64().map(|number| number.to_string()).unwrap_or_default();
        (container_port, json!([{ "HostIp": "", "HostPort": number }]))
    });
    Value::Object(bindings.collect())
}

/// Expands the placeholders in a setting of a service, for example `{{.Task.Slot}}`.
fn expand(text: &str, node: &Node, task: &Task) -> String {
    let (name, slot) = (task.full_name(), task.number.to_string());
    let values = [
        (".Service.ID", task.service.as_str()),
        (".Service.Name", task.service_name.as_str()),
        (".Node.ID", node.meta.id.as_str()),
        (".Node.Hostname", node.hostname.as_str()),
        (".Task.ID", task.meta.id.as_str()),
        (".Task.Name", name.as_str()),
        (".Task.Slot", slot.as_str()),
    ];
    values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::swarm::{service::Service, tests::swarm_of};

    #[test]
    fn container_has_labels_command_and_expanded_environment() {
        let mut swarm = swarm_of(1);
        let container = json!({ "Args": ["serve"], "Env": ["NAME={{.Node.Hostname}}-{{.Task.Slot}}"] });
        let spec = json!({ "Name": "web", "TaskTemplate": { "ContainerSpec": container } });
        let service = Service::of_tests(&mut swarm, spec);
        let index = swarm.add_task(&service, &(2, String::new()), TaskState::Running);
        swarm.schedule();
        let id = swarm.tasks[index].meta.id.clone();
        let plan = swarm.container_plan(&id).unwrap();
        assert_eq!((plan.name, &*plan.image), (format!("web.2.{id}"), "busybox:latest"));
        assert_eq!((&plan.config["Cmd"], &plan.config["Env"]), (&json!(["serve"]), &json!(["NAME=fake-engine-2"])));
        assert_eq!(plan.config["Labels"]["com.docker.swarm.task.id"], json!(id));
    }
}
