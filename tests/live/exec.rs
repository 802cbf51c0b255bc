//! Exec: create, start, inspect and resize.

use std::time::Duration;

use dockerclient::{
    ApiVersion, TerminalSize,
    containers::Container,
    exec::{Command, Exec},
};

use crate::{
    engine::{Engine, supported_since, version},
    rejections::Rejected,
};

fn shell(container: &Container, script: &str) -> Command {
    container.command("sh").args(["-c", script])
}

/// Waits until the command has exited, and returns its exit code.
async fn wait_for_exit(exec: &Exec) -> Option<i64> {
    loop {
        let state = exec.inspect().await.unwrap();
        if !state.running && state.exit_code.is_some() {
            return state.exit_code;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn exec_inspect_reports_exit_code_of_a_detached_command() {
    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let exec = container.create_exec(["sh", "-c", "exit 3"]).await.unwrap();
    exec.start_detached().await.unwrap();
    if version() < ApiVersion::new(1, 16) {
        let error = exec.inspect().await.unwrap_err();
        assert!(error.is_unsupported());
        assert_eq!(
            error.to_string(),
            format!(
                "failed to inspect command {:.12}: requires API 1.16 or later; the negotiated version is 1.15",
                exec.id()
            )
        );
        return;
    }
    assert_eq!(wait_for_exit(&exec).await, Some(3));
    let state = exec.inspect().await.unwrap();
    assert_eq!((state.id, state.container_id), (exec.id().to_owned(), container.id().to_owned()));
    assert_eq!((&*state.process_config.entrypoint, &*state.process_config.arguments[1]), ("sh", "exit 3"));
    assert!(exec.start_detached().await.unwrap_err().is_conflict());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn exec_resize_of_a_running_command() {
    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let exec = shell(&container, "sleep 5").tty(true).detach().await.unwrap();
    exec.resize(TerminalSize { rows: 40, columns: 120 }).await.unwrap();
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn exec_starts_with_console_size() {
    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let exec = shell(&engine.direct().container(container.id()), "stty size").tty(true).create().await.unwrap();
    let started = exec.start().console_size(TerminalSize { rows: 24, columns: 80 }).await;
    let Some(session) = supported_since(42, started) else { return };
    assert_eq!(&*session.output.capture().await.unwrap().stdout_text(), "24 80\r\n");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn exec_of_missing_or_invalid_command_is_rejected() {
    let engine = Engine::under_test().await;
    let ghost = engine.exec("ghost");
    let size = TerminalSize { rows: 1, columns: 1 };
    assert!(ghost.start_detached().await.unwrap_err().is_not_found());
    assert!(ghost.resize(size).await.unwrap_err().is_not_found());
    if version() >= ApiVersion::new(1, 16) {
        assert!(ghost.inspect().await.unwrap_err().is_not_found());
    }
    let stopped = engine.create("true").await;
    engine.assert_rejected(Rejected::ContainerNotRunning, stopped.create_exec(["true"]).await).await;
    engine.assert_rejected(Rejected::EmptyCommand, engine.running().await.create_exec([""; 0]).await).await;
}
