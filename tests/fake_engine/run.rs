//! `docker.run(…)`: exit status, output, stdin, and removal of containers.

use std::time::Duration;

use dockerclient::{
    DockerClient,
    containers::{PullPolicy, RunningContainer},
};
use dockerclient_testkit::{Call, FakeEngine, Image, Latch, Program, Response};
use tokio::io::AsyncWriteExt as _;

/// One API version for each way to wait for and to remove a container.
pub(crate) const VERSIONS: [&str; 3] = ["1.18", "1.25", "1.41"];

async fn containers(docker: &DockerClient) -> usize {
    docker.containers().list().all(true).await.unwrap().len()
}

/// Waits until the engine has no containers.
pub(crate) async fn all_removed(docker: &DockerClient) {
    let gone = async {
        while containers(docker).await > 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.expect("the container is removed");
}

/// The operations that were called, in order, except those that the tests call.
fn operations(engine: &FakeEngine) -> Vec<String> {
    let lines = engine.transcript();
    let names = lines.lines().filter_map(|line| line.split_whitespace().next());
    names.filter(|name| !matches!(*name, "container_list" | "container_inspect")).map(str::to_owned).collect()
}

#[tokio::test]
async fn output_returns_status_and_streams_then_removes_container() {
    for version in VERSIONS {
        let engine = FakeEngine::new();
        let docker = engine.client(version);
        let output = docker.run("busybox").args(["sh", "-c", "echo out; echo err >&2; exit 3"]).output().await.unwrap();
        assert_eq!((output.status.code(), output.success()), (Some(3), false), "{version}");
        assert_eq!((&*output.stdout, &*output.stderr), (&b"out\n"[..], &b"err\n"[..]), "{version}");
        assert_eq!(output.to_string(), "out\nerr\n");
        assert_eq!(containers(&docker).await, 0, "{version}");
    }
}

#[tokio::test]
async fn output_attaches_and_waits_before_the_start() {
    let engine = FakeEngine::new();
    engine.client("1.41").run("busybox").args(["echo", "hello"]).output().await.unwrap();
    let steps = ["container_create", "container_attach", "container_wait", "container_start", "container_wait"];
    assert_eq!(operations(&engine), steps);
    let waits = engine.calls_to("container_wait");
    let conditions: Vec<_> = waits.iter().filter_map(|wait| wait.query("condition")).collect();
    assert_eq!(conditions, ["next-exit", "removed"]);
    let body = engine.calls_to("container_create")[0].json().unwrap();
    assert_eq!(body["HostConfig"]["AutoRemove"], true);

    // Engines that respond to a wait only at its end might have removed the container by then.
    let engine = FakeEngine::new();
    engine.client("1.29").run("busybox").args(["echo", "hello"]).output().await.unwrap();
    let removal = ["container_create", "container_attach", "container_start", "container_wait", "container_delete"];
    assert_eq!(operations(&engine), removal);
    assert_eq!(engine.calls_to("container_create")[0].json().unwrap()["HostConfig"].get("AutoRemove"), None);
}

#[tokio::test]
async fn input_is_written_and_stdin_closed() {
    for version in VERSIONS {
        let engine = FakeEngine::new();
        let docker = engine.client(version);
        let output = docker.run("busybox").arg("cat").input("hello").output().await.unwrap();
        assert_eq!((output.status.code(), &*output.stdout_text()), (Some(0), "hello"), "{version}");
        let status = docker.run("busybox").arg("cat").input("x".repeat(1 << 20)).status().await.unwrap();
        assert!(status.success(), "{version}: {status}");
        assert_eq!(containers(&docker).await, 0);
    }
}

#[tokio::test]
async fn input_that_is_not_read_does_not_block() {
    let engine = FakeEngine::new();
    let output = engine.client("1.41").run("busybox").args(["echo", "hi"]).input("x".repeat(8 << 20)).output();
    let output = tokio::time::timeout(Duration::from_secs(20), output.into_future()).await.unwrap().unwrap();
    assert_eq!(output.stdout_text(), "hi\n");
}

#[tokio::test]
async fn status_does_not_attach() {
    for version in VERSIONS {
        let engine = FakeEngine::new();
        let docker = engine.client(version);
        let status = docker.run("busybox").args(["sh", "-c", "echo lost; exit 4"]).status().await.unwrap();
        assert_eq!(status.code(), Some(4));
        assert!(engine.calls_to("container_attach").is_empty());
        assert_eq!(containers(&docker).await, 0, "{version}");
    }
}

#[tokio::test]
async fn kept_container_has_its_logs() {
    for version in VERSIONS {
        let engine = FakeEngine::new();
        let docker = engine.client(version);
        let run = docker.run("busybox").name("job").args(["echo", "kept"]).auto_remove(false);
        assert!(run.status().await.unwrap().success());
        let logs = docker.container("job").logs().await.unwrap().capture().await.unwrap();
        assert_eq!(logs.stdout_text(), "kept\n", "{version}");
        assert!(engine.calls_to("container_delete").is_empty());
    }
}

#[tokio::test]
async fn missing_image_is_pulled_once() {
    let engine =
        FakeEngine::builder().in_registry(Image::new("tools:1").program(["run"], Program::printing("ran"))).build();
    let docker = engine.client("1.41");
    let run = || docker.run("tools:1").arg("run");
    let error = run().pull(PullPolicy::Never).output().await.unwrap_err();
    assert!(error.is_not_found() && error.operation() == Some("container_create"), "{error}");
    for _ in 0..2 {
        assert_eq!(run().output().await.unwrap().stdout_text(), "ran");
    }
    assert_eq!(engine.calls_to("image_create").len(), 1);
    assert!(run().pull(PullPolicy::Always).output().await.unwrap().success());
    assert_eq!(engine.calls_to("image_create").len(), 2);
    // An id cannot be pulled.
    let error = docker.run("0".repeat(64)).output().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(engine.calls_to("image_create").len(), 2);
}

#[tokio::test]
async fn container_that_cannot_be_started_is_removed() {
    for version in VERSIONS {
        let engine = FakeEngine::new();
        let docker = engine.client(version);
        let error = docker.run("busybox").arg("nonsense").output().await.unwrap_err();
        assert_eq!(error.operation(), Some("container_start"), "{error}");
        assert_eq!(containers(&docker).await, 0, "{version}");
        docker.run("busybox").arg("nonsense").detach().await.unwrap_err();
        assert_eq!(containers(&docker).await, 0, "{version}");
        docker.run("busybox").arg("nonsense").auto_remove(false).status().await.unwrap_err();
        assert_eq!(containers(&docker).await, 1, "{version}: it is kept if that is set");
    }
}

#[tokio::test]
async fn container_is_removed_if_attaching_fails() {
    let engine = FakeEngine::new();
    engine.expect(Call::to("container_attach").fails(500, "no"));
    let docker = engine.client("1.41");
    let error = docker.run("busybox").arg("true").output().await.unwrap_err();
    assert_eq!((error.status(), error.operation()), (Some(500), Some("container_attach")));
    assert_eq!(containers(&docker).await, 0);
}

#[tokio::test]
async fn spawned_container_has_stdin_and_output() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let mut cat = docker.run("busybox").arg("cat").stdin(true).spawn().await.unwrap();
    assert!(cat.container().is_running().await.unwrap());
    let (mut stdin, mut output) = (cat.stdin.take().unwrap(), cat.output.take().unwrap());
    stdin.write_all(b"one").await.unwrap();
    assert_eq!(&**output.try_next().await.unwrap().unwrap().bytes(), b"one");
    stdin.write_all(b"two").await.unwrap();
    drop(stdin);
    assert_eq!(output.capture().await.unwrap().stdout_text(), "two");
    assert_eq!(cat.wait().await.unwrap().code(), Some(0));
    assert_eq!(cat.wait().await.unwrap().code(), Some(0), "the status is kept");
    assert_eq!(containers(&docker).await, 0);

    let cat = docker.run("busybox").arg("cat").spawn().await.unwrap();
    assert!(cat.stdin.is_none(), "it was not requested");
    let output = cat.wait_with_output().await.unwrap();
    assert_eq!((output.success(), output.stdout.len()), (true, 0));
}

