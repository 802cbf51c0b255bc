//! Configuration of the Docker CLI: its directory and `config.json`.
//!
//! Reads the current context, registry credentials and their helpers, headers for the engine, and proxies for containers.
//! All other fields are ignored.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use serde_json::value::RawValue;

use crate::{
    Result,
    go_json::{self, Malformed, Object},
    models::AuthConfig,
    regular_file,
};

mod proxies;

pub(crate) use self::proxies::ProxyVariables;

/// Maximum size of a file, in bytes.
const MAX_SIZE: u64 = 4 << 20;

/// The directory of the configuration. It need not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConfigDirectory(PathBuf);

/// The contents of `config.json`.
///
/// Invalid parts of the file are ignored, as the Docker CLI does. A malformed entry is `None`, and an error only if it is
/// used.
#[derive(Default)]
pub(crate) struct ConfigFile {
    /// The name of the context to use; `None` or `default` for no context.
    pub(crate) current_context: Option<String>,
    /// Credentials by registry name, as spelled in the file.
    pub(crate) auths: BTreeMap<String, Option<AuthConfig>>,
    /// The credential helper for all registries.
    pub(crate) creds_store: Option<String>,
    /// Credential helpers by registry name.
    pub(crate) cred_helpers: BTreeMap<String, Option<String>>,
    /// Headers of each request to the engine.
    pub(crate) headers: Vec<(String, String)>,
    /// Proxy variables by the address of the engine, or `default`.
    proxies: BTreeMap<String, ProxyVariables>,
    /// Descriptions of the invalid parts of the file.
    faults: Vec<String>,
    /// The first fault that may have hidden credentials.
    credentials_fault: Option<String>,
    /// Whether reading the file failed.
    pub(crate) is_unreadable: bool,
}

impl ConfigDirectory {
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("config.json")
    }

    /// Reads `config.json`. Returns the defaults if it does not exist. Logs a warning if it cannot be read or is not valid.
    ///
    /// Fails only if it is a FIFO, a device or a socket, or is too large.
    pub(crate) fn load(&self) -> Result<ConfigFile> {
        let path = self.file();
        let file = match read(&path) {
            Ok(text) => ConfigFile::parse(&text.unwrap_or_default()),
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::FileTooLarge) => {
                return Err(regular_file::read_error(&path, error));
            }
            Err(error) => {
                let mut file = ConfigFile { is_unreadable: true, ..ConfigFile::default() };
                file.fault(format!("{error}"), true);
                file
            }
        };
        if !file.faults.is_empty() {
            tracing::warn!(file = %path.display(), faults = file.faults.join("; "), "ignoring invalid parts of the configuration");
        }
        Ok(file)
    }
}

impl ConfigFile {
    pub(crate) fn parse(text: &[u8]) -> Self {
        let mut file = Self::default();
        // Go replaces invalid UTF-8, and the Docker CLI ignores text after the first value.
        let text = String::from_utf8_lossy(text);
        let object = match serde_json::Deserializer::from_str(&text).into_iter::<Option<Object>>().next() {
            None => return file,
            Some(Ok(object)) => object.unwrap_or_default(),
            Some(Err(error)) => {
                file.fault(go_json::describe(&error), true);
                return file;
            }
        };
        file.current_context = file.checked(object.get("currentContext"), false);
        file.creds_store = file.checked(object.get("credsStore"), true);
        file.cred_helpers = file.map(object.entries("credHelpers"), true, string);
        file.auths = file.map(object.entries("auths"), true, parse_auth);
        let headers = file.map(object.entries("HttpHeaders"), false, string);
        file.headers = headers.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let proxies = file.map(object.entries("proxies"), false, ProxyVariables::parse);
        file.proxies = proxies.into_iter().filter_map(|(engine, variables)| Some((engine, variables?))).collect();
        file
    }

    /// Returns the first fault that may have hidden credentials.
    pub(crate) fn credentials_fault(&self) -> Option<&str> {
        self.credentials_fault.as_deref()
    }

    /// Returns the proxy variables for containers of the engine at `address`.
    pub(crate) fn proxy_variables(&self, address: &str) -> ProxyVariables {
        self.proxies.get(address).or_else(|| self.proxies.get("default")).cloned().unwrap_or_default()
    }

    /// Records an invalid part of the file.
    fn fault(&mut self, fault: String, hides_credentials: bool) {
        if hides_credentials {
            self.credentials_fault.get_or_insert_with(|| fault.clone());
        }
        self.faults.push(fault);
    }

    /// Returns the value, or records a fault and returns the default.
    fn checked<T: Default>(&mut self, value: Result<T, Malformed>, hides_credentials: bool) -> T {
        value.unwrap_or_else(|malformed| {
            self.fault(malformed.to_string(), hides_credentials);
            T::default()
        })
    }

    /// Parses the values of a map. Records a fault for each malformed value, which becomes `None`.
    fn map<T>(
        &mut self,
        entries: Result<Vec<(String, Box<RawValue>)>, Malformed>,
        hides_credentials: bool,
        parse: impl Fn(&str, &RawValue) -> Result<T, Malformed>,
    ) -> BTreeMap<String, Option<T>> {
        let entries = self.checked(entries, hides_credentials);
        let parsed = entries.into_iter().map(|(name, value)| {
            let value = parse(&name, &value).map_err(|malformed| self.fault(malformed.to_string(), false)).ok();
            (name, value)
        });
        parsed.collect()
    }
}

fn string(name: &str, value: &RawValue) -> Result<String, Malformed> {
    Ok(go_json::parse::<Option<String>>(name, value)?.unwrap_or_default())
}

/// Parses the credentials of one registry.
fn parse_auth(registry: &str, value: &RawValue) -> Result<AuthConfig, Malformed> {
    let fields = go_json::parse::<Option<Object>>(registry, value)?.unwrap_or_default();
    let field = |name: &str| {
        let value = fields.get::<String>(name).map_err(|_| Malformed(registry.to_owned()))?;
        Ok(value.unwrap_or_default())
    };
    Ok(AuthConfig {
        username: field("username")?,
        password: field("password")?,
        auth: field("auth")?,
        email: field("email")?,
        identitytoken: field("identitytoken")?,
        registrytoken: field("registrytoken")?,
        ..Default::default()
    })
}

/// Reads a file of the configuration. Returns `None` if it does not exist.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match regular_file::read(path, MAX_SIZE) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        other => other.map(Some),
    }
}
