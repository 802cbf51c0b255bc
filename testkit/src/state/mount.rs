//! Mounts of containers.

use serde_json::{Value, json};

use super::{
    State,
    files::{self, Files},
    volume,
};
use crate::api_error::{ApiError, Result};

#[derive(Clone, Debug, Default)]
pub(crate) struct Mount {
    /// `volume`, `bind` or `tmpfs`.
    pub(crate) kind: String,
    /// The name of the volume; empty for other kinds.
    pub(crate) volume: String,
    source: String,
    pub(crate) destination: String,
    mode: String,
    /// Mount propagation of a bind mount.
    propagation: String,
    pub(crate) writable: bool,
    /// Whether it is an anonymous volume, which can be removed with the container.
    pub(crate) anonymous: bool,
}

impl Mount {
    /// The mount as JSON, as `inspect` contains it.
    pub(crate) fn to_json(&self) -> Value {
        let mut document = json!({
            "Type": self.kind, "Source": self.source, "Destination": self.destination, "Mode": self.mode,
            "RW": self.writable, "Propagation": self.propagation,
        });
        if self.kind == "volume" {
            document["Name"] = json!(self.volume);
            document["Driver"] = json!("local");
        }
        document
    }

    /// Parses `destination`, `source:destination` or `source:destination:mode`.
    fn from_bind(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let (source, destination, mode) = match parts[..] {
            [destination] => ("", destination, ""),
            [source, destination] => (source, destination, ""),
            [source, destination, mode] => (source, destination, mode),
            _ => return Err(ApiError::new(500, format!("invalid volume specification: '{text}'"))),
        };
        let propagates =
            |word: &&str| matches!(*word, "shared" | "rshared" | "slave" | "rslave" | "private" | "rprivate");
        let known = |word: &str| {
            matches!(word, "" | "ro" | "rw" | "z" | "Z" | "nocopy" | "cached" | "delegated" | "consistent")
                || propagates(&word)
        };
        if !mode.split(',').all(known) {
            return Err(ApiError::new(500, format!("invalid mode: {mode}")));
        }
        let kind = if source.starts_with('/') { "bind" } else { "volume" };
        check_destination(kind, destination).map_err(|error| {
            ApiError::new(500, format!("invalid volume specification: '{text}': {}", error.message))
        })?;
        let writable = !mode.split(',').any(|word| word == "ro");
        let mut mount = Self { writable, ..Self::new(kind, source, destination) };
        if let Some(propagation) = mode.split(',').find(propagates) {
            mount.propagation = propagation.to_owned();
        }
        mount.mode = if kind == "volume" && mode.is_empty() { "z" } else { mode }.to_owned();
        Ok(mount)
    }

    /// Parses an element of `HostConfig.Mounts`.
    fn from_config(config: &Value) -> Result<Self> {
        let text = |field: &str| config[field].as_str().unwrap_or_default();
        let kind = text("Type");
        if !matches!(kind, "volume" | "bind" | "tmpfs") {
            return Err(ApiError::new(400, format!("invalid mount config for type {kind:?}: mount type unknown")));
        }
        check_destination(kind, text("Target"))?;
        let mode = if kind == "volume" { "z" } else { "" };
        let writable = config["ReadOnly"] != true;
        let mut mount = Self { mode: mode.to_owned(), writable, ..Self::new(kind, text("Source"), text("Target")) };
        if let Some(propagation) =
            config["BindOptions"]["Propagation"].as_str().filter(|propagation| !propagation.is_empty())
        {
            mount.propagation = propagation.to_owned();
        }
        Ok(mount)
    }

    fn new(kind: &str, source: &str, destination: &str) -> Self {
        let (kind, destination) = (kind.to_owned(), files::clean(destination));
        let (volume, source) = match &*kind {
            "volume" => (source.to_owned(), String::new()),
            _ => (String::new(), source.to_owned()),
        };
        // A real engine reports `rslave` if the source contains its own data directory.
        let propagation = if kind == "bind" { "rprivate" } else { "" };
        Self {
            anonymous: kind == "volume" && volume.is_empty(),
            propagation: propagation.to_owned(),
            kind,
            volume,
            source,
            destination,
            writable: true,
            mode: String::new(),
        }
    }
}

fn check_destination(kind: &str, destination: &str) -> Result<()> {
    if destination.starts_with('/') {
        return Ok(());
    }
    let message = format!("invalid mount path: '{destination}' mount path must be absolute");
    Err(ApiError::new(400, format!("invalid mount config for type {kind:?}: {message}")))
}

