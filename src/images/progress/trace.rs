//! The progress of a build with BuildKit: its steps, and what they report.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bollard_buildkit_proto::{google, moby::buildkit::v1 as proto};
use prost::Message as _;
use serde::{Deserialize, Serialize};

use crate::{Error, Result, Timestamp, error::Kind};

/// The id of progress messages with a trace.
const ID: &str = "moby.buildkit.trace";

/// Changes of the state of a build with BuildKit: its steps (vertices), and what they report. Requires the feature
/// `buildkit`.
///
/// A vertex is reported again whenever its state changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BuildTrace {
    /// Steps that are new or have changed.
    pub vertices: Vec<Vertex>,
    /// Progress of parts of a step, for example of a layer that is downloaded.
    pub statuses: Vec<VertexStatus>,
    /// Output of steps.
    pub logs: Vec<VertexLog>,
    /// Warnings, for example about the Dockerfile.
    pub warnings: Vec<VertexWarning>,
}

/// A step of a build.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Vertex {
    /// The identifier of the step in this build.
    pub digest: String,
    /// Description of the step, for example `[2/3] RUN make`.
    pub name: String,
    /// Digests of the steps whose results this one needs.
    pub inputs: Vec<String>,
    /// Whether the result is from the build cache.
    pub cached: bool,
    /// Time of the start; `None` if it has not started.
    pub started: Option<Timestamp>,
    /// Time of the end; `None` while it runs.
    pub completed: Option<Timestamp>,
    /// Reason for which the step failed or was cancelled; empty otherwise.
    pub error: String,
    /// The group that the step belongs to, if BuildKit displays several steps as one.
    pub group: Option<VertexGroup>,
}

/// Steps that are displayed as one, for example the parts of `COPY --link`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VertexGroup {
    /// The identifier of the group.
    pub id: String,
    /// Description of the group.
    pub name: String,
    /// Whether the group is not displayed for this step alone.
    pub is_weak: bool,
}

/// Progress of a part of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VertexStatus {
    /// The part, for example `extracting sha256:…`.
    pub id: String,
    /// Digest of the step.
    pub vertex: String,
    /// Description of the part; often empty.
    pub name: String,
    /// Amount done, in bytes for transfers.
    pub current: i64,
    /// Total amount; 0 if it is not known.
    pub total: i64,
    /// Time of this report.
    pub timestamp: Option<Timestamp>,
    /// Time of the start.
    pub started: Option<Timestamp>,
    /// Time of the end; `None` while it is in progress.
    pub completed: Option<Timestamp>,
}

/// Output of a step. Lines may be split between several of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VertexLog {
    /// Digest of the step.
    pub vertex: String,
    /// Time of the output.
    pub timestamp: Option<Timestamp>,
    /// Whether this is stderr, and not stdout.
    pub is_stderr: bool,
    /// The output, including line endings. Invalid UTF-8 is replaced.
    pub text: String,
}

/// A warning about a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VertexWarning {
    /// Digest of the step.
    pub vertex: String,
    /// The warning, in one line.
    pub message: String,
    /// Details of the warning, as lines.
    pub details: Vec<String>,
    /// URL of the documentation; may be empty.
    pub url: String,
}

impl BuildTrace {
    pub(in crate::images) fn from_response(trace: proto::StatusResponse) -> Self {
        read(trace)
    }

    /// Returns the trace of a progress message with this id, or `None` if it is another message.
    pub(super) fn decode(id: &str, aux: &serde_json::Value) -> Option<Result<Self>> {
        let text = aux.as_str().filter(|_| id == ID)?;
        let Ok(bytes) = STANDARD.decode(text) else {
            return Some(Err(Error::new(Kind::Decode("the BuildKit trace is not base64".into()))));
        };
        let trace = proto::StatusResponse::decode(&*bytes);
        Some(trace.map(read).map_err(|error| {
            Error::with_source(Kind::Decode("the BuildKit trace is not a valid message".into()), error)
        }))
    }
}

// Not `From`, which would be public.
fn read(trace: proto::StatusResponse) -> BuildTrace {
    BuildTrace {
        vertices: trace.vertexes.into_iter().map(vertex).collect(),
        statuses: trace.statuses.into_iter().map(status).collect(),
        logs: trace.logs.into_iter().map(log).collect(),
        warnings: trace.warnings.into_iter().map(warning).collect(),
    }
}

fn vertex(vertex: proto::Vertex) -> Vertex {
    Vertex {
        digest: vertex.digest,
        name: vertex.name,
        inputs: vertex.inputs,
        cached: vertex.cached,
        started: time(vertex.started),
        completed: time(vertex.completed),
        error: vertex.error,
        group: vertex.progress_group.map(|group| VertexGroup { id: group.id, name: group.name, is_weak: group.weak }),
    }
}

