//! Differences between Podman and Docker that the client hides. Observed on Podman 4.3.

use std::time::Duration;

use dockerclient::{ApiVersion, DockerClient};
use dockerclient_testkit::{FakeEngine, Response};

#[tokio::test]
async fn list_with_limit_requests_all_containers() {
    let engine = FakeEngine::scripted(|_| Response::json(200, "[]"));
    let docker = engine.client("1.41");
    for limit in [0, 3] {
        docker.containers().list().limit(limit).await.unwrap();
    }
    let lines: Vec<String> = engine.requests().into_iter().map(|request| request.line).collect();
    assert_eq!(lines, ["GET /v1.41/containers/json?limit=0", "GET /v1.41/containers/json?all=true&limit=3"]);
}

#[tokio::test]
async fn quiet_build_decodes_an_id_without_prefix() {
    let id = "da1014137ba1bbbc92144c5999da3472b99ece94fd0a9ad8742cf22b744d17ec";
    let engine = FakeEngine::scripted(move |_| Response::json(200, &format!("{{\"stream\":\"{id}\\n\"}}\n")));
    let built = engine.client("1.41").images().build(vec![0; 10]).quiet(true).await.unwrap();
    assert_eq!(built.name(), id);
}

#[tokio::test]
async fn follow_logs_waits_for_late_response_headers() {
    let engine = FakeEngine::scripted(|request| match request.line.contains("/logs") {
        true => Response::raw("").then_stall(),
        false => Response::json(200, r#"{"Id":"f43c","Config":{"Tty":false}}"#),
    });
    let limit = Duration::from_millis(50);
    let docker = DockerClient::builder().address(engine.address()).api_version(ApiVersion::new(1, 41));
    let docker = docker.response_timeout(limit).build().unwrap();
    let web = docker.container("web");
    let logs = tokio::time::timeout(limit * 4, web.logs().follow(true).send()).await;
    assert!(logs.is_err(), "it waits without a limit");
}
