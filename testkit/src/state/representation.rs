//! The JSON of containers, as inspect and lists return it.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{State, container::Container, endpoint::Attachment, mount::Mount};
use crate::release::Release;

impl State {
    /// A container as JSON, as `inspect` returns it.
    pub(crate) fn inspect_json(&self, container: &Container) -> Value {
        let time = |time: Option<Timestamp>| time.map_or("0001-01-01T00:00:00Z".to_owned(), |time| time.to_string());
        let modern = self.release == Release::V20_10;
        let mut host_config = container.host_config.clone();
        let mode = &mut host_config["NetworkMode"];
        if modern && mode.as_str().is_none_or(str::is_empty) {
            *mode = json!("default");
        }
        let log = &mut host_config["LogConfig"];
        if log["Type"].as_str().is_none_or(str::is_empty) {
            *log = json!({ "Type": "json-file", "Config": {} });
        }
        if modern {
            host_config["ConsoleSize"] = json!([0, 0]);
            let size = &mut host_config["ShmSize"];
            *size = json!(size.as_i64().filter(|size| *size > 0).unwrap_or(64 << 20));
            if container.set_up {
                host_config["Runtime"] = json!("runc");
            }
        }
        let running = container.is_running();
        let mounts: Vec<Value> = container.mounts.iter().map(Mount::to_json).collect();
        let by_path = |field: &str| -> Map<String, Value> {
            let values = mounts
                .iter()
                .map(|mount| (mount["Destination"].as_str().unwrap_or_default().to_owned(), &mount[field]));
            values.map(|(path, value)| (path, value.clone())).collect()
        };
        let (volumes, writable) = (by_path("Source"), by_path("RW"));
        json!({
            "Id": container.id, "Created": container.created.to_string(), "Name": format!("/{}", container.name),
            "Path": container.argv.first(), "Args": container.argv.get(1..).unwrap_or_default(),
            "Config": container.config, "HostConfig": host_config, "Image": container.image,
            "Driver": if modern { "overlay2" } else { "aufs" }, "ExecDriver": if modern { "" } else { "native-0.2" },
            "State": {
                "Status": container.state(), "Running": running, "Paused": container.paused, "Restarting": false,
                "Pid": if running { 4242 } else { 0 }, "ExitCode": container.code, "Error": container.error,
                "StartedAt": time(container.started), "FinishedAt": time(container.finished),
            },
            "NetworkSettings": network_settings(container), "Mounts": mounts, "Volumes": volumes, "VolumesRW": writable,
            "Platform": "linux", "RestartCount": 0,
            "ExecIDs": self.exec_ids(&container.id),
        })
    }

    fn exec_ids(&self, container: &str) -> Value {
        let left = self
            .execs
            .iter()
            .filter(|exec| exec.container == container && (!exec.started || self.runs[&exec.id].running));
        let ids: Vec<&str> = left.map(|exec| &*exec.id).collect();
        if ids.is_empty() { Value::Null } else { json!(ids) }
    }

    /// Adds the size of a container, without and with its image, in bytes.
    pub(crate) fn add_sizes(&self, container: &Container, document: &mut Value) {
        let own = container.own_size();
        if own > 0 {
            document["SizeRw"] = json!(own);
        }
        let image = self.images.iter().find(|image| image.id == container.image);
        document["SizeRootFs"] = json!(image.map_or(0, |image| image.size.1) + own);
    }

    /// A container as JSON, as lists return it.
    pub(crate) fn list_json(&self, container: &Container) -> Value {
        let mode = container.host_config["NetworkMode"].as_str().filter(|mode| !mode.is_empty());
        let networks: Map<String, Value> = container
            .networks
            .iter()
            .map(|(name, endpoint)| {
                let mut document = endpoint.to_json();
                document["Aliases"] = Value::Null;
                (name.clone(), document)
            })
            .collect();
        let mounts: Vec<Value> = container
            .mounts
            .iter()
            .map(|mount| {
                let mut document = mount.to_json();
                if mount.anonymous && !container.set_up {
                    document["Source"] = json!("");
                }
                document
            })
            .collect();
        json!({
            "Id": container.id, "Names": [format!("/{}", container.name)], "Image": container.image_name,
            "ImageID": container.image, "Command": container.command(), "Created": container.created.as_second(),
            "Status": container.status(self.release), "State": container.state(), "Ports": [],
            "Labels": container.config["Labels"].as_object().cloned().unwrap_or_default(),
            "HostConfig": { "NetworkMode": mode.unwrap_or("default") }, "NetworkSettings": { "Networks": networks },
            "Mounts": mounts,
        })
    }
}

/// The network settings. Old clients read the addresses in the bridge network from the top level.
fn network_settings(container: &Container) -> Value {
    let bridge = container.endpoint("bridge").and_then(|endpoint| endpoint.attachment.as_ref());
    let mut settings = bridge.map_or_else(|| json!({}), Attachment::to_json);
    let networks = container.networks.iter().map(|(name, endpoint)| (name.clone(), endpoint.to_json()));
    settings["Networks"] = Value::Object(networks.collect());
    settings["Ports"] = published(container);
    settings
}

/// The published ports, which a container has only while it is running.
fn published(container: &Container) -> Value {
    let exposed =
        container.config["ExposedPorts"].as_object().into_iter().flatten().map(|(port, _)| (port, Value::Null));
    let bound = container.host_config["PortBindings"].as_object().into_iter().flatten();
    let ports: Map<String, Value> = exposed
        .chain(bound.map(|(port, bindings)| (port, bindings.clone())))
        .map(|(port, at)| (port.clone(), at))
        .collect();
    if container.is_running() { Value::Object(ports) } else { json!({}) }
}
