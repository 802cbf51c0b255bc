//! A step of a build with BuildKit, as collected from reports.

use std::{fmt, mem, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    MAX_DIGEST,
    members::Members,
    output::OutputTail,
    runs::Runs,
    transfer::{StepTransfer, transfer_id},
};
use crate::{
    Timestamp,
    images::{Vertex, VertexLog, VertexStatus, VertexWarning, progress::text::beginning},
};

/// Maximum number of bytes of a name, an error, and a line of a warning that are kept.
const MAX_NAME: usize = 1024;
const MAX_ERROR: usize = 4096;
const MAX_WARNING_LINE: usize = 1024;

/// Maximum number of inputs, transfers, warnings, and lines of a warning that are kept.
const MAX_INPUTS: usize = 100;
const MAX_TRANSFERS: usize = 256;
pub(super) const MAX_WARNINGS: usize = 100;
const MAX_DETAILS: usize = 10;

/// A step of a build with BuildKit. Returned by [`BuildGraph::steps`](super::BuildGraph::steps). Requires the feature
/// `buildkit`.
///
/// Keeps the last 50 lines of the output, 256 transfers and the last 100 warnings. Of transfers, those that are done are
/// dropped first. Texts are cut: a name at 1 KiB, an error at 4 KiB, lines of output and of warnings at 1 KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildStep {
    digest: String,
    name: String,
    inputs: Vec<String>,
    number: Option<usize>,
    is_cached: bool,
    is_canceled: bool,
    error: String,
    runs: Runs,
    output: OutputTail,
    transfers: Vec<StepTransfer>,
    warnings: Vec<VertexWarning>,
    /// The members, if this is a group of steps.
    members: Option<Members>,
}

/// The state of a [`BuildStep`]. Requires the feature `buildkit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum StepState {
    /// The step has not started.
    Waiting,
    /// The step is running.
    Running,
    /// The step has ended with a result.
    Completed,
    /// The result of the step is from the build cache.
    Cached,
    /// The step has failed.
    Failed,
    /// The step was cancelled, for example because another step failed.
    Canceled,
}

impl StepState {
    /// Returns whether a step in this state has ended.
    #[must_use]
    pub fn is_ended(self) -> bool {
        !matches!(self, Self::Waiting | Self::Running)
    }
}

/// Writes the state in lower case, for example `running`.
impl fmt::Display for StepState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Cached => "cached",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        })
    }
}

impl BuildStep {
    pub(super) fn new(digest: &str) -> Self {
        Self {
            digest: digest.to_owned(),
            name: String::new(),
            inputs: Vec::new(),
            number: None,
            is_cached: false,
            is_canceled: false,
            error: String::new(),
            runs: Runs::default(),
            output: OutputTail::default(),
            transfers: Vec::new(),
            warnings: Vec::new(),
            members: None,
        }
    }

    /// Returns the number of the step in the order in which steps have started, from 1, as in the lines of
    /// [`PlainTrace`](crate::images::PlainTrace); `None` while it waits.
    #[must_use]
    pub fn number(&self) -> Option<usize> {
        self.number
    }

    /// Returns the identifier of the step in this build.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Returns the description of the step, for example `[2/3] RUN make`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the digests of the steps whose results this one needs; at most 100.
    #[must_use]
    pub fn inputs(&self) -> &[String] {
        &self.inputs
    }

    /// Returns the state of the step.
    #[must_use]
    pub fn state(&self) -> StepState {
        if self.is_canceled {
            return StepState::Canceled;
        }
        if !self.error.is_empty() {
            return StepState::Failed;
        }
        match self.runs.latest().map(|run| run.completed.is_some()) {
            Some(false) => StepState::Running,
            _ if self.is_cached => StepState::Cached,
            Some(true) => StepState::Completed,
            None => StepState::Waiting,
        }
    }

