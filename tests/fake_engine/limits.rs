//! Time limits: the phases that they cover, and limits of `None` and `Duration::MAX`.

use std::time::Duration;

use dockerclient::{ApiVersion, DockerClient};
use dockerclient_testkit::{FakeEngine, Latch, Response};
use futures_util::StreamExt as _;
use tokio::time::timeout;

const SOON: Duration = Duration::from_millis(20);

/// The engine starts each response and never ends it, so each call and each stream waits.
#[tokio::test]
async fn every_limit_can_be_none_or_duration_max() {
    let engine = FakeEngine::scripted(|request| match request.line.ends_with("/containers/web/json") {
        true => Response::json(200, r#"{"Id":"f43c"}"#),
        false => Response::raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n ").then_stall(),
    });
    for limit in [None, Some(Duration::MAX)] {
        let builder = DockerClient::builder().api_version("1.41".parse().unwrap()).credential_helper_timeout(limit);
        let builder = builder.connect_timeout(limit).response_timeout(limit).read_timeout(limit);
        let docker = engine.client_with(builder.max_connections(limit.map(|_| usize::MAX)));
        let web = docker.container("web");
        assert!(timeout(SOON, docker.info().send()).await.is_err());
        let mut events = docker.events().await.unwrap().read_timeout(limit);
        assert!(timeout(SOON, events.next()).await.is_err());
        let mut stats = web.stats().await.unwrap().read_timeout(limit);
        assert!(timeout(SOON, stats.next()).await.is_err());
        let logs = web.logs().await.unwrap().read_timeout(limit);
        assert!(timeout(SOON, logs.lines().next()).await.is_err());
        let pull = docker.image("busybox").pull().progress().await.unwrap().read_timeout(limit);
        assert!(timeout(SOON, pull.finish()).await.is_err());
        let mut export = web.export().await.unwrap().read_timeout(limit);
        assert!(timeout(SOON, async { while export.next().await.is_some() {} }).await.is_err());
    }
}

/// Among many concurrent calls, the name identifies the one that took too long.
#[tokio::test]
async fn time_limit_error_names_the_object() {
    let engine = FakeEngine::scripted(|_| Response::never());
    let docker = engine.client("1.41");
    let web = docker.container("web");
    for error in [
        web.stop().time_limit(SOON).await.unwrap_err(),
        web.wait_until_listening(80).time_limit(SOON).await.unwrap_err(),
        web.command("ls").output().time_limit(SOON).await.unwrap_err(),
        docker.image("web").push().time_limit(SOON).await.unwrap_err(),
        docker.volume("web").remove().time_limit(SOON).await.unwrap_err(),
        docker.service("web").scale(2).time_limit(SOON).await.unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(error.is_timeout() && text.contains(" web: ") && text.contains("time_limit"), "{text}");
    }
    assert!(timeout(SOON, web.stop().time_limit(Duration::MAX).send()).await.is_err(), "there is no limit");
}

#[tokio::test(start_paused = true)]
async fn client_with_other_limits_shares_connections_and_version() {
    let engine = FakeEngine::scripted(|request| match request.path() {
        "/version" => Response::json(200, r#"{"ApiVersion":"1.41","MinAPIVersion":"1.12"}"#),
        "/info" => Response::never(),
        _ => Response::json(200, "[]"),
    });
    let docker = engine.client_with(DockerClient::builder().anonymous());
    docker.containers().list().await.unwrap();
    let impatient = docker.with_limits(|limits| limits.response_timeout(SOON).connect_timeout(None));
    assert!(impatient.info().await.unwrap_err().is_timeout());
    assert!(timeout(10 * SOON, docker.info().send()).await.is_err(), "the limit of the first client is another one");
    impatient.containers().list().await.unwrap();
    assert_eq!(engine.request_lines().matches("/version").count(), 1);
    assert!(engine.connections_opened() <= 3, "{}", engine.connections_opened());
    let small = docker.with_limits(|limits| limits.max_response_size(1).max_item_size(1).read_timeout(None));
    assert!(small.containers().list().await.unwrap_err().is_decode());
    assert!(docker != impatient && impatient == impatient.clone());
}

/// Some releases of Podman send the response headers of events with the first event, at any API version.
#[tokio::test]
async fn response_timeout_does_not_apply_to_slow_operations() {
    let latch = Latch::new();
    let engine = FakeEngine::scripted({
        let latch = latch.clone();
        move |request| match request.line.ends_with("/json") {
            true => Response::json(200, r#"{"Id":"f43c"}"#),
            false => Response::json(201, r#"{"Id":"f43c"}"#).waits_for(&latch),
        }
    });
    let docker = engine.client_with(DockerClient::builder().api_version(ApiVersion::NEWEST).response_timeout(SOON));
    let (containers, web) = (docker.containers(), docker.container("web"));
    let (events, create) = (docker.events().send(), containers.create("busybox").send());
    let late = async { tokio::join!(events, create, web.start().send(), web.export().send()) };
    let open = async {
        tokio::time::sleep(4 * SOON).await;
        latch.open();
    };
    let ((events, create, start, export), ()) = tokio::join!(late, open);
    drop((events.unwrap(), create.unwrap(), start.unwrap(), export.unwrap()));
}

#[tokio::test]
async fn time_limit_does_not_end_a_started_stream() {
    let (sender, _) = tokio::sync::broadcast::channel(1);
    let engine = FakeEngine::scripted({
        let sender = sender.clone();
        move |_| Response::raw("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").then_stream(&sender)
    });
    let docker = engine.client("1.41");
    let mut events = docker.events().time_limit(SOON).await.unwrap();
    assert!(timeout(3 * SOON, events.next()).await.is_err());
    sender.send(r#"{"Type":"container","Action":"start","Actor":{"ID":"f43c"},"time":1}"#.to_owned()).unwrap();
    assert_eq!(events.next().await.unwrap().unwrap().action, "start");
}
