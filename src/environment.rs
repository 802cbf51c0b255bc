//! What the environment says about the engine, as the docker command line understands it.

use std::{collections::BTreeMap, env, path::PathBuf};

use crate::{Error, Result, error::Kind};

/// The variables that mean something here; no other is ever looked at.
const VARIABLES: [&str; 10] = [
    "DOCKER_API_VERSION",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "DOCKER_TLS",
    "DOCKER_TLS_VERIFY",
    "HOME",
    "PATH",
    "XDG_RUNTIME_DIR",
];

/// The variables of the environment that are set and not empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment(BTreeMap<&'static str, String>);

impl Environment {
    /// Reads the environment of this process.
    pub(crate) fn of_process() -> Result<Self> {
        Self::read(|name| match env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(env::VarError::NotPresent) => Ok(None),
            // Folders of the system; they are not asked for anything that cannot be done without.
            Err(_) if !name.starts_with("DOCKER_") => Ok(None),
            Err(error) => Err(Error::with_source(Kind::Request(format!("{name} is not readable")), error)),
        })
    }

    fn read(variable: impl Fn(&str) -> Result<Option<String>>) -> Result<Self> {
        let mut found = BTreeMap::new();
        for name in VARIABLES {
            if let Some(value) = variable(name)?.filter(|value| !value.is_empty()) {
                found.insert(name, value);
            }
        }
        Ok(Self(found))
    }

    /// The value of `name`, unless it is empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The directory of the command line's configuration: `DOCKER_CONFIG`, else `.docker` at home.
    pub(crate) fn config_directory(&self) -> Option<PathBuf> {
        let named = self.get("DOCKER_CONFIG").map(PathBuf::from);
        named.or_else(|| Some(PathBuf::from(self.get("HOME")?).join(".docker")))
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&'static str, &str); N]> for Environment {
    fn from(variables: [(&'static str, &str); N]) -> Self {
        let variables = BTreeMap::from(variables);
        assert!(variables.keys().all(|name| VARIABLES.contains(name)), "a variable that is never read");
        Self::read(|name| Ok(variables.get(name).map(ToString::to_string))).unwrap()
    }
}
