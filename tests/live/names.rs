//! Names with special characters, which must not change the endpoint of a request.

use crate::engine::Engine;

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn names_that_change_the_request_path_are_rejected() {
    let engine = Engine::under_test().await;
    for name in ["", "/", ".", "..", "../../version", "../json", "a/..", "a//b", "..\\version", "json/.."] {
        let errors = [
            engine.container(name).inspect().await.unwrap_err(),
            engine.container(name).logs().await.unwrap_err(),
            engine.container(name).remove().force(true).await.unwrap_err(),
            engine.image(name).inspect().await.unwrap_err(),
            engine.image(name).remove().await.unwrap_err(),
            engine.exec(name).start_detached().await.unwrap_err(),
        ];
        for error in errors {
            assert!(error.is_bad_request() && error.status().is_none(), "{name:?}: {error}");
        }
    }
}

/// The proxy checks that each request reaches its operation; the test, that the engine receives the name unchanged.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn names_with_special_characters_are_sent_unchanged() {
    let engine = Engine::under_test().await;
    let digest = format!("acme/web@sha256:{}", "0".repeat(64));
    for name in ["web/db", "reg.example:5000/a/b:1", &digest, "with space", "ünïcode", "%2e%2e", "a?b#c", "json"] {
        let error = engine.container(name).inspect().await.unwrap_err();
        assert!(error.is_not_found(), "{name}: {error}");
        assert!(error.message().unwrap().contains(name), "{name}: {error}");

        let error = engine.image(name).inspect().await.unwrap_err();
        let message = error.message().unwrap();
        let names_it = message.contains(name) || message == "invalid reference format";
        assert!(matches!(error.status(), Some(400 | 404)) && names_it, "{name}: {error}");
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn names_with_a_leading_slash_are_accepted() {
    let engine = Engine::under_test().await;
    let container = engine.create("true").await;
    let name = container.inspect().await.unwrap().name;
    assert!(name.starts_with('/'));
    assert_eq!(engine.container(name).inspect().await.unwrap().id, container.id());
}
