//! Sessions that are recorded, and replayed without the engine.

use dockerclient::{DockerClient, ErrorKind};
use dockerclient_testkit::{Call, FakeEngine, Recorder, Recording, Replay, Response};
use insta::assert_snapshot;
use serde_json::Value;

use crate::session;

/// Recorded with Docker 20.10 by the live suite of the library, at API 1.41.
const DOCKER_20_10: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings/docker_20_10.json");

#[tokio::test]
async fn recorded_session_is_replayed_without_the_engine() {
    let engine = FakeEngine::new();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("session.json");
    let recorder = Recorder::new(&engine.client("1.41"));
    let recorded = session::run(&recorder.client("1.41"), "web").await.unwrap();
    recorder.save(&path).unwrap();
    drop((recorder, engine));

    let replay = Replay::open(&path).unwrap();
    assert_eq!(session::run(&replay.client(), "web").await.unwrap(), recorded);
    replay.assert_all_used();
    assert_snapshot!(recorded.join("\n"), @r"
    version is empty: false
    Stderr: warning
    Stdout: ready
    Stdout: one
    Stdout: two
    more output: false
    success: true
    /web is running: true
    exit code: Some(137)
    status: Some(404)
    ");
}

#[tokio::test]
async fn session_with_docker_20_10_is_replayed() {
    let recording = Recording::open(DOCKER_20_10).unwrap();
    assert!(recording.engine().unwrap().starts_with("Docker/20.10."), "{:?}", recording.engine());
    let replay = Replay::new(recording);
    assert_snapshot!(session::run(&replay.client(), "recorded").await.unwrap().join("\n"), @r"
    version is empty: false
    Stderr: warning
    Stdout: ready
    Stdout: one
    Stdout: two
    more output: false
    success: true
    /recorded is running: true
    exit code: Some(137)
    status: Some(404)
    ");
    replay.assert_all_used();
}

#[tokio::test]
async fn recording_is_readable() {
    let engine = FakeEngine::scripted(|request| match request.path() {
        "/info" => Response::json(200, "{\"Containers\":3,\"Images\":[]}\n").header("Server", "Docker/20.10 (linux)"),
        "/events" => Response::with_type(200, "text/plain", "plain\n"),
        _ => Response::with_type(404, "application/x-binary", [0, 255]).header("Set-Cookie", "s3cret"),
    });
    let recorder = Recorder::new(&engine.client("1.41"));
    let docker = recorder.client("1.41");
    docker.get("/info").await.unwrap().bytes().await.unwrap();
    docker.get("/events").query("since", 1).query("filters", r#"{"a": "b c"}"#).await.unwrap().text().await.unwrap();
    docker.post("/other").json(&serde_json::json!({ "a": [1] })).header("X-Own", "s3cret").await.unwrap_err();
    assert_snapshot!(recorder.recording().unwrap().to_json().unwrap(), @r#"
    {
      "format": "dockerclient recording",
      "version": 1,
      "engine": "Docker/20.10 (linux)",
      "exchanges": [
        {
          "request": {
            "method": "GET",
            "path": "/v1.41/info"
          },
          "response": {
            "status": 200,
            "headers": {
              "content-type": "application/json",
              "server": "Docker/20.10 (linux)"
            },
            "body": {
              "json": {
                "Containers": 3,
                "Images": []
              }
            }
          }
        },
        {
          "request": {
            "method": "GET",
            "path": "/v1.41/events",
            "query": [
              "since=1",
              "filters={\"a\": \"b c\"}"
            ]
          },
          "response": {
            "status": 200,
            "headers": {
              "content-type": "text/plain"
            },
            "body": {
              "text": "plain\n"
            }
          }
        },
        {
          "request": {
            "method": "POST",
            "path": "/v1.41/other",
            "headers": {
              "content-type": "application/json"
            },
            "body": {
              "json": {
                "a": [
                  1
                ]
              }
            }
          },
          "response": {
            "status": 404,
            "headers": {
              "content-type": "application/x-binary"
            },
            "body": {
              "base64": "AP8="
            }
          }
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn clients_of_the_address_are_recorded_and_replayed() {
    let engine = FakeEngine::new();
    let recorder = Recorder::new(&engine.client("1.41"));
    let names = async |docker: DockerClient| docker.image("busybox").inspect().await.map(|image| image.repo_tags);
    let recorded = names(recorder.client_with(DockerClient::builder())).await.unwrap();
    let replay = Replay::new(recorder.recording().unwrap());
    assert_eq!(names(replay.client_with(DockerClient::builder())).await.unwrap(), recorded);
    replay.assert_all_used();
}

#[tokio::test]
async fn oversized_body_is_not_recorded() {
    let engine = FakeEngine::new();
    let recorder = Recorder::new(&engine.client("1.41")).max_body_size(100);
    let docker = recorder.client("1.41");
    docker.ping().await.unwrap();
    assert!(recorder.recording().is_ok());
    assert!(docker.info().await.is_ok(), "it is forwarded");
    let error = recorder.recording().unwrap_err();
    assert_snapshot!(error, @"failed to record GET /v1.41/info: the response or session is larger than 100 bytes; set a higher limit with max_body_size");

    let recorder = Recorder::new(&engine.client("1.41")).max_body_size(100);
    let label = "x".repeat(100);
    recorder.client("1.41").containers().create("busybox").label("a", label).await.unwrap();
    assert_snapshot!(recorder.recording().unwrap_err(), @"failed to record POST /v1.41/containers/create: the request body is larger than 100 bytes; set a higher limit with max_body_size");
}

#[tokio::test]
async fn request_that_cannot_be_forwarded_is_not_recorded() {
    let engine = FakeEngine::new();
    let recorder = Recorder::new(&engine.client("1.41"));
    let docker = recorder.client("1.41");
    engine.expect(Call::to("system_info").closes_connection());
    assert_eq!(docker.info().await.unwrap_err().status(), Some(502));
    let error = recorder.recording().unwrap_err().to_string();
    assert!(error.starts_with("failed to record GET /v1.41/info: "), "{error}");

    let recorder = Recorder::new(&engine.client("1.41"));
    let error = recorder.client("1.41").post("/session").upgrade("h2c").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Server, "{error}");
    let error = recorder.recording().unwrap_err();
    assert_snapshot!(error, @r#"failed to record POST /v1.41/session: connections with the protocol "h2c" cannot be recorded"#);
}

#[tokio::test]
async fn archive_is_compared_by_its_entries() {
    let archive = |name: &str, text: &str, time: u64| {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mtime(time);
        archive.append_data(&mut header, name, text.as_bytes()).unwrap();
        archive.into_inner().unwrap()
    };
    let engine = FakeEngine::scripted(|_| Response::empty(200));
    let recorder = Recorder::new(&engine.client("1.41"));
    let put = async |docker: DockerClient, body: Vec<u8>| {
        docker.put("/containers/web/archive").query("path", "/").body(body).await.map(|response| response.status())
    };
    put(recorder.client("1.41"), archive("etc/motd", "hello", 1)).await.unwrap();
    let recording = recorder.recording().unwrap();
    let json: Value = serde_json::from_str(&recording.to_json().unwrap()).unwrap();
    assert_eq!(json["exchanges"][0]["request"]["body"], serde_json::json!({ "tar": ["etc/motd (5 bytes)"] }));

    let replay = Replay::new(recording.clone());
    put(replay.client(), archive("etc/motd", "other", 2)).await.unwrap();
    replay.assert_all_used();
    let replay = Replay::new(recording);
    put(replay.client(), archive("etc/issue", "hello", 1)).await.unwrap_err();
    assert_snapshot!(crate::failure(replay, Replay::verify), @r"
    verification of the replay failed:
    - this request is not in the recording: PUT /v1.41/containers/web/archive
    the nearest is exchange 1 (- recorded, + received):
      PUT /v1.41/containers/web/archive
      path=/
      tar archive:
    - etc/motd (5 bytes)
    + etc/issue (5 bytes)
    requests received:
    PUT /v1.41/containers/web/archive
    ");
}
