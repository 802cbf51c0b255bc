//! Unix sockets, and a device where a file is expected.

use std::{fs, os::unix::fs::symlink};

use insta::assert_snapshot;
use tokio::net::UnixListener;

use crate::{
    credentials::{assert_config_error, client},
    faults::connect_error,
    home::Home,
};

#[tokio::test]
async fn connect_errors_of_missing_and_unused_unix_sockets() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    drop(UnixListener::bind(&path).unwrap());
    let missing = connect_error("unix:///nowhere/docker.sock").await;
    let unused = connect_error(&format!("unix://{}", path.display())).await.to_string();
    assert_snapshot!(format!("{missing}\n{}", unused.replace(&*path.to_string_lossy(), "PATH")), @"
    failed to get engine information: cannot connect to the Docker daemon at unix:///nowhere/docker.sock: no such file; is the daemon running, and is this its address?
    failed to get engine information: cannot connect to the Docker daemon at unix://PATH: connection refused; is the daemon running?
    ");
}

#[tokio::test]
async fn device_instead_of_config_json_is_an_error() {
    let home = Home::new("{}");
    let docker = client(&home);
    fs::remove_file(home.path().join("config.json")).unwrap();
    symlink("/dev/zero", home.path().join("config.json")).unwrap();
    assert_config_error(&docker, &home, "config.json: not a regular file").await;
}

#[cfg(any(feature = "tls", feature = "tls-aws-lc-rs"))]
#[test]
fn tls_with_a_unix_socket_is_an_error() {
    use crate::addresses::build_error;
    use dockerclient::{DockerClient, Tls};

    let error = build_error(DockerClient::builder().address("unix:///run/docker.sock").tls(Tls::default()));
    assert_eq!(error, "TLS was configured, but unix:///run/docker.sock does not use TLS");
}

#[cfg(feature = "buildkit")]
#[tokio::test]
async fn ssh_keys_of_builds_that_are_not_there_are_errors() {
    use dockerclient::Upload;
    use dockerclient_testkit::FakeEngine;

    let engine = FakeEngine::new();
    let images = engine.client("1.41").images();
    for (path, cause) in [
        ("/nowhere", "failed to read /nowhere: no such file or directory"),
        ("", "the path of the SSH key \"default\" is empty"),
    ] {
        let error = images.build(Upload::from(Vec::new())).build_kit(true).ssh_key("default", path).await.unwrap_err();
        assert_eq!(error.to_string(), format!("failed to build image: {cause}"));
    }
}
