//! Registry credentials in requests (`X-Registry-Auth` and `X-Registry-Config`).

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use dockerclient::{ApiVersion, DockerClient, models::AuthConfig};
use dockerclient_testkit::{FakeEngine, Response};
use insta::assert_snapshot;

use crate::home::Home;

/// An engine on which every pull, push, search and build succeeds.
pub(crate) fn engine() -> FakeEngine {
    FakeEngine::scripted(|request| match &*request.line {
        line if line.contains("/search") => Response::json(200, "[]"),
        line if line.contains("/build") => Response::json(200, r#"{"stream":"Successfully built f43c\n"}"#),
        _ => Response::json(200, "{}"),
    })
}

pub(crate) fn client_of(engine: &FakeEngine, home: &Home) -> DockerClient {
    engine.client_with(home.builder().api_version(ApiVersion::new(1, 18)))
}

/// The credentials that were sent, one line per request.
pub(crate) fn sent_credentials(engine: &FakeEngine) -> String {
    let requests = engine.requests().into_iter().map(|request| {
        let header = request.headers.iter().find_map(|header| header.strip_prefix("x-registry-")?.split_once(": "));
        let credentials = header.map(|(name, value)| {
            let mut value: serde_json::Value = serde_json::from_slice(&URL_SAFE.decode(value).unwrap()).unwrap();
            if let Some(configs) = value.as_object_mut().unwrap().remove("configs") {
                assert_eq!(configs, value, "for old engines and for new ones");
            }
            format!("{name} {value}")
        });
        let path = request.line.split('?').next().unwrap();
        format!("{path}: {}\n", credentials.as_deref().unwrap_or("nothing"))
    });
    requests.collect()
}

const CONFIG: &str = r#"{ "auths": { "host.example": { "username": "configured" } } }"#;

pub(crate) fn explicit() -> AuthConfig {
    AuthConfig { username: "given".into(), ..Default::default() }
}

#[tokio::test]
async fn pull_push_and_search_send_configured_credentials() {
    let (engine, home) = (engine(), Home::new(CONFIG));
    let docker = client_of(&engine, &home);
    for name in ["host.example/web", "web"] {
        docker.image(name).pull().await.unwrap();
        docker.image(name).push().await.unwrap();
        docker.images().search(name).await.unwrap();
    }
    assert_snapshot!(sent_credentials(&engine));
}

#[tokio::test]
async fn explicit_credentials_skip_the_lookup() {
    let (engine, home) = (engine(), Home::new("nonsense"));
    let docker = client_of(&engine, &home);
    let image = docker.image("host.example/web");
    image.pull().credentials(explicit()).await.unwrap();
    image.push().credentials(explicit()).await.unwrap();
    docker.images().search(image.name()).credentials(explicit()).await.unwrap();
    let encoded = AuthConfig { auth: "bWU6czNjcmV0".into(), ..Default::default() };
    image.pull().credentials(encoded.clone()).await.unwrap();
    docker.auth(encoded).await.unwrap();
    assert_eq!(engine.requests().last().unwrap().body, r#"{"password":"s3cret","username":"me"}"#);
    assert_snapshot!(sent_credentials(&engine), @r#"
    POST /v1.18/images/create: auth {"username":"given"}
    POST /v1.18/images/host.example%2Fweb/push: auth {"username":"given"}
    GET /v1.18/images/search: auth {"username":"given"}
    POST /v1.18/images/create: auth {"password":"s3cret","username":"me"}
    POST /v1.18/auth: nothing
    "#);
}

#[tokio::test]
async fn anonymous_sends_no_credentials() {
    let (engine, home) = (engine(), Home::new("nonsense"));
    let docker = client_of(&engine, &home);
    let image = docker.image("host.example/web");
    image.pull().anonymous().await.unwrap();
    image.push().anonymous().await.unwrap();
    docker.images().search(image.name()).anonymous().await.unwrap();
    docker.images().build(vec![]).anonymous().await.unwrap();
    docker.images().build(vec![]).anonymous().credentials("host", explicit()).await.unwrap();
    assert_snapshot!(sent_credentials(&engine), @r#"
    POST /v1.18/images/create: auth {}
    POST /v1.18/images/host.example%2Fweb/push: auth {}
    GET /v1.18/images/search: auth {}
    POST /v1.18/build: nothing
    POST /v1.18/build: config {"host":{"username":"given"}}
    "#);
}

/// As in the Docker CLI, which only prints a warning.
#[tokio::test]
async fn invalid_config_json_does_not_stop_pulls_and_builds() {
    let (engine, home) = (engine(), Home::empty());
    for config in ["nonsense", "[]", r#"{ "auths": [] }"#, r#"{ "auths": { "other.example": "s3cret" } }"#] {
        home.configure(config);
        let docker = client_of(&engine, &home);
        docker.image("host.example/web").pull().await.unwrap();
        docker.images().build(vec![]).await.unwrap();
    }
    assert!(!sent_credentials(&engine).contains("other"), "{}", sent_credentials(&engine));

    // The entry for the registry of the call must be valid.
    home.configure(r#"{ "auths": { "host.example": "s3cret" } }"#);
    let docker = client_of(&engine, &home);
    let error = docker.image("host.example/web").pull().await.unwrap_err();
    assert!(error.to_string().ends_with("config.json: invalid entry for host.example"), "{error}");
    docker.images().build(vec![]).await.unwrap();
}
