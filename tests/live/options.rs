//! Options that were added after API 1.18: they take effect, or are rejected below their version.

use std::time::Duration;

use dockerclient::{
    ApiVersion, Error, Line, Timestamp,
    containers::{ListContainers, ReadLogs},
    exec::Command,
    images::SearchImages,
    system::ReadEvents,
};
use futures_util::TryStreamExt as _;

use crate::{
    builds::BUILDS,
    engine::{Engine, retry_while_busy, supported_since, version},
    registry::Registry,
    transfers::{archive, registry},
};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn exec_options_apply_to_the_command() {
    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let container = engine.direct().container(container.id());
    let printed = async |command: Command| {
        let output = command.output().await;
        output.map(|output| output.stdout_text().into_owned())
    };
    let shell = |script| container.command("sh").args(["-c", script]);
    if let Some(printed) = supported_since(19, printed(shell("id -u").user("7")).await) {
        assert_eq!(printed, "7\n");
    }
    let capabilities = "grep CapEff /proc/self/status";
    if let Some(privileged) = supported_since(21, printed(shell(capabilities).privileged(true)).await) {
        assert_ne!(privileged, printed(shell(capabilities)).await.unwrap());
    }
    if let Some(printed) = supported_since(25, printed(shell("echo $A$B").env("A", "1").env("B", "2 3")).await) {
        assert_eq!(printed, "12 3\n");
    }
    if let Some(printed) = supported_since(35, printed(shell("pwd").current_dir("/etc")).await) {
        assert_eq!(printed, "/etc\n");
    }
    supported_since(22, printed(shell("true").detach_keys("ctrl-x")).await);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn logs_until_and_details() {
    let engine = Engine::under_test().await;
    let container = engine
        .create_with("echo early; sleep 1.2; echo late", |create| {
            let create = create.env("GREETING", "hello");
            match version() < ApiVersion::new(1, 18) {
                true => create,
                false => create.log_driver("json-file").log_opt("env", "GREETING"),
            }
        })
        .await;
    container.start().await.unwrap();
    container.wait().await.unwrap();
    let texts = async |logs: ReadLogs| {
        let lines: Vec<_> = logs.await?.lines().try_collect().await?;
        let text = |line: &Line| format!("{} {}", line.details, line.text()).trim_start().to_owned();
        Ok(lines.iter().map(text).collect::<Vec<_>>())
    };
    if let Some(lines) = supported_since(24, texts(container.logs().details(true)).await) {
        assert_eq!(lines, ["GREETING=hello early", "GREETING=hello late"]);
    }
    let finished = container.inspect().await.unwrap().state.finished_at.unwrap();
    let before = finished - Duration::from_millis(600);
    if let Some(lines) = supported_since(35, texts(container.logs().until(before)).await) {
        assert_eq!(lines, ["early"]);
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn inspect_size_list_filters_and_create_platform() {
    let engine = Engine::under_test().await;
    let container = engine.create("echo content > /file").await;
    container.start().await.unwrap();
    container.wait().await.unwrap();
    if let Some(seen) = supported_since(21, container.inspect().size(true).await) {
        assert!(seen.size_root_fs > seen.size_rw && seen.size_rw > Some(0));
    }
    assert_eq!(container.inspect().await.unwrap().size_rw, None);
    let list = || engine.containers().list().all(true);
    let found = async |list: ListContainers| {
        let listed = list.await;
        listed.map(|listed| listed.iter().any(|listed| listed.id == container.id()))
    };
    assert_ne!(supported_since(21, found(list().ancestor("busybox")).await), Some(false));
    assert_ne!(supported_since(24, found(list().network("bridge")).await), Some(false));
    assert_ne!(supported_since(25, found(list().health("none")).await), Some(false));
    assert_ne!(supported_since(28, found(list().publish("80/tcp")).await), Some(true));
    let elsewhere = engine.containers().create("busybox").cmd(["true"]).platform("linux/s390x");
    let outcome = elsewhere.await.map(drop);
    let ignore_not_found = |error: Error| if error.is_not_found() { Ok(()) } else { Err(error) };
    supported_since(41, outcome.or_else(ignore_not_found));
    let stopped = container.stop().signal("INT").await;
    supported_since(42, stopped);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn search_list_and_import_options() {
    let engine = Engine::under_test().await;
    let registry = Registry::open().await;
    let term = format!("{}/web", registry.address());
    let search = || engine.images().search(&term);
    let found = async |search: SearchImages| Ok(search.await?.into_iter().map(|found| found.name).collect::<Vec<_>>());
    if let Some(found) = supported_since(24, found(search().stars(7).limit(5)).await) {
        assert_eq!(found, ["acme/web"]);
    }
    for search in [search().stars(8), search().official(true)] {
        if let Some(found) = supported_since(24, found(search).await) {
            assert_eq!(found, [""; 0]);
        }
    }

    let busybox = engine.image("busybox").inspect().await.unwrap().id;
    if let Some(listed) = supported_since(24, engine.images().list().since("busybox").await) {
        assert!(listed.iter().all(|image| image.id != busybox));
    }
    supported_since(42, engine.images().list().shared_size(true).await);

    let file_system = || archive(&[("hello", "hello")]);
    if let Some(image) = supported_since(21, engine.images().import(file_system()).message("as found").await) {
        engine.remove_later(format!("/images/{}?force=1", image.name()));
        assert_eq!(image.inspect().await.unwrap().comment, "as found");
    }
    if let Some(image) = supported_since(34, engine.images().import(file_system()).platform("linux/arm/v7").await) {
        engine.remove_later(format!("/images/{}?force=1", image.name()));
        // Docker 20.10 uses the operating system only; newer engines use the whole platform.
        assert_eq!(image.inspect().await.unwrap().os, "linux");
    }
    let image = engine.image("busybox");
    supported_since(48, image.inspect().manifests(true).await);
    supported_since(49, image.inspect().platform("linux/amd64").await);
    supported_since(48, image.history().platform("linux/amd64").await);
    supported_since(48, image.save().platform("linux/amd64").await);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn distribution_returns_the_pushed_digest() {
    let engine = Engine::under_test().await;
    let repository = format!("{}/acme/{}", registry(), engine.name("requested"));
    let image = engine.image("busybox").tag(&repository).await.unwrap();
    engine.remove_later(format!("/images/{repository}?force=1"));
    let pushed = image.push().await.unwrap();
    let Some(distribution) = supported_since(30, image.distribution().await) else { return };
    assert_eq!(distribution.descriptor.digest, pushed[0].digest);
    let ghost = engine.image(format!("{}/acme/ghost", registry()));
    assert!(ghost.distribution().await.unwrap_err().status().is_some());
    supported_since(55, image.attestations().await);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn prune_build_cache_accepts_filters() {
    let engine = Engine::under_test().await;
    let _lock = BUILDS.read().await;
    let prune = || engine.images().prune_build_cache();
    let unmatched = || prune().filter("id", "missing").reserved_space("1t");
    supported_since(39, retry_while_busy(async || unmatched().await).await);
    supported_since(31, retry_while_busy(async || prune().await).await);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn events_are_filtered_by_kind_and_label() {
    let engine = Engine::under_test().await;
    let label = engine.name("label");
    let container = engine
        .create_with("true", |create| match version() < ApiVersion::new(1, 18) {
            true => create,
            false => create.label(&*label, ""),
        })
        .await;
    let begin = Timestamp::now();
    container.start().await.unwrap();
    engine.exit_event(&container, begin).await;
    let until = Timestamp::now();
    let events = || engine.events().since(begin).until(until);
    let actions = async |events: ReadEvents| {
        let events: Vec<_> = events.await?.try_collect().await?;
        Ok(events.into_iter().filter(|event| event.id == container.id()).map(|event| event.action).collect::<Vec<_>>())
    };
    if let Some(actions) = supported_since(21, actions(events().label(&*label)).await) {
        assert!(actions.contains(&"die".to_owned()), "{actions:?}");
    }
    if let Some(actions) = supported_since(22, actions(events().kind("network")).await) {
        assert_eq!(actions, [""; 0]);
    }
}
