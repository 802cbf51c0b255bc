//! The orchestrator: brings the tasks in line with the specifications of the services and the states of the nodes.
//!
//! It depends on nothing but the swarm and the time, and is run after every change of the swarm. The actions that it
//! returns are performed by the agent, which reports the results as changes of the states of tasks.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use super::{
    Host, Swarm, constraint,
    restart::slot_of,
    service::{Mode, Service},
    task::{Slot, Task, TaskState},
};
use crate::state::State;

/// The container of a task that was removed.
#[derive(Debug)]
pub(super) struct Removed {
    node: String,
    container: String,
}

/// Work for the agent of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Create the container of a task.
    Prepare(String),
    /// Start the container of a task.
    Start(String),
    /// Stop the container of a task.
    Stop(String),
    /// Remove a container from a node.
    Remove { node: String, container: String },
}

/// The tasks of a service by slot.
#[derive(Debug, Default)]
struct Slots {
    /// Slots with tasks that run, will run, or are not replaced.
    live: BTreeMap<Slot, Vec<usize>>,
    /// Slots with tasks that have ended, or are no longer needed.
    dead: BTreeMap<Slot, Vec<usize>>,
}

impl State {
    /// Whether the orchestrator must run: the swarm has changed, or containers of tasks have exited.
    pub(crate) fn swarm_has_work(&self) -> bool {
        let waits = |swarm: &Swarm| swarm.changed || !self.exited_tasks(swarm).is_empty();
        self.swarm.as_ref().is_some_and(|swarm| !swarm.locked && waits(swarm))
    }

    /// Whether nothing happens in the swarm until something changes or time passes.
    pub(crate) fn swarm_is_settled(&self) -> bool {
        let busy = |swarm: &Swarm| swarm.tasks.iter().any(|task| task.stopping);
        !self.swarm_has_work() && !self.swarm.as_ref().is_some_and(busy)
    }

    /// Runs the orchestrator. Returns work for agents, and the time at which it must run again at the latest.
    pub(crate) fn orchestrate(&mut self, now: Instant) -> (Vec<Action>, Option<Instant>) {
        let Some(swarm) = &self.swarm else { return (Vec::new(), None) };
        let exited = self.exited_tasks(swarm);
        let Some(swarm) = self.swarm.as_mut().filter(|swarm| !swarm.locked) else { return (Vec::new(), None) };
        for (index, code) in exited {
            swarm.record_exit(index, code);
        }
        swarm.reconcile(now);
        let actions = swarm.actions();
        // The agent is not done before it has performed the actions.
        swarm.changed = !actions.is_empty();
        let deadline = swarm.deadline(now);
        self.publish_swarm_events();
        (actions, deadline)
    }

    /// The tasks whose containers have exited since they were started, with the exit codes.
    fn exited_tasks(&self, swarm: &Swarm) -> Vec<(usize, i64)> {
        let exit = |state: &Self, container: &str| match state.run(container) {
            Some((run, _)) => (!run.running).then_some(run.code),
            None => Some(137),
        };
        let exited = |(index, task): (usize, &Task)| {
            let node = swarm.node(&task.node).filter(|node| node.ready && task.runs)?;
            let container = task.container.as_deref()?;
            let code = match &node.host {
                Host::Engine => exit(self, container)?,
                Host::Other(host) => host.read(|state| exit(state, container))?,
            };
            Some((index, code))
        };
        swarm.tasks.iter().enumerate().filter_map(exited).collect()
    }
}

impl Swarm {
    fn record_exit(&mut self, index: usize, code: i64) {
        let task = &mut self.tasks[index];
        let stopped = task.stopping || task.desired >= TaskState::Shutdown;
        (task.runs, task.stopping, task.exit_code) = (false, false, code);
        self.changed = true;
        if task.is_over() {
            return;
        }
        match code {
            _ if stopped => self.set_status(index, TaskState::Shutdown, "shutdown", ""),
            0 => self.set_status(index, TaskState::Complete, "finished", ""),
            code => self.set_status(index, TaskState::Failed, "started", format!("task: non-zero exit ({code})")),
        }
    }

    /// Changes tasks until they are as the services specify.
    pub(super) fn reconcile(&mut self, now: Instant) {
        loop {
            let before = self.changes;
            let mut services = std::mem::take(&mut self.services);
            for service in &mut services {
                self.restart_ended(service, now);
                match service.mode() {
                    Mode::Replicated(replicas) => self.replicate(service, replicas, now),
                    Mode::Global => self.run_on_all_nodes(service, now),
                    Mode::ReplicatedJob { concurrent, total } => {
                        self.run_replicated_job(service, concurrent, total, now);
                    }
                    Mode::GlobalJob => self.run_global_job(service, now),
                }
            }
            self.reject_misplaced(&services);
            self.remove_old_tasks(&services);
            self.services = services;
            self.start_delayed(now);
            self.shut_down_unstarted();
            self.schedule();
            if self.changes == before {
                return;
            }
        }
    }

