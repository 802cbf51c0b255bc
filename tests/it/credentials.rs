//! Where credentials are found.

use std::fs;

use dockerclient::{DockerClient, Error};
use insta::assert_snapshot;

use crate::home::Home;

/// A client without an engine: who looks up credentials asks none.
pub(crate) fn client(home: &Home) -> DockerClient {
    home.builder().address("tcp://127.0.0.1:1").build().unwrap()
}

/// All there is of `registry`, secrets too, to read.
pub(crate) async fn told(docker: &DockerClient, registry: &str) -> String {
    match docker.credentials(registry).await.unwrap() {
        Some(account) => serde_json::to_string(&account).unwrap(),
        None => "nothing".into(),
    }
}

pub(crate) async fn refused(home: &Home) -> Error {
    client(home).credentials("host").await.unwrap_err()
}

/// A user whose credentials are all with one helper.
pub(crate) fn helped_by(script: &str) -> Home {
    Home::new(r#"{ "credsStore": "test" }"#).with_helper("test", script)
}

/// A helper that tells who was asked for what.
pub(crate) const TELLING: &str =
    r#"read -r registry; echo "{\"Username\":\"${0##*-} $1\",\"Secret\":\"of $registry\"}""#;

/// An error and its sources hold nothing secret.
#[track_caller]
pub(crate) fn is_discreet(error: &Error) {
    assert!(!format!("{error:?}").contains("s3cret") && !error.to_string().contains("s3cret"), "{error:?}");
}

#[tokio::test]
async fn a_file_holds_credentials_in_several_forms() {
    let home = Home::new(
        r#"{ "auths": {
            "encoded": { "auth": "bWU6czNjcmV0", "email": "me@example.com" },
            "plain": { "username": "me", "password": "s3cret" },
            "identity": { "auth": "bWU6", "identitytoken": "identity s3cret" },
            "bearer": { "registrytoken": "bearer s3cret" },
            "null": { "auth": null, "username": "me" },
            "empty": {}
        }, "HttpHeaders": { "a": "b" }, "currentContext": "default" }"#,
    );
    let docker = client(&home);
    let mut text = String::new();
    for registry in ["encoded", "plain", "identity", "bearer", "null", "empty", "other"] {
        text += &format!("{registry}: {}\n", told(&docker, registry).await);
    }
    assert_snapshot!(text);
}

#[tokio::test]
async fn a_registry_is_known_by_its_host_and_an_exact_name_goes_first() {
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
async fn the_helper_of_a_registry_goes_before_the_one_for_all_and_that_before_the_file() {
    let helpers = r#"{ "own.example": "own", "https://url.example": "own", "none.example": "" }"#;
    let auths = ["own.example", "url.example", "none.example", "other.example"]
        .map(|name| format!(r#""{name}": {{ "username": "file" }}"#))
        .join(",");
    let home = Home::new(&format!(r#"{{ "credHelpers": {helpers}, "credsStore": "all", "auths": {{ {auths} }} }}"#))
        .with_helper("own", TELLING)
        .with_helper("all", TELLING);
    let docker = client(&home);
    let mut text = String::new();
    for registry in ["own.example", "url.example", "none.example", "other.example", "docker.io"] {
        text += &format!("{registry}: {}\n", told(&docker, registry).await);
    }
    assert_snapshot!(text);

    home.configure(&format!(r#"{{ "credHelpers": {helpers}, "auths": {{ {auths} }} }}"#));
    assert!(told(&docker, "other.example").await.contains("file"));
    assert!(told(&docker, "own.example").await.contains("own get"));
}

#[tokio::test]
async fn no_configuration_is_no_credentials() {
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
async fn who_logs_in_while_a_client_lives_is_logged_in() {
    let home = Home::empty();
    let docker = client(&home);
    assert_eq!(told(&docker, "host").await, "nothing");
    home.configure(r#"{ "auths": { "host": { "username": "me" } } }"#);
    assert!(told(&docker, "host").await.contains("me"));
}

#[tokio::test]
async fn a_file_that_makes_no_sense_is_an_error_that_tells_no_secrets() {
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
        let error = refused(&home).await;
        is_discreet(&error);
        assert!(error.is_bad_request());
        text += &format!("{error}\n").replace(&home.path().display().to_string(), "[home]");
    }
    assert_snapshot!(text);

    home.configure(&" ".repeat((4 << 20) + 1));
    assert!(refused(&home).await.is_bad_request());
    fs::remove_file(home.path().join("config.json")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", home.path().join("config.json")).unwrap();
    assert!(refused(&home).await.is_bad_request());
}
