//! Images that BuildKit builds, and options of builds.

use std::{fs, net::Ipv4Addr};

use dockerclient::{
    ApiVersion, DockerClient, Result,
    images::{BuildImage, BuildOutput, BuilderVersion, HostAddress, ProgressItem},
    models::ImageInspect,
};

use super::{
    CONTROL_API, build, built, directory, engine_with_buildkit, engine_with_control_api, is_since, lines, output,
};
use crate::{
    engine::{Engine, short, version},
    transfers::archive,
};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn build_with_buildkit_equals_a_classic_build() {
    let Some(engine) = engine_with_buildkit().await else { return };
    let dockerfile = "FROM busybox AS base\nARG MODE=slow\nENV MODE=$MODE\nWORKDIR /srv\nCOPY motd .\nRUN cp motd copy\n\
                      EXPOSE 80\nLABEL app=web\nUSER 7\nCMD [\"cat\", \"copy\"]\nFROM base\nENTRYPOINT [\"false\"]\n";
    let files = [("site.docker", dockerfile), ("motd", "hello\n")];
    let name = engine.name("equal");
    let set = |build: BuildImage| {
        build.dockerfile("site.docker").build_arg("MODE", "fast").target("base").label("tier", "front").no_cache(true)
    };
    let inspected = async |build: BuildImage| {
        let (image, _) = built(&engine, set(build).force_rm(true)).await.unwrap();
        (image.inspect().await.unwrap(), image)
    };
    let docker = engine.direct();
    let (classic, _) = inspected(engine.images().build(archive(&files))).await;
    let (buildkit, image) = inspected(build(&docker, &files).tag(format!("{name}:1")).tag(format!("{name}:2"))).await;
    let significant = |image: &ImageInspect| {
        let config = image.config.clone().unwrap();
        let mut env = config.env.clone();
        env.sort();
        (
            (env, config.cmd, config.entrypoint, config.labels, config.working_dir, config.user),
            (config.exposed_ports, image.os.clone(), image.architecture.clone()),
        )
    };
    assert_eq!(significant(&buildkit), significant(&classic));
    let names: Vec<&str> = buildkit.repo_tags.iter().map(|name| short(name)).collect();
    assert_eq!(names, [format!("{name}:1"), format!("{name}:2")]);
    assert_eq!(docker.run(image.name()).output().await.unwrap().stdout, "hello\n");
}

/// Only the steps of the stage that is built are run.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn target_of_a_build_with_buildkit_skips_other_stages() {
    let Some(engine) = engine_with_buildkit().await else { return };
    let dockerfile = "FROM busybox AS tools\nRUN echo tools > /tool\nFROM busybox AS unused\nRUN exit 1\n\
                      FROM busybox AS web\nCOPY --from=tools /tool /\nCMD [\"cat\", \"/tool\"]\nFROM unused\n";
    let docker = engine.direct();
    let files = [("Dockerfile", dockerfile)];
    let (image, traces) = built(&engine, build(&docker, &files).target("web").no_cache(true)).await.unwrap();
    assert_eq!(docker.run(image.name()).output().await.unwrap().stdout, "tools\n");
    assert!(!lines(&traces).contains("exit 1"), "{}", lines(&traces));
    let error = build(&docker, &files).target("absent").await.unwrap_err();
    assert!(error.is_operation_failed() && error.to_string().contains("absent"), "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn builder_auto_is_the_builder_that_the_engine_recommends() {
    let engine = Engine::under_test().await;
    let docker = engine.direct();
    let recommends_buildkit = docker.ping().await.unwrap().builder_version.as_deref() == Some("2");
    let files = archive(&[("Dockerfile", "FROM busybox\nRUN true\n")]);
    let builds_with_buildkit = async |builder| {
        let mut progress = docker.images().build(files.clone()).builder(builder).progress().await.unwrap();
        let mut has_trace = false;
        while let Some(item) = progress.try_next().await.unwrap() {
            has_trace |= matches!(item, ProgressItem::Trace(_));
        }
        let image = progress.finish().await.unwrap();
        engine.remove_later(format!("/images/{}?force=1", image.name()));
        has_trace
    };
    assert!(!builds_with_buildkit(BuilderVersion::Classic).await);
    if version() >= CONTROL_API || !recommends_buildkit {
        assert_eq!(builds_with_buildkit(BuilderVersion::Auto).await, recommends_buildkit);
    }
}

