//! Where the engine is, if several say so.

use std::{
    fs::OpenOptions,
    io,
    path::{Path, PathBuf},
};

use super::{Endpoint, Tls, context};
use crate::{Error, Result, config::ConfigDirectory, environment::Environment, error::Kind};

/// What a program says by itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    pub(crate) address: Option<String>,
    pub(crate) context: Option<String>,
    pub(crate) tls: Option<Tls>,
}

impl Wish {
    /// Whether anything was said.
    pub(crate) fn is_something(&self) -> bool {
        self.address.is_some() || self.context.is_some() || self.tls.is_some()
    }
}

/// The engine that is meant: the program's word goes first, then that of the environment, then the configuration's.
pub(crate) fn find(wish: &Wish, environment: &Environment, config: Option<&ConfigDirectory>) -> Result<Endpoint> {
    let endpoint = candidate(wish, environment, config)?;
    if wish.tls.is_some() && !endpoint.has_tls() {
        return Err(Error::request(format!("TLS is wanted, and {endpoint} is without")));
    }
    Ok(endpoint)
}

fn candidate(wish: &Wish, environment: &Environment, config: Option<&ConfigDirectory>) -> Result<Endpoint> {
    let tls = wish.tls.as_ref();
    let context = |name: &str| context::endpoint(name, config, tls);
    match (&wish.address, wish.context.as_deref()) {
        (Some(_), Some(_)) => return Err(Error::request("an address and a context are given; one of them is enough")),
        (Some(address), None) => return named(address, wish, environment, config),
        (None, Some(name)) if context::is_one(name) => return context(name),
        (None, _) => {}
    }
    if let Some(address) = environment.get("DOCKER_HOST") {
        return named(address, wish, environment, config).map_err(|error| error.blaming("DOCKER_HOST"));
    }
    // Asked for no context by name, the program means none.
    if wish.context.is_none() {
        if let Some(name) = environment.get("DOCKER_CONTEXT") {
            if context::is_one(name) {
                return context(name).map_err(|error| error.blaming("DOCKER_CONTEXT"));
            }
        } else if let Some(config) = config
            && let Some(name) = config.load()?.current_context.filter(|name| !name.is_empty() && context::is_one(name))
        {
            return context(&name).map_err(|error| error.blaming("the current context"));
        }
    }
    first_socket(usual_places(environment)).map(Endpoint::Unix)
}

fn named(address: &str, wish: &Wish, environment: &Environment, config: Option<&ConfigDirectory>) -> Result<Endpoint> {
    let tls = wish.tls.clone().or_else(|| tls(environment, config));
    Endpoint::new(address.parse()?, tls.as_ref())
}

/// What the environment says of TLS, for addresses that are named: `DOCKER_TLS_VERIFY` and `DOCKER_TLS` mean yes
/// whatever they hold, and a name of files alone means nothing.
fn tls(environment: &Environment, config: Option<&ConfigDirectory>) -> Option<Tls> {
    let verify = environment.get("DOCKER_TLS_VERIFY").is_some();
    if !verify && environment.get("DOCKER_TLS").is_none() {
        return None;
    }
    let named = environment.get("DOCKER_CERT_PATH").map(PathBuf::from);
    let files = named.or_else(|| config.map(|config| config.path().to_owned())).unwrap_or_default();
    let tls = Tls::from_directory(files).without_missing_identity();
    Some(if verify { tls } else { tls.without_missing_authorities().dangerously_trust_anyone() })
}

/// Where engines listen if nobody says otherwise: Docker's, Docker's without root, Podman's.
fn usual_places(environment: &Environment) -> Vec<PathBuf> {
    let mut places = vec![PathBuf::from("/var/run/docker.sock")];
    if let Some(own) = environment.get("XDG_RUNTIME_DIR") {
        places.extend(["docker.sock", "podman/podman.sock"].map(|name| Path::new(own).join(name)));
    }
    places.push("/run/podman/podman.sock".into());
    places
}

/// The first of `places` with a socket that this user may open.
fn first_socket(places: Vec<PathBuf>) -> Result<PathBuf> {
    let mut refused = Vec::new();
    for place in places {
        match fault(&place) {
            None => return Ok(place),
            Some(why) => refused.push(format!("{} {why}", place.display())),
        }
    }
    let message = "DOCKER_HOST, DOCKER_CONTEXT and the current context name no engine, and there is no usual one:";
    Err(Error::new(Kind::Connect(format!("{message} {}", refused.join(", ")))))
}

/// Why nothing can listen at `path` for this user. A socket cannot be opened as a file, but who may not write to it
/// is told something else than who may.
fn fault(path: &Path) -> Option<&'static str> {
    match OpenOptions::new().write(true).open(path) {
        Ok(_) => Some("is no socket"),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Some("does not exist"),
            io::ErrorKind::PermissionDenied => Some("may not be opened by this user"),
            io::ErrorKind::IsADirectory => Some("is a directory"),
            _ => None,
        },
    }
}

#[cfg(test)]
#[cfg(all(feature = "ssh", feature = "tls"))]
mod tests;
