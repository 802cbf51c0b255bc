//! Waiting until a service has converged: the requests, the progress, and the errors.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use dockerclient::{
    models::UpdateState,
    services::{ConvergenceState, WaitUntilConverged},
};
use dockerclient_testkit::{FakeEngine, Response};
use insta::assert_snapshot;
use serde_json::{Value, json};

/// One state of a service: the service, or the status of its inspection, and its tasks.
type State = (Result<Value, u16>, Vec<Value>);

/// A service with two tasks. `update` is the state and the message of its update.
fn service(version: u64, update: Option<(&str, &str)>) -> Value {
    let mut service = json!({
        "ID": "s1",
        "Version": { "Index": version },
        "Spec": { "Name": "web", "Mode": { "Replicated": { "Replicas": 2 } } },
    });
    if let Some((state, message)) = update {
        service["UpdateStatus"] = json!({ "State": state, "Message": message });
    }
    service
}

/// A task with the current configuration, unless its id begins with `old`.
fn task(id: &str, slot: i64, desired: &str, state: &str, error: &str) -> Value {
    let old = id.starts_with("old").then(|| json!({ "ContainerSpec": { "Image": "nginx:1.27" } }));
    json!({
        "ID": id,
        "ServiceID": "s1",
        "NodeID": "n1",
        "Slot": slot,
        "DesiredState": desired,
        "Status": { "State": state, "Err": error, "Timestamp": "2026-12-01T10:00:00Z" },
        "Spec": old.unwrap_or_else(|| json!({})),
    })
}

fn running(id: &str, slot: i64) -> Value {
    task(id, slot, "running", "running", "")
}

