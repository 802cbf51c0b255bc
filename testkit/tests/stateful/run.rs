//! `docker.run(…)` and `container.command(…)`, at an API version for each way to wait and to remove.

use std::time::Duration;

use dockerclient::{
    DockerClient,
    containers::{RestartPolicy, WaitCondition},
};
use dockerclient_testkit::{FakeEngine, Image, Latch, Program};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::{actions, shell};

const VERSIONS: [&str; 5] = ["1.15", "1.24", "1.30", "1.41", "1.51"];

fn engine() -> FakeEngine {
    FakeEngine::builder().newest_api("1.51").build()
}

/// The containers and volumes that the engine has.
async fn left(engine: &FakeEngine) -> usize {
    let docker = engine.client("1.41");
    let containers = docker.containers().list().all(true).await.unwrap().len();
    containers + docker.volumes().list().await.unwrap().volumes.len()
}

/// Waits until the engine has no containers and no volumes.
async fn nothing_left(engine: &FakeEngine) {
    let gone = async {
        while left(engine).await > 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("containers and volumes are removed");
}

#[tokio::test]
async fn run_pulls_a_missing_image_and_removes_the_container() {
    for version in VERSIONS {
        let tools =
            Image::new("tools:2").program(["work"], Program::printing("out\n").and_then(Program::failing("err\n", 3)));
        let engine = FakeEngine::builder().without_images().in_registry(tools).newest_api("1.51").build();
        let docker = engine.client(version);
        let output = docker.run("tools:2").arg("work").anonymous_volume("/data").output().await.unwrap();
        assert_eq!(output.status.code(), Some(3), "{version}");
        assert_eq!((&*output.stdout_text(), &*output.stderr_text()), ("out\n", "err\n"), "{version}");
        assert_eq!(left(&engine).await, 0, "{version}");
        assert!(docker.image("tools:2").exists().await.unwrap());
        let error = docker.run("nosuch:1").arg("work").output().await.unwrap_err();
        assert!(error.is_not_found() && error.operation() == Some("image_create"), "{version}: {error}");
    }
}

#[tokio::test]
async fn run_reads_its_input_to_the_end() {
    for version in VERSIONS {
        let engine = engine();
        let docker = engine.client(version);
        let output = docker.run("busybox").arg("cat").input("typed").output().await.unwrap();
        assert_eq!((output.status.code(), &*output.stdout_text()), (Some(0), "typed"), "{version}");
        let mut cat = docker.run("busybox").arg("cat").stdin(true).spawn().await.unwrap();
        cat.stdin.take().unwrap().write_all(b"more").await.unwrap();
        assert_eq!(cat.wait_with_output().await.unwrap().stdout_text(), "more", "{version}");
        assert_eq!(left(&engine).await, 0, "{version}");
    }
}

#[tokio::test]
async fn run_that_cannot_start_leaves_nothing() {
    for version in VERSIONS {
        let engine = engine();
        let docker = engine.client(version);
        let run = || docker.run("busybox").arg("nosuch").anonymous_volume("/data");
        for error in [
            run().output().await.unwrap_err(),
            run().status().await.unwrap_err(),
            run().spawn().await.unwrap_err(),
            run().detach().await.unwrap_err(),
        ] {
            assert_eq!((error.status(), error.operation()), (Some(400), Some("container_start")), "{version}: {error}");
        }
        assert_eq!(left(&engine).await, 0, "{version}");
    }
}

#[tokio::test]
async fn run_that_is_killed_or_dropped_leaves_nothing() {
    for version in VERSIONS {
        let engine = engine();
        let docker = engine.client(version);
        let run = || docker.run("busybox").args(["sleep", "1000"]).anonymous_volume("/data");
        assert_eq!(run().spawn().await.unwrap().kill().await.unwrap().code(), Some(137), "{version}");
        assert_eq!(left(&engine).await, 0, "{version}");
        let running = run().kill_on_drop(true).spawn().await.unwrap();
        assert!(running.container().is_running().await.unwrap());
        drop(running);
        nothing_left(&engine).await;
        let kept = run().name("kept").auto_remove(false).kill_on_drop(true).spawn().await.unwrap();
        drop(kept);
        let kept = docker.container("kept");
        assert_eq!(kept.wait().await.unwrap().code(), Some(137), "{version}");
        kept.remove().volumes(true).await.unwrap();
        assert_eq!(left(&engine).await, 0, "{version}");
    }
}

#[tokio::test]
async fn run_output_is_complete() {
    for version in VERSIONS {
        let latch = Latch::new();
        let program = Program::printing("early\n").and_then(Program::printing("late\n").after(&latch));
        let engine =
            FakeEngine::builder().image(Image::new("job").program(["run"], program)).newest_api("1.51").build();
        let running = engine.client(version).run("job").arg("run").spawn().await.unwrap();
        latch.open();
        assert_eq!(running.wait_with_output().await.unwrap().stdout_text(), "early\nlate\n", "{version}");
    }
}

#[tokio::test]
async fn command_returns_its_output_and_status() {
    for version in VERSIONS {
        let engine = engine();
        let docker = engine.client(version);
        let container = docker.run("busybox").args(["sleep", "1000"]).env("MODE", "slow").detach().await.unwrap();
        // API 1.15 cannot inspect commands.
        let code = |code| (version != "1.15").then_some(code);
        let script = || container.command("sh").args(["-c", "cat; echo err >&2; exit 3"]);
        let output = script().input("in").output().await.unwrap();
        assert_eq!(output.status.code(), code(3), "{version}");
        assert_eq!((&*output.stdout_text(), &*output.stderr_text()), ("in", "err\n"), "{version}");
        assert_eq!(script().status().await.unwrap().code(), code(3), "{version}");
        let mut cat = container.command("cat").stdin(true).spawn().await.unwrap();
        cat.stdin.take().unwrap().write_all(b"typed").await.unwrap();
        assert_eq!(cat.wait_with_output().await.unwrap().stdout_text(), "typed", "{version}");
        let missing = container.command("nosuch").output().await.unwrap();
        assert_eq!(missing.status.code(), code(126), "{version}");
        assert!(missing.stdout_text().contains("executable file not found"), "{version}: {missing}");
        if version < "1.25" {
            continue;
        }
        let echo = || container.command("sh").args(["-c", "echo $MODE"]);
        assert_eq!(echo().output().await.unwrap().stdout_text(), "slow\n");
        assert_eq!(echo().env("MODE", "fast").output().await.unwrap().stdout_text(), "fast\n", "{version}");
    }
}

#[tokio::test]
async fn command_ends_with_its_container() {
    for version in VERSIONS {
        let engine = engine();
        let container = engine.client(version).run("busybox").args(["sleep", "1000"]).detach().await.unwrap();
        let finished = container.create_exec(["true"]).await.unwrap();
        finished.start().await.unwrap().output.capture().await.unwrap();
        let unstarted = container.create_exec(["true"]).await.unwrap();
        let mut running = container.command("sleep").arg("1000").spawn().await.unwrap();
        container.kill().await.unwrap();
        assert_eq!(running.wait().await.unwrap().code(), (version != "1.15").then_some(137), "{version}");
        assert_eq!(container.command("true").output().await.unwrap_err().status(), Some(409), "{version}");
        assert_eq!(finished.start().await.unwrap_err().status(), Some(409), "{version}");
        assert_eq!(unstarted.start().await.unwrap_err().status(), Some(404), "{version}");
    }
}

#[tokio::test]
async fn auto_remove_applies_if_the_container_cannot_be_started() {
    for version in ["1.30", "1.41", "1.51"] {
        let engine = engine();
        let docker = engine.client(version);
        let mut events = docker.events().await.unwrap();
        let create = docker.containers().create("busybox").cmd(["nosuch"]).auto_remove(true);
        let container = create.anonymous_volume("/data").await.unwrap();
        let session = container.attach().await.unwrap();
        let removed = container.wait().condition(WaitCondition::Removed).begin().await.unwrap();
        container.start().await.unwrap_err();
        assert_eq!(removed.exit().await.unwrap().code(), Some(127), "{version}");
        assert!(session.output.capture().await.unwrap().stdout.is_empty());
        let events = actions(&mut events, "container destroy").await;
        assert!(!events.contains(&"container die".to_owned()), "{events:?}");
        assert_eq!(left(&engine).await, 0, "{version}");
    }
}

#[tokio::test]
async fn session_ends_when_its_container_cannot_be_started() {
    for version in VERSIONS {
        let engine = engine();
        let container = engine.client(version).containers().create("busybox").cmd(["nosuch"]).await.unwrap();
        let session = container.attach().await.unwrap();
        container.start().await.unwrap_err();
        assert!(session.output.capture().await.unwrap().stdout.is_empty(), "{version}");
        assert_eq!(container.inspect().await.unwrap().state.exit_code, 127, "{version}");
    }
}

#[tokio::test]
async fn restart_ends_waits_and_keeps_an_auto_removed_container() {
    for version in ["1.30", "1.41", "1.51"] {
        let engine = engine();
        let docker = engine.client(version);
        let container = shell(&docker, "sleep 1000").auto_remove(true).await.unwrap();
        container.start().await.unwrap();
        let next = container.wait().condition(WaitCondition::NextExit).begin().await.unwrap();
        let not_running = container.wait().begin().await.unwrap();
        let removed = container.wait().condition(WaitCondition::Removed).begin().await.unwrap();
        container.restart().await.unwrap();
        assert!(container.is_running().await.unwrap(), "{version}");
        assert_eq!(next.exit().await.unwrap().code(), Some(137), "{version}");
        assert_eq!(not_running.exit().await.unwrap().code(), Some(137), "{version}");
        container.kill().await.unwrap();
        assert_eq!(removed.exit().await.unwrap().code(), Some(137), "{version}");
        assert_eq!(left(&engine).await, 0, "{version}");
    }
}

#[tokio::test]
async fn auto_remove_requires_api_1_25_and_no_restart_policy() {
    let engine = FakeEngine::builder().lenient().build();
    let docker = engine.client("1.25");
    let create = |docker: &DockerClient| docker.containers().create("busybox").cmd(["true"]);
    let error = create(&docker).auto_remove(true).restart(RestartPolicy::Always).await.unwrap_err();
    assert_eq!(error.status(), Some(400), "{error}");
    create(&docker).auto_remove(true).await.unwrap().start().await.unwrap();
    assert_eq!(left(&engine).await, 0);

    let body = json!({ "Image": "busybox", "Cmd": ["true"], "HostConfig": { "AutoRemove": true } });
    let docker = engine.client("1.24");
    docker.post("/containers/create").query("name", "kept").json(&body).await.unwrap();
    docker.container("kept").start().await.unwrap();
    assert!(docker.container("kept").exists().await.unwrap());
}