    /// Replaces tasks that have ended, and those of replicated services on nodes that are drained or down.
    fn restart_ended(&mut self, service: &mut Service, now: Instant) {
        let mode = service.mode();
        for index in self.tasks_of(&service.meta.id) {
            let task = &self.tasks[index];
            let movable = matches!(mode, Mode::Replicated(_)) && !task.node.is_empty();
            let left = movable && self.is_left(&task.node);
            let should_run = if mode.is_job() { task.desired <= TaskState::Complete } else { task.should_run() };
            let ended = match mode.is_job() {
                true => task.status.state > TaskState::Complete && task.iteration == service.iteration(),
                false => task.is_over(),
            };
            if should_run && task.start.is_none() && (ended || left) {
                self.restart(service, index, now);
            }
        }
    }

    /// Whether the tasks of a node are moved to others: it is drained, down, or gone.
    pub(super) fn is_left(&self, node: &str) -> bool {
        self.node(node).is_none_or(|node| !node.ready || node.is_drained())
    }

    fn slots(&self, service: &Service, now: Instant) -> Slots {
        let mode = service.mode();
        let mut all: BTreeMap<Slot, Vec<usize>> = BTreeMap::new();
        for index in self.tasks_of(&service.meta.id) {
            all.entry(slot_of(mode, &self.tasks[index])).or_default().push(index);
        }
        let mut slots = Slots::default();
        for (slot, tasks) in all {
            let to_run: Vec<usize> = tasks.iter().copied().filter(|index| self.tasks[*index].should_run()).collect();
            let last = tasks.last().copied().filter(|last| {
                let task = &self.tasks[*last];
                let is_rolled_back =
                    service.update_state() == "rollback_started" && task.spec_version != service.spec_version;
                task.desired < TaskState::Remove && !is_rolled_back && !service.restarts(task, now)
            });
            match (to_run.is_empty(), last) {
                (false, _) => slots.live.insert(slot, to_run),
                (true, Some(last)) => slots.live.insert(slot, vec![last]),
                (true, None) => slots.dead.insert(slot, tasks),
            };
        }
        slots
    }

    /// Creates and removes tasks until a replicated service has the specified number.
    fn replicate(&mut self, service: &mut Service, replicas: u64, now: Instant) {
        let mut slots = self.slots(service, now);
        let replicas = usize::try_from(replicas).unwrap_or(usize::MAX);
        let mut kept: Vec<Slot> = slots.live.keys().cloned().collect();
        if kept.len() > replicas {
            kept = self.by_balance(&slots.live);
            for slot in kept.split_off(replicas) {
                slots.live[&slot].iter().for_each(|index| self.set_desired(*index, TaskState::Remove));
            }
        }
        let free = (1..).map(|number| (number, String::new())).filter(|slot| !slots.live.contains_key(slot));
        for slot in free.take(replicas.saturating_sub(slots.live.len())) {
            self.add_task(service, &slot, TaskState::Running);
            slots.dead.remove(&slot);
        }
        self.roll(service, &kept, now);
        let dead = slots.dead.into_values().flatten().map(|index| &self.tasks[index]);
        let dead = dead.filter(|task| task.is_over() || task.is_unassigned());
        let dead: BTreeSet<String> = dead.map(|task| task.meta.id.clone()).collect();
        self.delete_tasks(&dead);
    }

