//! Checkpoints of containers: requests and errors.

use dockerclient::containers::Start;
use dockerclient_testkit::{FakeEngine, Response};
use insta::assert_snapshot;

#[tokio::test]
async fn checkpoint_requests_contain_their_settings() {
    let engine = FakeEngine::scripted(|request| match &*request.line {
        line if line.starts_with("GET") => Response::json(200, r#"[{"Name":"before"},{"Name":"after"}]"#),
        line if line.ends_with("/checkpoints") => Response::empty(201),
        _ => Response::empty(204),
    });
    let web = engine.client("1.25").container("web");
    web.create_checkpoint("before").await.unwrap();
    web.create_checkpoint("after").exit(true).dir("/srv/checkpoints").await.unwrap();
    let names: Vec<String> = web.list_checkpoints().await.unwrap().into_iter().map(|found| found.name).collect();
    assert_eq!(names, ["before", "after"]);
    web.list_checkpoints().dir("/srv/checkpoints").await.unwrap();
    assert_eq!(web.start().checkpoint("before").await.unwrap(), Start::Started);
    web.start().checkpoint("after").checkpoint_dir("/srv/checkpoints").await.unwrap();
    web.remove_checkpoint("before").await.unwrap();
    web.remove_checkpoint("a b").dir("/srv/checkpoints").await.unwrap();
    let sent: Vec<String> = engine
        .requests()
        .iter()
        .map(|request| format!("{} {}", request.line, request.body).trim_end().into())
        .collect();
    assert_snapshot!(sent.join("\n"), @r#"
    POST /v1.25/containers/web/checkpoints {"CheckpointID":"before"}
    POST /v1.25/containers/web/checkpoints {"CheckpointDir":"/srv/checkpoints","CheckpointID":"after","Exit":true}
    GET /v1.25/containers/web/checkpoints
    GET /v1.25/containers/web/checkpoints?dir=%2Fsrv%2Fcheckpoints
    POST /v1.25/containers/web/start?checkpoint=before
    POST /v1.25/containers/web/start?checkpoint=after&checkpoint-dir=%2Fsrv%2Fcheckpoints
    DELETE /v1.25/containers/web/checkpoints/before
    DELETE /v1.25/containers/web/checkpoints/a%20b?dir=%2Fsrv%2Fcheckpoints
    "#);
}

#[tokio::test]
async fn container_without_checkpoints_has_an_empty_list() {
    for body in ["null\n", "[]"] {
        let engine = FakeEngine::scripted(move |_| Response::json(200, body));
        assert!(engine.client("1.41").container("web").list_checkpoints().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn checkpoint_without_experimental_mode_is_not_implemented() {
    let message = r#"{"message":"This experimental feature is disabled by default."}"#;
    let engine = FakeEngine::scripted(move |_| Response::json(501, message));
    let web = engine.client("1.41").container("web");
    let errors = [
        web.list_checkpoints().await.unwrap_err(),
        web.create_checkpoint("before").await.unwrap_err(),
        web.remove_checkpoint("before").await.unwrap_err(),
    ];
    assert!(errors.iter().all(|error| error.status() == Some(501)));
    assert_snapshot!(errors.map(|error| error.to_string()).join("\n"), @"
    failed to list checkpoints of container web: This experimental feature is disabled by default. (501)
    failed to create a checkpoint of container web: This experimental feature is disabled by default. (501)
    failed to remove a checkpoint of container web: This experimental feature is disabled by default. (501)
    ");
}

#[tokio::test]
async fn checkpoint_name_that_changes_the_path_is_rejected() {
    let engine = FakeEngine::scripted(|_| Response::empty(204));
    let web = engine.client("1.41").container("web");
    for name in ["", "..", "a/b", "a\\b"] {
        let error = web.remove_checkpoint(name).await.unwrap_err();
        assert!(error.is_bad_request() && error.to_string().contains("invalid checkpoint name"), "{error}");
    }
    assert_eq!(engine.request_lines(), "");
}
