//! Decides across checks whether a service has converged. Does no I/O.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    assess::{self, Assessment, Snapshot},
    failure::{self, Failure, Outcome},
    progress::{ConvergenceState, ServiceProgress},
};
use crate::{Result, models::Service};

/// How long tasks must run if the update configuration of the service has no period: the default of engines and of the
/// Docker CLI.
const STABLE_FOR: Duration = Duration::from_secs(5);

/// The state of a wait.
#[derive(Debug)]
pub(super) struct Tracker {
    /// How long tasks must run; replaces the period of the service.
    stable_for: Option<Duration>,
    /// Since when all tasks are as configured.
    stable: Option<Stable>,
    /// The reason of the rollback that is in progress.
    rolling_back: Option<Failure>,
}

/// All tasks of the service are as configured.
#[derive(Debug)]
struct Stable {
    since: Instant,
    /// When the tasks were last listed.
    checked: Instant,
    period: Duration,
    /// Ids of the tasks that have run since then.
    tasks: Vec<String>,
    /// Version of the service before its tasks were last listed.
    version: u64,
    progress: ServiceProgress,
}

impl Tracker {
    pub(super) fn new(stable_for: Option<Duration>) -> Self {
        Self { stable_for, stable: None, rolling_back: None }
    }

    /// Returns the last progress if the service has converged.
    ///
    /// Called when the service is inspected after its tasks were listed: if it has the same version as before, the
    /// tasks belong to its current configuration and to the current state of its update.
    pub(super) fn converged(&self, service: &Service) -> Option<ServiceProgress> {
        let Stable { since, checked, period, version, progress, .. } = self.stable.as_ref()?;
        let is_over = *version == service.version.index && checked.saturating_duration_since(*since) >= *period;
        is_over.then(|| ServiceProgress { state: ConvergenceState::Converged, ..progress.clone() })
    }

    /// Returns the progress after a check, or the error of an update that has failed.
    pub(super) fn check(&mut self, snapshot: &Snapshot<'_>, now: Instant) -> Result<ServiceProgress> {
        match failure::outcome(snapshot.service, snapshot.tasks) {
            Outcome::NotFailed => self.rolling_back = None,
            Outcome::RollingBack(failure) => _ = self.rolling_back.get_or_insert(failure),
            Outcome::RolledBack(failure) => return Err(self.rolling_back.take().unwrap_or(failure).into()),
            Outcome::Failed(failure) => return Err(failure.into()),
        }
        let Assessment { mut progress, is_complete, running } = assess::assess(snapshot)?;
        if !is_complete || self.rolling_back.is_some() {
            self.stable = None;
            return Ok(progress);
        }
        progress.state = ConvergenceState::Verifying;
        let since = self.stable.take().filter(|stable| stable.tasks == running).map_or(now, |stable| stable.since);
        // The tasks of a job that are complete stay so.
        let period = if progress.is_job { Duration::ZERO } else { self.period(snapshot.service) };
        let version = snapshot.service.version.index;
        self.stable = Some(Stable { since, checked: now, period, tasks: running, version, progress: progress.clone() });
        Ok(progress)
    }

