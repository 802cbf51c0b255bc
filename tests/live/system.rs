//! System methods: ping, version, info, auth and events.

use dockerclient::{
    ApiVersion, Timestamp,
    models::AuthConfig,
    system::{EventKind, SwarmState},
};
use futures_util::TryStreamExt as _;

use crate::{
    engine::{Engine, version},
    registry::Registry,
};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn ping_version_and_info_describe_the_engine() {
    let engine = Engine::under_test().await;
    let ping = engine.ping().await.unwrap();
    assert!(ping.api_version.unwrap() >= version() && ping.experimental.is_some());
    assert!(ping.os_type.is_none_or(|os| os == "linux"));
    assert!(ping.swarm.is_none_or(|state| state == SwarmState::Inactive));
    let seen = engine.version().await.unwrap();
    assert!(!seen.version.is_empty() && seen.api_version.parse::<ApiVersion>().unwrap() >= version());
    let info = engine.info().await.unwrap();
    assert!(info.images > 0 && info.mem_total > 0);
    assert!(info.memory_limit, "a flag, as 0 or 1 or as a boolean");
    assert_eq!(info.kernel_version, seen.kernel_version);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn auth_checks_credentials_with_the_registry() {
    let engine = Engine::under_test().await;
    let registry = Registry::open().await;
    let credentials = |password: &str| AuthConfig {
        username: "me".into(),
        password: password.into(),
        serveraddress: registry.address().into(),
        ..Default::default()
    };
    assert_eq!(engine.auth(credentials("secret")).await.unwrap().status, "Login Succeeded");
    let error = engine.auth(credentials("wrong")).await.unwrap_err();
    assert!(matches!(error.status(), Some(401 | 500)), "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn events_since_and_until_are_in_order_and_end() {
    let engine = Engine::under_test().await;
    let began = Timestamp::now();
    let container = engine.create("true").await;
    container.start().await.unwrap();
    engine.exit_event(&container, began).await;

    let events = engine.events().since(began).until(Timestamp::now());
    let all: Vec<_> = events.clone().await.unwrap().try_collect().await.unwrap();
    let own = all.iter().filter(|event| event.kind == EventKind::Container && event.id == container.id());
    let actions: Vec<&str> = own.clone().map(|event| &*event.action).collect();
    assert_eq!(actions, ["create", "start", "die"]);
    assert!(own.clone().all(|event| event.image.as_deref() == Some("busybox") && event.time >= began));

    let filtered = events.container(container.id()).action("die").await;
    if version() < ApiVersion::new(1, 16) {
        assert!(filtered.unwrap_err().is_unsupported());
        return;
    }
    let filtered: Vec<_> = filtered.unwrap().try_collect().await.unwrap();
    assert_eq!(filtered.iter().map(|event| &*event.action).collect::<Vec<_>>(), ["die"]);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn events_are_streamed_as_they_happen() {
    let engine = Engine::under_test().await;
    let mut events = engine.events().await.unwrap();
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
async fn events_with_until_before_since_are_a_bad_request() {
    let engine = Engine::under_test().await;
    let at = |seconds| Timestamp::from_unix_seconds(seconds).unwrap();
    let error = engine.events().since(at(2)).until(at(1)).await.unwrap_err();
    assert!(error.is_bad_request(), "{error}");
}
