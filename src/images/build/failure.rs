//! The failure of a build with BuildKit: the step that failed, its exit code, and the end of its output.

use std::collections::VecDeque;

use crate::{
    Error,
    error::{Kind, cut},
    images::{BuildTrace, Vertex},
};

/// Maximum number of steps whose output is kept.
const MAX_STEPS: usize = 64;

/// Maximum number of lines of a step that are kept.
const MAX_LINES: usize = 10;

/// Maximum number of bytes of a line or of a step's name that are kept.
const MAX_LINE: usize = 512;

/// The steps that may still fail, and the one that has failed.
#[derive(Default)]
pub(super) struct Failure {
    running: VecDeque<Step>,
    failed: Option<Step>,
}

#[derive(Default)]
struct Step {
    digest: String,
    name: String,
    /// The end of the output; the last line may be incomplete.
    lines: VecDeque<String>,
}

impl Failure {
    pub(super) fn add(&mut self, trace: &BuildTrace) {
        for log in &trace.logs {
            self.step(&log.vertex).add_output(&log.text);
        }
        for vertex in &trace.vertices {
            self.update(vertex);
        }
    }

    fn update(&mut self, vertex: &Vertex) {
        if vertex.completed.is_none() {
            if vertex.started.is_some() {
                self.step(&vertex.digest).name = bounded(&vertex.name);
            }
            return;
        }
        let place = self.running.iter().position(|step| step.digest == vertex.digest);
        let step = place.and_then(|place| self.running.remove(place)).unwrap_or_default();
        // Once a step has failed, BuildKit cancels the others.
        if !vertex.error.is_empty() && self.failed.is_none() && !vertex.error.contains("context canceled") {
            self.failed = Some(Step { name: bounded(&vertex.name), ..step });
        }
    }

    /// Returns the step with this digest, in place of the oldest one if there are too many.
    fn step(&mut self, digest: &str) -> &mut Step {
        let place = match self.running.iter().position(|step| step.digest == digest) {
            Some(place) => place,
            None => {
                if self.running.len() == MAX_STEPS {
                    self.running.pop_front();
                }
                self.running.push_back(Step { digest: digest.to_owned(), ..Step::default() });
                self.running.len() - 1
            }
        };
        &mut self.running[place]
    }

    /// Adds the step that failed to the error of the engine.
    pub(super) fn explain(&self, error: Error) -> Error {
        let (Some(step), Some(message)) = (&self.failed, error.message()) else { return error };
        if !error.is_operation_failed() {
            return error;
        }
        let mut text = format!("{}: {message}", step.name);
        let lines: Vec<&str> = step.lines.iter().map(|line| line.trim_end()).filter(|line| !line.is_empty()).collect();
        if !lines.is_empty() {
            text.push_str("; last output:\n");
            text.push_str(&lines.join("\n"));
        }
        let code = error.code().or_else(|| exit_code(message)).unwrap_or_default();
        Error::new(Kind::OperationFailed { status: error.status(), code, message: text }).during("image_build")
    }
}

impl Step {
    fn add_output(&mut self, text: &str) {
        for part in text.split_inclusive('\n') {
            match self.lines.back_mut().filter(|line| !line.ends_with('\n')) {
                Some(line) if line.len() < MAX_LINE => {
                    line.push_str(&bounded(part));
                    if part.ends_with('\n') && !line.ends_with('\n') {
                        line.push('\n');
                    }
                }
                Some(line) if part.ends_with('\n') => line.push('\n'),
                Some(_) => {}
                None => {
                    if self.lines.len() == MAX_LINES {
                        self.lines.pop_front();
                    }
                    let mut line = bounded(part);
                    if part.ends_with('\n') && !line.ends_with('\n') {
                        line.push('\n');
                    }
                    self.lines.push_back(line);
                }
            }
        }
    }
}

fn bounded(text: &str) -> String {
    // Copies only what is kept.
    let end = text.char_indices().map(|(at, _)| at).find(|&at| at > MAX_LINE).unwrap_or(text.len());
    let mut text = text[..end].to_owned();
    cut(&mut text, MAX_LINE);
    text
}

