//! Jobs: services whose tasks run until they have completed.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::{
    Swarm, constraint,
    restart::slot_of,
    service::Service,
    task::{Slot, TaskState},
};

impl Swarm {
    /// Creates tasks until a job has completed the specified number, with at most `concurrent` at a time.
    pub(super) fn run_replicated_job(&mut self, service: &Service, concurrent: u64, total: u64, now: Instant) {
        self.remove_earlier_executions(service);
        let (running, used) = self.job_slots(service, now);
        let free = (0..total).map(|number| (number, String::new())).filter(|slot| !used.contains(slot));
        let allowed = usize::try_from(concurrent).unwrap_or(usize::MAX).saturating_sub(running);
        for slot in free.take(allowed) {
            self.add_task(service, &slot, TaskState::Complete);
        }
    }

    /// Creates a task of a job on each node that accepts it.
    pub(super) fn run_global_job(&mut self, service: &Service, now: Instant) {
        self.remove_earlier_executions(service);
        let (_, used) = self.job_slots(service, now);
        let fits = constraint::node_matches;
        let nodes = self.nodes.iter().filter(|node| node.accepts_tasks() && fits(&service.spec["TaskTemplate"], node));
        let new: Vec<Slot> = nodes.map(|node| (0, node.meta.id.clone())).filter(|slot| !used.contains(slot)).collect();
        for slot in new {
            self.add_task(service, &slot, TaskState::Complete);
        }
        for index in self.tasks_of(&service.meta.id) {
            let task = &self.tasks[index];
            if task.desired <= TaskState::Complete && !task.is_over() && self.is_left(&task.node) {
                self.set_desired(index, TaskState::Shutdown);
            }
        }
    }

    /// The number of running tasks of the current execution, and the slots that need no new task.
    fn job_slots(&self, service: &Service, now: Instant) -> (usize, BTreeSet<Slot>) {
        let (mut running, mut used) = (0, BTreeSet::new());
        for index in self.tasks_of(&service.meta.id) {
            let task = &self.tasks[index];
            let complete = task.status.state == TaskState::Complete;
            let runs = !complete && task.desired <= TaskState::Complete;
            let failed = task.status.state > TaskState::Complete && !service.restarts(task, now);
            if task.iteration == service.iteration() && (complete || runs || failed) {
                running += usize::from(runs);
                used.insert(slot_of(service.mode(), task));
            }
        }
        (running, used)
    }

    fn remove_earlier_executions(&mut self, service: &Service) {
        for index in self.tasks_of(&service.meta.id) {
            let task = &self.tasks[index];
            if task.iteration != service.iteration() && !task.is_over() && task.desired != TaskState::Remove {
                self.set_desired(index, TaskState::Remove);
            }
        }
    }
}
