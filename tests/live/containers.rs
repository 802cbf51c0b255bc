//! Containers, on a real engine.

use std::{collections::HashMap, time::Duration};

use dockerclient::{
    ApiVersion, Output, TerminalSize,
    containers::{
        Container, ContainerStatus, CreateOptions, ListOptions, LogsOptions, RemoveOptions, Signal, Start, Stop,
        StopOptions,
    },
    images::CommitOptions,
    models::{ContainerConfig, ExecConfig, HostConfig, PortBinding, RestartPolicy, Ulimit},
};
use futures_util::TryStreamExt as _;

use crate::engine::{Engine, shell, short, version};

fn with_terminal(mut config: ContainerConfig) -> ContainerConfig {
    config.tty = true;
    config
}

/// Ends at once when stopped.
fn at_once() -> StopOptions {
    StopOptions::default().timeout(Duration::from_secs(1))
}

/// What the container wrote, stdout and stderr told apart.
async fn output(container: &Container, options: &LogsOptions) -> (String, String) {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut logs = container.logs(options).await.unwrap();
    while let Some(output) = logs.try_next().await.unwrap() {
        match output {
            Output::Stdout(bytes) | Output::Terminal(bytes) => stdout.extend_from_slice(&bytes),
            Output::Stderr(bytes) => stderr.extend_from_slice(&bytes),
            Output::Stdin(_) => panic!("nobody typed anything"),
        }
    }
    (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_container_lives_from_creation_to_removal() {
    let engine = Engine::under_test().await;
    let container = engine.create("echo out; echo err >&2; exit 7").await;
    let created = container.inspect().await.unwrap();
    assert_eq!(created.id, container.id());
    assert_eq!((created.state.running, created.state.word()), (false, "exited"));
    assert!(["busybox", "busybox:latest"].contains(&short(&created.config.image)));

    assert_eq!(container.start().await.unwrap(), Start::Started);
    let follow = LogsOptions::default().follow();
    assert_eq!(output(&container, &follow).await, ("out\n".to_owned(), "err\n".to_owned()));
    let exit = container.wait().await.unwrap();
    assert_eq!((exit.code, exit.success()), (7, false));

    let state = container.inspect().await.unwrap().state;
    assert!(state.started().is_some() && state.finished().is_some());
    let described = state.describe(state.finished().unwrap());
    assert_eq!(described, "Exited (7) Less than a second ago");

    container.remove(&RemoveOptions::default()).await.unwrap();
    assert!(container.inspect().await.unwrap_err().is_not_found());
    assert_eq!(container.find().await.unwrap(), None);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn starting_or_stopping_twice_is_an_outcome() {
    let engine = Engine::under_test().await;
    let container = engine.create("trap 'exit 0' TERM; echo up; while true; do sleep 0.05; done").await;
    assert_eq!(container.start().await.unwrap(), Start::Started);
    // Before its trap is set it is deaf, and would be killed.
    container.wait_until_logged("up").await.unwrap();
    assert_eq!(container.start().await.unwrap(), Start::AlreadyRunning);
    assert_eq!(container.stop(&StopOptions::default()).await.unwrap(), Stop::Stopped);
    assert_eq!(container.stop(&StopOptions::default()).await.unwrap(), Stop::AlreadyStopped);
    assert_eq!(container.wait().await.unwrap().code, 0);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_container_that_is_not_there_is_not_found_by_any_call() {
    let engine = Engine::under_test().await;
    let ghost = engine.container("ghost");
    let mut errors = vec![
        ghost.inspect().await.unwrap_err(),
        ghost.top(None).await.unwrap_err(),
        ghost.changes().await.unwrap_err(),
        ghost.start().await.unwrap_err(),
        ghost.stop(&at_once()).await.unwrap_err(),
        ghost.restart(&at_once()).await.unwrap_err(),
        ghost.kill(Signal::TERM).await.unwrap_err(),
        ghost.pause().await.unwrap_err(),
        ghost.unpause().await.unwrap_err(),
        ghost.resize(TerminalSize { rows: 24, columns: 80 }).await.unwrap_err(),
        ghost.wait().await.unwrap_err(),
        ghost.remove(&RemoveOptions::default()).await.unwrap_err(),
        ghost.logs(&LogsOptions::default()).await.unwrap_err(),
        ghost.create_exec(&ExecConfig { cmd: vec!["true".into()], ..Default::default() }).await.unwrap_err(),
        engine.images().commit("ghost", &CommitOptions::default()).await.unwrap_err(),
    ];
    if version() >= ApiVersion::new(1, 17) {
        errors.push(ghost.rename("another").await.unwrap_err());
    }
    for error in errors {
        assert!(error.is_not_found(), "{error}");
        assert!(error.message().is_some_and(|message| message.contains("ghost")), "{error}");
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_name_that_is_taken_is_a_conflict() {
    let engine = Engine::under_test().await;
    let options = CreateOptions::new(shell("true")).name(engine.name("taken"));
    let first = engine.containers().create(&options).await.unwrap();
    assert_eq!(first.warnings, Vec::<String>::new());
    let error = engine.containers().create(&options).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    assert_eq!(error.operation(), Some("container_create"));
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_container_of_no_image_or_of_bad_options_is_not_created() {
    let engine = Engine::under_test().await;
    let mut config = shell("true");
    config.image = "acme/nowhere".into();
    let error = engine.containers().create(&CreateOptions::new(config)).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let error = engine.containers().create(&CreateOptions::new(shell("true")).name("a b")).await.unwrap_err();
    assert!(error.is_bad_request(), "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn what_a_container_gets_of_its_host_arrives() {
    let engine = Engine::under_test().await;
    let mut host = HostConfig {
        binds: vec!["/tmp:/host:ro".into()],
        port_bindings: HashMap::from([("80/tcp".into(), vec![PortBinding::default()])]),
        restart_policy: RestartPolicy { name: "on-failure".into(), maximum_retry_count: 2 },
        cap_drop: vec!["MKNOD".into()],
        extra_hosts: vec!["db:10.0.0.1".into()],
        ..Default::default()
    };
    if version() >= ApiVersion::new(1, 18) {
        host.memory = 64 << 20;
        host.ulimits = vec![Ulimit { name: "nofile".into(), soft: 1024, hard: 2048 }];
    }
    let mut config = shell("sleep 10");
    config.exposed_ports = ["80/tcp".to_owned(), "443/tcp".to_owned()].into();
    config.volumes = ["/data".to_owned()].into();
    config.env = vec!["NAME=value with spaces".into()];
    let options = CreateOptions::new(config.clone()).host_config(host.clone()).name(engine.name("host"));
    let container = engine.containers().create(&options).await.unwrap().container;
    container.start().await.unwrap();

    let seen = container.inspect().await.unwrap();
    assert_eq!(seen.config.env, config.env);
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
async fn a_host_config_at_the_start_replaces_the_one_of_the_creation_and_an_empty_one_does_not() {
    let engine = Engine::under_test().await;
    let options = CreateOptions::new(shell("sleep 10"))
        .name(engine.name("start"))
        .host_config(HostConfig { binds: vec!["/tmp:/created".into()], ..Default::default() });
    let container = engine.containers().create(&options).await.unwrap().container;
    container.start().await.unwrap();
    assert_eq!(container.inspect().await.unwrap().host_config.binds, ["/tmp:/created"]);

    container.kill(Signal::KILL).await.unwrap();
    let host = HostConfig { binds: vec!["/tmp:/started".into()], ..Default::default() };
    let outcome = container.start_with(&host).await;
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
async fn a_command_that_does_not_exist_cannot_be_started() {
    let engine = Engine::under_test().await;
    let container = engine.create_with("", |mut config| {
        config.cmd = vec!["/no/such/command".into()];
        config
    });
    let error = container.await.start().await.unwrap_err();
    assert!(error.is_bad_request() && error.message().unwrap().contains("/no/such/command"), "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_running_container_is_paused_resized_looked_into_and_killed() {
    let engine = Engine::under_test().await;
    let container = engine.create_with("sleep 100", with_terminal).await;
    assert!(container.top(None).await.unwrap_err().is_conflict());
    assert!(container.resize(TerminalSize { rows: 24, columns: 80 }).await.unwrap_err().is_conflict());
    assert!(container.pause().await.unwrap_err().is_conflict());
    container.start().await.unwrap();

    let top = container.top(None).await.unwrap();
    let command = top.titles.iter().position(|title| title == "CMD").unwrap();
    assert!(top.processes.iter().any(|process| process[command].contains("sleep 100")));
    assert_eq!(container.top(Some("-o pid,comm")).await.unwrap().titles, ["PID", "COMMAND"]);
    assert_eq!(container.top(Some("-zz")).await.unwrap_err().status(), Some(500));

    container.resize(TerminalSize { rows: 40, columns: 120 }).await.unwrap();
    container.pause().await.unwrap();
    assert_eq!(container.inspect().await.unwrap().state.word(), "paused");
    assert!(container.pause().await.unwrap_err().is_conflict());
    container.unpause().await.unwrap();
    assert_eq!(container.unpause().await.unwrap_err().status(), Some(500));

    assert!(container.kill("SIGNONSENSE").await.unwrap_err().is_bad_request());
    container.kill(9).await.unwrap();
    assert_eq!(container.wait().await.unwrap().code, 137);
    let again = container.kill(Signal::KILL).await;
    assert_eq!(again.is_err_and(|error| error.is_conflict()), version() >= ApiVersion::new(1, 20));
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_running_container_is_not_removed_unless_forced() {
    let engine = Engine::under_test().await;
    let container = engine.running().await;
    assert!(container.remove(&RemoveOptions::default()).await.unwrap_err().is_conflict());
    container.restart(&at_once()).await.unwrap();
    assert!(container.inspect().await.unwrap().state.running);
    container.remove(&RemoveOptions::default().force().volumes()).await.unwrap();
    assert!(container.remove(&RemoveOptions::default()).await.unwrap_err().is_not_found());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn changes_are_listed_and_none_is_an_empty_list() {
    let engine = Engine::under_test().await;
    let container = engine.create("touch /new; rm /etc/group; echo >> /etc/passwd").await;
    assert_eq!(container.changes().await.unwrap(), [], "null on the wire");
    container.start().await.unwrap();
    container.wait().await.unwrap();
    let mut changes = container.changes().await.unwrap();
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    let changes: Vec<(&str, i64)> = changes.iter().map(|change| (&*change.path, change.kind)).collect();
    assert_eq!(changes, [("/etc", 0), ("/etc/group", 2), ("/etc/passwd", 0), ("/new", 1)]);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn lists_show_what_is_asked_for() {
    let engine = Engine::under_test().await;
    let list = async |options: ListOptions| {
        let listed = engine.containers().list(&options).await.unwrap();
        listed.into_iter().map(|container| container.id).collect::<Vec<_>>()
    };
    let (first, second) = (engine.running().await, engine.create("exit 3").await);
    second.start().await.unwrap();
    second.wait().await.unwrap();
    let (first, second) = (first.id().to_owned(), second.id().to_owned());

    // Engine 26 answers waits a little before its lists tell the same.
    while !list(ListOptions::default().all().exited(3)).await.contains(&second) {}
    let running = list(ListOptions::default()).await;
    assert!(running.contains(&first) && !running.contains(&second));
    let all = list(ListOptions::default().all()).await;
    assert!(all.contains(&first) && all.contains(&second));
    assert!(!list(ListOptions::default().all().status(ContainerStatus::Exited)).await.contains(&first));
    assert_eq!(list(ListOptions::default().limit(1)).await.len(), 1);
    assert!(list(ListOptions::default().all().since(&first)).await.contains(&second));
    let before = list(ListOptions::default().all().before(&second)).await;
    assert!(before.contains(&first) && !before.contains(&second));

    let sized = engine.containers().list(&ListOptions::default().all().size()).await.unwrap();
    assert!(sized.iter().all(|container| container.size_root_fs.is_some()));
    let error = engine.containers().list(&ListOptions::default().filter("nonsense", "1")).await.unwrap_err();
    assert!(error.is_bad_request(), "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn filters_that_came_later_work_from_then_on() {
    let engine = Engine::under_test().await;
    let container = engine
        .create_with("true", |mut config| {
            if version() >= ApiVersion::new(1, 18) {
                config.labels.insert("app".into(), "a \"quoted\" name".into());
            }
            config
        })
        .await;
    let name = container.inspect().await.unwrap().name;
    let by_name = engine.containers().list(&ListOptions::default().all().name(&name)).await;
    let by_label = engine.containers().list(&ListOptions::default().all().label("app=a \"quoted\" name")).await;
    for (outcome, since) in [(by_name, ApiVersion::new(1, 16)), (by_label, ApiVersion::new(1, 18))] {
        if version() < since {
            let error = outcome.unwrap_err();
            assert_eq!((error.needed_version(), error.spoken_version()), (Some(since), Some(version())));
        } else {
            let listed = outcome.unwrap();
            assert_eq!((listed.len(), &*listed[0].id), (1, container.id()));
        }
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_container_is_renamed_where_the_api_knows_how() {
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
    assert!(other.rename(&name).await.unwrap_err().is_conflict());
    assert!(other.rename("a b").await.unwrap_err().is_bad_request());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn logs_tell_streams_apart_and_terminals_from_them() {
    let engine = Engine::under_test().await;
    let container = engine.create("echo 1; echo 2 >&2; echo 3; printf '\\001\\000\\000\\000 end'").await;
    container.start().await.unwrap();
    container.wait().await.unwrap();
    let logs = LogsOptions::default();
    assert_eq!(output(&container, &logs).await, ("1\n3\n\u{1}\0\0\0 end".to_owned(), "2\n".to_owned()));
    assert_eq!(output(&container, &logs.clone().only_stderr()).await, (String::new(), "2\n".to_owned()));
    assert_eq!(output(&container, &logs.clone().only_stdout().tail(1)).await.1, "");
    assert_eq!(output(&container, &logs.clone().tail(0)).await, (String::new(), String::new()));
    let (stdout, _) = output(&container, &logs.timestamps()).await;
    let first = stdout.lines().next().unwrap().split_once(' ').unwrap();
    assert!(first.0.parse::<dockerclient::Timestamp>().is_ok() && first.1 == "1", "{first:?}");

    let terminal = engine.create_with("printf '\\001\\000\\000\\000'; echo out", with_terminal).await;
    terminal.start().await.unwrap();
    terminal.wait().await.unwrap();
    let (stdout, _) = output(&terminal, &LogsOptions::default()).await;
    assert_eq!(stdout, "\u{1}\0\0\0out\r\n");
}
