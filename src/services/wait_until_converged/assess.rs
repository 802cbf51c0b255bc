//! Comparison of the tasks of a service with its configuration. Does no I/O.

use std::collections::{BTreeMap, HashSet};

use super::progress::{ConvergenceState, ServiceProgress, TaskError, TaskProgress};
use crate::{
    Error, Result,
    models::{Node, NodeAvailability, NodeState, Service, ServiceMode, Task, TaskSpec, TaskState, UpdateState},
};

/// A service, its tasks and its nodes, as they were read.
pub(super) struct Snapshot<'a> {
    pub(super) service: &'a Service,
    /// All tasks of the service, including those that have ended.
    pub(super) tasks: &'a [Task],
    /// Ids of the tasks with the current configuration, from engines that have a filter for them.
    pub(super) up_to_date: Option<&'a HashSet<String>>,
    /// The nodes, if they were listed.
    pub(super) nodes: Option<&'a [Node]>,
}

/// The result of a comparison.
#[derive(Debug)]
pub(super) struct Assessment {
    pub(super) progress: ServiceProgress,
    /// Whether all tasks are as configured.
    pub(super) is_complete: bool,
    /// Ids of the tasks that run.
    pub(super) running: Vec<String>,
}

/// The mode of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// The number of tasks.
    Replicated(u64),
    Global,
    /// The number of tasks that have to complete.
    ReplicatedJob(u64),
    GlobalJob,
}

impl Mode {
    fn of(mode: &ServiceMode) -> Result<Self> {
        if let Some(replicated) = &mode.replicated {
            return Ok(Self::Replicated(replicated.replicas.unwrap_or(1)));
        }
        if let Some(job) = &mode.replicated_job {
            return Ok(Self::ReplicatedJob(job.total_completions.or(job.max_concurrent).unwrap_or(1)));
        }
        match (&mode.global, &mode.global_job) {
            (Some(_), _) => Ok(Self::Global),
            (None, Some(_)) => Ok(Self::GlobalJob),
            (None, None) => Err(Error::invalid_input("the mode of the service is not supported")),
        }
    }

    fn is_job(self) -> bool {
        matches!(self, Self::ReplicatedJob(_) | Self::GlobalJob)
    }

    fn is_global(self) -> bool {
        matches!(self, Self::Global | Self::GlobalJob)
    }
}

/// Whether the service has tasks on all nodes, so that the state of the nodes determines their number.
pub(super) fn is_global(service: &Service) -> bool {
    Mode::of(&service.spec.mode).is_ok_and(Mode::is_global)
}

/// Whether the service is a job, so that its tasks belong to executions.
pub(super) fn is_job(service: &Service) -> bool {
    Mode::of(&service.spec.mode).is_ok_and(Mode::is_job)
}

