//! Credentials for one registry, in the forms that configuration files and callers use.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{Error, Result, models::AuthConfig};

/// Returns credentials with separate user name and password. Engines ignore the field `auth`, which contains both.
pub(crate) fn plain(registry: &str, account: &AuthConfig) -> Result<AuthConfig> {
    if account.auth.is_empty() {
        return Ok(account.clone());
    }
    // A more detailed error would reveal a part of the secret.
    let invalid =
        || Error::invalid_input(format!("invalid \"auth\" for registry {registry}: expected base64 of user:password"));
    let (username, password) = decode_auth(&account.auth).ok_or_else(invalid)?;
    Ok(AuthConfig { username, password, auth: String::new(), ..account.clone() })
}

/// Whether there is neither a user name nor a secret to send.
pub(super) fn is_empty(account: &AuthConfig) -> bool {
    [&account.username, &account.password, &account.identitytoken, &account.registrytoken]
        .into_iter()
        .all(String::is_empty)
}

/// Decodes base64 of `user:password`, in which NUL bytes may pad the password. Line breaks are ignored, as Go does.
fn decode_auth(auth: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(auth.replace(['\r', '\n'], "")).ok()?).ok()?;
    let (username, password) = text.split_once(':').filter(|(username, _)| !username.is_empty())?;
    Some((username.to_owned(), password.trim_matches('\0').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_auth(text: &str) -> AuthConfig {
        AuthConfig { auth: STANDARD.encode(text), identitytoken: "token".into(), ..Default::default() }
    }

    #[test]
    fn auth_is_split_at_the_first_colon() {
        for (text, username, password) in [("me:se:cret", "me", "se:cret"), ("me:", "me", ""), ("me:s\0\0", "me", "s")]
        {
            let account = plain("host", &with_auth(text)).unwrap();
            assert_eq!((&*account.username, &*account.password, &*account.auth), (username, password, ""));
            assert_eq!(account.identitytoken, "token");
        }
    }

    #[test]
    fn auth_may_have_line_breaks() {
        let mut account = with_auth("me:secret");
        account.auth.insert_str(4, "\r\n");
        account.auth.push('\n');
        assert_eq!(plain("host", &account).unwrap().password, "secret");
    }

    #[test]
    fn invalid_auth_is_an_error_without_the_secret() {
        for auth in
            [STANDARD.encode("hunter2"), STANDARD.encode(":hunter2"), "hunter2!".to_owned(), "/////w==".to_owned()]
        {
            let error = plain("host", &AuthConfig { auth: auth.clone(), ..Default::default() }).unwrap_err();
            assert!(error.is_bad_request() && !format!("{error:?}").contains(&auth), "{error:?}");
        }
    }

    #[test]
    fn auth_config_without_secrets_is_empty() {
        let empty = AuthConfig { email: "me@example.com".into(), serveraddress: "host".into(), ..Default::default() };
        assert!(is_empty(&empty));
        assert!(!is_empty(&AuthConfig { registrytoken: "token".into(), ..empty }));
    }
}
