//! The BuildKit builder, which reports the steps of a build as a graph.

use std::{sync::Arc, vec};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tonic::Status;

use super::{
    builds::status_with_details,
    graph::{Graph, Step},
    plan::{Base, Stage, is_in_graph, source_stage},
    prepare::Job,
    sessions::ClientSession,
};
use crate::{
    server::Server,
    simulate::{
        build::{Builder, Failure, SecretMount},
        dockerfile::Instruction,
    },
    state::{files::clean, reference},
};

/// The BuildKit builder.
pub(super) struct GraphBuilder {
    server: Arc<Server>,
    graph: Arc<Graph>,
    session: Option<ClientSession>,
    /// The stages that have not begun.
    stages: vec::IntoIter<Stage>,
    stage: Option<Stage>,
    /// The number of steps of the current stage that have begun.
    begun: usize,
    /// The step in progress.
    step: Option<Step>,
    /// The lines of the current instruction.
    lines: (usize, usize),
    /// The last steps of the stages.
    last: Vec<Option<String>>,
    /// The step that has received the build context.
    context: Option<String>,
}

impl GraphBuilder {
    pub(super) fn new(job: &Job, stages: Vec<Stage>, context: Option<String>) -> Self {
        Self {
            server: Arc::clone(&job.server),
            graph: Arc::clone(&job.graph),
            session: job.session.clone(),
            stages: stages.into_iter(),
            stage: None,
            begun: 0,
            step: None,
            lines: (0, 0),
            last: Vec::new(),
            context,
        }
    }

    /// Completes the step in progress.
    pub(super) fn complete_step(&mut self) {
        if let Some(step) = self.step.take() {
            if let Some(last) = self.last.last_mut() {
                *last = Some(step.digest().to_owned());
            }
            step.complete();
        }
    }

    /// The last step of the current stage.
    pub(super) fn last_step(&self) -> Option<&String> {
        self.last.last()?.as_ref()
    }

    /// Fails the step in progress, and returns the error of the build. `dockerfile` is the name and the content of the
    /// Dockerfile.
    pub(super) fn fail(&mut self, failure: &Failure, dockerfile: (&str, &str)) -> Status {
        let message = message(failure);
        let mut details = Vec::new();
        if let Some(step) = self.step.take() {
            details.push(("errdefs.Vertex", json!({ "digest": step.digest() })));
            step.fail(&message);
        }
        details.push(("errdefs.Source", source(dockerfile, self.lines)));
        if let Failure::Exit { code, .. } = failure {
            details.push(("gatewayapi.ExitMessage", json!({ "Code": code })));
        }
        status_with_details(&message, &details)
    }

    /// Begins a step of the current stage.
    fn begin_step(&mut self, text: &str, inputs: Vec<String>) {
        let Some(stage) = &self.stage else { return };
        self.begun += 1;
        let label = if stage.label.is_empty() { String::new() } else { format!("{} ", stage.label) };
        let (number, total) = (self.begun, stage.steps);
        let width = total.to_string().len();
        self.step = Some(self.graph.begin(format!("[{label}{number:width$}/{total}] {text}"), inputs));
    }

    /// Begins a stage, and the step of its base image.
    fn begin_stage(&mut self) {
        self.stage = self.stages.next();
        self.begun = 0;
        let base = self.stage.as_ref().map_or(Base::Scratch, |stage| stage.base.clone());
        self.last.push(match &base {
            Base::Stage(number) => self.last.get(*number).cloned().flatten(),
            Base::Scratch | Base::Image(_) => None,
        });
        let Base::Image(image) = base else { return };
        let name = reference::with_registry(&reference::full(&image));
        self.begin_step(&format!("FROM {name}"), Vec::new());
        // Its layers are unpacked for the first build that uses it.
        let is_cached = self.server.state.read(|state| {
            state.image(&image).is_ok_and(|image| state.images.iter().any(|other| other.parent == image.id))
        });
        if is_cached {
            self.cached();
        }
    }

    /// The steps whose results an instruction uses.
    fn inputs(&self, step: &Instruction) -> Vec<String> {
        let source = match source_stage(step) {
            Some(name) => name.parse().ok().and_then(|number: usize| self.last.get(number)?.as_ref()),
            None if matches!(&*step.keyword, "COPY" | "ADD") => self.context.as_ref(),
            None => None,
        };
        self.last_step().into_iter().chain(source).cloned().collect()
    }
}

impl Builder for GraphBuilder {
    fn begin(&mut self, step: &Instruction, resolved: &Instruction, _number: usize, _total: usize) {
        self.complete_step();
        self.lines = step.lines;
        if step.keyword == "FROM" {
            self.begin_stage();
        } else if is_in_graph(&step.keyword) {
            let flags: String = step.flags.iter().map(|flag| format!("--{flag} ")).collect();
            let inputs = self.inputs(step);
            self.begin_step(&format!("{} {flags}{}", step.keyword, resolved.rest), inputs);
        }
    }

    fn ignores_cache(&self) -> bool {
        self.stage.as_ref().is_some_and(|stage| stage.ignores_cache)
    }

    fn cached(&mut self) {
        if let Some(step) = &mut self.step {
            step.cached();
        }
    }

    fn output(&mut self, source: u8, bytes: &[u8]) {
        if let Some(step) = &self.step {
            step.output(source, bytes);
        }
    }

    fn pulled(&mut self, messages: Vec<Value>) {
        let Some(step) = &self.step else { return };
        for message in messages.iter().filter(|message| message["progressDetail"]["total"].is_number()) {
            let size = message["progressDetail"]["total"].as_i64().unwrap_or_default();
            let layer = message["id"].as_str().unwrap_or_default();
            step.part(&format!("sha256:{layer}"), "downloading", size, size);
        }
    }

    fn stage_built(&mut self, _image: &str) {}

    fn print(&mut self, _text: &str) {}

    fn secret(&mut self, mount: &SecretMount) -> impl Future<Output = Result<Option<Vec<u8>>, Failure>> + Send {
        let (session, mount) = (self.session.clone(), mount.clone());
        async move {
            let found = match &session {
                Some(session) => session.secret(&mount.id).await,
                None => Err(Status::unknown("no active sessions")),
            };
            match found {
                Ok(None) if mount.required => Err(Failure::Other(format!("secret {}: not found", mount.id))),
                Ok(found) => Ok(found),
                Err(status) => Err(Failure::Other(status.message().to_owned())),
            }
        }
    }
}

/// BuildKit's message for a failure.
fn message(failure: &Failure) -> String {
    match failure {
        Failure::Exit { command, code } => {
            format!("process {command:?} did not complete successfully: exit code: {code}")
        }
        Failure::Other(message) => {
            let missing = message.strip_suffix(": file does not exist").and_then(|text| text.rsplit_once("stat "));
            match missing {
                Some((_, path)) => {
                    let path = clean(path);
                    format!("failed to calculate checksum of ref: {path:?}: not found")
                }
                None => message.clone(),
            }
        }
    }
}

/// The place of a failure in the Dockerfile.
fn source((name, content): (&str, &str), lines: (usize, usize)) -> Value {
    let range = json!({ "start": { "line": lines.0 }, "end": { "line": lines.1 } });
    let info = json!({ "filename": name, "data": STANDARD.encode(content), "language": "Dockerfile" });
    json!({ "info": info, "ranges": [range] })
}
