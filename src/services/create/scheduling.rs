//! Placement, resources and restarts of the tasks of a service.

use std::time::Duration;

use super::CreateService;
use crate::{
    containers::nano_cpus,
    models::{
        DiscreteResource, GenericResource, Placement, PlacementPreference, ResourceLimits, ResourceRequirements,
        Resources, SpreadOver, TaskRestartCondition, TaskRestartPolicy,
    },
    size::Size,
};

impl CreateService {
    /// Adds a constraint: tasks run only on nodes that satisfy it, for example `node.role==worker` or
    /// `node.labels.disk!=ssd`. Nodes must satisfy all constraints.
    pub fn constraint(mut self, constraint: impl Into<String>) -> Self {
        self.placement().constraints.push(constraint.into());
        self
    }

    /// Spreads the tasks evenly over the values of a label of nodes or engines, for example `node.labels.zone`, as
    /// `docker service create --placement-pref spread=…` does. Can be called repeatedly: further labels spread the tasks within
    /// each value of the previous one. Requires API 1.28.
    pub fn placement_pref(mut self, spread: impl Into<String>) -> Self {
        let spread = spread.into();
        let label = spread.strip_prefix("spread=").unwrap_or(&spread);
        let spread = SpreadOver { spread_descriptor: label.to_owned() };
        self.placement().preferences.push(PlacementPreference { spread: Some(spread) });
        self
    }

    /// Limits the number of tasks of the service on one node. Defaults to no limit. Requires API 1.40.
    #[doc(alias = "replicas_max_per_node")]
    pub fn max_replicas_per_node(mut self, replicas: u64) -> Self {
        self.placement().max_replicas = replicas;
        self
    }

    /// Limits the memory of each task; strings are parsed as by the Docker CLI: `"512m"`. Defaults to no limit.
    pub fn limit_memory(self, limit: impl Into<Size>) -> Self {
        self.try_set(limit.into().to_bytes(), |this, bytes| this.limits().memory_bytes = bytes)
    }

    /// Limits the CPU time of each task to this number of CPUs, for example 1.5. Defaults to no limit.
    #[doc(alias = "limit_cpu")]
    pub fn limit_cpus(self, cpus: f64) -> Self {
        self.try_set(nano_cpus(cpus), |this, nanos| this.limits().nano_cpus = nanos)
    }

    /// Limits the number of processes and threads of each task. Defaults to 0, which means no limit. Requires API 1.41.
    pub fn limit_pids(mut self, limit: i64) -> Self {
        self.limits().pids = limit;
        self
    }

    /// Reserves memory for each task; strings are parsed as by the Docker CLI: `"512m"`. Tasks run only on nodes that have
    /// as much unreserved memory. Defaults to 0.
    pub fn reserve_memory(self, size: impl Into<Size>) -> Self {
        self.try_set(size.into().to_bytes(), |this, bytes| this.reservations().memory_bytes = bytes)
    }

    /// Reserves a number of CPUs for each task, for example 0.5. Tasks run only on nodes that have as many unreserved CPUs.
    /// Defaults to 0.
    #[doc(alias = "reserve_cpu")]
    pub fn reserve_cpus(self, cpus: f64) -> Self {
        self.try_set(nano_cpus(cpus), |this, nanos| this.reservations().nano_cpus = nanos)
    }

    /// Reserves a number of a resource that is declared in the configuration of the engines, for example `NVIDIA-GPU`. Tasks
    /// run only on nodes that have as many unreserved. Requires API 1.32.
    pub fn generic_resource(mut self, kind: impl Into<String>, value: i64) -> Self {
        let discrete = DiscreteResource { kind: kind.into(), value };
        let resource = GenericResource { discrete_resource_spec: Some(discrete), ..Default::default() };
        self.reservations().generic_resources.push(resource);
        self
    }

    /// Limits the swap space of each task, in addition to its [memory](Self::limit_memory), which must be limited, too;
    /// [`Size::UNLIMITED`] or `"-1"` is unlimited. Defaults to twice the memory. Requires API 1.52.
    pub fn memory_swap(self, limit: impl Into<Size>) -> Self {
        self.try_set(limit.into().to_bytes_or_unlimited(), |this, bytes| this.resources().swap_bytes = Some(bytes))
    }

    /// Sets the swappiness of each task, from 0 to 100. Requires API 1.52.
    pub fn memory_swappiness(mut self, percent: u8) -> Self {
        self.resources().memory_swappiness = Some(percent.into());
        self
    }

    /// Sets when a task that has exited is replaced: `none`, `on-failure` or `any`. Defaults to `any`.
    pub fn restart_condition(mut self, condition: impl Into<TaskRestartCondition>) -> Self {
        self.restart().condition = Some(condition.into());
        self
    }

    /// Sets the maximum number of replacements of a task within the [window](Self::restart_window). Defaults to no limit.
    pub fn restart_max_attempts(mut self, attempts: u64) -> Self {
        self.restart().max_attempts = Some(attempts);
        self
    }

    /// Sets the time between the exit of a task and the start of its replacement. Defaults to 5 seconds.
    pub fn restart_delay(mut self, delay: Duration) -> Self {
        self.restart().delay = Some(delay);
        self
    }

    /// Sets the period in which replacements are counted for
    /// [`restart_max_attempts`](Self::restart_max_attempts). Defaults to the whole lifetime of the service.
    pub fn restart_window(mut self, window: Duration) -> Self {
        self.restart().window = Some(window);
        self
    }

    fn placement(&mut self) -> &mut Placement {
        self.spec.task_template.placement.get_or_insert_default()
    }

    fn resources(&mut self) -> &mut ResourceRequirements {
        self.spec.task_template.resources.get_or_insert_default()
    }

    fn limits(&mut self) -> &mut ResourceLimits {
        self.resources().limits.get_or_insert_default()
    }

    fn reservations(&mut self) -> &mut Resources {
        self.resources().reservations.get_or_insert_default()
    }

    fn restart(&mut self) -> &mut TaskRestartPolicy {
        self.spec.task_template.restart_policy.get_or_insert_default()
    }
}
