//! The settings of plugins, which users can change.

use serde_json::{Value, json};

use super::Plugin;
use crate::{
    api_error::{ApiError, Result},
    argv::words,
};

/// The settings of a new plugin: the defaults in its configuration.
pub(super) fn initial(config: &Value) -> Value {
    let list = |value: &Value| if value.is_array() { value.clone() } else { json!([]) };
    let variables = config["Env"].as_array().into_iter().flatten();
    let variables = variables.filter_map(|variable| variable["Value"].as_str().map(|value| (&variable["Name"], value)));
    let variables: Vec<String> =
        variables.map(|(name, value)| format!("{}={value}", name.as_str().unwrap_or_default())).collect();
    json!({
        "Mounts": list(&config["Mounts"]), "Devices": list(&config["Linux"]["Devices"]), "Env": variables,
        "Args": list(&config["Args"]["Value"]),
    })
}

/// A changed setting: `name`, `name=value` or `name.field=value`.
struct Change<'a> {
    name: &'a str,
    field: String,
    value: &'a str,
}

impl<'a> Change<'a> {
    fn parse(text: &'a str) -> Result<Self> {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        if name.is_empty() && !text.is_empty() {
            return Err(ApiError::new(500, "invalid format, must be <name>[.<field>][=<value>]"));
        }
        let (name, field) = match name.rfind('.') {
            Some(at) if at > 0 => (&name[..at], &name[at + 1..]),
            _ => (name, ""),
        };
        Ok(Self { name, field: field.to_owned(), value })
    }

    /// Returns an error unless the configuration lists the field as settable, and it is the one that engines can set.
    fn check(&mut self, supported: &str, settable: &Value) -> Result<()> {
        let settable = words(settable);
        match &settable[..] {
            [only] if self.field.is_empty() => self.field.clone_from(only),
            [_, _, ..] if self.field.is_empty() => {
                return Err(ApiError::new(500, "multiple fields are settable, one must be specified"));
            }
            _ => {}
        }
        if self.field == supported && settable.contains(&self.field) {
            return Ok(());
        }
        let name = if self.field.is_empty() { self.name.to_owned() } else { format!("{}.{}", self.name, self.field) };
        Err(ApiError::new(500, format!("{name:?} is not settable")))
    }
}

impl Plugin {
    /// Changes settings. If one of them is invalid, those before it are changed, as by an engine.
    pub(crate) fn set(&mut self, changes: &[String]) -> Result<()> {
        if self.enabled {
            return Err(ApiError::new(500, "cannot set on an active plugin, disable plugin before setting"));
        }
        let changes: Vec<Change<'_>> = changes.iter().map(|text| Change::parse(text)).collect::<Result<_>>()?;
        changes.into_iter().try_for_each(|change| self.apply(change))
    }

    fn apply(&mut self, mut change: Change<'_>) -> Result<()> {
        let name = change.name;
        let position = |list: &Value| list.as_array().into_iter().flatten().position(|item| item["Name"] == name);
        let config = &mut self.config;
        if let Some(index) = position(&config["Env"]) {
            change.check("value", &config["Env"][index]["Settable"])?;
            self.set_variable(name, change.value);
        } else if let Some(index) = position(&config["Mounts"]) {
            change.check("source", &config["Mounts"][index]["Settable"])?;
            if config["Mounts"][index]["Source"].is_null() {
                return Err(ApiError::new(500, "Plugin config has no mount source"));
            }
            // The settings share their values with the configuration, until an engine restarts.
            config["Mounts"][index]["Source"] = json!(change.value);
            if let Some(mount) = self.settings["Mounts"].get_mut(index) {
                mount["Source"] = json!(change.value);
            }
        } else if let Some(index) = position(&config["Linux"]["Devices"]) {
            change.check("path", &config["Linux"]["Devices"][index]["Settable"])?;
            if config["Linux"]["Devices"][index]["Path"].is_null() {
                return Err(ApiError::new(500, "Plugin config has no device path"));
            }
            config["Linux"]["Devices"][index]["Path"] = json!(change.value);
            if let Some(device) = self.settings["Devices"].get_mut(index) {
                device["Path"] = json!(change.value);
            }
        } else if config["Args"]["Name"].as_str().unwrap_or_default() == name {
            change.check("value", &config["Args"]["Settable"])?;
            self.settings["Args"] = change.value.split(' ').collect();
        } else {
            return Err(ApiError::new(500, format!("setting {name:?} not found in the plugin configuration")));
        }
        Ok(())
    }