    /// Slots in the order in which they are kept: those that balance the number of tasks of the nodes, and have running
    /// tasks, first.
    fn by_balance(&self, slots: &BTreeMap<Slot, Vec<usize>>) -> Vec<Slot> {
        let runs = |tasks: &[usize]| tasks.iter().any(|index| self.tasks[*index].status.state == TaskState::Running);
        let mut sorted: Vec<(&Slot, &Vec<usize>)> = slots.iter().collect();
        sorted.sort_by_key(|(_, tasks)| !runs(tasks));
        let mut on_node: BTreeMap<&str, usize> = BTreeMap::new();
        let mut ranked: Vec<(usize, &Slot)> = Vec::new();
        for (slot, tasks) in sorted {
            let node = match tasks[..] {
                [index] => &*self.tasks[index].node,
                _ => "",
            };
            let count = on_node.entry(node).or_default();
            *count += 1;
            ranked.push((if node.is_empty() { usize::MAX } else { *count }, slot));
        }
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, slot)| slot.clone()).collect()
    }

    /// Creates and removes tasks until a global service has one on each node that satisfies its constraints.
    fn run_on_all_nodes(&mut self, service: &mut Service, now: Instant) {
        let mut slots = self.slots(service, now).live;
        let (mut kept, mut new) = (Vec::new(), Vec::new());
        for node in self.nodes.iter().filter(|node| node.ready && !node.is_drained()) {
            let slot = (0, node.meta.id.clone());
            if !constraint::node_matches(&service.spec["TaskTemplate"], node) {
                continue;
            }
            let exists = slots.remove(&slot).is_some();
            match node.availability() {
                "active" if exists => kept.push(slot),
                "active" => new.push(slot),
                // Tasks on a paused node are neither added nor updated.
                _ => {}
            }
        }
        for index in slots.into_values().flatten().filter(|index| self.tasks[*index].should_run()).collect::<Vec<_>>() {
            self.set_desired(index, TaskState::Shutdown);
        }
        for slot in new {
            self.add_task(service, &slot, TaskState::Running);
        }
        self.roll(service, &kept, now);
    }

    /// Rejects tasks on nodes that no longer satisfy the constraints of their service.
    fn reject_misplaced(&mut self, services: &[Service]) {
        for index in 0..self.tasks.len() {
            let task = &self.tasks[index];
            let (service, node) = (find(services, &task.service), self.node(&task.node));
            let (Some(service), Some(node)) = (service, node) else { continue };
            let active = task.desired <= TaskState::Complete && !task.is_unassigned() && !task.is_over();
            let fits = constraint::node_matches(&service.spec["TaskTemplate"], node);
            if active && node.availability() == "active" && !fits {
                let error = "assigned node no longer meets constraints";
                self.set_status(index, TaskState::Rejected, "task rejected by constraint enforcer", error);
            }
        }
    }

    /// Removes tasks that have ended: those of slots that no longer exist, and the oldest ones of the others.
    fn remove_old_tasks(&mut self, services: &[Service]) {
        let removable = |task: &&Task| {
            task.desired == TaskState::Remove && (task.is_unassigned() || task.status.state >= TaskState::Complete)
        };
        let mut old: BTreeSet<String> = self.tasks.iter().filter(removable).map(|task| task.meta.id.clone()).collect();
        for service in services.iter().filter(|service| !service.mode().is_job()) {
            let attempts = service.spec["TaskTemplate"]["RestartPolicy"]["MaxAttempts"].as_i64().unwrap_or_default();
            let limit = if attempts > 0 { attempts + 1 } else { self.cluster.history_limit() };
            let Ok(limit) = usize::try_from(limit) else { continue };
            let mut by_slot: BTreeMap<Slot, Vec<&Task>> = BTreeMap::new();
            for index in self.tasks_of(&service.meta.id) {
                let task = &self.tasks[index];
                by_slot.entry(slot_of(service.mode(), task)).or_default().push(task);
            }
            for mut tasks in by_slot.into_values() {
                tasks.sort_by_key(|task| task.status.time);
                let excess = tasks.len().saturating_sub(limit);
                let never_runs = |task: &Task| task.is_unassigned() && task.desired > TaskState::Running;
                let ended = tasks.into_iter().filter(|task| task.is_over() || never_runs(task));
                old.extend(ended.take(excess).map(|task| task.meta.id.clone()));
            }
        }
        self.delete_tasks(&old);
    }

    fn delete_tasks(&mut self, ids: &BTreeSet<String>) {
        if ids.is_empty() {
            return;
        }
        self.next_version();
        for task in self.tasks.extract_if(.., |task| ids.contains(&task.meta.id)) {
            self.removed.extend(task.container.map(|container| Removed { node: task.node, container }));
        }
    }

    /// Records that tasks that are no longer needed have ended, if their containers were not started.
    fn shut_down_unstarted(&mut self) {
        for index in 0..self.tasks.len() {
            let task = &self.tasks[index];
            let node_is_ready = self.node(&task.node).is_some_and(|node| node.ready);
            let is_obsolete = task.desired >= TaskState::Shutdown && !task.is_unassigned();
            if is_obsolete && !task.runs && task.status.state < TaskState::Complete && node_is_ready {
                self.set_status(index, TaskState::Shutdown, "shutdown", "");
            }
        }
    }

    /// Work for the agents of the nodes that can be reached.
    fn actions(&mut self) -> Vec<Action> {
        let removed = std::mem::take(&mut self.removed);
        let remove = |removed: Removed| Action::Remove { node: removed.node, container: removed.container };
        let mut actions: Vec<Action> = removed.into_iter().map(remove).collect();
        let ready: BTreeSet<&str> = self.nodes.iter().filter(|node| node.ready).map(|node| &*node.meta.id).collect();
        for task in self.tasks.iter_mut().filter(|task| ready.contains(&*task.node)) {
            let id = task.meta.id.clone();
            if task.runs && task.desired >= TaskState::Shutdown {
                if !std::mem::replace(&mut task.stopping, true) {
                    actions.push(Action::Stop(id));
                }
            } else if task.desired <= TaskState::Complete {
                match task.status.state {
                    TaskState::Assigned => actions.push(Action::Prepare(id)),
                    TaskState::Ready if task.desired >= TaskState::Running => actions.push(Action::Start(id)),
                    _ => {}
                }
            }
        }
        actions
    }

    /// The next time at which a delay of a task or update has passed.
    fn deadline(&self, now: Instant) -> Option<Instant> {
        let starts = self.tasks.iter().filter_map(|task| task.start.as_ref()).map(|start| start.at);
        let rollouts = self.services.iter().filter_map(|service| service.rollout.as_ref()?.deadline());
        starts.chain(rollouts).filter(|time| *time > now).min()
    }
}

fn find<'a>(services: &'a [Service], id: &str) -> Option<&'a Service> {
    services.iter().find(|service| service.meta.id == id)
}
