//! The engine itself.

use dockerclient::{
    ApiVersion, Timestamp,
    models::AuthConfig,
    system::{EventKind, EventsOptions},
};
use futures_util::TryStreamExt as _;

use crate::{
    engine::{Engine, version},
    registry::Registry,
};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn the_engine_tells_what_it_is() {
    let engine = Engine::under_test().await;
    engine.ping().await.unwrap();
    let told = engine.version().await.unwrap();
    assert!(!told.version.is_empty() && told.api_version.parse::<ApiVersion>().unwrap() >= version());
    let info = engine.info().await.unwrap();
    assert!(info.images > 0 && info.mem_total > 0);
    assert!(info.memory_limit, "a flag, as 0 or 1 or as a boolean");
    assert_eq!(info.kernel_version, told.kernel_version);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn credentials_are_checked_by_the_registry() {
    let engine = Engine::under_test().await;
    let registry = Registry::open().await;
    let credentials = |password: &str| AuthConfig {
        username: "me".into(),
        password: password.into(),
        serveraddress: registry.address().into(),
        ..Default::default()
    };
    assert_eq!(engine.auth(&credentials("secret")).await.unwrap().status, "Login Succeeded");
    let error = engine.auth(&credentials("wrong")).await.unwrap_err();
    assert!(matches!(error.status(), Some(401 | 500)), "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn events_come_in_order_and_end_when_they_should() {
    let engine = Engine::under_test().await;
    let began = Timestamp::now();
    let container = engine.create("true").await;
    container.start().await.unwrap();
    container.wait().await.unwrap();

    let options = EventsOptions::default().since(began).until(Timestamp::now());
    let all: Vec<_> = engine.events(&options).await.unwrap().try_collect().await.unwrap();
    let own = all.iter().filter(|event| event.kind == EventKind::Container && event.id == container.id());
    let actions: Vec<&str> = own.clone().map(|event| &*event.action).collect();
    assert_eq!(actions, ["create", "start", "die"]);
    assert!(own.clone().all(|event| event.image.as_deref() == Some("busybox") && event.time >= began));

    let filtered = engine.events(&options.container(container.id()).action("die")).await;
    if version() < ApiVersion::new(1, 16) {
        assert!(filtered.unwrap_err().is_unsupported());
        return;
    }
    let filtered: Vec<_> = filtered.unwrap().try_collect().await.unwrap();
    assert_eq!(filtered.iter().map(|event| &*event.action).collect::<Vec<_>>(), ["die"]);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn events_are_heard_as_they_happen() {
    let engine = Engine::under_test().await;
    let mut events = engine.events(&EventsOptions::default()).await.unwrap();
    let container = engine.create("true").await;
    let event = loop {
        let event = events.try_next().await.unwrap().unwrap();
        if event.id == container.id() {
            break event;
        }
    };
    assert_eq!(event.action, "create");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn events_that_end_before_they_begin_are_a_bad_request() {
    let engine = Engine::under_test().await;
    let at = |seconds| Timestamp::from_unix_seconds(seconds).unwrap();
    let error = engine.events(&EventsOptions::default().since(at(2)).until(at(1))).await.unwrap_err();
    assert!(error.is_bad_request(), "{error}");
}