    fn period(&self, service: &Service) -> Duration {
        let monitor = service.spec.update_config.as_ref().and_then(|config| config.monitor);
        self.stable_for.or(monitor.filter(|monitor| !monitor.is_zero())).unwrap_or(STABLE_FOR)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::models::Task;

    use ConvergenceState::{Pending, Verifying};

    /// A wait whose steps take a given number of milliseconds.
    struct Wait {
        tracker: Tracker,
        now: Instant,
    }

    impl Wait {
        fn new(stable_for: Option<Duration>) -> Self {
            Self { tracker: Tracker::new(stable_for), now: Instant::now() }
        }

        /// The state after a check; `None` if the service has converged before its tasks are listed.
        fn check(&mut self, milliseconds: u64, service: &Service, tasks: &[Task]) -> Result<Option<ConvergenceState>> {
            self.now += Duration::from_millis(milliseconds);
            if let Some(progress) = self.tracker.converged(service) {
                assert_eq!(progress.state, ConvergenceState::Converged);
                return Ok(None);
            }
            let up_to_date: HashSet<String> = tasks.iter().map(|task| task.id.clone()).collect();
            let snapshot = Snapshot { service, tasks, up_to_date: Some(&up_to_date), nodes: None };
            Ok(Some(self.tracker.check(&snapshot, self.now)?.state))
        }

        #[track_caller]
        fn expect(&mut self, milliseconds: u64, service: &Service, tasks: &[Task], want: Option<ConvergenceState>) {
            assert_eq!(self.check(milliseconds, service, tasks).unwrap(), want);
        }
    }

    /// A service with one task.
    fn service(version: u64, more: &str) -> Service {
        let spec = r#"{"Mode":{"Replicated":{"Replicas":1}},"UpdateConfig":{"Parallelism":1}}"#;
        let service = format!(r#"{{"ID":"s1","Version":{{"Index":{version}}},"Spec":{spec}{more}}}"#);
        serde_json::from_str(&service).unwrap()
    }

    fn with_status(version: u64, state: &str, message: &str) -> Service {
        service(version, &format!(r#","UpdateStatus":{{"State":"{state}","Message":"{message}"}}"#))
    }

    fn task(id: &str, state: &str) -> [Task; 1] {
        let status = format!(r#"{{"State":"{state}","Err":"error of {id}"}}"#);
        let task = format!(r#"{{"ID":"{id}","Slot":1,"DesiredState":"running","Status":{status}}}"#);
        [serde_json::from_str(&task).unwrap()]
    }

    #[test]
    fn service_converges_after_the_default_period() {
        let (mut wait, web) = (Wait::new(None), service(1, ""));
        wait.expect(0, &web, &[], Some(Pending));
        wait.expect(200, &web, &task("a", "running"), Some(Verifying));
        wait.expect(4999, &web, &task("a", "running"), Some(Verifying));
        wait.expect(1, &web, &task("a", "running"), Some(Verifying));
        wait.expect(200, &web, &task("a", "running"), None);
    }

    #[test]
    fn tasks_are_listed_again_after_the_period() {
        let (mut wait, web) = (Wait::new(None), service(1, ""));
        wait.expect(0, &web, &task("a", "running"), Some(Verifying));
        wait.expect(60_000, &web, &task("a", "failed"), Some(Pending));
        wait.expect(200, &web, &task("b", "running"), Some(Verifying));
        wait.expect(60_000, &web, &task("b", "running"), Some(Verifying));
        wait.expect(200, &web, &task("b", "running"), None);
    }

    #[test]
    fn period_is_that_of_the_request_or_of_the_service() {
        let mut web = service(1, "");
        web.spec.update_config.as_mut().unwrap().monitor = Some(Duration::from_secs(2));
        for (stable_for, millis) in [(None, 2000), (Some(Duration::from_secs(1)), 1000), (Some(Duration::ZERO), 0)] {
            let mut wait = Wait::new(stable_for);
            wait.expect(0, &web, &task("a", "running"), Some(Verifying));
            if millis > 0 {
                wait.expect(millis - 1, &web, &task("a", "running"), Some(Verifying));
                wait.expect(1, &web, &task("a", "running"), Some(Verifying));
            }
            wait.expect(1, &web, &task("a", "running"), None);
        }
        web.spec.update_config.as_mut().unwrap().monitor = Some(Duration::ZERO);
        assert_eq!(Tracker::new(None).period(&web), STABLE_FOR);
    }

    #[test]
    fn period_begins_again_after_a_failure() {
        let (mut wait, web) = (Wait::new(None), service(1, ""));
        wait.expect(0, &web, &task("a", "running"), Some(Verifying));
        wait.expect(4000, &web, &task("a", "failed"), Some(Pending));
        wait.expect(200, &web, &task("b", "running"), Some(Verifying));
        // The task was replaced between two checks.
        wait.expect(4000, &web, &task("c", "running"), Some(Verifying));
        wait.expect(4900, &web, &task("c", "running"), Some(Verifying));
        wait.expect(100, &web, &task("c", "running"), Some(Verifying));
        wait.expect(200, &web, &task("c", "running"), None);
    }

    #[test]
    fn change_of_the_service_is_checked_before_it_converges() {
        let mut wait = Wait::new(None);
        wait.expect(0, &service(1, ""), &task("a", "running"), Some(Verifying));
        wait.expect(6000, &service(2, ""), &[], Some(Pending));

        let mut wait = Wait::new(None);
        let updating = with_status(1, "updating", "");
        wait.expect(0, &updating, &task("a", "running"), Some(Verifying));
        wait.expect(6000, &with_status(2, "completed", ""), &task("a", "running"), Some(Verifying));
        wait.expect(200, &with_status(2, "completed", ""), &task("a", "running"), None);
    }

    #[test]
    fn job_converges_without_a_period() {
        let mut wait = Wait::new(None);
        let job =
            r#"{"ID":"s1","Spec":{"Mode":{"ReplicatedJob":{"TotalCompletions":1}}},"JobStatus":{"JobIteration":{}}}"#;
        let job: Service = serde_json::from_str(job).unwrap();
        let task = r#"{"ID":"a","JobIteration":{},"DesiredState":"complete","Status":{"State":"complete"}}"#;
        let task: Task = serde_json::from_str(task).unwrap();
        wait.expect(0, &job, &[], Some(Pending));
        wait.expect(0, &job, &[task], Some(Verifying));
        wait.expect(0, &job, &[], None);
    }

    #[test]
    fn rollback_is_awaited_and_is_an_error() {
        let mut wait = Wait::new(Some(Duration::ZERO));
        wait.expect(0, &with_status(1, "updating", ""), &task("b", "failed"), Some(Pending));
        let started = with_status(2, "rollback_started", "rolled back due to task b");
        wait.expect(200, &started, &task("b", "failed"), Some(Pending));
        wait.expect(200, &started, &task("a", "running"), Some(Pending));
        wait.expect(200, &started, &task("a", "running"), Some(Pending));
        let completed = with_status(3, "rollback_completed", "rollback completed");
        let error = wait.check(200, &completed, &task("a", "running")).unwrap_err();
        assert!(error.is_wait_failed());
        assert_eq!(error.to_string(), "rolled back due to task b: error of b");
    }

    #[test]
    fn requested_rollback_converges() {
        let mut wait = Wait::new(Some(Duration::ZERO));
        let previous = r#","PreviousSpec":{"Name":"web"},"UpdateStatus":{"State":"rollback_started"}"#;
        wait.expect(0, &service(1, previous), &task("a", "running"), Some(Verifying));
        wait.expect(200, &service(1, previous), &task("a", "running"), None);
    }

    #[test]
    fn new_update_ends_the_rollback() {
        let mut wait = Wait::new(Some(Duration::ZERO));
        wait.expect(0, &with_status(1, "rollback_started", ""), &task("a", "running"), Some(Pending));
        wait.expect(200, &service(2, ""), &task("c", "running"), Some(Verifying));
        wait.expect(200, &service(2, ""), &task("c", "running"), None);
    }

    #[test]
    fn paused_update_is_an_error() {
        for state in ["paused", "rollback_paused"] {
            let mut wait = Wait::new(None);
            wait.expect(0, &with_status(1, "updating", ""), &task("a", "starting"), Some(Pending));
            let paused = with_status(2, state, "paused due to task a");
            let error = wait.check(200, &paused, &task("a", "failed")).unwrap_err();
            assert_eq!((error.is_wait_failed(), &*error.to_string()), (true, "paused due to task a: error of a"));
        }
    }
}
