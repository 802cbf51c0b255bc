//! Plugins: granting privileges, and the requests of pulls, pushes and other operations.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use dockerclient::{ErrorKind, models::PluginPrivilege};
use dockerclient_testkit::{FakeEngine, Response};
use insta::assert_snapshot;
use serde_json::Value;

const PRIVILEGES: &str = r#"[
{"Name":"network","Description":"permissions to access a network","Value":["host"]},
{"Name":"mount","Description":"host path to mount","Value":["/srv"]}]"#;

const PULL: &str = r#"{"status":"Pulling from vieux/sshfs","id":"latest"}
{"status":"Digest: sha256:00"}
{"status":"Complete","progressDetail":{},"id":"f43c"}
"#;

const FAILED_PULL: &str = r#"{"status":"Pulling from vieux/sshfs","id":"latest"}
{"errorDetail":{"message":"incorrect privileges"},"error":"incorrect privileges"}
"#;

/// An engine whose registry has a plugin that requires these privileges.
fn engine(privileges: &'static str, pull: &'static str) -> FakeEngine {
    FakeEngine::scripted(move |request| match request.path() {
        "/plugins/privileges" => Response::json(200, privileges),
        _ => Response::json(200, pull).header("Docker-Plugin-Name", "vieux/sshfs:latest"),
    })
}

#[tokio::test]
async fn plugin_pull_grants_privileges_by_a_function() {
    let engine = engine(PRIVILEGES, PULL);
    let names = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&names);
    let grant = move |privileges: &[PluginPrivilege]| {
        seen.lock().unwrap().extend(privileges.iter().map(|privilege| privilege.name.clone()));
        true
    };
    let pulled = engine.client("1.41").plugins().pull("vieux/sshfs").grant(grant).await.unwrap();
    assert_eq!((pulled.name(), pulled.digest.as_deref()), ("vieux/sshfs:latest", Some("sha256:00")));
    assert_eq!(*names.lock().unwrap(), ["network", "mount"]);
    assert_snapshot!(engine.request_lines(), @"
    GET /v1.41/plugins/privileges?remote=vieux%2Fsshfs
    POST /v1.41/plugins/pull?remote=vieux%2Fsshfs
    ");
    let requests = engine.requests();
    assert_eq!(requests[1].json(), serde_json::from_str::<Value>(PRIVILEGES).ok());
    for request in &requests {
        assert_eq!(request.header("x-registry-auth"), Some("e30="), "{}", request.line);
    }
}

#[tokio::test]
async fn plugin_pull_without_a_grant_lists_the_privileges() {
    let engine = engine(PRIVILEGES, PULL);
    let plugins = engine.client("1.41").plugins();
    let only_network = |privileges: &[PluginPrivilege]| privileges.iter().all(|one| one.name == "network");
    for pull in [
        plugins.pull("vieux/sshfs"),
        plugins.pull("vieux/sshfs").grant(only_network),
        plugins.pull("vieux/sshfs").grant_all(true).grant_all(false),
    ] {
        let error = pull.await.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::InvalidInput, Some("plugin_pull")));
        assert!(!error.may_have_been_executed());
        assert_eq!(
            error.to_string(),
            "failed to pull plugin vieux/sshfs: the plugin requires privileges that are not granted: network (host), \
             mount (/srv); grant them with `grant` or `grant_all`"
        );
    }
    let requests = engine.requests();
    assert!(requests.iter().all(|request| request.method() == "GET") && requests.len() == 3, "{requests:?}");
}

#[tokio::test]
async fn plugin_without_privileges_is_pulled_without_a_grant() {
    for none in ["null", "[]"] {
        let engine = engine(none, PULL);
        engine.client("1.26").plugins().pull("vieux/sshfs").await.unwrap();
        engine.client("1.26").plugin("sshfs").upgrade("vieux/sshfs").await.unwrap();
        // Engines before 17.04 reject an empty list.
        let sent: Vec<String> = engine.requests().into_iter().map(|request| request.body).collect();
        assert_eq!(sent, ["", "null", "", "null"], "{none}");
    }
}

