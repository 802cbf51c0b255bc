//! Plugins.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{State, event::attributes, ids, reference};
use crate::{
    api_error::{ApiError, Result},
    argv::words,
    specification::SPECIFICATION,
};

mod privileges;
mod settings;

pub(crate) use self::privileges::{are_granted, required_privileges};

/// A plugin.
#[derive(Clone, Debug)]
pub(crate) struct Plugin {
    pub(crate) id: String,
    /// The local name, with a tag.
    pub(crate) name: String,
    /// The reference in a registry; the local name if it was not pulled.
    pub(crate) reference: String,
    pub(crate) enabled: bool,
    /// The `config.json`, as [`decode_config`] returns it.
    pub(crate) config: Value,
    settings: Value,
}

/// The configurations of the plugins that can be pulled, by full reference.
pub(crate) type PluginRegistry = BTreeMap<String, Value>;

impl Plugin {
    /// The plugin as JSON, as `inspect` returns it.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "Id": self.id, "Name": self.name, "Enabled": self.enabled, "Config": self.config, "Settings": self.settings,
            "PluginReference": self.reference,
        })
    }

    /// The capabilities, for example `volumedriver` of the interface type `docker.volumedriver/1.0`.
    pub(crate) fn capabilities(&self) -> Vec<String> {
        let types = words(&self.config["Interface"]["Types"]);
        let without_version = types.iter().map(|kind| kind.split('/').next().unwrap_or_default());
        without_version.map(|kind| kind.rsplit('.').next().unwrap_or_default().to_owned()).collect()
    }

    /// Marks the plugin as enabled. Its program does not run.
    pub(crate) fn enable(&mut self) -> Result<()> {
        if self.enabled {
            return Err(ApiError::conflict(format!("plugin already enabled: plugin {} is enabled", self.name)));
        }
        if self.config["Mounts"].as_array().into_iter().flatten().any(|mount| mount["Source"].is_null()) {
            return Err(ApiError::new(500, "mount source is not specified"));
        }
        self.enabled = true;
        Ok(())
    }

    pub(crate) fn disable(&mut self) -> Result<()> {
        if !self.enabled {
            let message = format!("plugin is already disabled: plugin {} found but disabled", self.name);
            return Err(ApiError::conflict(message));
        }
        self.enabled = false;
        Ok(())
    }
}

/// Decodes a `config.json`, and adds the digest of the files of the plugin. Returns the error message of an engine if
/// it is invalid.
pub(crate) fn decode_config(config: &Value, files: &str) -> std::result::Result<Value, String> {
    let mut config = SPECIFICATION.decoded("PluginConfig", config)?;
    config["rootfs"] = json!({ "type": "layers", "diff_ids": [files] });
    Ok(config)
}

/// The digest of a plugin in a registry.
pub(crate) fn digest(config: &Value) -> String {
    format!("sha256:{}", ids::of(config.to_string().as_bytes()))
}

impl State {
    /// The plugin with this name, id or unique id prefix.
    pub(crate) fn plugin(&self, name: &str) -> Result<&Plugin> {
        self.plugin_index(name).map(|index| &self.plugins[index])
    }

    pub(crate) fn plugin_mut(&mut self, name: &str) -> Result<&mut Plugin> {
        self.plugin_index(name).map(|index| &mut self.plugins[index])
    }

    fn plugin_index(&self, name: &str) -> Result<usize> {
        let missing = || ApiError::not_found(format!("plugin {name:?} not found"));
        if self.check_repository(name, 404).is_err() || name.contains('@') {
            return Err(missing());
        }
        let full_name = reference::full(name);
        if let Some(index) = self.plugins.iter().position(|plugin| plugin.name == full_name) {
            return Ok(index);
        }
        let with_prefix: Vec<usize> =
            (0..self.plugins.len()).filter(|index| self.plugins[*index].id.starts_with(name)).collect();
        match with_prefix[..] {
            [index] => Ok(index),
            [] => Err(missing()),
            _ => Err(ApiError::new(400, format!("multiple plugins found for {name:?}"))),
        }
    }

    /// Returns an error with this status if a plugin has this full name.
    pub(crate) fn check_plugin_name(&self, name: &str, status: u16) -> Result<()> {
        match self.plugins.iter().any(|plugin| plugin.name == name) {
            true => Err(ApiError::new(status, format!("plugin {name} already exists"))),
            false => Ok(()),
        }
    }

    /// Adds a plugin, which is disabled, and returns its id.
    pub(crate) fn add_plugin(&mut self, name: &str, reference: &str, config: Value) -> String {
        let id = self.new_id();
        let settings = settings::initial(&config);
        let (name, reference) = (name.to_owned(), reference.to_owned());
        self.plugins.push(Plugin { id: id.clone(), name, reference, enabled: false, config, settings });
        id
    }

    /// The configuration of a plugin in the registry.
    pub(crate) fn published_plugin(&self, reference: &str) -> Result<Value> {
        let missing = || {
            let reference = reference::with_registry(reference);
            ApiError::not_found(format!("error resolving plugin reference: {reference}: not found"))
        };
        self.plugin_registry.get(reference).cloned().ok_or_else(missing)
    }

    pub(crate) fn plugin_event(&mut self, action: &str, id: &str, name: &str) {
        self.event("plugin", action, id, None, attributes([("name", &name.to_owned())]));
    }
}
