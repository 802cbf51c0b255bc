//! Decoding of times, states and durations, and models that are encoded as the engine encodes them.

use std::time::Duration;

use dockerclient::{
    ApiVersion, Timestamp,
    containers::ContainerStatus,
    models::{
        self, ContainerInspect, ContainerSummary, ExecInspect, HealthStatus, Healthcheck, HistoryItem, ImageInspect,
        ImageSummary, Info, Model, Network, StopTimeout, Version, Volume, VolumeList,
    },
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::engine::{Engine, version};

fn supports(minor: u16) -> bool {
    version() >= ApiVersion::new(1, minor)
}

/// Returns a response as JSON, without decoding it into a model.
async fn raw(engine: &Engine, path: &str) -> Value {
    engine.get(path).await.unwrap().json().await.unwrap()
}

fn time(value: &Value) -> Option<Timestamp> {
    Some(value.as_str()?.parse().unwrap())
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn container_times_and_states_match_the_response() {
    let engine = Engine::under_test().await;
    // The engine's clock may differ slightly, and some engines report whole seconds.
    let began = Timestamp::now() - Duration::from_secs(2);
    let container = engine.create("sleep 1000").await;
    let path = format!("/containers/{}/json", container.id());
    let listed = async || {
        let listed = engine.containers().list().all(true).await.unwrap();
        listed.into_iter().find(|listed| listed.id == container.id()).unwrap()
    };

    let (seen, sent) = (container.inspect().await.unwrap(), raw(&engine, &path).await);
    assert_eq!(seen.created, time(&sent["Created"]));
    assert!(seen.created.unwrap() >= began);
    assert_eq!((seen.state.started_at, seen.state.finished_at), (None, None), "it was never started");
    assert_eq!(listed().await.container_status(), ContainerStatus::Created);

    container.start().await.unwrap();
    let (seen, sent) = (container.inspect().await.unwrap(), raw(&engine, &path).await);
    assert_eq!(seen.state.started_at, time(&sent["State"]["StartedAt"]));
    assert!(seen.state.started_at.unwrap() >= seen.created.unwrap());
    assert_eq!(seen.state.status.as_ref().map(ContainerStatus::as_str), sent["State"]["Status"].as_str());
    assert!(!supports(21) || seen.state.status == Some(ContainerStatus::Running));
    let summary = listed().await;
    assert_eq!(summary.created.unwrap().unix_seconds(), seen.created.unwrap().unix_seconds());
    assert!(!supports(23) || summary.state == Some(ContainerStatus::Running));
    assert_eq!((summary.container_status(), summary.name()), (ContainerStatus::Running, seen.name()));

    container.pause().await.unwrap();
    assert_eq!(listed().await.container_status(), ContainerStatus::Paused);
    container.unpause().await.unwrap();
    container.kill().await.unwrap();
    container.wait().await.unwrap();
    let (seen, sent) = (container.inspect().await.unwrap(), raw(&engine, &path).await);
    assert_eq!(seen.state.finished_at, time(&sent["State"]["FinishedAt"]));
    assert!(seen.state.finished_at > seen.state.started_at);
    // Docker 26 responds to `wait` slightly before its lists show the exit.
    while listed().await.container_status() != ContainerStatus::Exited {}
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn creation_times_match_the_response() {
    let engine = Engine::under_test().await;
    let image = engine.image("busybox").inspect().await.unwrap();
    assert_eq!(image.created, time(&raw(&engine, "/images/busybox/json").await["Created"]));
    let images = engine.images().list().await.unwrap();
    let listed = images.iter().find(|listed| listed.id == image.id).unwrap();
    assert_eq!(listed.created.unwrap().unix_seconds(), image.created.unwrap().unix_seconds());
    let history = engine.image("busybox").history().await.unwrap();
    let sent = raw(&engine, "/images/busybox/history").await;
    assert_eq!(history[0].created.map(Timestamp::unix_seconds), sent[0]["Created"].as_i64());
    if !supports(21) {
        return;
    }
    let name = engine.name("dated");
    engine.remove_later(format!("/volumes/{name}?force=1"));
    engine.remove_later(format!("/networks/{name}"));
    engine.volumes().create().name(&name).await.unwrap();
    engine.networks().create(&name).await.unwrap();
    let volume = engine.volume(&name).inspect().await.unwrap();
    assert_eq!(volume.created_at, time(&raw(&engine, &format!("/volumes/{name}")).await["CreatedAt"]));
    let network = engine.network(&name).inspect().await.unwrap();
    assert_eq!(network.created, time(&raw(&engine, &format!("/networks/{name}")).await["Created"]));
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn health_and_durations_are_typed() {
    if !supports(25) {
        return;
    }
    let engine = Engine::under_test().await;
    let check = Healthcheck::command(["test", "-e", "/healthy"]).with_interval(Duration::from_millis(150));
    let check = check.with_timeout(Duration::from_secs(30)).with_retries(2);
    let create = |script| {
        let check = check.clone();
        engine.create_with(script, |create| create.healthcheck(check).stop_timeout(Duration::from_secs(7)))
    };
    let healthy = create("touch /healthy; sleep 1000").await;
    let unhealthy = create("sleep 1000").await;
    for container in [&healthy, &unhealthy] {
        container.start().await.unwrap();
    }
    healthy.wait_until_healthy().time_limit(Duration::from_secs(60)).await.unwrap();
    assert!(unhealthy.wait_until_healthy().time_limit(Duration::from_secs(60)).await.unwrap_err().is_wait_failed());
    for (container, status, code) in [(&healthy, HealthStatus::Healthy, 0), (&unhealthy, HealthStatus::Unhealthy, 1)] {
        let seen = container.inspect().await.unwrap();
        let health = seen.state.health.unwrap();
        assert_eq!(health.status, Some(status));
        let last = health.log.last().unwrap();
        assert_eq!(last.exit_code, code);
        assert!(last.start >= seen.state.started_at && last.end >= last.start, "{last:?}");
        assert_eq!(seen.config.healthcheck.as_ref(), Some(&check));
        assert_eq!(seen.config.stop_timeout, Some(StopTimeout::After(Duration::from_secs(7))));
    }
}

/// Returns the fields of `sent` that are missing in `written`, or have another value there.
fn differences(path: &str, sent: &Value, written: &Value) -> Vec<String> {
    match (sent, written) {
        (Value::Object(sent), Value::Object(written)) => {
            let fields = sent.iter().flat_map(|(name, value)| {
                let path = format!("{path}/{name}");
                match written.get(name) {
                    Some(written) => differences(&path, value, written),
                    None => vec![format!("{path} is missing: {value}")],
                }
            });
            fields.collect()
        }
        (Value::Array(sent), Value::Array(written)) if sent.len() == written.len() => {
            let items = sent.iter().zip(written).enumerate();
            items.flat_map(|(index, (sent, written))| differences(&format!("{path}/{index}"), sent, written)).collect()
        }
        (sent, written) if sent == written || (is_empty(sent) && is_empty(written)) => Vec::new(),
        // The same time may be written in several ways.
        (Value::String(sent), Value::String(written)) if is_same_time(sent, written) => Vec::new(),
        _ => vec![format!("{path}: {sent} became {written}")],
    }
}

/// Whether a value is `null`, or a Go zero value.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty() || text == "0001-01-01T00:00:00Z",
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

fn is_same_time(one: &str, other: &str) -> bool {
    let (one, other) = (one.parse::<Timestamp>(), other.parse::<Timestamp>());
    one.is_ok_and(|one| other.is_ok_and(|other| one == other))
}

/// Returns the fields of a response that are lost when it is decoded as a `T` and encoded again.
fn lost<T: Model + DeserializeOwned>(path: &str, sent: &Value, newest: ApiVersion) -> Vec<String> {
    lost_by(&serde_json::from_value::<T>(sent.clone()).unwrap(), path, sent, newest)
}

/// Returns the fields of a response that are lost when `model`, decoded from it, is encoded.
///
/// A field is lost if it is missing in the encodings for all versions from the one under test to the newest of the engine:
/// below its newest version, an engine sends fields of all of them, even empty ones.
fn lost_by<T: Model>(model: &T, path: &str, sent: &Value, newest: ApiVersion) -> Vec<String> {
    let versions = (15..).map(|minor| ApiVersion::new(1, minor)).skip_while(|other| *other < version());
    let lost = versions.take_while(|other| *other <= newest).map(|version| {
        let written = serde_json::to_value(models::complete(model).for_version(version)).unwrap();
        differences(path, sent, &written)
    });
    lost.reduce(|lost, other| lost.into_iter().filter(|field| other.contains(field)).collect()).unwrap()
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn complete_writes_every_field_of_the_response() {
    let engine = Engine::under_test().await;
    let newest: ApiVersion = engine.version().await.unwrap().api_version.parse().unwrap();
    let container = engine
        .create_with("sleep 1000", |create| {
            let create = create.env("A", "b").publish(0, 80).expose("53/udp").bind("/tmp", "/host").memory("64m");
            let create = create.restart("on-failure:2").tty(true).add_host("db", "10.0.0.1");
            match supports(24) {
                true => create.label("app", "web").ulimit("nofile", 1024, 2048).tmpfs("/run").healthcheck("true"),
                false => create,
            }
        })
        .await;
    let path = format!("/containers/{}/json", container.id());
    let (inspected, sent) = (container.inspect().await.unwrap(), raw(&engine, &path).await);
    let mut lost_fields = lost_by(&inspected, "created", &sent, newest);
    container.start().await.unwrap();
    lost_fields.extend(lost::<ContainerInspect>("container", &raw(&engine, &path).await, newest));
    let containers = engine.get("/containers/json").query("all", 1).query("size", 1).await.unwrap();
    let containers: Value = containers.json().await.unwrap();
    lost_fields.extend(lost::<Vec<ContainerSummary>>("containers", &containers, newest));
    lost_fields.extend(lost::<ImageInspect>("image", &raw(&engine, "/images/busybox/json").await, newest));
    lost_fields.extend(lost::<Vec<ImageSummary>>("images", &raw(&engine, "/images/json").await, newest));
    lost_fields.extend(lost::<Vec<HistoryItem>>("history", &raw(&engine, "/images/busybox/history").await, newest));
    lost_fields.extend(lost::<Version>("version", &raw(&engine, "/version").await, newest));
    lost_fields.extend(lost::<Info>("info", &raw(&engine, "/info").await, newest));
    // The models leave out swarm mode.
    lost_fields.retain(|field| !field.starts_with("info/Swarm "));
    if supports(16) {
        let exec = container.create_exec(["true"]).await.unwrap();
        let path = format!("/exec/{}/json", exec.id());
        lost_fields.extend(lost::<ExecInspect>("exec", &raw(&engine, &path).await, newest));
    }
    if supports(21) {
        let name = engine.name("complete");
        engine.remove_later(format!("/volumes/{name}?force=1"));
        let create = engine.volumes().create().name(&name);
        if supports(23) { create.label("app", "web") } else { create }.await.unwrap();
        lost_fields.extend(lost::<Volume>("volume", &raw(&engine, &format!("/volumes/{name}")).await, newest));
        lost_fields.extend(lost::<VolumeList>("volumes", &raw(&engine, "/volumes").await, newest));
        lost_fields.extend(lost::<Network>("network", &raw(&engine, "/networks/bridge").await, newest));
        lost_fields.extend(lost::<Vec<Network>>("networks", &raw(&engine, "/networks").await, newest));
    }
    assert!(lost_fields.is_empty(), "{}", lost_fields.join("\n"));
}
