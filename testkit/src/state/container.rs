//! A container: its life, and how it is told.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    World,
    endpoint::Endpoint,
    event::attributes,
    files::{self, Files},
    ids,
    mount::Mount,
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
    /// Its places in networks, by their names; the one of its mode first.
    pub(crate) networks: Vec<(String, Endpoint)>,
    pub(crate) mounts: Vec<Mount>,
    pub(crate) files: Files,
    /// The files it began with.
    pub(crate) base: Files,
    /// What its programs say has changed: 0 changed, 1 added, 2 deleted.
    pub(crate) said_changes: BTreeMap<String, u8>,
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

    /// The bytes of what it has that its image has not.
    pub(crate) fn own_size(&self) -> u64 {
        self.files.size().saturating_sub(self.base.size())
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
        mut host_config: Value,
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
        let (image, argv, base) = (image.id.clone(), image.image.completed(&mut config), image.image.files.clone());
        if argv.is_empty() {
            return Err(self.age.refusal(400, 500, "No command specified"));
        }
        let id = self.new_id();
        if config["Hostname"].as_str().is_none_or(str::is_empty) {
            config["Hostname"] = json!(ids::short(&id));
        }
        if let Some(other) = host_config["NetworkMode"].as_str().and_then(|mode| mode.strip_prefix("container:"))
            && let Ok(other) = self.container(other)
        {
            host_config["NetworkMode"] = json!(format!("container:{}", other.id));
        }
        let networking = config.as_object_mut().and_then(|config| config.remove("NetworkingConfig"));
        let networks = self.endpoints_of(&host_config, &networking.unwrap_or_default());
        let mounts = self.mounts_of(&config, &host_config)?;
        self.seed_volumes(&mounts, &base);
        let mut files = base.clone();
        if let Some(folder) = config["WorkingDir"].as_str().filter(|folder| folder.starts_with('/')) {
            files.make_directory(&files::clean(folder));
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
                networks,
                mounts,
                files,
                base,
                said_changes: BTreeMap::new(),
            },
        );
        self.runs.insert(id.clone(), run);
        self.container_event(&id, "create", BTreeMap::new());
        Ok(id)
    }

    /// What becomes of it when its program begins.
    pub(crate) fn container_starts(&mut self, id: &str) {
        let Ok(container) = self.container_mut(id) else { return };
        container.life = Life::Running;
        container.paused = false;
        container.error.clear();
        container.code = 0;
        container.started = Some(Timestamp::now());
        container.finished = None;
        container.set_up = true;
        let open = container.input_stays_open();
        if let Some(run) = self.runs.get_mut(id) {
            run.begin(open);
        }
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
        let removed = container.host_config["AutoRemove"] == true;
        if let Some(run) = self.runs.get_mut(id) {
            run.end(code);
        }
        let inside: Vec<String> =
            self.execs.iter().filter(|exec| exec.container == id).map(|exec| exec.id.clone()).collect();
        inside.iter().for_each(|exec| self.exec_ends(exec, 137));
        self.container_event(id, "die", attributes([("exitCode", &code.to_string())]));
        self.leave_all(id);
        self.volumes_unmounted(id);
        if removed {
            self.remove_container(id, true);
        }
    }

    /// Removes a container, and the volumes that only it knows by name if `volumes` says so.
    pub(crate) fn remove_container(&mut self, id: &str, volumes: bool) {
        let mounts = self.container_mut(id).map(|container| std::mem::take(&mut container.mounts)).unwrap_or_default();
        for mount in mounts.iter().filter(|mount| volumes && mount.anonymous) {
            // Whoever else uses it keeps it.
            let _ = self.remove_volume(&mount.volume);
        }
        self.container_event(id, "destroy", BTreeMap::new());
        self.containers.retain(|container| container.id != id);
        self.execs.retain(|exec| exec.container != id);
        if let Some(run) = self.runs.remove(id) {
            self.gone.insert(id.to_owned(), run);
        }
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
}
