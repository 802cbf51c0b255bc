//! Selection of the engine from settings of the program, the environment and the configuration.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::{
    Endpoint, Tls,
    address::{Address, Host, LOCALHOST, Redacted, TLS_PORT, Url},
    context, local,
};
use crate::{
    Error, Result,
    config::{ConfigDirectory, ConfigFile},
    environment::Environment,
    error::Kind,
    platform,
};

/// Settings of the program that select the engine.
#[derive(Clone, Default)]
pub(crate) struct EndpointOptions {
    pub(crate) address: Option<String>,
    pub(crate) context: Option<String>,
    pub(crate) tls: Option<Tls>,
}

/// The Docker CLI's configuration.
#[derive(Clone, Copy)]
pub(crate) struct Configuration<'a> {
    pub(crate) directory: Option<&'a ConfigDirectory>,
    pub(crate) file: &'a ConfigFile,
}

impl EndpointOptions {
    /// Whether any of the settings is set.
    pub(crate) fn is_set(&self) -> bool {
        self.address.is_some() || self.context.is_some() || self.tls.is_some()
    }
}

/// Returns the engine to use. The settings of the program take precedence over the environment, which takes precedence over the
/// configuration.
pub(crate) fn resolve(
    options: &EndpointOptions,
    environment: &Environment,
    config: Configuration<'_>,
) -> Result<Endpoint> {
    let endpoint = candidate(options, environment, config)?;
    if options.tls.is_some() && !endpoint.has_tls() {
        return Err(Error::invalid_input(format!("TLS was configured, but {endpoint} does not use TLS")));
    }
    Ok(endpoint)
}

fn candidate(options: &EndpointOptions, environment: &Environment, config: Configuration<'_>) -> Result<Endpoint> {
    let directory = config.directory;
    let context = |name: &str| context::endpoint(name, directory, options.tls.as_ref(), environment);
    let named = |address: Address| Endpoint::new(address, tls(options, environment, directory).as_ref(), environment);
    match (&options.address, options.context.as_deref()) {
        (Some(_), Some(_)) => return Err(Error::invalid_input("address() cannot be combined with context()")),
        (Some(address), None) => return named(address.parse()?),
        (None, Some(name)) if context::is_named(name) => return context(name),
        (None, _) => {}
    }
    if let Some(address) = environment.get("DOCKER_HOST")? {
        if address.trim().is_empty() {
            return default(options, environment, directory);
        }
        return address.parse().and_then(named).map_err(|error| error.in_source("DOCKER_HOST"));
    }
    // The program may set the context `default`, which means no context.
    if options.context.is_none() {
        if let Some(name) = environment.get("DOCKER_CONTEXT")? {
            if context::is_named(name) {
                return context(name).map_err(|error| error.in_source("DOCKER_CONTEXT"));
            }
        } else if let Some(name) = &config.file.current_context
            && !name.is_empty()
            && context::is_named(name)
        {
            return context(name).map_err(|error| error.in_source("the current context"));
        }
    }
    default(options, environment, directory)
}

/// The default engine: the TLS port of this machine if TLS is configured, otherwise a local socket or pipe.
fn default(
    options: &EndpointOptions,
    environment: &Environment,
    directory: Option<&ConfigDirectory>,
) -> Result<Endpoint> {
    match tls(options, environment, directory) {
        Some(tls) => {
            let host = Host { name: LOCALHOST.to_owned(), port: Some(TLS_PORT) };
            Endpoint::new(Address::Tcp(Url { host, prefix: String::new() }), Some(&tls), environment)
        }
        None => first_usable(local::default_paths(environment)).map(local::endpoint),
    }
}

/// Returns the TLS configuration for addresses outside of contexts. Any value of `DOCKER_TLS_VERIFY` or `DOCKER_TLS`
/// enables TLS; certificates alone do not.
fn tls(options: &EndpointOptions, environment: &Environment, directory: Option<&ConfigDirectory>) -> Option<Tls> {
    if options.tls.is_some() {
        return options.tls.clone();
    }
    let verify = environment.is_set("DOCKER_TLS_VERIFY");
    if !verify && !environment.is_set("DOCKER_TLS") {
        return None;
    }
    let files = environment.path("DOCKER_CERT_PATH").or_else(|| directory.map(ConfigDirectory::path));
    let tls = Tls::from_directory(files.unwrap_or(Path::new(""))).without_missing_identity();
    Some(if verify { tls } else { tls.without_missing_authorities().danger_accept_invalid_certs(true) })
}

/// Returns the first of `paths` that is a socket or named pipe this user has permission to open.
fn first_usable(paths: Vec<PathBuf>) -> Result<PathBuf> {
    let mut rejected = Vec::new();
    for path in paths {
        match platform::socket_rejection(&path) {
            None => return Ok(path),
            Some(why) => rejected.push(format!("{}: {why}", path.display())),
        }
    }
    let message = format!(
        "cannot find the Docker daemon: neither DOCKER_HOST nor a Docker context is set, and no default {} is usable (is the daemon running?): {}",
        local::KIND,
        rejected.join(", ")
    );
    Err(Error::new(Kind::Connect(message)))
}

/// Does not show the password that an address may contain.
impl fmt::Debug for EndpointOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointOptions")
            .field("address", &self.address.as_deref().map(Redacted))
            .field("context", &self.context)
            .field("tls", &self.tls)
            .finish()
    }
}

#[cfg(test)]
#[cfg(all(feature = "ssh", any(feature = "tls", feature = "tls-aws-lc-rs")))]
mod tests;
