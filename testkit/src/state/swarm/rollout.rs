//! Rolling updates: the tasks of a service are replaced in groups, and failures pause the update or roll it back.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use serde_json::Value;
use tokio::time::Instant;

use super::{
    Swarm, constraint,
    restart::{nanoseconds, shortened, slot_of},
    service::Service,
    task::{DelayedStart, Slot, Task, TaskState},
};

/// The time for which tasks are monitored after an update, in nanoseconds, unless the service has another one.
const MONITOR: i64 = 5_000_000_000;

/// An update in progress.
#[derive(Debug)]
pub(super) struct Rollout {
    spec_version: u64,
    /// Slots whose tasks are still to be replaced.
    queue: VecDeque<Slot>,
    replacing: Vec<Replacement>,
    /// The number of slots whose tasks are replaced.
    slots: usize,
    /// The tasks that replace others, with the time since which they run.
    created: BTreeMap<String, Option<Instant>>,
    failed: BTreeSet<String>,
    /// The time until which the tasks are monitored after the last one was replaced.
    monitor_until: Option<Instant>,
}

/// The replacement of the tasks of one slot.
#[derive(Debug)]
struct Replacement {
    slot: Slot,
    step: Step,
}

#[derive(Debug)]
enum Step {
    /// Waits until the new task runs or has ended.
    Starting(String),
    /// Waits until the next slot may be taken.
    Delayed(Instant),
}

impl Rollout {
    /// The next time at which the update continues.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let delays = self.replacing.iter().filter_map(|replacement| match replacement.step {
            Step::Delayed(until) => Some(until),
            Step::Starting(_) => None,
        });
        delays.chain(self.monitor_until).min()
    }
}

impl Swarm {
    /// Continues the update of a service, or begins one if tasks on `slots` are outdated.
    pub(super) fn roll(&mut self, service: &mut Service, slots: &[Slot], now: Instant) {
        if matches!(service.update_state(), "paused" | "rollback_paused") {
            service.rollout = None;
            return;
        }
        let current = service.rollout.take().filter(|rollout| rollout.spec_version == service.spec_version);
        let Some(mut rollout) = current.or_else(|| self.begin_rollout(service, slots)) else { return };
        let config = match service.update_state() {
            "rollback_started" => service.spec["RollbackConfig"].clone(),
            _ => service.spec["UpdateConfig"].clone(),
        };
        let before = service.before();
        if self.fails(service, &mut rollout, &config, now) {
            self.service_changed(service, &before);
            return;
        }
        let delay = shortened(nanoseconds(&config, "Delay", 0));
        self.advance_replacements(service, &mut rollout, delay, now);
        let parallelism = match config["Parallelism"].as_u64() {
            None if config.is_null() => 1,
            None | Some(0) => rollout.slots,
            Some(parallelism) => usize::try_from(parallelism).unwrap_or(usize::MAX),
        };
        while rollout.replacing.len() < parallelism
            && let Some(slot) = rollout.queue.pop_front()
        {
            let step = self.replace(service, &slot, &config, &mut rollout.created, now);
            rollout.replacing.push(Replacement { slot, step });
            self.advance_replacements(service, &mut rollout, delay, now);
        }
        if rollout.queue.is_empty() && rollout.replacing.is_empty() {
            let monitor = shortened(nanoseconds(&config, "Monitor", MONITOR)).max(delay);
            let until = *rollout.monitor_until.get_or_insert(now + monitor);
            if until <= now {
                match service.update_state() {
                    "rollback_started" => service.complete_update("rollback_completed", "rollback completed"),
                    _ => service.complete_update("completed", "update completed"),
                }
                self.service_changed(service, &before);
                return;
            }
        }
        service.rollout = Some(rollout);
    }

    /// Begins an update if tasks are outdated; otherwise one that was requested is complete.
    fn begin_rollout(&mut self, service: &mut Service, slots: &[Slot]) -> Option<Rollout> {
        let outdated = |slot: &&Slot| {
            let tasks = self.tasks_to_run_on(service, slot);
            tasks.len() > 1 || tasks.iter().any(|index| self.is_outdated(service, &self.tasks[*index]))
        };
        let queue: VecDeque<Slot> = slots.iter().filter(outdated).cloned().collect();
        let before = service.before();
        match (queue.is_empty(), service.update_state()) {
            (true, "updating") => service.complete_update("completed", "update completed"),
            (true, "rollback_started") => service.complete_update("rollback_completed", "rollback completed"),
            (true, _) => return None,
            (false, "") => service.start_update("updating", "update in progress"),
            (false, _) => {}
        }
        if service.update_state() != before.update_state() {
            self.service_changed(service, &before);
        }
        let slots = queue.len();
        (slots > 0).then(|| Rollout {
            spec_version: service.spec_version,
            queue,
            replacing: Vec::new(),
            slots,
            created: BTreeMap::new(),
            failed: BTreeSet::new(),
            monitor_until: None,
        })
    }

