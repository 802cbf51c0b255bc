//! Services: their specifications, updates and jobs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Meta, Object, Swarm, cluster, events, object_index,
    restart::Restarts,
    rollout::Rollout,
    rpc_error, service_spec,
    task::{Slot, TaskState},
};
use crate::api_error::Result;

/// The first port that the swarm chooses for services.
const FIRST_PORT: u64 = 30_000;

/// A service.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) meta: Meta,
    pub(crate) spec: Value,
    /// The version of `spec`. Tasks with another version may be outdated.
    pub(super) spec_version: u64,
    /// The previous specification and its version.
    pub(crate) previous: Option<(Value, u64)>,
    pub(super) update: Option<UpdateStatus>,
    /// The update in progress.
    pub(super) rollout: Option<Rollout>,
    /// Published ports, with the numbers that the swarm chose.
    pub(super) ports: Vec<Value>,
    /// Virtual addresses in its networks.
    addresses: Vec<Value>,
    pub(super) job: Option<Job>,
    pub(super) restarts: BTreeMap<Slot, Restarts>,
}

/// The last execution of a job.
#[derive(Debug)]
pub(super) struct Job {
    iteration: u64,
    executed: Timestamp,
}

/// The state of the last update.
#[derive(Clone, Debug)]
pub(super) struct UpdateStatus {
    pub(super) state: &'static str,
    pub(super) message: String,
    started: Timestamp,
    completed: Option<Timestamp>,
}

/// The number and kind of the tasks of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Replicated(u64),
    Global,
    ReplicatedJob { concurrent: u64, total: u64 },
    GlobalJob,
}

impl Mode {
    /// The name in filters.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Replicated(_) => "replicated",
            Self::Global => "global",
            Self::ReplicatedJob { .. } => "replicated-job",
            Self::GlobalJob => "global-job",
        }
    }

    pub(super) fn is_job(self) -> bool {
        matches!(self, Self::ReplicatedJob { .. } | Self::GlobalJob)
    }

    /// Whether there is one task on each node.
    pub(super) fn is_per_node(self) -> bool {
        matches!(self, Self::Global | Self::GlobalJob)
    }

    pub(super) fn of(spec: &Value) -> Self {
        let mode = &spec["Mode"];
        let job = &mode["ReplicatedJob"];
        if mode["Global"].is_object() {
            Self::Global
        } else if mode["GlobalJob"].is_object() {
            Self::GlobalJob
        } else if job.is_object() {
            let concurrent = job["MaxConcurrent"].as_u64().unwrap_or(1);
            Self::ReplicatedJob { concurrent, total: job["TotalCompletions"].as_u64().unwrap_or(concurrent) }
        } else {
            Self::Replicated(mode["Replicated"]["Replicas"].as_u64().unwrap_or(1))
        }
    }
}

/// The values of a service whose changes are part of events.
pub(super) struct Before {
    image: Option<String>,
    replicas: Option<String>,
    update: Option<String>,
}

impl Before {
    /// The state of the last update; empty if there was none.
    pub(super) fn update_state(&self) -> &str {
        self.update.as_deref().unwrap_or_default()
    }
}

impl Object for Service {
    const KIND: &'static str = "service";

    fn id(&self) -> &str {
        &self.meta.id
    }

    fn name(&self) -> &str {
        self.spec["Name"].as_str().unwrap_or_default()
    }
}

impl Service {
    pub(crate) fn mode(&self) -> Mode {
        Mode::of(&self.spec)
    }

    /// The number of the current execution, if it is a job.
    pub(super) fn iteration(&self) -> Option<u64> {
        self.job.as_ref().map(|job| job.iteration)
    }

    pub(crate) fn tty(&self) -> bool {
        self.spec["TaskTemplate"]["ContainerSpec"]["TTY"] == true
    }

    /// The specification of its tasks.
    pub(super) fn task_template(&self) -> Value {
        let mut task_template = self.spec["TaskTemplate"].clone();
        if let Some(fields) = task_template.as_object_mut() {
            fields.remove("Runtime");
        }
        task_template
    }

