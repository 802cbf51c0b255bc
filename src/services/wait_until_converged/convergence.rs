//! The stream of a service's progress: polls its tasks.

use std::{
    collections::HashSet,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::{Stream, stream::BoxStream};
use futures_util::{TryStreamExt, stream};
use tokio::time::Instant;

use super::{
    OPERATION,
    assess::{self, Snapshot},
    progress::ServiceProgress,
    tracker::Tracker,
};
use crate::{
    ApiVersion, Error, Filters, Result,
    generated::Api,
    models::{self, Node, Task, TaskRuntime},
    request::Settings,
    services::Service,
};

/// Since this version, engines have a filter for tasks with the current configuration of their service. It is not
/// documented; the Docker CLI uses it for the same purpose.
const UP_TO_DATE: ApiVersion = ApiVersion::new(1, 29);

/// The progress of a service towards its configuration, as a stream.
///
/// Returned by [`WaitUntilConverged::progress`](super::WaitUntilConverged::progress). There is an item for each change;
/// the last one has the state [`Converged`](super::ConvergenceState::Converged). If the wait fails, the last item is an
/// error.
///
/// # Cancellation
///
/// Dropping the stream ends the wait. Waiting for the next item is cancel safe.
#[must_use = "streams do nothing unless polled"]
pub struct Convergence {
    items: BoxStream<'static, Result<ServiceProgress>>,
    /// The last item.
    last: Option<Result<ServiceProgress>>,
}

impl Convergence {
    pub(super) fn new(watch: Watch) -> Self {
        Self { items: Box::pin(stream::try_unfold(Some(watch), next)), last: None }
    }

    /// Waits for the next item. Returns `None` once the service has converged. Cancel safe.
    ///
    /// # Errors
    ///
    /// Fails as [`Service::wait_until_converged`](crate::services::Service::wait_until_converged) does. The stream ends
    /// after an error.
    pub async fn try_next(&mut self) -> Result<Option<ServiceProgress>> {
        TryStreamExt::try_next(self).await
    }

    /// Waits until the service has converged, and returns the last item.
    ///
    /// # Errors
    ///
    /// Fails if the wait fails, or has failed before.
    pub async fn finish(mut self) -> Result<ServiceProgress> {
        while self.try_next().await?.is_some() {}
        self.last.unwrap_or_else(|| Err(Error::internal("the stream ended without progress").during(OPERATION)))
    }
}

impl Stream for Convergence {
    type Item = Result<ServiceProgress>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(self.items.as_mut().poll_next(cx));
        if item.is_some() {
            self.last.clone_from(&item);
        }
        Poll::Ready(item)
    }
}

impl fmt::Debug for Convergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Convergence").field("last", &self.last).finish_non_exhaustive()
    }
}

/// The state of the stream before the service has converged.
pub(super) struct Watch {
    /// The name or id that the caller passed, for errors.
    pub(super) name: String,
    pub(super) service: Service,
    pub(super) settings: Settings,
    pub(super) poll_interval: Duration,
    pub(super) tracker: Tracker,
    /// The service, if its tasks were not listed since it was inspected.
    pub(super) seen: Option<models::Service>,
    /// The last item.
    pub(super) last: Option<ServiceProgress>,
}

/// Returns the next item, and the state after it: `None` once the service has converged.
async fn next(watch: Option<Watch>) -> Result<Option<(ServiceProgress, Option<Watch>)>> {
    let Some(mut watch) = watch else { return Ok(None) };
    loop {
        let service = match watch.seen.take() {
            Some(service) => service,
            None => {
                tokio::time::sleep(watch.poll_interval).await;
                let service = watch.inspect().await?;
                if let Some(last) = watch.tracker.converged(&service) {
                    return Ok(Some((last, None)));
                }
                service
            }
        };
        let progress = watch.check(&service).await?;
        if watch.last.as_ref() != Some(&progress) {
            watch.last = Some(progress.clone());
            return Ok(Some((progress, Some(watch))));
        }
    }
}

impl Watch {
    async fn api(&self) -> Result<(Api<'_>, &str)> {
        let (api, id) = self.service.api(OPERATION, &self.settings).await?;
        Ok((api.of(&self.name), id))
    }

    async fn inspect(&self) -> Result<models::Service> {
        let (api, id) = self.api().await?;
        api.document(api.service_inspect(id, None).await)
    }

    /// Lists the tasks and, if necessary, the nodes, and returns the progress.
    async fn check(&mut self, service: &models::Service) -> Result<ServiceProgress> {
        let tasks = self.tasks(service, false).await?;
        // After the others: a task that was created in the meantime is ignored until the next check.
        let up_to_date = self.up_to_date(service).await?;
        let snapshot = Snapshot { service, tasks: &tasks, up_to_date: up_to_date.as_ref(), nodes: None };
        let needs_nodes = assess::is_global(service) || self.failed(assess::assess(&snapshot))?.is_complete;
        let nodes = if needs_nodes { Some(self.nodes().await?) } else { None };
        let checked = self.tracker.check(&Snapshot { nodes: nodes.as_deref(), ..snapshot }, Instant::now());
        self.failed(checked)
    }

    /// Ids of the tasks with the current configuration, if the engine has a filter for them.
    async fn up_to_date(&self, service: &models::Service) -> Result<Option<HashSet<String>>> {
        if self.api().await?.0.version() < UP_TO_DATE || assess::is_job(service) {
            return Ok(None);
        }
        let tasks = self.tasks(service, true).await?;
        Ok(Some(tasks.into_iter().map(|task| task.id).collect()))
    }

    async fn tasks(&self, service: &models::Service, up_to_date: bool) -> Result<Vec<Task>> {
        let (api, id) = self.api().await?;
        let mut filters = Filters::from([("service", [id])]);
        if up_to_date {
            filters.add("_up-to-date", "true");
        }
        // Engines list only tasks that are containers unless others are requested.
        if service.spec.task_template.runtime == Some(TaskRuntime::Plugin) {
            filters.add("runtime", TaskRuntime::Plugin.as_str());
        }
        api.document(api.task_list(filters.to_query().as_deref()).await)
    }

    async fn nodes(&self) -> Result<Vec<Node>> {
        let (api, _) = self.api().await?;
        api.document(api.node_list(None).await)
    }

    /// Adds the operation and the service to an error.
    fn failed<T>(&self, outcome: Result<T>) -> Result<T> {
        outcome.map_err(|error| error.during(OPERATION).about(Some(&self.name)))
    }
}
