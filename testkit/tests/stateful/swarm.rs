//! Swarms: services on several nodes, with updates, failures and jobs.

use std::time::Duration;

use dockerclient::{
    DockerClient,
    models::{LocalNodeState, NodeAvailability, Task, TaskState, UpdateState},
    services::CreateService,
};
use dockerclient_testkit::{FakeEngine, Image, Program};

use crate::actions;

/// An engine that is the manager of a swarm. The image `web:1` serves, `web:2` serves too, and `web:3` fails.
fn engine(nodes: usize) -> FakeEngine {
    let image = |name, program| Image::new(name).cmd(["serve"]).program(["serve"], program);
    FakeEngine::builder()
        .swarm_nodes(nodes)
        .image(image("web:1", Program::printing("one\n").and_then_until_stopped()))
        .image(image("web:2", Program::printing("two\n").and_then_until_stopped()))
        .image(image("web:3", Program::failing("broken\n", 3)))
        .build()
}

/// A request to create the service `web`.
fn web(docker: &DockerClient) -> CreateService {
    docker.services().create("web:1").name("web")
}

/// Repeats `attempt` until it returns a value.
async fn eventually<T>(attempt: impl AsyncFn() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = attempt().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), found).await.expect("the condition becomes true")
}

/// The running tasks of the service `web`.
async fn running(docker: &DockerClient) -> Vec<Task> {
    let mut tasks = docker.tasks().list().service("web").desired_state("running").await.unwrap();
    tasks.retain(|task| task.status.state == Some(TaskState::Running));
    tasks
}

/// The nodes of the running tasks of the service `web`, sorted.
async fn nodes(docker: &DockerClient) -> Vec<String> {
    let mut nodes = Vec::new();
    for task in running(docker).await {
        nodes.push(docker.node(task.node_id).inspect().await.unwrap().description.hostname);
    }
    nodes.sort();
    nodes
}

/// The image of a task, without its digest.
fn image(task: &Task) -> &str {
    let image = task.spec.container_spec.as_ref().map_or("", |container| &container.image);
    image.split('@').next().unwrap_or_default()
}

/// Waits until the last update of the service `web` has this state.
async fn updated(docker: &DockerClient, state: UpdateState) {
    let is_expected = async || docker.service("web").inspect().await.unwrap().update_status.unwrap().state;
    eventually(async || (is_expected().await.as_ref() == Some(&state)).then_some(())).await;
}

#[tokio::test]
async fn swarm_init_update_and_leave() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let swarm = docker.swarm();
    assert_eq!(swarm.inspect().await.unwrap_err().status(), Some(503));
    assert_eq!(swarm.leave().await.unwrap_err().message(), Some("This node is not part of a swarm"));
    let node = swarm.init().await.unwrap();
    assert_eq!(swarm.init().await.unwrap_err().status(), Some(503));
    let info = docker.info().await.unwrap().swarm;
    assert_eq!((&*info.node_id, info.nodes, info.control_available), (node.id(), 1, true));
    assert_eq!(node.inspect().await.unwrap().description.hostname, "fake-engine");
    let old = swarm.inspect().await.unwrap();
    swarm.update(|spec| spec.orchestration.task_history_retention_limit = Some(2)).await.unwrap();
    swarm.update(|_| {}).rotate_worker_token(true).await.unwrap();
    let new = swarm.inspect().await.unwrap();
    assert_eq!(new.spec.orchestration.task_history_retention_limit, Some(2));
    assert!(new.join_tokens.worker != old.join_tokens.worker && new.join_tokens.manager == old.join_tokens.manager);
    let error = swarm.replace(old.version.index, old.spec).await.unwrap_err();
    assert_eq!(error.message(), Some("rpc error: code = Unknown desc = update out of sequence"));
    assert!(swarm.leave().await.unwrap_err().message().unwrap().contains("Removing the last manager"));
    swarm.leave().force(true).await.unwrap();
    assert_eq!(docker.info().await.unwrap().swarm.local_node_state, Some(LocalNodeState::Inactive));
}

