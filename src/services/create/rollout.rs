//! How the tasks of a service are replaced: in updates, and in rollbacks.

use std::time::Duration;

use super::CreateService;
use crate::models::{UpdateConfig, UpdateFailureAction, UpdateOrder};

impl CreateService {
    /// Sets the number of tasks that an update replaces at the same time; 0 is all of them. Defaults to 1.
    pub fn update_parallelism(mut self, tasks: u64) -> Self {
        self.update_config().parallelism = tasks;
        self
    }

    /// Sets the time between two replacements in an update. Defaults to 0.
    pub fn update_delay(mut self, delay: Duration) -> Self {
        self.update_config().delay = Some(delay);
        self
    }

    /// Sets whether an update stops the old task before it starts the new one (`stop-first`), or starts the new one first
    /// (`start-first`). Defaults to `stop-first`. Requires API 1.29.
    pub fn update_order(mut self, order: impl Into<UpdateOrder>) -> Self {
        self.update_config().order = Some(order.into());
        self
    }

    /// Sets what happens if tasks fail in an update: `pause`, `continue`, or `rollback` (API 1.28). Defaults to
    /// `pause`.
    pub fn update_failure_action(mut self, action: impl Into<UpdateFailureAction>) -> Self {
        self.update_config().failure_action = Some(action.into());
        self
    }

    /// Sets the time after the start of a task in which its exit is a failure of the update. Defaults to 5 seconds.
    /// Requires API 1.25.
    pub fn update_monitor(mut self, period: Duration) -> Self {
        self.update_config().monitor = Some(period);
        self
    }

    /// Sets the fraction of tasks, from 0 to 1, that may fail before an update counts as failed. Defaults to
    /// 0. Requires API 1.25.
    pub fn update_max_failure_ratio(mut self, ratio: f64) -> Self {
        self.update_config().max_failure_ratio = ratio;
        self
    }

    /// Sets the number of tasks that a rollback replaces at the same time; 0 is all of them. Defaults to 1.
    /// Requires API 1.28.
    pub fn rollback_parallelism(mut self, tasks: u64) -> Self {
        self.rollback_config().parallelism = tasks;
        self
    }

    /// Sets the time between two replacements in a rollback. Defaults to 0. Requires API 1.28.
    pub fn rollback_delay(mut self, delay: Duration) -> Self {
        self.rollback_config().delay = Some(delay);
        self
    }

    /// Sets whether a rollback stops the old task before it starts the new one (`stop-first`), or starts the new one first
    /// (`start-first`). Defaults to `stop-first`. Requires API 1.29.
    pub fn rollback_order(mut self, order: impl Into<UpdateOrder>) -> Self {
        self.rollback_config().order = Some(order.into());
        self
    }

    /// Sets what happens if tasks fail in a rollback: `pause` or `continue`. Defaults to `pause`. Requires API 1.28.
    pub fn rollback_failure_action(mut self, action: impl Into<UpdateFailureAction>) -> Self {
        self.rollback_config().failure_action = Some(action.into());
        self
    }

    /// Sets the time after the start of a task in which its exit is a failure of the rollback. Defaults to 5 seconds.
    /// Requires API 1.28.
    pub fn rollback_monitor(mut self, period: Duration) -> Self {
        self.rollback_config().monitor = Some(period);
        self
    }

    /// Sets the share of tasks, from 0 to 1, that may fail in a rollback without a reaction. Defaults to 0.
    /// Requires API 1.28.
    pub fn rollback_max_failure_ratio(mut self, ratio: f64) -> Self {
        self.rollback_config().max_failure_ratio = ratio;
        self
    }

    fn update_config(&mut self) -> &mut UpdateConfig {
        self.spec.update_config.get_or_insert_with(one_at_a_time)
    }

    fn rollback_config(&mut self) -> &mut UpdateConfig {
        self.spec.rollback_config.get_or_insert_with(one_at_a_time)
    }
}

/// The default of engines for services without a configuration. In a configuration, 0 tasks are all tasks.
fn one_at_a_time() -> UpdateConfig {
    UpdateConfig { parallelism: 1, ..Default::default() }
}
