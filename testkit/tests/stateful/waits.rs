//! Waits: begun before a container starts, and ended by what they are for.

use dockerclient::{
    containers::{AttachOptions, CreateOptions, RemoveOptions, WaitCondition},
    models::HostConfig,
};
use dockerclient_testkit::Engine;

use crate::config;

#[tokio::test]
async fn a_wait_begins_at_once_and_ends_with_what_it_is_for() {
    let engine = Engine::new();
    let docker = engine.client("1.41");
    let container = docker.containers().create(&CreateOptions::new(config("exit 3"))).await.unwrap().container;
    let removed = container.begin_wait(WaitCondition::Removed).await.unwrap();
    for _ in 0..2 {
        let next = container.begin_wait(WaitCondition::NextExit).await.unwrap();
        container.start().await.unwrap();
        assert_eq!(next.exit().await.unwrap().code, 3);
    }
    container.remove(&RemoveOptions::default()).await.unwrap();
    assert_eq!(removed.exit().await.unwrap().code, 3);
}

/// As `docker run --rm` does it.
#[tokio::test]
async fn what_a_container_wrote_that_removes_itself_is_read_to_its_end() {
    let engine = Engine::new();
    let docker = engine.client("1.41");
    let host = HostConfig { auto_remove: true, ..Default::default() };
    let options = CreateOptions::new(config("echo hello; exit 3")).host_config(host);
    let container = docker.containers().create(&options).await.unwrap().container;
    let session = container.attach(&AttachOptions::default()).await.unwrap();
    let removed = container.begin_wait(WaitCondition::Removed).await.unwrap();
    container.start().await.unwrap();
    assert_eq!(removed.exit().await.unwrap().code, 3);
    assert_eq!(session.output.capture().await.unwrap().stdout, b"hello\n");
    assert!(container.find().await.unwrap().is_none());
}
