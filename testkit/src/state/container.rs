//! A container: its life, and how it is told.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    World,
    event::{BRIDGE, attributes},
    ids,
    run::Run,
};
use crate::{
    age::Age,
    program::Argv,
    refusal::{Refusal, Result},
};

#[derive(Debug)]
pub(crate) struct Container {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) created: Timestamp,
    pub(crate) image: String,
    /// The image, as it was asked for.
    pub(crate) image_name: String,
    pub(crate) argv: Argv,
    pub(crate) config: Value,
    pub(crate) host_config: Value,
    pub(crate) life: Life,
    pub(crate) paused: bool,
    pub(crate) error: String,
    pub(crate) code: i64,
    pub(crate) started: Option<Timestamp>,
    pub(crate) finished: Option<Timestamp>,
    /// It was started once, or there was an attempt.
    pub(crate) set_up: bool,
    /// Its place in the network, while it runs.
    pub(crate) endpoint: Option<String>,
    /// Paths, and what became of them: 0 changed, 1 added, 2 deleted.
    pub(crate) changes: BTreeMap<String, u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    Created,
    Running,
    Exited,
}

impl Container {
    pub(crate) fn is_running(&self) -> bool {
        self.life == Life::Running
    }

    pub(crate) fn tty(&self) -> bool {
        self.config["Tty"] == true
    }

    pub(crate) fn input_stays_open(&self) -> bool {
        self.config["OpenStdin"] == true
    }

    /// Fails unless it runs.
    pub(crate) fn must_run(&self, age: Age) -> Result<()> {
        if self.is_running() {
            return Ok(());
        }
        Err(age.refusal(409, 500, format!("Container {} is not running", self.id)))
    }

    /// The word of newer engines for where it stands.
    pub(crate) fn state(&self) -> &'static str {
        match self.life {
            Life::Created => "created",
            Life::Running if self.paused => "paused",
            Life::Running => "running",
            Life::Exited => "exited",
        }
    }

    /// Where it stands, for people.
    pub(crate) fn status(&self, age: Age) -> String {
        let ago = |since: Option<Timestamp>| {
            let seconds = since.map_or(0, |since| Timestamp::now().as_second() - since.as_second());
            match (seconds, age) {
                (..1, _) => "Less than a second".to_owned(),
                (1, Age::Modern) => "1 second".to_owned(),
                (seconds, _) => format!("{seconds} seconds"),
            }
        };
        match self.life {
            Life::Created if age == Age::Old => String::new(),
            Life::Created => "Created".to_owned(),
            Life::Running if self.paused => format!("Up {} (Paused)", ago(self.started)),
            Life::Running => format!("Up {}", ago(self.started)),
            Life::Exited => format!("Exited ({}) {} ago", self.code, ago(self.finished)),
        }
    }

    /// The command, as lists show it.
    pub(crate) fn command(&self) -> String {
        let quoted = |word: &String| if word.contains(' ') { format!("'{word}'") } else { word.clone() };
        self.argv.iter().map(quoted).collect::<Vec<_>>().join(" ")
    }
}

impl World {
    /// Makes a container of an image.
    pub(crate) fn add_container(
        &mut self,
        name: Option<&str>,
        mut config: Value,
        host_config: Value,
    ) -> Result<String> {
        let name = match name {
            Some(name) => {
                self.check_name(name)?;
                name.trim_start_matches('/').to_owned()
            }
            None => self.made_up_name(),
        };
        let image_name = config["Image"].as_str().unwrap_or_default().to_owned();
        let image = self.image(&image_name)?;
        let (image, argv) = (image.id.clone(), image.image.completed(&mut config));
        if argv.is_empty() {
            return Err(self.age.refusal(400, 500, "No command specified"));
        }
        let id = self.new_id();
        if config["Hostname"].as_str().is_none_or(str::is_empty) {
            config["Hostname"] = json!(ids::short(&id));
        }
        let run = Run::new(config["Tty"] == true);
        self.containers.insert(
            0,
            Container {
                id: id.clone(),
                name,
                created: Timestamp::now(),
                image,
                image_name,
                argv,
                config,
                host_config,
                life: Life::Created,
                paused: false,
                error: String::new(),
                code: 0,
                started: None,
                finished: None,
                set_up: false,
                endpoint: None,
                changes: BTreeMap::new(),
            },
        );
        self.runs.insert(id.clone(), run);
        self.container_event(&id, "create", BTreeMap::new());
        Ok(id)
    }

    /// What becomes of it when its program begins.
    pub(crate) fn container_starts(&mut self, id: &str) {
        let endpoint = self.new_id();
        let Ok(container) = self.container_mut(id) else { return };
        container.life = Life::Running;
        container.paused = false;
        container.error.clear();
        container.code = 0;
        container.started = Some(Timestamp::now());
        container.finished = None;
        container.endpoint = Some(endpoint);
        container.set_up = true;
        let open = container.input_stays_open();
        if let Some(run) = self.runs.get_mut(id) {
            run.begin(open);
        }
        self.network_event("connect", id);
        self.container_event(id, "start", BTreeMap::new());
    }