#[tokio::test]
async fn wait_discards_unread_output() {
    let loud = Program::new(|process| async move {
        for _ in 0..100 {
            process.out([&[b'x'; 9_999][..], b"\n"].concat());
            tokio::task::yield_now().await;
        }
        5
    });
    for version in ["1.18", "1.41"] {
        let engine = FakeEngine::builder().image(Image::new("loud:1").program(["run"], loud.clone())).build();
        let mut running = engine.client(version).run("loud:1").arg("run").spawn().await.unwrap();
        assert_eq!(running.wait().await.unwrap().code(), Some(5), "{version}");
    }
}

#[tokio::test]
async fn dropped_wait_can_be_repeated() {
    for version in VERSIONS {
        let latch = Latch::new();
        let program = Program::failing("late\n", 7).after(&latch);
        let engine = FakeEngine::builder().image(Image::new("slow:1").program(["run"], program)).build();
        let docker = engine.client(version);
        let mut running = docker.run("slow:1").arg("run").spawn().await.unwrap();
        let early = tokio::time::timeout(Duration::from_millis(20), running.wait()).await;
        assert!(early.is_err(), "{version}");
        latch.open();
        assert_eq!(running.wait().await.unwrap().code(), Some(7), "{version}");
        assert_eq!(containers(&docker).await, 0, "{version}");
    }
}