/// Compares the tasks with the configuration. Fails if the service has an unknown mode.
///
/// If the nodes were not listed, none is assumed to be down.
pub(super) fn assess<'a>(snapshot: &Snapshot<'a>) -> Result<Assessment> {
    let mode = Mode::of(&snapshot.service.spec.mode)?;
    let mut places = snapshot.places(mode);
    let count = |condition: fn(&Place<'a>) -> bool| to_u64(places.iter().filter(|place| condition(place)).count());
    let (running, live, completed) = (count(Place::is_running), count(Place::is_live), count(Place::is_completed));
    let nodes = to_u64(places.len());
    let has_outdated = places.iter().any(|place| place.live().any(|task| !task.is_current));
    let (desired, is_complete) = match mode {
        Mode::Replicated(replicas) => (replicas, running == replicas && live == replicas && !has_outdated),
        Mode::Global => (nodes, nodes > 0 && running == nodes && !has_outdated),
        Mode::ReplicatedJob(total) => (total, completed >= total),
        Mode::GlobalJob => (nodes, nodes > 0 && completed == nodes),
    };
    if matches!(mode, Mode::Replicated(_)) && live >= desired {
        // The others are slots that the service no longer has.
        places.retain(Place::is_live);
    }
    let progress = ServiceProgress {
        state: ConvergenceState::Pending,
        is_job: mode.is_job(),
        running,
        completed: if mode.is_job() { completed } else { 0 },
        desired: Some(desired).filter(|&desired| desired > 0 || !mode.is_global()),
        update: snapshot.service.update_status.clone().filter(|update| update.state.is_some()),
        tasks: places.iter().filter_map(Place::progress).collect(),
        last_error: snapshot.last_error(mode),
    };
    let running = places.iter().flat_map(|place| &place.tasks).filter(|seen| seen.is_running);
    let mut running: Vec<String> = running.map(|seen| seen.task.id.clone()).collect();
    running.sort_unstable();
    Ok(Assessment { progress, is_complete: is_complete && !snapshot.is_update_unknown(mode), running })
}

fn to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl<'a> Snapshot<'a> {
    /// The tasks of each slot or, for global services, of each node.
    fn places(&self, mode: Mode) -> Vec<Place<'a>> {
        let mut places: BTreeMap<(i64, &'a str), Place<'a>> = BTreeMap::new();
        for task in self.tasks {
            let place = if mode.is_global() { (0, &*task.node_id) } else { (task.slot, "") };
            places.entry(place).or_default().tasks.push(self.seen(task, mode));
        }
        let mut places: Vec<Place<'a>> = places.into_values().collect();
        places.retain(|place| self.counts(place, mode));
        places
    }

    fn seen(&self, task: &'a Task, mode: Mode) -> Seen<'a> {
        let is_current = self.is_current(task, mode);
        let is_live = is_live(task, mode);
        let is_running = is_live
            && is_current
            && task.status.state == Some(TaskState::Running)
            && self.node(&task.node_id).is_none_or(|node| node.status.state != Some(NodeState::Down));
        Seen { task, is_current, is_live, is_running }
    }

    /// Whether the tasks of a slot or node count: whether one of them should run or, for a job, belongs to its current
    /// execution.
    fn counts(&self, place: &Place<'_>, mode: Mode) -> bool {
        let Some(Seen { task, .. }) = place.tasks.first() else { return false };
        let is_current = place.tasks.iter().any(|task| task.is_current);
        match mode {
            Mode::Replicated(_) => place.is_live() || place.has_ended(),
            Mode::ReplicatedJob(_) => is_current,
            // The swarm does not replace tasks on paused nodes.
            Mode::Global if place.is_live() => is_current || !self.is_paused(&task.node_id),
            // Its restart policy prevents that the task runs again.
            Mode::Global => {
                place.newest_has_ended() && self.is_eligible(&task.node_id) && !self.is_paused(&task.node_id)
            }
            // A task that has failed and is not restarted counts, unless the swarm has stopped it because of its node.
            Mode::GlobalJob if !place.is_live() && !place.is_completed() => {
                is_current && self.is_eligible(&task.node_id)
            }
            Mode::GlobalJob => is_current,
        }
    }

    fn node(&self, id: &str) -> Option<&'a Node> {
        self.nodes?.iter().find(|node| node.id == id)
    }

    fn is_paused(&self, id: &str) -> bool {
        self.node(id).is_some_and(|node| node.spec.availability == Some(NodeAvailability::Pause))
    }

    fn is_eligible(&self, id: &str) -> bool {
        self.node(id).is_some_and(|node| {
            node.status.state != Some(NodeState::Down) && node.spec.availability != Some(NodeAvailability::Drain)
        })
    }

    /// Whether a task has the current configuration or, for a job, belongs to the current execution.
    fn is_current(&self, task: &Task, mode: Mode) -> bool {
        if mode.is_job() {
            let iteration = self.service.job_status.as_ref().map(|job| job.job_iteration.index);
            return task.job_iteration.as_ref().map(|iteration| iteration.index) == iteration;
        }
        match self.up_to_date {
            Some(ids) => ids.contains(&task.id),
            None => has_configuration(&task.spec, &self.service.spec.task_template),
        }
    }

    /// Whether tasks that seem to be current may be replaced by the update: the configurations of tasks do not show all
    /// changes.
    fn is_update_unknown(&self, mode: Mode) -> bool {
        let state = self.service.update_status.as_ref().and_then(|update| update.state.as_ref());
        let is_updating = matches!(state, Some(UpdateState::Updating | UpdateState::RollbackStarted));
        self.up_to_date.is_none() && !mode.is_job() && is_updating
    }

    /// The error of the current task that failed last.
    fn last_error(&self, mode: Mode) -> Option<TaskError> {
        let failed = self.tasks.iter().filter(|task| self.is_current(task, mode) && has_error(task));
        failed.max_by_key(|task| task.status.timestamp).map(task_error)
    }
}

/// A task, compared with the configuration.
#[derive(Clone, Copy)]
struct Seen<'a> {
    task: &'a Task,
    /// Whether it has the current configuration.
    is_current: bool,
    /// Whether the swarm intends to run it.
    is_live: bool,
    /// Whether it is current and live, and runs.
    is_running: bool,
}

