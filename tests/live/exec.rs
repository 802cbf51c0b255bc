//! Commands in containers, on a real engine.

use std::time::Duration;

use dockerclient::{ApiVersion, TerminalSize, exec::Exec, models::ExecConfig};

use crate::engine::{Engine, version};

fn command(script: &str) -> ExecConfig {
    ExecConfig { cmd: ["sh", "-c", script].map(Into::into).into(), ..Default::default() }
}

/// Waits until the command has ended, and returns its exit code.
async fn ended(exec: &Exec) -> Option<i64> {
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
async fn a_command_runs_detached_and_its_fate_can_be_asked_for() {
    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let exec = container.create_exec(&command("exit 3")).await.unwrap();
    exec.start_detached().await.unwrap();
    if version() < ApiVersion::new(1, 16) {
        let error = exec.inspect().await.unwrap_err();
        assert!(error.is_unsupported());
        assert_eq!(error.to_string(), "exec inspect: needs API 1.16, but 1.15 is spoken");
        return;
    }
    assert_eq!(ended(&exec).await, Some(3));
    let state = exec.inspect().await.unwrap();
    assert_eq!((state.id, state.container_id), (exec.id().to_owned(), container.id().to_owned()));
    assert_eq!((&*state.process_config.entrypoint, &*state.process_config.arguments[1]), ("sh", "exit 3"));
    assert!(exec.start_detached().await.unwrap_err().is_conflict());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn the_terminal_of_a_running_command_is_resized() {
    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let exec = container.create_exec(&ExecConfig { tty: true, ..command("sleep 5") }).await.unwrap();
    exec.start_detached().await.unwrap();
    exec.resize(TerminalSize { rows: 40, columns: 120 }).await.unwrap();
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn commands_that_cannot_be_are_refused() {
    let engine = Engine::under_test().await;
    let ghost = engine.exec("ghost");
    let size = TerminalSize { rows: 1, columns: 1 };
    assert!(ghost.start_detached().await.unwrap_err().is_not_found());
    assert!(ghost.resize(size).await.unwrap_err().is_not_found());
    if version() >= ApiVersion::new(1, 16) {
        assert!(ghost.inspect().await.unwrap_err().is_not_found());
    }
    let stopped = engine.create("true").await;
    assert!(stopped.create_exec(&command("true")).await.unwrap_err().is_conflict());
    assert!(engine.running().await.create_exec(&ExecConfig::default()).await.unwrap_err().is_bad_request());
}
