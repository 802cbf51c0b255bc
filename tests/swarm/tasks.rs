//! Task methods.

use dockerclient::{
    models::{TaskRuntime, TaskState},
    tasks::ListTasks,
};

use crate::engine::{Manager, supported_since, supports};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn task_is_inspected_and_listed_by_filters() {
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    let created = docker.create_service(&name, "echo started").replicas(2).label("app", &*name).await.unwrap();
    let tasks = docker.running(&name, 2).await;
    let task = &tasks[0];
    let handle = task.handle(&docker);
    let seen = handle.inspect().await.unwrap();
    assert_eq!((&*seen.id, &*seen.service_id, seen.slot), (handle.id(), created.id(), task.slot));
    assert_eq!((seen.status.state, seen.desired_state), (Some(TaskState::Running), Some(TaskState::Running)));
    assert_eq!(seen.node_id, docker.node_id().await);
    let container = docker.container(seen.status.container_status.unwrap().container_id).inspect().await.unwrap();
    assert!(container.state.running);
    assert_eq!(container.config.labels["com.docker.swarm.task.id"], task.id);

    let list = || docker.tasks().list();
    let listed = async |list: ListTasks| list.await.map(|tasks| tasks.iter().any(|listed| listed.id == task.id));
    assert!(listed(list()).await.unwrap());
    let label = format!("app={name}");
    assert!(listed(list().id(&task.id).service(&*name).node(&*seen.node_id).label(label)).await.unwrap());
    assert!(listed(list().name(format!("{name}.{}", task.slot))).await.unwrap());
    assert!(listed(created.tasks()).await.unwrap() && listed(docker.node(&*seen.node_id).tasks()).await.unwrap());
    assert!(listed(list().desired_state(TaskState::Running)).await.unwrap());
    assert!(!listed(list().desired_state("shutdown")).await.unwrap());
    assert_ne!(supported_since(31, listed(list().runtime(TaskRuntime::Container)).await), Some(false));
    assert!(listed(list().service("missing")).await.unwrap_err().is_not_found());

    let missing = docker.task("missing");
    assert_eq!(missing.try_inspect().await.unwrap(), None);
    assert!(!missing.exists().await.unwrap() && handle.exists().await.unwrap());
    assert!(missing.inspect().await.unwrap_err().is_not_found());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn task_logs_contain_one_task() {
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    docker.create_service(&name, "echo to stdout; echo to stderr >&2").replicas(2).await.unwrap();
    for task in docker.running(&name, 2).await {
        let logs = || task.handle(&docker).logs();
        let Some(output) = supported_since(29, logs().follow(true).stderr(false).await) else { return };
        assert_eq!(output.lines().try_next().await.unwrap().unwrap().text(), "to stdout");
        let output = logs().follow(true).stdout(false).details(true).tail(2).await.unwrap();
        let line = output.lines().try_next().await.unwrap().unwrap();
        assert_eq!((line.task_id(), &*line.text()), (Some(&*task.id), "to stderr"));
        assert_eq!(line.details.node_id(), Some(&*task.node_id));
        assert_eq!(line.details.service_id(), Some(&*task.service_id));
        let output = logs().timestamps(true).await.unwrap().capture().await.unwrap();
        assert!(output.stdout_text().ends_with("Z to stdout\n") && output.stderr_text().ends_with("Z to stderr\n"));
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn task_logs_with_a_tty_are_not_demultiplexed() {
    if !supports(29) {
        return;
    }
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    docker.create_service(&name, "echo started").tty(true).await.unwrap();
    let task = docker.running(&name, 1).await.remove(0).handle(&docker);
    let mut output = task.logs().follow(true).await.unwrap();
    assert_eq!(output.try_next().await.unwrap().unwrap().to_string(), "started\r\n");
}
