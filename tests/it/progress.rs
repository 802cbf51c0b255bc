//! Progress, watched and shown.

use dockerclient::images::{BuildOptions, ProgressItem, PullOptions};
use dockerclient_testkit::{Engine, Reply};
use futures_util::TryStreamExt as _;

const PULL: &str = r#"{"status":"Pulling from acme/web","id":"1"}
{"status":"Downloading","progressDetail":{"current":1,"total":9},"id":"f43c"}
{"status":"Downloading","progressDetail":{"current":9,"total":9},"id":"f43c"}
{"status":"Pull complete","progressDetail":{},"id":"f43c"}
{"status":"Digest: sha256:00"}
"#;

const FAILING_BUILD: &str = r#"{"stream":"Step 1/2 : FROM web\n"}
{"stream":" ---\u003e f43c\n"}
{"errorDetail":{"code":3,"message":"make said no"},"error":"make said no"}
"#;

#[tokio::test]
async fn who_watches_learns_what_came_of_it_all_the_same() {
    let engine = Engine::answering(|_| Reply::json(200, PULL));
    let image = engine.client("1.18").image("acme/web:1");
    let mut progress = image.pull_progress(&PullOptions::default()).await.unwrap();
    let mut count = 0;
    while progress.try_next().await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!((count, progress.finish().await.unwrap().digest.as_deref()), (5, Some("sha256:00")));

    let mut progress = image.pull_progress(&PullOptions::default()).await.unwrap();
    assert!(matches!(progress.try_next().await.unwrap(), Some(ProgressItem::Status(_))));
    assert_eq!(progress.finish().await.unwrap().digest.as_deref(), Some("sha256:00"));
}

#[tokio::test]
async fn a_failure_that_was_seen_before_is_still_one_at_the_end() {
    let engine = Engine::answering(|_| Reply::json(200, FAILING_BUILD));
    let images = engine.client("1.18").images();
    let mut progress = images.build_progress(Vec::new(), &BuildOptions::default()).await.unwrap();
    while progress.try_next().await.is_ok() {}
    let error = progress.finish().await.unwrap_err();
    assert_eq!((error.code(), error.operation()), (Some(3), Some("image_build")));
}

#[cfg(feature = "progress")]
#[tokio::test]
async fn what_is_shown_is_what_happens_and_comes_with_its_outcome() {
    use dockerclient::images::Screen;

    let engine = Engine::answering(|request| {
        Reply::json(200, if request.line.contains("/build") { FAILING_BUILD } else { PULL })
    });
    let docker = engine.client("1.18");
    let mut shown = Vec::new();
    let pull = docker.image("acme/web:1").pull_progress(&PullOptions::default()).await.unwrap();
    let pulled = pull.show(Screen::lines(&mut shown)).await.unwrap();
    assert_eq!((pulled.image.name(), pulled.digest.as_deref()), ("acme/web:1", Some("sha256:00")));

    let build = docker.images().build_progress(Vec::new(), &BuildOptions::default()).await.unwrap();
    let error = build.show(Screen::lines(&mut shown)).await.unwrap_err();
    assert!(error.is_failure(), "{error}");
    insta::assert_snapshot!(String::from_utf8(shown).unwrap(), @"
    1: Pulling from acme/web
    f43c: Downloading
    f43c: Pull complete
    Digest: sha256:00
    Step 1/2 : FROM web
     ---> f43c
    ");

    let pull = docker.image("acme/web:1").pull_progress(&PullOptions::default()).await.unwrap();
    let error = pull.show(Screen::lines(std::io::Cursor::new([0; 4].as_mut_slice()))).await.unwrap_err();
    insta::assert_snapshot!(error, @"the progress cannot be written");
}
