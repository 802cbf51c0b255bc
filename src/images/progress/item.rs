//! Items of the progress of an operation.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

#[cfg(feature = "buildkit")]
use super::BuildTrace;
use crate::{Error, Result, error::Kind, models::JsonMessage, stream::Document};

/// An item of the progress of an operation.
///
/// With serde, it is an object with one field, for example `{"Status":{"status":"Downloading",…}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ProgressItem {
    /// Output of a build, including line endings.
    Output(String),
    /// Status of a layer, a tag or the operation.
    Status(ProgressStatus),
    /// Changes of the state of a build with BuildKit. With the feature `buildkit`.
    #[cfg(feature = "buildkit")]
    Trace(BuildTrace),
    /// Result, as newer engines report it: of a push, `Tag`, `Digest` and `Size`; of a build, `ID`.
    Outcome(Value),
}

impl ProgressItem {
    /// Returns the digest in the registry, if this item of a pull reports it.
    pub(crate) fn digest(&self) -> Option<&str> {
        match self {
            Self::Status(status) => status.status.strip_prefix("Digest: "),
            _ => None,
        }
    }
}

/// Status of a layer, a tag or the operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProgressStatus {
    /// The layer or tag; `None` for the whole operation.
    pub id: Option<String>,
    /// Status text, for example `Downloading` or `Pull complete`.
    pub status: String,
    /// Amount done, in `units`. May exceed `total` by a block.
    pub current: Option<u64>,
    /// Total amount, in `units`, if known.
    pub total: Option<u64>,
    /// Unit of `current` and `total`. Bytes in most cases; engines that use the containerd image store report seconds
    /// while they extract a layer.
    pub units: ProgressUnits,
    /// Whether clients should not display `current` and `total`.
    pub hides_counts: bool,
}

/// Unit of the counts of a [`ProgressStatus`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "String")]
#[non_exhaustive]
pub enum ProgressUnits {
    /// Bytes.
    #[default]
    Bytes,
    /// Seconds.
    Seconds,
    /// A unit that this version of the crate does not define, as sent by the engine.
    Other(String),
}

impl From<String> for ProgressUnits {
    fn from(units: String) -> Self {
        match &*units {
            "" | "B" | "bytes" => Self::Bytes,
            "s" => Self::Seconds,
            _ => Self::Other(units),
        }
    }
}

/// Serializes the unit as text, for example `"B"`.
impl Serialize for ProgressUnits {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for ProgressUnits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "B",
            Self::Seconds => "s",
            Self::Other(units) => units,
        })
    }
}

impl Document for ProgressItem {
    type Api = JsonMessage;

    fn read(message: JsonMessage) -> Result<Self> {
        let detail = message.error_detail.unwrap_or_default();
        let failure = if detail.message.is_empty() { message.error } else { detail.message };
        if !failure.is_empty() || detail.code != 0 {
            return Err(Error::new(Kind::OperationFailed {
                status: None,
                code: detail.code,
                message: failure.trim().to_owned(),
            }));
        }
        if let Some(outcome) = message.aux {
            #[cfg(feature = "buildkit")]
            if let Some(trace) = BuildTrace::decode(&message.id, &outcome) {
                return trace.map(Self::Trace);
            }
            return Ok(Self::Outcome(outcome));
        }
        if !message.stream.is_empty() {
            return Ok(Self::Output(message.stream));
        }
        let progress = message.progress_detail.unwrap_or_default();
        let known = |count: i64| u64::try_from(count).ok().filter(|&count| count > 0);
        Ok(Self::Status(ProgressStatus {
            id: Some(message.id).filter(|id| !id.is_empty()),
            status: message.status,
            current: known(progress.current),
            total: known(progress.total),
            units: progress.units.into(),
            hides_counts: progress.hidecounts,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(document: &str) -> Result<ProgressItem> {
        ProgressItem::decode(document.as_bytes())
    }

    #[test]
    fn progress_items_are_decoded() {
        assert_eq!(
            decoded(r#"{"stream":"Step 0 : FROM a\n"}"#).unwrap(),
            ProgressItem::Output("Step 0 : FROM a\n".into())
        );
        let status = |id: Option<&str>, status: &str, current, total| {
            let id = id.map(Into::into);
            ProgressItem::Status(ProgressStatus { id, status: status.into(), current, total, ..Default::default() })
        };
        assert_eq!(
            decoded(r#"{"status":"Downloading","progressDetail":{"current":5,"total":9},"progress":"[=>]","id":"a"}"#)
                .unwrap(),
            status(Some("a"), "Downloading", Some(5), Some(9))
        );
        assert_eq!(
            decoded(r#"{"status":"Pulling","progressDetail":{}}"#).unwrap(),
            status(None, "Pulling", None, None)
        );
        let pushed = decoded(r#"{"progressDetail":{},"aux":{"Tag":"1"}}"#).unwrap();
        assert_eq!(pushed, ProgressItem::Outcome(serde_json::json!({ "Tag": "1" })));
    }

    #[test]
    fn progress_units_are_kept() {
        let units = |detail: &str| match decoded(&format!(r#"{{"status":"Extracting","progressDetail":{detail}}}"#)) {
            Ok(ProgressItem::Status(status)) => (status.current, status.units, status.hides_counts),
            other => panic!("{other:?}"),
        };
        assert_eq!(units(r#"{"current":3}"#), (Some(3), ProgressUnits::Bytes, false));
        assert_eq!(units(r#"{"current":3,"units":"s"}"#), (Some(3), ProgressUnits::Seconds, false));
        assert_eq!(
            units(r#"{"current":3,"units":"files","hidecounts":true}"#),
            (Some(3), ProgressUnits::Other("files".into()), true)
        );
    }

    #[test]
    fn progress_items_round_trip_through_serde() {
        for document in [
            r#"{"stream":"Step 0 : FROM a\n"}"#,
            r#"{"status":"Extracting","id":"a","progressDetail":{"current":3,"units":"s"}}"#,
            r#"{"status":"Extracting","progressDetail":{"current":3,"total":5,"units":"files"}}"#,
            r#"{"aux":{"Tag":"1"}}"#,
        ] {
            let item = decoded(document).unwrap();
            let text = serde_json::to_string(&item).unwrap();
            assert_eq!(serde_json::from_str::<ProgressItem>(&text).unwrap(), item, "{text}");
        }
    }

    #[test]
    fn progress_errors_are_decoded_in_all_forms() {
        for (document, code) in [
            (r#"{"error":"no space left\n"}"#, None),
            (r#"{"errorDetail":{"message":"no space left"}}"#, None),
            (r#"{"errorDetail":{"code":3,"message":"no space left"},"error":"no space left"}"#, Some(3)),
        ] {
            let error = decoded(document).unwrap_err();
            assert!(error.is_operation_failed());
            assert_eq!((error.message(), error.code()), (Some("no space left"), code), "{document}");
        }
        assert_eq!(decoded(r#"{"errorDetail":{"code":1}}"#).unwrap_err().code(), Some(1));
        assert!(decoded(r#"{"error":null,"status":"fine"}"#).is_ok());
    }
}