pub(crate) async fn sleeping(docker: &DockerClient, kill_on_drop: bool) -> RunningContainer {
    docker.run("busybox").args(["sleep", "1000"]).kill_on_drop(kill_on_drop).spawn().await.unwrap()
}

#[tokio::test]
async fn kill_ends_and_removes_the_container() {
    for version in VERSIONS {
        let engine = FakeEngine::new();
        let docker = engine.client(version);
        let mut running = sleeping(&docker, false).await;
        assert_eq!(running.kill().await.unwrap().code(), Some(137), "{version}");
        assert_eq!(running.kill().await.unwrap().code(), Some(137), "it may have exited before");
        assert_eq!(containers(&docker).await, 0, "{version}");
    }
}

#[tokio::test]
async fn dropped_container_is_killed_only_if_that_is_set() {
    for version in VERSIONS {
        let engine = FakeEngine::new();
        let docker = engine.client(version);
        drop(sleeping(&docker, true).await);
        all_removed(&docker).await;
        let running = sleeping(&docker, false).await;
        let container = running.container().clone();
        drop(running);
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(container.is_running().await.unwrap(), "{version}");
        let forced = engine.calls_to("container_delete").iter().filter(|call| call.query("force").is_some()).count();
        assert_eq!((engine.calls_to("container_kill").len(), forced), (0, 1), "{version}: only the first one");
    }
}

#[tokio::test]
async fn dropped_container_is_killed_and_kept() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let run = docker.run("busybox").name("kept").args(["sleep", "1000"]).kill_on_drop(true).auto_remove(false);
    drop(run.spawn().await.unwrap());
    let container = docker.container("kept");
    assert_eq!(container.wait().await.unwrap().code(), Some(137));
    assert!(container.exists().await.unwrap());
}

#[tokio::test]
async fn time_limit_kills_the_container_if_that_is_set() {
    for version in VERSIONS {
        let engine = FakeEngine::new();
        let docker = engine.client(version);
        let run = docker.run("busybox").args(["sleep", "1000"]).kill_on_drop(true);
        let error = run.output().time_limit(Duration::from_millis(50)).await.unwrap_err();
        assert!(error.is_timeout(), "{error}");
        all_removed(&docker).await;
    }
}

#[tokio::test]
async fn run_dropped_at_any_step_removes_the_container() {
    for step in ["container_create", "container_attach", "container_wait", "container_start"] {
        for kill_on_drop in [false, true] {
            let (engine, latch) = (FakeEngine::new(), Latch::new());
            engine.expect(Call::to(step).waits_for(&latch));
            let docker = engine.client("1.41");
            let run = docker.run("busybox").arg("true").kill_on_drop(kill_on_drop).output();
            let arrived = async {
                while engine.calls_to(step).is_empty() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            tokio::select! {
                output = run.into_future() => panic!("{step} was not called: {output:?}"),
                () = arrived => {}
            }
            latch.open();
            tokio::time::sleep(Duration::from_millis(20)).await;
            all_removed(&docker).await;
            assert_eq!(engine.calls_to("container_create").len(), 1, "{step}");
        }
    }
}

#[tokio::test]
async fn finished_run_sends_no_cleanup_requests() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    docker.run("busybox").arg("true").kill_on_drop(true).output().await.unwrap();
    let mut running = docker.run("busybox").arg("true").kill_on_drop(true).spawn().await.unwrap();
    running.wait().await.unwrap();
    drop(running);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(engine.calls_to("container_delete").is_empty() && engine.calls_to("container_kill").is_empty());
}

