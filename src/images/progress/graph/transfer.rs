//! A part of a step, for example a layer that is downloaded.

use std::time::Duration;

use crate::{
    Timestamp,
    images::{VertexStatus, progress::text::beginning},
};

/// Maximum number of bytes of an id or a name that are kept.
const MAX_ID: usize = 256;

/// The progress of a part of a step, for example of a layer that is downloaded or extracted. Requires the feature
/// `buildkit`.
///
/// Long ids and names are cut at 256 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepTransfer {
    id: String,
    name: String,
    current: u64,
    total: Option<u64>,
    started: Option<Timestamp>,
    completed: Option<Timestamp>,
}

impl StepTransfer {
    pub(super) fn new(status: &VertexStatus) -> Self {
        let count = |count: i64| u64::try_from(count).unwrap_or_default();
        Self {
            id: transfer_id(status).to_owned(),
            name: beginning(&status.name, MAX_ID).to_owned(),
            current: count(status.current),
            total: Some(count(status.total)).filter(|total| *total > 0),
            started: status.started,
            completed: status.completed,
        }
    }

    /// Returns the part, for example `extracting sha256:…`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the description of the part; often empty.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the amount done, in bytes for transfers.
    #[must_use]
    pub fn current(&self) -> u64 {
        self.current
    }

    /// Returns the total amount, if it is known.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// Returns whether the part is complete.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.completed.is_some()
    }

    /// Returns the time of the start, by the engine's clock.
    #[must_use]
    pub fn started(&self) -> Option<Timestamp> {
        self.started
    }

    /// Returns the time of the end, by the engine's clock; `None` while it is in progress.
    #[must_use]
    pub fn completed(&self) -> Option<Timestamp> {
        self.completed
    }

    /// Returns the duration from the start to the end; if it has not ended, until `now`.
    #[must_use]
    pub fn duration_until(&self, now: Timestamp) -> Duration {
        self.started.map_or(Duration::ZERO, |started| self.completed.unwrap_or(now).duration_since(started))
    }

    /// Returns the size in memory.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + self.id.len() + self.name.len()
    }
}

/// Returns the id under which the status is kept.
pub(super) fn transfer_id(status: &VertexStatus) -> &str {
    beginning(&status.id, MAX_ID)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transfer_has_no_negative_counts_or_durations() {
        let at = |seconds| Some(Timestamp::UNIX_EPOCH + Duration::from_secs(seconds));
        let status = VertexStatus { id: "ä".repeat(1000), current: -1, total: -1, ..VertexStatus::default() };
        let transfer = StepTransfer::new(&VertexStatus { started: at(5), completed: at(2), ..status });
        assert_eq!((transfer.id().len(), transfer.current(), transfer.total()), (MAX_ID, 0, None));
        assert_eq!((transfer.duration_until(at(9).unwrap()), transfer.is_done()), (Duration::ZERO, true));
    }
}
