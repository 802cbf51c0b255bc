//! Secrets and configs: named data that services read as files.

use std::marker::PhantomData;

use base64::{DecodeError, Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{Meta, Object, Swarm, object_index, rpc_error, validate::references};
use crate::{
    api_error::{ApiError, Result},
    state::{State, event::attributes},
};

/// The maximum length of a name, in bytes.
const MAX_NAME: usize = 64;

/// The kind of the secrets.
#[derive(Debug)]
pub(crate) enum Secret {}

/// The kind of the configs.
#[derive(Debug)]
pub(crate) enum Config {}

/// The differences between secrets and configs.
pub(crate) trait Kind: Sized + 'static {
    /// The name of the kind, as error messages and events contain it.
    const NAME: &'static str;

    /// Whether the data can come from a driver, and is not returned.
    const IS_SECRET: bool;

    /// The size that data does not reach, in bytes.
    const SIZE_LIMIT: usize;

    fn all(swarm: &Swarm) -> &[Stored<Self>];

    fn all_mut(swarm: &mut Swarm) -> &mut Vec<Stored<Self>>;
}

impl Kind for Secret {
    const NAME: &'static str = "secret";
    const IS_SECRET: bool = true;
    const SIZE_LIMIT: usize = 500 << 10;

    fn all(swarm: &Swarm) -> &[Stored<Self>] {
        &swarm.secrets
    }

    fn all_mut(swarm: &mut Swarm) -> &mut Vec<Stored<Self>> {
        &mut swarm.secrets
    }
}

impl Kind for Config {
    const NAME: &'static str = "config";
    const IS_SECRET: bool = false;
    const SIZE_LIMIT: usize = 1000 << 10;

    fn all(swarm: &Swarm) -> &[Stored<Self>] {
        &swarm.configs
    }

    fn all_mut(swarm: &mut Swarm) -> &mut Vec<Stored<Self>> {
        &mut swarm.configs
    }
}

/// A secret or a config.
#[derive(Debug)]
pub(crate) struct Stored<K> {
    pub(crate) meta: Meta,
    pub(crate) name: String,
    pub(crate) labels: Value,
    pub(crate) data: Vec<u8>,
    /// The fields `Driver` and `Templating` of the create request, if it has them.
    options: Value,
    kind: PhantomData<K>,
}

impl<K: Kind> Object for Stored<K> {
    const KIND: &'static str = K::NAME;

