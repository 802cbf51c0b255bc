//! Running builds, and the history of builds.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use bollard_buildkit_proto::{
    google::{protobuf::Any, rpc},
    moby::buildkit::v1::{
        BuildHistoryEvent, BuildHistoryEventType, BuildHistoryRecord, BuildHistoryRequest, Exporter, SolveRequest,
        UpdateBuildHistoryRequest,
    },
};
use futures_util::{
    StreamExt as _,
    future::ready,
    stream::{self, BoxStream},
};
use prost::Message as _;
use tokio::sync::watch;
use tonic::{Code, Status};

use super::{
    graph::{Graph, now},
    not_simulated,
};
use crate::server::Server;

/// Time for which the status of a build waits for its beginning.
const WAIT: Duration = Duration::from_secs(6);

/// Running and finished builds.
#[derive(Debug, Default)]
pub(super) struct Builds(watch::Sender<History>);

#[derive(Debug, Default)]
struct History {
    builds: BTreeMap<String, Entry>,
    /// All changes so far.
    events: Vec<BuildHistoryEvent>,
}

#[derive(Debug)]
struct Entry {
    graph: Arc<Graph>,
    record: BuildHistoryRecord,
    /// Whether it is not part of the history.
    is_internal: bool,
}

/// A running build. Dropping it cancels it.
pub(super) struct RunningBuild {
    server: Arc<Server>,
    reference: String,
    pub(super) graph: Arc<Graph>,
    is_finished: bool,
}

/// The values that an exporter returns for a finished build.
pub(super) type Exported = HashMap<String, String>;

impl Builds {
    /// Begins a build. Fails if there is one with the same reference.
    pub(super) fn begin(server: &Arc<Server>, request: &SolveRequest) -> Result<RunningBuild, Status> {
        let graph = Arc::<Graph>::default();
        let record = BuildHistoryRecord {
            r#ref: request.r#ref.clone(),
            frontend: request.frontend.clone(),
            frontend_attrs: request.frontend_attrs.clone(),
            exporters: exporters(request),
            created_at: Some(now()),
            ..BuildHistoryRecord::default()
        };
        let reference = request.r#ref.clone();
        let entry = Entry { graph: Arc::clone(&graph), record, is_internal: request.internal };
        let is_new = server.buildkit.builds.0.send_if_modified(|history| {
            let is_new = !history.builds.contains_key(&reference);
            if is_new {
                history.add_event(BuildHistoryEventType::Started, &entry);
                history.builds.insert(reference.clone(), entry);
            }
            is_new
        });
        match is_new {
            true => Ok(RunningBuild { server: Arc::clone(server), reference, graph, is_finished: false }),
            false => Err(Status::unknown(format!("job ID {reference} exists"))),
        }
    }

    /// The graph of a build, which may begin later.
    pub(super) async fn graph(&self, reference: &str) -> Result<Arc<Graph>, Status> {
        let mut history = self.0.subscribe();
        let found = async {
            let history = history.wait_for(|history| history.builds.contains_key(reference)).await.ok()?;
            history.builds.get(reference).map(|entry| Arc::clone(&entry.graph))
        };
        let found = tokio::time::timeout(WAIT, found).await.ok().flatten();
        found.ok_or_else(|| Status::not_found(format!("no such job {reference}")))
    }

