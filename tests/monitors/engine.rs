//! The engine under test, and what happens to it.

use std::{env, process::Command};

use dockerclient::{
    DockerClient,
    containers::{Container, CreateOptions, ListOptions, RemoveOptions},
    models::ContainerConfig,
};

/// A client of the engine that the environment names.
pub(crate) fn docker() -> DockerClient {
    let version = env::var("DOCKERCLIENT_TEST_API").unwrap().parse().unwrap();
    DockerClient::builder().address(env::var("DOCKERCLIENT_TEST_ENGINE").unwrap()).api_version(version).build().unwrap()
}

/// How often to do what takes its time.
pub(crate) fn rounds() -> usize {
    env::var("DOCKERCLIENT_TEST_ROUNDS").map_or(3, |rounds| rounds.parse().unwrap())
}

/// Stops, kills or starts the engine.
pub(crate) fn engine(what: &str) {
    let xtask = env::var("DOCKERCLIENT_TEST_XTASK").expect("the xtask that started the engine");
    assert!(Command::new(xtask).args(["engine", what]).status().unwrap().success(), "engine {what}");
}

/// A container of busybox that runs `script`, created and not started.
pub(crate) async fn create(docker: &DockerClient, script: &str) -> dockerclient::Result<Container> {
    let cmd = ["sh", "-c", script].map(Into::into).into();
    let config = ContainerConfig { image: "busybox".into(), cmd, ..Default::default() };
    Ok(docker.containers().create(&CreateOptions::new(config)).await?.container)
}

/// Removes all containers.
pub(crate) async fn sweep(docker: &DockerClient) {
    for container in docker.containers().list(&ListOptions::default().all()).await.unwrap() {
        let _ = docker.container(container.id).remove(&RemoveOptions::default().force()).await;
    }
}
