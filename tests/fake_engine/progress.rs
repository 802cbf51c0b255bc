//! Progress of pulls and builds: reading, finishing and printing it.

use dockerclient::images::ProgressItem;
use dockerclient_testkit::{FakeEngine, Response};

const PULL: &str = r#"{"status":"Pulling from acme/web","id":"1"}
{"status":"Downloading","progressDetail":{"current":1,"total":9},"id":"f43c"}
{"status":"Downloading","progressDetail":{"current":9,"total":9},"id":"f43c"}
{"status":"Pull complete","progressDetail":{},"id":"f43c"}
{"status":"Digest: sha256:00"}
"#;

const FAILING_BUILD: &str = r#"{"stream":"Step 1/2 : FROM web\n"}
{"stream":" ---\u003e f43c\n"}
{"errorDetail":{"code":3,"message":"make failed"},"error":"make failed"}
"#;

#[tokio::test]
async fn finish_returns_the_outcome_after_items_were_read() {
    let engine = FakeEngine::scripted(|_| Response::json(200, PULL));
    let image = engine.client("1.18").image("acme/web:1");
    let mut progress = image.pull().progress().await.unwrap();
    let mut count = 0;
    while progress.try_next().await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!((count, progress.finish().await.unwrap().digest.as_deref()), (5, Some("sha256:00")));

    let mut progress = image.pull().progress().await.unwrap();
    assert!(matches!(progress.try_next().await.unwrap(), Some(ProgressItem::Status(_))));
    assert_eq!(progress.finish().await.unwrap().digest.as_deref(), Some("sha256:00"));
}

#[tokio::test]
async fn finish_returns_an_error_that_was_already_yielded() {
    let engine = FakeEngine::scripted(|_| Response::json(200, FAILING_BUILD));
    let images = engine.client("1.18").images();
    let mut progress = images.build(Vec::new()).progress().await.unwrap();
    while progress.try_next().await.is_ok() {}
    let error = progress.finish().await.unwrap_err();
    assert_eq!((error.code(), error.operation()), (Some(3), Some("image_build")));
}

#[cfg(feature = "progress")]
#[tokio::test]
async fn show_prints_progress_and_returns_the_outcome() {
    use dockerclient::images::Screen;

    let engine = FakeEngine::scripted(|request| {
        Response::json(200, if request.line.contains("/build") { FAILING_BUILD } else { PULL })
    });
    let docker = engine.client("1.18");
    let mut printed = Vec::new();
    let pull = docker.image("acme/web:1").pull().progress().await.unwrap();
    let pulled = pull.show(Screen::lines(&mut printed)).await.unwrap();
    assert_eq!((pulled.image.name(), pulled.digest.as_deref()), ("acme/web:1", Some("sha256:00")));

    let build = docker.images().build(Vec::new()).progress().await.unwrap();
    let error = build.show(Screen::lines(&mut printed)).await.unwrap_err();
    assert!(error.is_operation_failed(), "{error}");
    insta::assert_snapshot!(String::from_utf8(printed).unwrap(), @"
    1: Pulling from acme/web
    f43c: Downloading
    f43c: Pull complete
    Digest: sha256:00
    Step 1/2 : FROM web
     ---> f43c
    ");

    let pull = docker.image("acme/web:1").pull().progress().await.unwrap();
    let error = pull.show(Screen::lines(std::io::Cursor::new([0; 4].as_mut_slice()))).await.unwrap_err();
    insta::assert_snapshot!(error, @"failed to write the progress");
}