/// The tasks of a slot or node.
#[derive(Default)]
struct Place<'a> {
    tasks: Vec<Seen<'a>>,
}

impl<'a> Place<'a> {
    fn live(&self) -> impl Iterator<Item = &Seen<'a>> {
        self.tasks.iter().filter(|task| task.is_live)
    }

    fn is_live(&self) -> bool {
        self.live().next().is_some()
    }

    fn is_running(&self) -> bool {
        self.tasks.iter().any(|task| task.is_running)
    }

    fn is_completed(&self) -> bool {
        self.tasks.iter().any(|seen| seen.is_current && seen.task.status.state == Some(TaskState::Complete))
    }

    /// Whether a current task has ended by itself.
    fn has_ended(&self) -> bool {
        self.tasks.iter().any(|seen| {
            let state = seen.task.status.state.as_ref();
            seen.is_current && matches!(state, Some(TaskState::Complete | TaskState::Failed | TaskState::Rejected))
        })
    }

    /// Whether the newest task is current and has ended by itself. Tasks are also rejected because their node no longer
    /// satisfies the constraints, so those do not count.
    fn newest_has_ended(&self) -> bool {
        let newest = self.tasks.iter().max_by_key(|seen| seen.task.created_at);
        newest.is_some_and(|seen| {
            seen.is_current && matches!(seen.task.status.state, Some(TaskState::Complete | TaskState::Failed))
        })
    }

    /// The task to show: one that should run rather than one that has ended, then a current one, then the newest.
    fn progress(&self) -> Option<TaskProgress> {
        let order = |seen: &&Seen<'_>| (seen.is_live, seen.is_current, seen.is_running, seen.task.created_at);
        let Seen { task, is_current, .. } = self.tasks.iter().max_by_key(order)?;
        Some(TaskProgress {
            id: task.id.clone(),
            slot: task.slot,
            node_id: task.node_id.clone(),
            state: task.status.state.clone(),
            error: task.status.err.clone(),
            is_current: *is_current,
        })
    }
}

/// Whether the swarm intends to run a task. Jobs should become complete, other tasks should be running.
fn is_live(task: &Task, mode: Mode) -> bool {
    match task.desired_state {
        Some(
            TaskState::New
            | TaskState::Allocated
            | TaskState::Pending
            | TaskState::Assigned
            | TaskState::Accepted
            | TaskState::Preparing
            | TaskState::Ready
            | TaskState::Starting
            | TaskState::Running,
        ) => true,
        Some(TaskState::Complete) => mode.is_job(),
        _ => false,
    }
}

/// Whether a task has the configuration of its service, as far as that is known: engines before 17.05 do not send
/// `ForceUpdate` of tasks, and a task is not replaced if its node satisfies other constraints.
fn has_configuration(task: &TaskSpec, service: &TaskSpec) -> bool {
    task.container_spec == service.container_spec
        && task.plugin_spec == service.plugin_spec
        && task.resources == service.resources
        && task.restart_policy == service.restart_policy
        && task.log_driver == service.log_driver
        && task.networks == service.networks
        && (task.force_update == 0 || task.force_update == service.force_update)
}

/// Whether a task has failed, or waits because of an error.
pub(super) fn has_error(task: &Task) -> bool {
    match task.status.state {
        Some(TaskState::Failed | TaskState::Rejected) => true,
        Some(TaskState::Complete | TaskState::Shutdown | TaskState::Remove | TaskState::Orphaned) => false,
        _ => !task.status.err.is_empty(),
    }
}

