//! The stages and steps of a build.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use serde_json::{Value, json};

use super::run::Running;
use crate::{
    api_error::ApiError,
    argv::words,
    release::Release,
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
pub(super) struct BuildOptions {
    pub(super) tags: Vec<String>,
    pub(super) quiet: bool,
    pub(super) reports_image_id: bool,
    pub(super) uses_cache: bool,
    /// Whether intermediate containers are removed after success, and after a failure.
    pub(super) removes: bool,
    pub(super) removes_on_failure: bool,
    pub(super) arguments: BTreeMap<String, String>,
}

/// A build in progress.
pub(super) struct Build {
    pub(super) server: Arc<Server>,
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
    /// Messages that have not been sent yet.
    lines: Vec<Value>,
}

/// The failure of a step.
pub(super) struct Failure {
    pub(super) message: String,
    pub(super) code: Option<i64>,
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self { message: error.message, code: None }
    }
}

pub(super) type StepResult = Result<(), Failure>;

impl Build {
    pub(super) fn new(server: &Arc<Server>, options: BuildOptions, context: Files, steps: Vec<Instruction>) -> Self {
        Self {
            server: Arc::clone(server),
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
            lines: Vec::new(),
        }
    }

    /// Runs the next step, and returns its messages and whether the build is finished.
    pub(super) async fn next_step(&mut self) -> (Vec<Value>, bool) {
        let done = if let Some(running) = self.running.take() {
            let container = running.container.clone();
            let done = self.finish_run(running).await;
            if done.is_err() && self.options.removes_on_failure {
                self.remove(&container);
            }
            done
        } else if let Some(step) = self.steps.pop_front() {
            self.step(&step)
        } else {
            self.finish();
            return (std::mem::take(&mut self.lines), true);
        };
        let mut lines = std::mem::take(&mut self.lines);
        if self.options.quiet {
            lines.clear();
        }
        if let Err(Failure { message, code }) = &done {
            let mut detail = json!({ "message": message });
            if let Some(code) = code {
                detail["code"] = json!(code);
            }
            lines.push(json!({ "errorDetail": detail, "error": message }));
        }
        (lines, done.is_err())
    }

    pub(super) fn print(&mut self, text: &str) {
        self.lines.push(json!({ "stream": text }));
    }

    fn step(&mut self, step: &Instruction) -> StepResult {
        let number = self.total - self.steps.len();
        if step.keyword == "FROM" {
            self.report_image_id();
        }
        match self.server.release {
            Release::V20_10 => {
                self.print(&format!("Step {number}/{} : {}", self.total, step.text));
                self.print("\n");
            }
            Release::V1_6 => self.print(&format!("Step {} : {}\n", number - 1, step.text)),
        }
        let step = &step.with_variables(&self.variables());
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
        let step = step.with_variables(&self.global);
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
                self.lines.extend(progress::pull_image(state, base, "")?);
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

    /// Sends the image id of a stage as a message.
    fn report_image_id(&mut self) {
        if let (Some(image), true) = (&self.image, self.options.reports_image_id) {
            self.lines.push(json!({ "aux": { "ID": image } }));
        }
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

    /// Tags the image, and sends the last messages.
    fn finish(&mut self) {
        let image = self.image.clone().unwrap_or_default();
        let tags: Vec<String> = self.options.tags.iter().map(|tag| reference::full(tag)).collect();
        self.server.state.update(|state| tags.iter().for_each(|tag| state.tag_image(&image, tag, tag)));
        if self.options.quiet {
            return self.print(&format!("{image}\n"));
        }
        self.report_image_id();
        self.print(&format!("Successfully built {}\n", ids::short(&image)));
        if self.server.release == Release::V20_10 {
            tags.iter().for_each(|tag| self.print(&format!("Successfully tagged {tag}\n")));
        }
    }
}
