//! Secrets are not in recordings, and requests with other secrets match.

use dockerclient::DockerClient;
use dockerclient_testkit::{FakeEngine, Recorder, Recording, Replay, Response, frame};
use serde_json::{Value, json};

/// Secrets that a recording must not contain.
const SECRETS: [&str; 9] =
    ["s3cret-1", "s3cret-2", "s3cret-3", "s3cret-4", "s3cret-5", "s3cret-6", "s3cret-7", "s3cret-8", "s3cret-9"];

fn engine() -> FakeEngine {
    FakeEngine::scripted(|request| match request.path() {
        "/auth" => Response::json(200, r#"{"IdentityToken":"s3cret-1","Status":"Login Succeeded"}"#),
        "/swarm" => Response::json(200, r#"{"JoinTokens":{"Worker":"s3cret-2","Manager":"s3cret-3"},"ID":"a"}"#),
        "/swarm/unlockkey" => Response::json(200, r#"{"UnlockKey":"s3cret-4"}"#),
        "/rounded" => Response::json(200, r#"{"Password":"s3cret-4","Size":1e5}"#),
        _ => Response::json(200, r#"{"Env":["TOKEN=s3cret-9","EMPTY"],"Note":"for s3cret-9"}"#),
    })
}

/// Sends requests with secrets; `s` begins all of them.
async fn send(docker: &DockerClient, s: &str) {
    let secret = |number: u32| format!("{s}-{number}");
    for request in [
        docker.post("/auth").json(&json!({ "username": "me", "password": secret(5), "identitytoken": secret(1) })),
        docker.get("/swarm").header("X-Registry-Auth", secret(6)).header("Authorization", secret(7)),
        docker.post("/swarm/join").json(&json!({ "JoinToken": secret(2), "RemoteAddrs": ["a"] })),
        docker.get("/swarm/unlockkey").header("X-Registry-Config", secret(6)),
        docker.post("/secrets/create").json(&json!({ "Name": "a", "Data": secret(8) })),
        docker.get("/rounded"),
        docker.post("/build").query("buildargs", json!({ "TOKEN": secret(9) })).query("t", "a"),
        docker.post("/containers/create").json(&json!({ "Env": [format!("TOKEN={}", secret(9))], "Image": "a" })),
        docker.get(format!("/containers/{}/json", secret(9))),
    ] {
        request.await.unwrap().bytes().await.unwrap();
    }
}

async fn recorded(s: &str) -> Recording {
    let engine = engine();
    let recorder = Recorder::new(&engine.client("1.41"));
    recorder.redact("");
    send(&recorder.client("1.41"), s).await;
    // Also applies to requests that were recorded before.
    recorder.redact("s3cret-9");
    recorder.recording().unwrap()
}

#[tokio::test]
async fn secrets_are_not_recorded() {
    let recording = recorded("s3cret").await.to_json().unwrap();
    for secret in SECRETS {
        assert!(!recording.contains(secret), "{secret}: {recording}");
    }
    let json: Value = serde_json::from_str(&recording).unwrap();
    let exchange = |index: usize, path: &str| json["exchanges"][index].pointer(path).unwrap().clone();
    let redacted = "[redacted]";
    assert_eq!(exchange(0, "/request/body/json/username"), "me");
    assert_eq!(exchange(1, "/response/body/json/JoinTokens"), json!({ "Worker": redacted, "Manager": redacted }));
    assert_eq!(exchange(1, "/request/headers"), json!({ "x-registry-auth": redacted, "authorization": redacted }));
    assert_eq!(exchange(6, "/request/query"), json!(["buildargs={\"TOKEN\":\"[redacted]\"}", "t=a"]));
    assert_eq!(exchange(7, "/response/body/json/Env"), json!(["TOKEN=[redacted]", "EMPTY"]));
    assert_eq!(exchange(8, "/request/path"), "/v1.41/containers/[redacted]/json");
}

#[tokio::test]
async fn requests_with_other_secrets_match() {
    let recording = recorded("s3cret").await;
    for secrets in ["s3cret", "other"] {
        let replay = Replay::new(recording.clone());
        send(&replay.client(), secrets).await;
        replay.assert_all_used();
    }
}

#[tokio::test]
async fn env_is_redacted_on_demand() {
    let engine = engine();
    let recorder = Recorder::new(&engine.client("1.41"));
    recorder.client("1.41").get("/containers/web/json").await.unwrap().bytes().await.unwrap();
    assert!(recorder.recording().unwrap().to_json().unwrap().contains("TOKEN=s3cret-9"));
    recorder.redact_env();
    let json = recorder.recording().unwrap().to_json().unwrap();
    assert!(json.contains(r#""TOKEN=[redacted]""#) && json.contains(r#""EMPTY""#), "{json}");
}

#[tokio::test]
async fn secret_in_output_is_redacted_or_an_error() {
    for (chunks, is_redacted) in [
        (vec![frame(1, b"a s3cret\n"), frame(2, b"no\n")], true),
        (vec![frame(1, b"a s3"), frame(2, b"no"), frame(1, b"cret\n")], false),
        (vec![b"a s3".to_vec(), b"cret\n".to_vec()], false),
        (vec![b"\xff s3cret\n".to_vec()], false),
    ] {
        // Each frame is a chunk.
        let body = chunks.iter().map(|chunk| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
        let body = body.collect::<Vec<_>>().concat();
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let whole = [&head[..], &body, b"0\r\n\r\n"].concat();
        let engine = FakeEngine::scripted(move |_| Response::raw(whole.clone()).in_chunks(64));
        let recorder = Recorder::new(&engine.client("1.41"));
        recorder.redact("s3cret");
        recorder.client("1.41").get("/containers/web/logs").await.unwrap().bytes().await.unwrap();
        match recorder.recording() {
            Ok(recording) => {
                assert!(is_redacted && recording.to_json().unwrap().contains(r#""stdout": "a [redacted]\n""#));
            }
            Err(error) => assert!(!is_redacted && !error.to_string().contains("s3cret"), "{error}"),
        }
    }
}

#[tokio::test]
async fn truncated_json_with_a_secret_is_an_error() {
    let engine = FakeEngine::scripted(|_| Response::json(200, r#"{"Password":"s3cret"#));
    let recorder = Recorder::new(&engine.client("1.41"));
    recorder.client("1.41").get("/other").await.unwrap().bytes().await.unwrap();
    let error = recorder.recording().unwrap_err();
    insta::assert_snapshot!(error, @"failed to record GET /v1.41/other: a truncated JSON document cannot be redacted");
    assert!(!format!("{recorder:?}{error:?}").contains("s3cret"));
}

#[tokio::test]
async fn json_in_several_chunks_is_redacted() {
    let body = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n\
                15\r\n{\"Password\":\"s3cret-1\r\n5\r\n-2\"}\n\r\n0\r\n\r\n";
    let engine = FakeEngine::scripted(move |_| Response::raw(body));
    let recorder = Recorder::new(&engine.client("1.41"));
    let received = recorder.client("1.41").get("/other").await.unwrap().text().await.unwrap();
    assert_eq!(received, "{\"Password\":\"s3cret-1-2\"}\n");
    let json: Value = serde_json::from_str(&recorder.recording().unwrap().to_json().unwrap()).unwrap();
    assert_eq!(json["exchanges"][0]["response"]["body"], json!({ "json": { "Password": "[redacted]" } }));
}
