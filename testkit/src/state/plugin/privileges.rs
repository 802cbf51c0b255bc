//! The privileges that plugins require, which a user grants with a pull.

use serde_json::{Value, json};

use crate::argv::words;

/// The privileges that a plugin with this configuration requires.
pub(crate) fn required_privileges(config: &Value) -> Vec<Value> {
    let mut privileges = Vec::new();
    let mut add = |name: &str, description: &str, value: Value| {
        privileges.push(json!({ "Name": name, "Description": description, "Value": value }));
    };
    let network = config["Network"]["Type"].as_str().unwrap_or_default();
    if !matches!(network, "" | "null" | "bridge") {
        add("network", "permissions to access a network", json!([network]));
    }
    if config["IpcHost"] == true {
        add("host ipc namespace", "allow access to host ipc namespace", json!(["true"]));
    }
    if config["PidHost"] == true {
        add("host pid namespace", "allow access to host pid namespace", json!(["true"]));
    }
    for source in config["Mounts"].as_array().into_iter().flatten().filter_map(|mount| mount["Source"].as_str()) {
        add("mount", "host path to mount", json!([source]));
    }
    let linux = &config["Linux"];
    for path in linux["Devices"].as_array().into_iter().flatten().filter_map(|device| device["Path"].as_str()) {
        add("device", "host device to access", json!([path]));
    }
    if linux["AllowAllDevices"] == true {
        add("allow-all-devices", "allow 'rwm' access to all devices", json!(["true"]));
    }
    let capabilities = words(&linux["Capabilities"]);
    if !capabilities.is_empty() {
        add("capabilities", "list of additional capabilities required", json!(capabilities));
    }
    privileges
}

/// Whether the granted privileges are the required ones. Engines compare neither descriptions nor the first privilege
/// by name.
pub(crate) fn are_granted(required: &[Value], granted: &[Value]) -> bool {
    let (required, granted) = (sorted(required), sorted(granted));
    required.len() == granted.len() && required.iter().skip(1).eq(granted.iter().skip(1))
}

/// The names and values of privileges, by name.
fn sorted(privileges: &[Value]) -> Vec<(&str, Vec<String>)> {
    let values = privileges.iter().map(|privilege| words(&privilege["Value"]));
    let names = privileges.iter().map(|privilege| privilege["Name"].as_str().unwrap_or_default());
    let mut sorted: Vec<(&str, Vec<String>)> = names.zip(values).collect();
    sorted.sort_by_key(|(name, _)| *name);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn granted_privileges_are_compared_in_any_order() {
        let config = json!({
            "Network": { "Type": "host" }, "IpcHost": true, "Linux": { "Capabilities": ["CAP_SYS_ADMIN"] },
        });
        let required = required_privileges(&config);
        let mut granted = required.clone();
        granted.reverse();
        assert!(are_granted(&required, &granted));
        assert!(!are_granted(&required, &granted[1..]));
        granted[2]["Value"] = json!(["none"]);
        assert!(!are_granted(&required, &granted));
    }
}
