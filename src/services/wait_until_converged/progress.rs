//! The progress of a service towards its configuration.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::models::{TaskState, UpdateStatus};

/// The progress of a service towards its configuration, in one check. An item of [`Convergence`](super::Convergence).
///
/// `Display` writes it in one line, for example `2 of 3 tasks are running; task f43c: No such image: nginx:1.28`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServiceProgress {
    /// Whether the tasks are as configured.
    pub state: ConvergenceState,
    /// Whether the service is a job, whose tasks have to complete.
    pub is_job: bool,
    /// Number of tasks with the current configuration that are running: at most one for each slot or node.
    pub running: u64,
    /// Number of tasks of a job that are complete; 0 for other services.
    pub completed: u64,
    /// Number of tasks that have to run or, of a job, to complete. For a global service it is the number of nodes that
    /// have a task, and `None` if there are none yet.
    pub desired: Option<u64>,
    /// State of the last update; `None` if there was none, or if it has not begun.
    pub update: Option<UpdateStatus>,
    /// The current task of each slot or node, in this order. During an update, some have the previous configuration.
    pub tasks: Vec<TaskProgress>,
    /// Error of the task with the current configuration that failed last. It may have failed before the wait began.
    pub last_error: Option<TaskError>,
}

/// Whether the tasks of a service are as configured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ConvergenceState {
    /// Tasks are being created, replaced or stopped, or have failed.
    #[default]
    Pending,
    /// All tasks are as configured, but not for long enough.
    Verifying,
    /// All tasks are as configured. The last item has this state.
    Converged,
}

/// A task of a service, as part of its progress.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskProgress {
    /// Id of the task.
    pub id: String,
    /// Slot of the task; 0 for global services. Slots of jobs begin with 0.
    pub slot: i64,
    /// Id of the node that the task is assigned to; empty if there is none yet.
    pub node_id: String,
    /// State of the task.
    pub state: Option<TaskState>,
    /// Error of the task, for example that no node is suitable; empty if there is none.
    pub error: String,
    /// Whether the task has the current configuration of the service.
    pub is_current: bool,
}

/// The error of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskError {
    /// Id of the task.
    pub task_id: String,
    /// Message of the swarm.
    pub message: String,
    /// Exit code of the container, if it was started and failed.
    pub exit_code: Option<i64>,
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}: {}", self.task_id, self.message)
    }
}

impl fmt::Display for ServiceProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, state) = if self.is_job { (self.completed, "complete") } else { (self.running, "running") };
        match self.desired {
            Some(desired) => write!(f, "{count} of {desired} tasks are {state}")?,
            None => f.write_str("no tasks yet")?,
        }
        if self.state == ConvergenceState::Converged {
            return Ok(());
        }
        if let Some(update) = self.update.as_ref().filter(|update| !update.message.is_empty()) {
            write!(f, "; {}", update.message)?;
        }
        match &self.last_error {
            Some(error) => write!(f, "; {error}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_progress_is_displayed_in_one_line() {
        let error = TaskError { task_id: "f43c".into(), message: "No such image: a".into(), exit_code: None };
        let update = UpdateStatus { message: "update in progress".into(), ..Default::default() };
        let mut progress = ServiceProgress {
            running: 2,
            desired: Some(3),
            update: Some(update),
            last_error: Some(error),
            ..Default::default()
        };
        assert_eq!(progress.to_string(), "2 of 3 tasks are running; update in progress; task f43c: No such image: a");
        progress.state = ConvergenceState::Converged;
        assert_eq!(progress.to_string(), "2 of 3 tasks are running");
        let job = ServiceProgress { is_job: true, completed: 1, desired: Some(4), ..Default::default() };
        assert_eq!(job.to_string(), "1 of 4 tasks are complete");
        assert_eq!(ServiceProgress::default().to_string(), "no tasks yet");
    }
}
