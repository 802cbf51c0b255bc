//! Contexts of the docker command line: engines by name, kept beside `config.json`.
//!
//! ```text
//! contexts/meta/<id>/meta.json     the name, the address, whether to verify
//! contexts/tls/<id>/docker/*.pem   certificates and the key
//! ```
//!
//! The id is a hash of the name; here, it is found by looking for the name.

use std::{fs, io};

use serde::Deserialize;

use super::{Endpoint, Tls};
use crate::{
    Error, Result,
    config::{self, ConfigDirectory},
    error::Kind,
};

/// The name that stands for no context.
const NONE: &str = "default";

/// What is of interest in `meta.json`.
#[derive(Debug, Deserialize)]
pub(crate) struct Meta {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Endpoints")]
    endpoints: Endpoints,
}

#[derive(Debug, Deserialize)]
struct Endpoints {
    docker: Option<Docker>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Docker {
    #[serde(rename = "Host")]
    host: String,
    #[serde(rename = "SkipTLSVerify")]
    skip_tls_verify: bool,
}

/// Whether `name` stands for a context.
pub(super) fn is_one(name: &str) -> bool {
    name != NONE
}

/// The engine of the context `name`.
pub(super) fn endpoint(name: &str, config: Option<&ConfigDirectory>, tls: Option<&Tls>) -> Result<Endpoint> {
    let refused = |why: &str| Error::request(format!("the context {name:?} {why}"));
    let Some(config) = config else { return Err(refused("cannot be looked for: there is no home directory")) };
    let Some((id, meta)) = find(name, config)? else {
        return Err(refused(&format!("is not in {}", config.path().join("contexts").display())));
    };
    let docker = meta.endpoints.docker.ok_or_else(|| refused("has no engine of Docker's"))?;
    let blaming = |error: Error| error.blaming(&format!("the context {name:?}"));
    let address = docker.host.parse().map_err(blaming)?;
    let files = config.path().join("contexts/tls").join(id).join("docker");
    let stored = files.is_dir() || docker.skip_tls_verify;
    let stored = stored.then(|| {
        let tls = Tls::from_directory(&files).without_missing_identity().without_missing_authorities();
        if docker.skip_tls_verify { tls.dangerously_trust_anyone() } else { tls }
    });
    Endpoint::new(address, tls.or(stored.as_ref())).map_err(blaming)
}

/// The context of that name, and its id.
fn find(name: &str, config: &ConfigDirectory) -> Result<Option<(String, Meta)>> {
    let folder = config.path().join("contexts/meta");
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Error::with_source(Kind::Request(format!("{} cannot be read", folder.display())), error));
        }
    };
    for entry in entries.filter_map(io::Result::ok) {
        let meta = config::read::<Meta>(&entry.path().join("meta.json"))?;
        if let (Some(meta), Ok(id)) = (meta.filter(|meta| meta.name == name), entry.file_name().into_string()) {
            return Ok(Some((id, meta)));
        }
    }
    Ok(None)
}
