//! Updates that have failed: they are paused, or the swarm rolls them back. Does no I/O.

use super::assess::{has_error, task_error};
use crate::{
    Error,
    error::Kind,
    models::{Service, Task, UpdateState},
};

/// The outcome of the last update of a service, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// No update, or an update that has not failed.
    NotFailed,
    /// The update failed, and the swarm is rolling it back.
    RollingBack(Failure),
    /// The update or the rollback failed and is paused.
    Failed(Failure),
    /// The update failed and was rolled back. The engine no longer reports the reason, except in the errors of tasks.
    RolledBack(Failure),
}

/// The reason of a failed update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// Exit code of the task that failed.
    code: Option<i64>,
    message: String,
}

impl Failure {
    /// The message of the engine or, without one, `default`, and the error of the task that it ends with or of the task
    /// that failed last.
    fn new(message: &str, default: &str, tasks: &[Task]) -> Self {
        let mut message = if message.is_empty() { default.to_owned() } else { message.to_owned() };
        let named = tasks.iter().find(|task| message.rsplit(' ').next() == Some(&*task.id));
        let failed = || tasks.iter().filter(|task| has_error(task)).max_by_key(|task| task.status.timestamp);
        let Some(error) = named.or_else(failed).map(task_error) else { return Self { code: None, message } };
        if !error.message.is_empty() {
            let text = if named.is_some() { error.message } else { error.to_string() };
            message = format!("{message}: {text}");
        }
        Self { code: error.exit_code, message }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::new(Kind::WaitFailed { code: failure.code, message: failure.message })
    }
}

/// Returns the outcome of the last update of a service with these tasks.
///
/// A rollback requested by a user counts as an update: the swarm then keeps the previous configuration, but it removes
/// it if it has started the rollback itself.
pub(super) fn outcome(service: &Service, tasks: &[Task]) -> Outcome {
    let Some(update) = &service.update_status else { return Outcome::NotFailed };
    let is_automatic = service.previous_spec.is_none();
    let failure = |message: &str, default: &str| Failure::new(message, default, tasks);
    match update.state {
        Some(UpdateState::Paused) => Outcome::Failed(failure(&update.message, "the update is paused")),
        Some(UpdateState::RollbackPaused) => Outcome::Failed(failure(&update.message, "the rollback is paused")),
        Some(UpdateState::RollbackStarted) if is_automatic => {
            Outcome::RollingBack(failure(&update.message, "the update was rolled back"))
        }
        // Its message is "rollback completed".
        Some(UpdateState::RollbackCompleted) if is_automatic => {
            Outcome::RolledBack(failure("", "the update was rolled back"))
        }
        _ => Outcome::NotFailed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: &str = r#"{"ID":"t2","Status":{"Timestamp":"2026-12-01T10:00:02Z","State":"failed",
        "Err":"task: non-zero exit (3)","ContainerStatus":{"ContainerID":"f43c","ExitCode":3}}}"#;
    const REJECTED: &str =
        r#"{"ID":"t3","Status":{"Timestamp":"2026-12-01T10:00:03Z","State":"rejected","Err":"No such image: a"}}"#;
    const RUNNING: &str = r#"{"ID":"t4","Status":{"Timestamp":"2026-12-01T10:00:04Z","State":"running"}}"#;

    fn tasks(tasks: &[&str]) -> Vec<Task> {
        tasks.iter().map(|task| serde_json::from_str(task).unwrap()).collect()
    }

    fn service(state: &str, message: &str, has_previous: bool) -> Service {
        let previous = if has_previous { r#","PreviousSpec":{"Name":"web"}"# } else { "" };
        let update = format!(r#"{{"State":"{state}","Message":"{message}"}}"#);
        serde_json::from_str(&format!(r#"{{"ID":"s1","UpdateStatus":{update}{previous}}}"#)).unwrap()
    }

    fn failure(code: Option<i64>, message: &str) -> Failure {
        Failure { code, message: message.into() }
    }

    #[test]
    fn paused_updates_have_failed() {
        let tasks = tasks(&[FAILED, REJECTED, RUNNING]);
        let paused = service("paused", "update paused due to failure of task t2", true);
        let want = failure(Some(3), "update paused due to failure of task t2: task: non-zero exit (3)");
        assert_eq!(outcome(&paused, &tasks), Outcome::Failed(want));
        let want = failure(None, "the rollback is paused: task t3: No such image: a");
        assert_eq!(outcome(&service("rollback_paused", "", false), &tasks), Outcome::Failed(want));
        let want = failure(None, "the update is paused");
        assert_eq!(outcome(&service("paused", "", true), &tasks[2..]), Outcome::Failed(want));
    }

    #[test]
    fn automatic_rollbacks_are_failures() {
        let tasks = tasks(&[REJECTED, FAILED, RUNNING]);
        let started = service("rollback_started", "update rolled back due to failure of task t2", false);
        let want = failure(Some(3), "update rolled back due to failure of task t2: task: non-zero exit (3)");
        assert_eq!(outcome(&started, &tasks), Outcome::RollingBack(want));
        let completed = service("rollback_completed", "rollback completed", false);
        let want = failure(None, "the update was rolled back: task t3: No such image: a");
        assert_eq!(outcome(&completed, &tasks), Outcome::RolledBack(want));
    }

    #[test]
    fn requested_rollbacks_and_other_updates_have_not_failed() {
        for state in ["updating", "completed", "rollback_started", "rollback_completed", "", "new state"] {
            assert_eq!(
                outcome(&service(state, "manually requested rollback", true), &[]),
                Outcome::NotFailed,
                "{state}"
            );
        }
        let created: Service = serde_json::from_str(r#"{"ID":"s1"}"#).unwrap();
        assert_eq!(outcome(&created, &tasks(&[FAILED])), Outcome::NotFailed);
    }
}