#[tokio::test]
async fn engine_that_joins_a_swarm_is_a_worker() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let error = docker.swarm().join("10.0.0.9", "SWMTKN-1-invalid").await.unwrap_err();
    assert_eq!(error.message(), Some("invalid join token"));
    let token = format!("SWMTKN-1-{}-{}", "a".repeat(50), "b".repeat(25));
    docker.swarm().join("10.0.0.9", token).await.unwrap();
    let info = docker.info().await.unwrap().swarm;
    assert_eq!((info.local_node_state, info.control_available), (Some(LocalNodeState::Active), false));
    assert_eq!(info.remote_managers[0].addr, "10.0.0.9:2377");
    assert!(docker.services().list().await.unwrap_err().message().unwrap().contains("Worker nodes can't be used"));
    docker.swarm().leave().await.unwrap();
}

#[tokio::test]
async fn restarted_manager_is_locked() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let swarm = docker.swarm();
    swarm.init().auto_lock(true).await.unwrap();
    let key = swarm.unlock_key().await.unwrap();
    assert!(swarm.unlock(&*key).await.unwrap_err().is_conflict());
    engine.kill();
    engine.start();
    assert_eq!(docker.info().await.unwrap().swarm.local_node_state, Some(LocalNodeState::Locked));
    assert!(swarm.inspect().await.unwrap_err().message().unwrap().contains("needs to be unlocked"));
    assert_eq!(swarm.unlock("SWMKEY-1-wrong").await.unwrap_err().status(), Some(401));
    swarm.unlock(key).await.unwrap();
    swarm.inspect().await.unwrap();
}

