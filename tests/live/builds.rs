//! Builds that are told more, on a real engine.

use std::net::IpAddr;

use dockerclient::{
    Result,
    images::{BuildOptions, ProgressItem},
    models::Ulimit,
};
use futures_util::TryStreamExt as _;

use crate::{
    engine::{Engine, is_silent, known_since, short},
    transfers::archive,
};

/// What the steps of a build print, without the images of what is built.
async fn printed(engine: &Engine, dockerfile: &str, options: BuildOptions) -> Result<String> {
    let printed = printed_once(engine, dockerfile, options.clone()).await?;
    if is_silent(&printed) { printed_once(engine, dockerfile, options).await } else { Ok(printed) }
}

async fn printed_once(engine: &Engine, dockerfile: &str, options: BuildOptions) -> Result<String> {
    let context = archive(&[("Dockerfile", dockerfile)]);
    let mut progress = engine.images().build_progress(context, &options.no_cache().force_remove()).await?;
    let mut printed = String::new();
    while let Some(item) = progress.try_next().await? {
        if let ProgressItem::Output(text) = item {
            printed += &text;
        }
    }
    let id = progress.finish().await?;
    engine.remove_later(format!("/images/{id}?force=1"));
    Ok(printed)
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn steps_run_as_they_are_told() {
    let engine = Engine::under_test().await;
    let step = |command: &str| format!("FROM busybox\nARG GREETING=none\nRUN {command}\n");
    let printed = async |command: &str, options| printed(&engine, &step(command), options).await;
    let options = BuildOptions::default;
    let address = IpAddr::from([10, 1, 2, 3]);
    let limit = Ulimit { name: "nofile".into(), soft: 123, hard: 456 };
    for (since, command, options, expected) in [
        (19, "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us", options().cpu_quota(25_000, 100_000), "\n25000\n"),
        (19, "cat /sys/fs/cgroup/cpuset/cpuset.mems", options().cpuset_mems("0"), "\n0\n"),
        (21, "echo $GREETING", options().build_arg("GREETING", "hello"), "\nhello\n"),
        (22, "ulimit -n", options().ulimit(limit), "\n123\n"),
        (22, "df -k /dev/shm", options().shm_size(1 << 20), " 1024 "),
        (25, "ls /sys/class/net", options().network_mode("none"), "\nlo\n"),
        (28, "cat /etc/hosts", options().extra_host("db", address).extra_host("cache", address), "10.1.2.3\tcache"),
    ] {
        if let Some(printed) = known_since(since, printed(command, options).await) {
            assert!(printed.contains(expected), "{command}: {printed}");
        }
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn results_are_named_labelled_and_made_of_stages() {
    let engine = Engine::under_test().await;
    let dockerfile = "FROM busybox AS base\nENV STAGE=base\nFROM base\nENV STAGE=last\n";
    let build = async |options: BuildOptions| {
        let options = options.force_remove().no_cache();
        let id = engine.images().build(archive(&[("Dockerfile", dockerfile)]), &options).await?;
        engine.remove_later(format!("/images/{id}?force=1"));
        engine.image(id).inspect().await
    };
    let name = engine.name("named");
    let names = BuildOptions::default().name(format!("{name}:1")).name(format!("{name}:2"));
    if let Some(image) = known_since(21, build(names).await) {
        let names: Vec<&str> = image.repo_tags.iter().map(|name| short(name)).collect();
        assert_eq!(names, [format!("{name}:1"), format!("{name}:2")]);
    }
    if let Some(image) = known_since(23, build(BuildOptions::default().label("app", "web")).await) {
        assert_eq!(image.config.unwrap().labels["app"], "web");
    }
    if let Some(image) = known_since(29, build(BuildOptions::default().target("base")).await) {
        assert!(image.config.unwrap().env.contains(&"STAGE=base".to_owned()));
    }
    if let Some(image) = known_since(32, build(BuildOptions::default().platform("linux/amd64")).await) {
        assert_eq!(image.os, "linux");
    }
    let cached = BuildOptions::default().cache_from("busybox");
    known_since(25, build(cached).await);
    if let Some(image) = known_since(38, build(BuildOptions::default().build_kit()).await) {
        assert!(image.config.unwrap().env.contains(&"STAGE=last".to_owned()));
    }
}
