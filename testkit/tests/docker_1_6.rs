//! The responses of the fake engine in Docker 1.6 mode.

#![allow(clippy::unwrap_used)] // a panic fails the test

use dockerclient_testkit::FakeEngine;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fn engine() -> FakeEngine {
    FakeEngine::builder().like_docker_1_6().lenient().build()
}

/// Sends a request, and returns the response.
async fn exchange(engine: &FakeEngine, line: &str, headers: &str, body: &str) -> String {
    let mut stream = engine.connector()().unwrap();
    let length = body.len();
    let request = format!("{line} HTTP/1.1\r\nHost: docker\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    if !headers.contains("close") {
        stream.shutdown().await.unwrap();
    }
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.unwrap();
    String::from_utf8_lossy(&response).into_owned()
}

async fn plain(engine: &FakeEngine, line: &str, body: &str) -> String {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
    exchange(engine, line, &format!("Connection: close\r\n{kind}"), body).await
}

#[tokio::test]
async fn booleans_are_numbers_and_ids_have_no_prefix() {
    let engine = engine();
    let info = plain(&engine, "GET /v1.18/info", "").await;
    assert!(info.contains("\"MemoryLimit\":1") && info.contains("\"Debug\":0"), "{info}");
    assert!(info.contains("Job-Name: info\r\n") && !info.contains("Api-Version: "), "{info}");
    let images = plain(&engine, "GET /v1.18/images/json", "").await;
    assert!(!images.contains("sha256:"), "{images}");
}

#[tokio::test]
async fn errors_are_plain_text_with_other_statuses() {
    let engine = engine();
    let create = |name: &str| format!("POST /v1.18/containers/create?name={name}");
    let response = plain(&engine, &create("web"), r#"{"Image":"busybox","Cmd":["sleep","9"]}"#).await;
    assert!(response.starts_with("HTTP/1.1 201 ") && response.contains("\"Warnings\":null"), "{response}");
    for (line, status, text) in [
        ("GET /v1.18/containers/x/json", "404", "no such id: x\n"),
        ("GET /v1.18/containers/web/top", "500", "is not running\n"),
        ("POST /v1.18/containers/web/kill?signal=X", "500", "Invalid signal: X\n"),
        ("GET /v1.19/info", "404", "client and server don't have same version (client : 1.19, server: 1.18)\n"),
        ("GET /v1.18/networks", "404", "404 page not found\n"),
        ("GET /v1.16/containers/web/stats", "404", "404 page not found\n"),
        ("POST /v1.18/images/create?fromImage=nosuch&tag=1", "200", "\"errorDetail\""),
    ] {
        let response = plain(&engine, line, "").await;
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")) && response.contains(text), "{line}: {response}");
    }
}

#[tokio::test]
async fn events_have_no_separators_and_few_fields() {
    let engine = engine();
    plain(&engine, "POST /v1.18/containers/create?name=web", r#"{"Image":"busybox","Cmd":["true"]}"#).await;
    plain(&engine, "POST /v1.18/containers/web/start", "").await;
    let wait = plain(&engine, "POST /v1.18/containers/web/wait", "").await;
    assert!(wait.ends_with("{\"StatusCode\":0}\n"), "{wait}");
    let mut stream = engine.connector()().unwrap();
    stream.write_all(b"GET /v1.18/events?since=1 HTTP/1.1\r\nHost: docker\r\n\r\n").await.unwrap();
    let mut events = String::new();
    while !events.contains("die") {
        let mut chunk = [0; 4096];
        let length = stream.read(&mut chunk).await.unwrap();
        events.push_str(&String::from_utf8_lossy(&chunk[..length]));
    }
    let body: String = events.lines().filter(|line| line.starts_with('{')).collect();
    let documents: Vec<serde_json::Value> =
        serde_json::Deserializer::from_str(&body).into_iter().map(Result::unwrap).collect();
    let actions: Vec<_> = documents.iter().map(|event| event["status"].as_str().unwrap()).collect();
    assert_eq!(actions, ["create", "start", "die"]);
    assert!(!events.contains("\"Type\"") && !events.contains("}\n"), "{events}");
}

#[tokio::test]
async fn session_without_upgrade_is_200_without_length() {
    let engine = engine();
    let config = r#"{"Image":"busybox","Cmd":["cat"],"OpenStdin":true,"StdinOnce":true}"#;
    for (name, headers, head) in [
        ("web", "", "HTTP/1.1 200 OK\r\n"),
        ("other", "Connection: Upgrade\r\nUpgrade: tcp\r\n", "HTTP/1.1 101 UPGRADED\r\n"),
    ] {
        plain(&engine, &format!("POST /v1.18/containers/create?name={name}"), config).await;
        plain(&engine, &format!("POST /v1.18/containers/{name}/start"), "").await;
        let line = format!("POST /v1.18/containers/{name}/attach?stream=1&stdin=1&stdout=1");
        let response = exchange(&engine, &line, headers, "").await;
        let (got, _) = response.split_once("\r\n\r\n").unwrap();
        assert!(response.starts_with(head), "{response}");
        assert!(got.contains("application/vnd.docker.raw-stream") && !got.contains("Length"), "{response}");
    }
}

#[tokio::test]
async fn build_steps_start_at_zero_and_load_has_no_body() {
    let engine = engine();
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    let dockerfile = "FROM busybox\nENV A=b\nCMD echo x\n";
    header.set_size(dockerfile.len() as u64);
    archive.append_data(&mut header, "Dockerfile", dockerfile.as_bytes()).unwrap();
    let archive = String::from_utf8(archive.into_inner().unwrap()).unwrap();
    let headers = "Connection: close\r\nContent-Type: application/tar\r\n";
    let response = exchange(&engine, "POST /v1.18/build?t=made", headers, &archive).await;
    assert!(response.contains("Step 0 : FROM busybox\\n") && response.contains("Step 2 : CMD"), "{response}");
    assert!(
        response.contains("Successfully built ") && !response.contains("tagged") && !response.contains("aux"),
        "{response}"
    );
    let saved = plain(&engine, "GET /v1.18/images/made/get", "").await;
    let (_, saved) = saved.split_once("\r\n\r\n").unwrap();
    let response = exchange(&engine, "POST /v1.18/images/load", headers, saved).await;
    assert!(response.starts_with("HTTP/1.1 200 ") && response.ends_with("\r\n\r\n"), "{response}");
}

#[tokio::test]
async fn inspect_has_volumes_by_path() {
    let engine = engine();
    let config = r#"{"Image":"busybox","Cmd":["true"],"HostConfig":{"Binds":["data:/data:ro"]}}"#;
    plain(&engine, "POST /v1.18/containers/create?name=web", config).await;
    let inspect = plain(&engine, "GET /v1.18/containers/web/json", "").await;
    assert!(inspect.contains(r#""VolumesRW":{"/data":false}"#) && !inspect.contains("\"Mounts\""), "{inspect}");
    let copy = plain(&engine, "POST /v1.18/containers/web/copy", r#"{"Resource":"/nosuch"}"#).await;
    assert!(copy.starts_with("HTTP/1.1 500 ") && copy.contains("Could not find the file /nosuch"), "{copy}");
    assert!(plain(&engine, "GET /v1.18/volumes", "").await.starts_with("HTTP/1.1 404 "));
}
