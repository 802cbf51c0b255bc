//! The double does what an engine does, seen by the client of this project.

#![allow(clippy::unwrap_used)] // in a test, a panic is a report

use dockerclient::{
    Output,
    containers::{CreateOptions, LogsOptions, RemoveOptions},
    models::ContainerConfig,
};
use dockerclient_testkit::Engine;
use futures_util::TryStreamExt as _;

fn config(command: &str) -> ContainerConfig {
    ContainerConfig { image: "busybox".into(), cmd: ["sh", "-c", command].map(Into::into).into(), ..Default::default() }
}

#[tokio::test]
async fn a_container_lives_writes_and_ends_with_its_code() {
    let engine = Engine::new();
    let docker = engine.client("1.18");
    let options = CreateOptions::new(config("echo out; echo err >&2; exit 7"));
    let container = docker.containers().create(&options).await.unwrap().container;
    container.start().await.unwrap();
    let output: Vec<Output> =
        container.logs(&LogsOptions::default().follow()).await.unwrap().try_collect().await.unwrap();
    assert_eq!(output, [Output::Stdout("out\n".into()), Output::Stderr("err\n".into())]);
    assert_eq!(container.wait().await.unwrap().code, 7);
    container.remove(&RemoveOptions::default()).await.unwrap();
    assert!(container.find().await.unwrap().is_none());
}