    /// Returns the time of the last start, by the engine's clock; `None` if it has not started.
    #[must_use]
    pub fn started(&self) -> Option<Timestamp> {
        self.runs.latest().map(|run| run.started)
    }

    /// Returns the time of the last end, by the engine's clock; `None` while it is running.
    #[must_use]
    pub fn completed(&self) -> Option<Timestamp> {
        self.runs.latest()?.completed
    }

    /// Returns the duration of all runs that have ended. BuildKit runs some steps several times, for example if another
    /// step needs a different part of their result.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.runs.duration(None)
    }

    /// Returns the duration of all runs; of one that has not ended, until `now`, by the engine's clock.
    #[must_use]
    pub fn duration_until(&self, now: Timestamp) -> Duration {
        self.runs.duration(Some(now))
    }

    /// Returns the last lines of the output, without line endings.
    ///
    /// The lines may contain control characters. A carriage return within a line removes the text
    /// before it, as a terminal overwrites it.
    #[must_use]
    pub fn output(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.output.lines()
    }

    /// Returns the number of bytes of the whole output so far.
    #[must_use]
    pub fn output_size(&self) -> u64 {
        self.output.received()
    }

    /// Returns the progress of parts of the step, for example of layers that are downloaded.
    #[must_use]
    pub fn transfers(&self) -> &[StepTransfer] {
        &self.transfers
    }

    /// Returns the warnings about the step, for example about the Dockerfile.
    #[must_use]
    pub fn warnings(&self) -> &[VertexWarning] {
        &self.warnings
    }

    /// Returns why the step failed or was cancelled.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        Some(&*self.error).filter(|error| !error.is_empty())
    }

    /// Updates the step from a report of its vertex. Returns whether a step that has started has changed.
    pub(super) fn update(&mut self, vertex: &Vertex) -> bool {
        if self.members.is_some() {
            return self.update_member(vertex, false);
        }
        let is_repeated = vertex.started.is_none() && vertex.completed.is_none() && vertex.error.is_empty();
        if is_repeated && self.runs.latest().is_some() {
            // A step that has started may be reported again as if it had not.
            return false;
        }
        vertex.started.into_iter().for_each(|started| self.runs.end_before(started));
        let mut is_changed = self.runs.report(vertex.started, vertex.completed);
        is_changed |= replace(&mut self.name, beginning(&vertex.name, MAX_NAME));
        is_changed |= mem::replace(&mut self.is_cached, vertex.cached) != vertex.cached;
        is_changed |= self.set_error(&vertex.error);
        self.inputs.clear();
        self.add_inputs(vertex);
        is_changed && self.state() != StepState::Waiting
    }

    /// Makes the step a group, which is updated by its members.
    pub(super) fn make_group(&mut self, name: &str) {
        if self.members.is_none() {
            replace(&mut self.name, beginning(name, MAX_NAME));
            self.members = Some(Members::default());
        }
    }

    /// Whether the step is a group that a member with this digest belongs to, or can be added to.
    pub(super) fn accepts_member(&self, digest: &str) -> bool {
        self.members.as_ref().is_some_and(|members| members.accepts(digest))
    }

    /// Updates the group from a report of a member. Returns whether a group that is visible has changed.
    pub(super) fn update_member(&mut self, vertex: &Vertex, is_weak: bool) -> bool {
        let was_visible = self.is_visible();
        let members = self.members.get_or_insert_default();
        let unfinished = members.update(beginning(&vertex.digest, MAX_DIGEST), vertex, is_weak);
        let is_cached = members.are_cached();
        let mut is_changed = unfinished.is_some_and(|started| self.runs.report(Some(started), vertex.started));
        is_changed |= self.runs.report(vertex.started, vertex.completed);
        is_changed |= mem::replace(&mut self.is_cached, is_cached) != is_cached;
        if self.error.is_empty() {
            is_changed |= self.set_error(&vertex.error);
        }
        self.add_inputs(vertex);
        let members = self.members.as_ref();
        self.inputs.retain(|input| members.is_none_or(|members| !members.contains(input)));
        is_changed |= !was_visible;
        is_changed && self.is_visible() && self.state() != StepState::Waiting
    }

    fn set_error(&mut self, error: &str) -> bool {
        self.is_canceled = error.ends_with("context canceled");
        replace(&mut self.error, beginning(error, MAX_ERROR))
    }

    fn add_inputs(&mut self, vertex: &Vertex) {
        let room = MAX_INPUTS.saturating_sub(self.inputs.len());
        for input in vertex.inputs.iter().take(room) {
            let input = beginning(input, MAX_DIGEST);
            if !self.inputs.iter().any(|known| known == input) {
                self.inputs.push(input.to_owned());
            }
        }
    }

    pub(super) fn add_status(&mut self, status: &VertexStatus) {
        let transfer = StepTransfer::new(status);
        if let Some(known) = self.transfers.iter_mut().find(|known| known.id() == transfer_id(status)) {
            *known = transfer;
            return;
        }
        if self.transfers.len() >= MAX_TRANSFERS {
            let done = self.transfers.iter().position(StepTransfer::is_done).unwrap_or_default();
            self.transfers.remove(done);
        }
        self.transfers.push(transfer);
    }

    pub(super) fn add_warning(&mut self, warning: &VertexWarning) {
        if self.warnings.len() >= MAX_WARNINGS {
            self.warnings.remove(0);
        }
        self.warnings.push(bounded(warning));
    }

    pub(super) fn add_log(&mut self, log: &VertexLog) {
        self.output.add(&log.text);
    }

    pub(super) fn set_number(&mut self, number: usize) {
        self.number = Some(number);
    }

    /// Whether there is something to display: not for a group of which only weak members have started.
    pub(super) fn is_visible(&self) -> bool {
        self.members.as_ref().is_none_or(Members::is_visible)
    }

    /// Returns the digests of the step and of its members.
    pub(super) fn digests(&self) -> impl Iterator<Item = &str> {
        let members = self.members.iter().flat_map(Members::digests);
        [&*self.digest].into_iter().chain(members)
    }

    /// Returns the approximate size in memory.
    pub(super) fn size(&self) -> usize {
        let texts = 2 * self.digest.len() + self.name.len() + self.error.len();
        let inputs: usize = self.inputs.iter().map(|input| size_of::<String>() + input.len()).sum();
        let transfers: usize = self.transfers.iter().map(StepTransfer::size).sum();
        let warnings: usize = self.warnings.iter().map(warning_size).sum();
        let members = self.members.as_ref().map_or(0, Members::size);
        size_of::<Self>() + texts + inputs + transfers + warnings + members + self.output.size() + self.runs.size()
    }
}

