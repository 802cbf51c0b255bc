//! The progress of a build with BuildKit, as lines of text.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use self::pending::{MAX_LINE, Pending, add};
use super::{
    graph::{BuildGraph, BuildStep, StepState},
    text::printable,
    trace::BuildTrace,
};

mod pending;

/// Maximum number of bytes of lines that are held back.
const MAX_HELD: usize = 1 << 20;

/// Minimum time for which the lines of a step are written before those of another one that is running.
const MIN_TURN: Duration = Duration::from_secs(5);

/// Maximum time for which the lines of a step are held back.
const MAX_DELAY: Duration = Duration::from_secs(10);

/// Formats the [traces](BuildTrace) of one build as lines, as `docker build --progress plain` does. Requires the feature
/// `buildkit`.
///
/// If several steps run at once, the lines of one are held back for some seconds while another one writes, until it has
/// ended, or until there are 1 MiB of lines. Call [`finish`](Self::finish) after the last trace.
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// use dockerclient::{
///     Upload,
///     images::{PlainTrace, ProgressItem},
/// };
///
/// let context = Upload::from_file("context.tar").await?;
/// let mut build = docker.images().build(context).build_kit(true).progress().await?;
/// let mut plain = PlainTrace::new();
/// while let Some(item) = build.try_next().await? {
///     if let ProgressItem::Trace(trace) = item {
///         print!("{}", plain.format(&trace)); // #5 [2/3] RUN make
///     }
/// }
/// print!("{}", plain.finish());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct PlainTrace {
    graph: BuildGraph,
    /// Reports that are not written yet, by digest of the step.
    pending: HashMap<String, Pending>,
    /// The step whose lines were written last, and which is running.
    current: Option<Current>,
    /// Whether a step was written.
    has_steps: bool,
    /// How many steps the graph had dropped when `pending` was compared with it.
    dropped: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Current {
    digest: String,
    number: usize,
}

/// A running step with something to write.
struct Candidate<'a> {
    digest: &'a str,
    /// Time since its first update that competes with the lines of other steps.
    delay: Duration,
    /// Number of updates per second.
    speed: f64,
}

impl PlainTrace {
    /// Creates the formatter of a build.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the lines for `trace` and lines that were held back, each with a line ending; empty if there are none.
    ///
    /// The lines begin with the number of their step. Escape sequences are omitted, and other control characters are
    /// replaced.
    #[must_use]
    pub fn format(&mut self, trace: &BuildTrace) -> String {
        self.format_at(trace, Instant::now())
    }

    /// Returns the lines that are still held back.
    #[must_use]
    pub fn finish(&mut self) -> String {
        let mut lines = String::new();
        for (digest, pending) in &mut self.pending {
            // The result of a step that has ended is held back if a part of it is not complete.
            let is_ended = self.graph.find(digest).is_some_and(|step| step.state().is_ended());
            pending.is_updated |= pending.end_line() || is_ended;
        }
        let (ended, running) = self.updated();
        for digest in ended.iter().chain(&running) {
            self.write_step(digest, &mut lines);
        }
        lines
    }

    fn format_at(&mut self, trace: &BuildTrace, now: Instant) -> String {
        let mut lines = String::new();
        self.add(trace, now, &mut lines);
        self.write(now, &mut lines);
        self.discard(&mut lines);
        lines
    }

    fn add(&mut self, trace: &BuildTrace, now: Instant, lines: &mut String) {
        for vertex in &trace.vertices {
            if self.graph.add_vertex(vertex) {
                self.update(&vertex.digest, now, |_, _| {});
            }
        }
        for status in &trace.statuses {
            self.graph.add_status(status);
            self.update(&status.vertex, now, |_, pending| pending.add_status(status));
        }
        for warning in &trace.warnings {
            if self.graph.add_warning(warning) {
                self.update(&warning.vertex, now, |_, pending| pending.add_warning(&warning.message));
            } else {
                add(lines, format_args!("WARN: {}", printable(&warning.message, MAX_LINE)));
            }
        }
        for log in &trace.logs {
            self.graph.add_log(log);
            self.update(&log.vertex, now, |step, pending| pending.add_log(log, step.started()));
        }
    }

    fn update(&mut self, digest: &str, now: Instant, update: impl FnOnce(&BuildStep, &mut Pending)) {
        let Some(step) = self.graph.find(digest) else { return };
        let pending = self.pending.entry(step.digest().to_owned()).or_default();
        pending.touch(now);
        update(step, pending);
    }

