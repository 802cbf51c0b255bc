//! Waits that begin before a container starts.

use dockerclient::containers::WaitCondition;
use dockerclient_testkit::FakeEngine;

use crate::shell;

#[tokio::test]
async fn wait_for_next_exit_and_removal() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let container = shell(&docker, "exit 3").await.unwrap();
    let removed = container.wait().condition(WaitCondition::Removed).begin().await.unwrap();
    for _ in 0..2 {
        let next = container.wait().condition(WaitCondition::NextExit).begin().await.unwrap();
        container.start().await.unwrap();
        assert_eq!(next.exit().await.unwrap().code(), Some(3));
    }
    container.remove().await.unwrap();
    assert_eq!(removed.exit().await.unwrap().code(), Some(3));
}

/// The order of calls of `docker run --rm`.
#[tokio::test]
async fn attached_output_of_auto_removed_container_is_complete() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let container = shell(&docker, "echo hello; exit 3").auto_remove(true).await.unwrap();
    let session = container.attach().await.unwrap();
    let removed = container.wait().condition(WaitCondition::Removed).begin().await.unwrap();
    container.start().await.unwrap();
    assert_eq!(removed.exit().await.unwrap().code(), Some(3));
    assert_eq!(session.output.capture().await.unwrap().stdout, b"hello\n");
    assert!(container.try_inspect().await.unwrap().is_none());
}