    /// The tasks on a slot that are updated: those that should run, otherwise the last one.
    fn tasks_to_run_on(&self, service: &Service, slot: &Slot) -> Vec<usize> {
        let mode = service.mode();
        let mut tasks = self.tasks_of(&service.meta.id);
        tasks.retain(|index| slot_of(mode, &self.tasks[*index]) == *slot);
        let last = tasks.last().copied();
        tasks.retain(|index| self.tasks[*index].should_run());
        if tasks.is_empty() { last.into_iter().collect() } else { tasks }
    }

    /// Whether a task differs from the specification of its service.
    pub(crate) fn is_outdated(&self, service: &Service, task: &Task) -> bool {
        if task.spec_version == service.spec_version {
            return false;
        }
        let template = service.task_template();
        let mut placed = template.clone();
        placed["Placement"] = task.spec["Placement"].clone();
        let mut current = task.spec.clone();
        current["Placement"] = placed["Placement"].clone();
        let node_fits = || self.node(&task.node).is_some_and(|node| constraint::node_matches(&template, node));
        let only_placement = template["Placement"] != task.spec["Placement"] && placed == current;
        if only_placement && node_fits() {
            return false;
        }
        template != task.spec || service.spec["EndpointSpec"] != task.endpoint
    }

    /// Reacts to tasks that have ended during the update. Returns whether the update has failed.
    fn fails(&mut self, service: &mut Service, rollout: &mut Rollout, config: &Value, now: Instant) -> bool {
        let action = config["FailureAction"].as_str().unwrap_or("pause").to_owned();
        if action == "continue" {
            return false;
        }
        let monitor = shortened(nanoseconds(config, "Monitor", MONITOR));
        let limit = config["MaxFailureRatio"].as_f64().unwrap_or_default();
        for index in self.tasks_of(&service.meta.id) {
            let task = &self.tasks[index];
            let Some(since) = rollout.created.get(&task.meta.id).filter(|_| task.is_over()) else { continue };
            if since.is_some_and(|since| now.duration_since(since) > monitor)
                || !rollout.failed.insert(task.meta.id.clone())
                || rollout.failed.len() as f64 / rollout.slots as f64 <= limit
            {
                continue;
            }
            let reason = format!("due to failure or early termination of task {}", task.meta.id);
            match (service.update_state(), &*action) {
                ("rollback_started", _) => {
                    service.continue_update("rollback_paused", format!("rollback paused {reason}"));
                }
                (_, "rollback") => {
                    service.continue_update("rollback_started", format!("update rolled back {reason}"));
                    if let Some((spec, version)) = service.previous.take() {
                        (service.spec, service.spec_version) = (spec, version);
                    }
                }
                _ => service.continue_update("paused", format!("update paused {reason}")),
            }
            return true;
        }
        false
    }

    /// Takes the replacements as far as possible, and removes those that are done.
    fn advance_replacements(&mut self, service: &Service, rollout: &mut Rollout, delay: Duration, now: Instant) {
        let mut open = Vec::new();
        for mut replacement in std::mem::take(&mut rollout.replacing) {
            if let Step::Starting(id) = &replacement.step {
                let state = self.task_index(id).map(|index| self.tasks[index].status.state);
                if state.is_none_or(|state| state >= TaskState::Running) {
                    if let Some(since) = rollout.created.get_mut(id) {
                        *since = Some(now);
                    }
                    if state == Some(TaskState::Running) {
                        self.shut_down_others(service, &replacement.slot, id);
                    }
                    replacement.step = Step::Delayed(now + delay);
                }
            }
            match replacement.step {
                Step::Delayed(until) if until <= now => {}
                _ => open.push(replacement),
            }
        }
        rollout.replacing = open;
    }

    /// Begins to replace the tasks on a slot.
    fn replace(
        &mut self,
        service: &Service,
        slot: &Slot,
        config: &Value,
        created: &mut BTreeMap<String, Option<Instant>>,
        now: Instant,
    ) -> Step {
        let tasks = self.tasks_to_run_on(service, slot);
        let current = |index: &&usize| {
            let task = &self.tasks[**index];
            task.should_run() && !self.is_outdated(service, task)
        };
        if let Some(index) = tasks.iter().find(current) {
            let id = self.tasks[*index].meta.id.clone();
            self.shut_down_others(service, slot, &id);
            return Step::Starting(id);
        }
        let new = self.add_task(service, slot, TaskState::Ready);
        let id = self.tasks[new].meta.id.clone();
        created.insert(id.clone(), None);
        let mut after = None;
        if config["Order"] != "start-first" {
            after = tasks.first().map(|index| self.tasks[*index].meta.id.clone());
            self.shut_down_others(service, slot, &id);
        }
        self.tasks[new].start = Some(DelayedStart { at: now, after });
        Step::Starting(id)
    }

    /// Shuts down the tasks on a slot except for one.
    fn shut_down_others(&mut self, service: &Service, slot: &Slot, kept: &str) {
        for index in self.tasks_to_run_on(service, slot) {
            if self.tasks[index].should_run() && self.tasks[index].meta.id != kept {
                self.set_desired(index, TaskState::Shutdown);
            }
        }
    }
}
