//! Tasks: the containers that services run, and their states.

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Meta, Object, Swarm, cluster, find_object, networks::Attachment, service::Service};
use crate::api_error::Result;

/// The state of a task. A task never returns to an earlier state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TaskState {
    New,
    Pending,
    Assigned,
    Accepted,
    Preparing,
    Ready,
    Starting,
    Running,
    Complete,
    Shutdown,
    Failed,
    Rejected,
    Remove,
    Orphaned,
}

const STATES: [(TaskState, &str); 14] = [
    (TaskState::New, "new"),
    (TaskState::Pending, "pending"),
    (TaskState::Assigned, "assigned"),
    (TaskState::Accepted, "accepted"),
    (TaskState::Preparing, "preparing"),
    (TaskState::Ready, "ready"),
    (TaskState::Starting, "starting"),
    (TaskState::Running, "running"),
    (TaskState::Complete, "complete"),
    (TaskState::Shutdown, "shutdown"),
    (TaskState::Failed, "failed"),
    (TaskState::Rejected, "rejected"),
    (TaskState::Remove, "remove"),
    (TaskState::Orphaned, "orphaned"),
];

impl TaskState {
    pub(crate) fn as_str(self) -> &'static str {
        STATES.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        STATES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(state, _)| *state)
    }
}

/// The slot of a task in its service: the number of the replica, and for global services the id of the node.
pub(super) type Slot = (u64, String);

/// A task of a service.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) meta: Meta,
    pub(crate) service: String,
    pub(crate) service_name: String,
    pub(crate) service_labels: Value,
    /// The task template of the service.
    pub(crate) spec: Value,
    /// The endpoint specification of the service.
    pub(crate) endpoint: Value,
    pub(super) ports: Vec<Value>,
    pub(crate) networks: Vec<Attachment>,
    pub(super) spec_version: u64,
    /// The number of the replica; 0 for global services.
    pub(crate) number: u64,
    /// The id of the node; empty before it is assigned to one.
    pub(crate) node: String,
    pub(crate) desired: TaskState,
    pub(crate) status: TaskStatus,
    /// Set while the task waits to be started.
    pub(super) start: Option<DelayedStart>,
    /// The execution of the job that the task belongs to.
    pub(super) iteration: Option<u64>,
    pub(crate) container: Option<String>,
    /// Whether its container was started and has not exited, according to the state of the managers.
    pub(crate) runs: bool,
    /// Whether its container is being stopped.
    pub(super) stopping: bool,
    pub(super) exit_code: i64,
}

#[derive(Debug)]
pub(crate) struct TaskStatus {
    pub(crate) state: TaskState,
    message: &'static str,
    pub(super) error: String,
    pub(super) time: Timestamp,
}

/// The conditions under which a task that replaces another one is started.
#[derive(Debug)]
pub(super) struct DelayedStart {
    pub(super) at: Instant,
    /// The task that must have ended.
    pub(super) after: Option<String>,
}

impl Object for Task {
    const KIND: &'static str = "task";

    fn id(&self) -> &str {
        &self.meta.id
    }

    /// Tasks are found by their full name, which contains their id.
    fn name(&self) -> &str {
        ""
    }
}

impl Task {
    /// The name, which is also that of its container.
    pub(crate) fn full_name(&self) -> String {
        let slot = if self.number == 0 { self.node.clone() } else { self.number.to_string() };
        format!("{}.{slot}.{}", self.service_name, self.meta.id)
    }

    /// Whether it has ended, or will never run.
    pub(super) fn is_over(&self) -> bool {
        self.status.state > TaskState::Running
    }

    /// Whether the desired state of the task is to run.
    pub(super) fn should_run(&self) -> bool {
        self.desired <= TaskState::Running
    }

    /// Whether it was created, but not assigned to a node that accepted it.
    pub(super) fn is_unassigned(&self) -> bool {
        self.status.state < TaskState::Assigned
    }

