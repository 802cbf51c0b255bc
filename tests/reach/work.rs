//! What must work on every way to an engine.

use std::env;

use dockerclient::{
    DockerClient, Output,
    containers::{AttachOptions, CreateOptions, LogsOptions, RemoveOptions},
    exec::ExecOptions,
    models::ContainerConfig,
};
use futures_util::TryStreamExt as _;
use tokio::io::AsyncWriteExt as _;

/// A variable that `cargo xtask test` sets.
pub(crate) fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is set by cargo xtask test"))
}

/// The path of the engine's unix socket.
pub(crate) fn socket() -> String {
    variable("DOCKERCLIENT_TEST_ENGINE").strip_prefix("unix://").unwrap().to_owned()
}

/// Calls, streams and sessions in both directions.
pub(crate) async fn everything_works(docker: &DockerClient) {
    docker.ping().await.unwrap();
    let config = ContainerConfig {
        image: "busybox".into(),
        cmd: ["sh", "-c", "cat; echo the end"].map(Into::into).into(),
        open_stdin: true,
        stdin_once: true,
        attach_stdin: true,
        ..Default::default()
    };
    let container = docker.containers().create(&CreateOptions::new(config)).await.unwrap().container;
    let mut session = container.attach(&AttachOptions::default().stdin()).await.unwrap();
    container.start().await.unwrap();

    let exec = container.exec(&ExecOptions::new(["wc", "-c"]).stdin("hello")).await.unwrap();
    assert_eq!((exec.output.stdout.trim_ascii(), exec.code), (&b"5"[..], Some(0)));

    let large = "0123456789abcdef\n".repeat(10_000);
    let reader = tokio::spawn(session.output.capture());
    session.input.write_all(large.as_bytes()).await.unwrap();
    // The end of the input; the output goes on.
    session.input.shutdown().await.unwrap();
    let answer = reader.await.unwrap().unwrap().stdout;
    assert_eq!(answer.len(), large.len() + "the end\n".len());
    assert!(answer.ends_with(b"the end\n"));

    let mut logs = container.logs(&LogsOptions::default().follow()).await.unwrap();
    let mut length = 0;
    while let Some(output) = logs.try_next().await.unwrap() {
        assert!(matches!(output, Output::Stdout(_)));
        length += output.bytes().len();
    }
    assert_eq!(length, answer.len());
    container.remove(&RemoveOptions::default().force()).await.unwrap();
}
