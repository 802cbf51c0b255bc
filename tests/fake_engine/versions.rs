//! Negotiation of the API version, and checks of requests against it.

use dockerclient::{
    ApiVersion, DockerClient,
    models::{ContainerConfig, HostConfig},
};
use dockerclient_testkit::{FakeEngine, Response};
use insta::assert_snapshot;

/// An engine that responds to `GET /version` with `version`.
fn with_version(version: &'static str) -> FakeEngine {
    FakeEngine::scripted(move |request| match &*request.line {
        "GET /version" => Response::json(200, version),
        line if line.ends_with("/containers/json") => Response::json(200, "[]"),
        _ => Response::text(404, "page not found\n"),
    })
}

#[tokio::test]
async fn version_is_negotiated_once_for_all_clones() {
    let engine = with_version(r#"{"ApiVersion":"1.17","Version":"1.5.0"}"#);
    let docker = DockerClient::connect(&engine.address()).unwrap();
    let calls = (0..20).map(|_| docker.clone().containers().list().into_future());
    futures_util::future::try_join_all(calls).await.unwrap();
    let lines = engine.request_lines();
    assert_eq!(lines.matches("GET /version").count(), 1);
    assert_eq!(lines.matches("GET /v1.17/containers/json").count(), 20);
}

#[tokio::test]
async fn failed_negotiation_is_shared_and_then_retried() {
    let engine = FakeEngine::scripted(|_| Response::text(500, "not yet\n"));
    let docker = DockerClient::connect(&engine.address()).unwrap();
    let (one, other) = tokio::join!(docker.info().send(), docker.ping().send());
    let (one, other) = (one.unwrap_err(), other.unwrap_err());
    assert_eq!((one.status(), other.status()), (Some(500), Some(500)));
    assert_eq!((one.operation(), other.operation()), (Some("system_info"), Some("system_ping")));
    assert_eq!(engine.requests().len(), 1);
    docker.ping().await.unwrap_err();
    assert_eq!(engine.requests().len(), 2);
}

#[tokio::test]
async fn engine_without_a_common_version_is_an_error() {
    for (version, snapshot) in [
        (r#"{"ApiVersion":"1.99","MinAPIVersion":"1.98"}"#, "1.98 to 1.99"),
        (r#"{"ApiVersion":"1.12"}"#, "1.0 to 1.12"),
    ] {
        let engine = with_version(version);
        let error = DockerClient::connect(&engine.address()).unwrap().info().await.unwrap_err();
        assert!(error.is_unsupported());
        assert_eq!(
            error.to_string(),
            format!(
                "failed to get engine information: no API version in common: the engine supports {snapshot}, this crate 1.15 to {}",
                ApiVersion::NEWEST
            )
        );
        assert_eq!(engine.request_lines(), "GET /version");
    }
}

#[tokio::test]
async fn pinned_version_is_not_negotiated() {
    let engine = with_version("{}");
    engine.client("1.16").containers().list().await.unwrap();
    assert_eq!(engine.request_lines(), "GET /v1.16/containers/json");
    let error = DockerClient::builder().api_version(ApiVersion::new(1, 99)).build().unwrap_err();
    let range = format!("1.15 to {}", ApiVersion::NEWEST);
    assert_eq!(error.to_string(), format!("unsupported API version 1.99: this crate supports {range}"));
}

/// The version ranges of old and new engines.
#[tokio::test]
async fn newest_common_version_is_negotiated() {
    for (version, negotiated) in [
        (r#"{"ApiVersion":"1.15"}"#, "1.15"),
        (r#"{"ApiVersion":"1.23"}"#, "1.23"),
        (r#"{"ApiVersion":"1.26","MinAPIVersion":"1.12"}"#, "1.26"),
        (r#"{"ApiVersion":"1.41","MinAPIVersion":"1.12"}"#, "1.41"),
        (r#"{"ApiVersion":"1.51","MinAPIVersion":"1.24"}"#, "1.51"),
        (r#"{"ApiVersion":"1.52","MinAPIVersion":"1.44"}"#, "1.52"),
        (r#"{"ApiVersion":"1.99","MinAPIVersion":"1.40"}"#, &ApiVersion::NEWEST.to_string()),
    ] {
        let engine = with_version(version);
        let docker = DockerClient::connect(&engine.address()).unwrap();
        docker.containers().list().await.unwrap();
        assert_eq!(engine.request_lines(), format!("GET /version\nGET /v{negotiated}/containers/json"));
        assert_eq!(docker.api_version().await.unwrap().to_string(), negotiated);
    }
}

/// Old engines respond to an unknown version with 404 and text, newer ones with 400 and text or JSON.
#[tokio::test]
async fn rejected_pinned_version_has_the_engine_message() {
    let responses = [
        Response::text(404, "client and server don't have same version (client : 1.18, server: 1.17)\n"),
        Response::text(400, "client is newer than server (client API version: 1.18, server API version: 1.17)\n"),
        Response::text(400, "client version 1.18 is too old. Minimum supported API version is 1.24\n"),
        Response::json(400, r#"{"message":"client version 1.18 is too old. Minimum supported API version is 1.24"}"#),
    ];
    let mut messages = String::new();
    for response in responses {
        let response = std::sync::Mutex::new(Some(response));
        let engine = FakeEngine::scripted(move |_| response.lock().unwrap().take().unwrap());
        messages += &format!("{}\n", engine.client("1.18").info().await.unwrap_err());
    }
    assert_snapshot!(messages, @"
    failed to get engine information: client and server don't have same version (client : 1.18, server: 1.17) (404)
    failed to get engine information: client is newer than server (client API version: 1.18, server API version: 1.17) (400)
    failed to get engine information: client version 1.18 is too old. Minimum supported API version is 1.24 (400)
    failed to get engine information: client version 1.18 is too old. Minimum supported API version is 1.24 (400)
    ");
}

#[tokio::test]
async fn features_newer_than_the_version_are_not_sent() {
    let engine = with_version("{}");
    let docker = engine.client("1.15");
    let create = || docker.containers().create("busybox");
    let errors = [
        docker.container("web").rename("db").await.unwrap_err(),
        docker.exec("f43c").inspect().await.unwrap_err(),
        docker.containers().list().name("web").await.unwrap_err(),
        docker.events().action("die").await.unwrap_err(),
        create().log_driver("none").await.unwrap_err(),
        create().pid("host").await.unwrap_err(),
    ];
    for error in &errors {
        assert!(error.is_unsupported() && error.status().is_none());
        assert_eq!(error.negotiated_version(), Some(ApiVersion::new(1, 15)));
    }
    assert_snapshot!(errors.map(|error| error.to_string()).join("\n"), @r#"
    failed to rename container web: requires API 1.17 or later; the negotiated version is 1.15
    failed to inspect command f43c: requires API 1.16 or later; the negotiated version is 1.15
    failed to list containers: filter "name" requires API 1.16 or later; the negotiated version is 1.15
    failed to read events: option "filters" requires API 1.16 or later; the negotiated version is 1.15
    failed to create container: field "HostConfig.LogConfig" requires API 1.18 or later; the negotiated version is 1.15
    failed to create container: field "HostConfig.PidMode" requires API 1.17 or later; the negotiated version is 1.15
    "#);
    assert_eq!(engine.request_lines(), "");
}

/// The error names a replacement.
#[tokio::test]
async fn features_removed_from_the_version_are_not_sent() {
    let engine = with_version("{}");
    let (docker, newer) = (engine.client("1.42"), engine.client("1.52"));
    let config = ContainerConfig { image: "busybox".into(), ..Default::default() };
    let host_config = HostConfig { binds: vec!["/tmp:/tmp".into()], ..Default::default() };
    let create = async |docker: &DockerClient, config: ContainerConfig, host_config: HostConfig| {
        docker.containers().create("busybox").config(config).host_config(host_config).await.unwrap_err()
    };
    let with_memory = ContainerConfig { memory: 1, ..config.clone() };
    let with_address = ContainerConfig { mac_address: "02:42:ac:11:00:02".into(), ..config.clone() };
    let kernel_memory = HostConfig { kernel_memory: 1, ..Default::default() };
    let errors = [
        docker.container("web").copy("/etc").await.unwrap_err(),
        docker.container("web").start().host_config(host_config).await.unwrap_err(),
        create(&docker, with_memory, HostConfig::default()).await,
        create(&docker, config, kernel_memory).await,
        create(&newer, with_address, HostConfig::default()).await,
    ];
    for error in &errors {
        assert!(error.is_unsupported() && error.status().is_none());
        assert!(error.required_version() < error.negotiated_version());
    }
    assert_snapshot!(errors.map(|error| error.to_string()).join("\n"), @r#"
    failed to copy files from container web: was removed in API 1.24; the negotiated version is 1.42; use the archive of the path (`copy_out`)
    failed to start container web: request body was removed in API 1.24; the negotiated version is 1.42; give the host configuration to create
    failed to create container: field "Memory" was removed in API 1.20; the negotiated version is 1.42; use the field of the same name in HostConfig
    failed to create container: field "HostConfig.KernelMemory" was removed in API 1.42; the negotiated version is 1.42; use Memory, which counts the kernel's too
    failed to create container: field "MacAddress" was removed in API 1.52; the negotiated version is 1.52; use MacAddress of the network in NetworkingConfig
    "#);
    assert_eq!(engine.request_lines(), "");
}

/// Parameters that have an equivalent at the negotiated version are sent in that form.
#[tokio::test]
async fn parameters_take_the_form_of_the_negotiated_version() {
    let engine = FakeEngine::scripted(|_| Response::json(200, "[]"));
    for version in ["1.23", "1.24", "1.41"] {
        let docker = engine.client(version);
        docker.containers().list().since("a").before("b").await.unwrap();
        docker.images().list().name("acme/*").dangling(false).await.unwrap();
        docker.image("web").tag("acme/web").force(true).await.unwrap();
    }
    let lines = engine.request_lines().replace("%22", "'").replace("%7B", "{").replace("%7D", "}");
    assert_snapshot!(lines.replace("%5B", "[").replace("%5D", "]").replace("%3A", ":").replace("%2C", ","), @r#"
    GET /v1.23/containers/json?before=b&filters={'before':['b'],'since':['a']}&since=a
    GET /v1.23/images/json?filter=acme%2F*&filters={'dangling':['false']}
    POST /v1.23/images/web/tag?force=true&repo=acme%2Fweb
    GET /v1.24/containers/json?filters={'before':['b'],'since':['a']}
    GET /v1.24/images/json?filter=acme%2F*&filters={'dangling':['false']}
    POST /v1.24/images/web/tag?repo=acme%2Fweb
    GET /v1.41/containers/json?filters={'before':['b'],'since':['a']}
    GET /v1.41/images/json?filters={'dangling':['false'],'reference':['acme%2F*']}
    POST /v1.41/images/web/tag?repo=acme%2Fweb
    "#);
}

#[tokio::test]
async fn features_of_every_version_are_sent() {
    let engine = FakeEngine::scripted(|_| Response::json(201, r#"{"Id":"f43c"}"#));
    let docker = engine.client("1.15");
    let config = ContainerConfig { image: "busybox".into(), memory: 1 << 20, ..Default::default() };
    let host_config = HostConfig { privileged: true, ..Default::default() };
    docker.containers().create("busybox").config(config).host_config(host_config).await.unwrap();
    docker.container("web").command("ls").create().await.unwrap();
    assert_eq!(engine.requests().len(), 2);
}