    fn id(&self) -> &str {
        &self.meta.id
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl<K: Kind> Stored<K> {
    /// The object as JSON, as `inspect` returns it.
    pub(crate) fn to_json(&self) -> Value {
        let mut spec = self.options.clone();
        spec["Name"] = json!(self.name);
        spec["Labels"] = self.labels.clone();
        if !K::IS_SECRET {
            spec["Data"] = json!(BASE64_STANDARD.encode(&self.data));
        }
        let mut document = self.meta.to_json();
        document["Spec"] = spec;
        document
    }
}

impl State {
    /// Creates a secret or config, and returns its id.
    pub(crate) fn create_stored<K: Kind>(&mut self, spec: &Value) -> Result<String> {
        self.manager()?;
        check_name(spec["Name"].as_str().unwrap_or_default())?;
        let data = data(spec)?;
        if K::IS_SECRET && spec["Driver"].is_object() {
            self.check_secret_driver(spec["Driver"]["Name"].as_str().unwrap_or_default())?;
        } else if !(1..K::SIZE_LIMIT).contains(&data.len()) {
            let limit = K::SIZE_LIMIT;
            return Err(invalid(format!("{} data must be larger than 0 and less than {limit} bytes", K::NAME)));
        }
        self.change_swarm(|swarm| swarm.add_stored::<K>(spec, data))
    }

    /// Returns an error unless an enabled plugin provides secrets.
    fn check_secret_driver(&self, name: &str) -> Result<()> {
        if name.is_empty() {
            return Err(invalid("secret driver must have a name"));
        }
        let plugin = self.plugin(name).map_err(|error| rpc_error("Unknown", error.message))?;
        if !plugin.enabled {
            return Err(rpc_error("Unknown", format!("plugin {name} found but disabled")));
        }
        if !plugin.capabilities().iter().any(|capability| capability == "secretprovider") {
            return Err(rpc_error("Unknown", "plugin does not provide \"secretprovider\" capability"));
        }
        Ok(())
    }
}

impl Swarm {
    fn add_stored<K: Kind>(&mut self, spec: &Value, data: Vec<u8>) -> Result<String> {
        let name = spec["Name"].as_str().unwrap_or_default().to_owned();
        if K::all(self).iter().any(|other| other.name.eq_ignore_ascii_case(&name)) {
            return Err(rpc_error("AlreadyExists", format!("{} {name} already exists", K::NAME)));
        }
        let mut options = json!({});
        for field in ["Driver", "Templating"].into_iter().filter(|field| spec[*field].is_object()) {
            options[field] = spec[field].clone();
        }
        let meta = self.new_meta();
        let id = meta.id.clone();
        self.event(K::NAME, "create", &id, attributes([("name", &name)]));
        K::all_mut(self).push(Stored { meta, name, labels: labels(spec), data, options, kind: PhantomData });
        Ok(id)
    }

    /// Updates the labels of a secret or config.
    pub(crate) fn update_stored<K: Kind>(&mut self, name: &str, version: u64, spec: &Value) -> Result<()> {
        let index = object_index(K::all(self), name)?;
        let stored = &K::all(self)[index];
        let data = data(spec)?;
        let is_same = spec["Name"] == *stored.name && (data.is_empty() || data == stored.data);
        if !is_same {
            return Err(invalid("only updates to Labels are allowed"));
        }
        stored.meta.require_version(version)?;
        let version = self.next_version();
        let stored = &mut K::all_mut(self)[index];
        stored.labels = labels(spec);
        stored.meta.touch(version);
        let (id, attributes) = (stored.meta.id.clone(), attributes([("name", &stored.name)]));
        self.event(K::NAME, "update", &id, attributes);
        Ok(())
    }

    /// Removes a secret or config; an error if a service uses it.
    pub(crate) fn remove_stored<K: Kind>(&mut self, name: &str) -> Result<()> {
        let index = object_index(K::all(self), name)?;
        let stored = &K::all(self)[index];
        let users = self.users_of::<K>(&stored.meta.id);
        if !users.is_empty() {
            let services = if users.len() == 1 { "service" } else { "services" };
            let (kind, name, users) = (K::NAME, &stored.name, users.join(", "));
            return Err(invalid(format!("{kind} '{name}' is in use by the following {services}: {users}")));
        }
        let removed = K::all_mut(self).remove(index);
        self.next_version();
        self.event(K::NAME, "remove", &removed.meta.id, attributes([("name", &removed.name)]));
        Ok(())
    }

    /// The names of the services that refer to a secret or config.
    fn users_of<K: Kind>(&self, id: &str) -> Vec<&str> {
        let uses = |spec: &Value| {
            references(K::NAME, &spec["TaskTemplate"]["ContainerSpec"]).any(|reference| reference.id == id)
        };
        self.services.iter().filter(|service| uses(&service.spec)).map(Object::name).collect()
    }

    /// Returns an error if the configuration of the containers of a service refers to a secret or config that does not
    /// exist.
    pub(super) fn check_references(&self, container: &Value) -> Result<()> {
        self.check_references_to::<Secret>(container)?;
        self.check_references_to::<Config>(container)
    }

    fn check_references_to<K: Kind>(&self, container: &Value) -> Result<()> {
        let exists = |id: &str, name: &str| K::all(self).iter().any(|known| known.meta.id == id && known.name == name);
        let missing = references(K::NAME, container).filter(|reference| !exists(reference.id, reference.name));
        let missing: Vec<&str> = missing.map(|reference| reference.name).collect();
        match missing[..] {
            [] => Ok(()),
            [name] => Err(invalid(format!("{} not found: {name}", K::NAME))),
            _ => Err(invalid(format!("{}s not found: {}", K::NAME, missing.join(", ")))),
        }
    }
}

/// Returns an error unless `name` is a valid name of a secret or config.
fn check_name(name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(invalid("name must be provided"));
    }
    let is_valid = name.len() <= MAX_NAME
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric());
    let message = "invalid name, only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end character must be \
                   [a-zA-Z0-9]";
    if is_valid { Ok(()) } else { Err(invalid(message)) }
}

/// The data, decoded; empty if it is missing.
fn data(spec: &Value) -> Result<Vec<u8>> {
    let text = spec["Data"].as_str().unwrap_or_default();
    BASE64_STANDARD.decode(text).map_err(|error| {
        let at = if let DecodeError::InvalidByte(at, _) = error { at } else { text.len() };
        ApiError::new(400, format!("illegal base64 data at input byte {at}"))
    })
}

fn labels(spec: &Value) -> Value {
    if spec["Labels"].is_object() { spec["Labels"].clone() } else { json!({}) }
}

fn invalid(message: impl AsRef<str>) -> ApiError {
    rpc_error("InvalidArgument", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_and_configs() {
        for name in ["a", "A.b-c_d", &"x".repeat(64)] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["", "-a", "a.", "a b", "ä", &"x".repeat(65)] {
            assert_eq!(check_name(name).unwrap_err().status, 400, "{name}");
        }
    }

    #[test]
    fn data_is_base64() {
        assert_eq!(data(&json!({ "Data": "aGk=" })), Ok(b"hi".to_vec()));
        assert_eq!(data(&json!({})), Ok(vec![]));
        let error = data(&json!({ "Data": "aG?=" })).unwrap_err();
        assert_eq!((error.status, &*error.message), (400, "illegal base64 data at input byte 2"));
    }
}
