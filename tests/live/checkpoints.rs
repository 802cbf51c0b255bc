//! Checkpoints of containers. Engines support them in experimental mode only.

use dockerclient::{ApiVersion, containers::Container};

use crate::engine::{Engine, version};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn checkpoint_methods_require_experimental_mode() {
    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let outcomes = [
        container.list_checkpoints().await.map(drop),
        container.create_checkpoint("before").exit(false).await,
        container.remove_checkpoint("before").await,
    ];
    if version() < ApiVersion::new(1, 25) {
        assert!(outcomes.into_iter().all(|outcome| outcome.unwrap_err().is_unsupported()));
        return;
    }
    if engine.info().await.unwrap().experimental_build {
        return check_checkpoints(&container).await;
    }
    for outcome in outcomes {
        let error = outcome.unwrap_err();
        assert_eq!(error.status(), Some(501), "{error}");
        assert!(error.message().is_some_and(|message| message.contains("experimental mode")), "{error}");
    }
}

/// On an engine in experimental mode, whose host may lack CRIU.
async fn check_checkpoints(container: &Container) {
    match container.create_checkpoint("again").await {
        Ok(()) => {
            assert!(container.list_checkpoints().await.unwrap().iter().any(|found| found.name == "again"));
            container.remove_checkpoint("again").await.unwrap();
            assert!(container.list_checkpoints().await.unwrap().iter().all(|found| found.name != "again"));
        }
        Err(error) => {
            assert_eq!(error.status(), Some(500), "{error}");
            assert!(error.message().is_some_and(|message| message.contains("annot checkpoint container")), "{error}");
        }
    }
    assert!(container.remove_checkpoint("missing").await.unwrap_err().is_server_error());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn start_from_a_missing_checkpoint_is_an_error() {
    let engine = Engine::under_test().await;
    let container = engine.create("sleep 60").await;
    let named = container.start().checkpoint("missing").await.unwrap_err();
    let elsewhere = container.start().checkpoint_dir("/tmp").await.unwrap_err();
    if version() < ApiVersion::new(1, 25) {
        assert!(named.is_unsupported() && elsewhere.is_unsupported());
        return;
    }
    let expected = if engine.info().await.unwrap().experimental_build { 500 } else { 400 };
    assert_eq!(named.status(), Some(expected), "{named}");
    assert!(elsewhere.is_forbidden(), "{elsewhere}");
    assert!(!container.is_running().await.unwrap());
}
