//! Commands in running containers (exec).

use std::time::Duration;

use dockerclient::{ApiVersion, DockerClient, containers::Container};
use dockerclient_testkit::{Call, FakeEngine};
use tokio::io::AsyncWriteExt as _;

/// A running container.
async fn running(docker: &DockerClient) -> Container {
    docker.run("busybox").name("web").args(["sleep", "1000"]).detach().await.unwrap().container
}

#[tokio::test]
async fn output_returns_status_and_both_streams() {
    for version in ["1.16", "1.18", "1.41"] {
        let engine = FakeEngine::new();
        let web = running(&engine.client(version)).await;
        let output = web.command("sh").args(["-c", "echo out; echo err >&2; exit 3"]).output().await.unwrap();
        assert_eq!((output.status.code(), output.success()), (Some(3), false), "{version}");
        assert_eq!((&*output.stdout_text(), &*output.stderr_text()), ("out\n", "err\n"), "{version}");
        let status = web.command("sh").arg("-c").arg("exit 4").status().await.unwrap();
        assert_eq!(status.code(), Some(4), "{version}");
    }
}

#[tokio::test]
async fn exit_code_is_unknown_at_api_1_15() {
    let engine = FakeEngine::new();
    let web = running(&engine.client("1.15")).await;
    let output = web.command("echo").arg("hello").output().await.unwrap();
    assert_eq!((output.status.code(), output.success(), &*output.stdout_text()), (None, false, "hello\n"));
    assert_eq!(output.status.to_string(), "unknown exit code");
}

#[tokio::test]
async fn settings_are_sent_and_last_env_value_wins() {
    let engine = FakeEngine::new();
    let web = running(&engine.client("1.41")).await;
    let command = web
        .command("env")
        .env("A", "x")
        .envs([("B", 2)])
        .env("A", 1)
        .current_dir("/srv")
        .user("1000:1000")
        .privileged(true)
        .detach_keys("ctrl-x");
    command.output().await.unwrap();
    let body = engine.calls_to("container_exec")[0].json().unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "AttachStdout": true, "AttachStderr": true, "Cmd": ["env"], "Env": ["B=2", "A=1"], "WorkingDir": "/srv",
            "User": "1000:1000", "Privileged": true, "DetachKeys": "ctrl-x",
        })
    );
}

#[tokio::test]
async fn input_is_written_and_stdin_closed() {
    for version in ["1.15", "1.18", "1.41"] {
        let engine = FakeEngine::new();
        let web = running(&engine.client(version)).await;
        let output = web.command("cat").input("hello").output().await.unwrap();
        assert_eq!(output.stdout_text(), "hello", "{version}");
        let status = web.command("cat").input("x".repeat(1 << 20)).status().await.unwrap();
        assert_eq!(status.code(), (version != "1.15").then_some(0), "{version}");
    }
}

#[tokio::test]
async fn spawned_command_has_stdin_and_output() {
    let engine = FakeEngine::new();
    let web = running(&engine.client("1.41")).await;
    let mut cat = web.command("cat").stdin(true).spawn().await.unwrap();
    assert!(cat.exec().inspect().await.unwrap().running);
    let (mut stdin, mut output) = (cat.stdin.take().unwrap(), cat.output.take().unwrap());
    stdin.write_all(b"one").await.unwrap();
    assert_eq!(&**output.try_next().await.unwrap().unwrap().bytes(), b"one");
    stdin.shutdown().await.unwrap();
    assert_eq!(cat.wait().await.unwrap().code(), Some(0));
    assert_eq!(cat.wait().await.unwrap().code(), Some(0), "the status is kept");

    let echo = web.command("echo").arg("hello").spawn().await.unwrap();
    assert!(echo.stdin.is_none(), "it was not requested");
    assert_eq!(echo.wait_with_output().await.unwrap().stdout_text(), "hello\n");
}

#[tokio::test]
async fn detached_command_is_not_attached() {
    let engine = FakeEngine::new();
    let web = running(&engine.client("1.41")).await;
    let exec = web.command("sleep").arg("1000").detach().await.unwrap();
    assert!(exec.inspect().await.unwrap().running);
    let body = engine.calls_to("container_exec")[0].json().unwrap();
    assert_eq!(body, serde_json::json!({ "Cmd": ["sleep", "1000"] }));
    assert_eq!(engine.calls_to("exec_start")[0].json().unwrap()["Detach"], true);
}

#[tokio::test]
async fn created_exec_can_be_started_later() {
    let engine = FakeEngine::builder().newest_api("1.42").build();
    let docker = engine.client("1.42");
    let web = running(&docker).await;
    let exec = web.create_exec(["echo", "hello"]).await.unwrap();
    assert!(!exec.inspect().await.unwrap().running);
    assert_eq!(exec.start().await.unwrap().output.capture().await.unwrap().stdout_text(), "hello\n");

    let exec = web.command("sleep").arg("1000").tty(true).create().await.unwrap();
    let error = web.create_exec(["true"]).await.unwrap().start().console_size((24, 80)).await.unwrap_err();
    assert!(error.is_bad_request() && error.to_string().contains("no TTY"), "{error}");
    let _session = exec.start().console_size((24, 80)).await.unwrap();
    exec.resize((50, 100)).await.unwrap();
    let call = &engine.calls_to("exec_resize")[0];
    assert_eq!((call.query("h"), call.query("w")), (Some("50".into()), Some("100".into())));

    web.command("true").create().await.unwrap().start_detached().await.unwrap();
    assert!(docker.exec("0".repeat(64)).try_inspect().await.unwrap().is_none());
}

#[tokio::test]
async fn handle_from_an_id_inspects_for_the_tty_unless_it_is_set() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let web = running(&docker).await;
    let id = web.command("echo").arg("a").tty(true).create().await.unwrap().id().to_owned();
    docker.exec(&id).start().await.unwrap();
    assert_eq!(engine.calls_to("exec_inspect").len(), 1);
    let id = web.command("echo").arg("a").tty(true).create().await.unwrap().id().to_owned();
    docker.exec(&id).start().tty(true).await.unwrap();
    assert_eq!(engine.calls_to("exec_inspect").len(), 1);
}

#[tokio::test]
async fn invalid_settings_are_errors_before_anything_is_sent() {
    let engine = FakeEngine::new();
    let web = engine.client("1.41").container("web");
    for error in [
        web.command("ls").env("", "x").output().await.unwrap_err(),
        web.command("ls").env("A=B", "x").status().await.unwrap_err(),
        web.command("ls").input("x").spawn().await.unwrap_err(),
        web.command("ls").input("x").detach().await.unwrap_err(),
        web.command("ls").input("x").create().await.unwrap_err(),
    ] {
        assert!(error.is_bad_request() && error.operation() == Some("container_exec"), "{error}");
    }
    assert!(engine.requests().is_empty(), "{}", engine.transcript());
    let error = engine.client("1.24").container("web").command("ls").env("A", "b").output().await.unwrap_err();
    assert_eq!((error.is_unsupported(), error.required_version()), (true, Some(ApiVersion::new(1, 25))));
}

#[tokio::test]
async fn time_limit_applies_to_the_whole_command() {
    let engine = FakeEngine::new();
    let web = running(&engine.client("1.41")).await;
    let error = web.command("sleep").arg("1000").output().time_limit(Duration::from_millis(50)).await.unwrap_err();
    assert!(error.is_timeout() && error.operation() == Some("exec_start"), "{error}");
    engine.expect(Call::to("container_exec").fails(409, "container web is paused"));
    assert!(web.command("ls").status().await.unwrap_err().is_conflict());
}
