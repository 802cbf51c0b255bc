//! Which version is spoken, and what it lets through.

use dockerclient::{
    ApiVersion, DockerClient,
    containers::{CreateOptions, ListOptions},
    images::{self, TagOptions},
    models::{ContainerConfig, ExecConfig, HostConfig},
    system::EventsOptions,
};
use dockerclient_testkit::{Engine, Reply};
use insta::assert_snapshot;

/// An engine that tells `version` of itself.
fn telling(version: &'static str) -> Engine {
    Engine::answering(move |request| match &*request.line {
        "GET /version" => Reply::json(200, version),
        line if line.ends_with("/containers/json") => Reply::json(200, "[]"),
        _ => Reply::text(404, "page not found\n"),
    })
}

#[tokio::test]
async fn the_engine_is_asked_once_for_all_clones_and_calls() {
    let engine = telling(r#"{"ApiVersion":"1.17","Version":"1.5.0"}"#);
    let docker = DockerClient::connect(&engine.address()).unwrap();
    let options = ListOptions::default();
    let calls = (0..20).map(|_| {
        let docker = docker.clone();
        let options = options.clone();
        async move { docker.containers().list(&options).await.unwrap() }
    });
    futures_util::future::join_all(calls).await;
    let lines = engine.lines();
    assert_eq!(lines.matches("GET /version").count(), 1);
    assert_eq!(lines.matches("GET /v1.17/containers/json").count(), 20);
}

#[tokio::test]
async fn all_who_wait_for_a_negotiation_learn_that_it_failed_and_the_next_call_tries_again() {
    let engine = Engine::answering(|_| Reply::text(500, "not yet\n"));
    let docker = DockerClient::connect(&engine.address()).unwrap();
    let (one, other) = tokio::join!(docker.info(), docker.ping());
    let (one, other) = (one.unwrap_err(), other.unwrap_err());
    assert_eq!((one.status(), other.status()), (Some(500), Some(500)));
    assert_eq!((one.operation(), other.operation()), (Some("system_info"), Some("system_ping")));
    assert_eq!(engine.requests().len(), 1);
    docker.ping().await.unwrap_err();
    assert_eq!(engine.requests().len(), 2);
}

#[tokio::test]
async fn an_engine_that_is_too_new_or_too_old_is_told_from_its_range() {
    for (version, snapshot) in [
        (r#"{"ApiVersion":"1.99","MinAPIVersion":"1.98"}"#, "1.98 to 1.99"),
        (r#"{"ApiVersion":"1.12"}"#, "1.0 to 1.12"),
    ] {
        let engine = telling(version);
        let error = DockerClient::connect(&engine.address()).unwrap().info().await.unwrap_err();
        assert!(error.is_unsupported());
        assert_eq!(
            error.to_string(),
            format!(
                "system info: the engine speaks API {snapshot}, this client 1.15 to {}: they have none in common",
                ApiVersion::NEWEST
            )
        );
        assert_eq!(engine.lines(), "GET /version");
    }
}

#[tokio::test]
async fn a_pinned_version_is_spoken_without_asking() {
    let engine = telling("{}");
    engine.client("1.16").containers().list(&ListOptions::default()).await.unwrap();
    assert_eq!(engine.lines(), "GET /v1.16/containers/json");
    let error = DockerClient::builder().api_version(ApiVersion::new(1, 99)).build().unwrap_err();
    let range = format!("1.15 to {}", ApiVersion::NEWEST);
    assert_eq!(error.to_string(), format!("API 1.99 is wanted, but this client speaks {range}"));
}

/// Engines of every age, by the range they tell.
#[tokio::test]
async fn the_newest_version_that_both_know_is_spoken() {
    for (told, spoken) in [
        (r#"{"ApiVersion":"1.15"}"#, "1.15"),
        (r#"{"ApiVersion":"1.23"}"#, "1.23"),
        (r#"{"ApiVersion":"1.26","MinAPIVersion":"1.12"}"#, "1.26"),
        (r#"{"ApiVersion":"1.41","MinAPIVersion":"1.12"}"#, "1.41"),
        (r#"{"ApiVersion":"1.51","MinAPIVersion":"1.24"}"#, "1.51"),
        (r#"{"ApiVersion":"1.52","MinAPIVersion":"1.44"}"#, "1.52"),
        (r#"{"ApiVersion":"1.99","MinAPIVersion":"1.40"}"#, &ApiVersion::NEWEST.to_string()),
    ] {
        let engine = telling(told);
        let docker = DockerClient::connect(&engine.address()).unwrap();
        docker.containers().list(&ListOptions::default()).await.unwrap();
        assert_eq!(engine.lines(), format!("GET /version\nGET /v{spoken}/containers/json"));
        assert_eq!(docker.api_version().await.unwrap().to_string(), spoken);
    }
}

/// Old engines answer 404 and text to a version they do not know, newer ones 400 and text or a document.
#[tokio::test]
async fn an_engine_that_refuses_a_pinned_version_says_so_itself() {
    let refusals = [
        Reply::text(404, "client and server don't have same version (client : 1.18, server: 1.17)\n"),
        Reply::text(400, "client is newer than server (client API version: 1.18, server API version: 1.17)\n"),
        Reply::text(400, "client version 1.18 is too old. Minimum supported API version is 1.24\n"),
        Reply::json(400, r#"{"message":"client version 1.18 is too old. Minimum supported API version is 1.24"}"#),
    ];
    let mut said = String::new();
    for refusal in refusals {
        let refusal = std::sync::Mutex::new(Some(refusal));
        let engine = Engine::answering(move |_| refusal.lock().unwrap().take().unwrap());
        said += &format!("{}\n", engine.client("1.18").info().await.unwrap_err());
    }
    assert_snapshot!(said, @r"
    system info: engine said 404: client and server don't have same version (client : 1.18, server: 1.17)
    system info: engine said 400: client is newer than server (client API version: 1.18, server API version: 1.17)
    system info: engine said 400: client version 1.18 is too old. Minimum supported API version is 1.24
    system info: engine said 400: client version 1.18 is too old. Minimum supported API version is 1.24
    ");
}

#[tokio::test]
async fn what_the_spoken_version_lacks_is_refused_and_not_sent() {
    let engine = telling("{}");
    let docker = engine.client("1.15");
    let with = |host_config| {
        CreateOptions::new(ContainerConfig { image: "busybox".into(), ..Default::default() }).host_config(host_config)
    };
    let errors = [
        docker.container("web").rename("db").await.unwrap_err(),
        docker.exec("f43c").inspect().await.unwrap_err(),
        docker.containers().list(&ListOptions::default().name("web")).await.unwrap_err(),
        docker.events(&EventsOptions::default().action("die")).await.unwrap_err(),
        docker.containers().create(&with(HostConfig { memory: 1, ..Default::default() })).await.unwrap_err(),
        docker
            .containers()
            .create(&with(HostConfig { pid_mode: "host".into(), ..Default::default() }))
            .await
            .unwrap_err(),
    ];
    for error in &errors {
        assert!(error.is_unsupported() && error.status().is_none());
        assert_eq!(error.spoken_version(), Some(ApiVersion::new(1, 15)));
    }
    assert_snapshot!(errors.map(|error| error.to_string()).join("\n"), @r#"
    container rename: needs API 1.17, but 1.15 is spoken
    exec inspect: needs API 1.16, but 1.15 is spoken
    container list: the filter "name" needs API 1.16, but 1.15 is spoken
    system events: the option "filters" needs API 1.16, but 1.15 is spoken
    container create: the field "HostConfig.Memory" needs API 1.18, but 1.15 is spoken
    container create: the field "HostConfig.PidMode" needs API 1.17, but 1.15 is spoken
    "#);
    assert_eq!(engine.lines(), "");
}

/// And told what to use instead.
#[tokio::test]
async fn what_the_spoken_version_has_lost_is_refused_and_not_sent() {
    let engine = telling("{}");
    let (docker, newer) = (engine.client("1.42"), engine.client("1.52"));
    let config = ContainerConfig { image: "busybox".into(), ..Default::default() };
    let host_config = HostConfig { binds: vec!["/tmp:/tmp".into()], ..Default::default() };
    let create = async |docker: &DockerClient, config: ContainerConfig, host_config: HostConfig| {
        docker.containers().create(&CreateOptions::new(config).host_config(host_config)).await.unwrap_err()
    };
    let with_memory = ContainerConfig { memory: 1, ..config.clone() };
    let with_address = ContainerConfig { mac_address: "02:42:ac:11:00:02".into(), ..config.clone() };
    let kernel_memory = HostConfig { kernel_memory: 1, ..Default::default() };
    let errors = [
        docker.container("web").copy("/etc").await.unwrap_err(),
        docker.container("web").start_with(&host_config).await.unwrap_err(),
        create(&docker, with_memory, HostConfig::default()).await,
        create(&docker, config, kernel_memory).await,
        create(&newer, with_address, HostConfig::default()).await,
    ];
    for error in &errors {
        assert!(error.is_unsupported() && error.status().is_none());
        assert!(error.needed_version() < error.spoken_version());
    }
    assert_snapshot!(errors.map(|error| error.to_string()).join("\n"), @r#"
    container copy: is gone since API 1.24, and 1.42 is spoken; use the archive of the path (`copy_out`)
    container start: the body is gone since API 1.24, and 1.42 is spoken; give the host configuration to create
    container create: the field "Memory" is gone since API 1.20, and 1.42 is spoken; use the field of the same name in HostConfig
    container create: the field "HostConfig.KernelMemory" is gone since API 1.42, and 1.42 is spoken; use Memory, which counts the kernel's too
    container create: the field "MacAddress" is gone since API 1.52, and 1.52 is spoken; use MacAddress of the network in NetworkingConfig
    "#);
    assert_eq!(engine.lines(), "");
}

/// Where there is an equivalent.
#[tokio::test]
async fn what_the_spoken_version_says_otherwise_is_said_otherwise() {
    let engine = Engine::answering(|_| Reply::json(200, "[]"));
    for version in ["1.23", "1.24", "1.41"] {
        let docker = engine.client(version);
        docker.containers().list(&ListOptions::default().since("a").before("b")).await.unwrap();
        docker.images().list(&images::ListOptions::default().name("acme/*").dangling(false)).await.unwrap();
        docker.image("web").tag(&TagOptions::new("acme/web").force()).await.unwrap();
    }
    let lines = engine.lines().replace("%22", "'").replace("%7B", "{").replace("%7D", "}");
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
async fn what_every_version_knows_is_let_through() {
    let engine = Engine::answering(|_| Reply::json(201, r#"{"Id":"f43c"}"#));
    let docker = engine.client("1.15");
    let config = ContainerConfig { image: "busybox".into(), memory: 1 << 20, ..Default::default() };
    let host_config = HostConfig { privileged: true, ..Default::default() };
    docker.containers().create(&CreateOptions::new(config).host_config(host_config)).await.unwrap();
    docker.container("web").create_exec(&ExecConfig::default()).await.unwrap();
    assert_eq!(engine.requests().len(), 2);
}
