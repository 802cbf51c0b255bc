//! Names never lead to another endpoint than the one meant.

use dockerclient::{
    containers::{LogsOptions, RemoveOptions},
    images,
};

use crate::engine::Engine;

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn names_that_would_be_routed_elsewhere_are_not_sent() {
    let engine = Engine::under_test().await;
    for name in ["", "/", ".", "..", "../../version", "../json", "a/..", "a//b", "..\\version", "json/.."] {
        let errors = [
            engine.container(name).inspect().await.unwrap_err(),
            engine.container(name).logs(&LogsOptions::default()).await.unwrap_err(),
            engine.container(name).remove(&RemoveOptions::default().force()).await.unwrap_err(),
            engine.image(name).inspect().await.unwrap_err(),
            engine.image(name).remove(&images::RemoveOptions::default()).await.unwrap_err(),
            engine.exec(name).start_detached().await.unwrap_err(),
        ];
        for error in errors {
            assert!(error.is_bad_request() && error.status().is_none(), "{name:?}: {error}");
        }
    }
}

/// The tap checks that each request reaches the operation it is for; here, that the engine reads the name as it was.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn whatever_else_a_name_holds_reaches_the_engine_unharmed() {
    let engine = Engine::under_test().await;
    let digest = format!("acme/web@sha256:{}", "0".repeat(64));
    for name in ["web/db", "reg.example:5000/a/b:1", &digest, "with space", "ünïcode", "%2e%2e", "a?b#c", "json"] {
        let error = engine.container(name).inspect().await.unwrap_err();
        assert!(error.is_not_found(), "{name}: {error}");
        assert!(error.message().unwrap().contains(name), "{name}: {error}");

        let error = engine.image(name).inspect().await.unwrap_err();
        let said = error.message().unwrap();
        let is_about_it = said.contains(name) || said == "invalid reference format";
        assert!(matches!(error.status(), Some(400 | 404)) && is_about_it, "{name}: {error}");
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_name_with_the_slash_that_engines_put_before_it_is_the_same_name() {
    let engine = Engine::under_test().await;
    let container = engine.create("true").await;
    let name = container.inspect().await.unwrap().name;
    assert!(name.starts_with('/'));
    assert_eq!(engine.container(name).inspect().await.unwrap().id, container.id());
}