fn status(status: proto::VertexStatus) -> VertexStatus {
    VertexStatus {
        id: status.id,
        vertex: status.vertex,
        name: status.name,
        current: status.current,
        total: status.total,
        timestamp: time(status.timestamp),
        started: time(status.started),
        completed: time(status.completed),
    }
}

fn log(log: proto::VertexLog) -> VertexLog {
    VertexLog { vertex: log.vertex, timestamp: time(log.timestamp), is_stderr: log.stream == 2, text: text(&log.msg) }
}

fn warning(warning: proto::VertexWarning) -> VertexWarning {
    VertexWarning {
        vertex: warning.vertex,
        message: text(&warning.short),
        details: warning.detail.iter().map(|line| text(line)).collect(),
        url: warning.url,
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Returns the time, unless it is absent or out of range.
fn time(time: Option<google::protobuf::Timestamp>) -> Option<Timestamp> {
    let time = time?;
    let nanoseconds = time.seconds.checked_mul(1_000_000_000)?.checked_add(time.nanos.into())?;
    Some(Timestamp::from_unix_nanoseconds(nanoseconds))
}

#[cfg(test)]
mod tests {
    use bollard_buildkit_proto::pb;
    use serde_json::{Value, json};

    use super::*;
    use crate::images::ProgressItem;

    const DIGEST: &str = "sha256:00";

    fn at(seconds: i64) -> Option<google::protobuf::Timestamp> {
        Some(google::protobuf::Timestamp { seconds, nanos: 500_000_000 })
    }

    fn message(aux: &Value) -> Result<ProgressItem> {
        use crate::stream::Document as _;

        ProgressItem::decode(json!({ "id": ID, "aux": aux }).to_string().as_bytes())
    }

    fn decoded(trace: &proto::StatusResponse) -> BuildTrace {
        match message(&json!(STANDARD.encode(trace.encode_to_vec()))) {
            Ok(ProgressItem::Trace(trace)) => trace,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn build_trace_is_decoded() {
        let vertex = proto::Vertex {
            digest: DIGEST.into(),
            inputs: vec!["sha256:01".into()],
            name: "[2/2] RUN make".into(),
            started: at(1),
            error: "exit code: 1".into(),
            progress_group: Some(pb::ProgressGroup { id: "g".into(), name: "COPY".into(), weak: true }),
            ..Default::default()
        };
        let log = proto::VertexLog { vertex: DIGEST.into(), timestamp: at(2), stream: 2, msg: b"a\xff\n".to_vec() };
        let status =
            proto::VertexStatus { id: "layer".into(), current: 3, total: 5, completed: at(2), ..Default::default() };
        let warning =
            proto::VertexWarning { short: b"case".to_vec(), detail: vec![b"x".to_vec()], ..Default::default() };
        let trace = decoded(&proto::StatusResponse {
            vertexes: vec![vertex],
            statuses: vec![status],
            logs: vec![log],
            warnings: vec![warning],
        });
        let vertex = &trace.vertices[0];
        assert_eq!((&*vertex.digest, &*vertex.name, vertex.inputs.len()), (DIGEST, "[2/2] RUN make", 1));
        assert_eq!((vertex.started.unwrap().to_string(), vertex.completed), ("1970-01-01T00:00:01.5Z".into(), None));
        assert_eq!((vertex.cached, &*vertex.error), (false, "exit code: 1"));
        let group = vertex.group.as_ref().unwrap();
        assert_eq!((&*group.id, &*group.name, group.is_weak), ("g", "COPY", true));
        let status = &trace.statuses[0];
        assert_eq!((&*status.id, status.current, status.total, status.completed.is_some()), ("layer", 3, 5, true));
        assert_eq!((&*trace.logs[0].text, trace.logs[0].is_stderr), ("a\u{fffd}\n", true));
        assert_eq!((&*trace.warnings[0].message, trace.warnings[0].details.len()), ("case", 1));
        let item = ProgressItem::Trace(trace);
        let text = serde_json::to_string(&item).unwrap();
        assert_eq!(serde_json::from_str::<ProgressItem>(&text).unwrap(), item);
    }

    #[test]
    fn build_trace_times_out_of_range_are_absent() {
        let started = Some(google::protobuf::Timestamp { seconds: i64::MAX, nanos: -1 });
        let vertex = proto::Vertex { started, ..Default::default() };
        let trace = decoded(&proto::StatusResponse { vertexes: vec![vertex], ..Default::default() });
        assert_eq!(trace.vertices[0].started, None);
    }

    #[test]
    fn build_trace_that_is_not_valid_is_an_error() {
        for aux in ["%", "CP//", "/////w=="] {
            let error = message(&json!(aux)).unwrap_err();
            assert!(error.is_decode(), "{aux}: {error}");
        }
        assert_eq!(
            message(&json!({ "ID": "sha256:00" })).unwrap(),
            ProgressItem::Outcome(json!({ "ID": "sha256:00" }))
        );
    }
}
