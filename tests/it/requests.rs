//! What each call puts on the wire, to read.

use std::time::Duration;

use dockerclient::{
    TerminalSize, Timestamp,
    containers::{self, CreateOptions, LogsOptions, RemoveOptions, Signal, StopOptions},
    images::{self, CommitOptions, SearchOptions, TagOptions},
    models::{AuthConfig, ContainerConfig, ExecConfig, HostConfig, PortBinding},
    system::EventsOptions,
};
use dockerclient_testkit::{Engine, Reply};
use insta::assert_snapshot;

/// An engine that has nothing to say.
fn quiet() -> Engine {
    Engine::answering(|request| match &*request.line {
        line if line.contains("/json?") || line.contains("/search") => Reply::json(200, "[]"),
        line if line.starts_with("DELETE /v1.18/images") => Reply::json(200, "[]"),
        line if line.ends_with("/exec") || line.contains("/commit") || line.contains("/create") => {
            Reply::json(201, r#"{"Id":"f43c"}"#)
        }
        line if line.ends_with("/wait") => Reply::json(200, r#"{"StatusCode":0}"#),
        line if line.contains("/auth") => Reply::empty(204),
        line if line.ends_with("/json") => Reply::json(200, r#"{"Id":"f43c"}"#),
        line if line.starts_with("GET") && !line.contains("/logs") => Reply::json(200, "{}"),
        _ => Reply::empty(200),
    })
}

#[tokio::test]
async fn calls_on_containers() {
    let engine = quiet();
    let docker = engine.client("1.18");
    let options = containers::ListOptions::default().all().size().limit(3).since("a b").label("k=v&w");
    docker.containers().list(&options).await.unwrap();
    let container = docker.container("/web/a?b#c d");
    container.inspect().await.unwrap();
    container.top(Some("-o pid")).await.unwrap();
    let _ = container.logs(&LogsOptions::default().follow().timestamps().tail(0).only_stderr()).await.unwrap();
    container.resize(TerminalSize { rows: 24, columns: 80 }).await.unwrap();
    container.start().await.unwrap();
    container.stop(&StopOptions::default()).await.unwrap();
    container.restart(&StopOptions::default().timeout(Duration::ZERO)).await.unwrap();
    container.kill(Signal::TERM).await.unwrap();
    container.rename("n&w").await.unwrap();
    container.pause().await.unwrap();
    container.unpause().await.unwrap();
    container.wait().await.unwrap();
    container.remove(&RemoveOptions::default().force().volumes().link()).await.unwrap();
    assert_snapshot!(engine.lines());
}

#[tokio::test]
async fn calls_on_images() {
    let engine = quiet();
    let docker = engine.client("1.18");
    let options = images::ListOptions::default().all().name("acme/*").dangling(false);
    docker.images().list(&options).await.unwrap();
    docker.images().search("reg.example:5000/web server", &SearchOptions::default()).await.unwrap();
    let commit = CommitOptions::default()
        .repository("acme/web")
        .tag("1")
        .comment("as found")
        .author("us")
        .without_pause()
        .change("EXPOSE 80")
        .change("CMD [\"sh\"]");
    docker.images().commit("web", &commit).await.unwrap();
    let image = docker.image("reg.example:5000/acme/web@sha256:00");
    image.inspect().await.unwrap();
    image.tag(&TagOptions::new("acme/web").tag("2").force()).await.unwrap();
    image.remove(&images::RemoveOptions::default().force().keep_parents()).await.unwrap();
    assert_snapshot!(engine.lines());
}

#[tokio::test]
async fn calls_on_commands_and_the_engine() {
    let engine = quiet();
    let docker = engine.client("1.18");
    let command = ExecConfig { cmd: vec!["ls".into()], ..Default::default() };
    let exec = docker.container("web").create_exec(&command).await.unwrap();
    exec.start_detached().await.unwrap();
    exec.resize(TerminalSize { rows: 24, columns: 80 }).await.unwrap();
    docker.ping().await.unwrap();
    docker.info().await.unwrap();
    docker.auth(&AuthConfig::default()).await.unwrap();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let events = EventsOptions::default().since(at("1970-01-01T00:00:01.9Z")).until(at("1970-01-01T00:00:02.1Z"));
    let _ = docker.events(&events.container("web").image("busybox").action("die")).await.unwrap();
    assert_snapshot!(engine.lines());
}

#[tokio::test]
async fn only_what_was_said_stands_in_a_body() {
    let engine = quiet();
    let docker = engine.client("1.18");
    let mut config = ContainerConfig {
        image: "busybox".into(),
        cmd: vec!["echo".into(), "<&>".into()],
        tty: true,
        entrypoint: Some(vec![]),
        exposed_ports: ["80/tcp".to_owned()].into(),
        ..Default::default()
    };
    config.labels.insert("app".into(), "web".into());
    let mut host_config = HostConfig { memory: 1 << 20, ..Default::default() };
    host_config
        .port_bindings
        .insert("80/tcp".into(), vec![PortBinding { host_port: "8080".into(), ..Default::default() }]);
    let options = CreateOptions::new(config).host_config(host_config.clone()).name("w&b");
    docker.containers().create(&options).await.unwrap();
    docker.container("web").start().await.unwrap();
    docker.container("web").start_with(&host_config).await.unwrap();
    docker.images().commit("web", &CommitOptions::default()).await.unwrap();
    docker.exec("f43c").start_detached().await.unwrap();
    let sent: Vec<String> = engine
        .requests()
        .into_iter()
        .map(|request| {
            let kind = request.headers.iter().find(|header| header.starts_with("content-type")).cloned();
            format!("{}\n{}\n{}", request.line, kind.unwrap_or_default(), request.body)
        })
        .collect();
    assert_snapshot!(sent.join("\n\n"));
}

/// Proxies and engines guess at what they do not know.
#[tokio::test]
async fn headers_are_the_ones_an_engine_expects() {
    let engine = quiet();
    engine.client("1.18").container("web").start().await.unwrap();
    let headers = engine.requests()[0].headers.join("\n");
    assert_snapshot!(headers.replace(env!("CARGO_PKG_VERSION"), "[version]"));
}

#[tokio::test]
async fn connections_are_kept_and_used_again() {
    let engine = quiet();
    let docker = engine.client("1.18");
    for _ in 0..5 {
        docker.clone().info().await.unwrap();
    }
    assert_eq!((engine.requests().len(), engine.opened()), (5, 1));
}