    /// Writes what is not held back.
    fn write(&mut self, now: Instant, lines: &mut String) {
        let current = self.current.as_ref().map(|current| current.digest.clone());
        let is_current = |digest: &&String| current.as_ref() == Some(*digest);
        let (ended, running) = self.updated();
        // Each step that has ended is written at once, first the current one.
        for digest in ended.iter().filter(is_current).chain(ended.iter().filter(|digest| !is_current(digest))) {
            self.write_step(digest, lines);
        }
        let current = current.filter(|current| !ended.contains(current));
        if running.is_empty() {
            if current.is_none_or(|current| !self.is_running(&current)) {
                self.write_any(lines);
            }
            return;
        }
        if let Some(current) = current.as_ref().filter(|current| running.contains(current)) {
            self.write_step(current, lines);
        }
        if let Some(next) = self.next(current.as_deref(), &running, now) {
            self.write_step(&next, lines);
        }
    }

    /// Returns the digests of steps with something to write: of those that have ended, and of the others.
    fn updated(&self) -> (Vec<String>, Vec<String>) {
        let updated = self.pending.iter().filter(|(_, pending)| pending.is_updated);
        let steps = updated.filter_map(|(digest, _)| self.graph.step(digest).filter(|step| step.number().is_some()));
        let (mut ended, mut running): (Vec<&BuildStep>, Vec<&BuildStep>) =
            steps.partition(|step| step.state().is_ended());
        ended.sort_by_key(|step| (step.completed(), step.number()));
        running.sort_by_key(|step| step.number());
        let digests = |steps: Vec<&BuildStep>| steps.into_iter().map(|step| step.digest().to_owned()).collect();
        (digests(ended), digests(running))
    }

    fn is_running(&self, digest: &str) -> bool {
        self.graph.step(digest).is_some_and(|step| step.state() == StepState::Running)
    }

    /// Writes the name of a running step, so that the last line does not belong to a step that has ended.
    fn write_any(&mut self, lines: &mut String) {
        let running = self.graph.steps().filter(|step| step.state() == StepState::Running);
        let first = running.min_by_key(|step| step.number()).map(|step| step.digest().to_owned());
        if let Some(first) = first {
            self.write_step(&first, lines);
        }
    }

    /// Selects the running step to write instead of the current one.
    fn next(&self, current: Option<&str>, running: &[String], now: Instant) -> Option<String> {
        let others = running.iter().map(String::as_str).filter(|digest| Some(*digest) != current);
        let candidates: Vec<Candidate<'_>> =
            current.into_iter().chain(others).filter_map(|digest| self.candidate(digest, now)).collect();
        let is_late = |candidate: &&Candidate<'_>| candidate.delay > MAX_DELAY && Some(candidate.digest) != current;
        let late = candidates.iter().find(is_late);
        // The first one, if several are equal.
        let busiest = candidates.iter().rev().max_by(|one, other| one.speed.total_cmp(&other.speed));
        let next = match candidates.iter().find(|candidate| Some(candidate.digest) == current) {
            None => late.or(busiest),
            Some(current) => late.or_else(|| {
                // The fewer updates other steps have, the longer lines of the current step are written.
                let all: f64 = candidates.iter().map(|candidate| candidate.speed).sum();
                let turn = MIN_TURN.as_secs_f64() * all / (all - current.speed);
                busiest.filter(|_| current.delay.as_secs_f64() > turn)
            }),
        };
        next.map(|next| next.digest.to_owned())
    }

    fn candidate<'a>(&self, digest: &'a str, now: Instant) -> Option<Candidate<'a>> {
        let pending = self.pending.get(digest)?;
        let delay = now.saturating_duration_since(pending.since?);
        let speed = f64::from(pending.updates) / delay.as_secs_f64().max(0.001);
        Some(Candidate { digest, delay, speed })
    }

    /// Writes what is not written of a step, after its name if the lines before are of another one.
    fn write_step(&mut self, digest: &str, lines: &mut String) {
        let Some(step) = self.graph.step(digest) else { return };
        let Some(number) = step.number() else { return };
        if self.current.as_ref().is_none_or(|current| current.digest != digest) {
            if let Some(last) = self.current.take() {
                if let Some(pending) = self.pending.get_mut(&last.digest) {
                    pending.updates = 0;
                }
                add(lines, format_args!("#{} ...", last.number));
            }
            if self.has_steps {
                lines.push('\n');
            }
            self.has_steps = true;
            add(lines, format_args!("#{number} {}", printable(step.name(), MAX_LINE)));
        }
        let pending = self.pending.entry(digest.to_owned()).or_default();
        let is_open = pending.write(number, lines);
        if !step.state().is_ended() || is_open {
            self.current = Some(Current { digest: digest.to_owned(), number });
            return;
        }
        if pending.end_line() {
            pending.write(number, lines);
        }
        add(lines, format_args!("#{number} {}", result(step)));
        self.current = None;
        self.pending.remove(digest);
    }

    /// Writes everything if too much is held back, and discards what is held back of steps that the graph has dropped.
    fn discard(&mut self, lines: &mut String) {
        if self.dropped != self.graph.dropped() {
            self.dropped = self.graph.dropped();
            self.pending.retain(|digest, _| self.graph.find(digest).is_some());
        }
        if self.pending.values().map(|pending| pending.size).sum::<usize>() <= MAX_HELD {
            return;
        }
        let (ended, running) = self.updated();
        for digest in ended.iter().chain(&running) {
            self.write_step(digest, lines);
        }
        // The remaining lines belong to steps that have not started.
        for pending in self.pending.values_mut() {
            pending.clear();
        }
    }
}