    /// Sets an environment variable.
    fn set_variable(&mut self, name: &str, value: &str) {
        let mut all = words(&self.settings["Env"]);
        let variable = format!("{name}={value}");
        match all.iter_mut().find(|known| known.split('=').next() == Some(name)) {
            Some(known) => *known = variable,
            None => all.push(variable),
        }
        self.settings["Env"] = json!(all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin() -> Plugin {
        let config = json!({
            "Env": [
                { "Name": "DEBUG", "Value": "0", "Settable": ["value"] },
                { "Name": "HOME", "Value": "/", "Settable": null },
                { "Name": "MODE", "Settable": ["value", "name"] },
            ],
            "Mounts": [
                { "Name": "data", "Source": "/a", "Settable": ["source"] }, { "Name": "none", "Settable": ["source"] },
            ],
            "Linux": { "Devices": [{ "Name": "fuse", "Path": "/dev/fuse", "Settable": ["path"] }] },
            "Args": { "Name": "args", "Value": ["a"], "Settable": ["value"] },
        });
        let (id, name) = ("0".repeat(64), "a:latest".to_owned());
        let settings = initial(&config);
        Plugin { id, reference: name.clone(), name, enabled: false, config, settings }
    }

    #[test]
    fn initial_plugin_settings_are_those_of_the_configuration() {
        let settings = plugin().settings;
        assert_eq!(settings["Env"], json!(["DEBUG=0", "HOME=/"]));
        assert_eq!((&settings["Args"], &settings["Mounts"][0]["Source"]), (&json!(["a"]), &json!("/a")));
        assert_eq!(settings["Devices"][0]["Path"], "/dev/fuse");
        let empty = json!({ "Mounts": [], "Devices": [], "Env": [], "Args": [] });
        assert_eq!(initial(&json!({})), empty);
    }

    #[test]
    fn plugin_set_changes_each_kind_of_setting() {
        let mut plugin = plugin();
        let changes = ["DEBUG=1", "MODE.value=x=y", "data.source=/b", "fuse=/dev/null", "args=b c"];
        plugin.set(&changes.map(str::to_owned)).unwrap();
        assert_eq!(plugin.settings["Env"], json!(["DEBUG=1", "HOME=/", "MODE=x=y"]));
        assert_eq!(plugin.settings["Mounts"][0]["Source"], "/b");
        assert_eq!(plugin.settings["Devices"][0]["Path"], "/dev/null");
        assert_eq!(plugin.settings["Args"], json!(["b", "c"]));
    }

    #[test]
    fn plugin_set_rejects_settings_that_are_not_settable() {
        let messages = [
            ("HOME=/root", "\"HOME\" is not settable"),
            ("DEBUG.name=x", "\"DEBUG.name\" is not settable"),
            ("MODE=x", "multiple fields are settable, one must be specified"),
            ("none=/", "Plugin config has no mount source"),
            ("bogus=1", "setting \"bogus\" not found in the plugin configuration"),
            ("=1", "invalid format, must be <name>[.<field>][=<value>]"),
        ];
        for (change, message) in messages {
            assert_eq!(plugin().set(&[change.to_owned()]), Err(ApiError::new(500, message)), "{change}");
        }
        let mut enabled = plugin();
        enabled.enabled = true;
        assert!(enabled.set(&["DEBUG=1".to_owned()]).is_err());
    }
}