#[tokio::test]
async fn service_is_deployed_scaled_and_removed() {
    let engine = engine(3);
    let docker = engine.client("1.41");
    let service = web(&docker).replicas(3).await.unwrap();
    assert!(web(&docker).await.unwrap_err().is_conflict());
    assert_eq!(nodes(&docker).await, ["fake-engine", "node-2", "node-3"]);
    service.scale(4).await.unwrap();
    assert_eq!(nodes(&docker).await, ["fake-engine", "fake-engine", "node-2", "node-3"]);
    service.scale(1).await.unwrap();
    assert_eq!(nodes(&docker).await, ["fake-engine"]);
    let listed = docker.services().list().name("we").status(true).await.unwrap();
    let status = listed[0].service_status.as_ref().unwrap();
    assert_eq!((&*listed[0].id, status.running_tasks, status.desired_tasks), (service.id(), 1, 1));
    service.remove().await.unwrap();
    assert!(docker.tasks().list().await.unwrap().is_empty());
    assert!(docker.containers().list().all(true).await.unwrap().is_empty());
    assert!(service.scale(2).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn tasks_of_the_engine_have_containers() {
    let engine = engine(2);
    let docker = engine.client("1.41");
    let service = web(&docker).replicas(2).container_label("tier", "front").await.unwrap();
    let containers = docker.containers().list().await.unwrap();
    let [container] = &containers[..] else { panic!("{containers:?}") };
    let tasks = docker.tasks().list().node("fake-engine").await.unwrap();
    let [task] = &tasks[..] else { panic!("{tasks:?}") };
    assert_eq!(container.names, [format!("/web.1.{}", task.id)]);
    assert_eq!(container.id, task.status.container_status.as_ref().unwrap().container_id);
    let labels = &container.labels;
    assert_eq!((&*labels["com.docker.swarm.service.id"], &*labels["tier"]), (service.id(), "front"));
    docker.container(&container.id).kill().await.unwrap();
    let failed = eventually(async || {
        let task = docker.task(&task.id).inspect().await.unwrap();
        (task.status.state == Some(TaskState::Failed)).then_some(task)
    });
    assert_eq!(failed.await.status.err, "task: non-zero exit (137)");
    eventually(async || (running(&docker).await.len() == 2).then_some(())).await;
}

#[tokio::test]
async fn update_replaces_tasks_in_groups() {
    let engine = engine(3);
    let docker = engine.client("1.41");
    let hour = Duration::from_secs(3600);
    let service = web(&docker).replicas(3).update_parallelism(2).update_delay(hour).await.unwrap();
    service.update(|spec| spec.container_mut().image = "web:2".into()).await.unwrap();
    eventually(async || (running(&docker).await.len() == 3).then_some(())).await;
    let mut images: Vec<String> = running(&docker).await.iter().map(|task| image(task).to_owned()).collect();
    images.sort();
    assert_eq!(images, ["web:1", "web:2", "web:2"]);
    updated(&docker, UpdateState::Updating).await;
    // Another update does not wait for the first one.
    service.update(|spec| spec.update_config.as_mut().unwrap().delay = None).await.unwrap();
    updated(&docker, UpdateState::Completed).await;
    assert!(running(&docker).await.iter().all(|task| image(task) == "web:2"));
    assert_eq!(docker.tasks().list().service("web").desired_state("shutdown").await.unwrap().len(), 3);
}

#[tokio::test]
async fn failed_update_is_paused_or_rolled_back() {
    for (action, state) in [("pause", UpdateState::Paused), ("rollback", UpdateState::RollbackCompleted)] {
        let engine = engine(2);
        let docker = engine.client("1.41");
        let create = web(&docker).replicas(2).restart_condition("none").update_failure_action(action);
        let service = create.await.unwrap();
        service.update(|spec| spec.container_mut().image = "web:3".into()).await.unwrap();
        updated(&docker, state).await;
        let tasks = docker.tasks().list().service("web").await.unwrap();
        let failed = tasks.iter().find(|task| image(task) == "web:3").unwrap();
        assert_eq!(failed.status.err, "task: non-zero exit (3)", "{action}");
        let service = service.inspect().await.unwrap();
        if action == "pause" {
            let message = format!("update paused due to failure or early termination of task {}", failed.id);
            assert_eq!((service.update_status.unwrap().message, service.previous_spec.is_some()), (message, true));
        } else {
            assert!(service.previous_spec.is_none());
            assert!(running(&docker).await.iter().all(|task| image(task) == "web:1"));
        }
    }
}

#[tokio::test]
async fn rollback_returns_to_the_previous_configuration() {
    let engine = engine(1);
    let docker = engine.client("1.41");
    let service = web(&docker).update_order("start-first").await.unwrap();
    assert!(service.rollback().await.unwrap_err().message().unwrap().ends_with("does not have a previous spec"));
    service.update(|spec| spec.container_mut().image = "web:2".into()).await.unwrap();
    updated(&docker, UpdateState::Completed).await;
    service.rollback().await.unwrap();
    updated(&docker, UpdateState::RollbackCompleted).await;
    let tasks = running(&docker).await;
    assert_eq!(tasks.iter().map(image).collect::<Vec<_>>(), ["web:1"]);
}

#[tokio::test]
async fn tasks_leave_nodes_that_are_drained_or_killed() {
    let engine = engine(3);
    let docker = engine.client("1.41");
    web(&docker).replicas(3).await.unwrap();
    docker.node("node-2").update(|spec| spec.availability = Some(NodeAvailability::Drain)).await.unwrap();
    eventually(async || (nodes(&docker).await.len() == 3).then_some(())).await;
    assert!(!nodes(&docker).await.contains(&"node-2".to_owned()));
    engine.kill_node("node-3");
    eventually(async || (nodes(&docker).await == ["fake-engine"; 3]).then_some(())).await;
    assert!(docker.node("node-3").remove().await.is_ok(), "a node that is down can be removed");
    assert!(docker.node("node-2").remove().await.unwrap_err().message().unwrap().contains("is not down"));
}

#[tokio::test]
async fn tasks_of_a_node_that_returns_are_stopped() {
    let engine = engine(2);
    let docker = engine.client("1.41");
    web(&docker).replicas(2).await.unwrap();
    engine.kill_node("node-2");
    eventually(async || (nodes(&docker).await == ["fake-engine"; 2]).then_some(())).await;
    engine.start_node("node-2");
    let states = eventually(async || {
        let tasks = docker.tasks().list().node("node-2").await.unwrap();
        let states: Vec<_> = tasks.into_iter().map(|task| task.status.state).collect();
        (!states.contains(&Some(TaskState::Running))).then_some(states)
    });
    assert_eq!(states.await, [Some(TaskState::Shutdown)]);
}

#[tokio::test]
async fn tasks_without_a_suitable_node_are_pending() {
    let engine = engine(2);
    let docker = engine.client("1.41");
    web(&docker).constraint("node.labels.disk==ssd").await.unwrap();
    let task = docker.tasks().list().await.unwrap().remove(0);
    assert_eq!(task.status.state, Some(TaskState::Pending));
    assert_eq!(task.status.err, "no suitable node (scheduling constraints not satisfied on 2 nodes)");
    docker.node("node-2").update(|spec| drop(spec.labels.insert("disk".into(), "ssd".into()))).await.unwrap();
    assert_eq!(nodes(&docker).await, ["node-2"]);
}

#[tokio::test]
async fn global_service_has_one_task_on_each_node() {
    let engine = engine(3);
    let docker = engine.client("1.41");
    web(&docker).global().await.unwrap();
    assert_eq!(nodes(&docker).await, ["fake-engine", "node-2", "node-3"]);
    docker.node("node-2").update(|spec| spec.availability = Some(NodeAvailability::Drain)).await.unwrap();
    assert_eq!(nodes(&docker).await, ["fake-engine", "node-3"]);
    docker.node("node-2").update(|spec| spec.availability = Some(NodeAvailability::Active)).await.unwrap();
    assert_eq!(nodes(&docker).await, ["fake-engine", "node-2", "node-3"]);
}

#[tokio::test]
async fn failing_tasks_are_replaced_up_to_the_limit() {
    let engine = engine(1);
    let docker = engine.client("1.41");
    let create = docker.services().create("web:3").name("web").restart_max_attempts(2);
    create.restart_delay(Duration::from_millis(100)).await.unwrap();
    let tasks = eventually(async || {
        let tasks = docker.tasks().list().service("web").desired_state("shutdown").await.unwrap();
        (tasks.len() == 3).then_some(tasks)
    });
    assert!(tasks.await.iter().all(|task| task.status.state == Some(TaskState::Failed)));
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(docker.tasks().list().await.unwrap().len(), 3);
}

#[tokio::test]
async fn missing_image_and_command_fail_the_task() {
    let engine = engine(1);
    let docker = engine.client("1.41");
    for (image, command, state, error) in [
        ("nosuch:1", "serve", TaskState::Rejected, "No such image: nosuch:1"),
        ("busybox", "nosuch", TaskState::Failed, "starting container failed: failed to create shim task"),
    ] {
        let create = docker.services().create(image).name("web").cmd([command]).restart_condition("none");
        let service = create.await.unwrap();
        let task = docker.tasks().list().service("web").await.unwrap().remove(0);
        assert_eq!(task.status.state, Some(state));
        assert!(task.status.err.starts_with(error), "{}", task.status.err);
        service.remove().await.unwrap();
    }
}

#[tokio::test]
async fn job_runs_until_its_tasks_are_complete() {
    let engine = FakeEngine::builder().swarm_nodes(2).build();
    let docker = engine.client("1.41");
    let create = docker.services().create("busybox").name("web").cmd(["echo", "done"]);
    create.replicated_job(3).max_concurrent(2).await.unwrap();
    eventually(async || {
        let listed = docker.services().list().mode("replicated-job").status(true).await.unwrap();
        (listed[0].service_status.as_ref().unwrap().completed_tasks == 3).then_some(())
    })
    .await;
    let tasks = docker.tasks().list().await.unwrap();
    assert!(tasks.len() == 3 && tasks.iter().all(|task| task.status.state == Some(TaskState::Complete)));
}

#[tokio::test]
async fn service_and_task_logs_are_those_of_all_nodes() {
    let engine = engine(3);
    let docker = engine.client("1.41");
    let service = web(&docker).replicas(3).await.unwrap();
    let output = service.logs().await.unwrap().capture().await.unwrap();
    assert_eq!(output.stdout_text(), "one\none\none\n");
    let task = docker.tasks().list().node("node-3").await.unwrap().remove(0);
    let output = docker.task(&task.id).logs().tail(1).await.unwrap().capture().await.unwrap();
    assert_eq!(output.stdout_text(), "one\n");
    let mut lines = service.logs().follow(true).tail(0).await.unwrap().lines();
    service.update(|spec| spec.container_mut().image = "web:2".into()).await.unwrap();
    assert_eq!(lines.try_next().await.unwrap().unwrap().text(), "two");
}

#[tokio::test]
async fn containers_have_secrets_configs_and_networks() {
    let engine = FakeEngine::builder().swarm_nodes(2).build();
    let docker = engine.client("1.41");
    docker.secrets().create("key", "hunter2\n").await.unwrap();
    docker.configs().create("site", "listen 80;\n").await.unwrap();
    let network = docker.networks().create("front").driver("overlay").await.unwrap();
    let script = "cat /run/secrets/app.key; cat /etc/site.conf; sleep 1000";
    let create = docker.services().create("busybox").name("web").cmd(["sh", "-c", script]).replicas(2);
    let create = create.secret("key", "app.key").config("site", "/etc/site.conf").network("front");
    let service = create.await.unwrap();
    let output = service.logs().await.unwrap().capture().await.unwrap();
    assert_eq!(output.stdout_text(), "hunter2\nlisten 80;\n".repeat(2));
    let tasks = docker.tasks().list().service("web").await.unwrap();
    let attachments = tasks.iter().map(|task| &task.networks_attachments[0]);
    let addresses: Vec<&str> = attachments.map(|attached| &*attached.addresses[0]).collect();
    assert_eq!(addresses, ["10.0.1.3/24", "10.0.1.4/24"]);
    assert_eq!(service.inspect().await.unwrap().endpoint.virtual_ips[0].network_id, network.id());
    assert!(docker.secret("key").remove().await.unwrap_err().is_bad_request(), "a secret in use is not removed");
}

#[tokio::test]
async fn invalid_services_are_rejected() {
    let engine = engine(1);
    let docker = engine.client("1.41");
    let published = docker.services().create("web:1").name("db").publish(8080, 80).await.unwrap();
    assert_eq!(published.inspect().await.unwrap().endpoint.ports[0].published_port, 8080);
    for (create, message) in [
        (web(&docker).name("-web"), "name must be valid as a DNS name component"),
        (web(&docker).constraint("node.role"), "constraint expected one operator from ==, !="),
        (web(&docker).publish(8080, 80), "port '8080' is already in use by service 'db'"),
        (web(&docker).network("nosuch"), "network nosuch not found"),
        (web(&docker).restart_condition("often"), "invalid RestartCondition: \"often\""),
    ] {
        let error = create.await.unwrap_err();
        assert!(error.message().is_some_and(|text| text.contains(message)), "{error}");
    }
}

#[tokio::test]
async fn service_events_are_in_order() {
    let engine = engine(1);
    let docker = engine.client("1.41");
    let mut events = docker.events().await.unwrap();
    let service = web(&docker).await.unwrap();
    service.scale(2).await.unwrap();
    docker.node("fake-engine").update(|spec| drop(spec.labels.insert("a".into(), "b".into()))).await.unwrap();
    service.remove().await.unwrap();
    let events = actions(&mut events, "service remove").await;
    let of_swarm: Vec<&String> =
        events.iter().filter(|event| event.starts_with("service") || event.starts_with("node")).collect();
    assert_eq!(of_swarm, ["service create", "service update", "node update", "service remove"]);
}

#[tokio::test]
async fn engine_that_leaves_the_swarm_has_no_tasks() {
    let engine = engine(2);
    let docker = engine.client("1.41");
    web(&docker).replicas(4).await.unwrap();
    assert_eq!(docker.containers().list().await.unwrap().len(), 2);
    docker.swarm().leave().force(true).await.unwrap();
    assert!(docker.containers().list().all(true).await.unwrap().is_empty());
    docker.swarm().init().await.unwrap();
    assert!(docker.services().list().await.unwrap().is_empty());
}
