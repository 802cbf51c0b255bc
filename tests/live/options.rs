//! Options that came after API 1.18, on a real engine: they do what they say, or are refused.

use dockerclient::{
    ApiVersion, Error, Timestamp,
    containers::{CreateOptions, ListOptions, LogsOptions, StopOptions},
    exec::ExecOptions,
    images::{self, DistributionOptions, ImportOptions, PushOptions, SearchOptions, TagOptions},
    models::{HostConfig, LogConfig},
    system::EventsOptions,
};
use futures_util::TryStreamExt as _;

use crate::{
    engine::{Engine, in_turn, known_since, shell, version},
    registry::Registry,
    transfers::{archive, registry},
};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_command_runs_as_it_is_told() {
    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let container = engine.direct().container(container.id());
    let printed = async |options: ExecOptions| {
        let outcome = container.exec(&options).await;
        outcome.map(|outcome| String::from_utf8(outcome.output.stdout).unwrap())
    };
    let shell = |script| ExecOptions::new(["sh", "-c", script]);
    if let Some(printed) = known_since(19, printed(shell("id -u").user("7")).await) {
        assert_eq!(printed, "7\n");
    }
    let rights = "grep CapEff /proc/self/status";
    if let Some(privileged) = known_since(21, printed(shell(rights).privileged()).await) {
        assert_ne!(privileged, printed(shell(rights)).await.unwrap());
    }
    if let Some(printed) = known_since(25, printed(shell("echo $A$B").env("A", "1").env("B", "2 3")).await) {
        assert_eq!(printed, "12 3\n");
    }
    if let Some(printed) = known_since(35, printed(shell("pwd").working_dir("/etc")).await) {
        assert_eq!(printed, "/etc\n");
    }
    known_since(22, printed(shell("true").detach_keys("ctrl-x")).await);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn logs_end_when_they_are_told_and_say_more() {
    let engine = Engine::under_test().await;
    let mut config = shell("echo early; sleep 1.2; echo late");
    config.env = vec!["GREETING=hello".into()];
    let mut options = CreateOptions::new(config).name(engine.name("logs"));
    if version() >= ApiVersion::new(1, 18) {
        let log_config =
            LogConfig { type_: "json-file".into(), config: [("env".to_owned(), "GREETING".to_owned())].into() };
        options = options.host_config(HostConfig { log_config, ..Default::default() });
    }
    let container = engine.containers().create(&options).await.unwrap().container;
    container.start().await.unwrap();
    container.wait().await.unwrap();
    let texts = async |options: LogsOptions| {
        let lines = container.logs(&options).await?.lines();
        let lines: Vec<_> = lines.try_collect().await?;
        Ok(lines.iter().map(|line| line.text().into_owned()).collect::<Vec<_>>())
    };
    if let Some(lines) = known_since(23, texts(LogsOptions::default().details()).await) {
        assert_eq!(lines, ["GREETING=hello early", "GREETING=hello late"]);
    }
    let finished = container.inspect().await.unwrap().state.finished().unwrap();
    let before = Timestamp::from_unix_nanoseconds(i64::try_from(finished.unix_nanoseconds()).unwrap() - 600_000_000);
    if let Some(lines) = known_since(35, texts(LogsOptions::default().until(before)).await) {
        assert_eq!(lines, ["early"]);
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn containers_are_measured_found_and_made_for_a_platform() {
    let engine = Engine::under_test().await;
    let container = engine.create("echo content > /file").await;
    container.start().await.unwrap();
    container.wait().await.unwrap();
    if let Some(seen) = known_since(21, container.inspect_with_size().await) {
        assert!(seen.size_root_fs > seen.size_rw && seen.size_rw > Some(0));
    }
    assert_eq!(container.inspect().await.unwrap().size_rw, None);
    let found = async |options: ListOptions| {
        let listed = engine.containers().list(&options.all()).await;
        listed.map(|listed| listed.iter().any(|listed| listed.id == container.id()))
    };
    assert_ne!(known_since(23, found(ListOptions::default().ancestor("busybox")).await), Some(false));
    assert_ne!(known_since(24, found(ListOptions::default().network("bridge")).await), Some(false));
    assert_ne!(known_since(25, found(ListOptions::default().health("none")).await), Some(false));
    assert_ne!(known_since(28, found(ListOptions::default().publish("80/tcp")).await), Some(true));
    let elsewhere = CreateOptions::new(shell("true")).platform("linux/s390x");
    let outcome = engine.containers().create(&elsewhere).await.map(drop);
    let refused = |error: Error| if error.is_not_found() { Ok(()) } else { Err(error) };
    known_since(41, outcome.or_else(refused));
    let stopped = container.stop(&StopOptions::default().signal("INT")).await;
    known_since(42, stopped);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn searches_lists_and_imports_take_more() {
    let engine = Engine::under_test().await;
    let registry = Registry::open().await;
    let term = format!("{}/web", registry.address());
    let found = async |options: SearchOptions| {
        Ok(engine.images().search(&term, &options).await?.into_iter().map(|found| found.name).collect::<Vec<_>>())
    };
    if let Some(found) = known_since(24, found(SearchOptions::default().stars(7).limit(5)).await) {
        assert_eq!(found, ["acme/web"]);
    }
    for narrow in [SearchOptions::default().stars(8), SearchOptions::default().official(true)] {
        if let Some(found) = known_since(24, found(narrow).await) {
            assert_eq!(found, [""; 0]);
        }
    }

    let busybox = engine.image("busybox").inspect().await.unwrap().id;
    let newer = images::ListOptions::default().since("busybox");
    if let Some(listed) = known_since(24, engine.images().list(&newer).await) {
        assert!(listed.iter().all(|image| image.id != busybox));
    }
    known_since(42, engine.images().list(&images::ListOptions::default().shared_size()).await);

    let file_system = || archive(&[("hello", "hello")]);
    let options = ImportOptions::default().message("as found");
    if let Some(id) = known_since(39, engine.images().import(file_system(), &options).await) {
        engine.remove_later(format!("/images/{id}?force=1"));
        assert_eq!(engine.image(&id).inspect().await.unwrap().comment, "as found");
    }
    let options = ImportOptions::default().platform("linux/arm/v7");
    if let Some(id) = known_since(32, engine.images().import(file_system(), &options).await) {
        engine.remove_later(format!("/images/{id}?force=1"));
        // This engine takes the operating system from it, newer ones all of it.
        assert_eq!(engine.image(&id).inspect().await.unwrap().os, "linux");
    }
    let image = engine.image("busybox");
    known_since(48, image.inspect_with_manifests().await);
    known_since(49, image.inspect_on("linux/amd64").await);
    known_since(48, image.history_on("linux/amd64").await);
    known_since(48, image.save_on(["linux/amd64"]).await);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn registries_are_asked_about_images() {
    let engine = Engine::under_test().await;
    let repository = format!("{}/acme/{}", registry(), engine.name("asked"));
    engine.image("busybox").tag(&TagOptions::new(&repository)).await.unwrap();
    engine.remove_later(format!("/images/{repository}?force=1"));
    let image = engine.image(&repository);
    let pushed = image.push(&PushOptions::default()).await.unwrap();
    let Some(told) = known_since(30, image.distribution(&DistributionOptions::default()).await) else { return };
    assert_eq!(told.descriptor.digest, pushed[0].digest);
    let ghost = engine.image(format!("{}/acme/ghost", registry()));
    assert!(ghost.distribution(&DistributionOptions::default()).await.unwrap_err().status().is_some());
    known_since(55, image.attestations(&Default::default()).await);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn what_builds_have_kept_is_removed() {
    let engine = Engine::under_test().await;
    let nobody = images::BuildPruneOptions::default().filter("id", "nobody").reserved_space(1 << 40);
    known_since(39, in_turn(async || engine.images().prune_build_cache(&nobody).await).await);
    let plain = images::BuildPruneOptions::default();
    known_since(31, in_turn(async || engine.images().prune_build_cache(&plain).await).await);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn events_are_told_by_kind_and_label() {
    let engine = Engine::under_test().await;
    let label = engine.name("label");
    let container = engine
        .create_with("true", |mut config| {
            if version() >= ApiVersion::new(1, 18) {
                config.labels.insert(label.clone(), String::new());
            }
            config
        })
        .await;
    let begin = Timestamp::now();
    container.start().await.unwrap();
    container.wait().await.unwrap();
    let until = Timestamp::now();
    let told = async |options: EventsOptions| {
        let events = engine.events(&options.since(begin).until(until)).await?;
        let events: Vec<_> = events.try_collect().await?;
        Ok(events.into_iter().filter(|event| event.id == container.id()).map(|event| event.action).collect::<Vec<_>>())
    };
    if let Some(actions) = known_since(21, told(EventsOptions::default().label(&*label)).await) {
        assert!(actions.contains(&"die".to_owned()), "{actions:?}");
    }
    if let Some(actions) = known_since(22, told(EventsOptions::default().kind("network")).await) {
        assert_eq!(actions, [""; 0]);
    }
}