    /// What becomes of it when its program has ended.
    pub(crate) fn container_ends(&mut self, id: &str, code: i64) {
        let Ok(container) = self.container_mut(id) else { return };
        if !container.is_running() {
            return;
        }
        container.life = Life::Exited;
        container.paused = false;
        container.code = code;
        container.finished = Some(Timestamp::now());
        container.endpoint = None;
        let removed = container.host_config["AutoRemove"] == true;
        if let Some(run) = self.runs.get_mut(id) {
            run.end(code);
        }
        let inside: Vec<String> =
            self.execs.iter().filter(|exec| exec.container == id).map(|exec| exec.id.clone()).collect();
        inside.iter().for_each(|exec| self.exec_ends(exec, 137));
        self.container_event(id, "die", attributes([("exitCode", &code.to_string())]));
        self.network_event("disconnect", id);
        if removed {
            self.remove_container(id);
        }
    }

    pub(crate) fn remove_container(&mut self, id: &str) {
        self.container_event(id, "destroy", BTreeMap::new());
        self.containers.retain(|container| container.id != id);
        self.execs.retain(|exec| exec.container != id);
        self.runs.remove(id);
    }

    pub(crate) fn rename_container(&mut self, id: &str, name: &str) -> Result<()> {
        let container = self.container(id)?;
        let (id, old) = (container.id.clone(), container.name.clone());
        if name.is_empty() {
            return Err(self.age.refusal(400, 500, "Neither old nor new names may be empty"));
        }
        if name == old && self.age == Age::Modern {
            return Err(Refusal::new(400, "Renaming a container with the same name as its current name"));
        }
        self.check_name(name).map_err(|refusal| Refusal {
            message: format!("Error when allocating new name: {}", refusal.message),
            ..refusal
        })?;
        self.container_mut(&id)?.name = name.trim_start_matches('/').to_owned();
        self.container_event(&id, "rename", attributes([("oldName", &format!("/{old}"))]));
        Ok(())
    }

    /// What `inspect` tells.
    pub(crate) fn inspected(&self, container: &Container) -> Value {
        let time = |time: Option<Timestamp>| time.map_or("0001-01-01T00:00:00Z".to_owned(), |time| time.to_string());
        let modern = self.age == Age::Modern;
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
            "NetworkSettings": network_settings(container),
            "Platform": "linux", "Mounts": [], "Volumes": {}, "VolumesRW": {}, "RestartCount": 0,
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

    /// What a list tells.
    pub(crate) fn listed(&self, container: &Container) -> Value {
        let mode = container.host_config["NetworkMode"].as_str().filter(|mode| !mode.is_empty());
        json!({
            "Id": container.id, "Names": [format!("/{}", container.name)], "Image": container.image_name,
            "ImageID": container.image, "Command": container.command(), "Created": container.created.as_second(),
            "Status": container.status(self.age), "State": container.state(), "Ports": [],
            "Labels": container.config["Labels"].as_object().cloned().unwrap_or_default(),
            "HostConfig": { "NetworkMode": mode.unwrap_or("default") }, "NetworkSettings": { "Networks": { "bridge": place_in_network(container) } }, "Mounts": [],
        })
    }
}

/// Where the container is in its network: nowhere while it does not run.
fn place_in_network(container: &Container) -> Value {
    match &container.endpoint {
        Some(endpoint) => json!({
            "NetworkID": BRIDGE, "EndpointID": endpoint, "IPAddress": "172.17.0.2", "IPPrefixLen": 16,
            "Gateway": "172.17.0.1", "MacAddress": "02:42:ac:11:00:02",
        }),
        None => json!({ "NetworkID": if container.set_up { BRIDGE } else { "" } }),
    }
}

fn network_settings(container: &Container) -> Value {
    let place = place_in_network(container);
    let mut settings = place.clone();
    if let Some(settings) = settings.as_object_mut() {
        settings.remove("NetworkID");
        settings.insert("Ports".to_owned(), published(container));
        settings.insert("Networks".to_owned(), json!({ "bridge": place }));
    }
    settings
}

/// The ports, as the container has them while it runs.
fn published(container: &Container) -> Value {
    let exposed =
        container.config["ExposedPorts"].as_object().into_iter().flatten().map(|(port, _)| (port, Value::Null));
    let bound = container.host_config["PortBindings"].as_object().into_iter().flatten();
    let ports: serde_json::Map<String, Value> = exposed
        .chain(bound.map(|(port, bindings)| (port, bindings.clone())))
        .map(|(port, at)| (port.clone(), at))
        .collect();
    if container.is_running() { Value::Object(ports) } else { json!({}) }
}
