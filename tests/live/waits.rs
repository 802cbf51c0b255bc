//! Waiting for exit, removal, log lines, health and ports.

use std::time::Duration;

use dockerclient::{
    ApiVersion, DockerClient,
    containers::{CreateContainer, WaitCondition},
    models::Healthcheck,
};

use crate::engine::{Engine, supported_since, version};

/// The API version that introduced health checks.
const HEALTH: ApiVersion = ApiVersion::new(1, 24);

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn wait_is_not_limited_by_the_read_timeout() {
    let engine = Engine::under_test().await;
    let docker = engine.client_of(DockerClient::builder().anonymous().read_timeout(Duration::from_millis(50)));
    let container = engine.create("sleep 0.5; exit 3").await;
    container.start().await.unwrap();
    assert_eq!(docker.container(container.id()).wait().await.unwrap().code(), Some(3));
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn wait_for_the_next_exit_begins_before_the_start() {
    let engine = Engine::under_test().await;
    let container = engine.create("exit 3").await;
    for _ in 0..2 {
        let Some(waiting) = supported_since(30, container.wait().condition(WaitCondition::NextExit).begin().await)
        else {
            return;
        };
        container.start().await.unwrap();
        assert_eq!(waiting.exit().await.unwrap().code(), Some(3));
    }
    let error = engine.container("ghost").wait().condition(WaitCondition::NextExit).begin().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn wait_for_removal_of_a_running_container() {
    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let Some(waiting) = supported_since(30, container.wait().condition(WaitCondition::Removed).begin().await) else {
        return;
    };
    container.remove().force(true).await.unwrap();
    waiting.exit().await.unwrap();
    assert!(container.try_inspect().await.unwrap().is_none());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn wait_until_logged_and_wait_until_healthy() {
    let engine = Engine::under_test().await;
    let script = "echo warming up; sleep 0.3; touch /ready; echo ready to serve; sleep 1000";
    let container = if version() < HEALTH {
        engine.create(script).await
    } else {
        let check = Healthcheck::command(["test", "-e", "/ready"]);
        let check = check.with_interval(Duration::from_millis(200)).with_retries(100);
        engine.create_with(script, |create| create.healthcheck(check)).await
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
    assert!(error.is_wait_failed());
    assert_eq!(error.code(), Some(3));
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn wait_until_listening_on_a_published_port() {
    let engine = Engine::under_test().await;
    let script = "sleep 0.5; exec httpd -f -p 80 -h /";
    let container = engine.create_with(script, |create| create.publish(0, 80)).await;
    container.start().await.unwrap();
    let port = container.wait_until_listening(80).await.unwrap();
    assert!(port > 0);
    assert!(container.wait_until_listening(81).await.unwrap_err().is_bad_request());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn wait_until_healthy_fails_if_unhealthy_or_exited() {
    if version() < HEALTH {
        return;
    }
    let engine = Engine::under_test().await;
    let with_check = |retries| {
        move |create: CreateContainer| {
            let check = Healthcheck::command(["false"]).with_interval(Duration::from_millis(100));
            create.healthcheck(check.with_retries(retries))
        }
    };
    let unhealthy = engine.create_with("sleep 100", with_check(1)).await;
    unhealthy.start().await.unwrap();
    let error = unhealthy.wait_until_healthy().await.unwrap_err();
    assert!(error.is_wait_failed() && error.code().is_none(), "{error}");
    let brief = engine.create_with("sleep 0.3; exit 3", with_check(1000)).await;
    brief.start().await.unwrap();
    let error = brief.wait_until_healthy().await.unwrap_err();
    assert!(error.is_wait_failed() && error.code() == Some(3), "{error}");
    assert!(brief.wait_until_listening(80).await.unwrap_err().is_wait_failed());
}
