//! The graph of a build with BuildKit: its steps and their state, as collected from traces.

use std::collections::HashMap;

use super::{
    text::beginning,
    trace::{BuildTrace, Vertex, VertexLog, VertexStatus, VertexWarning},
};
use crate::Timestamp;

mod members;
mod output;
mod runs;
mod step;
mod transfer;

use self::step::{MAX_WARNINGS, bounded};
pub use self::{
    step::{BuildStep, StepState},
    transfer::StepTransfer,
};

/// Maximum number of steps that are kept.
const MAX_STEPS: usize = 1000;

/// Maximum size of all steps in memory, in bytes.
const MAX_SIZE: usize = 16 << 20;

/// Maximum number of bytes of a digest that are kept and compared.
const MAX_DIGEST: usize = 160;

/// The graph of one build with BuildKit: its steps, with their state, output and progress, as collected from its
/// [traces](BuildTrace). Requires the feature `buildkit`.
///
/// Steps that BuildKit reports as a group, for example the parts of `COPY --link`, are one step.
///
/// At most 1000 steps and 16 MiB are kept. If a build has more, the oldest steps that have ended are dropped, then the
/// oldest ones; they are still counted. What is kept of each step is documented at [`BuildStep`].
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// use dockerclient::{
///     Upload,
///     images::{BuildGraph, ProgressItem},
/// };
///
/// let context = Upload::from_file("context.tar").await?;
/// let mut build = docker.images().build(context).build_kit(true).progress().await?;
/// let mut graph = BuildGraph::new();
/// while let Some(item) = build.try_next().await? {
///     if let ProgressItem::Trace(trace) = item {
///         graph.add(&trace);
///         println!("{} of {} steps have ended", graph.completed(), graph.total());
///     }
/// }
/// for step in graph.steps() {
///     println!("{:?} {} {:?}", step.state(), step.name(), step.duration());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct BuildGraph {
    /// In the order in which they were first reported.
    steps: Vec<BuildStep>,
    /// Position of each step in `steps`, by its digest and by those of its members.
    places: HashMap<String, usize>,
    /// Size of all steps in memory.
    size: usize,
    /// Number of steps that have started.
    numbered: usize,
    dropped: Dropped,
    started: Option<Timestamp>,
    /// Warnings that are not about a known step.
    warnings: Vec<VertexWarning>,
}

/// The number of steps that are no longer kept.
#[derive(Clone, Copy, Debug, Default)]
struct Dropped {
    total: usize,
    completed: usize,
}

impl BuildGraph {
    /// Creates the graph of a build that has not started.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Updates the graph from the next trace of the build.
    pub fn add(&mut self, trace: &BuildTrace) {
        for vertex in &trace.vertices {
            self.add_vertex(vertex);
        }
        for status in &trace.statuses {
            self.add_status(status);
        }
        for warning in &trace.warnings {
            self.add_warning(warning);
        }
        for log in &trace.logs {
            self.add_log(log);
        }
    }

    /// Returns the steps, in the order in which they were first reported. This includes steps that have not started. Steps
    /// start in a different order, see [`BuildStep::number`].
    #[must_use]
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = &BuildStep> {
        self.steps.iter().filter(|step| step.is_visible())
    }

    /// Returns the step with this digest, or the one that it is a part of.
    #[must_use]
    pub fn step(&self, digest: &str) -> Option<&BuildStep> {
        self.find(digest).filter(|step| step.is_visible())
    }

    /// Returns the number of steps that have ended, including those that have failed.
    #[must_use]
    pub fn completed(&self) -> usize {
        self.dropped.completed + self.steps().filter(|step| step.state().is_ended()).count()
    }

    /// Returns the number of steps that are known so far.
    #[must_use]
    pub fn total(&self) -> usize {
        self.dropped.total + self.steps().count()
    }

    /// Returns the warnings about all steps, and up to 100 warnings that are not about a step.
    pub fn warnings(&self) -> impl Iterator<Item = &VertexWarning> {
        self.steps().flat_map(BuildStep::warnings).chain(&self.warnings)
    }

