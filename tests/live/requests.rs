//! Features of all requests: `exists`, lazy streams, time limits and headers.

use std::time::Duration;

use dockerclient::{ApiVersion, DockerClient, ErrorKind, LogOutput, Timestamp};
use futures_util::{StreamExt as _, TryStreamExt as _};

use crate::{
    engine::{Engine, supported_since, version},
    registry::Registry,
};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn exists_reports_objects_of_each_kind() {
    let engine = Engine::under_test().await;
    let name = engine.name("existing");
    assert!(!engine.container(&name).exists().await.unwrap());
    let container = engine.containers().create("busybox").name(&name).await.unwrap();
    for handle in [engine.container(&name), container.container.clone()] {
        assert!(handle.exists().await.unwrap());
    }
    container.remove().await.unwrap();
    assert!(!container.exists().await.unwrap());

    assert!(engine.image("busybox").exists().await.unwrap());
    assert!(!engine.image("acme/ghost:1").exists().await.unwrap());
    assert_ne!(supported_since(21, engine.network("bridge").exists().await), Some(false));
    assert_ne!(supported_since(21, engine.network("ghost").exists().await), Some(true));
    assert_ne!(supported_since(21, engine.volume("ghost").exists().await), Some(true));
    if version() >= ApiVersion::new(1, 21) {
        engine.remove_later(format!("/volumes/{name}?force=1"));
        assert!(engine.volumes().create().name(&name).await.unwrap().exists().await.unwrap());
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn is_running_follows_the_state() {
    let engine = Engine::under_test().await;
    let container = engine.create("sleep 1000").await;
    let is_running = async || container.is_running().await.unwrap();
    assert!(!is_running().await);
    container.start().await.unwrap();
    assert!(is_running().await);
    container.pause().await.unwrap();
    assert!(is_running().await, "paused");
    container.unpause().await.unwrap();
    container.kill().await.unwrap();
    container.wait().await.unwrap();
    while is_running().await {}
}

/// The streams are created before the container, so a request that is sent immediately would fail.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn lazy_stream_sends_its_request_when_polled() {
    let engine = Engine::under_test().await;
    let name = engine.name("lazy");
    let container = engine.container(&name);
    let (logs, made) = (container.logs().stream(), container.copy_out("/made").stream());
    let (export, begin) = (container.export().stream(), Timestamp::now());
    let create = engine.containers().create("busybox").name(&name);
    // It keeps running: see `Engine::running_after`.
    let create = create.cmd(["sh", "-c", "echo made > /made; echo out; sleep 1000"]);
    create.await.unwrap().start().await.unwrap();
    container.wait_until_logged("out").await.unwrap();
    let mut events = engine.events().since(begin).stream();

    assert_eq!(logs.try_collect::<Vec<_>>().await.unwrap(), [LogOutput::Stdout("out\n".into())]);
    for archive in [made, export] {
        let archive = archive.try_collect::<Vec<_>>().await.unwrap().concat();
        let mut archive = tar::Archive::new(&*archive);
        let mut paths = archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().into_owned());
        assert!(paths.any(|path| path.ends_with("made")));
    }
    let id = container.inspect().await.unwrap().id;
    let is_start = |event: &dockerclient::system::Event| {
        event.action == "start" && (event.id == id || event.attributes.get("name") == Some(&name))
    };
    while !is_start(&events.try_next().await.unwrap().expect("the event")) {}
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn lazy_stream_returns_a_request_error_as_its_only_item() {
    let engine = Engine::under_test().await;
    let ghost = engine.container("ghost");
    let logs: Vec<_> = ghost.logs().stream().collect().await;
    assert!(matches!(&*logs, [Err(error)] if error.is_not_found()), "{logs:?}");
    let export: Vec<_> = ghost.export().stream().collect().await;
    assert!(matches!(&*export, [Err(error)] if error.is_not_found()), "{export:?}");
    let stats: Vec<_> = ghost.stats().stream().collect().await;
    let is_right = |error: &dockerclient::Error| match version() < ApiVersion::new(1, 17) {
        true => error.is_unsupported(),
        false => error.is_not_found(),
    };
    assert!(matches!(&*stats, [Err(error)] if is_right(error)), "{stats:?}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn time_limit_ends_a_call_that_takes_longer() {
    const SOON: Duration = Duration::from_millis(100);
    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let error = container.wait().time_limit(SOON).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Timeout, Some("container_wait")), "{error}");
    assert!(error.is_timeout() && !error.is_connect());
    let error = container.wait_until_logged("nothing of the kind").time_limit(SOON).await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    // The container still runs, and a call that ends in time succeeds.
    assert!(container.is_running().time_limit(Duration::from_secs(60)).await.unwrap());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn time_limit_replaces_the_limits_of_the_client() {
    let engine = Engine::under_test().await;
    let builder = DockerClient::builder().anonymous().response_timeout(Duration::from_nanos(1));
    let docker = engine.client_of(builder);
    assert!(docker.info().await.unwrap_err().is_timeout());
    docker.info().time_limit(Duration::from_secs(60)).await.unwrap();
    docker.info().time_limit(None).await.unwrap();
}

/// Engines forward headers with the prefix `X-Meta-` to registries.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn header_applies_to_a_single_request() {
    let engine = Engine::under_test().await;
    let registry = Registry::open().await;
    let docker = engine.client_of(DockerClient::builder().anonymous().header("X-Meta-Test", "of the client"));
    let search = || docker.images().search(format!("{}/web", registry.address()));
    search().header("X-Meta-Test", "of the request").await.unwrap();
    search().await.unwrap();
    assert_eq!(registry.meta_headers(), ["of the request", "of the client"]);
    let error = search().header("Content-Length", "7").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
}
