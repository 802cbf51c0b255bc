//! Credential helpers in calls: which of them is used, and the credentials that are sent and logged.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use dockerclient::ApiVersion;
use dockerclient_testkit::{FakeEngine, Response};
use insta::assert_snapshot;

use crate::{
    credentials::{client, lookup},
    helpers::home_with_helper,
    home::Home,
    logins::{client_of, engine, explicit, sent_credentials},
    tracing::log_output,
};

/// A credential helper that returns its name, its command and the requested registry.
const ECHO_HELPER: &str = r#"read -r registry; echo "{\"Username\":\"${0##*-} $1\",\"Secret\":\"of $registry\"}""#;

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
async fn failed_credential_helper_fails_the_call() {
    let (engine, home) = (engine(), home_with_helper("echo the session has expired >&2; exit 1"));
    let docker = client_of(&engine, &home);
    let image = docker.image("host.example/web");
    let errors = [
        image.pull().await.unwrap_err(),
        image.push().await.unwrap_err(),
        docker.images().search(image.name()).await.unwrap_err(),
        docker.images().build(vec![]).await.unwrap_err(),
    ];
    assert_snapshot!(errors.map(|error| error.to_string()).join("\n"), @"
    failed to pull image host.example/web: docker-credential-test failed (exit status: 1): the session has expired
    failed to push image host.example/web: docker-credential-test failed (exit status: 1): the session has expired
    failed to search for images: docker-credential-test failed (exit status: 1): the session has expired
    failed to build image: docker-credential-test failed (exit status: 1): the session has expired
    ");
    assert_eq!(engine.request_lines(), "");
}

#[tokio::test]
async fn build_sends_all_credentials_and_prefers_explicit_ones() {
    let (engine, home) = (engine(), Home::empty());
    let docker = client_of(&engine, &home);
    docker.images().build(vec![]).await.unwrap();
    home.configure(
        r#"{
            "auths": { "http://a.example/v1/": { "username": "file" }, "docker.io": { "username": "file" }, "empty": {}, "https://": { "username": "unused" },
                       "odd": { "auth": "?" } },
            "credHelpers": { "b.example": "test", "broken.example": "missing" }
        }"#,
    );
    let home = home.with_helper("test", ECHO_HELPER);
    docker.images().build(vec![]).await.unwrap();
    let build = docker.images().build(vec![]).credentials("https://a.example", explicit());
    build.credentials("index.docker.io", explicit()).credentials("c.example", explicit()).await.unwrap();
    assert_snapshot!(sent_credentials(&engine));
    drop(home);
}

#[tokio::test]
async fn build_sends_all_credentials_of_the_default_helper() {
    let listing = r#"case $1 in
        list) echo '{"https://a.example/v1/":"me","b.example":"me","gone.example":"me","own.example":"me"}' ;;
        get) read -r registry
            case $registry in
                gone.example) echo credentials not found in native keychain; exit 1 ;;
                *) echo "{\"Username\":\"for $registry\",\"Secret\":\"\"}" ;;
            esac ;;
    esac"#;
    let home = Home::new(
        r#"{ "credsStore": "test", "credHelpers": { "own.example": "own" }, "auths": { "file.example": { "username": "me" } } }"#,
    );
    let home = home.with_helper("test", listing).with_helper("own", ECHO_HELPER);
    let engine = engine();
    client_of(&engine, &home).images().build(vec![]).await.unwrap();
    assert_snapshot!(sent_credentials(&engine));

    let empty = home_with_helper("echo null");
    client_of(&engine, &empty).images().build(vec![]).await.unwrap();
    assert!(sent_credentials(&engine).ends_with("POST /v1.18/build: nothing\n"));
}

#[tokio::test]
async fn skipped_credentials_are_logged_and_secrets_are_not() {
    let home = Home::new(
        r#"{ "auths": { "file.example": { "username": "me", "password": "s3cret", "identitytoken": "s3cret" } },
             "credHelpers": { "helper.example": "test", "broken.example": "missing" } }"#,
    )
    .with_helper("test", r#"echo '{"Username":"me","Secret":"s3cret"}'"#);
    let engine = FakeEngine::scripted(|_| Response::json(200, r#"{"stream":"Successfully built f43c\n"}"#));
    let builder = home.builder().api_version(ApiVersion::new(1, 18));
    let docker = engine.client_with(builder.clone());
    let text = log_output(async {
        docker.image("file.example/web").pull().await.unwrap();
        docker.image("helper.example/web").pull().await.unwrap();
        docker.images().build(vec![]).await.unwrap();
    })
    .await;
    let with_credentials =
        engine.requests().iter().filter(|request| request.headers.join(" ").contains("x-registry-")).count();
    assert_eq!(with_credentials, 3);
    let encoded = STANDARD.encode("s3cret");
    assert!(!text.contains("s3cret") && !text.contains(encoded.trim_end_matches('=')), "{text}");
    assert!(text.contains("WARN") && text.contains("broken.example") && text.contains("in PATH"), "{text}");
    assert!(!format!("{docker:?} {builder:?}").contains("s3cret"));
}
