//! Credentials for registries: stored by `docker login`, from credential helpers, and explicit.

use dockerclient::{
    DockerClient, Result,
    images::{BuildImage, Image},
    models::AuthConfig,
};

use crate::{
    engine::Engine,
    home::Home,
    registry::Registry,
    transfers::{archive, registry_with_auth},
};

/// `me:secret` in base64.
pub(crate) const AUTH: &str = "bWU6c2VjcmV0";

/// `me:wrong` in base64.
const WRONG_AUTH: &str = "bWU6d3Jvbmc=";

pub(crate) const HELPER: &str = r#"echo '{"ServerURL":"","Username":"me","Secret":"secret"}'"#;

/// A home directory whose `config.json` has this `auth` for `registry`.
pub(crate) fn with_auth(registry: &str, auth: &str) -> Home {
    Home::new(&format!(r#"{{ "auths": {{ "{registry}": {{ "auth": "{auth}" }} }} }}"#))
}

/// A home directory whose `config.json` names a credential helper for the private registry.
pub(crate) fn with_helper(script: &str) -> Home {
    Home::new(&format!(r#"{{ "credHelpers": {{ "{}": "test" }} }}"#, registry_with_auth())).with_helper("test", script)
}

/// Tags an image for the private registry, without pushing it.
async fn image(engine: &Engine, docker: &DockerClient) -> Image {
    let repository = format!("{}/acme/{}", registry_with_auth(), engine.name("private"));
    engine.image("busybox").tag(&repository).await.unwrap();
    engine.remove_later(format!("/images/{repository}?force=1"));
    docker.image(repository)
}

/// Pushes the image and pulls it again.
async fn push_and_pull(image: &Image) {
    image.push().await.unwrap();
    image.remove().await.unwrap();
    image.pull().await.unwrap();
    image.inspect().await.unwrap();
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn push_and_pull_send_stored_credentials() {
    let engine = Engine::under_test().await;
    let url = format!("http://{}/v2/", registry_with_auth());
    let store = Home::new(r#"{ "credsStore": "test" }"#).with_helper("test", HELPER);
    for home in [with_auth(&registry_with_auth(), AUTH), with_auth(&url, AUTH), with_helper(HELPER), store] {
        let docker = engine.client_of(home.builder());
        push_and_pull(&image(&engine, &docker).await).await;
        let credentials = docker.credentials(&registry_with_auth()).await.unwrap().unwrap();
        docker.auth(credentials).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn push_and_pull_fail_without_valid_credentials() {
    let engine = Engine::under_test().await;
    let wrong = with_auth(&registry_with_auth(), WRONG_AUTH);
    let helper = with_helper("echo credentials not found in native keychain; exit 1");
    for home in [Home::empty(), with_auth("other.example", AUTH), wrong, helper] {
        let image = image(&engine, &engine.client_of(home.builder())).await;
        let error = image.push().await.unwrap_err();
        assert!(error.is_operation_failed(), "{error}");
        let error = image.pull().await.unwrap_err();
        assert!(error.is_operation_failed() || error.status().is_some(), "{error}");
        assert!(!format!("{error:?}").contains("wrong"), "{error:?}");
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn push_and_pull_report_a_credential_helper_error() {
    let engine = Engine::under_test().await;
    let home = with_helper("echo the session has expired, log in again >&2; exit 1");
    let image = image(&engine, &engine.client_of(home.builder())).await;
    for error in [image.push().await.unwrap_err(), image.pull().await.unwrap_err()] {
        assert!(error.is_credentials() && error.to_string().contains("the session has expired"), "{error}");
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn explicit_credentials_take_precedence_over_stored_ones() {
    let engine = Engine::under_test().await;
    let home = with_auth(&registry_with_auth(), WRONG_AUTH);
    let docker = engine.client_of(home.builder());
    let image = image(&engine, &docker).await;
    let credentials = AuthConfig::new("me", "secret");
    let encoded = AuthConfig { auth: AUTH.into(), ..Default::default() };
    image.push().credentials(credentials.clone()).await.unwrap();
    image.pull().credentials(encoded).await.unwrap();
    let build = build_from(&image, &docker).await.unwrap();
    build.credentials(registry_with_auth(), credentials).await.unwrap();

    home.configure(&format!(r#"{{ "auths": {{ "{}": {{ "auth": "{AUTH}" }} }} }}"#, registry_with_auth()));
    image.pull().await.unwrap();
    image.pull().anonymous().await.unwrap_err();
    image.push().anonymous().await.unwrap_err();
    build_from(&image, &docker).await.unwrap().anonymous().await.unwrap_err();
}

/// Returns a build from `image`, which the engine has to pull because it is removed first.
async fn build_from(image: &Image, docker: &DockerClient) -> Result<BuildImage> {
    if image.exists().await? {
        image.remove().await?;
    }
    Ok(build(image.name(), docker))
}

fn build(from: &str, docker: &DockerClient) -> BuildImage {
    let context = archive(&[("Dockerfile", &format!("FROM {from}\n"))]);
    docker.images().build(context)
}

/// The header contains the credentials in two formats; which one an engine reads depends on its version.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn build_pulls_a_private_image_with_stored_credentials() {
    let engine = Engine::under_test().await;
    let url = format!("http://{}", registry_with_auth());
    for home in [with_auth(&registry_with_auth(), AUTH), with_auth(&url, AUTH), with_helper(HELPER)] {
        let docker = engine.client_of(home.builder());
        let image = image(&engine, &docker).await;
        image.push().await.unwrap();
        build_from(&image, &docker).await.unwrap().await.unwrap();

        // If a credential helper fails, the build continues: its credentials may not be needed.
        let expired = with_helper("exit 1");
        let docker = engine.client_of(expired.builder());
        build("busybox", &docker).await.unwrap();
        let error = build_from(&image, &docker).await.unwrap().await.unwrap_err();
        assert!(error.is_operation_failed(), "{error}");
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn search_sends_stored_credentials() {
    let engine = Engine::under_test().await;
    let registry = Registry::open().await;
    let home = with_auth(registry.address(), AUTH);
    let docker = engine.client_of(home.builder());
    let term = format!("{}/web", registry.address());
    docker.images().search(&term).await.unwrap();
    docker.images().search(&term).anonymous().await.unwrap();
    assert_eq!(registry.searched(), [("web".to_owned(), true), ("web".to_owned(), false)]);
}