    /// The builds that a request selects, and changes to them.
    pub(super) fn listen(&self, request: BuildHistoryRequest) -> BoxStream<'static, Result<BuildHistoryEvent, Status>> {
        if !request.filter.is_empty() {
            return stream::once(ready(Err(not_simulated("filters of the build history")))).boxed();
        }
        let history = self.0.subscribe();
        let (known, position) = {
            let history = history.borrow();
            (history.snapshot(&request), history.events.len())
        };
        let known = stream::iter(known.into_iter().map(Ok));
        if request.early_exit {
            return known.boxed();
        }
        let changes = stream::unfold((history, position), |(mut history, position)| async move {
            let change = {
                let history = history.wait_for(|history| history.events.len() > position).await.ok()?;
                history.events.get(position)?.clone()
            };
            Some((change, (history, position + 1)))
        });
        let changes = changes.filter(move |change| {
            let reference = change.record.as_ref().map_or("", |record| &*record.r#ref);
            ready(request.r#ref.is_empty() || request.r#ref == reference)
        });
        known.chain(changes.map(Ok)).boxed()
    }

    /// Pins or removes the record of a finished build.
    pub(super) fn update(&self, request: &UpdateBuildHistoryRequest) -> Result<(), Status> {
        let is_known = self.0.send_if_modified(|history| {
            let finished = history.builds.get_mut(&request.r#ref).filter(|entry| entry.record.completed_at.is_some());
            let Some(entry) = finished else { return false };
            if request.delete {
                if let Some(entry) = history.builds.remove(&request.r#ref) {
                    history.add_event(BuildHistoryEventType::Deleted, &entry);
                }
                return true;
            }
            entry.record.pinned = request.pinned;
            entry.record.generation += 1;
            let record = Some(entry.record.clone());
            history.events.push(BuildHistoryEvent { r#type: BuildHistoryEventType::Complete.into(), record });
            true
        });
        let missing = || Status::unknown(format!("failed to retrieve ref {}: file does not exist", request.r#ref));
        is_known.then_some(()).ok_or_else(missing)
    }
}

impl History {
    fn add_event(&mut self, kind: BuildHistoryEventType, entry: &Entry) {
        if !entry.is_internal {
            let record = Some(entry.record.clone());
            self.events.push(BuildHistoryEvent { r#type: kind.into(), record });
        }
    }

    /// The selected builds: first the running ones, then the finished ones.
    fn snapshot(&self, request: &BuildHistoryRequest) -> Vec<BuildHistoryEvent> {
        let selects =
            |entry: &&Entry| !entry.is_internal && (request.r#ref.is_empty() || request.r#ref == entry.record.r#ref);
        let records = self.builds.values().filter(selects).map(|entry| entry.record.clone());
        let (mut finished, running): (Vec<_>, Vec<_>) = records.partition(|record| record.completed_at.is_some());
        if request.active_only {
            finished.clear();
        }
        if let Ok(limit @ 1..) = usize::try_from(request.limit) {
            let created = |record: &BuildHistoryRecord| record.created_at.map(|at| (at.seconds, at.nanos));
            finished.sort_by_key(|record| std::cmp::Reverse(created(record)));
            finished.truncate(limit);
        }
        let event =
            |kind: BuildHistoryEventType| move |record| BuildHistoryEvent { r#type: kind.into(), record: Some(record) };
        let running = running.into_iter().map(event(BuildHistoryEventType::Started));
        running.chain(finished.into_iter().map(event(BuildHistoryEventType::Complete))).collect()
    }
}

impl RunningBuild {
    /// Records the result of the build, and ends its graph.
    pub(super) fn finish(mut self, result: &Result<Exported, Status>) {
        self.record(result);
    }

    fn record(&mut self, result: &Result<Exported, Status>) {
        self.is_finished = true;
        self.graph.complete();
        let steps = self.graph.step_counts();
        self.server.buildkit.builds.0.send_modify(|history| {
            let Some(mut entry) = history.builds.remove(&self.reference) else { return };
            let record = &mut entry.record;
            record.completed_at = Some(now());
            record.num_total_steps = steps.total;
            record.num_completed_steps = steps.completed;
            record.num_cached_steps = steps.cached;
            match result {
                Ok(exported) => record.exporter_response.clone_from(exported),
                Err(status) => record.error = Some(rpc_status(status)),
            }
            history.add_event(BuildHistoryEventType::Complete, &entry);
            history.builds.insert(self.reference.clone(), entry);
        });
    }
}

impl Drop for RunningBuild {
    fn drop(&mut self) {
        if !self.is_finished {
            self.record(&Err(Status::cancelled("context canceled")));
        }
    }
}

/// The exporters of a request, in its old or its new form.
pub(super) fn exporters(request: &SolveRequest) -> Vec<Exporter> {
    if !request.exporters.is_empty() || request.exporter_deprecated.is_empty() {
        return request.exporters.clone();
    }
    let attrs = request.exporter_attrs_deprecated.clone();
    vec![Exporter { r#type: request.exporter_deprecated.clone(), attrs }]
}

/// The status of a failed build, with its details.
fn rpc_status(status: &Status) -> rpc::Status {
    let code = i32::from(status.code());
    let details = rpc::Status::decode(status.details()).map(|status| status.details).unwrap_or_default();
    rpc::Status { code, message: status.message().to_owned(), details }
}

/// A status with details that are JSON documents.
pub(super) fn status_with_details(message: &str, details: &[(&str, serde_json::Value)]) -> Status {
    let any = |(name, value): &(&str, serde_json::Value)| Any {
        type_url: format!("github.com/moby/buildkit/{name}+json"),
        value: value.to_string().into_bytes(),
    };
    let details = details.iter().map(any).collect();
    let status = rpc::Status { code: Code::Unknown.into(), message: message.to_owned(), details };
    Status::with_details(Code::Unknown, message, status.encode_to_vec().into())
}