/// The error of a task.
pub(super) fn task_error(task: &Task) -> TaskError {
    let text = if task.status.err.is_empty() { &task.status.message } else { &task.status.err };
    let exit_code = task.status.container_status.as_ref().map(|container| container.exit_code);
    TaskError { task_id: task.id.clone(), message: text.clone(), exit_code: exit_code.filter(|&code| code != 0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{NodeSpec, NodeStatus, Placement, TaskContainer, TaskStatus};

    fn service(mode: &str) -> Service {
        let update = r#""UpdateStatus":{"State":"completed","Message":"update completed"}"#;
        let job = if mode.contains("Job") { r#","JobStatus":{"JobIteration":{"Index":3}}"# } else { "" };
        let service = format!(r#"{{"ID":"s1","Spec":{{"Name":"web","Mode":{mode}}},{update}{job}}}"#);
        serde_json::from_str(&service).unwrap()
    }

    fn replicated(replicas: u64) -> Service {
        service(&format!(r#"{{"Replicated":{{"Replicas":{replicas}}}}}"#))
    }

    /// A task, as `<id> <slot or node> <desired state> <state>`. Ids of tasks with another configuration begin with
    /// `old`.
    fn task(text: &str) -> Task {
        let [id, place, desired, state] = text.split(' ').collect::<Vec<_>>()[..] else { panic!("{text}") };
        let slot = place.parse().unwrap_or_default();
        let node_id = if place.starts_with('n') { place } else { "n1" };
        Task {
            id: id.into(),
            slot,
            node_id: node_id.into(),
            desired_state: Some(desired.into()),
            status: TaskStatus { state: Some(state.into()), ..Default::default() },
            ..Default::default()
        }
    }

    fn node(id: &str, state: &str, availability: &str) -> Node {
        Node {
            id: id.into(),
            status: NodeStatus { state: Some(state.into()), ..Default::default() },
            spec: NodeSpec { availability: Some(availability.into()), ..Default::default() },
            ..Default::default()
        }
    }

    fn assessed(service: &Service, tasks: &[Task], nodes: Option<&[Node]>) -> Assessment {
        let ids = tasks.iter().map(|task| task.id.clone()).filter(|id| !id.starts_with("old")).collect();
        assess(&Snapshot { service, tasks, up_to_date: Some(&ids), nodes }).unwrap()
    }

    /// Whether the tasks are complete, and the numbers of those that run and are desired.
    #[track_caller]
    fn check(service: &Service, tasks: &[&str], nodes: Option<&[Node]>, want: (bool, u64, Option<u64>)) {
        let tasks: Vec<Task> = tasks.iter().map(|text| task(text)).collect();
        let Assessment { progress, is_complete, .. } = assessed(service, &tasks, nodes);
        assert_eq!((is_complete, progress.running, progress.desired), want, "{progress:?}");
    }

    #[test]
    fn replicated_service_is_complete_if_its_tasks_run() {
        check(&replicated(2), &[], None, (false, 0, Some(2)));
        check(&replicated(2), &["a 1 running running"], None, (false, 1, Some(2)));
        let running = ["a 1 running running", "b 2 running running"];
        check(&replicated(2), &running, None, (true, 2, Some(2)));
        check(&replicated(3), &running, None, (false, 2, Some(3)));
        for state in ["new", "pending", "preparing", "ready", "starting", "failed", "complete", "orphaned", "novel"] {
            let tasks = ["a 1 running running", &format!("b 2 running {state}")];
            check(&replicated(2), &tasks, None, (false, 1, Some(2)));
        }
    }

    #[test]
    fn tasks_that_are_shut_down_do_not_count() {
        let running = ["a 1 running running", "b 2 running running"];
        for ended in ["c 1 shutdown running", "c 1 shutdown failed", "old 2 shutdown complete", "c 3 remove running"] {
            check(&replicated(2), &[ended, running[0], running[1]], None, (true, 2, Some(2)));
        }
        check(&replicated(1), &["a 1 shutdown running"], None, (false, 0, Some(1)));
    }

    #[test]
    fn outdated_tasks_are_awaited() {
        check(&replicated(1), &["old 1 running running"], None, (false, 0, Some(1)));
        // With the order start-first, the new task runs before the old one is shut down.
        check(&replicated(1), &["old 1 running running", "a 1 running running"], None, (false, 1, Some(1)));
        check(&replicated(1), &["old 1 shutdown running", "a 1 running running"], None, (true, 1, Some(1)));
    }

    #[test]
    fn scaling_down_ends_when_slots_are_removed() {
        let running = ["a 1 running running", "b 2 running running"];
        check(&replicated(1), &running, None, (false, 2, Some(1)));
        check(&replicated(1), &["a 1 running running", "b 2 running starting"], None, (false, 1, Some(1)));
        check(&replicated(1), &["a 1 running running", "b 2 remove running"], None, (true, 1, Some(1)));
        check(&replicated(0), &["a 1 running failed"], None, (false, 0, Some(0)));
        check(&replicated(0), &["a 1 remove running"], None, (true, 0, Some(0)));
    }

    #[test]
    fn tasks_on_nodes_that_are_down_do_not_count() {
        let tasks = ["a n1 running running"];
        let nodes = |state: &str| [node("n1", state, "active")];
        for (state, runs) in [("down", false), ("ready", true), ("unknown", true), ("disconnected", true)] {
            check(&service(r#"{"Global":{}}"#), &tasks, Some(&nodes(state)), (runs, runs.into(), Some(1)));
        }
        check(&replicated(1), &["a 0 running running"], Some(&nodes("down")), (false, 0, Some(1)));
        check(&replicated(1), &["a 0 running running"], Some(&[]), (true, 1, Some(1)));
    }

    #[test]
    fn global_service_is_complete_if_its_task_runs_on_each_node() {
        let global = service(r#"{"Global":{}}"#);
        check(&global, &[], Some(&[]), (false, 0, None));
        let running = ["a n1 running running", "b n2 running running"];
        check(&global, &running, Some(&[]), (true, 2, Some(2)));
        // The task of a drained node is shut down.
        check(&global, &["a n1 running running", "b n2 shutdown shutdown"], Some(&[]), (true, 1, Some(1)));
        check(&global, &["a n1 running running", "old n2 running running"], Some(&[]), (false, 1, Some(2)));
    }

    #[test]
    fn ended_task_of_a_global_service_counts_if_not_restarted() {
        let global = service(r#"{"Global":{}}"#);
        let nodes = |state: &str, availability: &str| [node("n1", "ready", "active"), node("n2", state, availability)];
        for state in ["failed", "complete"] {
            let tasks = ["a n1 running running", &format!("b n2 shutdown {state}")];
            check(&global, &tasks, Some(&nodes("ready", "active")), (false, 1, Some(2)));
            for (state, availability) in [("down", "active"), ("ready", "drain"), ("ready", "pause")] {
                check(&global, &tasks, Some(&nodes(state, availability)), (true, 1, Some(1)));
            }
            check(&global, &tasks, Some(&nodes("ready", "active")[..1]), (true, 1, Some(1)));
        }
        // The swarm has stopped them, because of the node or of the configuration.
        for stopped in ["b n2 shutdown shutdown", "b n2 shutdown rejected", "old n2 shutdown failed"] {
            check(&global, &["a n1 running running", stopped], Some(&nodes("ready", "active")), (true, 1, Some(1)));
        }
        let restarted = ["a n1 running running", "b n2 shutdown failed", "c n2 running running"];
        check(&global, &restarted, Some(&nodes("ready", "active")), (true, 2, Some(2)));
    }

    #[test]
    fn global_services_are_not_updated_on_paused_nodes() {
        let global = service(r#"{"Global":{}}"#);
        let tasks = ["a n1 running running", "old n2 running running"];
        let nodes = |availability: &str| [node("n1", "ready", "active"), node("n2", "ready", availability)];
        check(&global, &tasks, Some(&nodes("pause")), (true, 1, Some(1)));
        check(&global, &tasks, Some(&nodes("active")), (false, 1, Some(2)));
        check(&global, &["a n2 running running"], Some(&nodes("pause")), (true, 1, Some(1)));
    }

    fn job_task(text: &str, iteration: u64) -> Task {
        let job_iteration = Some(crate::models::ObjectVersion { index: iteration });
        Task { job_iteration, ..task(text) }
    }

    #[track_caller]
    fn check_job(service: &Service, tasks: &[Task], nodes: &[Node], want: (bool, u64, u64, Option<u64>)) {
        let Assessment { progress, is_complete, .. } = assessed(service, tasks, Some(nodes));
        assert_eq!((is_complete, progress.completed, progress.running, progress.desired), want, "{progress:?}");
        assert!(progress.is_job);
    }

    #[test]
    fn replicated_job_is_complete_if_each_slot_is() {
        let job = service(r#"{"ReplicatedJob":{"MaxConcurrent":1,"TotalCompletions":2}}"#);
        let done = |id: &str, slot: u64| job_task(&format!("{id} {slot} complete complete"), 3);
        check_job(&job, &[], &[], (false, 0, 0, Some(2)));
        check_job(&job, &[done("a", 0), job_task("b 1 complete running", 3)], &[], (false, 1, 1, Some(2)));
        let failed = job_task("b 1 shutdown failed", 3);
        check_job(&job, &[done("a", 0), failed.clone()], &[], (false, 1, 0, Some(2)));
        check_job(&job, &[done("a", 0), failed, done("c", 1)], &[], (true, 2, 0, Some(2)));
        let earlier = job_task("b 1 complete complete", 2);
        check_job(&job, &[done("a", 0), earlier], &[], (false, 1, 0, Some(2)));
    }

    #[test]
    fn global_job_is_complete_if_each_eligible_node_is() {
        let job = service(r#"{"GlobalJob":{}}"#);
        let nodes = |availability: &str| [node("n1", "ready", "active"), node("n2", "ready", availability)];
        let done = job_task("a n1 complete complete", 3);
        check_job(&job, &[], &nodes("active"), (false, 0, 0, None));
        let running = [done.clone(), job_task("b n2 complete running", 3)];
        check_job(&job, &running, &nodes("active"), (false, 1, 1, Some(2)));
        let failed = [done.clone(), job_task("b n2 shutdown failed", 3)];
        check_job(&job, &failed, &nodes("active"), (false, 1, 0, Some(2)));
        check_job(&job, &failed, &nodes("drain"), (true, 1, 0, Some(1)));
        let earlier = [done, job_task("b n2 remove running", 2)];
        check_job(&job, &earlier, &nodes("active"), (true, 1, 0, Some(1)));
    }

    #[test]
    fn service_progress_has_the_current_task_of_each_slot() {
        let mut tasks: Vec<Task> = [
            "old1 2 running running",
            "a 1 shutdown failed",
            "b 1 ready ready",
            "old2 3 shutdown shutdown",
            "c 3 running rejected",
            "d 4 shutdown failed",
        ]
        .map(task)
        .into();
        tasks[4].status.err = "No such image: a".into();
        let progress = assessed(&replicated(4), &tasks, None).progress;
        let shown: Vec<_> = progress.tasks.iter().map(|task| (&*task.id, task.slot, task.is_current)).collect();
        assert_eq!(shown, [("b", 1, true), ("old1", 2, false), ("c", 3, true), ("d", 4, true)]);
        assert_eq!(progress.tasks[2].error, "No such image: a");
        assert_eq!(progress.update.unwrap().message, "update completed");
        // Slot 4 is no longer one of the service.
        let shown = assessed(&replicated(3), &tasks, None).progress.tasks;
        assert_eq!(shown.iter().map(|task| task.slot).collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn last_error_is_that_of_the_current_task_that_failed_last() {
        let failed = |id: &str, state: &str, second: u32, err: &str| {
            let mut task = task(&format!("{id} 1 shutdown {state}"));
            task.status.timestamp = format!("2026-12-01T10:00:0{second}Z").parse().ok();
            task.status.err = err.into();
            task
        };
        let last = |tasks: &[Task]| assessed(&replicated(1), tasks, None).progress.last_error;
        let mut exited = failed("b", "failed", 2, "task: non-zero exit (3)");
        exited.status.container_status = Some(TaskContainer { exit_code: 3, ..Default::default() });
        let tasks = [
            failed("a", "rejected", 1, "No such image: a"),
            exited,
            failed("old", "failed", 3, "task: non-zero exit (4)"),
            failed("c", "shutdown", 4, "stopped"),
            failed("d", "running", 5, ""),
        ];
        let want = TaskError { task_id: "b".into(), message: "task: non-zero exit (3)".into(), exit_code: Some(3) };
        assert_eq!(last(&tasks), Some(want));
        let waiting = [failed("e", "pending", 6, "no suitable node")];
        assert_eq!(last(&waiting).unwrap().message, "no suitable node");
        assert_eq!(last(&tasks[3..]), None);
    }

    #[test]
    fn tasks_of_old_engines_are_compared_with_the_configuration() {
        let mut service = replicated(1);
        let mut running = task("a 1 running running");
        let is_complete = |service: &Service, task: &Task| {
            let tasks = [task.clone()];
            assess(&Snapshot { service, tasks: &tasks, up_to_date: None, nodes: None }).unwrap().is_complete
        };
        assert!(is_complete(&service, &running));
        service.spec.container_mut().image = "nginx:1.28".into();
        assert!(!is_complete(&service, &running));
        running.spec = service.spec.task_template.clone();
        service.spec.task_template.placement = Some(Placement::default());
        service.spec.task_template.force_update = 2;
        assert!(is_complete(&service, &running), "engines do not send the counter of tasks");
        running.spec.force_update = 1;
        assert!(!is_complete(&service, &running));
        running.spec.force_update = 2;
        service.update_status.get_or_insert_default().state = Some(UpdateState::Updating);
        assert!(!is_complete(&service, &running), "the update is in progress");
    }

    #[test]
    fn service_of_unknown_mode_is_an_error() {
        let service = service("{}");
        let snapshot = Snapshot { service: &service, tasks: &[], up_to_date: None, nodes: None };
        assert!(assess(&snapshot).unwrap_err().is_bad_request());
    }
}
