//! Snapshots of the requests that calls send.

use std::time::Duration;

use dockerclient::{
    TerminalSize, Timestamp,
    containers::Signal,
    models::{AuthConfig, ContainerConfig, HostConfig, PortBinding},
};
use dockerclient_testkit::{FakeEngine, Response};
use insta::assert_snapshot;

/// An engine that responds to every request with an empty result.
fn engine_with_empty_results() -> FakeEngine {
    FakeEngine::scripted(|request| match &*request.line {
        line if line.contains("/json?") || line.contains("/search") => Response::json(200, "[]"),
        line if line.starts_with("DELETE /v1.18/images") => Response::json(200, "[]"),
        line if line.ends_with("/exec") || line.contains("/commit") || line.contains("/create") => {
            Response::json(201, r#"{"Id":"f43c"}"#)
        }
        line if line.ends_with("/wait") => Response::json(200, r#"{"StatusCode":0}"#),
        line if line.contains("/auth") => Response::empty(204),
        line if line.ends_with("/json") => Response::json(200, r#"{"Id":"f43c"}"#),
        line if line.starts_with("GET") && !line.contains("/logs") => Response::json(200, "{}"),
        _ => Response::empty(200),
    })
}

#[tokio::test]
async fn container_requests() {
    let engine = engine_with_empty_results();
    let docker = engine.client("1.18");
    docker.containers().list().all(true).size(true).limit(3).since("a b").label("k=v&w").await.unwrap();
    let container = docker.container("/web/a?b#c d");
    container.inspect().await.unwrap();
    container.top().ps_args("-o pid").await.unwrap();
    let _ = container.logs().follow(true).timestamps(true).tail(0).stdout(false).await.unwrap();
    container.resize(TerminalSize { rows: 24, columns: 80 }).await.unwrap();
    container.start().await.unwrap();
    container.stop().await.unwrap();
    container.restart().timeout(Duration::ZERO).await.unwrap();
    container.kill().signal(Signal::TERM).await.unwrap();
    container.rename("n&w").await.unwrap();
    container.pause().await.unwrap();
    container.unpause().await.unwrap();
    container.wait().await.unwrap();
    container.remove().force(true).volumes(true).link(true).await.unwrap();
    assert_snapshot!(engine.request_lines());
}

/// The requests of a stop without options, which may inspect the container first, and of a restart without a timeout.
async fn stop_requests(version: &str, container: &'static str) -> String {
    let engine = FakeEngine::scripted(move |request| match &*request.line {
        line if line.ends_with("/json") => Response::json(200, container),
        _ => Response::empty(204),
    });
    let web = engine.client(version).container("web");
    web.stop().await.unwrap();
    web.restart().no_timeout().await.unwrap();
    engine.request_lines()
}

#[tokio::test]
async fn stop_sends_no_timeout_unless_set() {
    assert_snapshot!(stop_requests("1.19", r#"{"Id":"f43c"}"#).await, @"
    POST /v1.19/containers/web/stop
    POST /v1.19/containers/web/restart?t=-1
    ");
}

/// Docker before 1.7 kills the container immediately if no timeout is sent.
#[tokio::test]
async fn stop_sends_the_containers_timeout_below_1_19() {
    assert_snapshot!(stop_requests("1.18", r#"{"Id":"f43c"}"#).await, @"
    GET /v1.18/containers/web/json
    POST /v1.18/containers/web/stop?t=10
    POST /v1.18/containers/web/restart?t=-1
    ");
    assert_snapshot!(stop_requests("1.18", r#"{"Id":"f43c","Config":{"StopTimeout":60}}"#).await, @"
    GET /v1.18/containers/web/json
    POST /v1.18/containers/web/stop?t=60
    POST /v1.18/containers/web/restart?t=-1
    ");
}

#[tokio::test]
async fn image_requests() {
    let engine = engine_with_empty_results();
    let docker = engine.client("1.18");
    docker.images().list().all(true).name("acme/*").dangling(false).await.unwrap();
    docker.images().search("reg.example:5000/web server").await.unwrap();
    let commit = docker.container("web").commit().name("acme/web:1").comment("as found").author("us").pause(false);
    commit.change("EXPOSE 80").change("CMD [\"sh\"]").await.unwrap();
    let image = docker.image("reg.example:5000/acme/web@sha256:00");
    image.inspect().await.unwrap();
    image.tag("acme/web:2").force(true).await.unwrap();
    image.remove().force(true).no_prune(true).await.unwrap();
    assert_snapshot!(engine.request_lines());
}

#[tokio::test]
async fn exec_and_system_requests() {
    let engine = engine_with_empty_results();
    let docker = engine.client("1.18");
    let exec = docker.container("web").command("ls").create().await.unwrap();
    exec.start_detached().await.unwrap();
    exec.resize(TerminalSize { rows: 24, columns: 80 }).await.unwrap();
    docker.ping().await.unwrap();
    docker.info().await.unwrap();
    docker.auth(AuthConfig::default()).await.unwrap();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let events = docker.events().since(at("1970-01-01T00:00:01.9Z")).until(at("1970-01-01T00:00:02.1Z"));
    let _ = events.container("web").image("busybox").action("die").await.unwrap();
    assert_snapshot!(engine.request_lines());
}

#[tokio::test]
async fn request_body_contains_only_set_fields() {
    let engine = engine_with_empty_results();
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
    let create = docker.containers().create("busybox").config(config).host_config(host_config.clone());
    create.name("w&b").await.unwrap();
    docker.container("web").start().await.unwrap();
    docker.container("web").start().host_config(host_config).await.unwrap();
    docker.container("web").commit().await.unwrap();
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

/// Proxies and engines may misinterpret other headers.
#[tokio::test]
async fn request_headers() {
    let engine = engine_with_empty_results();
    engine.client("1.18").container("web").start().await.unwrap();
    let headers = engine.requests()[0].headers.join("\n");
    assert_snapshot!(headers.replace(env!("CARGO_PKG_VERSION"), "[version]"));
}

#[tokio::test]
async fn connections_are_reused() {
    let engine = engine_with_empty_results();
    let docker = engine.client("1.18");
    for _ in 0..5 {
        docker.clone().info().await.unwrap();
    }
    assert_eq!((engine.requests().len(), engine.connections_opened()), (5, 1));
}
