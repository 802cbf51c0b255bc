//! Records of builds.

use std::{collections::BTreeMap, fmt};

use bollard_buildkit_proto::moby::buildkit::v1 as proto;
use serde::{Deserialize, Serialize};

use crate::{Timestamp, buildkit::cache_record::time, redacted::Redacted};

/// The record of a build with BuildKit. Returned by [`BuildHistory::list`](super::BuildHistory::list).
///
/// `Debug` output redacts the values of attributes and results: build arguments may be secrets.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BuildRecord {
    /// Reference of the build, which identifies the record.
    pub reference: String,
    /// Frontend of the build, for example `dockerfile.v0`.
    pub frontend: String,
    /// Attributes of the frontend, for example `target` or `build-arg:VERSION`.
    pub attributes: BTreeMap<String, String>,
    /// Outputs of the build. Empty with engines that do not record them, such as Docker 26.1.
    pub exporters: Vec<BuildExporter>,
    /// Time of the start.
    pub created: Option<Timestamp>,
    /// Time of the end; `None` while the build runs.
    pub completed: Option<Timestamp>,
    /// Error message of a build that failed or was cancelled.
    pub error: Option<String>,
    /// The values that the exporters returned, for example `containerimage.config`.
    pub results: BTreeMap<String, String>,
    /// Whether the record is pinned: the engine does not remove it.
    pub pinned: bool,
    /// Number of steps. 0 while the build runs.
    pub total_steps: u32,
    /// Number of steps whose result was in the build cache. 0 while the build runs.
    pub cached_steps: u32,
    /// Number of steps that ended. 0 while the build runs.
    pub completed_steps: u32,
    /// Number of warnings. 0 while the build runs, and from engines that do not count them, such as Docker 26.1.
    pub warnings: u32,
}

/// An output of a build. `Debug` output redacts the values of attributes.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BuildExporter {
    /// Type of the exporter, for example `moby` or `local`.
    pub exporter_type: String,
    /// Attributes of the exporter, for example `name`.
    pub attributes: BTreeMap<String, String>,
}

impl BuildRecord {
    // Not `From`, which would be public.
    pub(super) fn new(record: proto::BuildHistoryRecord) -> Self {
        let count = |number: i32| u32::try_from(number).unwrap_or_default();
        let exporter = |exporter: proto::Exporter| BuildExporter {
            exporter_type: exporter.r#type,
            attributes: exporter.attrs.into_iter().collect(),
        };
        Self {
            reference: record.r#ref,
            frontend: record.frontend,
            attributes: record.frontend_attrs.into_iter().collect(),
            exporters: record.exporters.into_iter().map(exporter).collect(),
            created: time(record.created_at),
            completed: time(record.completed_at),
            error: record.error.map(|error| error.message),
            results: record.exporter_response.into_iter().collect(),
            pinned: record.pinned,
            total_steps: count(record.num_total_steps),
            cached_steps: count(record.num_cached_steps),
            completed_steps: count(record.num_completed_steps),
            warnings: count(record.num_warnings),
        }
    }
}

impl fmt::Debug for BuildRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuildRecord")
            .field("reference", &self.reference)
            .field("frontend", &self.frontend)
            .field("attributes", &Redacted(&self.attributes))
            .field("exporters", &self.exporters)
            .field("created", &self.created)
            .field("completed", &self.completed)
            .field("error", &self.error)
            .field("results", &Redacted(&self.results))
            .field("pinned", &self.pinned)
            .field("total_steps", &self.total_steps)
            .field("cached_steps", &self.cached_steps)
            .field("completed_steps", &self.completed_steps)
            .field("warnings", &self.warnings)
            .finish()
    }
}

impl fmt::Debug for BuildExporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuildExporter")
            .field("exporter_type", &self.exporter_type)
            .field("attributes", &Redacted(&self.attributes))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use bollard_buildkit_proto::google;

    use super::*;

    fn record() -> BuildRecord {
        let attributes = |name: &str| [(name.to_owned(), "hunter2".to_owned())].into();
        BuildRecord::new(proto::BuildHistoryRecord {
            r#ref: "k3v1".into(),
            frontend: "dockerfile.v0".into(),
            frontend_attrs: attributes("build-arg:TOKEN"),
            exporters: vec![proto::Exporter { r#type: "moby".into(), attrs: attributes("name") }],
            error: Some(google::rpc::Status { code: 2, message: "exit code: 7".into(), ..Default::default() }),
            created_at: Some(google::protobuf::Timestamp { seconds: 3, nanos: 0 }),
            exporter_response: attributes("containerimage.config"),
            pinned: true,
            num_total_steps: 5,
            num_cached_steps: 2,
            num_completed_steps: 4,
            num_warnings: -1,
            ..Default::default()
        })
    }

    #[test]
    fn build_record_is_converted() {
        let record = record();
        assert_eq!((&*record.reference, &*record.frontend, record.pinned), ("k3v1", "dockerfile.v0", true));
        assert_eq!((record.created.unwrap().unix_seconds(), record.completed), (3, None));
        assert_eq!(record.error.as_deref(), Some("exit code: 7"));
        assert_eq!(record.attributes["build-arg:TOKEN"], "hunter2");
        assert_eq!((&*record.exporters[0].exporter_type, record.results.len()), ("moby", 1));
        assert_eq!((record.total_steps, record.cached_steps, record.completed_steps, record.warnings), (5, 2, 4, 0));
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<BuildRecord>(&text).unwrap(), record);
    }

    #[test]
    fn debug_of_build_record_redacts_values() {
        let record = record();
        for text in [format!("{record:?}"), format!("{record:#?}")] {
            assert!(!text.contains("hunter2"), "{text}");
            for shown in ["build-arg:TOKEN", "moby", "name", "containerimage.config", "exit code: 7", "[redacted]"] {
                assert!(text.contains(shown), "{shown}: {text}");
            }
        }
    }
}
