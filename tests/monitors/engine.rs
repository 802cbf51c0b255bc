//! The engine under test, which can be stopped, killed and started.

use std::{env, process::Command};

use dockerclient::{DockerClient, containers::Container};

/// Builds a client of the engine that the environment names.
pub(crate) fn docker() -> DockerClient {
    let version = env::var("DOCKERCLIENT_TEST_API").unwrap().parse().unwrap();
    DockerClient::builder().address(env::var("DOCKERCLIENT_TEST_ENGINE").unwrap()).api_version(version).build().unwrap()
}

/// Number of rounds of the slow tests (`DOCKERCLIENT_TEST_ROUNDS`, 3 by default).
pub(crate) fn rounds() -> usize {
    env::var("DOCKERCLIENT_TEST_ROUNDS").map_or(3, |rounds| rounds.parse().unwrap())
}

/// Runs `cargo xtask engine <action>`: `stop`, `kill` or `start`.
pub(crate) fn engine(action: &str) {
    let xtask = env::var("DOCKERCLIENT_TEST_XTASK").expect("the xtask that started the engine");
    let kind = env::var("DOCKERCLIENT_TEST_KIND").unwrap_or_else(|_| "docker".to_owned());
    assert!(Command::new(xtask).args(["engine", action, &kind]).status().unwrap().success(), "engine {action} {kind}");
}

/// Creates a busybox container that runs `script` in a shell. It is not started.
pub(crate) async fn create(docker: &DockerClient, script: &str) -> dockerclient::Result<Container> {
    Ok(docker.containers().create("busybox").cmd(["sh", "-c", script]).await?.container)
}

/// Removes all containers.
pub(crate) async fn remove_containers(docker: &DockerClient) {
    for container in docker.containers().list().all(true).await.unwrap() {
        let _ = docker.container(container.id).remove().force(true).await;
    }
}
