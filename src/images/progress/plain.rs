//! The progress of a build with BuildKit, as lines of text.

use std::{collections::HashMap, fmt::Write as _};

use super::trace::{BuildTrace, Vertex, VertexLog, VertexStatus};
use crate::Timestamp;

/// Maximum number of steps that are tracked at once.
const MAX_STEPS: usize = 1000;

/// Maximum number of characters of a line; the rest of it is omitted.
const MAX_LINE: usize = 2000;

/// Formats the [traces](BuildTrace) of one build as lines, as `docker build --progress plain` does. Requires the feature
/// `buildkit`.
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
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct PlainTrace {
    steps: HashMap<String, Step>,
    /// How many steps were numbered.
    numbered: usize,
}

#[derive(Clone, Debug, Default)]
struct Step {
    number: usize,
    started: Option<Timestamp>,
    is_completed: bool,
    /// The beginning of a line whose end was not reported yet.
    partial: String,
}

impl PlainTrace {
    /// Creates the formatter of a build.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the lines for `trace`, each with a line ending; empty if it reports nothing new.
    ///
    /// The lines begin with the number of their step. Control characters are replaced.
    #[must_use]
    pub fn format(&mut self, trace: &BuildTrace) -> String {
        let mut lines = String::new();
        for vertex in &trace.vertices {
            self.begin(vertex, &mut lines);
        }
        for status in &trace.statuses {
            self.status(status, &mut lines);
        }
        for log in &trace.logs {
            self.log(log, &mut lines);
        }
        for warning in &trace.warnings {
            add(&mut lines, format_args!("WARNING: {}", plain(&warning.message)));
        }
        for vertex in &trace.vertices {
            self.end(vertex, &mut lines);
        }
        lines
    }

    fn begin(&mut self, vertex: &Vertex, lines: &mut String) {
        if vertex.started.is_none() && !vertex.cached || self.steps.contains_key(&vertex.digest) {
            return;
        }
        if self.steps.len() == MAX_STEPS {
            self.steps.clear();
        }
        self.numbered += 1;
        let step = Step { number: self.numbered, started: vertex.started, ..Step::default() };
        add(lines, format_args!("#{} {}", step.number, plain(&vertex.name)));
        self.steps.insert(vertex.digest.clone(), step);
    }

    /// Adds a line for a part of a step that is complete.
    fn status(&mut self, status: &VertexStatus, lines: &mut String) {
        let (Some(step), Some(completed)) = (self.steps.get(&status.vertex), status.completed) else { return };
        let seconds = seconds(status.started, completed);
        add(lines, format_args!("#{} {}{seconds} done", step.number, plain(&status.id)));
    }

    fn log(&mut self, log: &VertexLog, lines: &mut String) {
        let Some(step) = self.steps.get_mut(&log.vertex) else { return };
        let at = log.timestamp.map_or_else(String::new, |at| seconds(step.started, at));
        for part in log.text.split_inclusive('\n') {
            let room = MAX_LINE.saturating_sub(step.partial.chars().count());
            step.partial.extend(part.chars().take(room));
            if part.ends_with('\n') {
                add(lines, format_args!("#{}{at} {}", step.number, plain(&step.partial)));
                step.partial.clear();
            }
        }
    }

    fn end(&mut self, vertex: &Vertex, lines: &mut String) {
        let Some(step) = self.steps.get_mut(&vertex.digest).filter(|step| !step.is_completed) else { return };
        let Some(completed) = vertex.completed else { return };
        step.is_completed = true;
        if !step.partial.is_empty() {
            add(lines, format_args!("#{} {}", step.number, plain(&step.partial)));
            step.partial.clear();
        }
        let number = step.number;
        if !vertex.error.is_empty() {
            add(lines, format_args!("#{number} ERROR: {}", plain(&vertex.error)));
        } else if vertex.cached {
            add(lines, format_args!("#{number} CACHED"));
        } else {
            add(lines, format_args!("#{number} DONE{}", seconds(vertex.started, completed)));
        }
    }
}

fn add(lines: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(lines, "{line}");
}

/// Returns the seconds between two times, with a space before them.
fn seconds(from: Option<Timestamp>, to: Timestamp) -> String {
    from.map_or_else(String::new, |from| format!(" {:.1}s", to.duration_since(from).as_secs_f64()))
}

/// Returns the beginning of the text on one line, without control characters, which a terminal would interpret.
fn plain(text: &str) -> String {
    text.trim_end().chars().take(MAX_LINE).map(|symbol| if symbol.is_control() { ' ' } else { symbol }).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::images::VertexWarning;

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

    #[test]
    fn plain_trace_formats_steps_as_lines() {
        let mut plain = PlainTrace::new();
        let announced =
            BuildTrace { vertices: vec![vertex("a", None, None), vertex("b", None, None)], ..BuildTrace::default() };
        assert_eq!(plain.format(&announced), "");
        let started = BuildTrace {
            vertices: vec![vertex("b", at(0), None)],
            logs: vec![log("b", 100, "one\ntw"), log("b", 1230, "o\x1b[1m\nthree")],
            ..BuildTrace::default()
        };
        assert_eq!(plain.format(&started), "#1 [stage] step b\n#1 0.1s one\n#1 1.2s two [1m\n");
        let status = VertexStatus { id: "sha256:00".into(), vertex: "b".into(), ..VertexStatus::default() };
        let status = VertexStatus { started: at(0), completed: at(500), ..status };
        let warning = VertexWarning { message: "lower case".into(), ..VertexWarning::default() };
        let cached = Vertex { cached: true, ..vertex("a", at(0), at(0)) };
        let failed = Vertex { error: "exit code: 1".into(), ..vertex("c", at(0), at(9)) };
        let ended = BuildTrace {
            vertices: vec![vertex("b", at(0), at(1500)), cached, failed],
            statuses: vec![status],
            warnings: vec![warning],
            ..BuildTrace::default()
        };
        let expected = "#2 [stage] step a\n#3 [stage] step c\n#1 sha256:00 0.5s done\nWARNING: lower case\n\
                        #1 three\n#1 DONE 1.5s\n#2 CACHED\n#3 ERROR: exit code: 1\n";
        assert_eq!(plain.format(&ended), expected);
        assert_eq!(plain.format(&ended).lines().count(), 2, "parts and warnings are not steps");
    }

    #[test]
    fn plain_trace_has_bounded_memory() {
        let mut plain = PlainTrace::new();
        for number in 0..3 * MAX_STEPS {
            let step = vertex(&number.to_string(), at(0), None);
            let logs = vec![log(&number.to_string(), 0, &"x".repeat(2 * MAX_LINE))];
            let _ = plain.format(&BuildTrace { vertices: vec![step], logs, ..BuildTrace::default() });
        }
        assert!(plain.steps.len() <= MAX_STEPS);
        assert!(plain.steps.values().all(|step| step.partial.len() <= MAX_LINE));
    }
}
