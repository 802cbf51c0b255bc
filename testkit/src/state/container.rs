//! Containers and their lifecycle.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    State,
    endpoint::Endpoint,
    event::attributes,
    files::{self, Files},
    ids,
    mount::Mount,
    run::Run,
};
use crate::{
    api_error::{ApiError, Result},
    argv::{Argv, words},
    release::Release,
};

#[derive(Debug)]
pub(crate) struct Container {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) created: Timestamp,
    pub(crate) image: String,
    /// The image reference of the create request.
    pub(crate) image_name: String,
    pub(crate) argv: Argv,
    pub(crate) config: Value,
    pub(crate) host_config: Value,
    pub(crate) phase: Phase,
    pub(crate) paused: bool,
    pub(crate) error: String,
    pub(crate) code: i64,
    pub(crate) started: Option<Timestamp>,
    pub(crate) finished: Option<Timestamp>,
    /// The exit codes of all its finished runs.
    pub(crate) exits: Vec<i64>,
    /// Whether it is being restarted, so that its next exit does not remove it.
    pub(crate) restarting: bool,
    /// Whether a start was attempted.
    pub(crate) set_up: bool,
    /// Endpoints by network name; that of the network mode first.
    pub(crate) networks: Vec<(String, Endpoint)>,
    pub(crate) mounts: Vec<Mount>,
    pub(crate) files: Files,
    /// The files of its image.
    pub(crate) base: Files,
    /// Changes that its programs reported: 0 changed, 1 added, 2 deleted.
    pub(crate) reported_changes: BTreeMap<String, u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Created,
    Running,
    Exited,
}

impl Container {
    pub(crate) fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }

    pub(crate) fn tty(&self) -> bool {
        self.config["Tty"] == true
    }

    /// The environment variables of its programs.
    pub(crate) fn environment(&self) -> Vec<String> {
        let mut env = words(&self.config["Env"]);
        env.push(format!("HOSTNAME={}", self.config["Hostname"].as_str().unwrap_or_default()));
        env
    }

    pub(crate) fn stdin_is_open(&self) -> bool {
        self.config["OpenStdin"] == true
    }

    /// Whether it is removed when it exits (`docker run --rm`).
    fn auto_removes(&self) -> bool {
        self.host_config["AutoRemove"] == true
    }

    /// Returns an error unless it is running.
    pub(crate) fn require_running(&self, release: Release) -> Result<()> {
        if self.is_running() {
            return Ok(());
        }
        Err(release.error(409, 500, format!("Container {} is not running", self.id)))
    }

    /// The state, as `inspect` contains it.
    pub(crate) fn state(&self) -> &'static str {
        match self.phase {
            Phase::Created => "created",
            Phase::Running if self.paused => "paused",
            Phase::Running => "running",
            Phase::Exited => "exited",
        }
    }

    /// The status, as lists contain it, for example `Up 5 seconds`.
    pub(crate) fn status(&self, release: Release) -> String {
        let ago = |since: Option<Timestamp>| {
            let seconds = since.map_or(0, |since| Timestamp::now().as_second() - since.as_second());
            match (seconds, release) {
                (..1, _) => "Less than a second".to_owned(),
                (1, Release::V20_10) => "1 second".to_owned(),
                (seconds, _) => format!("{seconds} seconds"),
            }
        };
        match self.phase {
            Phase::Created if release == Release::V1_6 => String::new(),
            Phase::Created => "Created".to_owned(),
            Phase::Running if self.paused => format!("Up {} (Paused)", ago(self.started)),
            Phase::Running => format!("Up {}", ago(self.started)),
            Phase::Exited => format!("Exited ({}) {} ago", self.code, ago(self.finished)),
        }
    }

    /// Size of its files beyond those of its image, in bytes.
    pub(crate) fn own_size(&self) -> u64 {
        self.files.size().saturating_sub(self.base.size())
    }

    /// The command line, as lists contain it.
    pub(crate) fn command(&self) -> String {
        let quoted = |word: &String| if word.contains(' ') { format!("'{word}'") } else { word.clone() };
        self.argv.iter().map(quoted).collect::<Vec<_>>().join(" ")
    }
}

