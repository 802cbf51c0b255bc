//! Container methods.

use std::{collections::HashMap, time::Duration};

use dockerclient::{
    ApiVersion, LogOutput, TerminalSize,
    containers::{ContainerStatus, ListContainers, ReadLogs, Signal, Start, Stop},
    models::{ChangeKind, ContainerConfig, HostConfig, PortBinding, RestartPolicy, Ulimit},
};

use crate::{
    engine::{Engine, short, version},
    rejections::Rejected,
};

/// A stop timeout that the containers of these tests never reach.
const SECOND: Duration = Duration::from_secs(1);

/// Collects logs into stdout (or TTY output) and stderr.
async fn output(logs: ReadLogs) -> (String, String) {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut logs = logs.await.unwrap();
    while let Some(output) = logs.try_next().await.unwrap() {
        match output {
            LogOutput::Stdout(bytes) | LogOutput::Tty(bytes) => stdout.extend_from_slice(&bytes),
            LogOutput::Stderr(bytes) => stderr.extend_from_slice(&bytes),
            LogOutput::Stdin(_) => panic!("unexpected stdin"),
        }
    }
    (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn container_lifecycle() {
    let engine = Engine::under_test().await;
    let container = engine.create("echo out; echo err >&2; exit 7").await;
    let created = container.inspect().await.unwrap();
    assert_eq!(created.id, container.id());
    assert_eq!((created.state.running, created.state.word()), (false, "exited"));
    assert!(!container.is_running().await.unwrap());
    assert!(["busybox", "busybox:latest"].contains(&short(&created.config.image)));

    assert_eq!(container.start().await.unwrap(), Start::Started);
    assert_eq!(output(container.logs().follow(true)).await, ("out\n".to_owned(), "err\n".to_owned()));
    let exit = container.wait().await.unwrap();
    assert_eq!((exit.code(), exit.success()), (Some(7), false));

    let state = container.inspect().await.unwrap().state;
    assert!(state.started_at.is_some());
    let described = state.describe(state.finished_at.unwrap());
    assert_eq!(described, "Exited (7) Less than a second ago");

    container.remove().await.unwrap();
    assert!(container.inspect().await.unwrap_err().is_not_found());
    assert_eq!(container.try_inspect().await.unwrap(), None);
    assert!(!container.exists().await.unwrap());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn start_and_stop_twice_return_an_outcome() {
    let engine = Engine::under_test().await;
    let container = engine.create("trap 'exit 0' TERM; echo up; while true; do sleep 0.05; done").await;
    assert_eq!(container.start().await.unwrap(), Start::Started);
    // Until its trap is set, the shell ignores SIGTERM and would be killed.
    container.wait_until_logged("up").await.unwrap();
    assert_eq!(container.start().await.unwrap(), Start::AlreadyRunning);
    assert_eq!(container.stop().timeout(Duration::from_secs(10)).await.unwrap(), Stop::Stopped);
    assert_eq!(container.stop().await.unwrap(), Stop::AlreadyStopped);
    assert_eq!(container.wait().await.unwrap().code(), Some(0));
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn methods_of_a_missing_container_return_not_found() {
    let engine = Engine::under_test().await;
    let ghost = engine.container("ghost");
    let mut errors = vec![
        ghost.inspect().await.unwrap_err(),
        ghost.top().await.unwrap_err(),
        ghost.start().await.unwrap_err(),
        ghost.stop().timeout(SECOND).await.unwrap_err(),
        ghost.restart().timeout(SECOND).await.unwrap_err(),
        ghost.kill().signal(Signal::TERM).await.unwrap_err(),
        ghost.pause().await.unwrap_err(),
        ghost.unpause().await.unwrap_err(),
        ghost.resize(TerminalSize { rows: 24, columns: 80 }).await.unwrap_err(),
        ghost.wait().await.unwrap_err(),
        ghost.remove().await.unwrap_err(),
        ghost.logs().await.unwrap_err(),
        ghost.create_exec(["true"]).await.unwrap_err(),
        ghost.command("true").output().await.unwrap_err(),
        ghost.is_running().await.unwrap_err(),
        ghost.port(80).await.unwrap_err(),
        ghost.commit().await.unwrap_err(),
    ];
    if version() >= ApiVersion::new(1, 17) {
        errors.push(ghost.rename("another").await.unwrap_err());
    }
    for error in errors {
        assert!(error.is_not_found(), "{error}");
        assert!(error.message().is_some_and(|message| message.contains("ghost")), "{error}");
    }
    engine.assert_rejected(Rejected::ChangesOfMissingContainer, ghost.changes().await).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn create_with_a_taken_name_is_rejected() {
    let engine = Engine::under_test().await;
    let create = engine.containers().create("busybox").cmd(["true"]).name(engine.name("taken"));
    let first = create.clone().await.unwrap();
    assert_eq!(first.warnings, Vec::<String>::new());
    let error = create.await.unwrap_err();
    assert_eq!(error.operation(), Some("container_create"));
    engine.assert_rejected(Rejected::TakenName, Err::<(), _>(error)).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn create_with_missing_image_or_invalid_name_fails() {
    let engine = Engine::under_test().await;
    let error = engine.containers().create("acme/nowhere").cmd(["true"]).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let invalid = engine.containers().create("busybox").cmd(["true"]).name("a b").await;
    engine.assert_rejected(Rejected::InvalidName, invalid).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn inspect_reports_the_host_config_of_create() {
    let engine = Engine::under_test().await;
    let mut host = HostConfig {
        binds: vec!["/tmp:/host:ro".into()],
        port_bindings: HashMap::from([("80/tcp".into(), vec![PortBinding::default()])]),
        restart_policy: RestartPolicy::on_failure(2),
        cap_drop: vec!["MKNOD".into()],
        extra_hosts: vec!["db:10.0.0.1".into()],
        ..Default::default()
    };
    if version() >= ApiVersion::new(1, 18) {
        host.memory = 64 << 20;
        host.ulimits = vec![Ulimit { name: "nofile".into(), soft: 1024, hard: 2048 }];
    }
    let config = ContainerConfig {
        cmd: vec!["sleep".into(), "10".into()],
        exposed_ports: ["80/tcp".to_owned(), "443/tcp".to_owned()].into(),
        volumes: ["/data".to_owned()].into(),
        env: vec!["NAME=value with spaces".into()],
        ..Default::default()
    };
    let create = engine.containers().create("busybox").config(config.clone()).host_config(host.clone());
    let container = create.name(engine.name("host")).await.unwrap();
    container.start().await.unwrap();

    let seen = container.inspect().await.unwrap();
    // Some engines add variables.
    assert!(seen.config.env.contains(&config.env[0]), "{:?}", seen.config.env);
    assert_eq!(seen.config.exposed_ports, config.exposed_ports);
    assert_eq!(seen.host_config.binds, host.binds);
    assert_eq!(seen.host_config.restart_policy, host.restart_policy);
    assert_eq!(seen.host_config.cap_drop, host.cap_drop);
    assert_eq!(seen.host_config.memory, host.memory);
    assert_eq!(seen.host_config.ulimits, host.ulimits);
    if version() < ApiVersion::new(1, 20) {
        assert!(!seen.volumes_rw["/host"]);
        assert!(seen.volumes["/data"].starts_with('/'));
    } else {
        let mount = |path: &str| seen.mounts.iter().find(|mount| mount.destination == path).unwrap();
        assert!(!mount("/host").rw);
        assert!(mount("/data").source.starts_with('/'));
    }
    let ports = seen.network_settings.ports;
    assert!(ports["80/tcp"][0].host_port.parse::<u16>().unwrap() > 0);
    assert_eq!(ports["443/tcp"], [], "exposed and not published: null on the wire");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn start_with_host_config_replaces_that_of_create() {
    let engine = Engine::under_test().await;
    let container = engine.create_with("sleep 10", |create| create.bind("/tmp", "/created")).await;
    container.start().await.unwrap();
    assert_eq!(container.inspect().await.unwrap().host_config.binds, ["/tmp:/created"]);

    container.kill().signal(Signal::KILL).await.unwrap();
    let host = HostConfig { binds: vec!["/tmp:/started".into()], ..Default::default() };
    let outcome = container.start().host_config(host).await;
    if version() >= ApiVersion::new(1, 24) {
        let error = outcome.unwrap_err();
        assert!(
            error.is_unsupported() && error.to_string().ends_with("give the host configuration to create"),
            "{error}"
        );
        return;
    }
    assert_eq!(outcome.unwrap(), Start::Started);
    assert_eq!(container.inspect().await.unwrap().host_config.binds, ["/tmp:/started"]);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn start_with_a_missing_command_is_rejected() {
    let engine = Engine::under_test().await;
    let container = engine.create_with("", |create| create.cmd(["/no/such/command"]));
    let error = container.await.start().await.unwrap_err();
    assert!(error.message().unwrap().contains("/no/such/command"), "{error}");
    engine.assert_rejected(Rejected::MissingProgram, Err::<(), _>(error)).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn top_resize_pause_unpause_and_kill() {
    let engine = Engine::under_test().await;
    let container = engine.create_with("sleep 100", |create| create.tty(true)).await;
    engine.assert_rejected(Rejected::ContainerNotRunning, container.top().await).await;
    let resized = container.resize(TerminalSize { rows: 24, columns: 80 }).await;
    engine.assert_rejected(Rejected::ResizeNotRunning, resized).await;
    engine.assert_rejected(Rejected::PauseNotRunning, container.pause().await).await;
    container.start().await.unwrap();

    let top = container.top().await.unwrap();
    let command = top.titles.iter().position(|title| title == "CMD").unwrap();
    assert!(top.processes.iter().any(|process| process[command].contains("sleep 100")));
    assert_eq!(container.top().ps_args("-o pid,comm").await.unwrap().titles, ["PID", "COMMAND"]);
    assert_eq!(container.top().ps_args("-zz").await.unwrap_err().status(), Some(500));

    container.resize(TerminalSize { rows: 40, columns: 120 }).await.unwrap();
    container.pause().await.unwrap();
    assert_eq!(container.inspect().await.unwrap().state.word(), "paused");
    engine.assert_rejected(Rejected::PauseNotRunning, container.pause().await).await;
    container.unpause().await.unwrap();
    assert_eq!(container.unpause().await.unwrap_err().status(), Some(500));

    engine.assert_rejected(Rejected::InvalidSignal, container.kill().signal("SIGNONSENSE").await).await;
    container.kill().signal(9).await.unwrap();
    assert_eq!(container.wait().await.unwrap().code(), Some(137));
    let again = container.kill().signal(Signal::KILL).await;
    assert_eq!(again.is_err_and(|error| error.is_conflict()), version() >= ApiVersion::new(1, 20));
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn remove_of_a_running_container_requires_force() {
    let engine = Engine::under_test().await;
    let container = engine.running().await;
    engine.assert_rejected(Rejected::RemoveRunning, container.remove().await).await;
    container.restart().timeout(SECOND).await.unwrap();
    assert!(container.inspect().await.unwrap().state.running);
    container.remove().force(true).volumes(true).await.unwrap();
    assert!(container.remove().await.unwrap_err().is_not_found());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn changes_are_listed_or_an_empty_list() {
    let engine = Engine::under_test().await;
    let container = engine.create("touch /new; rm /etc/group; echo >> /etc/passwd").await;
    assert_eq!(container.changes().await.unwrap(), [], "null on the wire");
    container.start().await.unwrap();
    container.wait().await.unwrap();
    let mut changes = container.changes().await.unwrap();
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    let changes: Vec<(&str, ChangeKind)> = changes.iter().map(|change| (&*change.path, change.kind)).collect();
    assert_eq!(
        changes,
        [
            ("/etc", ChangeKind::Modified),
            ("/etc/group", ChangeKind::Deleted),
            ("/etc/passwd", ChangeKind::Modified),
            ("/new", ChangeKind::Added)
        ]
    );
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn list_containers_applies_filters() {
    let engine = Engine::under_test().await;
    let list = || engine.containers().list();
    let ids = async |list: ListContainers| {
        let listed = list.await.unwrap();
        listed.into_iter().map(|container| container.id).collect::<Vec<_>>()
    };
    let (first, second) = (engine.running().await, engine.create("exit 3").await);
    second.start().await.unwrap();
    second.wait().await.unwrap();
    let (first, second) = (first.id().to_owned(), second.id().to_owned());

    // Docker 26 responds to `wait` slightly before its lists show the exit.
    while !ids(list().all(true).exited(3)).await.contains(&second) {}
    let running = ids(list()).await;
    assert!(running.contains(&first) && !running.contains(&second));
    let all = ids(list().all(true)).await;
    assert!(all.contains(&first) && all.contains(&second));
    assert!(!ids(list().all(true).status(ContainerStatus::Exited)).await.contains(&first));
    // Podman returns none if another test removes that container in the meantime.
    let limited = loop {
        let limited = ids(list().limit(1)).await;
        if !limited.is_empty() {
            break limited;
        }
    };
    assert_eq!(limited.len(), 1);
    assert!(ids(list().all(true).since(&first)).await.contains(&second));
    let before = ids(list().all(true).before(&second)).await;
    assert!(before.contains(&first) && !before.contains(&second));

    // Engines report no size of containers that are being removed, for example by other tests.
    let sized = engine.containers().list().all(true).size(true).await.unwrap();
    let own = sized.iter().filter(|container| [&first, &second].contains(&&container.id));
    assert!(own.clone().count() == 2 && own.clone().all(|container| container.size_root_fs.is_some()), "{sized:?}");
    let unknown = engine.containers().list().filter("nonsense", "1").await;
    engine.assert_rejected(Rejected::UnknownFilter, unknown).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn newer_list_filters_work_since_their_version() {
    let engine = Engine::under_test().await;
    let container = engine
        .create_with("true", |create| match version() < ApiVersion::new(1, 18) {
            true => create,
            false => create.label("app", "a \"quoted\" name"),
        })
        .await;
    let name = container.inspect().await.unwrap().name;
    let by_name = engine.containers().list().all(true).name(&name).await;
    let by_label = engine.containers().list().all(true).label("app=a \"quoted\" name").await;
    for (outcome, since) in [(by_name, ApiVersion::new(1, 16)), (by_label, ApiVersion::new(1, 18))] {
        if version() < since {
            let error = outcome.unwrap_err();
            assert_eq!((error.required_version(), error.negotiated_version()), (Some(since), Some(version())));
        } else {
            let listed = outcome.unwrap();
            assert_eq!((listed.len(), &*listed[0].id), (1, container.id()));
        }
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn rename_container_since_api_1_17() {
    let engine = Engine::under_test().await;
    let (container, other) = (engine.create("true").await, engine.create("true").await);
    let name = engine.name("renamed");
    let outcome = container.rename(&name).await;
    if version() < ApiVersion::new(1, 17) {
        let error = outcome.unwrap_err();
        assert!(error.is_unsupported());
        assert_eq!(error.operation(), Some("container_rename"));
        return;
    }
    outcome.unwrap();
    assert_eq!(engine.container(&name).inspect().await.unwrap().id, container.id());
    engine.assert_rejected(Rejected::TakenName, other.rename(&name).await).await;
    engine.assert_rejected(Rejected::InvalidName, other.rename("a b").await).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn logs_are_demultiplexed_unless_tty() {
    let engine = Engine::under_test().await;
    let container = engine.create("echo 1; echo 2 >&2; echo 3; printf '\\001\\000\\000\\000 end'").await;
    container.start().await.unwrap();
    container.wait().await.unwrap();
    let logs = || container.logs();
    assert_eq!(output(logs()).await, ("1\n3\n\u{1}\0\0\0 end".to_owned(), "2\n".to_owned()));
    assert_eq!(output(logs().stdout(false)).await, (String::new(), "2\n".to_owned()));
    assert_eq!(output(logs().stderr(false).tail(1)).await.1, "");
    assert_eq!(output(logs().tail(0)).await, (String::new(), String::new()));
    let (stdout, _) = output(logs().timestamps(true)).await;
    let first = stdout.lines().next().unwrap().split_once(' ').unwrap();
    assert!(first.0.parse::<dockerclient::Timestamp>().is_ok() && first.1 == "1", "{first:?}");

    let tty = engine.create_with("printf '\\001\\000\\000\\000'; echo out", |create| create.tty(true)).await;
    tty.start().await.unwrap();
    tty.wait().await.unwrap();
    let (stdout, _) = output(tty.logs()).await;
    assert_eq!(stdout, "\u{1}\0\0\0out\r\n");
}