    /// The service as JSON; with `defaults`, settings that are not set have their default values.
    pub(crate) fn to_json(&self, defaults: bool) -> Value {
        let mut document = self.meta.to_json();
        let spec = if defaults { service_spec::with_defaults(self.spec.clone()) } else { self.spec.clone() };
        let endpoint = match self.ports.is_empty() && self.addresses.is_empty() {
            true => json!({ "Spec": {} }),
            false => {
                let mode = json!({ "Mode": "vip" });
                let spec = self.spec.get("EndpointSpec").unwrap_or(&mode);
                json!({ "Spec": spec, "Ports": self.ports, "VirtualIPs": self.addresses })
            }
        };
        let mut fields = json!({ "Spec": spec, "Endpoint": endpoint });
        if let Some((previous, _)) = &self.previous {
            fields["PreviousSpec"] = previous.clone();
        }
        if let Some(update) = &self.update {
            let status = &mut fields["UpdateStatus"];
            *status = json!({
                "State": update.state, "StartedAt": update.started.to_string(), "Message": update.message,
            });
            if let Some(completed) = update.completed {
                status["CompletedAt"] = json!(completed.to_string());
            }
        }
        if let Some(job) = &self.job {
            fields["JobStatus"] =
                json!({ "JobIteration": { "Index": job.iteration }, "LastExecution": job.executed.to_string() });
        }
        cluster::extend(&mut document, fields);
        document
    }

    pub(super) fn before(&self) -> Before {
        let replicas = match self.mode() {
            Mode::Replicated(replicas) => Some(replicas.to_string()),
            Mode::Global | Mode::ReplicatedJob { .. } | Mode::GlobalJob => None,
        };
        Before {
            image: self.spec["TaskTemplate"]["ContainerSpec"]["Image"].as_str().map(str::to_owned),
            replicas,
            update: self.update.as_ref().map(|update| update.state.to_owned()),
        }
    }

    /// The state of its last update; empty if there was none.
    pub(super) fn update_state(&self) -> &'static str {
        self.update.as_ref().map_or("", |update| update.state)
    }

    pub(super) fn start_update(&mut self, state: &'static str, message: &str) {
        self.update =
            Some(UpdateStatus { state, message: message.to_owned(), started: Timestamp::now(), completed: None });
    }

    pub(super) fn continue_update(&mut self, state: &'static str, message: impl Into<String>) {
        if let Some(update) = &mut self.update {
            (update.state, update.message) = (state, message.into());
        }
    }

    pub(super) fn complete_update(&mut self, state: &'static str, message: &str) {
        self.continue_update(state, message);
        if let Some(update) = &mut self.update {
            update.completed = Some(Timestamp::now());
        }
    }
}

impl Swarm {
    /// Creates a service with a complete specification, and returns its id.
    pub(crate) fn create_service(&mut self, spec: Value) -> Result<String> {
        self.check_service(&spec, None)?;
        let name = spec["Name"].as_str().unwrap_or_default();
        if self.services.iter().any(|service| service.name().eq_ignore_ascii_case(name)) {
            let message = format!("name conflicts with an existing object: service {name} already exists");
            return Err(rpc_error("AlreadyExists", message));
        }
        let attributes = events::changes(name, []);
        let job = Mode::of(&spec).is_job().then(|| Job { iteration: 0, executed: Timestamp::now() });
        let (meta, ports) = (self.new_meta(), self.allocated_ports(&spec, &[]));
        let addresses = self.virtual_addresses(&spec, &[]);
        let id = meta.id.clone();
        self.services.push(Service {
            meta,
            spec,
            spec_version: 0,
            previous: None,
            update: None,
            rollout: None,
            ports,
            addresses,
            job,
            restarts: BTreeMap::new(),
        });
        self.event("service", "create", &id, attributes);
        Ok(id)
    }

    /// Replaces the specification of a service; with `rollback`, by the previous one.
    pub(crate) fn update_service(&mut self, index: usize, version: u64, spec: Value, rollback: bool) -> Result<()> {
        let id = self.services[index].meta.id.clone();
        self.check_service(&spec, Some(&id))?;
        let service = &mut self.services[index];
        let changed = |field: &str| list(&service.spec[field]) != list(&spec[field]);
        let same_tasks = list(&service.spec["TaskTemplate"]["Networks"]) == list(&spec["TaskTemplate"]["Networks"]);
        if changed("Networks") && same_tasks {
            let message = "networks must be migrated to TaskSpec before being changed";
            return Err(rpc_error("Unimplemented", message));
        }
        if service.mode().name() != Mode::of(&spec).name() {
            return Err(rpc_error("Unimplemented", "service mode change is not allowed"));
        }
        if Some(service.name()) != spec["Name"].as_str() {
            return Err(rpc_error("Unimplemented", "renaming services is not supported"));
        }
        if rollback && service.previous.is_none() {
            let message = format!("service {id} does not have a previous spec");
            return Err(rpc_error("FailedPrecondition", message));
        }
        service.meta.require_version(version)?;
        let before = service.before();
        if let Some(job) = &mut service.job {
            (job.iteration, job.executed) = (job.iteration + 1, Timestamp::now());
        }
        match service.previous.take() {
            Some(previous) if rollback => {
                let current = std::mem::replace(&mut service.spec, previous.0);
                service.previous = Some((current, std::mem::replace(&mut service.spec_version, previous.1)));
                service.start_update("rollback_started", "manually requested rollback");
            }
            _ => {
                let current = std::mem::replace(&mut service.spec, spec);
                service.previous = Some((current, std::mem::replace(&mut service.spec_version, version)));
                service.update = None;
            }
        }
        service.rollout = None;
        let mut service = self.services.remove(index);
        service.ports = self.allocated_ports(&service.spec, &service.ports);
        service.addresses = self.virtual_addresses(&service.spec, &service.addresses);
        self.service_changed(&mut service, &before);
        self.services.insert(index, service);
        Ok(())
    }

