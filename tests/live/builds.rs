//! Options of image builds.

use std::{net::Ipv4Addr, time::Duration};

use dockerclient::{
    ApiVersion, Result,
    images::{BuildImage, HostAddress, ProgressItem},
    models::ImageInspect,
};
use tokio::{sync::RwLock, time::timeout};

use crate::{
    engine::{Engine, lacks_step_output, retry_while_busy, short, supported_since, version},
    transfers::archive,
};

/// Tests that build with BuildKit or prune its cache hold the read lock; tests that expect cached steps hold the write lock,
/// because engines drop results while they run other builds.
pub(crate) static BUILDS: RwLock<()> = RwLock::const_new(());

/// Settings of a build.
type Settings = fn(BuildImage) -> BuildImage;

/// Returns the output of a build. The image is removed when the test ends.
async fn printed(engine: &Engine, dockerfile: &str, set: Settings) -> Result<String> {
    let printed = printed_once(engine, dockerfile, set).await?;
    if lacks_step_output(&printed) { printed_once(engine, dockerfile, set).await } else { Ok(printed) }
}

async fn printed_once(engine: &Engine, dockerfile: &str, set: Settings) -> Result<String> {
    let build = engine.images().build(archive(&[("Dockerfile", dockerfile)])).no_cache(true).force_rm(true);
    let mut progress = set(build).progress().await?;
    let mut printed = String::new();
    while let Some(item) = progress.try_next().await? {
        if let ProgressItem::Output(text) = item {
            printed += &text;
        }
    }
    let image = progress.finish().await?;
    engine.remove_later(format!("/images/{}?force=1", image.name()));
    Ok(printed)
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn build_options_apply_to_steps() {
    const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 1, 2, 3);
    let engine = Engine::under_test().await;
    let step = |command: &str| format!("FROM busybox\nARG GREETING=none\nRUN {command}\n");
    let quarter: Settings = |build| build.cpu_quota(Duration::from_millis(25)).cpu_period(Duration::from_millis(100));
    let rows: [(u16, &str, Settings, &str); 9] = [
        (19, "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us", quarter, "\n25000\n"),
        (19, "cat /sys/fs/cgroup/cpuset/cpuset.mems", |build| build.cpuset_mems("0"), "\n0\n"),
        (21, "echo $GREETING", |build| build.build_arg("GREETING", "hello"), "\nhello\n"),
        (20, "ulimit -n", |build| build.ulimit("nofile", 123, 456), "\n123\n"),
        (21, "echo $GREETING", |build| build.build_arg_without_value("GREETING"), "\nnone\n"),
        (22, "df -k /dev/shm", |build| build.shm_size("1m"), " 1024 "),
        (25, "ls /sys/class/net", |build| build.network("none"), "\nlo\n"),
        (28, "cat /etc/hosts", |build| build.add_host("db", ADDRESS).add_host("cache", ADDRESS), "10.1.2.3\tcache"),
        (
            41,
            "grep -E '^[0-9.:a-f]+.gateway' /etc/hosts",
            |build| build.add_host("gateway", HostAddress::HostGateway),
            "\tgateway",
        ),
    ];
    for (since, command, set, expected) in rows {
        if let Some(printed) = supported_since(since, printed(&engine, &step(command), set).await) {
            assert!(printed.contains(expected), "{command}: {printed}");
        }
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn build_tag_label_target_and_platform_apply_to_the_image() {
    let engine = Engine::under_test().await;
    let dockerfile = "FROM busybox AS base\nENV STAGE=base\nFROM base\nENV STAGE=last\n";
    let build = || {
        let build = engine.images().build(archive(&[("Dockerfile", dockerfile)]));
        build.force_rm(true).no_cache(true)
    };
    let built = async |build: BuildImage| -> Result<ImageInspect> {
        let image = build.await?;
        engine.remove_later(format!("/images/{}?force=1", image.name()));
        image.inspect().await
    };
    let name = engine.name("named");
    let named = build().tag(format!("{name}:1")).tag(format!("{name}:2"));
    if let Some(image) = supported_since(21, built(named).await) {
        let mut names: Vec<&str> = image.repo_tags.iter().map(|name| short(name)).collect();
        names.sort_unstable();
        assert_eq!(names, [format!("{name}:1"), format!("{name}:2")]);
    }
    if let Some(image) = supported_since(23, built(build().label("app", "web")).await) {
        assert_eq!(image.config.unwrap().labels["app"], "web");
    }
    if let Some(image) = supported_since(29, built(build().target("base")).await) {
        assert!(image.config.unwrap().env.contains(&"STAGE=base".to_owned()));
    }
    if let Some(image) = supported_since(34, built(build().platform("linux/amd64")).await) {
        assert_eq!(image.os, "linux");
    }
    supported_since(25, built(build().cache_from("busybox")).await);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn cancel_build_ends_the_build_with_an_error() {
    let engine = Engine::under_test().await;
    let id = engine.name("build");
    let cancel = || engine.images().cancel_build(&*id);
    // There is no such build yet, which is not an error.
    let Some(()) = supported_since(38, cancel().await) else { return };
    // The proxy does not support sessions.
    let build = engine.direct().images().build(archive(&[("Dockerfile", "FROM busybox\nRUN sleep 600\n")]));
    let build = build.build_kit(true).build_id(&*id).no_cache(true).network("none");
    let mut progress = build.progress().await.unwrap();
    // Engines register a build before they report progress.
    assert!(progress.try_next().await.unwrap().is_some());
    cancel().await.unwrap();
    let failure = async {
        while progress.try_next().await?.is_some() {}
        Ok(())
    };
    let failure: Result<()> = timeout(Duration::from_secs(60), failure).await.unwrap();
    let error = failure.unwrap_err();
    assert!(error.is_operation_failed(), "{error}");
    assert!(error.message().is_some_and(|message| message.to_lowercase().contains("cancel")), "{error}");
}

/// The steps copy files, so that the cache has records with parents.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn build_cache_records_have_parents() {
    let engine = Engine::under_test().await;
    let content = engine.name("cached");
    let files =
        [("Dockerfile", "FROM busybox\nCOPY one /one\nCOPY two /two\n"), ("one", &*content), ("two", &*content)];
    let built = engine.direct().images().build(archive(&files)).build_kit(true).await;
    let Some(image) = supported_since(38, built) else { return };
    engine.remove_later(format!("/images/{}?force=1", image.name()));
    let usage = retry_while_busy(async || engine.disk_usage().await).await.unwrap();
    if version() >= ApiVersion::new(1, 39) {
        let records = usage.build_cache_usage.unwrap().items;
        // Engines since 23.0 report parents only in the form of API 1.42.
        let newest = engine.version().await.unwrap().api_version.parse::<ApiVersion>().unwrap();
        if version() < ApiVersion::new(1, 42) && newest >= ApiVersion::new(1, 42) {
            return;
        }
        let is_record = |id: &String| records.iter().any(|record| record.id == *id);
        let mut built_on = records.iter().flat_map(|record| record.parents.iter().chain([&record.parent]));
        assert!(built_on.any(is_record), "{records:?}");
    }
}
