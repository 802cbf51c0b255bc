//! Waiting until the swarm has carried out the configuration of a service.

use std::time::Duration;

use super::Service;
use crate::{
    Error, LazyStream, Result,
    error::{Kind, Phase},
    request::{Settings, request, settings},
};

mod assess;
mod convergence;
mod failure;
mod progress;
mod tracker;

pub use self::{
    convergence::Convergence,
    progress::{ConvergenceState, ServiceProgress, TaskError, TaskProgress},
};
use self::{convergence::Watch, tracker::Tracker};

/// The name of this call in errors.
const OPERATION: &str = "service_wait_until_converged";

/// Default of [`WaitUntilConverged::poll_interval`].
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Minimum of [`WaitUntilConverged::poll_interval`].
const MIN_POLL_INTERVAL: Duration = Duration::from_millis(10);

impl Service {
    /// Waits until the service has converged to its current configuration, as `docker service create` and
    /// `docker service update` do, and returns the last progress.
    ///
    /// - A replicated or global service has converged once all its tasks have the current configuration, and have run
    ///   for a [period](WaitUntilConverged::stable_for) without interruption. Tasks that the swarm shuts down, and
    ///   tasks on nodes that are down, do not count.
    /// - A job has converged once its tasks are complete.
    ///
    /// A service whose tasks keep failing, or have ended and are not restarted, never converges, unless an update of it
    /// is paused or rolled back. A global service does not converge while no node is eligible. Set a
    /// [time limit](WaitUntilConverged::time_limit): the timeout error contains the error of the task that failed last.
    ///
    /// Calls `GET /services/{id}` and `GET /tasks` every 200 ms, since API 1.24. From API 1.29 on, calls `GET /tasks` a
    /// second time, with the engine's filter for tasks with the current configuration; below API 1.29, this crate
    /// compares the configurations of tasks, and waits for the end of the update. Also calls `GET /nodes` if the
    /// service is global, and once all tasks run.
    ///
    /// If the service is changed during the wait, it waits for the new configuration.
    ///
    /// # Errors
    ///
    /// Fails if the last update of the service is paused, or was rolled back automatically, with the error of the task
    /// that failed ([`is_wait_failed`](Error::is_wait_failed)); its [`code`](Error::code) is the exit code of the task.
    /// An automatic rollback is reported when it has ended, so that the service no longer changes. Fails if the service
    /// does not exist or is removed (404), if the engine is not a swarm manager (503; 406 from Docker 1.12), or if the
    /// mode of the service is unknown, for example for a job below API 1.41 ([`is_bad_request`](Error::is_bad_request)).
    ///
    /// # Cancellation
    ///
    /// Dropping the future ends the wait. The service is not changed.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use std::time::Duration;
    ///
    /// let web = docker.service("web");
    /// web.update(|spec| spec.container_mut().image = "nginx:1.28".into()).await?;
    /// match web.wait_until_converged().time_limit(Duration::from_secs(300)).await {
    ///     Ok(progress) => println!("{progress}"),
    ///     Err(error) if error.is_wait_failed() => println!("the update has failed: {error}"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "detach")]
    pub fn wait_until_converged(&self) -> WaitUntilConverged {
        WaitUntilConverged {
            service: self.clone(),
            stable_for: None,
            poll_interval: POLL_INTERVAL,
            settings: Settings::default(),
        }
    }
}

/// A request that resolves once a service has converged. Returned by [`Service::wait_until_converged`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct WaitUntilConverged {
    service: Service,
    /// Replaces the period of the service if set.
    stable_for: Option<Duration>,
    poll_interval: Duration,
    settings: Settings,
}

impl WaitUntilConverged {
    settings!();

    /// Sends the request. Awaiting the request itself does the same.
    ///
    /// # Errors
    ///
    /// Fails as the method that returned the request documents it.
    pub fn send(self) -> impl Future<Output = Result<ServiceProgress>> + Send + 'static {
        self.into_future()
    }

    /// Sets how long all tasks must run without interruption. Does not apply to jobs. Defaults to the monitoring period
    /// of the service's update configuration ([`update_monitor`](super::CreateService::update_monitor)), or 5 seconds
    /// if there is none, as for the Docker CLI.
    ///
    /// The tasks are listed again after the period, unless it is zero. With a shorter period, a failure that follows
    /// soon after the start of a task may be missed.
    pub fn stable_for(mut self, period: Duration) -> Self {
        self.stable_for = Some(period);
        self
    }

    /// Sets the pause between two checks. Defaults to 200 ms; at least 10 ms.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval.max(MIN_POLL_INTERVAL);
        self
    }

    /// Resolves to the progress, once the service has been inspected. The [time limit](Self::time_limit) applies until
    /// then.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let mut progress = docker.service("web").wait_until_converged().progress().await?;
    /// while let Some(item) = progress.try_next().await? {
    ///     println!("{item}");
    ///     for task in &item.tasks {
    ///         println!("  {}: {:?} {}", task.id, task.state, task.error);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn progress(self) -> WatchConvergence {
        WatchConvergence { settings: self.settings.clone(), wait: self }
    }

    async fn call(self) -> Result<ServiceProgress> {
        let (limit, settings) = (self.settings.time_limit(), self.settings.clone());
        let name = self.service.id.clone();
        let mut last: Option<ServiceProgress> = None;
        let waiting = async {
            let mut convergence = self.begin(settings).await?;
            while let Some(progress) = convergence.try_next().await? {
                last = Some(progress);
            }
            Ok::<(), Error>(())
        };
        let ended = match limit {
            Some(limit) => tokio::time::timeout(limit, waiting).await.ok(),
            None => Some(waiting.await),
        };
        let error = match (ended, last) {
            (Some(Ok(())), Some(last)) => return Ok(last),
            (Some(Err(error)), _) => error,
            (Some(Ok(())), None) => Error::internal("the stream ended without progress"),
            (None, last) => {
                let phase = last.map_or(Phase::Call, |last| Phase::Convergence(last.to_string()));
                Error::new(Kind::Timeout { phase, limit: limit.unwrap_or_default() })
            }
        };
        Err(error.during(OPERATION).about(Some(&name)))
    }

    /// Inspects the service. `polling` are the settings of all requests after this.
    async fn begin(self, polling: Settings) -> Result<Convergence> {
        let seen = self.service.inspect_for(OPERATION, &self.settings).await?;
        let watch = Watch {
            name: self.service.id.clone(),
            // By its id, so that a new service with the same name is not mistaken for it.
            service: Service::new(self.service.docker, seen.id.clone()),
            settings: polling,
            poll_interval: self.poll_interval,
            tracker: Tracker::new(self.stable_for),
            seen: Some(seen),
            last: None,
        };
        Ok(Convergence::new(watch))
    }
}

impl IntoFuture for WaitUntilConverged {
    type Output = Result<ServiceProgress>;
    type IntoFuture = futures_core::future::BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.call())
    }
}

/// A request that resolves to the [`Convergence`] of a service, once the service has been inspected. Returned by
/// [`WaitUntilConverged::progress`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct WatchConvergence {
    wait: WaitUntilConverged,
    settings: Settings,
}

request!(WatchConvergence => Convergence, "service_wait_until_converged");

impl WatchConvergence {
    /// Returns the progress as a stream that sends the request when it is first polled.
    pub fn stream(self) -> LazyStream<Convergence> {
        LazyStream::new(self.into_future())
    }

    async fn call(self) -> Result<Convergence> {
        let polling = self.settings.clone().without_time_limit();
        WaitUntilConverged { settings: self.settings, ..self.wait }.begin(polling).await
    }
}