    pub(crate) fn tty(&self) -> bool {
        self.spec["ContainerSpec"]["TTY"] == true
    }

    /// The task as JSON.
    pub(crate) fn to_json(&self) -> Value {
        let status = &self.status;
        let mut document = self.meta.to_json();
        let mut fields = json!({
            "Labels": {}, "Spec": self.spec, "ServiceID": self.service, "NodeID": self.node,
            "DesiredState": self.desired.as_str(),
            "NetworksAttachments": self.networks.iter().map(Attachment::to_json).collect::<Vec<_>>(),
            "Status": {
                "Timestamp": status.time.to_string(), "State": status.state.as_str(), "Message": status.message,
                "Err": status.error, "PortStatus": {},
            },
        });
        if self.number > 0 {
            fields["Slot"] = json!(self.number);
        }
        if let Some(iteration) = self.iteration {
            fields["JobIteration"] = json!({ "Index": iteration });
        }
        let has_started = status.state >= TaskState::Starting && status.state != TaskState::Rejected;
        if let (Some(container), true) = (&self.container, has_started) {
            let pid = if self.runs { 4242 } else { 0 };
            fields["Status"]["ContainerStatus"] =
                json!({ "ContainerID": container, "PID": pid, "ExitCode": self.exit_code });
            let ports: Vec<&Value> = self.ports.iter().filter(|port| port["PublishMode"] == "host").collect();
            if self.runs && !ports.is_empty() {
                fields["Status"]["PortStatus"] = json!({ "Ports": ports });
            }
        }
        cluster::extend(&mut document, fields);
        document
    }
}

impl Swarm {
    /// Creates a task of a service, and returns its index.
    pub(super) fn add_task(&mut self, service: &Service, slot: &Slot, desired: TaskState) -> usize {
        let status =
            TaskStatus { state: TaskState::New, message: "created", error: String::new(), time: Timestamp::now() };
        let (meta, networks) = (self.new_meta(), self.attach(service));
        self.tasks.push(Task {
            meta,
            service: service.meta.id.clone(),
            service_name: service.name().to_owned(),
            service_labels: service.spec["Labels"].clone(),
            spec: service.task_template(),
            endpoint: service.spec["EndpointSpec"].clone(),
            ports: service.ports.clone(),
            networks,
            spec_version: service.spec_version,
            number: slot.0,
            node: slot.1.clone(),
            desired,
            status,
            start: None,
            iteration: service.iteration(),
            container: None,
            runs: false,
            stopping: false,
            exit_code: 0,
        });
        self.tasks.len() - 1
    }

    /// Changes the state that a task should have.
    pub(super) fn set_desired(&mut self, index: usize, desired: TaskState) {
        let version = self.next_version();
        let task = &mut self.tasks[index];
        task.desired = desired;
        task.meta.touch(version);
    }

    /// Changes the state of a task.
    pub(crate) fn set_status(
        &mut self,
        index: usize,
        state: TaskState,
        message: &'static str,
        error: impl Into<String>,
    ) {
        let version = self.next_version();
        let task = &mut self.tasks[index];
        task.status = TaskStatus { state, message, error: error.into(), time: Timestamp::now() };
        task.meta.touch(version);
    }

    /// The index of the task with this id.
    pub(crate) fn task_index(&self, id: &str) -> Option<usize> {
        self.tasks.iter().position(|task| task.meta.id == id)
    }

    /// The indices of the tasks of a service.
    pub(super) fn tasks_of(&self, service: &str) -> Vec<usize> {
        (0..self.tasks.len()).filter(|index| self.tasks[*index].service == service).collect()
    }

    /// The task with this id, name or unique id prefix.
    pub(crate) fn find_task(&self, name: &str) -> Result<&Task> {
        let named = self.tasks.iter().find(|task| task.full_name() == name);
        named.map_or_else(|| find_object(&self.tasks, name), Ok)
    }
}
