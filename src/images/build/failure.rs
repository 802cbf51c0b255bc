//! The failure of a build with BuildKit: the step that failed, its lines in the Dockerfile, its exit code, and the end of
//! its output.

use std::collections::VecDeque;

use super::{
    dockerfile_lines,
    source_error::{Details, Source, printable},
};
use crate::{
    Error,
    error::{Kind, cut},
    images::{BuildTrace, Vertex},
};

/// Maximum number of steps whose output is kept.
const MAX_STEPS: usize = 64;

/// Maximum number of failed steps that are kept. A build can continue after a failed step, for example one that imports build
/// cache.
const MAX_FAILED: usize = 16;

/// Maximum number of lines of a step that are kept.
const MAX_LINES: usize = 10;

/// Maximum number of bytes of a line, or of a step's name or error, that are kept.
const MAX_LINE: usize = 512;

/// Maximum number of bytes of the engine's message.
const MAX_MESSAGE: usize = 2 << 10;

/// The capability of frontends that have named contexts.
const NAMED_CONTEXTS: &str = "moby.buildkit.frontend.contexts";

/// The steps that may still fail, and those that have failed.
#[derive(Default)]
pub(super) struct Failure {
    running: VecDeque<Step>,
    failed: VecDeque<Step>,
    /// The Dockerfile, if the engine does not report the lines of a step that failed.
    dockerfile: Option<Dockerfile>,
}

/// A Dockerfile.
pub(super) struct Dockerfile {
    pub(super) name: String,
    pub(super) text: String,
}

#[derive(Default)]
struct Step {
    digest: String,
    name: String,
    /// The beginning of its error.
    error: String,
    /// The end of the output; the last line may be incomplete.
    lines: VecDeque<String>,
}

impl Failure {
    pub(super) fn new(dockerfile: Option<Dockerfile>) -> Self {
        Self { dockerfile, ..Self::default() }
    }

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
        if !vertex.error.is_empty() && !vertex.error.contains("context canceled") {
            if self.failed.len() == MAX_FAILED {
                self.failed.pop_front();
            }
            let (digest, name) = (vertex.digest.clone(), bounded(&vertex.name));
            self.failed.push_back(Step { digest, name, error: beginning(&vertex.error).to_owned(), ..step });
        }
    }

    /// Returns the step with this digest. A new step replaces the oldest one if there are too many.
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
        let Some(message) = error.message().filter(|_| error.is_operation_failed()) else { return error };
        let Some(step) = self.failed_step(message, None) else { return error };
        let code = error.code().or_else(|| exit_code(message)).unwrap_or_default();
        let message = describe(Some(step), message, &[]);
        Error::new(Kind::OperationFailed { status: error.status(), code, message }).during("image_build")
    }

    /// Returns the error of a build that failed with this message. `code` is that of the equivalent HTTP status, if there is
    /// one.
    pub(super) fn error(&self, message: &str, code: Option<i64>, details: &Details) -> Error {
        let step = self.failed_step(message, details.vertex.as_deref());
        let mut excerpts: Vec<String> = details.sources.iter().filter_map(Source::excerpt).collect();
        if excerpts.is_empty() {
            excerpts.extend(step.and_then(|step| self.dockerfile.as_ref()?.excerpt(&step.name)));
        }
        let code = details.code.or_else(|| exit_code(message)).or(code).unwrap_or_default();
        let mut text = describe(step, message, &excerpts);
        if message.contains(NAMED_CONTEXTS) {
            text.push_str(
                "; named contexts require Docker Engine 23.0 or `# syntax=docker/dockerfile:1` in the Dockerfile",
            );
        }
        Error::new(Kind::OperationFailed { status: None, code, message: text }).during("image_build")
    }

    /// Returns the step with this digest or, if the engine did not report one, the step whose error is in `message`.
    fn failed_step(&self, message: &str, digest: Option<&str>) -> Option<&Step> {
        let is_reported = |step: &&Step| digest == Some(&*step.digest);
        self.failed.iter().find(is_reported).or_else(|| self.failed.iter().find(|step| message.contains(&step.error)))
    }
}

/// Composes the message of a failure.
fn describe(step: Option<&Step>, message: &str, excerpts: &[String]) -> String {
    let message = shortened(message);
    let mut text = match step {
        Some(step) if !step.name.is_empty() => format!("{}: {message}", printable(&step.name)),
        _ => message,
    };
    let mut separator = "; ";
    for excerpt in excerpts {
        text.push_str(separator);
        text.push_str(excerpt);
        separator = "\n";
    }
    let lines = step.map(Step::output).unwrap_or_default();
    if !lines.is_empty() {
        text.push_str(separator);
        text.push_str("last output:\n");
        text.push_str(&lines.join("\n"));
    }
    text
}

/// Returns the beginning and the end of a message that is too long; it contains the whole command of the step.
fn shortened(message: &str) -> String {
    if message.len() <= MAX_MESSAGE {
        return message.to_owned();
    }
    let (mut head, tail) = (message.to_owned(), message.len() - MAX_MESSAGE / 4);
    cut(&mut head, MAX_MESSAGE / 4 * 3);
    let tail = (tail..message.len()).find_map(|start| message.get(start..)).unwrap_or_default();
    head + tail
}