impl State {
    /// Creates a container.
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
            None => self.generated_name(),
        };
        let image_name = config["Image"].as_str().unwrap_or_default().to_owned();
        let image = self.image(&image_name)?;
        let (image, argv, base) =
            (image.id.clone(), image.image.complete_config(&mut config), image.image.files.clone());
        if argv.is_empty() {
            return Err(self.release.error(400, 500, "No command specified"));
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
        self.populate_volumes(&mounts, &base);
        let mut files = base.clone();
        if let Some(folder) = config["WorkingDir"].as_str().filter(|folder| folder.starts_with('/')) {
            files.create_directory(&files::clean(folder));
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
                phase: Phase::Created,
                paused: false,
                error: String::new(),
                code: 0,
                started: None,
                finished: None,
                exits: Vec::new(),
                restarting: false,
                set_up: false,
                networks,
                mounts,
                files,
                base,
                reported_changes: BTreeMap::new(),
            },
        );
        self.runs.insert(id.clone(), run);
        self.container_event(&id, "create", BTreeMap::new());
        Ok(id)
    }

    /// Updates a container whose program starts.
    pub(crate) fn container_started(&mut self, id: &str) {
        let Ok(container) = self.container_mut(id) else { return };
        container.phase = Phase::Running;
        container.paused = false;
        container.error.clear();
        container.code = 0;
        container.started = Some(Timestamp::now());
        container.finished = None;
        container.set_up = true;
        let open = container.stdin_is_open();
        if let Some(run) = self.runs.get_mut(id) {
            run.begin(open);
        }
        self.container_event(id, "start", BTreeMap::new());
    }

    /// Updates a container whose program has exited.
    pub(crate) fn container_exited(&mut self, id: &str, code: i64) {
        let Ok(container) = self.container_mut(id) else { return };
        if !container.is_running() {
            return;
        }
        container.phase = Phase::Exited;
        container.paused = false;
        container.code = code;
        container.finished = Some(Timestamp::now());
        container.exits.push(code);
        let removed = container.auto_removes() && !std::mem::take(&mut container.restarting);
        if let Some(run) = self.runs.get_mut(id) {
            run.end(code);
        }
        let inside: Vec<String> =
            self.execs.iter().filter(|exec| exec.container == id).map(|exec| exec.id.clone()).collect();
        inside.iter().for_each(|exec| self.exec_exited(exec, 137));
        // Engines discard exec instances that were not started.
        self.execs.retain(|exec| exec.container != id || exec.started);
        self.container_event(id, "die", attributes([("exitCode", &code.to_string())]));
        self.detach_all(id);
        self.volumes_unmounted(id);
        if removed {
            self.remove_container(id, true);
        }
    }

    /// Ends the sessions of a container that failed to start, and removes it if auto-remove is set.
    pub(crate) fn container_start_failed(&mut self, id: &str) {
        let Ok(container) = self.container(id) else { return };
        let (code, removed) = (container.code, container.auto_removes());
        if let Some(run) = self.runs.get_mut(id) {
            run.begun += 1;
            run.code = code;
        }
        if removed {
            self.remove_container(id, true);
        }
    }

    /// Removes a container, and its anonymous volumes if `volumes` is set.
    pub(crate) fn remove_container(&mut self, id: &str, volumes: bool) {
        let mounts = self.container_mut(id).map(|container| std::mem::take(&mut container.mounts)).unwrap_or_default();
        for mount in mounts.iter().filter(|mount| volumes && mount.anonymous) {
            // Fails if another container uses the volume, which is then kept.
            let _ = self.remove_volume(&mount.volume);
        }
        self.container_event(id, "destroy", BTreeMap::new());
        self.containers.retain(|container| container.id != id);
        self.execs.retain(|exec| exec.container != id);
        if let Some(run) = self.runs.remove(id) {
            self.removed_runs.insert(id.to_owned(), run);
        }
    }

    pub(crate) fn rename_container(&mut self, id: &str, name: &str) -> Result<()> {
        let container = self.container(id)?;
        let (id, old) = (container.id.clone(), container.name.clone());
        if name.is_empty() {
            return Err(self.release.error(400, 500, "Neither old nor new names may be empty"));
        }
        if name == old && self.release == Release::V20_10 {
            return Err(ApiError::new(400, "Renaming a container with the same name as its current name"));
        }
        self.check_name(name).map_err(|error| ApiError {
            message: format!("Error when allocating new name: {}", error.message),
            ..error
        })?;
        self.container_mut(&id)?.name = name.trim_start_matches('/').to_owned();
        self.container_event(&id, "rename", attributes([("oldName", &format!("/{old}"))]));
        Ok(())
    }
}
