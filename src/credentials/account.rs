//! Credentials of one registry, in the forms in which people and programs write them.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{Error, Result, models::AuthConfig};

/// The account with name and password for themselves: engines overlook the field `auth`, which holds both.
pub(crate) fn plain(registry: &str, account: &AuthConfig) -> Result<AuthConfig> {
    if account.auth.is_empty() {
        return Ok(account.clone());
    }
    // What exactly is wrong with it would tell a part of it.
    let refused = || Error::request(format!("the auth for {registry} is no user:password in base64"));
    let (username, password) = taken_apart(&account.auth).ok_or_else(refused)?;
    Ok(AuthConfig { username, password, auth: String::new(), ..account.clone() })
}

/// Whether there is nothing in it that could be shown.
pub(super) fn is_empty(account: &AuthConfig) -> bool {
    [&account.username, &account.password, &account.identitytoken, &account.registrytoken]
        .into_iter()
        .all(String::is_empty)
}

fn taken_apart(auth: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(auth).ok()?).ok()?;
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
    fn name_and_password_are_taken_apart_at_the_first_colon() {
        for (text, username, password) in [("me:se:cret", "me", "se:cret"), ("me:", "me", ""), ("me:s\0\0", "me", "s")]
        {
            let account = plain("host", &with_auth(text)).unwrap();
            assert_eq!((&*account.username, &*account.password, &*account.auth), (username, password, ""));
            assert_eq!(account.identitytoken, "token");
        }
    }

    #[test]
    fn what_is_no_account_is_refused_and_not_told() {
        for auth in
            [STANDARD.encode("hunter2"), STANDARD.encode(":hunter2"), "hunter2!".to_owned(), "/////w==".to_owned()]
        {
            let error = plain("host", &AuthConfig { auth: auth.clone(), ..Default::default() }).unwrap_err();
            assert!(error.is_bad_request() && !format!("{error:?}").contains(&auth), "{error:?}");
        }
    }

    #[test]
    fn an_empty_entry_is_no_account() {
        let nobody = AuthConfig { email: "me@example.com".into(), serveraddress: "host".into(), ..Default::default() };
        assert!(is_empty(&nobody));
        assert!(!is_empty(&AuthConfig { registrytoken: "token".into(), ..nobody }));
    }
}
