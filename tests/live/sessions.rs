//! Attached sessions: attach, exec and WebSocket.

use std::time::Duration;

use dockerclient::{ApiVersion, LogOutput, Source, TerminalSize, containers::Container, session::Session};
use futures_util::TryStreamExt as _;
use tokio::io::AsyncWriteExt as _;

use crate::engine::{Engine, version};

/// Returns pseudorandom bytes, so that a lost or repeated chunk is noticed.
fn random_bytes(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// Creates a container with open stdin. Its handle bypasses the proxy.
async fn create_with_stdin(engine: &Engine, script: &str, tty: bool) -> Container {
    let container = engine.create_with(script, |create| create.stdin(true).tty(tty));
    engine.direct().container(container.await.id())
}

/// Writes the bytes to stdin and reads stdout, concurrently.
async fn echo(session: Session, bytes: &[u8]) -> Vec<u8> {
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
async fn attach_transfers_10_mib_in_both_directions() {
    let engine = Engine::under_test().await;
    let container = create_with_stdin(&engine, "cat", false).await;
    let session = container.attach().stdin(true).await.unwrap();
    container.start().await.unwrap();
    let bytes = random_bytes(10 << 20);
    assert!(echo(session, &bytes).await == bytes);
    assert_eq!(container.wait().await.unwrap().code(), Some(0), "it received EOF");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn exec_transfers_10_mib_in_both_directions() {
    let engine = Engine::under_test().await;
    let container = engine.direct().container(engine.running().await.id());
    let exec = container.command("cat").stdin(true).create().await.unwrap();
    let bytes = random_bytes(10 << 20);
    assert!(echo(exec.start().await.unwrap(), &bytes).await == bytes);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn command_returns_output_and_exit_code() {
    let engine = Engine::under_test().await;
    let container = engine.direct().container(engine.running().await.id());
    let code = |code| (version() >= ApiVersion::new(1, 16)).then_some(code);
    for (script, want) in [("true", 0), ("exit 1", 1), ("kill -9 $$", 137)] {
        let status = container.command("sh").args(["-c", script]).status().await.unwrap();
        assert_eq!(status.code(), code(want), "{script}");
    }
    let both = || container.command("sh").args(["-c", "echo out; echo err >&2"]);
    let output = both().output().await.unwrap();
    assert_eq!((&*output.stdout_text(), &*output.stderr_text()), ("out\n", "err\n"));
    let fed = container.command("wc").arg("-c").input("hello").output().await.unwrap();
    assert_eq!((&*fed.stdout_text(), fed.status.code()), ("5\n", code(0)));
    let unread = container.command("true").input(random_bytes(1 << 20)).output().await.unwrap();
    assert_eq!(unread.status.code(), code(0), "it did not read its input");
    let tty = both().tty(true).output().await.unwrap();
    assert_eq!(tty.stdout_text(), "out\r\nerr\r\n");
    let missing = container.command("/no/such/command").output().await.unwrap();
    assert!(missing.status.code().is_none_or(|code| code == 126 || code == 127), "{missing:?}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn exec_resize_changes_the_tty_of_a_running_shell() {
    let engine = Engine::under_test().await;
    let container = engine.direct().container(engine.running().await.id());
    let exec = container.command("sh").tty(true).stdin(true).create().await.unwrap();
    let Session { mut input, mut output, .. } = exec.start().await.unwrap();
    exec.resize(TerminalSize { rows: 33, columns: 77 }).await.unwrap();
    input.write_all(b"stty size; exit\n").await.unwrap();
    let mut text = String::new();
    while let Some(chunk) = output.try_next().await.unwrap() {
        assert_eq!(chunk.source(), Source::Tty);
        text += &String::from_utf8_lossy(chunk.bytes());
    }
    assert!(text.contains("33 77"), "{text}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn attach_with_tty_returns_raw_output() {
    let engine = Engine::under_test().await;
    let container = create_with_stdin(&engine, "printf '\\001\\002'; read line; echo got $line", true).await;
    let Session { mut input, mut output, .. } = container.attach().stdin(true).await.unwrap();
    container.start().await.unwrap();
    let mut text = Vec::new();
    let mut sent = false;
    while let Some(chunk) = output.try_next().await.unwrap() {
        text.extend_from_slice(chunk.bytes());
        if !sent && text.starts_with(&[1, 2]) {
            input.write_all(b"this\n").await.unwrap();
            sent = true;
        }
    }
    assert!(String::from_utf8_lossy(&text).ends_with("got this\r\n"), "{text:?}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn attach_without_stdout_returns_only_stderr() {
    let engine = Engine::under_test().await;
    let container = create_with_stdin(&engine, "echo out; echo err >&2", false).await;
    let session = container.attach().stdout(false).await.unwrap();
    container.start().await.unwrap();
    let chunks: Vec<LogOutput> = session.output.try_collect().await.unwrap();
    assert_eq!(chunks, [LogOutput::Stderr("err\n".into())]);
}

/// Runs a container that writes `out` and `err`, until its exit. Its handle bypasses the proxy.
async fn exited(engine: &Engine) -> Container {
    let container = engine.direct().container(engine.create("echo out; echo err >&2").await.id());
    container.start().await.unwrap();
    container.wait().await.unwrap();
    container
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn attach_to_an_exited_container_ends() {
    let engine = Engine::under_test().await;
    let container = exited(&engine).await;
    let logs = container.attach().logs(true).await.unwrap().output.capture().await.unwrap();
    assert_eq!((&*logs.stdout_text(), &*logs.stderr_text()), ("out\n", "err\n"));
    let nothing = container.attach().await.unwrap().output.capture().await.unwrap();
    assert_eq!((&*nothing.stdout_text(), &*nothing.stderr_text()), ("", ""));
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn attach_to_an_exited_container_streams_its_next_run() {
    let engine = Engine::under_test().await;
    let container = exited(&engine).await;
    let next = container.attach().stream(true).await.unwrap();
    container.start().await.unwrap();
    assert_eq!(next.output.capture().await.unwrap().stdout_text(), "out\n");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn attach_to_missing_container_and_second_exec_start_fail() {
    let engine = Engine::under_test().await;
    let docker = engine.direct();
    let error = docker.container("ghost").attach().await.unwrap_err();
    assert!(error.is_not_found() && error.operation() == Some("container_attach"), "{error}");
    let container = docker.container(engine.running().await.id());
    let exec = container.create_exec(["true"]).await.unwrap();
    docker.exec(exec.id()).start_detached().await.unwrap();
    // The engine has sent the response headers before it fails, so the error is in the output.
    let output = exec.start().await.unwrap().output.capture().await.unwrap();
    assert!(output.stdout_text().contains("already") || output.stderr_text().contains("already"), "{output:?}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn dropped_session_does_not_stop_the_container() {
    let engine = Engine::under_test().await;
    let container = engine.direct().container(engine.running().await.id());
    drop(container.attach().await.unwrap());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(container.inspect().await.unwrap().state.running);
    container.remove().force(true).await.unwrap();
}

#[cfg(feature = "websocket")]
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn attach_websocket_transfers_stdin_and_stdout() {
    use dockerclient::session::WebSocketSession;

    let engine = Engine::under_test().await;
    let container = create_with_stdin(&engine, "read line; echo got $line", false).await;
    let session = container.attach_websocket().stdin(true).await.unwrap();
    container.start().await.unwrap();
    let WebSocketSession { mut input, output, .. } = session;
    input.send("this\n").await.unwrap();
    let chunks: Vec<bytes::Bytes> = output.try_collect().await.unwrap();
    assert_eq!(chunks.concat(), b"got this\n");
    let error = engine.direct().container("ghost").attach_websocket().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
}
