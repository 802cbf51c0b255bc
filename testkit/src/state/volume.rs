//! Volumes.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{State, event::attributes, files::Files};
use crate::api_error::{ApiError, Result};

/// The directory of the volumes of a real engine.
const ROOT: &str = "/var/lib/docker/volumes";

#[derive(Debug)]
pub(crate) struct Volume {
    pub(crate) name: String,
    pub(crate) created: Timestamp,
    pub(crate) labels: Value,
    pub(crate) options: Value,
    pub(crate) files: Files,
}

impl Volume {
    /// The volume as JSON, as `inspect` returns it.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "Name": self.name, "Driver": "local", "Mountpoint": mountpoint(&self.name), "Labels": self.labels,
            "Scope": "local", "Options": self.options, "CreatedAt": format!("{:.0}", self.created),
        })
    }
}

/// The mount point of a volume on the host.
pub(crate) fn mountpoint(name: &str) -> String {
    format!("{ROOT}/{name}/_data")
}

impl State {
    pub(crate) fn volume(&self, name: &str) -> Result<&Volume> {
        let found = self.volumes.iter().find(|volume| volume.name == name);
        found.ok_or_else(|| ApiError::not_found(format!("get {name}: no such volume")))
    }

    /// Creates a volume unless it exists. If `name` is empty, its name is a new id.
    pub(crate) fn create_volume(&mut self, name: &str, labels: Value, options: Value) -> Result<String> {
        let name = if name.is_empty() { self.new_id() } else { name.to_owned() };
        check_name(&name)?;
        if self.volume(&name).is_err() {
            let (created, files) = (Timestamp::now(), Files::default());
            self.volumes.push(Volume { name: name.clone(), created, labels, options, files });
        }
        self.volume_event("create", &name, []);
        Ok(name)
    }

    /// The ids of the containers that mount a volume.
    pub(crate) fn users_of_volume(&self, name: &str) -> Vec<&str> {
        let users =
            self.containers.iter().filter(|container| container.mounts.iter().any(|mount| mount.volume == name));
        users.map(|container| &*container.id).collect()
    }

    /// Removes a volume; an error if a container uses it.
    pub(crate) fn remove_volume(&mut self, name: &str) -> Result<()> {
        self.volume(name)?;
        let users = self.users_of_volume(name);
        if !users.is_empty() {
            let users = users.join(", ");
            return Err(ApiError::conflict(format!("remove {name}: volume is in use - [{users}]")));
        }
        self.volumes.retain(|volume| volume.name != name);
        self.volume_event("destroy", name, []);
        Ok(())
    }

    pub(crate) fn volume_event<'a>(
        &mut self,
        action: &str,
        name: &str,
        pairs: impl IntoIterator<Item = (&'a str, &'a String)>,
    ) {
        let mut attributes = attributes(pairs);
        attributes.insert("driver".to_owned(), "local".to_owned());
        self.event("volume", action, name, None, attributes);
    }
}

/// Returns an error unless `name` is a valid name of a volume.
fn check_name(name: &str) -> Result<()> {
    let fine = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    if name.len() == 1 {
        let message = "volume name is too short, names should be at least two alphanumeric characters";
        return Err(ApiError::new(400, format!("create {name}: {message}")));
    }
    if !fine {
        return Err(ApiError::new(
            400,
            format!(
                "create {name}: {name:?} includes invalid characters for a local volume name, only \
                 \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path"
            ),
        ));
    }
    Ok(())
}