impl State {
    /// The mounts of a container with this configuration. Creates the volumes that do not exist.
    pub(crate) fn mounts_of(&mut self, config: &Value, host_config: &Value) -> Result<Vec<Mount>> {
        let mut mounts: Vec<Mount> = Vec::new();
        for from in crate::argv::words(&host_config["VolumesFrom"]) {
            let (name, mode) = from.split_once(':').unwrap_or((&from, "rw"));
            let other = self.container(name).map_err(|error| ApiError { status: 400, ..error })?;
            let shared = other.mounts.iter().filter(|mount| mount.kind != "tmpfs").cloned();
            let writable = |mount: &Mount| mount.writable && mode != "ro";
            mounts.extend(shared.map(|mount| Mount { writable: writable(&mount), mode: String::new(), ..mount }));
        }
        let binds = crate::argv::words(&host_config["Binds"]);
        let configs = host_config["Mounts"].as_array().into_iter().flatten();
        let requested: Vec<Mount> = binds
            .iter()
            .map(|bind| Mount::from_bind(bind))
            .chain(configs.map(Mount::from_config))
            .collect::<Result<_>>()?;
        let mut taken: Vec<&str> = Vec::new();
        for mount in &requested {
            if taken.contains(&&*mount.destination) {
                return Err(ApiError::new(400, format!("Duplicate mount point: {}", mount.destination)));
            }
            taken.push(&mount.destination);
        }
        mounts.retain(|mount| !taken.contains(&&*mount.destination));
        mounts.extend(requested.iter().cloned());
        for (destination, _) in config["Volumes"].as_object().into_iter().flatten() {
            if !mounts.iter().any(|mount| mount.destination == files::clean(destination)) {
                check_destination("volume", destination)?;
                mounts.push(Mount::new("volume", "", destination));
            }
        }
        for mount in mounts.iter_mut().filter(|mount| mount.kind == "volume") {
            let known = !mount.anonymous || mount.volume.is_empty();
            if known {
                mount.volume = self.create_volume(&mount.volume, Value::Null, Value::Null)?;
            }
            mount.source = volume::mountpoint(&mount.volume);
        }
        Ok(mounts)
    }

    /// Adds mounts to a container, as a start request with a host configuration does.
    pub(crate) fn add_mounts(&mut self, id: &str, host_config: &Value) -> Result<()> {
        let more = self.mounts_of(&Value::Null, host_config)?;
        let container = self.container_mut(id)?;
        container.mounts.retain(|known| !more.iter().any(|mount| mount.destination == known.destination));
        container.mounts.extend(more.clone());
        let base = container.base.clone();
        self.populate_volumes(&more, &base);
        Ok(())
    }

    /// Copies the files of the image at the mount points into empty volumes.
    pub(crate) fn populate_volumes(&mut self, mounts: &[Mount], image: &Files) {
        for mount in mounts.iter().filter(|mount| mount.kind == "volume" && mount.mode != "nocopy") {
            let volume = self.volumes.iter_mut().find(|volume| volume.name == mount.volume);
            if let Some(volume) = volume.filter(|volume| volume.files == Files::default()) {
                volume.files.copy_tree("/", image, &mount.destination);
            }
        }
    }

    /// Creates the directories of the mount points.
    pub(crate) fn create_mount_points(&mut self, id: &str) {
        let Ok(container) = self.container_mut(id) else { return };
        for mount in &container.mounts {
            let path = container.files.resolved(&mount.destination, true);
            container.files.create_directory(&path);
        }
    }

    /// The files of a container and its volumes.
    pub(crate) fn files_in(&self, id: &str) -> Result<Files> {
        let container = self.container(id)?;
        let mut all = container.files.clone();
        for mount in &container.mounts {
            all.create_directory(&mount.destination);
            if let Ok(volume) = self.volume(&mount.volume) {
                all.clear_directory(&mount.destination);
                all.copy_tree(&mount.destination, &volume.files, "/");
            }
        }
        Ok(all)
    }

    /// Changes the files of a container and its volumes.
    pub(crate) fn change_files<T>(&mut self, id: &str, change: impl FnOnce(&mut Files) -> T) -> Result<T> {
        let mut all = self.files_in(id)?;
        let outcome = change(&mut all);
        for mount in self.container(id)?.mounts.clone() {
            let Some(volume) = self.volumes.iter_mut().find(|volume| volume.name == mount.volume) else { continue };
            let mut inside = Files::default();
            inside.copy_tree("/", &all, &mount.destination);
            volume.files = inside;
            all.clear_directory(&mount.destination);
        }
        self.container_mut(id)?.files = all;
        Ok(outcome)
    }

    /// Returns an error if `path` is read-only.
    pub(crate) fn require_writable(&self, id: &str, path: &str) -> Result<()> {
        let container = self.container(id)?;
        let covers = |mount: &&Mount| path == mount.destination || path.starts_with(&format!("{}/", mount.destination));
        let mount = container.mounts.iter().filter(covers).max_by_key(|mount| mount.destination.len());
        match mount {
            Some(mount) if !mount.writable => Err(ApiError::new(500, "mounted volume is marked read-only")),
            None if container.host_config["ReadonlyRootfs"] == true => {
                Err(ApiError::new(500, "container rootfs is marked read-only"))
            }
            _ => Ok(()),
        }
    }

    /// Adds mount events for the volumes of a container.
    pub(crate) fn volumes_mounted(&mut self, id: &str) {
        for mount in self.volumes_in(id) {
            let writable = mount.writable.to_string();
            let (propagation, id) = (String::new(), id.to_owned());
            let attributes = [("container", &id), ("destination", &mount.destination), ("propagation", &propagation)];
            self.volume_event("mount", &mount.volume, attributes.into_iter().chain([("read/write", &writable)]));
        }
    }

    /// Adds unmount events for the volumes of a container.
    pub(crate) fn volumes_unmounted(&mut self, id: &str) {
        for mount in self.volumes_in(id) {
            self.volume_event("unmount", &mount.volume, [("container", &id.to_owned())]);
        }
    }

    fn volumes_in(&self, id: &str) -> Vec<Mount> {
        let mounts = self.container(id).map_or(&[][..], |container| &container.mounts);
        mounts.iter().filter(|mount| mount.kind == "volume").cloned().collect()
    }
}
