//! Waiting until services have converged, and the tasks of log lines.

use std::{collections::BTreeSet, time::Duration};

use dockerclient::services::{ConvergenceState, Service, ServiceProgress, WaitUntilConverged};

use crate::engine::{Manager, supported_since, supports};

/// A wait with a short period, and a time limit.
fn wait(service: &Service) -> WaitUntilConverged {
    service.wait_until_converged().stable_for(Duration::from_secs(1)).time_limit(Duration::from_secs(60))
}

async fn converged(service: &Service) -> ServiceProgress {
    let progress = wait(service).await.unwrap();
    assert_eq!(progress.state, ConvergenceState::Converged);
    assert!(progress.tasks.iter().all(|task| task.is_current), "{progress:?}");
    progress
}

/// The environment variables of the tasks that should run.
async fn environments(service: &Service) -> BTreeSet<String> {
    let tasks = service.tasks().desired_state("running").await.unwrap();
    tasks.into_iter().flat_map(|task| task.spec.container_spec.unwrap().env).collect()
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn wait_after_create_scale_and_update() {
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    let service = docker.create_service(&name, "echo started").replicas(2).await.unwrap().service;
    let progress = converged(&service).await;
    assert_eq!((progress.running, progress.desired, progress.tasks.len()), (2, Some(2), 2));
    for replicas in [3, 1] {
        service.scale(replicas).await.unwrap();
        assert_eq!(converged(&service).await.running, replicas);
    }
    service.scale(2).await.unwrap();
    service.update(|spec| spec.container_mut().env = vec!["GREETING=hello".into()]).await.unwrap();
    converged(&service).await;
    assert_eq!(environments(&service).await, BTreeSet::from(["GREETING=hello".into()]));
    if supported_since(28, service.rollback().await).is_some() {
        converged(&service).await;
        assert!(environments(&service).await.is_empty(), "a requested rollback is not a failure");
    }
    service.remove().await.unwrap();
    assert!(wait(&service).await.unwrap_err().is_not_found());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn wait_for_a_forced_update_and_a_published_port() {
    if !supports(29) {
        return;
    }
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    let service = docker.create_service(&name, "echo started").await.unwrap().service;
    let first = converged(&service).await.tasks.remove(0).id;
    service.update(|spec| spec.task_template.force_update += 1).await.unwrap();
    let second = converged(&service).await.tasks.remove(0).id;
    assert_ne!(second, first);
    // Below API 1.29, this is not visible in the configuration of tasks.
    service.update(|spec| spec.endpoint_spec.get_or_insert_default().mode = Some("dnsrr".into())).await.unwrap();
    assert_ne!(converged(&service).await.tasks.remove(0).id, second);
    // A change that replaces no task.
    service.update(|spec| drop(spec.labels.insert("app".into(), "web".into()))).await.unwrap();
    converged(&service).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn wait_for_a_global_service() {
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    let service = docker.create_service(&name, "echo started").global().await.unwrap().service;
    let progress = converged(&service).await;
    assert_eq!((progress.running, progress.desired), (1, Some(1)));
    assert_eq!(progress.tasks[0].node_id, docker.node_id().await);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn wait_for_a_job() {
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    let create = docker.services().create("busybox").resolve_image(false).name(&*name).cmd(["true"]);
    let Some(job) = supported_since(41, create.replicated_job(3).max_concurrent(2).await) else { return };
    let progress = converged(&job).await;
    assert_eq!((progress.is_job, progress.completed, progress.desired), (true, 3, Some(3)));
    // Runs it again.
    job.update(|spec| spec.task_template.force_update += 1).await.unwrap();
    let again = converged(&job).await;
    assert_eq!(again.completed, 3);
    let ids = |progress: &ServiceProgress| progress.tasks.iter().map(|task| task.id.clone()).collect::<BTreeSet<_>>();
    assert!(ids(&again).is_disjoint(&ids(&progress)));
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn wait_fails_if_the_update_is_paused() {
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    let service = docker.create_service(&name, "echo started").await.unwrap().service;
    converged(&service).await;
    service.update(|spec| spec.container_mut().args = vec!["false".into()]).await.unwrap();
    let error = wait(&service).await.unwrap_err();
    assert!(error.is_wait_failed() && error.to_string().contains("paused"), "{error}");
    assert_eq!(error.code(), Some(1), "{error}");
    let again = wait(&service).await.unwrap_err();
    assert!(again.is_wait_failed(), "the update is still paused: {again}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn wait_fails_if_the_update_is_rolled_back() {
    if !supports(28) {
        return;
    }
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    let create = docker.create_service(&name, "echo started").replicas(2).update_failure_action("rollback");
    let create = create.update_monitor(Duration::from_secs(2)).rollback_monitor(Duration::from_millis(500));
    let service = create.await.unwrap().service;
    converged(&service).await;
    service.update(|spec| spec.container_mut().args = vec!["false".into()]).await.unwrap();
    let error = wait(&service).await.unwrap_err();
    assert!(error.is_wait_failed() && error.to_string().contains("rolled back"), "{error}");
    assert_eq!(error.code(), Some(1), "{error}");
    let seen = service.inspect().await.unwrap();
    assert_ne!(seen.spec.task_template.container_spec.unwrap().args, ["false"], "the wait includes the rollback");
    assert_eq!(seen.update_status.unwrap().state.unwrap().as_str(), "rollback_completed");
    // The next update begins a new state.
    service.update(|spec| spec.container_mut().env = vec!["GREETING=hello".into()]).await.unwrap();
    converged(&service).await;
}

/// The engine has no access to a registry.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn progress_has_the_error_of_tasks_without_an_image() {
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    let create = docker.services().create("missing-image:1").resolve_image(false).name(&*name);
    let service = create.await.unwrap().service;
    let mut progress = wait(&service).progress().await.unwrap();
    let error = async {
        loop {
            let item = progress.try_next().await.unwrap().unwrap();
            assert_eq!((item.state, item.running), (ConvergenceState::Pending, 0));
            if let Some(error) = item.last_error {
                return error;
            }
        }
    };
    let error = tokio::time::timeout(Duration::from_secs(60), error).await.unwrap();
    assert!(error.message.contains("missing-image:1"), "{error}");
    let timeout = wait(&service).time_limit(Duration::from_secs(1)).await.unwrap_err();
    assert!(timeout.is_timeout() && timeout.to_string().contains("missing-image:1"), "{timeout}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn progress_ends_with_the_converged_item() {
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    let service = docker.create_service(&name, "echo started").replicas(2).await.unwrap().service;
    let mut progress = wait(&service).progress().await.unwrap();
    let mut states = Vec::new();
    while let Some(item) = progress.try_next().await.unwrap() {
        states.push(item.state);
    }
    states.dedup();
    assert!(states.ends_with(&[ConvergenceState::Verifying, ConvergenceState::Converged]), "{states:?}");
    assert_eq!(progress.finish().await.unwrap().running, 2);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn service_log_lines_have_the_ids_of_their_tasks() {
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    // Longer than the parts that engines split lines into.
    let script = "head -c 40000 /dev/zero | tr '\\0' x; echo; echo end";
    let service = docker.create_service(&name, script).replicas(2).label("team", "a").await.unwrap().service;
    let tasks = docker.running(&name, 2).await;
    // Docker 1.13 to 17.04 have it only in experimental mode.
    let Some(output) = supported_since(25, service.logs().details(true).follow(true).await) else { return };
    let mut lines = output.lines();
    let reading = async {
        let mut read = Vec::new();
        while read.len() < 4 {
            let line = lines.try_next().await.unwrap().unwrap();
            assert_eq!(line.details.service_id(), Some(service.id()));
            read.push((line.task_id().unwrap().to_owned(), line.text().into_owned()));
        }
        read
    };
    let read = tokio::time::timeout(Duration::from_secs(60), reading).await.unwrap();
    let texts = || ["x".repeat(40_000), "end".to_owned()];
    let expected = tasks.iter().flat_map(|task| texts().map(|text| (task.id.clone(), text)));
    let (read, expected): (BTreeSet<_>, BTreeSet<_>) = (read.into_iter().collect(), expected.collect());
    assert!(
        read == expected,
        "lines are mixed: {:?}",
        read.iter().map(|(id, text)| (id, text.len())).collect::<Vec<_>>()
    );
}
