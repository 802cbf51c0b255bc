//! Volumes, networks, files, updates and what is not used any more, on a real engine.

use bytes::Bytes;
use dockerclient::{
    ApiVersion, PruneOptions, Upload,
    containers::CreateOptions,
    images::BuildOptions,
    models::{
        ContainerConfig, ContainerUpdate, EndpointSettings, Healthcheck, HostConfig, NetworkCreate, PortBinding,
        VolumeCreate,
    },
    networks, volumes,
};
use futures_util::TryStreamExt as _;

use crate::engine::{Engine, shell, version};

const VOLUMES: ApiVersion = ApiVersion::new(1, 21);
const ARCHIVE: ApiVersion = ApiVersion::new(1, 20);
const UPDATE: ApiVersion = ApiVersion::new(1, 22);
const PRUNE: ApiVersion = ApiVersion::new(1, 25);
const PRUNE_BY_LABEL: ApiVersion = ApiVersion::new(1, 29);
const HEALTH: ApiVersion = ApiVersion::new(1, 24);

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_volume_lives_and_goes() {
    let engine = Engine::under_test().await;
    let name = engine.name("volume");
    let volume = engine.volume(&*name);
    if version() < VOLUMES {
        assert!(volume.inspect().await.unwrap_err().is_unsupported());
        return;
    }
    engine.remove_later(format!("/volumes/{name}?force=1"));
    assert!(volume.find().await.unwrap().is_none());
    let made = engine.volumes().create(&VolumeCreate { name: name.clone(), ..Default::default() }).await.unwrap();
    assert_eq!((&*made.name, &*made.driver), (&*name, "local"));
    assert_eq!(volume.inspect().await.unwrap().mountpoint, made.mountpoint);
    let listed = engine.volumes().list(&volumes::ListOptions::default().dangling(true)).await.unwrap();
    assert!(listed.iter().any(|listed| listed.name == name));
    volume.remove().await.unwrap();
    assert!(volume.remove().await.unwrap_err().is_not_found());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_network_connects_containers() {
    let engine = Engine::under_test().await;
    let name = engine.name("network");
    if version() < VOLUMES {
        assert!(engine.network(&*name).inspect().await.unwrap_err().is_unsupported());
        return;
    }
    engine.remove_later(format!("/networks/{name}"));
    let made = engine.networks().create(&NetworkCreate { name: name.clone(), ..Default::default() }).await.unwrap();
    let network = made.network;
    let container = engine.running().await;
    network.connect(container.id(), &EndpointSettings::default()).await.unwrap();
    let seen = container.inspect().await.unwrap();
    assert!(seen.network_settings.addresses().contains_key(&*name));
    assert!(network.inspect().await.unwrap().containers.contains_key(container.id()));
    let listed = engine.networks().list(&networks::ListOptions::default().name(&*name)).await.unwrap();
    assert_eq!(listed.iter().map(|network| &*network.name).collect::<Vec<_>>(), [&*name]);
    network.disconnect(container.id()).await.unwrap();
    network.remove().await.unwrap();
    assert!(engine.network(&*name).find().await.unwrap().is_none());
}

/// A tar archive of one file.
fn archive(name: &str, content: &[u8]) -> Bytes {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o640);
    archive.append_data(&mut header, name, content).unwrap();
    archive.into_inner().unwrap().into()
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn files_go_in_and_come_out() {
    let engine = Engine::under_test().await;
    let container = engine.create("true").await;
    let upload = || Upload::from(archive("greeting", b"hello"));
    if version() < ARCHIVE {
        assert!(container.copy_in("/tmp", upload()).await.unwrap_err().is_unsupported());
        assert!(container.stat("/bin").await.unwrap_err().is_unsupported());
    } else {
        container.copy_in("/tmp", upload()).await.unwrap();
        let stat = container.stat("/tmp/greeting").await.unwrap();
        assert_eq!((&*stat.name, stat.size, stat.permissions(), stat.is_directory()), ("greeting", 5, 0o640, false));
        assert!(container.stat("/bin").await.unwrap().is_directory());
        assert!(container.stat("/nowhere").await.unwrap_err().is_not_found());
        assert!(container.copy_in("/nowhere", upload()).await.unwrap_err().is_not_found());
    }
    // Whatever the version calls it.
    let bytes: Vec<Bytes> = container.copy_out("/etc/passwd").await.unwrap().try_collect().await.unwrap();
    let bytes = bytes.concat();
    let mut entries = tar::Archive::new(&*bytes);
    let names: Vec<_> = entries.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().into_owned()).collect();
    assert_eq!(names, [std::path::Path::new("passwd")]);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn limits_are_changed_while_a_container_runs() {
    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let update = ContainerUpdate { cpu_shares: 512, ..Default::default() };
    if version() < UPDATE {
        assert!(container.update(&update).await.unwrap_err().is_unsupported());
        return;
    }
    container.update(&update).await.unwrap();
    assert_eq!(container.inspect().await.unwrap().host_config.cpu_shares, 512);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn what_nobody_needs_is_removed() {
    let engine = Engine::under_test().await;
    let label = engine.name("pruned");
    let options = PruneOptions::default().label(&*label);
    if version() < PRUNE_BY_LABEL {
        let error = engine.containers().prune(&options).await.unwrap_err();
        assert!(error.is_unsupported(), "{error}");
        if version() >= PRUNE {
            engine.disk_usage().await.unwrap();
        }
        return;
    }
    let container = engine
        .create_with("true", |mut config| {
            config.labels.insert(label.clone(), String::new());
            config
        })
        .await;
    assert_eq!(engine.containers().prune(&options).await.unwrap().removed, [container.id()]);
    assert!(container.find().await.unwrap().is_none());
    assert!(engine.volumes().prune(&options).await.unwrap().removed.is_empty());
    assert!(engine.networks().prune(&options).await.unwrap().removed.is_empty());
    assert!(engine.images().prune(&options.clone().all()).await.unwrap().removed.is_empty());
    let usage = engine.disk_usage().await.unwrap();
    assert!(usage.images.iter().any(|image| image.repo_tags.contains(&"busybox:latest".to_owned())));
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn readiness_is_waited_for() {
    let engine = Engine::under_test().await;
    let script = "echo warming up; sleep 0.3; touch /ready; echo ready to serve; sleep 1000";
    let container = if version() < HEALTH {
        engine.create(script).await
    } else {
        let second = 1_000_000_000;
        let test = ["CMD", "test", "-e", "/ready"].map(Into::into).into();
        let healthcheck = Healthcheck { test, interval: second / 5, retries: 100, ..Default::default() };
        let with_check = |config| ContainerConfig { healthcheck: Some(healthcheck), ..config };
        engine.create_with(script, with_check).await
    };
    container.start().await.unwrap();
    let line = container.wait_until_logged("ready to").await.unwrap();
    assert_eq!(line.text(), "ready to serve");
    if version() >= HEALTH {
        container.wait_until_healthy().await.unwrap();
    } else {
        assert!(container.wait_until_healthy().await.unwrap_err().is_bad_request());
    }
    let brief = engine.create("echo nothing of the kind; exit 3").await;
    brief.start().await.unwrap();
    let error = brief.wait_until_logged("ready").await.unwrap_err();
    assert!(error.is_ended());
    assert_eq!(error.code(), Some(3));
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_published_port_is_waited_for() {
    let engine = Engine::under_test().await;
    let host_config = HostConfig {
        port_bindings: [("80/tcp".to_owned(), vec![PortBinding::default()])].into(),
        ..Default::default()
    };
    let mut config = shell("sleep 0.5; exec httpd -f -p 80 -h /");
    config.exposed_ports.insert("80/tcp".into());
    let options = CreateOptions::new(config).name(engine.name("server"));
    let container = engine.containers().create(&options.host_config(host_config)).await.unwrap().container;
    container.start().await.unwrap();
    let port = container.wait_until_listening(80).await.unwrap();
    assert!(port > 0);
    assert!(container.wait_until_listening(81).await.unwrap_err().is_bad_request());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_build_takes_arguments_where_it_can() {
    let engine = Engine::under_test().await;
    let dockerfile = b"FROM busybox\nARG GREETING=none\nRUN test $GREETING = hello\n";
    let context = || archive("Dockerfile", dockerfile);
    let options = BuildOptions::default().no_cache().build_arg("GREETING", "hello");
    if version() < VOLUMES {
        let error = engine.images().build(context(), &options).await.unwrap_err();
        assert!(error.is_unsupported(), "{error}");
        assert_eq!(error.needed_version(), Some(VOLUMES));
        return;
    }
    let id = engine.images().build(context(), &options).await.unwrap();
    engine.remove_later(format!("/images/{id}?force=1"));
    let failed = engine.images().build(context(), &BuildOptions::default().no_cache().force_remove()).await;
    assert!(failed.unwrap_err().is_failure());
}
