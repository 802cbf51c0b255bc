//! Credentials, as engines want them in headers.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use serde::Serialize;

use crate::{Error, Result, error::Kind, models::AuthConfig};

/// `X-Registry-Auth`: JSON in URL-safe base64 with padding. Without credentials, `{}`: engines want the header anyway.
pub(super) fn for_registry(account: Option<AuthConfig>) -> Result<String> {
    encode(&account.unwrap_or_default())
}

/// `X-Registry-Config`: credentials by registry.
///
/// Engines before 1.7 want them under the key `configs`, newer ones want them flat,
/// and each overlooks what the other wants: one header serves both.
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
        .map_err(|error| Error::with_source(Kind::Request("the credentials cannot be sent".into()), error))?;
    Ok(URL_SAFE.encode(json))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AuthConfig {
        AuthConfig { username: "foo".into(), password: "pass>word?".into(), ..Default::default() }
    }

    #[test]
    fn the_header_is_url_safe_and_padded() {
        assert_eq!(for_registry(None).unwrap(), "e30=");
        let header = for_registry(Some(account())).unwrap();
        let json = URL_SAFE.decode(&header).unwrap();
        assert_eq!(String::from_utf8(json).unwrap(), r#"{"password":"pass>word?","username":"foo"}"#);
        assert!(header.contains('-') || header.contains('_'), "{header}");
        assert_eq!(header.len() % 4, 0);
    }

    #[test]
    fn credentials_of_several_registries_are_written_in_both_forms() {
        let header = for_registries(&BTreeMap::from([("127.0.0.1:5000".to_owned(), account())])).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&URL_SAFE.decode(header).unwrap()).unwrap();
        assert_eq!(json["127.0.0.1:5000"]["username"], "foo");
        assert_eq!(json["configs"]["127.0.0.1:5000"]["username"], "foo");
    }
}
