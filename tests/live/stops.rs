//! Stop and restart timeouts.

use std::time::Duration;

use dockerclient::{ApiVersion, DockerClient, containers::Container};

use crate::engine::{Engine, version};

/// Starts a container that writes `up`, and `down` on SIGTERM.
async fn stoppable(engine: &Engine) -> Container {
    let container = engine.create("trap 'echo down; exit 0' TERM; echo up; while true; do sleep 0.05; done").await;
    container.start().await.unwrap();
    container.wait_until_logged("up").await.unwrap();
    container
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn stop_without_a_timeout_lets_the_container_exit() {
    let engine = Engine::under_test().await;
    let container = stoppable(&engine).await;
    container.stop().await.unwrap();
    assert_eq!(container.wait().await.unwrap().code(), Some(0));
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn restart_without_a_timeout_lets_the_container_exit() {
    let engine = Engine::under_test().await;
    let container = stoppable(&engine).await;
    container.restart().await.unwrap();
    let logs = container.logs().await.unwrap().capture().await.unwrap();
    assert!(logs.stdout_text().starts_with("up\ndown\n"), "{logs:?}");
}

/// Starts a container with a stop timeout in seconds, which exits with code 5 two seconds after SIGTERM.
async fn slow_to_stop(engine: &Engine, timeout: u64) -> Container {
    let script = "trap 'sleep 2; exit 5' TERM; echo up; while true; do sleep 0.05; done";
    let timeout = Duration::from_secs(timeout);
    let create = engine.containers().create("busybox").cmd(["sh", "-c", script]).name(engine.name("slow"));
    let container = create.stop_timeout(timeout).await.unwrap().container;
    container.start().await.unwrap();
    container.wait_until_logged("up").await.unwrap();
    container
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn stop_uses_the_stop_timeout_of_the_container() {
    let engine = Engine::under_test().await;
    if version() < ApiVersion::new(1, 25) {
        return;
    }
    let killed = slow_to_stop(&engine, 1).await;
    killed.stop().await.unwrap();
    assert_eq!(killed.inspect().await.unwrap().state.exit_code, 137);

    let set = slow_to_stop(&engine, 30).await;
    set.stop().timeout(Duration::from_secs(1)).await.unwrap();
    assert_eq!(set.inspect().await.unwrap().state.exit_code, 137);

    let longest = slow_to_stop(&engine, 1).await;
    longest.stop().timeout(Duration::MAX).await.unwrap();
    assert_eq!(longest.inspect().await.unwrap().state.exit_code, 5);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn stop_with_no_timeout_never_kills() {
    let engine = Engine::under_test().await;
    if version() < ApiVersion::new(1, 25) {
        return;
    }
    let container = slow_to_stop(&engine, 1).await;
    container.stop().no_timeout().await.unwrap();
    assert_eq!(container.inspect().await.unwrap().state.exit_code, 5);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn stop_below_1_19_uses_the_stop_timeout_of_the_container() {
    let engine = Engine::under_test().await;
    if version() < ApiVersion::new(1, 25) {
        return;
    }
    let container = slow_to_stop(&engine, 1).await;
    let old = DockerClient::builder().address(engine.real_address()).api_version(ApiVersion::new(1, 18));
    let Ok(docker) = old.build() else { return };
    match docker.container(container.id()).stop().await {
        // Newer engines no longer accept the version.
        Err(error) if error.is_bad_request() || error.is_unsupported() => {}
        stopped => {
            stopped.unwrap();
            assert_eq!(container.inspect().await.unwrap().state.exit_code, 137);
        }
    }
}
