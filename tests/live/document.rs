//! Operations that the client has no method for yet: what the engine answers fits the document.

use bytes::Bytes;
use dockerclient::ApiVersion;
use serde_json::{Value, json};

use crate::engine::{Engine, version};

/// Whether the version under test is 1.`minor` or newer.
fn knows(minor: u16) -> bool {
    version() >= ApiVersion::new(1, minor)
}

/// Asks, and checks the status; the tap checks all else.
async fn ask(engine: &Engine, status: u16, method: &str, path: &str, body: Value) -> Value {
    let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
    let (got, answer) = engine.ask(method, path, body).await;
    assert_eq!(got, status, "{method} {path}: {answer}");
    answer
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn files_go_in_and_out_of_containers() {
    if !knows(20) {
        return;
    }
    let engine = Engine::under_test().await;
    let container = engine.create("true").await;
    let at = |path: &str| format!("/containers/{}/archive?path={path}", container.id());
    ask(&engine, 200, "HEAD", &at("/etc/passwd"), Value::Null).await;
    ask(&engine, 200, "GET", &at("/etc"), Value::Null).await;
    ask(&engine, 404, "GET", &at("/no/such/file"), Value::Null).await;
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(2);
    archive.append_data(&mut header, "new", &b"hi"[..]).unwrap();
    let (status, _) = engine.ask("PUT", &at("/tmp"), archive.into_inner().unwrap().into()).await;
    assert_eq!(status, 200);
    ask(&engine, 200, "HEAD", &at("/tmp/new"), Value::Null).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn volumes_are_made_listed_and_removed() {
    if !knows(21) {
        return;
    }
    let engine = Engine::under_test().await;
    let name = engine.name("volume");
    let mut volume = json!({ "Name": name, "DriverOpts": { "type": "tmpfs", "device": "tmpfs" } });
    if knows(23) {
        volume["Labels"] = json!({ "app": "web" });
    }
    ask(&engine, 201, "POST", "/volumes/create", volume).await;
    engine.remove_later(format!("/volumes/{name}"));
    let listed =
        ask(&engine, 200, "GET", "/volumes?filters=%7B%22dangling%22%3A%5B%22true%22%5D%7D", Value::Null).await;
    assert!(listed["Volumes"].as_array().unwrap().iter().any(|volume| volume["Name"] == *name));
    ask(&engine, 200, "GET", &format!("/volumes/{name}"), Value::Null).await;
    ask(&engine, 404, "GET", "/volumes/ghost", Value::Null).await;

    let container = engine.create_with("sleep 10", |mut config| {
        config.volumes = ["/data".to_owned()].into();
        config
    });
    let mounted = container.await.inspect().await.unwrap().mounts;
    ask(&engine, 409, "DELETE", &format!("/volumes/{}", mounted[0].name), Value::Null).await;
    ask(&engine, 204, "DELETE", &format!("/volumes/{name}"), Value::Null).await;
    ask(&engine, 404, "DELETE", &format!("/volumes/{name}"), Value::Null).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn networks_are_made_joined_left_and_removed() {
    if !knows(21) {
        return;
    }
    let engine = Engine::under_test().await;
    let name = engine.name("network");
    let at = |what: &str| format!("/networks/{name}{what}");
    let mut network = json!({ "Name": name, "CheckDuplicate": true });
    if knows(23) {
        network["Labels"] = json!({ "app": "web" });
    }
    ask(&engine, 201, "POST", "/networks/create", network.clone()).await;
    engine.remove_later(at(""));
    ask(&engine, 409, "POST", "/networks/create", network).await;
    let container = engine.running().await;
    let this = json!({ "Container": container.id() });
    ask(&engine, 200, "POST", &at("/connect"), this.clone()).await;
    ask(&engine, 403, "POST", &at("/connect"), this.clone()).await;
    let seen = ask(&engine, 200, "GET", &at(""), Value::Null).await;
    assert!(seen["Containers"][container.id()]["IPv4Address"].as_str().unwrap().contains('/'));
    ask(&engine, 200, "GET", "/networks", Value::Null).await;
    let networks = container.inspect().await.unwrap().network_settings.networks;
    assert!(!networks[&name].ip_address.is_empty());
    ask(&engine, 403, "DELETE", &at(""), Value::Null).await;
    ask(&engine, 200, "POST", &at("/disconnect"), this).await;
    ask(&engine, 204, "DELETE", &at(""), Value::Null).await;
    ask(&engine, 404, "GET", &at(""), Value::Null).await;
    ask(&engine, 403, "DELETE", "/networks/bridge", Value::Null).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn limits_change_and_space_is_counted() {
    if !knows(22) {
        return;
    }
    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let update = format!("/containers/{}/update", container.id());
    ask(&engine, 200, "POST", &update, json!({ "Memory": 64 << 20, "MemorySwap": 64 << 20 })).await;
    assert_eq!(container.inspect().await.unwrap().host_config.memory, 64 << 20);
    let sized = ask(&engine, 200, "GET", &format!("/containers/{}/json?size=1", container.id()), Value::Null).await;
    assert!(sized["SizeRootFs"].as_u64().unwrap() > 0);
    if knows(25) {
        // Somebody else may be counting.
        let (status, _) = engine.ask("GET", "/system/df", Bytes::new()).await;
        assert!(status == 200 || status == 500, "{status}");
    }
    if knows(29) {
        let none = "filters=%7B%22label%22%3A%5B%22nobody.has.this%22%5D%7D";
        for kind in ["containers", "images", "volumes", "networks"] {
            ask(&engine, 200, "POST", &format!("/{kind}/prune?{none}"), Value::Null).await;
        }
    }
    if knows(39) {
        ask(&engine, 200, "POST", "/build/prune?keep-storage=1000000000", Value::Null).await;
    }
    if knows(40) {
        ask(&engine, 200, "HEAD", "/_ping", Value::Null).await;
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn registries_are_asked_about_images() {
    if !knows(30) {
        return;
    }
    let engine = Engine::under_test().await;
    let ghost = format!("{}/acme/ghost", std::env::var("DOCKERCLIENT_TEST_REGISTRY").unwrap());
    ask(&engine, 404, "GET", &format!("/distribution/{}/json", ghost.replace('/', "%2F")), Value::Null).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn all_that_a_container_can_be_made_of_is_told_back() {
    if !knows(25) {
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
    ask(&engine, 201, "POST", &format!("/containers/create?name={name}"), container).await;
    ask(&engine, 204, "POST", &format!("/containers/{name}/start"), Value::Null).await;
    let container = engine.container(&name);
    while container.inspect().await.unwrap().state.health.unwrap().log.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let listed = ask(&engine, 200, "GET", "/containers/json?size=1", Value::Null).await;
    assert!(listed.as_array().unwrap().iter().any(|listed| listed["Names"][0] == format!("/{name}")));
}