/// Returns whether the text was different.
fn replace(kept: &mut String, text: &str) -> bool {
    let is_changed = kept != text;
    if is_changed {
        text.clone_into(kept);
    }
    is_changed
}

/// Returns a copy of bounded size.
pub(super) fn bounded(warning: &VertexWarning) -> VertexWarning {
    let line = |text: &str| beginning(text, MAX_WARNING_LINE).to_owned();
    VertexWarning {
        vertex: beginning(&warning.vertex, MAX_DIGEST).to_owned(),
        message: line(&warning.message),
        details: warning.details.iter().take(MAX_DETAILS).map(|detail| line(detail)).collect(),
        url: line(&warning.url),
    }
}

fn warning_size(warning: &VertexWarning) -> usize {
    let details: usize = warning.details.iter().map(|detail| size_of::<String>() + detail.len()).sum();
    size_of::<VertexWarning>() + warning.vertex.len() + warning.message.len() + warning.url.len() + details
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Option<Timestamp> {
        Some(Timestamp::UNIX_EPOCH + Duration::from_secs(seconds))
    }

    fn reported(reports: &[Vertex]) -> BuildStep {
        let mut step = BuildStep::new("sha256:00");
        for vertex in reports {
            step.update(vertex);
        }
        step
    }

    fn vertex(started: Option<Timestamp>, completed: Option<Timestamp>, cached: bool, error: &str) -> Vertex {
        Vertex { name: "RUN make".into(), started, completed, cached, error: error.into(), ..Vertex::default() }
    }

    #[test]
    fn step_state_is_that_of_the_last_run() {
        for (reports, state) in [
            (vec![vertex(None, None, false, "")], StepState::Waiting),
            (vec![vertex(at(1), None, false, "")], StepState::Running),
            (vec![vertex(at(1), at(2), false, "")], StepState::Completed),
            (vec![vertex(at(1), at(2), true, "")], StepState::Cached),
            (vec![vertex(None, None, true, "")], StepState::Cached),
            (vec![vertex(at(1), at(2), false, "exit code: 1")], StepState::Failed),
            (vec![vertex(at(1), at(2), false, "make: context canceled")], StepState::Canceled),
            (vec![vertex(at(1), at(2), false, ""), vertex(None, None, false, "")], StepState::Completed),
            (vec![vertex(at(1), at(2), false, ""), vertex(at(5), None, false, "")], StepState::Running),
            (vec![vertex(at(1), at(2), false, "context canceled"), vertex(at(5), None, false, "")], StepState::Running),
            (vec![vertex(None, at(2), false, "")], StepState::Completed),
        ] {
            let step = reported(&reports);
            assert_eq!(step.state(), state, "{reports:?}");
            assert_eq!(state.is_ended(), !matches!(state, StepState::Waiting | StepState::Running));
        }
    }

    #[test]
    fn step_reports_whether_it_has_changed() {
        let mut step = BuildStep::new("sha256:00");
        assert!(!step.update(&vertex(None, None, false, "")));
        assert!(step.update(&vertex(at(1), None, false, "")));
        assert!(!step.update(&vertex(at(1), None, false, "")));
        assert!(step.update(&vertex(at(1), at(2), false, "")));
        assert!(!step.update(&vertex(None, None, false, "")));
        assert_eq!((step.duration(), step.name(), step.error()), (Duration::from_secs(1), "RUN make", None));
    }

    #[test]
    fn step_transfers_are_updated_by_id_and_bounded() {
        let status = |id: usize, current, completed| VertexStatus {
            id: id.to_string(),
            current,
            total: 9,
            completed,
            ..VertexStatus::default()
        };
        let mut step = BuildStep::new("sha256:00");
        step.add_status(&status(0, 1, None));
        step.add_status(&status(0, 5, None));
        assert_eq!((step.transfers().len(), step.transfers()[0].current()), (1, 5));
        for id in 1..10_000 {
            step.add_status(&status(id, 9, at(1)));
        }
        assert_eq!((step.transfers().len(), step.transfers()[0].id()), (MAX_TRANSFERS, "0"));
        assert_eq!(step.transfers()[MAX_TRANSFERS - 1].id(), "9999");
    }

    #[test]
    fn step_keeps_bounded_texts_and_warnings() {
        let long = "ä".repeat(1 << 16);
        let inputs = vec![long.clone(); 200];
        let mut step = BuildStep::new("sha256:00");
        step.update(&Vertex { inputs, name: long.clone(), started: at(1), error: long.clone(), ..Vertex::default() });
        for number in 0..1000 {
            let details = vec![long.clone(); 20];
            let message = format!("{number} {long}");
            step.add_warning(&VertexWarning { message, details, url: long.clone(), ..VertexWarning::default() });
        }
        assert_eq!((step.name().len(), step.error().unwrap().len(), step.inputs().len()), (MAX_NAME, MAX_ERROR, 1));
        assert_eq!(step.warnings().len(), MAX_WARNINGS);
        assert!(step.warnings()[0].message.starts_with("900 ") && step.size() < 2 << 20, "{}", step.size());
    }
}