#[tokio::test]
async fn plugin_pull_sends_given_privileges_without_reading_them() {
    let engine = engine(PRIVILEGES, PULL);
    let plugins = engine.client("1.41").plugins();
    let mut required = plugins.privileges("vieux/sshfs:2").await.unwrap();
    required.truncate(1);
    plugins.pull("vieux/sshfs:2").name("sshfs").privileges(required).await.unwrap();
    assert_snapshot!(engine.request_lines(), @"
    GET /v1.41/plugins/privileges?remote=vieux%2Fsshfs%3A2
    POST /v1.41/plugins/pull?name=sshfs&remote=vieux%2Fsshfs%3A2
    ");
    let body = engine.requests().remove(1).body;
    assert_snapshot!(body, @r#"[{"Description":"permissions to access a network","Name":"network","Value":["host"]}]"#);
}

#[tokio::test]
async fn plugin_transfer_fails_if_its_progress_reports_an_error() {
    let engine = engine(PRIVILEGES, FAILED_PULL);
    let pull = engine.client("1.41").plugins().pull("vieux/sshfs").grant_all(true);
    let error = pull.clone().await.unwrap_err();
    assert!(error.is_operation_failed());
    assert_snapshot!(error, @"failed to pull plugin vieux/sshfs: incorrect privileges");

    let mut progress = pull.progress().await.unwrap();
    assert!(progress.try_next().await.unwrap().is_some());
    assert!(progress.try_next().await.unwrap_err().is_operation_failed());

    let sshfs = engine.client("1.41").plugin("sshfs");
    let upgrade = sshfs.upgrade("vieux/sshfs").grant_all(true).await.unwrap_err();
    let push = sshfs.push().await.unwrap_err();
    assert!(upgrade.is_operation_failed() && push.is_operation_failed());
    assert_snapshot!(format!("{upgrade}\n{push}"), @"
    failed to upgrade plugin sshfs: incorrect privileges
    failed to push plugin sshfs: incorrect privileges
    ");
}

#[tokio::test]
async fn plugin_pull_fails_if_privileges_cannot_be_read() {
    let engine = FakeEngine::scripted(|_| Response::json(401, r#"{"message":"authentication required"}"#));
    let error = engine.client("1.41").plugins().pull("vieux/sshfs").grant_all(true).await.unwrap_err();
    assert_snapshot!(error, @"failed to pull plugin vieux/sshfs: authentication required (401); log in with `docker login`, or set `credentials`");
    assert_eq!((error.operation(), engine.requests().len()), (Some("plugin_pull"), 1));
}

#[tokio::test]
async fn plugin_upgrade_grants_privileges_as_a_pull_does() {
    let engine = engine(PRIVILEGES, PULL);
    let sshfs = engine.client("1.26").plugin("sshfs");
    let upgraded = sshfs.upgrade("vieux/sshfs:next").grant_all(true).await.unwrap();
    assert_eq!((upgraded.name(), upgraded.digest.as_deref()), ("sshfs", Some("sha256:00")));
    assert_snapshot!(engine.request_lines(), @"
    GET /v1.26/plugins/privileges?remote=vieux%2Fsshfs%3Anext
    POST /v1.26/plugins/sshfs/upgrade?remote=vieux%2Fsshfs%3Anext
    ");
    assert_eq!(engine.requests()[1].json(), serde_json::from_str::<Value>(PRIVILEGES).ok());
    let error = sshfs.upgrade("vieux/sshfs:next").await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::InvalidInput, Some("plugin_upgrade")));
}

#[tokio::test]
async fn plugin_upgrade_below_api_1_26_sends_nothing() {
    let engine = engine(PRIVILEGES, PULL);
    let upgrade = engine.client("1.25").plugin("sshfs").upgrade("vieux/sshfs:next").grant_all(true);
    let error = upgrade.await.unwrap_err();
    assert_snapshot!(error, @"failed to upgrade plugin sshfs: requires API 1.26 or later; the negotiated version is 1.25");
    assert_eq!(engine.request_lines(), "");
}

#[tokio::test]
async fn plugin_push_returns_the_tag_if_it_is_reported() {
    const TAG: &str = r#"{"progressDetail":{},"aux":{"Tag":"latest","Digest":"sha256:11","Size":530}}"#;
    let engine = FakeEngine::scripted(|_| Response::json(200, TAG));
    let docker = engine.client("1.41");
    let pushed = docker.plugin("acme/logs").push().await.unwrap().unwrap();
    assert_eq!((&*pushed.tag, &*pushed.digest, pushed.size), ("latest", "sha256:11", 530));
    assert_snapshot!(engine.request_lines(), @"POST /v1.41/plugins/acme%2Flogs:latest/push");

    let id = docker.plugin("5724e2c8652da337ab2eedd19fc6fc0ec908e4bd907c7421bf6a8dfc70c4c078");
    let error = id.push().await.unwrap_err();
    assert!(error.is_bad_request() && engine.requests().len() == 1, "{error}");
}

#[tokio::test]
async fn plugin_requests_have_parameters_and_bodies() {
    let engine = FakeEngine::scripted(|_| Response::empty(200));
    let docker = engine.client("1.41");
    let logs = docker.plugins().create("acme/logs", b"tar").await.unwrap();
    logs.set([("DEBUG", "1"), ("data.source", "/srv")]).await.unwrap();
    logs.enable().await.unwrap();
    logs.enable().timeout(Duration::from_millis(1500)).await.unwrap();
    logs.disable().force(true).await.unwrap();
    assert_eq!(logs.push().await.unwrap(), None);
    logs.remove().force(true).await.unwrap();
    assert_snapshot!(engine.request_lines(), @"
    POST /v1.41/plugins/create?name=acme%2Flogs
    POST /v1.41/plugins/acme%2Flogs/set
    POST /v1.41/plugins/acme%2Flogs/enable?timeout=30
    POST /v1.41/plugins/acme%2Flogs/enable?timeout=2
    POST /v1.41/plugins/acme%2Flogs/disable?force=true
    POST /v1.41/plugins/acme%2Flogs:latest/push
    DELETE /v1.41/plugins/acme%2Flogs?force=true
    ");
    let requests = engine.requests();
    assert_eq!((&*requests[0].body, &*requests[1].body), ("tar", r#"["DEBUG=1","data.source=/srv"]"#));
}
