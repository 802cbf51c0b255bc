//! Lookup of registry credentials in `config.json` and credential helpers.

use std::fs;

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

/// A home whose default credential helper is the shell script `script`.
pub(crate) fn home_with_helper(script: &str) -> Home {
    Home::new(r#"{ "credsStore": "test" }"#).with_helper("test", script)
}

/// A credential helper that returns its name, its command and the requested registry.
pub(crate) const ECHO_HELPER: &str =
    r#"read -r registry; echo "{\"Username\":\"${0##*-} $1\",\"Secret\":\"of $registry\"}""#;

/// Asserts that an error and its sources contain no secret.
#[track_caller]
pub(crate) fn assert_no_secret(error: &Error) {
    assert!(!format!("{error:?}").contains("s3cret") && !error.to_string().contains("s3cret"), "{error:?}");
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
async fn registry_helper_precedes_default_helper_and_file() {
    let helpers = r#"{ "own.example": "own", "https://url.example": "own", "none.example": "" }"#;
    let auths = ["own.example", "url.example", "none.example", "other.example"]
        .map(|name| format!(r#""{name}": {{ "username": "file" }}"#))
        .join(",");
    let home = Home::new(&format!(r#"{{ "credHelpers": {helpers}, "credsStore": "all", "auths": {{ {auths} }} }}"#))
        .with_helper("own", ECHO_HELPER)
        .with_helper("all", ECHO_HELPER);
    let docker = client(&home);
    let mut text = String::new();
    for registry in ["own.example", "url.example", "none.example", "other.example", "docker.io"] {
        text += &format!("{registry}: {}\n", lookup(&docker, registry).await);
    }
    assert_snapshot!(text);

    home.configure(&format!(r#"{{ "credHelpers": {helpers}, "auths": {{ {auths} }} }}"#));
    assert!(lookup(&docker, "other.example").await.contains("file"));
    assert!(lookup(&docker, "own.example").await.contains("own get"));
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
        text += &format!("{error}\n").replace(&home.path().display().to_string(), "[home]");
    }
    // A file that cannot be parsed may contain the requested credentials.
    for config in [r#"{ "auths": [] }"#, r#"{ "credHelpers": { "host": 5 } }"#, r#"{ "credsStore": ["s3cret"] }"#, "[]"]
    {
        home.configure(config);
        let error = lookup_error(&home).await;
        assert_no_secret(&error);
        text += &format!("{error}\n").replace(&home.path().display().to_string(), "[home]");
    }
    assert_snapshot!(text);

    home.configure("{}");
    let docker = client(&home);
    let assert_error = async |why: &str| {
        for error in [docker.credentials("host").await.unwrap_err(), home.builder().build().unwrap_err()] {
            assert!(error.is_local_io() && error.to_string().ends_with(why), "{error}");
        }
    };
    home.configure(&" ".repeat((4 << 20) + 1));
    assert_error("config.json: larger than 4194304 bytes").await;
    fs::remove_file(home.path().join("config.json")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", home.path().join("config.json")).unwrap();
    assert_error("config.json: not a regular file").await;
}