    /// Removes a service. Its tasks are stopped and removed.
    pub(crate) fn remove_service(&mut self, name: &str) -> Result<()> {
        let index = object_index(&self.services, name)?;
        let service = self.services.remove(index);
        for index in self.tasks_of(&service.meta.id) {
            self.set_desired(index, TaskState::Remove);
        }
        self.next_version();
        self.event("service", "remove", &service.meta.id, events::changes(service.name(), []));
        Ok(())
    }

    /// Records a change of a service.
    pub(super) fn service_changed(&mut self, service: &mut Service, before: &Before) {
        let version = self.next_version();
        service.meta.touch(version);
        let now = service.before();
        let attributes = events::changes(
            service.name(),
            [
                ("image", before.image.clone(), now.image),
                ("replicas", before.replicas.clone(), now.replicas),
                // The old state is not part of the event if the update was reset.
                ("updatestate", before.update.clone().filter(|_| now.update.is_some()), now.update),
            ],
        );
        self.event("service", "update", &service.meta.id, attributes);
    }

    /// The numbers of running, desired and completed tasks of a service as JSON, as lists contain them.
    pub(crate) fn service_status(&self, service: &Service) -> Value {
        let iteration = service.iteration();
        let tasks = self.tasks_of(&service.meta.id).into_iter().map(|index| &self.tasks[index]);
        let tasks: Vec<_> = tasks.filter(|task| iteration.is_none() || task.iteration == iteration).collect();
        let count = |state: TaskState| tasks.iter().filter(|task| task.status.state == state).count();
        let desired = match service.mode() {
            Mode::Replicated(replicas) => replicas,
            Mode::ReplicatedJob { concurrent, .. } => concurrent,
            Mode::Global => count_u64(tasks.iter().filter(|task| task.desired == TaskState::Running)),
            Mode::GlobalJob => count_u64(
                tasks
                    .iter()
                    .filter(|task| task.status.state != TaskState::Complete && task.desired == TaskState::Complete),
            ),
        };
        let completed = if iteration.is_some() { count(TaskState::Complete) } else { 0 };
        json!({ "RunningTasks": count(TaskState::Running), "DesiredTasks": desired, "CompletedTasks": completed })
    }

    /// The published ports of a service, with numbers for those that have none. Known ones are kept.
    fn allocated_ports(&self, spec: &Value, known: &[Value]) -> Vec<Value> {
        let number = |port: &Value| port["PublishedPort"].as_u64().unwrap_or_default();
        let others = self.services.iter().flat_map(|service| &service.ports);
        let mut taken: BTreeSet<u64> = others.map(number).collect();
        let mut ports = spec["EndpointSpec"]["Ports"].as_array().cloned().unwrap_or_default();
        for port in &mut ports {
            if number(port) == 0 && port["PublishMode"] == "ingress" {
                let same =
                    |other: &&Value| other["TargetPort"] == port["TargetPort"] && other["Protocol"] == port["Protocol"];
                let kept = known.iter().find(same).map(number);
                let free = || (FIRST_PORT..).find(|number| !taken.contains(number));
                let chosen = kept.or_else(free).unwrap_or_default();
                taken.insert(chosen);
                port["PublishedPort"] = json!(chosen);
            }
        }
        ports
    }
}

fn count_u64<T>(items: impl Iterator<Item = T>) -> u64 {
    u64::try_from(items.count()).unwrap_or(u64::MAX)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[][..], Vec::as_slice)
}

#[cfg(test)]
impl Service {
    /// A service with this specification, which is not added to the swarm.
    pub(super) fn of_tests(swarm: &mut Swarm, mut spec: Value) -> Self {
        spec["TaskTemplate"]["ContainerSpec"]["Image"] = json!("busybox");
        let id = swarm.create_service(service_spec::complete(spec, dockerclient::ApiVersion::new(1, 41)).unwrap());
        let id = id.unwrap();
        let index = object_index(&swarm.services, &id).unwrap();
        swarm.services.remove(index)
    }
}
