//! Registries that want an account, and users who have logged in to them.

use dockerclient::{
    DockerClient,
    images::{BuildOptions, Image, PullOptions, PushOptions, RemoveOptions, SearchOptions, TagOptions},
    models::AuthConfig,
};

use crate::{
    engine::Engine,
    home::Home,
    registry::Registry,
    transfers::{archive, registry_with_account},
};

/// `me:secret` and `me:wrong` in base64.
const ACCOUNT: &str = "bWU6c2VjcmV0";
const WRONG: &str = "bWU6d3Jvbmc=";

const HELPER: &str = r#"echo '{"ServerURL":"","Username":"me","Secret":"secret"}'"#;

/// A user whose configuration has this `auth` for `registry`.
fn with_auth(registry: &str, auth: &str) -> Home {
    Home::new(&format!(r#"{{ "auths": {{ "{registry}": {{ "auth": "{auth}" }} }} }}"#))
}

/// A user whose credentials for the private registry are with this helper.
fn with_helper(script: &str) -> Home {
    Home::new(&format!(r#"{{ "credHelpers": {{ "{}": "test" }} }}"#, registry_with_account()))
        .with_helper("test", script)
}

/// An image of the private registry that is here and not there.
async fn image(engine: &Engine, docker: &DockerClient) -> Image {
    let repository = format!("{}/acme/{}", registry_with_account(), engine.name("private"));
    engine.image("busybox").tag(&TagOptions::new(&repository)).await.unwrap();
    engine.remove_later(format!("/images/{repository}?force=1"));
    docker.image(repository)
}

/// Pushes the image and pulls it again.
async fn there_and_back(image: &Image) {
    image.push(&PushOptions::default()).await.unwrap();
    image.remove(&RemoveOptions::default()).await.unwrap();
    image.pull(&PullOptions::default()).await.unwrap();
    image.inspect().await.unwrap();
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn who_is_logged_in_pushes_and_pulls() {
    let engine = Engine::under_test().await;
    let url = format!("http://{}/v2/", registry_with_account());
    let store = Home::new(r#"{ "credsStore": "test" }"#).with_helper("test", HELPER);
    for home in [with_auth(&registry_with_account(), ACCOUNT), with_auth(&url, ACCOUNT), with_helper(HELPER), store] {
        let docker = engine.client_of(home.builder());
        there_and_back(&image(&engine, &docker).await).await;
        let account = docker.credentials(&registry_with_account()).await.unwrap().unwrap();
        docker.auth(&account).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn who_is_not_logged_in_or_wrongly_does_neither() {
    let engine = Engine::under_test().await;
    let wrong = with_auth(&registry_with_account(), WRONG);
    let helper = with_helper("echo credentials not found in native keychain; exit 1");
    for home in [Home::empty(), with_auth("other.example", ACCOUNT), wrong, helper] {
        let image = image(&engine, &engine.client_of(home.builder())).await;
        let error = image.push(&PushOptions::default()).await.unwrap_err();
        assert!(error.is_failure(), "{error}");
        let error = image.pull(&PullOptions::default()).await.unwrap_err();
        assert!(error.is_failure() || error.status().is_some(), "{error}");
        assert!(!format!("{error:?}").contains("wrong"), "{error:?}");
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_helper_whose_session_has_expired_is_what_the_error_is_about() {
    let engine = Engine::under_test().await;
    let home = with_helper("echo the session has expired, log in again >&2; exit 1");
    let image = image(&engine, &engine.client_of(home.builder())).await;
    for error in
        [image.push(&PushOptions::default()).await.unwrap_err(), image.pull(&PullOptions::default()).await.unwrap_err()]
    {
        assert!(error.is_credentials() && error.to_string().contains("the session has expired"), "{error}");
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn what_is_given_by_hand_goes_before_what_is_configured() {
    let engine = Engine::under_test().await;
    let home = with_auth(&registry_with_account(), WRONG);
    let docker = engine.client_of(home.builder());
    let image = image(&engine, &docker).await;
    let account = AuthConfig { username: "me".into(), password: "secret".into(), ..Default::default() };
    let encoded = AuthConfig { auth: ACCOUNT.into(), ..Default::default() };
    image.push(&PushOptions::default().credentials(account.clone())).await.unwrap();
    image.pull(&PullOptions::default().credentials(encoded)).await.unwrap();
    let given = BuildOptions::default().credentials(registry_with_account(), account);
    build_from(&image, &docker, &given).await.unwrap();

    home.configure(&format!(r#"{{ "auths": {{ "{}": {{ "auth": "{ACCOUNT}" }} }} }}"#, registry_with_account()));
    image.pull(&PullOptions::default()).await.unwrap();
    image.pull(&PullOptions::default().anonymous()).await.unwrap_err();
    image.push(&PushOptions::default().anonymous()).await.unwrap_err();
    build_from(&image, &docker, &BuildOptions::default().anonymous()).await.unwrap_err();
}

/// Builds from `image`, which the engine has to pull for it.
async fn build_from(image: &Image, docker: &DockerClient, options: &BuildOptions) -> dockerclient::Result<String> {
    if image.find().await?.is_some() {
        image.remove(&RemoveOptions::default()).await?;
    }
    build(image.name(), docker, options).await
}

async fn build(from: &str, docker: &DockerClient, options: &BuildOptions) -> dockerclient::Result<String> {
    let context = archive(&[("Dockerfile", &format!("FROM {from}\n"))]);
    docker.images().build(context, options).await
}

/// The header serves engines of every age in two forms at once; this engine takes the one that it knows.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_build_from_a_private_image_is_logged_in_too() {
    let engine = Engine::under_test().await;
    let url = format!("http://{}", registry_with_account());
    for home in [with_auth(&registry_with_account(), ACCOUNT), with_auth(&url, ACCOUNT), with_helper(HELPER)] {
        let docker = engine.client_of(home.builder());
        let image = image(&engine, &docker).await;
        image.push(&PushOptions::default()).await.unwrap();
        build_from(&image, &docker, &BuildOptions::default()).await.unwrap();

        // A build goes on without what cannot be had: it may be for another registry.
        let expired = with_helper("exit 1");
        let docker = engine.client_of(expired.builder());
        build("busybox", &docker, &BuildOptions::default()).await.unwrap();
        let error = build_from(&image, &docker, &BuildOptions::default()).await.unwrap_err();
        assert!(error.is_failure(), "{error}");
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_search_shows_the_account_too() {
    let engine = Engine::under_test().await;
    let registry = Registry::open().await;
    let home = with_auth(registry.address(), ACCOUNT);
    let docker = engine.client_of(home.builder());
    let term = format!("{}/web", registry.address());
    docker.images().search(&term, &SearchOptions::default()).await.unwrap();
    docker.images().search(&term, &SearchOptions::default().anonymous()).await.unwrap();
    assert_eq!(registry.searched(), [("web".to_owned(), true), ("web".to_owned(), false)]);
}
