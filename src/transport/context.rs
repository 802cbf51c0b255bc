//! Contexts of the Docker CLI: named engines, stored next to `config.json`.
//!
//! ```text
//! contexts/meta/<id>/meta.json     the name, the address, whether to verify
//! contexts/tls/<id>/docker/*.pem   certificates and the key
//! ```
//!
//! The id is the SHA-256 of the name, in hexadecimal digits. Other directories are not read.

use super::{Endpoint, Tls, address::Address, local};
use crate::{
    Error, Result,
    config::{self, ConfigDirectory},
    environment::Environment,
    go_json::{self, Object},
    regular_file,
};

/// The name that means no context.
const NONE: &str = "default";

/// Default ports of URLs: the Docker CLI does not use Docker's default ports for the address of a context.
const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;

/// The contents of `meta.json`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Meta {
    host: String,
    skip_tls_verify: bool,
}

/// Whether `name` names a context other than `default`.
pub(super) fn is_named(name: &str) -> bool {
    name != NONE
}

/// Returns the endpoint of the context `name`.
pub(super) fn endpoint(
    name: &str,
    config: Option<&ConfigDirectory>,
    tls: Option<&Tls>,
    environment: &Environment,
) -> Result<Endpoint> {
    let failed = |why: &str| Error::invalid_input(format!("failed to read Docker context {name:?}: {why}"));
    let Some(config) = config else { return Err(failed("no home directory")) };
    let contexts = config.path().join("contexts");
    let id = id(name);
    let file = contexts.join("meta").join(&id).join("meta.json");
    let text = config::read(&file).map_err(|error| regular_file::read_error(&file, error))?;
    let Some(text) = text else {
        return Err(failed(&format!("no such file: {}", file.display())));
    };
    let meta = Meta::parse(&text).map_err(|why| Error::invalid_input(format!("{}: {why}", file.display())))?;

    let files = contexts.join("tls").join(id).join("docker");
    let stored = files.is_dir() || meta.skip_tls_verify;
    let stored = stored.then(|| {
        let tls = Tls::from_directory(&files).without_missing_identity().without_missing_authorities();
        if meta.skip_tls_verify { tls.danger_accept_invalid_certs(true) } else { tls }
    });
    let tls = tls.or(stored.as_ref());
    let with_source = |error: Error| error.in_source(&format!("the context {name:?}"));
    let address = match &*meta.host {
        "" => local::default_address(),
        host => host.parse().map_err(with_source)?,
    };
    let address = match address {
        Address::Tcp(url) => Address::Tcp(url.or_port(if tls.is_some() { HTTPS_PORT } else { HTTP_PORT })),
        other => other,
    };
    Endpoint::new(address, tls, environment).map_err(with_source)
}

/// Returns the id of the context `name`.
fn id(name: &str) -> String {
    hmac_sha256::Hash::hash(name.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Meta {
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        // Go replaces invalid UTF-8.
        let text = String::from_utf8_lossy(text);
        let meta: Option<Object> =
            serde_json::from_str(&text).map_err(|error| go_json::describe(&error).to_string())?;
        let meta = meta.unwrap_or_default();
        let malformed = |malformed: go_json::Malformed| format!("{malformed}");
        let endpoints = meta.entries("Endpoints").map_err(malformed)?;
        let docker = endpoints.iter().rfind(|(name, value)| name == "docker" && value.get() != "null");
        let (name, docker) = docker.ok_or("no Docker endpoint")?;
        let docker: Object = go_json::parse(name, docker).map_err(malformed)?;
        Ok(Self {
            host: docker.get("Host").map_err(malformed)?.unwrap_or_default(),
            skip_tls_verify: docker.get("SkipTLSVerify").map_err(malformed)?.unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_id_is_the_sha256_of_the_name() {
        assert_eq!(id("far"), "512eea46ceb3921dff4363c7069d89d4964d1d9fccaa0f411851a7aa60a5c868");
    }

    #[test]
    fn meta_json_is_parsed_like_go() {
        let meta = |host: &str, skip_tls_verify| Ok(Meta { host: host.into(), skip_tls_verify });
        for (text, parsed) in [
            (
                r#"{"Name":"a","Endpoints":{"docker":{"Host":"tcp://h:1","SkipTLSVerify":true}}}"#,
                meta("tcp://h:1", true),
            ),
            (r#"{"name":"a","endpoints":{"docker":{"host":"unix:///a"},"other":1}}"#, meta("unix:///a", false)),
            (r#"{"Endpoints":{"docker":{}},"Metadata":[]}"#, meta("", false)),
            (r#"{"Endpoints":{"docker":{"Host":null,"SkipTLSVerify":null}}}"#, meta("", false)),
            (r#"{"Endpoints":{"Docker":{"Host":"tcp://h:1"}}}"#, Err("no Docker endpoint".to_owned())),
            (r#"{"Endpoints":{"docker":null}}"#, Err("no Docker endpoint".into())),
            ("null", Err("no Docker endpoint".into())),
            (r#"{"Endpoints":{"docker":{"Host":1}}}"#, Err(r#"field "Host" has the wrong type"#.into())),
            (r#"{"Endpoints":{"docker":{}}} x"#, Err("invalid JSON at line 1, column 29".into())),
            ("", Err("invalid JSON at line 1, column 0".into())),
        ] {
            assert_eq!(Meta::parse(text.as_bytes()), parsed, "{text}");
        }
    }
}