impl Dockerfile {
    /// Returns the lines of the step with this name, and those around them.
    fn excerpt(&self, step: &str) -> Option<String> {
        let lines = dockerfile_lines::find(&self.text, step)?;
        Source { file: self.name.clone(), text: self.text.clone(), ranges: vec![lines] }.excerpt()
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

    /// Returns the lines of the output that are not empty.
    fn output(&self) -> Vec<String> {
        self.lines.iter().map(|line| printable(line)).filter(|line| !line.is_empty()).collect()
    }
}

fn bounded(text: &str) -> String {
    let mut text = beginning(text).to_owned();
    cut(&mut text, MAX_LINE);
    text
}

/// Returns the part that can be kept, and one more character if the text is longer.
fn beginning(text: &str) -> &str {
    let end = text.char_indices().map(|(at, _)| at).find(|&at| at > MAX_LINE).unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}

/// Returns the exit code of a process in a BuildKit message.
fn exit_code(message: &str) -> Option<i64> {
    let (_, rest) = message.rsplit_once("exit code: ")?;
    let end = rest.find(|symbol: char| !symbol.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::json;

    use super::{
        super::source_error::tests::{source, status},
        *,
    };
    use crate::{Timestamp, images::VertexLog};

    const DOCKERFILE: &str = "FROM busybox\nRUN make\nRUN sleep 9";

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

    /// Adds the traces of a build whose second step fails.
    fn failed(mut failure: Failure) -> Failure {
        failure.add(&state(vertex("cache", "importing cache manifest", true, "not found")));
        failure.add(&state(vertex("a", "[1/3] FROM busybox", true, "")));
        failure.add(&state(vertex("b", "[2/3] RUN make", false, "")));
        failure.add(&state(vertex("c", "[3/3] RUN sleep 9", false, "")));
        failure.add(&output("b", "cc main.c\nmain.c:1: \u{1b}[31mer"));
        failure.add(&output("c", "waiting\n"));
        failure.add(&output("b", "ror\u{1b}[0m\n\n"));
        failure.add(&state(vertex("c", "[3/3] RUN sleep 9", true, "context canceled")));
        failure.add(&state(vertex("b", "[2/3] RUN make", true, "exit code: 2")));
        failure
    }

    #[test]
    fn failure_names_the_step_its_code_and_its_output() {
        let failure = failed(Failure::default());
        let error = explained(&failure, r#"process "make" did not complete successfully: exit code: 2"#);
        let expected = "[2/3] RUN make: process \"make\" did not complete successfully: exit code: 2; \
                        last output:\ncc main.c\nmain.c:1: [31merror[0m";
        assert_eq!((error.message(), error.code(), error.is_operation_failed()), (Some(expected), Some(2), true));
    }

    #[test]
    fn failure_has_the_lines_that_the_engine_reports() {
        let failure = failed(Failure::default());
        let details = [
            ("errdefs.Vertex", json!({ "digest": "b" })),
            ("gatewayapi.ExitMessage", json!({ "Code": 3 })),
            source(DOCKERFILE, 2, 2),
        ];
        let error = failure.error("process failed", None, &Details::decode(&status(details)));
        assert_eq!((error.code(), error.is_operation_failed()), (Some(3), true));
        assert_snapshot!(error.message().unwrap(), @r"
        [2/3] RUN make: process failed; Dockerfile:2
           1 |     FROM busybox
           2 | >>> RUN make
           3 |     RUN sleep 9
        last output:
        cc main.c
        main.c:1: [31merror[0m
        ");
    }

    #[test]
    fn failure_has_the_lines_of_the_dockerfile_without_details() {
        let dockerfile = Dockerfile { name: "Dockerfile.web".into(), text: DOCKERFILE.into() };
        let failure = failed(Failure::new(Some(dockerfile)));
        let message = "executor failed running [/bin/sh -c make]: exit code: 2";
        let error = failure.error(message, Some(409), &Details::default());
        assert_eq!(error.code(), Some(2));
        assert_snapshot!(error.message().unwrap(), @r"
        [2/3] RUN make: executor failed running [/bin/sh -c make]: exit code: 2; Dockerfile.web:2
           1 |     FROM busybox
           2 | >>> RUN make
           3 |     RUN sleep 9
        last output:
        cc main.c
        main.c:1: [31merror[0m
        ");
    }

    #[test]
    fn failure_keeps_both_ends_of_a_long_message() {
        let message = format!("process {} failed: exit code: 7", "ä".repeat(10_000));
        let error = failed(Failure::default()).error(&message, None, &Details::default());
        let text = error.message().unwrap();
        assert!(text.starts_with("process ää") && text.contains("ä…ä"), "{text}");
        assert!(text.ends_with("ä failed: exit code: 7"), "{text}");
        assert_eq!((text.len() <= MAX_MESSAGE, error.code()), (true, Some(7)));
    }

    #[test]
    fn failure_without_a_step_is_unchanged() {
        let failure = failed(Failure::default());
        let error = explained(&failure, "no space left");
        assert_eq!((error.message(), error.code()), (Some("no space left"), None));
        assert!(failure.explain(Error::truncated("cut")).is_truncated());
        let error = failure.error("no space left", Some(401), &Details::default());
        assert_eq!((error.message(), error.code()), (Some("no space left"), Some(401)));
    }

    #[test]
    fn failure_of_named_contexts_names_the_required_version() {
        let message = "frontend capability moby.buildkit.frontend.contexts is not supported";
        let error = Failure::default().error(message, None, &Details::default());
        assert!(error.message().unwrap().contains("named contexts require Docker Engine 23.0"), "{error}");
    }

    #[test]
    fn failure_keeps_a_bounded_end_of_the_output() {
        let mut failure = Failure::default();
        for digest in 0..1000 {
            failure.add(&output(&digest.to_string(), "x".repeat(10_000)));
            failure.add(&state(vertex(&format!("failed {digest}"), &"x".repeat(10_000), true, &"x".repeat(10_000))));
        }
        assert_eq!((failure.running.len(), failure.failed.len()), (MAX_STEPS, MAX_FAILED));
        assert!(failure.failed.iter().all(|step| step.name.len() + step.error.len() <= 2 * MAX_LINE + 1));
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
