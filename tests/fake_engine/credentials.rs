//! Lookup of registry credentials in `config.json`.

use dockerclient::{DockerClient, Error};
use insta::assert_snapshot;

use crate::home::Home;

/// A client without an engine: credentials are looked up locally.
pub(crate) fn client(home: &Home) -> DockerClient {
    home.builder().address("tcp://127.0.0.1:1").build().unwrap()
}

/// The credentials of `registry` as JSON, including secrets, or `nothing`.
pub(crate) async fn lookup(docker: &DockerClient, registry: &str) -> String {
    match docker.credentials(registry).await.unwrap() {
        Some(credentials) => serde_json::to_string(&credentials).unwrap(),
        None => "nothing".into(),
    }
}

pub(crate) async fn lookup_error(home: &Home) -> Error {
    client(home).credentials("host").await.unwrap_err()
}

/// Asserts that an error and its sources contain no secret.
#[track_caller]
pub(crate) fn assert_no_secret(error: &Error) {
    assert!(!format!("{error:?}").contains("s3cret") && !error.to_string().contains("s3cret"), "{error:?}");
}

/// Asserts that `config.json` cannot be read, for credentials of `docker` and for a new client.
pub(crate) async fn assert_config_error(docker: &DockerClient, home: &Home, why: &str) {
    for error in [docker.credentials("host").await.unwrap_err(), home.builder().build().unwrap_err()] {
        assert!(error.is_local_io() && error.to_string().ends_with(why), "{error}");
    }
}

/// An error message without the path of the home directory.
fn shown(error: &Error, home: &Home) -> String {
    error.to_string().replace(&home.path().display().to_string(), "[home]").replace(r"[home]\", "[home]/")
}

#[tokio::test]
async fn config_file_credentials_in_all_forms() {
    let home = Home::new(
        r#"{ "auths": {
            "encoded": { "auth": "bWU6czNjcmV0", "email": "me@example.com" },
            "plain": { "username": "me", "password": "s3cret" },
            "identity": { "auth": "bWU6", "identitytoken": "identity s3cret" },
            "case": { "AUTH": "bWU6", "identityToken": "identity s3cret" },
            "bearer": { "registrytoken": "bearer s3cret" },
            "null": { "auth": null, "username": "me" },
            "empty": {}
        }, "HttpHeaders": { "a": "b" }, "currentContext": "default", "Auths": { "merged": { "username": "me" } } }"#,
    );
    let docker = client(&home);
    let mut text = String::new();
    for registry in ["encoded", "plain", "identity", "case", "bearer", "null", "empty", "merged", "other"] {
        text += &format!("{registry}: {}\n", lookup(&docker, registry).await);
    }
    assert_snapshot!(text);
}

#[tokio::test]
async fn exact_registry_name_takes_precedence_over_host() {
    let home = Home::new(
        r#"{ "auths": {
            "http://old.example:5000/v1/": { "username": "old" },
            "https://both.example": { "username": "url" }, "both.example": { "username": "exact" },
            "https://index.docker.io/v1/": { "username": "hub" }
        } }"#,
    );
    let docker = client(&home);
    for (registry, username) in [
        ("old.example:5000", "old"),
        ("both.example", "exact"),
        ("docker.io", "hub"),
        ("index.docker.io", "hub"),
        ("https://index.docker.io/v1/", "hub"),
    ] {
        assert_eq!(docker.credentials(registry).await.unwrap().unwrap().username, username, "{registry}");
    }
    for registry in ["old.example", "example", "registry.docker.io"] {
        assert_eq!(docker.credentials(registry).await.unwrap(), None, "{registry}");
    }
    assert!(docker.credentials("two words").await.unwrap_err().is_bad_request());
}

#[tokio::test]
async fn empty_or_missing_config_has_no_credentials() {
    let home = Home::empty();
    let docker = client(&home);
    assert_eq!(docker.credentials("host").await.unwrap(), None);
    for nothing in
        ["", "\n", "{}", r#"{ "auths": null, "credHelpers": null, "credsStore": null }"#, r#"{ "credsStore": "" }"#]
    {
        home.configure(nothing);
        assert_eq!(docker.credentials("host").await.unwrap(), None, "{nothing}");
    }
    home.configure("nonsense");
    let anonymous = home.builder().anonymous().build().unwrap();
    assert_eq!(anonymous.credentials("host").await.unwrap(), None);
}

#[tokio::test]
async fn login_after_client_creation_is_used() {
    let home = Home::empty();
    let docker = client(&home);
    assert_eq!(lookup(&docker, "host").await, "nothing");
    home.configure(r#"{ "auths": { "host": { "username": "me" } } }"#);
    assert!(lookup(&docker, "host").await.contains("me"));
}

#[tokio::test]
async fn invalid_config_file_error_contains_no_secrets() {
    let home = Home::empty();
    let mut text = String::new();
    for config in [
        r#"{ "auths": { "host": { "auth": "s3cret" } } }"#,
        r#"{ "auths": { "host": "s3cret" } }"#,
        r#"{ "auths": { "host": { "password": ["s3cret"] } } }"#,
        r#"{ "auths": { "host": { "password": "s3cret } } }"#,
        r#"{ "credsStore": "../s3" }"#,
    ] {
        home.configure(config);
        let error = lookup_error(&home).await;
        assert_no_secret(&error);
        assert!(error.is_bad_request());
        text += &format!("{}\n", shown(&error, &home));
    }
    // A file that cannot be parsed may contain the requested credentials.
    for config in [r#"{ "auths": [] }"#, r#"{ "credHelpers": { "host": 5 } }"#, r#"{ "credsStore": ["s3cret"] }"#, "[]"]
    {
        home.configure(config);
        let error = lookup_error(&home).await;
        assert_no_secret(&error);
        text += &format!("{}\n", shown(&error, &home));
    }
    assert_snapshot!(text);

    home.configure("{}");
    let docker = client(&home);
    home.configure(&" ".repeat((4 << 20) + 1));
    assert_config_error(&docker, &home, "config.json: larger than 4194304 bytes").await;
}
