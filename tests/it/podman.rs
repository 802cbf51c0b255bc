//! What Podman does otherwise and this client asks or reads so that it does not matter. Seen on Podman 4.3.

use std::time::Duration;

use dockerclient::{
    ApiVersion, DockerClient,
    containers::{ListOptions, LogsOptions},
    images::BuildOptions,
};
use dockerclient_testkit::{Engine, Reply};

#[tokio::test]
async fn a_limit_of_a_list_asks_for_all_as_it_counts_all() {
    let engine = Engine::answering(|_| Reply::json(200, "[]"));
    let docker = engine.client("1.41");
    for limit in [0, 3] {
        docker.containers().list(&ListOptions::default().limit(limit)).await.unwrap();
    }
    let asked: Vec<String> = engine.requests().into_iter().map(|request| request.line).collect();
    assert_eq!(asked, ["GET /v1.41/containers/json?limit=0", "GET /v1.41/containers/json?all=true&limit=3"]);
}

#[tokio::test]
async fn a_quiet_build_tells_the_bare_id() {
    let id = "da1014137ba1bbbc92144c5999da3472b99ece94fd0a9ad8742cf22b744d17ec";
    let engine = Engine::answering(move |_| Reply::json(200, &format!("{{\"stream\":\"{id}\\n\"}}\n")));
    let built = engine.client("1.41").images().build(vec![0; 10], &BuildOptions::default().quiet()).await.unwrap();
    assert_eq!(built, id);
}

#[tokio::test]
async fn a_silent_log_may_begin_as_late_as_its_first_output() {
    let engine = Engine::answering(|request| match request.line.contains("/logs") {
        true => Reply::raw("").then_say_nothing_more(),
        false => Reply::json(200, r#"{"Id":"f43c","Config":{"Tty":false}}"#),
    });
    let limit = Duration::from_millis(50);
    let docker = DockerClient::builder().address(engine.address()).api_version(ApiVersion::new(1, 41));
    let docker = docker.answer_timeout(limit).build().unwrap();
    let options = LogsOptions::default().follow();
    let web = docker.container("web");
    let logs = tokio::time::timeout(limit * 4, web.logs(&options)).await;
    assert!(logs.is_err(), "it waits for as long as that takes");
}
