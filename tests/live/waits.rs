//! Waiting for containers, on a real engine.

use std::time::Duration;

use dockerclient::{
    ApiVersion, DockerClient,
    containers::{CreateOptions, RemoveOptions, WaitCondition},
    models::{ContainerConfig, Healthcheck, HostConfig, PortBinding},
};

use crate::engine::{Engine, known_since, shell, version};

const HEALTH: ApiVersion = ApiVersion::new(1, 24);

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_container_may_run_for_longer_than_documents_may_be_silent() {
    let engine = Engine::under_test().await;
    let docker = engine.client_of(DockerClient::builder().anonymous().idle_timeout(Duration::from_millis(50)));
    let container = engine.create("sleep 0.5; exit 3").await;
    container.start().await.unwrap();
    assert_eq!(docker.container(container.id()).wait().await.unwrap().code, 3);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn the_next_exit_is_waited_for_before_the_start() {
    let engine = Engine::under_test().await;
    let container = engine.create("exit 3").await;
    for _ in 0..2 {
        let Some(waiting) = known_since(30, container.begin_wait(WaitCondition::NextExit).await) else { return };
        container.start().await.unwrap();
        assert_eq!(waiting.exit().await.unwrap().code, 3);
    }
    let error = engine.container("ghost").begin_wait(WaitCondition::NextExit).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_removal_is_waited_for() {
    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let Some(waiting) = known_since(30, container.begin_wait(WaitCondition::Removed).await) else { return };
    container.remove(&RemoveOptions::default().force()).await.unwrap();
    waiting.exit().await.unwrap();
    assert!(container.find().await.unwrap().is_none());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn readiness_is_waited_for() {
    let engine = Engine::under_test().await;
    let script = "echo warming up; sleep 0.3; touch /ready; echo ready to serve; sleep 1000";
    let container = if version() < HEALTH {
        engine.create(script).await
    } else {
        let second = 1_000_000_000;
        let test = ["CMD", "test", "-e", "/ready"].map(Into::into).into();
        let healthcheck = Healthcheck { test, interval: second / 5, retries: 100, ..Default::default() };
        let with_check = |config| ContainerConfig { healthcheck: Some(healthcheck), ..config };
        engine.create_with(script, with_check).await
    };
    container.start().await.unwrap();
    let line = container.wait_until_logged("ready to").await.unwrap();
    assert_eq!(line.text(), "ready to serve");
    if version() >= HEALTH {
        container.wait_until_healthy().await.unwrap();
    } else {
        assert!(container.wait_until_healthy().await.unwrap_err().is_bad_request());
    }
    let brief = engine.create("echo nothing of the kind; exit 3").await;
    brief.start().await.unwrap();
    let error = brief.wait_until_logged("ready").await.unwrap_err();
    assert!(error.is_ended());
    assert_eq!(error.code(), Some(3));
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_published_port_is_waited_for() {
    let engine = Engine::under_test().await;
    let host_config = HostConfig {
        port_bindings: [("80/tcp".to_owned(), vec![PortBinding::default()])].into(),
        ..Default::default()
    };
    let mut config = shell("sleep 0.5; exec httpd -f -p 80 -h /");
    config.exposed_ports.insert("80/tcp".into());
    let options = CreateOptions::new(config).name(engine.name("server"));
    let container = engine.containers().create(&options.host_config(host_config)).await.unwrap().container;
    container.start().await.unwrap();
    let port = container.wait_until_listening(80).await.unwrap();
    assert!(port > 0);
    assert!(container.wait_until_listening(81).await.unwrap_err().is_bad_request());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn what_ends_or_is_unhealthy_is_not_waited_for() {
    if version() < HEALTH {
        return;
    }
    let engine = Engine::under_test().await;
    let with_check = |retries| {
        move |config| {
            let (test, interval) = (vec!["CMD".into(), "false".into()], 100_000_000);
            let healthcheck = Healthcheck { test, interval, retries, ..Default::default() };
            ContainerConfig { healthcheck: Some(healthcheck), ..config }
        }
    };
    let sick = engine.create_with("sleep 100", with_check(1)).await;
    sick.start().await.unwrap();
    let error = sick.wait_until_healthy().await.unwrap_err();
    assert!(error.is_ended() && error.code().is_none(), "{error}");
    let brief = engine.create_with("sleep 0.3; exit 3", with_check(1000)).await;
    brief.start().await.unwrap();
    let error = brief.wait_until_healthy().await.unwrap_err();
    assert!(error.is_ended() && error.code() == Some(3), "{error}");
    assert!(brief.wait_until_listening(80).await.unwrap_err().is_ended());
}
