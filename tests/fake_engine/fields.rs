//! Fields of request bodies: their values, and the versions that have them.

use dockerclient::{
    ApiVersion, TerminalSize,
    models::{EndpointSettings, HostConfig},
};
use dockerclient_testkit::{FakeEngine, Request, Response};
use insta::assert_snapshot;

fn engine() -> FakeEngine {
    FakeEngine::scripted(|request| {
        Response::json(if request.line.contains("/start") { 200 } else { 201 }, r#"{"Id":"f43c"}"#)
    })
}

/// Engines read this field of `EndpointSettings` since API 1.44 in one request, and since 1.54 in the other.
#[tokio::test]
async fn endpoint_mac_address_version_depends_on_operation() {
    let engine = engine();
    let endpoint = EndpointSettings { mac_address: "02:42:ac:11:00:99".into(), ..Default::default() };
    let create = async |version: &str| {
        engine.client(version).containers().create("busybox").network_with("back", endpoint.clone()).await.map(drop)
    };
    let connect =
        async |version: &str| engine.client(version).network("back").connect("web").endpoint(endpoint.clone()).await;
    assert_snapshot!(create("1.43").await.unwrap_err(), @r#"failed to create container: field "NetworkingConfig.EndpointsConfig.MacAddress" requires API 1.44 or later; the negotiated version is 1.43"#);
    assert_snapshot!(connect("1.53").await.unwrap_err(), @r#"failed to connect a container to network back: field "EndpointConfig.MacAddress" requires API 1.54 or later; the negotiated version is 1.53"#);
    assert_eq!(engine.request_lines(), "");
    create("1.44").await.unwrap();
    connect("1.54").await.unwrap();
}

#[tokio::test]
async fn exec_start_console_size() {
    let engine = engine();
    let start = async |version: &str, tty| {
        let exec = engine.client(version).container("web").command("sh").tty(tty).create().await.unwrap();
        exec.start().console_size(TerminalSize { rows: 24, columns: 80 }).await
    };
    assert_eq!(start("1.41", true).await.unwrap_err().required_version(), Some(ApiVersion::new(1, 42)));
    assert!(start("1.42", false).await.unwrap_err().is_bad_request());
    let is_start = |request: &&Request| request.line.contains("/start");
    assert_eq!(engine.requests().iter().filter(is_start).count(), 0);
    start("1.42", true).await.unwrap();
    let requests = engine.requests();
    assert_eq!(requests.iter().find(is_start).unwrap().body, r#"{"ConsoleSize":[24,80],"Tty":true}"#);
}

#[tokio::test]
async fn network_create_can_disable_ipv6() {
    let engine = engine();
    let docker = engine.client("1.46");
    for (enable_ipv6, body) in [
        (None, r#"{"Name":"back"}"#),
        (Some(false), r#"{"EnableIPv6":false,"Name":"back"}"#),
        (Some(true), r#"{"EnableIPv6":true,"Name":"back"}"#),
    ] {
        let create = docker.networks().create("back");
        match enable_ipv6 {
            Some(ipv6) => create.ipv6(ipv6).await.unwrap(),
            None => create.await.unwrap(),
        };
        assert_eq!(engine.requests().last().unwrap().body, body);
    }
}

#[tokio::test]
async fn host_config_capabilities_are_rejected_after_api_1_40() {
    let engine = engine();
    let host = HostConfig { capabilities: vec!["NET_RAW".into()], ..Default::default() };
    let create = |version| engine.client(version).containers().create("busybox").host_config(host.clone());
    create("1.40").await.unwrap();
    let error = create("1.41").await.unwrap_err();
    assert_snapshot!(error, @r#"failed to create container: field "HostConfig.Capabilities" was removed in API 1.41; the negotiated version is 1.41; use CapAdd and CapDrop"#);
}
