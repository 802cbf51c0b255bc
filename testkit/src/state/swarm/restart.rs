//! Replaces tasks that have ended, by the restart policy of their service.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::{
    Swarm,
    service::{Mode, Service},
    task::{DelayedStart, Slot, Task, TaskState},
};

/// How many times shorter than on a real swarm the delays of restarts and updates are.
const TIME_FACTOR: u64 = 100;

/// The delay before a task is replaced, in nanoseconds, unless its service has another one.
const RESTART_DELAY: i64 = 5_000_000_000;

/// The tasks that replaced others on a slot.
#[derive(Debug, Default)]
pub(super) struct Restarts {
    /// The version of the specification that they have.
    spec_version: u64,
    times: Vec<Instant>,
}

/// The delay of the fake swarm for one of a real swarm, in nanoseconds.
pub(super) fn shortened(nanoseconds: i64) -> Duration {
    let delay = Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or_default() / TIME_FACTOR);
    if nanoseconds > 0 { delay.max(Duration::from_millis(1)) } else { Duration::ZERO }
}

/// The slot of a task of a service with this mode.
pub(super) fn slot_of(mode: Mode, task: &Task) -> Slot {
    if mode.is_per_node() { (0, task.node.clone()) } else { (task.number, String::new()) }
}

impl Service {
    /// Whether a task that has ended is replaced.
    pub(super) fn restarts(&self, task: &Task, now: Instant) -> bool {
        let policy = &task.spec["RestartPolicy"];
        let complete = task.status.state == TaskState::Complete;
        match policy["Condition"].as_str() {
            Some("none") => return false,
            Some("on-failure") if complete => return false,
            _ if complete && self.mode().is_job() => return false,
            _ => {}
        }
        let limit = policy["MaxAttempts"].as_u64().unwrap_or_default();
        let restarts = self.restarts.get(&slot_of(self.mode(), task));
        let Some(restarts) = restarts.filter(|restarts| limit > 0 && restarts.spec_version == task.spec_version) else {
            return true;
        };
        let window = policy["Window"].as_i64().filter(|window| *window > 0).map(shortened);
        let counts = |time: &&Instant| window.is_none_or(|window| now.duration_since(**time) < window);
        u64::try_from(restarts.times.iter().filter(counts).count()).unwrap_or(u64::MAX) < limit
    }

    fn record_restart(&mut self, slot: Slot, now: Instant) {
        let restarts = self.restarts.entry(slot).or_default();
        if restarts.spec_version != self.spec_version {
            *restarts = Restarts { spec_version: self.spec_version, times: Vec::new() };
        }
        restarts.times.push(now);
    }
}

impl Swarm {
    /// Shuts down a task, and replaces it if the restart policy permits.
    pub(super) fn restart(&mut self, service: &mut Service, index: usize, now: Instant) {
        self.set_desired(index, TaskState::Shutdown);
        let task = &self.tasks[index];
        if !service.restarts(task, now) {
            return;
        }
        let node = self.node(&task.node);
        // A drained node is left without delay.
        let delay = match node {
            Some(node) if node.is_drained() => Duration::ZERO,
            _ => shortened(task.spec["RestartPolicy"]["Delay"].as_i64().unwrap_or(RESTART_DELAY).max(1)),
        };
        let waits = !task.is_over() && node.is_some_and(|node| node.ready);
        let start = DelayedStart { at: now + delay, after: waits.then(|| task.meta.id.clone()) };
        let limited = task.spec["RestartPolicy"]["MaxAttempts"].as_u64() > Some(0);
        let slot = slot_of(service.mode(), task);
        let new = self.add_task(service, &slot, TaskState::Ready);
        self.tasks[new].start = Some(start);
        if limited {
            service.record_restart(slot, now);
        }
    }

    /// Starts tasks whose delay has passed, and whose predecessors have ended.
    pub(super) fn start_delayed(&mut self, now: Instant) {
        for index in 0..self.tasks.len() {
            let Some(start) = &self.tasks[index].start else { continue };
            let ended = start.after.as_ref().is_none_or(|old| self.has_ended(old));
            if start.at <= now && ended {
                let job = self.tasks[index].iteration.is_some();
                self.tasks[index].start = None;
                if self.tasks[index].should_run() {
                    self.set_desired(index, if job { TaskState::Complete } else { TaskState::Running });
                }
            }
        }
    }

    /// Whether a task has ended, or its node is not reachable.
    fn has_ended(&self, id: &str) -> bool {
        let Some(index) = self.task_index(id) else { return true };
        let task = &self.tasks[index];
        task.is_over() || !self.node(&task.node).is_some_and(|node| node.ready)
    }
}

/// A duration of an update configuration, in nanoseconds.
pub(super) fn nanoseconds(config: &Value, field: &str, default: i64) -> i64 {
    config[field].as_i64().filter(|time| *time != 0).unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::state::swarm::tests::swarm_of;

    #[test]
    fn delays_are_a_hundredth_but_not_zero() {
        assert_eq!(shortened(5_000_000_000), Duration::from_millis(50));
        assert_eq!(shortened(1), Duration::from_millis(1));
        assert_eq!(shortened(0), Duration::ZERO);
    }

    #[test]
    fn restart_policies_decide_on_replacements() {
        for (policy, state, restarts) in [
            (json!({}), TaskState::Complete, true),
            (json!({ "Condition": "on-failure" }), TaskState::Complete, false),
            (json!({ "Condition": "on-failure" }), TaskState::Failed, true),
            (json!({ "Condition": "none" }), TaskState::Failed, false),
        ] {
            let mut swarm = swarm_of(1);
            let spec = json!({ "Name": "web", "TaskTemplate": { "RestartPolicy": policy } });
            let service = Service::of_tests(&mut swarm, spec);
            let index = swarm.add_task(&service, &(1, String::new()), TaskState::Running);
            swarm.set_status(index, state, "", "");
            assert_eq!(service.restarts(&swarm.tasks[index], Instant::now()), restarts, "{policy}");
        }
    }

    #[test]
    fn max_attempts_limit_replacements() {
        let mut swarm = swarm_of(1);
        let spec = json!({ "Name": "web", "TaskTemplate": { "RestartPolicy": { "MaxAttempts": 2 } } });
        let mut service = Service::of_tests(&mut swarm, spec);
        let now = Instant::now();
        let mut index = swarm.add_task(&service, &(1, String::new()), TaskState::Running);
        for _ in 0..3 {
            swarm.set_status(index, TaskState::Failed, "started", "task: non-zero exit (1)");
            swarm.restart(&mut service, index, now);
            index = swarm.tasks.len() - 1;
        }
        assert_eq!(swarm.tasks.len(), 3);
    }
}
