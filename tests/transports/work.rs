//! Requests, streams and sessions that every transport must carry.

use std::env;

use dockerclient::{DockerClient, LogOutput};
use tokio::io::AsyncWriteExt as _;

/// Returns an environment variable that `cargo xtask test` sets.
pub(crate) fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is set by cargo xtask test"))
}

/// Returns the path of the engine's Unix socket.
pub(crate) fn socket() -> String {
    variable("DOCKERCLIENT_TEST_ENGINE").strip_prefix("unix://").unwrap().to_owned()
}

/// Runs requests, an exec, an attached session and a log stream over the transport of the client.
pub(crate) async fn check_transport(docker: &DockerClient) {
    docker.ping().await.unwrap();
    let create = docker.containers().create("busybox").cmd(["sh", "-c", "cat; echo the end"]).stdin(true);
    let container = create.await.unwrap();
    let mut session = container.attach().stdin(true).await.unwrap();
    container.start().await.unwrap();

    let count = container.command("wc").arg("-c").input("hello").output().await.unwrap();
    assert_eq!((count.stdout.trim_ascii(), count.status.code()), (&b"5"[..], Some(0)));

    let large = "0123456789abcdef\n".repeat(10_000);
    let reader = tokio::spawn(session.output.capture());
    session.input.write_all(large.as_bytes()).await.unwrap();
    // Half-close: the output continues after stdin is closed.
    session.input.shutdown().await.unwrap();
    let output = reader.await.unwrap().unwrap().stdout;
    assert_eq!(output.len(), large.len() + "the end\n".len());
    assert!(output.ends_with(b"the end\n"));

    let mut logs = container.logs().follow(true).await.unwrap();
    let mut length = 0;
    while let Some(frame) = logs.try_next().await.unwrap() {
        assert!(matches!(frame, LogOutput::Stdout(_)));
        length += frame.bytes().len();
    }
    assert_eq!(length, output.len());
    container.remove().force(true).await.unwrap();
}