/// An engine whose service has the next of these states each time it is inspected, and keeps the last one.
fn engine(states: Vec<State>) -> FakeEngine {
    let inspections = AtomicUsize::new(0);
    FakeEngine::scripted(move |request| {
        let state = |number: usize| &states[number.min(states.len() - 1)];
        match request.path() {
            "/services/web" | "/services/s1" => match &state(inspections.fetch_add(1, Ordering::Relaxed)).0 {
                Ok(service) => Response::json(200, &service.to_string()),
                Err(status) => Response::json(*status, r#"{"message":"service s1 not found"}"#),
            },
            "/tasks" => {
                let filters = request.query("filters").unwrap();
                let is_old = |task: &Value| task["ID"].as_str().unwrap().starts_with("old");
                let (_, tasks) = state(inspections.load(Ordering::Relaxed) - 1);
                let found = tasks.iter().filter(|task| !filters.contains("_up-to-date") || !is_old(task));
                Response::json(200, &found.cloned().collect::<Value>().to_string())
            }
            "/nodes" => Response::json(200, r#"[{"ID":"n1","Status":{"State":"ready"}}]"#),
            _ => Response::json(404, r#"{"message":"page not found"}"#),
        }
    })
}

/// A wait that does not take long.
fn wait(engine: &FakeEngine, version: &str) -> WaitUntilConverged {
    let wait = engine.client(version).service("web").wait_until_converged();
    wait.poll_interval(Duration::from_millis(10)).stable_for(Duration::ZERO)
}

/// The paths and filters of all requests.
fn calls(engine: &FakeEngine) -> String {
    let calls = engine.requests().into_iter().map(|request| match request.query("filters") {
        Some(filters) => format!("{} {filters}", request.path()),
        None => request.path().to_owned(),
    });
    calls.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn wait_lists_tasks_until_all_run() {
    let states = || {
        vec![
            (Ok(service(1, None)), vec![running("a", 1), task("b", 2, "running", "starting", "")]),
            (Ok(service(1, None)), vec![running("a", 1), running("b", 2)]),
        ]
    };
    let new = engine(states());
    let progress = wait(&new, "1.41").await.unwrap();
    assert_eq!((progress.state, progress.running), (ConvergenceState::Converged, 2));
    assert_snapshot!(calls(&new), @r#"
    /services/web
    /tasks {"service":["s1"]}
    /tasks {"_up-to-date":["true"],"service":["s1"]}
    /services/s1
    /tasks {"service":["s1"]}
    /tasks {"_up-to-date":["true"],"service":["s1"]}
    /nodes
    /services/s1
    "#);

    let old = engine(states());
    wait(&old, "1.28").await.unwrap();
    assert_snapshot!(calls(&old), @r#"
    /services/web
    /tasks {"service":["s1"]}
    /services/s1
    /tasks {"service":["s1"]}
    /nodes
    /services/s1
    "#);
}

/// Right after an update is accepted, its state is absent, and the tasks still have the previous configuration.
#[tokio::test]
async fn old_tasks_of_an_accepted_update_are_not_converged() {
    for version in ["1.24", "1.28", "1.29", "1.41"] {
        let old = vec![running("old1", 1), running("old2", 2)];
        let updating = || Ok(service(3, Some(("updating", "update in progress"))));
        let engine = engine(vec![
            (Ok(service(2, None)), old.clone()),
            (Ok(service(2, None)), old),
            (updating(), vec![running("old1", 1), running("b", 2)]),
            (updating(), vec![running("a", 1), running("b", 2)]),
            (Ok(service(4, Some(("completed", "update completed")))), vec![running("a", 1), running("b", 2)]),
        ]);
        let progress = wait(&engine, version).await.unwrap();
        assert!(progress.tasks.iter().all(|task| task.is_current), "{version}: {progress:?}");
        let inspections = engine.requests().iter().filter(|request| request.path().starts_with("/services")).count();
        assert!(inspections >= 5, "{version}: {inspections} inspections");
    }
}

#[tokio::test]
async fn progress_items_are_changes_and_end_when_converged() {
    let rejected = task("b", 2, "running", "rejected", "No such image: nginx:1.28");
    let shut_down = task("b", 2, "shutdown", "rejected", "No such image: nginx:1.28");
    let engine = engine(vec![
        (Ok(service(1, None)), vec![running("a", 1), rejected.clone()]),
        (Ok(service(1, None)), vec![running("a", 1), rejected]),
        (Ok(service(1, None)), vec![running("a", 1), shut_down.clone(), running("c", 2)]),
        (Ok(service(1, None)), vec![running("a", 1), shut_down, running("c", 2)]),
    ]);
    let mut progress = wait(&engine, "1.41").progress().await.unwrap();
    assert_eq!(engine.requests().len(), 1, "the service is inspected first");
    let mut items = Vec::new();
    while let Some(item) = progress.try_next().await.unwrap() {
        items.push(format!("{:?}: {item}", item.state));
    }
    assert_snapshot!(items.join("\n"), @"
    Pending: 1 of 2 tasks are running; task b: No such image: nginx:1.28
    Verifying: 2 of 2 tasks are running; task b: No such image: nginx:1.28
    Converged: 2 of 2 tasks are running
    ");
    assert_eq!(progress.try_next().await.unwrap(), None);
    assert_eq!(progress.finish().await.unwrap().state, ConvergenceState::Converged);
}

#[tokio::test]
async fn rolled_back_update_is_an_error_after_the_rollback() {
    let failed = task("b", 2, "shutdown", "failed", "task: non-zero exit (3)");
    let started = "update rolled back due to failure or early termination of task b";
    let tasks = || vec![running("a", 1), failed.clone(), running("c", 2)];
    let engine = engine(vec![
        (Ok(service(1, Some(("updating", "")))), vec![running("a", 1), failed.clone()]),
        (Ok(service(2, Some(("rollback_started", started)))), tasks()),
        (Ok(service(2, Some(("rollback_started", started)))), tasks()),
        (Ok(service(3, Some(("rollback_completed", "rollback completed")))), tasks()),
    ]);
    let mut progress = wait(&engine, "1.41").progress().await.unwrap();
    let mut states = Vec::new();
    let error = loop {
        match progress.try_next().await {
            Ok(item) => states.push(item.unwrap().update.unwrap().state.unwrap()),
            Err(error) => break error,
        }
    };
    assert_eq!(states, [UpdateState::Updating, UpdateState::RollbackStarted]);
    assert!(error.is_wait_failed());
    assert_snapshot!(error, @"failed to wait for the tasks of service web: update rolled back due to failure or early termination of task b: task: non-zero exit (3)");
    assert_eq!(error.operation(), Some("service_inspect"));
    assert!(progress.finish().await.unwrap_err().is_wait_failed());
}

#[tokio::test]
async fn paused_update_is_an_error_with_the_exit_code() {
    let mut failed = task("b", 2, "shutdown", "failed", "task: non-zero exit (3)");
    failed["Status"]["ContainerStatus"] = json!({ "ContainerID": "f43c", "ExitCode": 3 });
    let engine = engine(vec![(Ok(service(1, Some(("paused", "update paused")))), vec![running("a", 1), failed])]);
    let error = wait(&engine, "1.41").await.unwrap_err();
    assert_eq!((error.is_wait_failed(), error.code()), (true, Some(3)));
    assert_snapshot!(error, @"failed to wait for the tasks of service web: update paused: task b: task: non-zero exit (3)");
}

#[tokio::test]
async fn service_that_is_removed_during_the_wait_is_not_found() {
    let engine = engine(vec![(Ok(service(1, None)), Vec::new()), (Err(404), Vec::new())]);
    let error = wait(&engine, "1.41").await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_snapshot!(error, @"failed to wait for the tasks of service web: service s1 not found (404)");
}

#[tokio::test]
async fn missing_service_is_an_error_of_the_call() {
    let engine = engine(vec![(Err(404), Vec::new())]);
    assert!(wait(&engine, "1.41").progress().await.unwrap_err().is_not_found());
    let mut progress = wait(&engine, "1.41").progress().stream();
    assert!(progress.try_next().await.unwrap_err().is_not_found());
    assert_eq!(progress.try_next().await.unwrap(), None);
}

#[tokio::test]
async fn time_limit_error_has_the_last_error_of_a_task() {
    let pending = task("b", 2, "running", "pending", "no suitable node");
    let engine = engine(vec![(Ok(service(1, None)), vec![running("a", 1), pending])]);
    let error = wait(&engine, "1.41").time_limit(Duration::from_secs(2)).await.unwrap_err();
    assert!(error.is_timeout());
    assert_snapshot!(error, @"failed to wait for the tasks of service web: not complete within 2s (time_limit): 1 of 2 tasks are running; task b: no suitable node");
}

#[tokio::test]
async fn wait_verifies_that_tasks_keep_running() {
    let engine = engine(vec![(Ok(service(1, None)), vec![running("a", 1), running("b", 2)])]);
    let stable = Duration::from_millis(100);
    let begin = tokio::time::Instant::now();
    wait(&engine, "1.41").stable_for(stable).await.unwrap();
    assert!(begin.elapsed() >= stable);
}

#[tokio::test]
async fn job_converges_when_its_tasks_are_complete() {
    let job = || {
        let mut job = service(1, None);
        job["Spec"]["Mode"] = json!({ "ReplicatedJob": { "MaxConcurrent": 1, "TotalCompletions": 2 } });
        job["JobStatus"] = json!({ "JobIteration": { "Index": 4 } });
        Ok(job)
    };
    let run = |id: &str, slot: i64, state: &str, iteration: u64| {
        let mut task = task(id, slot, "complete", state, "");
        task["JobIteration"] = json!({ "Index": iteration });
        task
    };
    let engine = engine(vec![
        (job(), vec![run("a", 0, "complete", 3), run("b", 1, "complete", 3)]),
        (job(), vec![run("c", 0, "complete", 4), run("d", 1, "running", 4)]),
        (job(), vec![run("c", 0, "complete", 4), run("d", 1, "complete", 4)]),
    ]);
    let progress = wait(&engine, "1.41").await.unwrap();
    assert_eq!((progress.is_job, progress.completed, progress.desired), (true, 2, Some(2)));
    assert_eq!(progress.to_string(), "2 of 2 tasks are complete");
    assert!(!calls(&engine).contains("_up-to-date"));
}

#[tokio::test]
async fn dropped_wait_sends_nothing_more() {
    let engine = engine(vec![(Ok(service(1, None)), Vec::new())]);
    let mut progress = wait(&engine, "1.41").progress().await.unwrap();
    assert!(progress.try_next().await.unwrap().is_some());
    drop(progress);
    let sent = engine.requests().len();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(engine.requests().len(), sent);
}
