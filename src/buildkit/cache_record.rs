//! Records of the build cache.

use bollard_buildkit_proto::{google, moby::buildkit::v1 as proto};
use serde::{Deserialize, Serialize};

use crate::{Timestamp, models::BuildCacheType};

/// A record of the build cache, for example the result of a build step, a Git checkout or a cache mount. Requires the
/// feature `buildkit`.
///
/// Returned by [`BuildKit::disk_usage`](super::BuildKit::disk_usage) and [`BuildKit::prune`](super::BuildKit::prune).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CacheRecord {
    /// Id of the record.
    pub id: String,
    /// Description of the build step that created the record.
    pub description: String,
    /// Type of the record.
    pub record_type: BuildCacheType,
    /// Ids of the records on which this one is based.
    pub parents: Vec<String>,
    /// Whether the record is in use, by a build or by another record, so that it cannot be removed.
    pub in_use: bool,
    /// Whether the record can still be changed, for example the record of a cache mount or of a local context.
    pub mutable: bool,
    /// Whether images or containers share the data, so that removing the record frees no space.
    pub shared: bool,
    /// Size, in bytes. 0 while a build changes the record.
    pub size: u64,
    /// Time of creation.
    pub created: Option<Timestamp>,
    /// Time of the last use; `None` if it was never used.
    pub last_used: Option<Timestamp>,
    /// Number of times the record was used.
    pub usage_count: u64,
}

impl CacheRecord {
    // Not `From`, which would be public.
    pub(super) fn new(record: proto::UsageRecord) -> Self {
        #[allow(deprecated, reason = "Docker before 23.0 sends it instead of `parents`")]
        let parent = Some(record.parent).filter(|parent| !parent.is_empty());
        let parents = if record.parents.is_empty() { Vec::from_iter(parent) } else { record.parents };
        Self {
            id: record.id,
            description: record.description,
            record_type: record.record_type.into(),
            parents,
            in_use: record.in_use,
            mutable: record.mutable,
            shared: record.shared,
            size: record.size.try_into().unwrap_or_default(),
            created: time(record.created_at),
            last_used: time(record.last_used_at),
            usage_count: record.usage_count.try_into().unwrap_or_default(),
        }
    }
}

/// Returns the time, unless it is absent, out of range, or Go's zero value.
pub(super) fn time(time: Option<google::protobuf::Timestamp>) -> Option<Timestamp> {
    let time = time?;
    let nanoseconds = time.seconds.checked_mul(1_000_000_000)?.checked_add(time.nanos.into())?;
    Some(Timestamp::from_unix_nanoseconds(nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cache_record_is_converted() {
        let record = CacheRecord::new(proto::UsageRecord {
            id: "a".into(),
            mutable: true,
            in_use: true,
            shared: true,
            size: 51,
            created_at: Some(google::protobuf::Timestamp { seconds: 1, nanos: 500_000_000 }),
            last_used_at: Some(google::protobuf::Timestamp { seconds: -62_135_596_800, nanos: 0 }),
            usage_count: 3,
            description: "mount / from exec /bin/sh -c echo hi".into(),
            record_type: "exec.cachemount".into(),
            parents: vec!["b".into(), "c".into()],
            ..Default::default()
        });
        assert_eq!((record.in_use, record.mutable, record.shared, record.size), (true, true, true, 51));
        assert_eq!((record.record_type.clone(), record.usage_count), (BuildCacheType::ExecCachemount, 3));
        assert_eq!(record.created.unwrap().to_string(), "1970-01-01T00:00:01.5Z");
        assert_eq!((record.last_used, &*record.parents), (None, &["b".to_owned(), "c".to_owned()][..]));
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<CacheRecord>(&text).unwrap(), record);
    }

    #[test]
    #[allow(deprecated)]
    fn cache_record_of_an_old_engine_has_one_parent() {
        let record = |parent: &str| {
            let usage = proto::UsageRecord { parent: parent.into(), size: -1, usage_count: -1, ..Default::default() };
            CacheRecord::new(usage)
        };
        assert_eq!(record("b").parents, ["b"]);
        assert_eq!((record("").parents.len(), record("").size, record("").usage_count), (0, 0, 0));
    }
}
