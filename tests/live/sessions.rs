//! Two-way sessions with containers and commands.

use std::time::Duration;

use dockerclient::{
    ApiVersion, Output, Source, TerminalSize,
    containers::{AttachOptions, Container, RemoveOptions},
    exec::ExecOptions,
    models::ExecConfig,
    session::Session,
};
use futures_util::TryStreamExt as _;
use tokio::io::AsyncWriteExt as _;

use crate::engine::{Engine, version};

/// Bytes of every value, in no pattern that a wrong cut would hide.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// A container to which an attached client speaks; not through the tap.
async fn listening(engine: &Engine, script: &str, terminal: bool) -> Container {
    let container = engine.create_with(script, |mut config| {
        (config.open_stdin, config.stdin_once, config.attach_stdin, config.tty) = (true, true, true, terminal);
        config
    });
    engine.direct().container(container.await.id())
}

/// Writes all and reads all, at the same time.
async fn echoed(session: Session, bytes: &[u8]) -> Vec<u8> {
    let Session { mut input, output, .. } = session;
    let write = async {
        input.write_all(bytes).await.unwrap();
        input.shutdown().await.unwrap();
    };
    let ((), captured) = tokio::join!(write, output.capture());
    captured.unwrap().stdout
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn ten_megabytes_go_both_ways_through_attach_at_once() {
    let engine = Engine::under_test().await;
    let container = listening(&engine, "cat", false).await;
    let session = container.attach(&AttachOptions::default().stdin()).await.unwrap();
    container.start().await.unwrap();
    let bytes = noise(10 << 20);
    assert!(echoed(session, &bytes).await == bytes);
    assert_eq!(container.wait().await.unwrap().code, 0, "it met the end of its input");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn ten_megabytes_go_both_ways_through_exec_at_once() {
    let engine = Engine::under_test().await;
    let container = engine.direct().container(engine.running().await.id());
    let config = ExecConfig { cmd: vec!["cat".into()], attach_stdin: true, attach_stdout: true, ..Default::default() };
    let exec = container.create_exec(&config).await.unwrap();
    let bytes = noise(10 << 20);
    assert!(echoed(exec.start().await.unwrap(), &bytes).await == bytes);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_command_is_run_in_one_call() {
    let engine = Engine::under_test().await;
    let container = engine.direct().container(engine.running().await.id());
    let code = |code| (version() >= ApiVersion::new(1, 16)).then_some(code);
    for (script, want) in [("true", 0), ("exit 1", 1), ("kill -9 $$", 137)] {
        let outcome = container.exec(&ExecOptions::new(["sh", "-c", script])).await.unwrap();
        assert_eq!(outcome.code, code(want), "{script}");
    }
    let told = container.exec(&ExecOptions::new(["sh", "-c", "echo out; echo err >&2"])).await.unwrap().output;
    assert_eq!((&*told.stdout_text(), &*told.stderr_text()), ("out\n", "err\n"));
    let fed = container.exec(&ExecOptions::new(["wc", "-c"]).stdin("hello")).await.unwrap();
    assert_eq!((&*fed.output.stdout_text(), fed.code), ("5\n", code(0)));
    let unread = container.exec(&ExecOptions::new(["true"]).stdin(noise(1 << 20))).await.unwrap();
    assert_eq!(unread.code, code(0), "it did not read its input");
    let terminal = container.exec(&ExecOptions::new(["sh", "-c", "echo out; echo err >&2"]).terminal()).await.unwrap();
    assert_eq!(&*terminal.output.stdout_text(), "out\r\nerr\r\n");
    let missing = container.exec(&ExecOptions::new(["/no/such/command"])).await.unwrap();
    assert!(missing.code.is_none_or(|code| code == 126 || code == 127), "{missing:?}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_shell_with_a_terminal_is_resized_while_it_runs() {
    let engine = Engine::under_test().await;
    let container = engine.direct().container(engine.running().await.id());
    let config = ExecConfig {
        cmd: vec!["sh".into()],
        tty: true,
        attach_stdin: true,
        attach_stdout: true,
        attach_stderr: true,
        ..Default::default()
    };
    let exec = container.create_exec(&config).await.unwrap();
    let Session { mut input, mut output, .. } = exec.start().await.unwrap();
    exec.resize(TerminalSize { rows: 33, columns: 77 }).await.unwrap();
    input.write_all(b"stty size; exit\n").await.unwrap();
    let mut text = String::new();
    while let Some(piece) = output.try_next().await.unwrap() {
        assert_eq!(piece.source(), Source::Terminal);
        text += &String::from_utf8_lossy(piece.bytes());
    }
    assert!(text.contains("33 77"), "{text}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn an_attached_terminal_comes_raw() {
    let engine = Engine::under_test().await;
    let container = listening(&engine, "printf '\\001\\002'; read line; echo got $line", true).await;
    let Session { mut input, mut output, .. } = container.attach(&AttachOptions::default().stdin()).await.unwrap();
    container.start().await.unwrap();
    let mut text = Vec::new();
    let mut sent = false;
    while let Some(piece) = output.try_next().await.unwrap() {
        text.extend_from_slice(piece.bytes());
        if !sent && text.starts_with(&[1, 2]) {
            input.write_all(b"this\n").await.unwrap();
            sent = true;
        }
    }
    assert!(String::from_utf8_lossy(&text).ends_with("got this\r\n"), "{text:?}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn attaching_for_output_only_tells_streams_apart() {
    let engine = Engine::under_test().await;
    let container = listening(&engine, "echo out; echo err >&2", false).await;
    let session = container.attach(&AttachOptions::default().only_stderr()).await.unwrap();
    container.start().await.unwrap();
    let pieces: Vec<Output> = session.output.try_collect().await.unwrap();
    assert_eq!(pieces, [Output::Stderr("err\n".into())]);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn sessions_with_what_is_not_there_fail_at_the_call() {
    let engine = Engine::under_test().await;
    let docker = engine.direct();
    let error = docker.container("ghost").attach(&AttachOptions::default()).await.unwrap_err();
    assert!(error.is_not_found() && error.operation() == Some("container_attach"), "{error}");
    let container = docker.container(engine.running().await.id());
    let config = ExecConfig { cmd: vec!["true".into()], ..Default::default() };
    let exec = container.create_exec(&config).await.unwrap();
    docker.exec(exec.id()).start_detached().await.unwrap();
    // The engine has answered before it finds out, and tells so where the output would be.
    let told = exec.start().await.unwrap().output.capture().await.unwrap();
    assert!(told.stdout_text().contains("already") || told.stderr_text().contains("already"), "{told:?}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_dropped_session_leaves_the_container_alone() {
    let engine = Engine::under_test().await;
    let container = engine.direct().container(engine.running().await.id());
    drop(container.attach(&AttachOptions::default()).await.unwrap());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(container.inspect().await.unwrap().state.running);
    container.remove(&RemoveOptions::default().force()).await.unwrap();
}

#[cfg(feature = "websocket")]
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_container_is_spoken_to_over_a_websocket() {
    use dockerclient::session::WebSocketSession;

    let engine = Engine::under_test().await;
    let container = listening(&engine, "read line; echo got $line", false).await;
    let session = container.attach_websocket(&AttachOptions::default().stdin()).await.unwrap();
    container.start().await.unwrap();
    let WebSocketSession { mut input, output, .. } = session;
    input.send("this\n").await.unwrap();
    let pieces: Vec<bytes::Bytes> = output.try_collect().await.unwrap();
    assert_eq!(pieces.concat(), b"got this\n");
    let error = engine.direct().container("ghost").attach_websocket(&AttachOptions::default()).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
}
