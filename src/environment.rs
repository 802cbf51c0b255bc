//! Environment variables that select and configure the engine, as in the Docker CLI.

use std::{
    collections::BTreeMap,
    env,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use crate::{Error, Result, platform::HOME};

/// The variables that are read. On Windows, their case has no meaning.
const VARIABLES: [&str; 17] = [
    "DOCKER_API_VERSION",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "DOCKER_TLS",
    "DOCKER_TLS_VERIFY",
    HOME,
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "PATH",
    "REQUEST_METHOD",
    "XDG_RUNTIME_DIR",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// The variables that are set and not empty. Has no `Debug`, because values may contain passwords.
#[derive(Clone, Default)]
pub(crate) struct Environment(BTreeMap<&'static str, OsString>);

impl Environment {
    /// Reads the environment of this process. If the variable of the home directory is not set, uses that of the user.
    pub(crate) fn of_process() -> Self {
        let home = |name: &str| if name == HOME { env::home_dir().map(OsString::from) } else { None };
        // Services are often started without the variable.
        Self::read(|name| env::var_os(name).or_else(|| home(name)))
    }

    /// Removes `HTTP_PROXY` and `HTTPS_PROXY`.
    pub(crate) fn without_proxies(mut self) -> Self {
        self.0.retain(|name, _| !["HTTP_PROXY", "HTTPS_PROXY"].contains(&&*name.to_uppercase()));
        self
    }

    fn read(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| Some((name, variable(name).filter(|value| !value.is_empty())?));
        Self(VARIABLES.into_iter().filter_map(set).collect())
    }

    /// Returns the value of `name`, unless it is empty. Fails if it is not valid UTF-8.
    pub(crate) fn get(&self, name: &str) -> Result<Option<&str>> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let text = value.to_str().ok_or_else(|| Error::invalid_input(format!("invalid {name}: not UTF-8")))?;
        Ok(Some(text))
    }

    /// Whether `name` is set and not empty.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Returns the value of `name` as a path, unless it is empty.
    pub(crate) fn path(&self, name: &str) -> Option<&Path> {
        self.0.get(name).map(Path::new)
    }

    /// Returns the home directory of the user.
    pub(crate) fn home(&self) -> Option<&Path> {
        self.path(HOME)
    }

    /// Returns `PATH`, the directories to search for programs.
    pub(crate) fn program_path(&self) -> &OsStr {
        self.0.get("PATH").map_or(OsStr::new(""), OsString::as_os_str)
    }

    /// Returns the directory of the Docker CLI's configuration: `DOCKER_CONFIG`, otherwise `.docker` in the home directory.
    pub(crate) fn config_directory(&self) -> Option<PathBuf> {
        let named = self.path("DOCKER_CONFIG").map(Path::to_owned);
        named.or_else(|| Some(self.home()?.join(".docker")))
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&'static str, &str); N]> for Environment {
    fn from(variables: [(&'static str, &str); N]) -> Self {
        let variables = BTreeMap::from(variables);
        assert!(
            variables.keys().all(|name| VARIABLES.contains(name)),
            "{variables:?} has a variable that is never read"
        );
        Self::read(|name| variables.get(name).map(OsString::from))
    }
}
