//! Requests for which the client has no method, checked against the OpenAPI document.

use std::time::Duration;

use bytes::Bytes;
use dockerclient::ApiVersion;
use serde_json::{Value, json};

use crate::engine::{Engine, version};

/// Whether the version under test is 1.`minor` or newer.
fn supports(minor: u16) -> bool {
    version() >= ApiVersion::new(1, minor)
}

/// Sends a request and checks its status. The proxy checks the rest.
async fn send(engine: &Engine, status: u16, method: &str, path: &str, body: Value) -> Value {
    let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
    let (received, response) = engine.send_raw(method, path, body).await;
    assert_eq!(received, status, "{method} {path}: {response}");
    response
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn ping_with_head_matches_the_specification() {
    if supports(40) {
        let engine = Engine::under_test().await;
        send(&engine, 200, "HEAD", "/_ping", Value::Null).await;
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn container_with_all_settings_matches_the_specification() {
    if !supports(25) {
        return;
    }
    let engine = Engine::under_test().await;
    let name = engine.name("full");
    let container = json!({
        "Image": "busybox", "Cmd": ["sleep", "10"], "StopTimeout": 1, "StopSignal": "SIGKILL",
        "Healthcheck": { "Test": ["CMD", "true"], "Interval": 1_000_000_000 },
        "HostConfig": {
            "Mounts": [{ "Type": "tmpfs", "Target": "/data", "TmpfsOptions": { "SizeBytes": 65536, "Mode": 493 } }],
            "Tmpfs": { "/run": "size=1m" }, "Init": false, "PidsLimit": 100, "NanoCpus": 500_000_000,
            "Ulimits": [{ "Name": "nofile", "Soft": 1024, "Hard": 2048 }], "ExtraHosts": ["db:10.0.0.1"],
        },
        "NetworkingConfig": { "EndpointsConfig": { "bridge": {} } },
    });
    send(&engine, 201, "POST", &format!("/containers/create?name={name}"), container).await;
    send(&engine, 204, "POST", &format!("/containers/{name}/start"), Value::Null).await;
    let container = engine.container(&name);
    while container.inspect().await.unwrap().state.health.unwrap().log.is_empty() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let listed = send(&engine, 200, "GET", "/containers/json?size=1", Value::Null).await;
    assert!(listed.as_array().unwrap().iter().any(|listed| listed["Names"][0] == format!("/{name}")));
}

/// Settings of API 1.42 to 1.45, which Docker 20.10 does not support.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn settings_since_1_42_match_the_specification() {
    if !supports(42) {
        return;
    }
    let engine = Engine::under_test().await;
    let [name, network, volume] = ["newer", "newer-network", "newer-volume"].map(|stem| engine.name(stem));
    let removed = [format!("/networks/{network}"), format!("/volumes/{volume}")];
    // Removed in reverse order, the container first.
    removed.into_iter().chain([format!("/containers/{name}?force=1")]).for_each(|path| engine.remove_later(path));
    send(&engine, 201, "POST", "/networks/create", json!({ "Name": network, "CheckDuplicate": true })).await;
    send(&engine, 201, "POST", "/volumes/create", json!({ "Name": volume })).await;
    let created = format!("/tmp/{name}");
    let bind = json!({ "CreateMountpoint": true, "ReadOnlyNonRecursive": true });
    let mut container = json!({
        "Image": "busybox", "Cmd": ["sleep", "100"], "Tty": true,
        "HostConfig": {
            "ConsoleSize": [24, 80],
            "NetworkMode": network,
            "Mounts": [{ "Type": "bind", "Source": created, "Target": "/made", "ReadOnly": true, "BindOptions": bind }],
        },
    });
    let host = &mut container["HostConfig"];
    if supports(43) {
        host["Annotations"] = json!({ "io.example.key": "value" });
    }
    if supports(44) {
        let test = ["CMD", "true"];
        container["Healthcheck"] =
            json!({ "Test": test, "StartPeriod": 9_000_000_000_i64, "StartInterval": 5_000_000 });
        let endpoints = json!({ &network: { "Aliases": ["db"] }, "bridge": {} });
        container["NetworkingConfig"] = json!({ "EndpointsConfig": endpoints });
    }
    send(&engine, 201, "POST", &format!("/containers/create?name={name}"), container).await;
    send(&engine, 204, "POST", &format!("/containers/{name}/start"), Value::Null).await;
    std::fs::remove_dir(&created).unwrap();

    let seen = send(&engine, 200, "GET", &format!("/containers/{name}/json"), Value::Null).await;
    let host = &seen["HostConfig"];
    assert_eq!(host["ConsoleSize"], json!([24, 80]));
    assert_eq!(host["Mounts"][0]["BindOptions"]["CreateMountpoint"], true);
    if supports(43) {
        assert_eq!(host["Annotations"]["io.example.key"], "value");
    }
    if supports(44) {
        assert_eq!(seen["Config"]["Healthcheck"]["StartInterval"], 5_000_000);
        let networks = &seen["NetworkSettings"]["Networks"];
        assert_eq!(networks["bridge"]["NetworkID"].as_str().unwrap().len(), 64);
        assert!(networks[&network]["DNSNames"].as_array().unwrap().contains(&json!("db")));
    }

    let exec = json!({ "Cmd": ["stty", "size"], "Tty": true, "AttachStdout": true, "ConsoleSize": [11, 22] });
    let exec = send(&engine, 201, "POST", &format!("/containers/{name}/exec"), exec).await;
    let exec = engine.direct().exec(exec["Id"].as_str().unwrap());
    let printed = exec.start().await.unwrap().output.capture().await.unwrap();
    assert_eq!(&*printed.stdout_text(), "11 22\r\n");
    if supports(45) {
        let name = engine.name("subpath");
        let mount =
            json!({ "Type": "volume", "Source": volume, "Target": "/data", "VolumeOptions": { "Subpath": "a" } });
        let container = json!({ "Image": "busybox", "HostConfig": { "Mounts": [mount] } });
        send(&engine, 201, "POST", &format!("/containers/create?name={name}"), container).await;
        let seen = send(&engine, 200, "GET", &format!("/containers/{name}/json"), Value::Null).await;
        assert_eq!(seen["HostConfig"]["Mounts"][0]["VolumeOptions"]["Subpath"], "a");
    }
}
