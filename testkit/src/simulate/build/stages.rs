//! A build, stage by stage and step by step.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use serde_json::{Value, json};

use super::run::Running;
use crate::{
    age::Age,
    image::words,
    refusal::Refusal,
    shared::Shared,
    simulate::{
        dockerfile::{self, Instruction},
        progress,
    },
    state::{files::Files, ids, reference},
};

/// What commands find in their environment if nobody says otherwise.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What is asked of a build.
pub(super) struct Wishes {
    pub(super) tags: Vec<String>,
    pub(super) quiet: bool,
    pub(super) tells_id: bool,
    pub(super) uses_cache: bool,
    /// Whether containers go, and even after what went wrong.
    pub(super) removes: bool,
    pub(super) always_removes: bool,
    pub(super) arguments: BTreeMap<String, String>,
}

/// A build that goes on.
pub(super) struct Build {
    pub(super) shared: Arc<Shared>,
    pub(super) wishes: Wishes,
    pub(super) context: Files,
    steps: VecDeque<Instruction>,
    total: usize,
    /// What is left to do with the container of a step that runs.
    pub(super) running: Option<Running>,
    /// Arguments that are declared: for all stages, and in this one.
    global: BTreeMap<String, String>,
    pub(super) arguments: BTreeMap<String, String>,
    /// The names of the stages, and what came of them.
    pub(super) stages: Vec<(String, String)>,
    /// The image so far, empty for `scratch`; none before the first stage.
    pub(super) image: Option<String>,
    pub(super) config: Value,
    pub(super) author: String,
    /// Whether this Dockerfile says what is run.
    cmd_is_set: bool,
    /// What is to be told.
    lines: Vec<Value>,
}

/// What goes wrong inside of a build.
pub(super) struct Failure {
    pub(super) message: String,
    pub(super) code: Option<i64>,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self { message: refusal.message, code: None }
    }
}

pub(super) type Done = Result<(), Failure>;

impl Build {
    pub(super) fn new(shared: &Arc<Shared>, wishes: Wishes, context: Files, steps: Vec<Instruction>) -> Self {
        Self {
            shared: Arc::clone(shared),
            wishes,
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

    /// Does the next piece of work; says what is to be told, and whether it was the last.
    pub(super) async fn go_on(&mut self) -> (Vec<Value>, bool) {
        let done = if let Some(running) = self.running.take() {
            let container = running.container.clone();
            let done = self.finish_run(running).await;
            if done.is_err() && self.wishes.always_removes {
                self.remove(&container);
            }
            done
        } else if let Some(step) = self.steps.pop_front() {
            self.step(&step)
        } else {
            self.end();
            return (std::mem::take(&mut self.lines), true);
        };
        let mut lines = std::mem::take(&mut self.lines);
        if self.wishes.quiet {
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

    pub(super) fn tell(&mut self, text: &str) {
        self.lines.push(json!({ "stream": text }));
    }

    fn step(&mut self, step: &Instruction) -> Done {
        let number = self.total - self.steps.len();
        if step.word == "FROM" {
            self.tell_id();
        }
        match self.shared.age {
            Age::Modern => {
                self.tell(&format!("Step {number}/{} : {}", self.total, step.text));
                self.tell("\n");
            }
            Age::Old => self.tell(&format!("Step {} : {}\n", number - 1, step.text)),
        }
        let step = &step.with_variables(&self.variables());
        match &*step.word {
            "FROM" => self.begin_stage(step),
            "ARG" => self.declare(step),
            "RUN" => self.begin_run(step),
            "COPY" | "ADD" => self.copy(step),
            word => {
                if word == "ENTRYPOINT" && !self.cmd_is_set {
                    self.config["Cmd"] = Value::Null;
                }
                self.cmd_is_set |= word == "CMD";
                if word == "MAINTAINER" {
                    self.author.clone_from(&step.rest);
                }
                let told = step.apply(&mut self.config);
                self.note(&told)
            }
        }
    }

    /// What may be put in for `$name`.
    fn variables(&self) -> BTreeMap<String, String> {
        let mut all = if self.image.is_none() { self.global.clone() } else { self.arguments.clone() };
        let variables = words(&self.config["Env"]);
        let pairs = variables.iter().filter_map(|variable| variable.split_once('='));
        all.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        all
    }

    fn begin_stage(&mut self, step: &Instruction) -> Done {
        let step = step.with_variables(&self.global);
        let mut parts = step.rest.split_whitespace();
        let (base, name) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
        self.arguments.clear();
        self.author.clear();
        self.cmd_is_set = false;
        let stage = self.stages.iter().find(|(stage, _)| stage == base).map(|(_, image)| image.clone());
        let shared = Arc::clone(&self.shared);
        let (id, config) = shared.state.change(|world| {
            if base == "scratch" {
                return Ok((String::new(), json!({})));
            }
            let wanted = stage.as_deref().unwrap_or(base);
            if world.image(wanted).is_err() {
                self.lines.extend(progress::pulled(world, base, "")?);
            }
            world.image(wanted).map(|image| (image.id.clone(), image.image.config.clone()))
        })?;
        self.config = config;
        let variables = words(&self.config["Env"]);
        if !variables.iter().any(|variable| variable.starts_with("PATH=")) {
            self.config["Env"] = json!([vec![format!("PATH={PATH}")], variables].concat());
        }
        self.tell(&format!(" ---> {}\n", ids::short(&id)));
        self.stages.push((name.to_owned(), id.clone()));
        self.image = Some(id);
        Ok(())
    }

    /// Tells what came of a stage.
    fn tell_id(&mut self) {
        if let (Some(image), true) = (&self.image, self.wishes.tells_id) {
            self.lines.push(json!({ "aux": { "ID": image } }));
        }
    }

    fn declare(&mut self, step: &Instruction) -> Done {
        let (name, default) = match step.rest.split_once('=') {
            Some((name, value)) => (name.to_owned(), dockerfile::quoted(value).concat()),
            None => (step.rest.clone(), self.global.get(&step.rest).cloned().unwrap_or_default()),
        };
        let value = self.wishes.arguments.get(&name).cloned().unwrap_or(default);
        if self.image.is_none() {
            self.global.insert(name, value);
            return Ok(());
        }
        self.arguments.insert(name, value);
        self.note(&format!(" ARG {}", step.rest))
    }

    /// Gives the image its names, and tells what came of it.
    fn end(&mut self) {
        let image = self.image.clone().unwrap_or_default();
        let tags: Vec<String> = self.wishes.tags.iter().map(|tag| reference::full(tag)).collect();
        self.shared.state.change(|world| tags.iter().for_each(|tag| world.give_tag(&image, tag, tag)));
        if self.wishes.quiet {
            return self.tell(&format!("{image}\n"));
        }
        self.tell_id();
        self.tell(&format!("Successfully built {}\n", ids::short(&image)));
        if self.shared.age == Age::Modern {
            tags.iter().for_each(|tag| self.tell(&format!("Successfully tagged {tag}\n")));
        }
    }
}