/// Formats the result of a step that has ended.
fn result(step: &BuildStep) -> String {
    match step.state() {
        StepState::Canceled => "CANCELED".into(),
        StepState::Failed => format!("ERROR: {}", printable(step.error().unwrap_or_default(), MAX_LINE)),
        StepState::Cached => "CACHED".into(),
        StepState::Completed | StepState::Waiting | StepState::Running => {
            format!("DONE {:.1}s", step.duration().as_secs_f64())
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::{
        Timestamp,
        images::{Vertex, VertexLog, VertexStatus, VertexWarning},
    };

    fn at(milliseconds: u64) -> Option<Timestamp> {
        Some(Timestamp::UNIX_EPOCH + Duration::from_millis(milliseconds))
    }

    fn vertex(digest: &str, started: Option<Timestamp>, completed: Option<Timestamp>) -> Vertex {
        let name = format!("[stage] step {digest}");
        Vertex { digest: digest.into(), name, started, completed, ..Vertex::default() }
    }

    fn log(vertex: &str, milliseconds: u64, text: &str) -> VertexLog {
        let (vertex, text) = (vertex.into(), text.into());
        VertexLog { vertex, text, timestamp: at(milliseconds), ..VertexLog::default() }
    }

    fn vertices(vertices: Vec<Vertex>) -> BuildTrace {
        BuildTrace { vertices, ..BuildTrace::default() }
    }

    fn logs(logs: Vec<VertexLog>) -> BuildTrace {
        BuildTrace { logs, ..BuildTrace::default() }
    }

    #[test]
    fn plain_trace_formats_steps_as_lines() {
        let mut plain = PlainTrace::new();
        let announced = vertices(vec![vertex("a", None, None), vertex("b", None, None)]);
        assert_eq!(plain.format(&announced), "");
        let started = BuildTrace {
            vertices: vec![vertex("b", at(0), None)],
            logs: vec![log("b", 100, "one\ntw"), log("b", 1230, "o\x1b[1m\nthree")],
            ..BuildTrace::default()
        };
        assert_eq!(plain.format(&started), "#1 [stage] step b\n#1 0.100 one\n#1 0.100 two\n");
        let status = VertexStatus { id: "sha256:00".into(), vertex: "b".into(), ..VertexStatus::default() };
        let status = VertexStatus { started: at(0), completed: at(500), ..status };
        let warning = |vertex: &str| VertexWarning {
            vertex: vertex.into(),
            message: "lower\ncase".into(),
            ..VertexWarning::default()
        };
        let cached = Vertex { cached: true, ..vertex("a", at(0), at(0)) };
        let failed = Vertex { error: "exit code: 1".into(), ..vertex("c", at(0), at(9)) };
        let canceled = Vertex { error: "make: context canceled".into(), ..vertex("d", at(0), at(12)) };
        let ended = BuildTrace {
            vertices: vec![vertex("b", at(0), at(1500)), cached, failed, canceled],
            statuses: vec![status],
            warnings: vec![warning("b"), warning("")],
            ..BuildTrace::default()
        };
        assert_snapshot!(plain.format(&ended), @"
        WARN: lower case
        #1 sha256:00 0.5s done
        #1 WARN: lower case
        #1 1.230 three
        #1 DONE 1.5s

        #2 [stage] step a
        #2 CACHED

        #3 [stage] step c
        #3 ERROR: exit code: 1

        #4 [stage] step d
        #4 CANCELED
        ");
        assert_eq!(plain.format(&vertices(ended.vertices)), "", "nothing has changed");
    }

    #[test]
    fn plain_trace_writes_a_step_again_if_it_runs_again() {
        let mut plain = PlainTrace::new();
        let mut lines = plain.format(&vertices(vec![vertex("a", at(0), at(1000))]));
        lines += &plain.format(&vertices(vec![vertex("a", None, None)]));
        lines += &plain.format(&vertices(vec![vertex("a", at(5000), None)]));
        lines += &plain.format(&vertices(vec![vertex("a", at(5000), at(7000))]));
        assert_snapshot!(lines, @"
        #1 [stage] step a
        #1 DONE 1.0s

        #1 [stage] step a
        #1 DONE 3.0s
        ");
    }

    #[test]
    fn plain_trace_holds_back_lines_of_other_steps() {
        let begin = Instant::now();
        let mut plain = PlainTrace::new();
        let mut lines = String::new();
        let mut format = |milliseconds, trace: &BuildTrace| {
            let added = plain.format_at(trace, begin + Duration::from_millis(milliseconds));
            lines += &added;
        };
        format(0, &vertices(vec![vertex("a", at(0), None), vertex("b", at(0), None)]));
        for second in 0..4 {
            let text = format!("{second}\n");
            format(1000 * second, &logs(vec![log("a", 1000 * second, &text), log("b", 1000 * second, &text)]));
        }
        format(4000, &vertices(vec![vertex("b", at(0), at(4000))]));
        format(4100, &logs(vec![log("a", 4100, "last\n")]));
        format(4200, &vertices(vec![vertex("c", at(4200), None)]));
        format(4300, &logs(vec![log("c", 4300, "late\n")]));
        format(15_000, &BuildTrace::default());
        format(15_000, &logs(vec![log("c", 15_000, "later\n")]));
        lines += &plain.finish();
        assert_snapshot!(lines, @"
        #1 [stage] step a
        #1 0.000 0
        #1 1.000 1
        #1 2.000 2
        #1 3.000 3
        #1 ...

        #2 [stage] step b
        #2 0.000 0
        #2 1.000 1
        #2 2.000 2
        #2 3.000 3
        #2 DONE 4.0s

        #1 [stage] step a
        #1 4.100 last
        #1 ...

        #3 [stage] step c
        #3 0.100 late
        #3 10.80 later
        ");
    }

    #[test]
    fn plain_trace_flushes_held_back_lines_at_the_end() {
        let mut plain = PlainTrace::new();
        let mut lines = plain.format(&vertices(vec![vertex("a", at(0), None), vertex("b", at(0), None)]));
        lines += &plain.format(&logs(vec![log("a", 1, "one\n"), log("b", 2, "two\nthr"), log("b", 3, "ee")]));
        lines += &plain.finish();
        assert_snapshot!(lines, @"
        #1 [stage] step a
        #1 0.001 one
        #1 ...

        #2 [stage] step b
        #2 0.002 two
        #2 0.002 three
        ");
        assert_eq!(plain.finish(), "");
    }

    #[test]
    fn plain_trace_writes_results_despite_incomplete_parts() {
        let failed = Vertex { error: "no space left".into(), ..vertex("a", at(0), at(9)) };
        let status = VertexStatus { id: "layer".into(), vertex: "a".into(), current: 5, ..VertexStatus::default() };
        let mut plain = PlainTrace::new();
        let trace = BuildTrace { vertices: vec![failed], statuses: vec![status], ..BuildTrace::default() };
        let mut lines = plain.format(&trace);
        lines += &plain.finish();
        lines += &plain.finish();
        assert_snapshot!(lines, @"
        #1 [stage] step a
        #1 layer 5B
        #1 ERROR: no space left
        ");
    }

    #[test]
    fn plain_trace_has_bounded_memory() {
        let mut plain = PlainTrace::new();
        for chunk in 0..6 {
            let digests: Vec<String> = (500 * chunk..500 * chunk + 500).map(|number: u32| number.to_string()).collect();
            let vertices = digests.iter().map(|digest| vertex(digest, at(0), None)).collect();
            let logs = digests.iter().map(|digest| log(digest, 0, &"x".repeat(2 * MAX_LINE))).collect();
            let _ = plain.format(&BuildTrace { vertices, logs, ..BuildTrace::default() });
        }
        assert!(plain.pending.len() <= 1000, "{}", plain.pending.len());
    }

    #[test]
    fn plain_trace_holds_back_a_bounded_number_of_lines() {
        let mut plain = PlainTrace::new();
        let steps = vec![vertex("a", at(0), None), vertex("b", at(0), None), vertex("waiting", None, None)];
        let _ = plain.format(&vertices(steps));
        let line = "y".repeat(MAX_LINE) + "\n";
        for _ in 0..2000 {
            let _ = plain.format(&logs(vec![log("a", 0, &line), log("b", 0, &line), log("waiting", 0, &line)]));
            assert!(plain.pending.values().map(|pending| pending.size).sum::<usize>() <= MAX_HELD);
        }
    }
}
