//! Service methods.

use std::time::Duration;

use dockerclient::{
    ApiVersion, DockerClient, Lines,
    models::{
        DnsConfig, EndpointMode, NetworkAttachmentConfig, NodePlatform, PublishMode, ServiceSpec, Task, TaskRuntime,
        TaskState,
    },
    services::{ListServices, RegistryAuthFrom},
};

use crate::engine::{Manager, is_out_of_sequence, poll, supported_since, supports, version};

/// The environment of the container of a task.
fn env(task: &Task) -> &[String] {
    task.spec.container_spec.as_ref().map_or(&[], |container| &container.env)
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn service_lifecycle() {
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    let service = docker.service(&*name);
    assert_eq!(service.try_inspect().await.unwrap(), None);
    let create = || docker.create_service(&name, "echo started").replicas(2);
    let created = create().await.unwrap();
    assert!(create().await.unwrap_err().is_conflict());
    assert!(service.exists().await.unwrap());
    docker.running(&name, 2).await;
    service.scale(3).await.unwrap();
    docker.running(&name, 3).await;
    created.scale(1).await.unwrap();
    docker.running(&name, 1).await;

    service.update(|spec| spec.container_mut().env.push("GREETING=hello".into())).await.unwrap();
    docker.running_if(&name, 1, |task| env(task) == ["GREETING=hello"]).await;
    let seen = service.inspect().await.unwrap();
    assert_eq!((&*seen.id, &*seen.spec.name), (created.id(), &*name));
    assert!(seen.previous_spec.unwrap().container_mut().env.is_empty() && seen.update_status.is_some());
    if supported_since(28, service.rollback().await).is_some() {
        docker.running_if(&name, 1, |task| env(task).is_empty()).await;
        assert!(service.inspect().await.unwrap().spec.container_mut().env.is_empty());
    }

    service.remove().await.unwrap();
    assert!(!service.exists().await.unwrap());
    for error in [
        service.remove().await.unwrap_err(),
        service.inspect().await.unwrap_err(),
        service.scale(2).await.unwrap_err(),
        service.update(|_| {}).await.unwrap_err(),
    ] {
        assert!(error.is_not_found(), "{error}");
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn service_is_listed_by_filters() {
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    let created = docker.create_service(&name, "echo started").label("app", &*name).await.unwrap();
    docker.running(&name, 1).await;
    let list = || docker.services().list();
    let found = async |list: ListServices| {
        list.await.map(|services| services.into_iter().find(|service| service.id == created.id()))
    };
    let listed = async |list: ListServices| found(list).await.map(|found| found.is_some());
    assert!(listed(list()).await.unwrap());
    assert!(listed(list().id(created.id()).label(format!("app={name}"))).await.unwrap());
    assert!(listed(list().name(&name[..name.len() - 1])).await.unwrap());
    assert!(!listed(list().label("app=missing")).await.unwrap());
    assert_ne!(supported_since(29, listed(list().mode("replicated")).await), Some(false));
    assert_ne!(supported_since(29, listed(list().mode("global")).await), Some(true));
    assert_ne!(supported_since(31, listed(list().runtime(TaskRuntime::Container)).await), Some(false));
    if let Some(found) = supported_since(41, found(list().status(true)).await) {
        let status = found.unwrap().service_status.unwrap();
        assert_eq!((status.running_tasks, status.desired_tasks), (1, 1));
    }
    let seen = supported_since(29, created.inspect().insert_defaults(true).await);
    assert!(seen.is_none_or(|seen| seen.spec.update_config.is_some()));
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn service_replace_of_an_older_version_is_out_of_sequence() {
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    let service = docker.create_service(&name, "echo started").await.unwrap().service;
    let old = service.inspect().await.unwrap();
    let label = service.update(|spec| drop(spec.labels.insert("app".into(), "web".into())));
    label.await.unwrap();
    let label = service.update(|spec| drop(spec.labels.insert("tier".into(), "front".into())));
    supported_since(25, label.registry_auth_from(RegistryAuthFrom::PreviousSpec).await);
    assert!(is_out_of_sequence(service.replace(old.version.index, old.spec.clone()).await));
    let current = service.inspect().await.unwrap();
    assert_eq!(current.spec.labels["app"], "web");
    service.replace(current.version.index, old.spec).await.unwrap();
    assert!(service.inspect().await.unwrap().spec.labels.is_empty());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn service_reads_its_secret_config_and_environment() {
    let docker = Manager::under_test().await;
    let [secret, config, name] = ["secrets", "configs", "services"].map(|path| docker.removed(path));
    let Some(secret) = supported_since(25, docker.secrets().create(&*secret, "hunter2\n").await) else { return };
    let config = supported_since(30, docker.configs().create(&*config, "listen 80;\n").await);
    let create =
        docker.create_service(&name, "echo $GREETING; cat /run/secrets/key /etc/site.conf; echo to stderr >&2");
    let mut create = create.secret(secret.id(), "key").env("GREETING", "hello").constraint("node.role==manager");
    if let Some(config) = &config {
        create = create.config(config.id(), "/etc/site.conf");
    }
    let service = create.await.unwrap().service;
    docker.running(&name, 1).await;
    let lines = service.logs().follow(true).stderr(false).await.unwrap().lines();
    let read = async |mut lines: Lines, count: usize| {
        let mut read = Vec::new();
        while read.len() < count {
            read.push(lines.try_next().await.unwrap().unwrap().text().into_owned());
        }
        read
    };
    let expected = ["hello", "hunter2", "listen 80;"];
    let expected = &expected[..if config.is_some() { 3 } else { 2 }];
    assert_eq!(read(lines, expected.len()).await, expected);
    assert!(secret.remove().await.unwrap_err().is_bad_request(), "a secret in use is not removed");
    assert!(service.logs().stdout(false).tail(1).await.unwrap().capture().await.unwrap().stdout_text().is_empty());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn service_create_with_a_missing_secret_is_an_error() {
    if supports(30) {
        let docker = Manager::under_test().await;
        let create = || docker.services().create("busybox").resolve_image(false);
        for create in [create().secret("missing", "key"), create().config("missing", "/site")] {
            let error = create.await.unwrap_err();
            assert!(error.is_bad_request() && error.to_string().contains("missing"), "{error}");
        }
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn service_publishes_a_port_of_each_host() {
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    let create = docker.create_service(&name, "httpd -p 80").publish_with(18080, 80, PublishMode::Host);
    let Some(created) = supported_since(25, create.await) else { return };
    let running = docker.running(&name, 1).await.remove(0).handle(&docker);
    // The node reports the port after the task runs.
    let task = poll("the port of a task", async || {
        let task = running.inspect().await.unwrap();
        (!task.status.port_status.ports.is_empty()).then_some(task)
    });
    let task = task.await;
    let port = &task.status.port_status.ports[0];
    assert_eq!((port.published_port, port.target_port, &port.publish_mode), (18080, 80, &Some(PublishMode::Host)));
    let endpoint = created.inspect().await.unwrap().endpoint;
    assert_eq!((endpoint.ports.len(), endpoint.virtual_ips.len()), (1, 0));
    let container = docker.container(task.status.container_status.unwrap().container_id);
    assert_eq!(container.port(80).await.unwrap()[0].port(), 18080);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn service_is_connected_to_an_overlay_network() {
    let docker = Manager::under_test().await;
    let [network, name] = ["networks", "services"].map(|path| docker.removed(path));
    let network = docker.networks().create(network).driver("overlay").await.unwrap().network;
    let create = docker.create_service(&name, "echo started").network(network.id()).endpoint_mode(EndpointMode::Dnsrr);
    let service = create.await.unwrap().service;
    let task = docker.running(&name, 1).await.remove(0);
    let attached = &task.networks_attachments[0];
    assert_eq!(attached.network.id, network.id());
    assert!(attached.addresses[0].contains('/'));
    assert!(network.remove().await.unwrap_err().is_bad_request(), "a network in use is not removed");
    service.remove().await.unwrap();
    // The network can be removed when the containers are.
    poll("a network without tasks", async || network.remove().await.ok()).await;
}

/// Whether a task is connected to a network.
fn is_connected(task: &Task, network: &str) -> bool {
    task.networks_attachments.iter().any(|attached| attached.network.id == network)
}

/// Engines return fields that the version lacks, and accept them.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn service_of_a_newer_client_is_updated() {
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    let newer = DockerClient::builder().address(docker.real_address()).build().unwrap();
    let create = newer.services().create("busybox").resolve_image(false).name(&*name).cmd(["sleep", "100"]);
    let create = create.stop_grace_period(Duration::ZERO).init(false).constraint("node.role==manager").spec(|spec| {
        let platform = NodePlatform { architecture: String::new(), os: "linux".into() };
        spec.task_template.placement.get_or_insert_default().platforms.push(platform);
        spec.container_mut().dns_config = Some(DnsConfig::default());
    });
    create.await.unwrap();
    let older = DockerClient::builder().address(docker.real_address()).api_version(version()).build().unwrap();
    let service = older.service(&*name);
    let before = newer.service(&*name).inspect().await.unwrap().spec;
    service.scale(2).await.unwrap();
    service.update(|spec| drop(spec.labels.insert("app".into(), "web".into()))).await.unwrap();
    let seen = service.inspect().await.unwrap();
    let mut spec = seen.spec;
    spec.labels.clear();
    service.replace(seen.version.index, spec).await.unwrap();
    supported_since(28, service.rollback().await);
    service.scale(1).await.unwrap();
    let mut after = newer.service(&*name).inspect().await.unwrap().spec;
    after.labels.clear();
    assert_eq!(after, before);
}

/// Below API 1.44, networks can be set for the service instead of its tasks.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn service_update_keeps_deprecated_networks() {
    let docker = Manager::under_test().await;
    let [network, name] = ["networks", "services"].map(|path| docker.removed(path));
    let network = docker.networks().create(network).driver("overlay").await.unwrap().network;
    let version = version().min(ApiVersion::new(1, 43));
    let older = DockerClient::builder().address(docker.real_address()).api_version(version).build().unwrap();
    let attached = NetworkAttachmentConfig { target: network.id().into(), ..Default::default() };
    let create = older.services().create("busybox").resolve_image(false).name(&*name).cmd(["sleep", "100"]);
    let create = create.endpoint_mode(EndpointMode::Dnsrr).stop_grace_period(Duration::ZERO);
    create.spec(move |spec| spec.networks.push(attached)).await.unwrap();
    let old = docker.running_if(&name, 1, |task| is_connected(task, network.id())).await.remove(0);

    let service = docker.service(&*name);
    let seen = service.inspect().await.unwrap();
    assert!(seen.spec.networks.len() == 1 && seen.spec.task_template.networks.is_empty());
    if supports(44) {
        let mut spec = seen.spec;
        assert!(service.replace(seen.version.index, spec.clone()).await.unwrap_err().is_unsupported());
        spec.networks.clear();
        let error = service.replace(seen.version.index, spec).await.unwrap_err();
        assert!(error.status() == Some(501) && error.to_string().contains("networks must be migrated"), "{error}");
    }
    service.update(|spec| drop(spec.labels.insert("app".into(), "web".into()))).await.unwrap();
    let is_kept = |task: &Task| is_connected(task, network.id()) && (supports(44) || task.id == old.id);
    docker.running_if(&name, 1, is_kept).await;
    let seen = service.inspect().await.unwrap().spec;
    let [of_service, of_tasks] = [&seen.networks, &seen.task_template.networks].map(Vec::len);
    assert_eq!((of_service, of_tasks), if supports(44) { (0, 1) } else { (1, 0) });
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn global_service_has_one_task_on_each_node() {
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    let service = docker.create_service(&name, "echo started").global().await.unwrap().service;
    docker.running(&name, 1).await;
    assert!(service.inspect().await.unwrap().spec.mode.global.is_some());
    assert!(service.scale(2).await.unwrap_err().is_bad_request());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn job_ends_when_its_tasks_are_complete() {
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    let create = docker.services().create("busybox").resolve_image(false).name(&*name).cmd(["true"]);
    let Some(job) = supported_since(41, create.replicated_job(2).max_concurrent(2).await) else { return };
    poll("two complete tasks", async || {
        let tasks = docker.service(&*name).tasks().await.unwrap();
        let complete = tasks.iter().filter(|task| task.status.state == Some(TaskState::Complete));
        (complete.count() == 2).then_some(())
    })
    .await;
    assert!(job.inspect().await.unwrap().job_status.is_some());
    let listed = docker.services().list().mode("replicated-job").status(true).await.unwrap();
    assert_eq!(listed[0].service_status.as_ref().unwrap().completed_tasks, 2);
}

/// The engine has no access to a registry. Below API 1.30, it adds the warning.
/// The platforms of a service, as text.
fn platforms(spec: &ServiceSpec) -> Vec<String> {
    let placement = spec.task_template.placement.iter();
    let platforms = placement.flat_map(|placement| &placement.platforms);
    platforms.map(|platform| format!("{}/{}", platform.os, platform.architecture)).collect()
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn service_has_the_digest_and_platforms_of_its_image() {
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    let repository = format!("{}/swarm/busybox", std::env::var("DOCKERCLIENT_TEST_REGISTRY").unwrap());
    let mut digests = Vec::new();
    for tag in ["1", "2"] {
        let image = docker.image(format!("{repository}:{tag}"));
        docker.image("busybox").tag(image.name()).await.unwrap();
        digests.push(image.push().await.unwrap().remove(0).digest);
        image.remove().await.unwrap();
    }
    let create = docker.services().create(format!("{repository}:1")).name(&*name).cmd(["sleep", "100"]);
    let created = create.stop_grace_period(Duration::ZERO).await.unwrap();
    assert!(created.warnings.is_empty(), "{:?}", created.warnings);
    let pinned = |tag: usize| format!("{repository}:{tag}@{}", digests[tag - 1]);
    let spec = created.inspect().await.unwrap().spec;
    assert_eq!(spec.task_template.container_spec.as_ref().unwrap().image, pinned(1));
    // Below API 1.30, the engine determines the digest.
    assert_eq!(platforms(&spec).len(), usize::from(supports(30)), "{:?}", platforms(&spec));

    let image = format!("{repository}:2");
    let warnings = created.update(move |spec| spec.container_mut().image.clone_from(&image)).await.unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    let updated = created.inspect().await.unwrap().spec;
    assert_eq!(updated.task_template.container_spec.as_ref().unwrap().image, pinned(2));
    assert_eq!(platforms(&updated), platforms(&spec));
    docker.running(&name, 1).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn service_create_warns_if_the_image_is_not_resolved() {
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    let create = docker.services().create("busybox").name(&*name).cmd(["sleep", "100"]);
    let created = create.stop_grace_period(Duration::ZERO).await.unwrap();
    let [warning] = &created.warnings[..] else { panic!("{:?}", created.warnings) };
    assert!(warning.contains("busybox"), "{warning}");
    docker.running(&name, 1).await;
}
