//! Requests that are not in a recording, and exchanges that are not used.

use dockerclient_testkit::Replay;
use insta::assert_snapshot;

use crate::{failure, recording};

const EXCHANGES: &str = r#"
    {"request": {"method": "GET", "path": "/v1.41/containers/web/json"},
     "response": {"status": 200, "body": {"json": {"Id": "first"}}}},
    {"request": {"method": "POST", "path": "/v1.41/containers/create", "query": ["name=web"],
                 "body": {"json": {"Cmd": ["true"], "Image": "busybox", "Labels": {"a": "b"}}}},
     "response": {"status": 201, "body": {"json": {"Id": "f43c"}}}},
    {"request": {"method": "GET", "path": "/v1.41/containers/web/json"},
     "response": {"status": 200, "body": {"json": {"Id": "second"}}}}
"#;

#[tokio::test]
async fn equal_requests_get_their_responses_in_order() {
    let replay = Replay::new(recording(EXCHANGES));
    let docker = replay.client();
    for expected in ["first", "second"] {
        assert_eq!(docker.container("web").inspect().await.unwrap().id, expected);
    }
    replay.verify();
    assert_eq!(docker.container("web").inspect().await.unwrap_err().status(), Some(500));
    assert_snapshot!(failure(replay, Replay::verify), @r"
    verification of the replay failed:
    - this request was recorded 2 times, but received once more: GET /v1.41/containers/web/json
    requests received:
    GET /v1.41/containers/web/json
    GET /v1.41/containers/web/json
    GET /v1.41/containers/web/json
    ");
}

#[tokio::test]
async fn unknown_request_fails_with_a_diff_to_the_nearest() {
    let replay = Replay::new(recording(EXCHANGES));
    let create = replay.client().post("/containers/create").query("name", "db");
    // In alphabetical order, which is also that of the diff if no other crate enables `preserve_order` of serde_json.
    let body = serde_json::json!({ "Cmd": ["false"], "Image": "busybox", "Labels": { "a": "b" } });
    let error = create.json(&body).await.unwrap_err();
    assert_eq!(error.status(), Some(500));
    assert!(error.message().unwrap().starts_with("this request is not in the recording: "), "{error}");
    assert_snapshot!(failure(replay, Replay::verify), @r#"
    verification of the replay failed:
    - this request is not in the recording: POST /v1.41/containers/create
    the nearest is exchange 2 (- recorded, + received):
      POST /v1.41/containers/create
    - name=web
    + name=db
      {
        "Cmd": [
    -     "true"
    +     "false"
        ],
        "Image": "busybox",
        "Labels": {
      …
    requests received:
    POST /v1.41/containers/create
    "#);
}

#[tokio::test]
#[should_panic = "this request is not in the recording: DELETE /v1.41/volumes/data"]
async fn unknown_request_fails_the_test_on_drop() {
    let replay = Replay::new(recording(EXCHANGES));
    replay.client().volume("data").remove().await.unwrap_err();
}

#[tokio::test]
async fn request_to_an_empty_recording_fails() {
    let replay = Replay::new(recording(""));
    replay.client().ping().await.unwrap_err();
    assert!(failure(replay, Replay::verify).contains("the recording is empty: GET /v1.55/_ping"));
}

#[tokio::test]
async fn unused_exchanges_fail_only_on_demand() {
    let replay = Replay::new(recording(EXCHANGES));
    replay.client().container("web").inspect().await.unwrap();
    replay.verify();
    assert_snapshot!(failure(replay, Replay::assert_all_used), @r"
    verification of the replay failed:
    - exchange 2 was not used: POST /v1.41/containers/create
    - exchange 3 was not used: GET /v1.41/containers/web/json
    requests received:
    GET /v1.41/containers/web/json
    ");
}

#[tokio::test]
async fn secrets_are_not_in_reports_of_a_replay() {
    let exchanges = r#"
        {"request": {"method": "POST", "path": "/v1.41/containers/[redacted]/update", "query": ["token=[redacted]", "a=b"],
                     "body": {"json": {"Env": ["A=[redacted]", "B=1"], "Image": "busybox", "Note": "for [redacted]"}}},
         "response": {"status": 200, "body": {"json": {}}}}"#;
    let replay = Replay::new(recording(exchanges));
    for (path, image) in
        [("containers/s3cret/update", "busybox"), ("containers/s3cret/update", "other"), ("containers/s3cret", "a")]
    {
        let body = serde_json::json!({ "Env": ["A=s3cret", "B=1"], "Image": image, "Note": "for s3cret" });
        let update = replay.client().post(format!("/{path}")).query("token", "s3cret").query("a", "b").json(&body);
        let message = update.any_status(true).await.unwrap().text().await.unwrap();
        assert!(!message.contains("s3cret"), "{message}");
    }
    assert_snapshot!(failure(replay, Replay::verify), @r#"
    verification of the replay failed:
    - this request is not in the recording: POST /v1.41/containers/[redacted]/update
    the nearest is exchange 1 (- recorded, + received):
      …
          "A=[redacted]",
          "B=1"
        ],
    -   "Image": "busybox",
    +   "Image": "other",
        "Note": "for [redacted]"
      }
    - this request is not in the recording: POST /v1.41/containers/[redacted]
    the nearest is exchange 1 (- recorded, + received):
    - POST /v1.41/containers/[redacted]/update
    + POST /v1.41/containers/[redacted]
      a=b
      token=[redacted]
      {
      …
          "A=[redacted]",
          "B=1"
        ],
    -   "Image": "busybox",
    +   "Image": "a",
        "Note": "for [redacted]"
      }
    requests received:
    POST /v1.41/containers/[redacted]/update
    POST /v1.41/containers/[redacted]/update
    POST /v1.41/containers/[redacted]
    "#);
}