    /// Returns the start of the step whose start was reported first, by the engine's clock.
    #[must_use]
    pub fn started(&self) -> Option<Timestamp> {
        self.started
    }

    /// Returns the step with this digest, even if it is a group that is not visible yet.
    pub(super) fn find(&self, digest: &str) -> Option<&BuildStep> {
        self.steps.get(*self.places.get(beginning(digest, MAX_DIGEST))?)
    }

    /// Returns the number of steps that are no longer kept.
    pub(super) fn dropped(&self) -> usize {
        self.dropped.total
    }

    /// Returns whether a step that has started has changed.
    pub(super) fn add_vertex(&mut self, vertex: &Vertex) -> bool {
        self.started = self.started.or(vertex.started);
        let is_changed = match &vertex.group {
            None => {
                self.insert(&vertex.digest);
                self.change(&vertex.digest, |step| step.update(vertex))
            }
            Some(group) => {
                self.insert(&group.id);
                self.change(&group.id, |step| step.make_group(&group.name));
                if !self.insert_member(&group.id, &vertex.digest) {
                    return false;
                }
                self.change(&group.id, |step| step.update_member(vertex, group.is_weak))
            }
        };
        is_changed.unwrap_or_default()
    }

    pub(super) fn add_status(&mut self, status: &VertexStatus) {
        self.change(&status.vertex, |step| step.add_status(status));
    }

    /// Returns whether the warning is about a known step.
    pub(super) fn add_warning(&mut self, warning: &VertexWarning) -> bool {
        let is_known = self.change(&warning.vertex, |step| step.add_warning(warning)).is_some();
        if !is_known {
            if self.warnings.len() >= MAX_WARNINGS {
                self.warnings.remove(0);
            }
            self.warnings.push(bounded(warning));
        }
        is_known
    }

    pub(super) fn add_log(&mut self, log: &VertexLog) {
        self.change(&log.vertex, |step| step.add_log(log));
    }

    /// Adds a step, unless there is one with this digest.
    fn insert(&mut self, digest: &str) {
        let digest = beginning(digest, MAX_DIGEST);
        if self.places.contains_key(digest) {
            return;
        }
        if self.steps.len() >= MAX_STEPS {
            self.drop_oldest();
        }
        let step = BuildStep::new(digest);
        self.size += step.size();
        self.places.insert(digest.to_owned(), self.steps.len());
        self.steps.push(step);
    }

    /// Makes what is reported about a member that of its group. Returns false if the group has too many members.
    fn insert_member(&mut self, group: &str, member: &str) -> bool {
        let (group, member) = (beginning(group, MAX_DIGEST), beginning(member, MAX_DIGEST));
        let Some(&place) = self.places.get(group) else { return false };
        if group == member || !self.steps.get(place).is_some_and(|step| step.accepts_member(member)) {
            return false;
        }
        self.places.insert(member.to_owned(), place);
        true
    }

    /// Changes the step with this digest. Returns `None` if there is no such step.
    fn change<T>(&mut self, digest: &str, change: impl FnOnce(&mut BuildStep) -> T) -> Option<T> {
        let place = *self.places.get(beginning(digest, MAX_DIGEST))?;
        let step = self.steps.get_mut(place)?;
        let before = step.size();
        let changed = change(step);
        if step.number().is_none() && step.is_visible() && step.state() != StepState::Waiting {
            self.numbered += 1;
            step.set_number(self.numbered);
        }
        self.size = self.size.saturating_sub(before) + step.size();
        while self.size > MAX_SIZE {
            self.drop_oldest();
        }
        Some(changed)
    }