/// Returns the exit code of a process in a message of BuildKit.
fn exit_code(message: &str) -> Option<i64> {
    let (_, rest) = message.rsplit_once("exit code: ")?;
    let end = rest.find(|symbol: char| !symbol.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Timestamp, images::VertexLog};

    fn vertex(digest: &str, name: &str, completed: bool, error: &str) -> Vertex {
        let completed = completed.then_some(Timestamp::UNIX_EPOCH);
        let (digest, name, error) = (digest.into(), name.into(), error.into());
        Vertex { digest, name, started: Some(Timestamp::UNIX_EPOCH), completed, error, ..Vertex::default() }
    }

    fn output(vertex: &str, text: impl Into<String>) -> BuildTrace {
        let log = VertexLog { vertex: vertex.into(), text: text.into(), ..VertexLog::default() };
        BuildTrace { logs: vec![log], ..BuildTrace::default() }
    }

    fn state(vertex: Vertex) -> BuildTrace {
        BuildTrace { vertices: vec![vertex], ..BuildTrace::default() }
    }

    fn explained(failure: &Failure, message: &str) -> Error {
        failure.explain(Error::new(Kind::OperationFailed { status: None, code: 0, message: message.into() }))
    }

    #[test]
    fn failure_names_the_step_its_code_and_its_output() {
        let mut failure = Failure::default();
        failure.add(&state(vertex("a", "[1/3] FROM busybox", true, "")));
        failure.add(&state(vertex("b", "[2/3] RUN make", false, "")));
        failure.add(&state(vertex("c", "[3/3] RUN sleep 9", false, "")));
        failure.add(&output("b", "cc main.c\nmain.c:1: er"));
        failure.add(&output("c", "waiting\n"));
        failure.add(&output("b", "ror\n\n"));
        failure.add(&state(vertex("c", "[3/3] RUN sleep 9", true, "context canceled")));
        failure.add(&state(vertex("b", "[2/3] RUN make", true, "exit code: 2")));
        let error = explained(&failure, r#"process "make" did not complete successfully: exit code: 2"#);
        let expected = "[2/3] RUN make: process \"make\" did not complete successfully: exit code: 2; \
                        last output:\ncc main.c\nmain.c:1: error";
        assert_eq!((error.message(), error.code(), error.is_operation_failed()), (Some(expected), Some(2), true));
    }

    #[test]
    fn failure_of_no_step_is_not_changed() {
        let mut failure = Failure::default();
        failure.add(&state(vertex("a", "[1/1] FROM busybox", true, "")));
        let error = explained(&failure, "no space left");
        assert_eq!((error.message(), error.code()), (Some("no space left"), None));
        assert!(failure.explain(Error::truncated("cut")).is_truncated());
    }

    #[test]
    fn failure_keeps_a_bounded_end_of_the_output() {
        let mut failure = Failure::default();
        for digest in 0..1000 {
            failure.add(&output(&digest.to_string(), "x".repeat(10_000)));
        }
        assert_eq!(failure.running.len(), MAX_STEPS);
        for line in 0..100 {
            failure.add(&output("last", format!("{line} {}", "ä".repeat(MAX_LINE))));
            failure.add(&output("last", "end\n"));
        }
        let step = failure.step("last");
        assert_eq!(step.lines.len(), MAX_LINES);
        assert!(step.lines.iter().all(|line| line.len() <= MAX_LINE + 1 && line.ends_with('\n')), "{:?}", step.lines);
        assert!(step.lines[MAX_LINES - 1].starts_with("99 "), "{:?}", step.lines);
    }

    #[test]
    fn exit_code_is_read_from_the_message() {
        for (message, code) in [
            ("executor failed running [/bin/sh -c exit 3]: exit code: 3", Some(3)),
            ("process did not complete successfully: exit code: 137: out of memory", Some(137)),
            ("exit code: ", None),
            ("exit code: 99999999999999999999", None),
            ("failed to resolve busybox", None),
        ] {
            assert_eq!(exit_code(message), code, "{message}");
        }
    }
}