#[tokio::test]
async fn detached_container_is_kept_unless_its_removal_is_requested() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let web = docker.run("busybox").name("web").args(["sleep", "1000"]).detach().await.unwrap();
    assert!(web.is_running().await.unwrap());
    assert_eq!(operations(&engine), ["container_create", "container_start"]);
    assert_eq!(engine.calls_to("container_create")[0].json().unwrap()["HostConfig"].get("AutoRemove"), None);
    web.kill().await.unwrap();
    assert!(web.exists().await.unwrap());

    let job = docker.run("busybox").args(["sleep", "1000"]).auto_remove(true).detach().await.unwrap();
    job.kill().await.unwrap();
    assert!(!job.exists().await.unwrap());

    let error = engine.client("1.24").run("busybox").auto_remove(true).detach().await.unwrap_err();
    assert!(error.is_unsupported(), "{error}");
}

#[tokio::test]
async fn invalid_settings_are_errors_before_anything_is_sent() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let run = || docker.run("busybox").arg("true");
    for error in [
        run().memory("much").output().await.unwrap_err(),
        run().publish("http", 80).detach().await.unwrap_err(),
        run().input("x").spawn().await.unwrap_err(),
        run().input("x").detach().await.unwrap_err(),
        run().output().header("Host", "x").await.unwrap_err(),
    ] {
        assert!(error.is_bad_request() && error.operation().is_some(), "{error}");
    }
    assert!(engine.requests().is_empty(), "{}", engine.transcript());
}

#[tokio::test]
async fn headers_are_sent_with_all_requests() {
    let engine =
        FakeEngine::builder().in_registry(Image::new("tools:1").program(["run"], Program::printing("ran"))).build();
    let docker = engine.client("1.18");
    docker.run("tools:1").arg("run").output().header("X-Trace", "7").await.unwrap();
    for request in engine.requests() {
        assert_eq!(request.header("x-trace"), Some("7"), "{}", request.line);
    }
    assert_eq!(engine.calls_to("image_create").len(), 1);
}

#[tokio::test]
async fn tty_has_one_stream() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let output = docker.run("busybox").args(["sh", "-c", "echo out; echo err >&2"]).tty(true).output().await.unwrap();
    assert!(output.stdout_text().contains("out") && output.stdout_text().contains("err"), "{output}");
    assert!(output.stderr.is_empty());
}

#[tokio::test]
async fn wait_that_ends_without_a_status_is_an_error() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
    let engine = FakeEngine::new();
    engine.expect(Call::to("container_wait").responds(|_| Response::raw(HEAD).then_close()));
    let error = engine.client("1.41").run("busybox").arg("true").status().await.unwrap_err();
    assert!(error.is_truncated() && error.operation() == Some("container_wait"), "{error}");
}

/// For example, of a container whose storage is busy.
#[tokio::test]
async fn removal_that_fails_is_an_error() {
    let engine = FakeEngine::new();
    let body = r#"{"StatusCode":0,"Error":{"Message":"device or resource busy"}}"#;
    engine.expect(Call::to("container_wait").with("condition", "next-exit"));
    engine.expect(Call::to("container_wait").with("condition", "removed").responds(|_| Response::json(200, body)));
    let error = engine.client("1.41").run("busybox").arg("true").status().await.unwrap_err();
    assert!(error.is_operation_failed() && error.message() == Some("device or resource busy"), "{error}");
}

/// As the types of `std::process` are: a reference to them can be held while another task runs.
#[test]
fn streams_and_running_containers_are_sync() {
    fn is_sync<T: Send + Sync>() {}
    is_sync::<RunningContainer>();
    is_sync::<dockerclient::exec::RunningCommand>();
    is_sync::<dockerclient::session::Session>();
    is_sync::<dockerclient::OutputStream>();
    is_sync::<dockerclient::Lines>();
    is_sync::<dockerclient::Reader<dockerclient::OutputHalf>>();
    is_sync::<dockerclient::Download>();
    is_sync::<dockerclient::containers::StatsStream>();
    is_sync::<dockerclient::system::EventStream>();
}

#[test]
fn requests_can_be_sent_between_threads() {
    fn check<T: Send + 'static>(_: &T) {}
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _guard = runtime.enter();
    let docker = FakeEngine::new().client("1.41");
    let run = docker.run("busybox");
    check(&run.clone().output().send());
    check(&run.clone().status().send());
    check(&run.clone().spawn().send());
    check(&run.clone().detach().send());
    check(&docker.containers().create("busybox").send());
    let command = docker.container("web").command("ls");
    check(&command.clone().output().send());
    check(&command.clone().status().send());
    check(&command.clone().spawn().send());
    check(&command.clone().detach().send());
    check(&command.create().send());
}