    /// Drops an eighth of the steps: the oldest ones that have ended; if these are too few, the oldest ones.
    fn drop_oldest(&mut self) {
        let mut excess = self.steps.len().div_ceil(8);
        for only_ended in [true, false] {
            self.steps.retain(|step| {
                let is_ended = step.state().is_ended();
                if excess == 0 || only_ended && !is_ended {
                    return true;
                }
                excess -= 1;
                self.dropped.total += usize::from(step.is_visible());
                self.dropped.completed += usize::from(step.is_visible() && is_ended);
                false
            });
        }
        self.size = self.steps.iter().map(BuildStep::size).sum();
        self.places.clear();
        for (place, step) in self.steps.iter().enumerate() {
            self.places.extend(step.digests().map(|digest| (digest.to_owned(), place)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::images::VertexGroup;

    fn at(seconds: u64) -> Option<Timestamp> {
        Some(Timestamp::UNIX_EPOCH + Duration::from_secs(seconds))
    }

    fn vertex(digest: &str, started: Option<Timestamp>, completed: Option<Timestamp>) -> Vertex {
        Vertex { digest: digest.into(), name: format!("RUN {digest}"), started, completed, ..Vertex::default() }
    }

    fn log(vertex: &str, text: impl Into<String>) -> VertexLog {
        VertexLog { vertex: vertex.into(), text: text.into(), ..VertexLog::default() }
    }

    fn vertices(vertices: Vec<Vertex>) -> BuildTrace {
        BuildTrace { vertices, ..BuildTrace::default() }
    }

    /// Number, name and state of each step.
    fn steps(graph: &BuildGraph) -> Vec<(Option<usize>, &str, StepState)> {
        graph.steps().map(|step| (step.number(), step.name(), step.state())).collect()
    }

    #[test]
    fn graph_collects_steps_output_and_warnings() {
        let mut graph = BuildGraph::new();
        let inputs = vec!["a".to_owned()];
        graph.add(&vertices(vec![vertex("a", None, None), Vertex { inputs, ..vertex("b", None, None) }]));
        assert_eq!((graph.completed(), graph.total(), graph.started()), (0, 2, None));
        assert_eq!(graph.step("b").unwrap().inputs(), ["a"]);
        graph.add(&vertices(vec![vertex("b", at(1), None)]));
        let status = VertexStatus { id: "layer".into(), vertex: "b".into(), current: 3, ..VertexStatus::default() };
        let about = |vertex: &str, message: &str| VertexWarning {
            vertex: vertex.into(),
            message: message.into(),
            ..VertexWarning::default()
        };
        graph.add(&BuildTrace {
            vertices: vec![vertex("b", at(1), at(4)), Vertex { cached: true, ..vertex("a", at(2), at(2)) }],
            statuses: vec![status],
            logs: vec![log("b", "cc\nl"), log("unknown", "lost\n"), log("b", "d\n")],
            warnings: vec![about("b", "casing"), about("unknown", "other")],
        });
        assert_eq!(steps(&graph), [(Some(2), "RUN a", StepState::Cached), (Some(1), "RUN b", StepState::Completed)]);
        assert_eq!((graph.completed(), graph.total(), graph.started()), (2, 2, at(1)));
        let step = graph.step("b").unwrap();
        assert_eq!((step.started(), step.completed(), step.duration()), (at(1), at(4), Duration::from_secs(3)));
        assert_eq!((step.transfers()[0].id(), step.output_size()), ("layer", 6));
        assert_eq!(step.output().collect::<Vec<_>>(), ["cc", "ld"]);
        let warnings: Vec<&str> = graph.warnings().map(|warning| &*warning.message).collect();
        assert_eq!((warnings, step.warnings().len()), (vec!["casing", "other"], 1));
        assert!(graph.step("unknown").is_none());
    }

    #[test]
    fn graph_merges_the_steps_of_a_group() {
        let group = |is_weak| Some(VertexGroup { id: "g".into(), name: "COPY --link".into(), is_weak });
        let member = |digest: &str, started, completed, is_weak| {
            let inputs = vec!["a".to_owned(), "base".to_owned()];
            Vertex { group: group(is_weak), inputs, ..vertex(digest, started, completed) }
        };
        let mut graph = BuildGraph::new();
        graph.add(&vertices(vec![member("a", at(1), at(2), true), member("b", None, None, false)]));
        assert_eq!((steps(&graph), graph.total()), (Vec::new(), 0), "only a weak member has started");
        graph.add(&vertices(vec![member("b", at(4), None, false)]));
        assert_eq!(steps(&graph), [(Some(1), "COPY --link", StepState::Running)]);
        graph.add(&BuildTrace { logs: vec![log("a", "copied\n")], ..BuildTrace::default() });
        graph.add(&vertices(vec![Vertex { cached: true, ..member("b", at(4), at(5), false) }]));
        let step = graph.step("b").unwrap();
        assert_eq!((step.digest(), step.state(), step.duration()), ("g", StepState::Completed, Duration::from_secs(2)));
        assert_eq!((step.output().collect::<Vec<_>>(), step.inputs().join(" ")), (vec!["copied"], "base".to_owned()));
        let failed = Vertex { error: "no space left".into(), ..member("a", at(6), at(7), true) };
        graph.add(&vertices(vec![failed, member("b", at(8), at(9), false)]));
        assert_eq!(graph.step("a").unwrap().error(), Some("no space left"));
    }

    /// BuildKit omits the end of a run if the next one starts before the end is sent.
    #[test]
    fn graph_of_a_step_that_started_again_has_no_running_step() {
        for group in [None, Some(VertexGroup { id: "g".into(), ..VertexGroup::default() })] {
            let mut graph = BuildGraph::new();
            let vertex =
                |digest, started, completed| Vertex { group: group.clone(), ..vertex(digest, started, completed) };
            graph.add(&vertices(vec![vertex("a", at(1), None)]));
            graph.add(&vertices(vec![vertex("b", at(2), None)]));
            graph.add(&vertices(vec![vertex("a", at(3), at(5)), vertex("b", at(2), at(4))]));
            let states: Vec<StepState> = graph.steps().map(BuildStep::state).collect();
            assert!(states.iter().all(|state| *state == StepState::Completed), "{states:?}");
            let durations: Vec<u64> = graph.steps().map(|step| step.duration().as_secs()).collect();
            assert_eq!(durations, if group.is_none() { vec![4, 2] } else { vec![4] });
        }
    }

    #[test]
    fn graph_drops_the_oldest_ended_steps() {
        let mut graph = BuildGraph::new();
        graph.add(&vertices(vec![vertex("running", at(1), None)]));
        for number in 0..3 * MAX_STEPS {
            let digest = number.to_string();
            graph.add(&vertices(vec![vertex(&digest, at(1), at(2))]));
            assert!(graph.step(&digest).is_some_and(|step| step.digest() == digest));
        }
        assert!(graph.steps.len() <= MAX_STEPS && graph.places.len() == graph.steps.len());
        assert_eq!((graph.total(), graph.completed()), (3 * MAX_STEPS + 1, 3 * MAX_STEPS));
        assert!(graph.step("running").is_some() && graph.step("0").is_none());
        for number in 0..2 * MAX_STEPS {
            graph.add(&vertices(vec![vertex(&format!("other {number}"), at(1), None)]));
        }
        assert!(graph.steps.len() <= MAX_STEPS && graph.step("running").is_none());
    }

    #[test]
    fn graph_has_bounded_memory() {
        let mut graph = BuildGraph::new();
        let long = "x".repeat(1 << 12);
        for number in 0..150 {
            let digest = number.to_string();
            let status = |id: usize| VertexStatus {
                id: format!("{id}{long}"),
                vertex: digest.clone(),
                ..VertexStatus::default()
            };
            graph.add(&BuildTrace {
                vertices: vec![Vertex { name: long.clone(), ..vertex(&digest, at(1), None) }],
                statuses: (0..300).map(status).collect(),
                logs: vec![log(&digest, format!("{long}\n").repeat(100))],
                ..BuildTrace::default()
            });
            assert!(graph.size <= MAX_SIZE);
        }
        assert_eq!(graph.size, graph.steps.iter().map(BuildStep::size).sum::<usize>());
        assert_eq!((graph.total(), graph.steps.len() < 150), (150, true));
        let members: Vec<Vertex> = (0..5000)
            .map(|number| Vertex {
                group: Some(VertexGroup { id: "g".into(), ..VertexGroup::default() }),
                ..vertex(&format!("m{number}"), at(number), at(number))
            })
            .collect();
        graph.add(&vertices(members));
        assert!(graph.places.len() < 1000);
    }
}
