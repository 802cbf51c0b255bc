//! Request headers with registry credentials.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use serde::Serialize;

use crate::{Error, Result, error::Kind, models::AuthConfig};

/// Returns `X-Registry-Auth`: JSON in URL-safe base64 with padding. Engines require the header even without
/// credentials, as `{}`.
pub(super) fn for_registry(account: Option<AuthConfig>) -> Result<String> {
    encode(&account.unwrap_or_default())
}

/// Returns `X-Registry-Config`: credentials by registry.
///
/// Engines before 1.7 read them under the key `configs`, newer ones at the top level, and both ignore other keys. So the
/// header contains both forms.
pub(super) fn for_registries(credentials: &BTreeMap<String, AuthConfig>) -> Result<String> {
    #[derive(Serialize)]
    struct Both<'a> {
        #[serde(flatten)]
        flat: &'a BTreeMap<String, AuthConfig>,
        configs: &'a BTreeMap<String, AuthConfig>,
    }

    encode(&Both { flat: credentials, configs: credentials })
}

fn encode(value: &impl Serialize) -> Result<String> {
    let json = serde_json::to_vec(value)
        .map_err(|error| Error::with_source(Kind::Internal("failed to serialize credentials".into()), error))?;
    Ok(URL_SAFE.encode(json))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AuthConfig {
        AuthConfig { username: "foo".into(), password: "pass>word?".into(), ..Default::default() }
    }

    #[test]
    fn registry_auth_header_is_url_safe_base64_with_padding() {
        assert_eq!(for_registry(None).unwrap(), "e30=");
        let header = for_registry(Some(account())).unwrap();
        let json = URL_SAFE.decode(&header).unwrap();
        assert_eq!(String::from_utf8(json).unwrap(), r#"{"password":"pass>word?","username":"foo"}"#);
        assert!(header.contains('-') || header.contains('_'), "{header}");
        assert_eq!(header.len() % 4, 0);
    }

    #[test]
    fn registry_config_header_contains_both_forms() {
        let header = for_registries(&BTreeMap::from([("127.0.0.1:5000".to_owned(), account())])).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&URL_SAFE.decode(header).unwrap()).unwrap();
        assert_eq!(json["127.0.0.1:5000"]["username"], "foo");
        assert_eq!(json["configs"]["127.0.0.1:5000"]["username"], "foo");
    }
}
