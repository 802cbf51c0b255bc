//! Plugins: created from an archive, set, enabled and removed, or pulled from the registry.

use dockerclient_testkit::FakeEngine;
use serde_json::json;

use crate::{actions, archive};

const CONFIG: &str = r#"{
    "description": "logs", "entrypoint": ["/bin/logs"], "unknown": 1,
    "interface": { "types": ["docker.logdriver/1.0"], "socket": "logs.sock" },
    "env": [{ "name": "DEBUG", "value": "0", "settable": ["value"] }, { "name": "HOME", "value": "/" }]
}"#;

/// The archive of a plugin.
fn logs() -> Vec<u8> {
    archive(&[("config.json", CONFIG), ("rootfs/bin/logs", "")])
}

#[tokio::test]
async fn plugin_lifecycle_and_settings() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let plugin = docker.plugins().create("acme/logs", logs()).await.unwrap();
    let found = docker.plugin("acme/logs:latest").inspect().await.unwrap();
    assert_eq!(
        (&*found.name, &*found.plugin_reference, found.enabled),
        ("acme/logs:latest", "acme/logs:latest", false)
    );
    assert_eq!((&*found.config.description, &*found.config.docker_version), ("logs", "20.10.24"));
    assert_eq!(docker.plugin(&found.id[..12]).inspect().await.unwrap(), found);

    plugin.set([("DEBUG", "1")]).await.unwrap();
    assert_eq!(plugin.inspect().await.unwrap().settings.env, ["DEBUG=1", "HOME=/"]);
    let error = plugin.set([("HOME", "/root")]).await.unwrap_err();
    assert_eq!(error.message(), Some("\"HOME\" is not settable"));

    plugin.enable().await.unwrap();
    assert!(plugin.inspect().await.unwrap().enabled);
    let error = plugin.enable().await.unwrap_err();
    let message = "plugin already enabled: plugin acme/logs:latest is enabled";
    assert_eq!((error.is_conflict(), error.message()), (true, Some(message)));
    assert!(plugin.set([("DEBUG", "0")]).await.unwrap_err().is_server_error());
    assert!(plugin.remove().await.unwrap_err().is_conflict());
    plugin.disable().await.unwrap();
    assert!(plugin.disable().await.unwrap_err().is_conflict());
    plugin.enable().await.unwrap();
    plugin.remove().force(true).await.unwrap();
    let error = plugin.inspect().await.unwrap_err();
    assert_eq!((error.status(), error.message()), (Some(404), Some("plugin \"acme/logs\" not found")));
}

#[tokio::test]
async fn plugins_are_listed_by_state_and_capability() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let create = |name| docker.plugins().create(name, logs());
    create("one").await.unwrap();
    create("two").await.unwrap().enable().await.unwrap();
    let list = || docker.plugins().list();
    for (list, names) in [
        (list(), vec!["one:latest", "two:latest"]),
        (list().enabled(true), vec!["two:latest"]),
        (list().enabled(false).capability("logdriver"), vec!["one:latest"]),
        (list().capability("volumedriver"), vec![]),
    ] {
        let found = list.await.unwrap();
        assert_eq!(found.iter().map(|plugin| &*plugin.name).collect::<Vec<_>>(), names);
    }
    assert_eq!(list().filter("enabled", "maybe").await.unwrap_err().status(), Some(400));
}

#[tokio::test]
async fn invalid_plugins_are_rejected() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    docker.plugins().create("acme/logs", logs()).await.unwrap();
    let rootfs = ("rootfs/file", "");
    for (name, files, status, message) in [
        ("acme/logs", vec![], 409, "plugin acme/logs:latest already exists"),
        ("a", vec![("config.json", "{}")], 500, "no rootfs found: EOF"),
        ("a", vec![rootfs], 500, "config not found"),
        (
            "a",
            vec![rootfs, ("config.json", "{\"Env\":1}")],
            500,
            "failed to parse config: json: cannot unmarshal number into Go struct field PluginConfig.Env of type array",
        ),
    ] {
        let error = docker.plugins().create(name, archive(&files)).await.unwrap_err();
        assert_eq!((error.status(), error.message()), (Some(status), Some(message)));
    }
}

#[tokio::test]
async fn plugins_are_pulled_upgraded_and_pushed() {
    let config = json!({ "network": { "type": "host" }, "linux": { "capabilities": ["CAP_SYS_ADMIN"] } });
    let engine = FakeEngine::builder().plugin_in_registry("acme/logs:1", &config);
    let engine = engine.plugin_in_registry("acme/logs:2", &json!({ "description": "second" })).build();
    let docker = engine.client("1.41");
    let required = docker.plugins().privileges("acme/logs:1").await.unwrap();
    let names: Vec<&str> = required.iter().map(|privilege| &*privilege.name).collect();
    assert_eq!(names, ["network", "capabilities"]);
    let error = docker.plugins().pull("acme/logs:1").privileges([]).await.unwrap_err();
    assert!(error.is_operation_failed() && error.to_string().contains("incorrect privileges"), "{error}");

    let pull = || docker.plugins().pull("acme/logs:1").name("logs").grant_all(true);
    let plugin = pull().await.unwrap();
    assert_eq!(plugin.name(), "logs:latest");
    assert_eq!(pull().await.unwrap_err().status(), Some(400));
    assert_eq!(plugin.inspect().await.unwrap().plugin_reference, "docker.io/acme/logs:1");
    plugin.upgrade("acme/logs:2").await.unwrap();
    let found = plugin.inspect().await.unwrap();
    assert_eq!((&*found.config.description, &*found.plugin_reference), ("second", "docker.io/acme/logs:2"));
    plugin.enable().await.unwrap();
    assert!(plugin.upgrade("acme/logs:1").grant_all(true).await.unwrap_err().is_conflict());

    assert!(docker.plugins().pull("nosuch").await.unwrap_err().is_not_found());
    assert!(plugin.push().await.unwrap().is_some());
    plugin.remove().force(true).await.unwrap();
    docker.plugins().pull("logs").await.unwrap();
    assert!(docker.plugin("logs").exists().await.unwrap());
}

#[tokio::test]
async fn plugin_events_are_in_order() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let mut events = docker.events().filter("plugin", "acme").await.unwrap();
    docker.plugins().create("other", logs()).await.unwrap();
    let plugin = docker.plugins().create("acme/logs", logs()).await.unwrap();
    plugin.enable().await.unwrap();
    plugin.disable().await.unwrap();
    plugin.remove().await.unwrap();
    let events = actions(&mut events, "plugin remove").await;
    assert_eq!(events, ["plugin create", "plugin enable", "plugin disable", "plugin remove"]);
}
