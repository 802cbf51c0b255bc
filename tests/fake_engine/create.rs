//! Creating containers with settings of the Docker CLI.

use dockerclient::{ApiVersion, Size, containers::RestartPolicy};
use dockerclient_testkit::FakeEngine;

#[tokio::test]
async fn create_returns_a_container_handle() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let web = docker
        .containers()
        .create("busybox")
        .name("web")
        .cmd(["sleep", "1000"])
        .env("MODE", "fast")
        .label("app", "web")
        .publish(8080, 80)
        .bind("/srv", "/data:ro")
        .memory("64m")
        .restart(RestartPolicy::OnFailure(Some(3)))
        .await
        .unwrap();
    assert!(web.warnings.is_empty());
    web.start().await.unwrap();
    let seen = web.inspect().await.unwrap();
    assert_eq!((seen.name.trim_start_matches('/'), &*seen.id), ("web", web.id()));
    assert_eq!(seen.config.labels["app"], "web");
    assert!(seen.config.env.contains(&"MODE=fast".to_owned()));
    assert_eq!(seen.host_config.memory, 64 << 20);
    assert_eq!(RestartPolicy::from(seen.host_config.restart_policy), RestartPolicy::OnFailure(Some(3)));
    assert_eq!(web.port(80).await.unwrap()[0].port(), 8080);
}

#[tokio::test]
async fn limits_are_sent_to_engines_of_every_version() {
    for version in ["1.15", "1.18", "1.41"] {
        let engine = FakeEngine::new();
        let create = engine.client(version).containers().create("busybox").memory(Size::from("64m")).cpu_shares(512);
        create.arg("true").await.unwrap();
        let body = engine.calls_to("container_create")[0].json().unwrap();
        let limits = if version == "1.15" { &body } else { &body["HostConfig"] };
        assert_eq!((&limits["Memory"], &limits["CpuShares"]), (&(64 << 20).into(), &512.into()), "{version}");
    }
}

#[tokio::test]
async fn invalid_setting_is_an_error_before_anything_is_sent() {
    let engine = FakeEngine::new();
    let create = engine.client("1.41").containers().create("busybox").memory("much").publish("http", 80);
    let error = create.await.unwrap_err();
    assert!(error.is_bad_request() && error.to_string().contains("\"much\""), "{error}");
    assert_eq!(error.operation(), Some("container_create"));
    assert!(engine.requests().is_empty());
}

#[tokio::test]
async fn settings_newer_than_the_api_version_are_errors() {
    let engine = FakeEngine::new();
    let create = |version| engine.client(version).containers().create("busybox");
    for (error, needed) in [
        (create("1.24").auto_remove(true).await.unwrap_err(), ApiVersion::new(1, 25)),
        (create("1.24").init(false).await.unwrap_err(), ApiVersion::new(1, 25)),
        (create("1.39").gpus("all").await.unwrap_err(), ApiVersion::new(1, 40)),
        (create("1.40").platform("linux/arm64").await.unwrap_err(), ApiVersion::new(1, 41)),
        (create("1.21").network("back").alias("db").await.unwrap_err(), ApiVersion::new(1, 22)),
    ] {
        assert!(error.is_unsupported(), "{error}");
        assert_eq!(error.required_version(), Some(needed), "{error}");
    }
    assert!(engine.requests().is_empty(), "{}", engine.transcript());
}

#[tokio::test]
async fn missing_image_is_an_error() {
    let error = FakeEngine::new().client("1.41").containers().create("ghost").await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
}
