//! The graph of a build: its steps, and their progress.

use std::sync::Arc;

use bollard_buildkit_proto::{
    google::protobuf::Timestamp,
    moby::buildkit::v1::{StatusResponse, Vertex, VertexLog, VertexStatus},
};
use futures_util::{Stream, stream};
use tokio::sync::watch;
use tonic::Status;

use crate::state::ids;

/// The error of a step that was cancelled.
const CANCELLED: &str = "context canceled";

/// The graph of a build.
#[derive(Debug, Default)]
pub(super) struct Graph(watch::Sender<Progress>);

/// The progress of a build.
#[derive(Debug, Default)]
struct Progress {
    updates: Vec<StatusResponse>,
    steps: StepCounts,
    is_complete: bool,
}

/// The numbers of steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct StepCounts {
    pub(super) total: i32,
    pub(super) completed: i32,
    pub(super) cached: i32,
}

/// A step in progress. Dropping it cancels it.
#[derive(Debug)]
pub(super) struct Step {
    graph: Arc<Graph>,
    vertex: Vertex,
}

impl Graph {
    /// Begins a step, which uses the results of the steps `inputs`.
    pub(super) fn begin(self: &Arc<Self>, name: impl Into<String>, inputs: Vec<String>) -> Step {
        let mut vertex = Vertex { name: name.into(), inputs, started: Some(now()), ..Vertex::default() };
        self.0.send_modify(|progress| {
            progress.steps.total += 1;
            let identity = format!("{} {} {}", progress.steps.total, vertex.name, vertex.inputs.join(" "));
            vertex.digest = format!("sha256:{}", ids::of(identity.as_bytes()));
            progress.updates.push(StatusResponse { vertexes: vec![vertex.clone()], ..StatusResponse::default() });
        });
        Step { graph: Arc::clone(self), vertex }
    }

    /// Ends the streams of updates.
    pub(super) fn complete(&self) {
        self.0.send_modify(|progress| progress.is_complete = true);
    }

    pub(super) fn step_counts(&self) -> StepCounts {
        self.0.borrow().steps
    }

    /// All updates, until the build is complete.
    pub(super) fn updates(self: &Arc<Self>) -> impl Stream<Item = StatusResponse> + Send + 'static + use<> {
        let first = (self.0.subscribe(), 0, Arc::clone(self));
        stream::unfold(first, |(mut progress, sent, graph)| async move {
            let update = {
                let has_more = |progress: &Progress| progress.updates.len() > sent || progress.is_complete;
                let progress = progress.wait_for(has_more).await.ok()?;
                progress.updates.get(sent)?.clone()
            };
            Some((update, (progress, sent + 1, graph)))
        })
    }

    fn send(&self, update: StatusResponse) {
        self.0.send_modify(|progress| progress.updates.push(update));
    }
}

impl Step {
    pub(super) fn digest(&self) -> &str {
        &self.vertex.digest
    }

    /// Marks the result of the step as cached.
    pub(super) fn cached(&mut self) {
        self.vertex.cached = true;
    }

    /// Reports output of a command: 1 for stdout, 2 for stderr.
    pub(super) fn output(&self, source: u8, bytes: &[u8]) {
        let log = VertexLog {
            vertex: self.vertex.digest.clone(),
            timestamp: Some(now()),
            stream: source.into(),
            msg: bytes.to_vec(),
        };
        self.graph.send(StatusResponse { logs: vec![log], ..StatusResponse::default() });
    }

    /// Reports that a part of the step is complete. `action` and `size` may be empty and zero.
    pub(super) fn part(&self, id: &str, action: &str, size: i64, total: i64) {
        let status = VertexStatus {
            id: id.to_owned(),
            vertex: self.vertex.digest.clone(),
            name: action.to_owned(),
            current: size,
            total,
            timestamp: Some(now()),
            started: Some(now()),
            completed: Some(now()),
        };
        self.graph.send(StatusResponse { statuses: vec![status], ..StatusResponse::default() });
    }

    pub(super) fn complete(mut self) {
        self.end("");
    }

    pub(super) fn fail(mut self, error: &str) {
        self.end(error);
    }

    /// Completes the step with the result of its work.
    pub(super) fn end_with<T>(self, result: Result<T, Status>) -> Result<T, Status> {
        match &result {
            Ok(_) => self.complete(),
            Err(status) => self.fail(status.message()),
        }
        result
    }

    fn end(&mut self, error: &str) {
        self.vertex.completed = Some(now());
        error.clone_into(&mut self.vertex.error);
        let (vertex, is_cached) = (self.vertex.clone(), self.vertex.cached);
        self.graph.0.send_modify(|progress| {
            progress.steps.completed += i32::from(error.is_empty());
            progress.steps.cached += i32::from(is_cached);
            progress.updates.push(StatusResponse { vertexes: vec![vertex], ..StatusResponse::default() });
        });
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if self.vertex.completed.is_none() {
            self.end(CANCELLED);
        }
    }
}

/// The current time.
pub(super) fn now() -> Timestamp {
    let now = jiff::Timestamp::now();
    Timestamp { seconds: now.as_second(), nanos: now.subsec_nanosecond() }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn graph_updates_are_complete_for_late_subscribers() {
        let graph = Arc::new(Graph::default());
        let mut first = graph.begin("[1/2] FROM busybox", vec![]);
        first.cached();
        let input = first.digest().to_owned();
        first.complete();
        let second = graph.begin("[2/2] RUN make", vec![input.clone()]);
        second.output(1, b"cc\n");
        second.fail("exit code: 2");
        drop(graph.begin("exporting to image", vec![]));
        graph.complete();
        assert_eq!(graph.step_counts(), StepCounts { total: 3, completed: 1, cached: 1 });
        let updates: Vec<StatusResponse> = graph.updates().collect().await;
        let ended: Vec<&Vertex> =
            updates.iter().flat_map(|update| &update.vertexes).filter(|vertex| vertex.completed.is_some()).collect();
        let errors: Vec<&str> = ended.iter().map(|vertex| &*vertex.error).collect();
        assert_eq!((updates.len(), errors), (7, vec!["", "exit code: 2", CANCELLED]));
        assert_eq!((&ended[0].digest, &ended[1].inputs[0], ended[0].cached), (&input, &input, true));
    }
}
