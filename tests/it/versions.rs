//! Which version is spoken, and what it lets through.

use dockerclient::{
    ApiVersion, DockerClient,
    containers::{CreateOptions, ListOptions},
    models::{ContainerConfig, ExecConfig, HostConfig},
    system::EventsOptions,
};
use insta::assert_snapshot;

use crate::engine::{Engine, Reply};

/// An engine that tells `version` of itself.
fn telling(version: &'static str) -> Engine {
    Engine::answering(move |request| match &*request.line {
        "GET /version" => Reply::json(200, version),
        line if line.ends_with("/containers/json") => Reply::json(200, "[]"),
        _ => Reply::text(404, "page not found\n"),
    })
}

#[tokio::test]
async fn the_engine_is_asked_once_for_all_clones_and_calls() {
    let engine = telling(r#"{"ApiVersion":"1.17","Version":"1.5.0"}"#);
    let docker = DockerClient::connect(&engine.address()).unwrap();
    let options = ListOptions::default();
    let calls = (0..20).map(|_| {
        let docker = docker.clone();
        let options = options.clone();
        async move { docker.containers().list(&options).await.unwrap() }
    });
    futures_util::future::join_all(calls).await;
    let lines = engine.lines();
    assert_eq!(lines.matches("GET /version").count(), 1);
    assert_eq!(lines.matches("GET /v1.17/containers/json").count(), 20);
}

#[tokio::test]
async fn all_who_wait_for_a_negotiation_learn_that_it_failed_and_the_next_call_tries_again() {
    let engine = Engine::answering(|_| Reply::text(500, "not yet\n"));
    let docker = DockerClient::connect(&engine.address()).unwrap();
    let (one, other) = tokio::join!(docker.info(), docker.ping());
    let (one, other) = (one.unwrap_err(), other.unwrap_err());
    assert_eq!((one.status(), other.status()), (Some(500), Some(500)));
    assert_eq!((one.operation(), other.operation()), (Some("system_info"), Some("system_ping")));
    assert_eq!(engine.requests().len(), 1);
    docker.ping().await.unwrap_err();
    assert_eq!(engine.requests().len(), 2);
}

#[tokio::test]
async fn an_engine_that_is_too_new_or_too_old_is_told_from_its_range() {
    for (version, snapshot) in [
        (r#"{"ApiVersion":"1.51","MinAPIVersion":"1.24"}"#, "1.24 to 1.51"),
        (r#"{"ApiVersion":"1.12"}"#, "1.0 to 1.12"),
    ] {
        let engine = telling(version);
        let error = DockerClient::connect(&engine.address()).unwrap().info().await.unwrap_err();
        assert!(error.is_unsupported());
        assert_eq!(
            error.to_string(),
            format!(
                "system info: the engine speaks API {snapshot}, this client 1.15 to 1.18: they have none in common"
            )
        );
        assert_eq!(engine.lines(), "GET /version");
    }
}

#[tokio::test]
async fn a_pinned_version_is_spoken_without_asking() {
    let engine = telling("{}");
    engine.client("1.16").containers().list(&ListOptions::default()).await.unwrap();
    assert_eq!(engine.lines(), "GET /v1.16/containers/json");
    let error = DockerClient::builder().api_version(ApiVersion::new(1, 41)).build().unwrap_err();
    assert_snapshot!(error, @"API 1.41 is wanted, but this client speaks 1.15 to 1.18");
}

/// Old engines answer 404 and text to a version they do not know, newer ones 400 and a document.
#[tokio::test]
async fn an_engine_that_refuses_a_pinned_version_says_so_itself() {
    let refusals = [
        Reply::text(404, "client and server don't have same version (client : 1.18, server: 1.17)\n"),
        Reply::json(400, r#"{"message":"client version 1.18 is too old. Minimum supported API version is 1.24"}"#),
    ];
    let mut said = String::new();
    for refusal in refusals {
        let refusal = std::sync::Mutex::new(Some(refusal));
        let engine = Engine::answering(move |_| refusal.lock().unwrap().take().unwrap());
        said += &format!("{}\n", engine.client("1.18").info().await.unwrap_err());
    }
    assert_snapshot!(said, @r"
    system info: engine said 404: client and server don't have same version (client : 1.18, server: 1.17)
    system info: engine said 400: client version 1.18 is too old. Minimum supported API version is 1.24
    ");
}

#[tokio::test]
async fn what_the_spoken_version_lacks_is_refused_and_not_sent() {
    let engine = telling("{}");
    let docker = engine.client("1.15");
    let with = |host_config| {
        CreateOptions::new(ContainerConfig { image: "busybox".into(), ..Default::default() }).host_config(host_config)
    };
    let errors = [
        docker.container("web").rename("db").await.unwrap_err(),
        docker.exec("f43c").inspect().await.unwrap_err(),
        docker.containers().list(&ListOptions::default().name("web")).await.unwrap_err(),
        docker.events(&EventsOptions::default().action("die")).await.unwrap_err(),
        docker.containers().create(&with(HostConfig { memory: 1, ..Default::default() })).await.unwrap_err(),
        docker
            .containers()
            .create(&with(HostConfig { pid_mode: "host".into(), ..Default::default() }))
            .await
            .unwrap_err(),
    ];
    for error in &errors {
        assert!(error.is_unsupported() && error.status().is_none());
        assert_eq!(error.spoken_version(), Some(ApiVersion::new(1, 15)));
    }
    assert_snapshot!(errors.map(|error| error.to_string()).join("\n"), @r#"
    container rename: needs API 1.17, but 1.15 is spoken
    exec inspect: needs API 1.16, but 1.15 is spoken
    container list: the filter "name" needs API 1.16, but 1.15 is spoken
    system events: the option "filters" needs API 1.16, but 1.15 is spoken
    container create: the field "HostConfig.Memory" needs API 1.18, but 1.15 is spoken
    container create: the field "HostConfig.PidMode" needs API 1.17, but 1.15 is spoken
    "#);
    assert_eq!(engine.lines(), "");
}

#[tokio::test]
async fn what_every_version_knows_is_let_through() {
    let engine = Engine::answering(|_| Reply::json(201, r#"{"Id":"f43c"}"#));
    let docker = engine.client("1.15");
    let config = ContainerConfig { image: "busybox".into(), memory: 1 << 20, ..Default::default() };
    let host_config = HostConfig { privileged: true, ..Default::default() };
    docker.containers().create(&CreateOptions::new(config).host_config(host_config)).await.unwrap();
    docker.container("web").create_exec(&ExecConfig::default()).await.unwrap();
    assert_eq!(engine.requests().len(), 2);
}
