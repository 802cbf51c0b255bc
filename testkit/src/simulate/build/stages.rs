//! The stages and steps of a build.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::Arc,
};

use serde_json::{Value, json};

use super::{builder::Builder, run::Running};
use crate::{
    api_error::ApiError,
    argv::words,
    server::Server,
    simulate::{
        dockerfile::{self, Instruction},
        progress,
    },
    state::{files::Files, ids, reference},
};

/// The default `PATH` of commands.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The options of a build request.
pub(in crate::simulate) struct BuildOptions {
    pub(in crate::simulate) tags: Vec<String>,
    pub(in crate::simulate) uses_cache: bool,
    /// Whether intermediate containers are removed after success, and after a failure.
    pub(in crate::simulate) removes: bool,
    pub(in crate::simulate) removes_on_failure: bool,
    pub(in crate::simulate) arguments: BTreeMap<String, String>,
}

/// A build in progress.
pub(in crate::simulate) struct Build<B> {
    pub(super) server: Arc<Server>,
    pub(in crate::simulate) builder: B,
    pub(super) options: BuildOptions,
    pub(super) context: Files,
    steps: VecDeque<Instruction>,
    total: usize,
    /// The `RUN` instruction in progress.
    pub(super) running: Option<Running>,
    /// Declared arguments: before the first stage, and in the current one.
    global: BTreeMap<String, String>,
    pub(super) arguments: BTreeMap<String, String>,
    /// The names and image ids of the stages.
    pub(super) stages: Vec<(String, String)>,
    /// The current image id, empty for `scratch`; `None` before the first stage.
    pub(super) image: Option<String>,
    pub(super) config: Value,
    pub(super) author: String,
    /// Whether the current stage has a `CMD` instruction.
    cmd_is_set: bool,
}

/// The failure of a step, with the message of the classic builder.
#[derive(Debug)]
pub(in crate::simulate) enum Failure {
    /// A command has failed.
    Exit {
        command: String,
        code: i64,
    },
    Other(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit { command, code } => write!(f, "The command '{command}' returned a non-zero code: {code}"),
            Self::Other(message) => f.write_str(message),
        }
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self::Other(error.message)
    }
}

pub(in crate::simulate) type StepResult = Result<(), Failure>;

impl<B: Builder> Build<B> {
    pub(in crate::simulate) fn new(
        server: &Arc<Server>,
        builder: B,
        options: BuildOptions,
        context: Files,
        steps: Vec<Instruction>,
    ) -> Self {
        Self {
            server: Arc::clone(server),
            builder,
            options,
            context,
            total: steps.len(),
            steps: steps.into(),
            running: None,
            global: BTreeMap::new(),
            arguments: BTreeMap::new(),
            stages: Vec::new(),
            image: None,
            config: Value::Null,
            author: String::new(),
            cmd_is_set: false,
        }
    }

    /// Runs the next step, or the command of the current one; `None` if no step is left.
    pub(in crate::simulate) async fn next_step(&mut self) -> Option<StepResult> {
        if let Some(running) = self.running.take() {
            let container = running.container.clone();
            let done = self.finish_run(running).await;
            if done.is_err() && self.options.removes_on_failure {
                self.remove(&container);
            }
            return Some(done);
        }
        let step = self.steps.pop_front()?;
        Some(self.step(&step))
    }

    /// Tags the image, and returns its id and tags.
    pub(in crate::simulate) fn finish(&mut self) -> (String, Vec<String>) {
        let image = self.image.clone().unwrap_or_default();
        let tags: Vec<String> = self.options.tags.iter().map(|tag| reference::full(tag)).collect();
        self.server.state.update(|state| tags.iter().for_each(|tag| state.tag_image(&image, tag, tag)));
        (image, tags)
    }

    pub(super) fn print(&mut self, text: &str) {
        self.builder.print(text);
    }

    fn step(&mut self, step: &Instruction) -> StepResult {
        let number = self.total - self.steps.len();
        if let Some(image) = self.image.as_ref().filter(|_| step.keyword == "FROM") {
            self.builder.stage_built(image);
        }
        let resolved = match &*step.keyword {
            "FROM" => step.with_variables(&self.global),
            _ => step.with_variables(&self.variables()),
        };
        self.builder.begin(step, &resolved, number, self.total);
        let step = &resolved;
        match &*step.keyword {
            "FROM" => self.begin_stage(step),
            "ARG" => self.declare(step),
            "RUN" => self.begin_run(step),
            "COPY" | "ADD" => self.copy(step),
            keyword => {
                if keyword == "ENTRYPOINT" && !self.cmd_is_set {
                    self.config["Cmd"] = Value::Null;
                }
                self.cmd_is_set |= keyword == "CMD";
                if keyword == "MAINTAINER" {
                    self.author.clone_from(&step.rest);
                }
                let text = step.apply(&mut self.config);
                self.commit_config(&text)
            }
        }
    }

    /// The variables that can be substituted.
    fn variables(&self) -> BTreeMap<String, String> {
        let mut all = if self.image.is_none() { self.global.clone() } else { self.arguments.clone() };
        let variables = words(&self.config["Env"]);
        let pairs = variables.iter().filter_map(|variable| variable.split_once('='));
        all.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        all
    }

    fn begin_stage(&mut self, step: &Instruction) -> StepResult {
        let mut parts = step.rest.split_whitespace();
        let (base, name) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
        self.arguments.clear();
        self.author.clear();
        self.cmd_is_set = false;
        let stage = self.stages.iter().find(|(stage, _)| stage == base).map(|(_, image)| image.clone());
        let server = Arc::clone(&self.server);
        let (id, config) = server.state.update(|state| {
            if base == "scratch" {
                return Ok((String::new(), json!({})));
            }
            let image = stage.as_deref().unwrap_or(base);
            if state.image(image).is_err() {
                self.builder.pulled(progress::pull_image(state, base, "")?);
            }
            state.image(image).map(|image| (image.id.clone(), image.image.config.clone()))
        })?;
        self.config = config;
        let variables = words(&self.config["Env"]);
        if !variables.iter().any(|variable| variable.starts_with("PATH=")) {
            self.config["Env"] = json!([vec![format!("PATH={PATH}")], variables].concat());
        }
        self.print(&format!(" ---> {}\n", ids::short(&id)));
        self.stages.push((name.to_owned(), id.clone()));
        self.image = Some(id);
        Ok(())
    }

    fn declare(&mut self, step: &Instruction) -> StepResult {
        let (name, default) = match step.rest.split_once('=') {
            Some((name, value)) => (name.to_owned(), dockerfile::split_words(value).concat()),
            None => (step.rest.clone(), self.global.get(&step.rest).cloned().unwrap_or_default()),
        };
        let value = self.options.arguments.get(&name).cloned().unwrap_or(default);
        if self.image.is_none() {
            self.global.insert(name, value);
            return Ok(());
        }
        self.arguments.insert(name, value);
        self.commit_config(&format!(" ARG {}", step.rest))
    }
}