/// Settings of a build.
type Settings = fn(BuildImage) -> BuildImage;

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn build_options_with_buildkit_apply_to_steps() {
    const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 1, 2, 3);
    let Some(engine) = engine_with_control_api().await else { return };
    let docker = engine.direct();
    let rows: [(u16, &str, Settings, &str); 7] = [
        (40, "echo $GREETING", |build| build.build_arg("GREETING", "hello"), "hello\n"),
        (40, "echo $GREETING", |build| build.build_arg_without_value("GREETING"), "none\n"),
        (40, "echo networks: $(ls /sys/class/net)", |build| build.network("none"), "networks: lo\n"),
        (40, "cat /etc/hosts", |build| build.add_host("db", ADDRESS).add_host("cache", ADDRESS), "10.1.2.3\tcache\n"),
        (41, "grep gateway /etc/hosts", |build| build.add_host("gateway", HostAddress::HostGateway), "\tgateway\n"),
        (42, "df -k /dev/shm", |build| build.shm_size("1m"), " 1024 "),
        (42, "ulimit -n", |build| build.ulimit("nofile", 123, 456), "123\n"),
    ];
    for (since, command, set, expected) in rows {
        let dockerfile = format!("FROM busybox\nARG GREETING=none\nRUN {command}\n");
        let outcome = built(&engine, set(build(&docker, &[("Dockerfile", &dockerfile)])).no_cache(true)).await;
        if version() >= ApiVersion::new(1, since) {
            let printed = output(&outcome.unwrap().1);
            assert!(printed.contains(expected), "{command}: {printed}");
        } else {
            assert!(outcome.unwrap_err().is_unsupported(), "{command}");
        }
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn entitlement_allows_steps_on_the_network_of_the_host() {
    let Some(engine) = engine_with_control_api().await else { return };
    // Older engines have no `RUN --network`.
    if !is_since(&engine, 42).await {
        return;
    }
    let files = [("Dockerfile", "FROM busybox\nRUN --network=host ls /sys/class/net\n")];
    let build = || build(&engine.direct(), &files).no_cache(true);
    let error = build().await.unwrap_err();
    assert!(error.to_string().contains("network.host"), "{error}");
    built(&engine, build().entitlement("network.host")).await.unwrap();
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn platforms_of_a_build_are_exported_to_directories() {
    let Some(engine) = engine_with_control_api().await else { return };
    let docker = engine.direct();
    let files = [("Dockerfile", "FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /\n"), ("amd64", "x"), ("arm64", "a")];
    let build = || build(&docker, &files).platforms(["linux/amd64", "linux/arm64"]);
    let exported = directory(&[]);
    build().output(BuildOutput::directory(exported.path())).await.unwrap();
    let content = |path: &str| fs::read_to_string(exported.path().join(path)).unwrap();
    assert_eq!((content("linux_amd64/amd64"), content("linux_arm64/arm64")), ("x".into(), "a".into()));
    assert!(!exported.path().join("linux_amd64/arm64").exists());

    let error = build().platform("&&&").await.unwrap_err();
    assert!(error.is_operation_failed(), "{error:?}");
}

/// Returns the image of a build without files.
async fn inspected(engine: &Engine, docker: &DockerClient, build: Settings) -> Result<ImageInspect> {
    let files = [("Dockerfile", "FROM busybox\n")];
    built(engine, build(super::build(docker, &files))).await?.0.inspect().await
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn labels_of_a_build_with_buildkit_are_in_the_image() {
    let Some(engine) = engine_with_buildkit().await else { return };
    let image = inspected(&engine, &engine.direct(), |build| build.label("app", "web=1").label("empty", "")).await;
    let labels = image.unwrap().config.unwrap().labels;
    assert_eq!((&*labels["app"], &*labels["empty"]), ("web=1", ""));
}
