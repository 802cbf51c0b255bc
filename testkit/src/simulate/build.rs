//! Images made by a Dockerfile, step by step, as engines did before BuildKit.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use bytes::Bytes;
use dockerclient::ApiVersion;
use futures_util::stream;
use serde_json::{Value, json};

use super::{
    Context,
    dockerfile::{self, Instruction},
    lifecycle, progress,
};
use crate::{
    Reply,
    age::Age,
    image::words,
    refusal::{Refusal, Result},
    shared::Shared,
    state::{
        World,
        files::{Files, Kind, clean},
        ids,
        layer::Layer,
        reference,
    },
};

mod copy;

/// Since when the id of an image is told on its own.
const ID_SINCE: ApiVersion = ApiVersion::new(1, 29);

/// What commands find in their environment if nobody says otherwise.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A build that goes on.
struct Build {
    shared: Arc<Shared>,
    context: Files,
    steps: VecDeque<Instruction>,
    total: usize,
    /// What is left to do with the container of a step that runs.
    running: Option<Running>,
    tags: Vec<String>,
    quiet: bool,
    tells_id: bool,
    uses_cache: bool,
    /// Whether containers go, and even after what went wrong.
    removes: bool,
    always_removes: bool,
    /// Arguments from outside.
    given: BTreeMap<String, String>,
    /// Arguments that are declared: for all stages, and in this one.
    global: BTreeMap<String, String>,
    arguments: BTreeMap<String, String>,
    /// The names of the stages, and what came of them.
    stages: Vec<(String, String)>,
    /// The image so far, empty for `scratch`; none before the first stage.
    image: Option<String>,
    config: Value,
    author: String,
    /// Whether this Dockerfile says what is run.
    cmd_is_set: bool,
    /// What is to be told.
    lines: Vec<Value>,
}

struct Running {
    container: String,
    created_by: String,
}

/// What goes wrong inside of a build.
struct Failure {
    message: String,
    code: Option<i64>,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self { message: refusal.message, code: None }
    }
}

type Done = std::result::Result<(), Failure>;

pub(super) async fn build(context: Context) -> Result<Reply> {
    let asked = &context.asked;
    let given = |name: &str| asked.request.query(name).unwrap_or_default();
    let not_simulated = |what: &str| Refusal::new(501, format!("the double of an engine does not simulate {what}"));
    if !given("remote").is_empty() {
        return Err(not_simulated("builds of what lies in a network"));
    }
    if given("version") == "2" {
        return Err(not_simulated("BuildKit"));
    }
    let tags: Vec<String> = asked.request.all("t").into_iter().filter(|tag| !tag.is_empty()).collect();
    context.shared.state.look(|world| tags.iter().try_for_each(|tag| world.check_repository(tag, 500)))?;
    let pairs = |name: &str, what: &str| -> Result<BTreeMap<String, String>> {
        match given(name) {
            text if text.is_empty() => Ok(BTreeMap::new()),
            text => serde_json::from_str::<BTreeMap<String, Option<String>>>(&text)
                .map(|pairs| pairs.into_iter().map(|(name, value)| (name, value.unwrap_or_default())).collect())
                .map_err(|error| Refusal::new(400, format!("error reading {what}: {error}"))),
        }
    };
    let (arguments, labels) = (pairs("buildargs", "build args")?, pairs("labels", "labels")?);
    let mut files = Files::default();
    files.unpack(&asked.request.bytes, "/", false).map_err(|error| Refusal::new(500, error))?;
    let name = Some(given("dockerfile")).filter(|name| !name.is_empty()).unwrap_or_else(|| "Dockerfile".to_owned());
    let mut steps = read(&files, &name)?;
    if let Some(what) = steps.iter().find_map(Instruction::not_simulated) {
        return Err(not_simulated(what));
    }
    if !steps.iter().take_while(|step| step.word == "ARG" || step.word == "FROM").any(|step| step.word == "FROM") {
        return Err(Refusal::new(400, "no build stage in current context"));
    }
    steps.extend(labels.iter().map(|(name, value)| Instruction::label(name, value)));
    cut_at(&mut steps, &given("target"))?;
    let build = Build {
        shared: Arc::clone(&context.shared),
        context: files,
        total: steps.len(),
        steps: steps.into(),
        running: None,
        tags,
        quiet: asked.flag("q"),
        tells_id: asked.spoken >= ID_SINCE && context.shared.age == Age::Modern,
        uses_cache: !asked.flag("nocache"),
        removes: asked.request.query("rm").is_none() || asked.flag("rm"),
        always_removes: asked.flag("forcerm"),
        given: arguments,
        global: BTreeMap::new(),
        arguments: BTreeMap::new(),
        stages: Vec::new(),
        image: None,
        config: Value::Null,
        author: String::new(),
        cmd_is_set: false,
        lines: Vec::new(),
    };
    let lines = stream::unfold(Some(build), |build| async {
        let mut build = build?;
        let (lines, over) = build.go_on().await;
        let text: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        Some((Bytes::from(text), (!over).then_some(build)))
    });
    Ok(Reply::stream(200, lines).header("Content-Type", "application/json"))
}

fn read(files: &Files, name: &str) -> Result<Vec<Instruction>> {
    let content = match files.get(&clean(name)).map(|file| file.kind) {
        Some(Kind::Regular(content)) => content,
        _ => return Err(Refusal::new(500, format!("Cannot locate specified Dockerfile: {name}"))),
    };
    let steps = dockerfile::parse(&String::from_utf8_lossy(&content))?;
    if steps.is_empty() {
        return Err(Refusal::new(400, format!("the Dockerfile ({name}) cannot be empty")));
    }
    Ok(steps)
}

/// Leaves out what comes behind the stage that is wanted.
fn cut_at(steps: &mut Vec<Instruction>, target: &str) -> Result<()> {
    if target.is_empty() {
        return Ok(());
    }
    let begins: Vec<usize> = (0..steps.len()).filter(|at| steps[*at].word == "FROM").collect();
    let called = |at: &usize| steps[*at].rest.to_lowercase().ends_with(&format!(" as {}", target.to_lowercase()));
    let stage = begins.iter().position(called).or_else(|| target.parse().ok().filter(|number| *number < begins.len()));
    let missing = || Refusal::new(400, format!("failed to reach build target {target} in Dockerfile"));
    let stage = stage.ok_or_else(missing)?;
    steps.truncate(begins.get(stage + 1).copied().unwrap_or(steps.len()));
    Ok(())
}

impl Build {
    /// Does the next piece of work; says what is to be told, and whether it was the last.
    async fn go_on(&mut self) -> (Vec<Value>, bool) {
        let done = if let Some(running) = self.running.take() {
            let container = running.container.clone();
            let done = self.finish_run(running).await;
            if done.is_err() && self.always_removes {
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
        if self.quiet {
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

    fn tell(&mut self, text: &str) {
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
        if let (Some(image), true) = (&self.image, self.tells_id) {
            self.lines.push(json!({ "aux": { "ID": image } }));
        }
    }

    fn declare(&mut self, step: &Instruction) -> Done {
        let (name, default) = match step.rest.split_once('=') {
            Some((name, value)) => (name.to_owned(), dockerfile::quoted(value).concat()),
            None => (step.rest.clone(), self.global.get(&step.rest).cloned().unwrap_or_default()),
        };
        let value = self.given.get(&name).cloned().unwrap_or(default);
        if self.image.is_none() {
            self.global.insert(name, value);
            return Ok(());
        }
        self.arguments.insert(name, value);
        self.note(&format!(" ARG {}", step.rest))
    }

    /// Makes an image of a step that only changes the configuration.
    fn note(&mut self, told: &str) -> Done {
        let created_by = format!("/bin/sh -c #(nop) {told}");
        if self.is_cached(&created_by) {
            return Ok(());
        }
        let command = vec!["/bin/sh".to_owned(), "-c".to_owned(), "#(nop) ".to_owned(), told.trim_start().to_owned()];
        let container = self.add_container(self.config.clone(), &command)?;
        self.tell(&format!(" ---> Running in {}\n", ids::short(&container)));
        self.commit(&container, &created_by);
        Ok(())
    }

    /// Makes a container of the image so far. Nothing can be made of `scratch`, and nothing has to.
    fn add_container(&self, mut config: Value, command: &[String]) -> Result<String> {
        let image = self.image.clone().unwrap_or_default();
        (config["Image"], config["Cmd"]) = (json!(image), json!(command));
        self.shared.state.change(|world| match image.is_empty() {
            true => Ok(world.new_id()),
            false => world.add_container(None, config, json!({})),
        })
    }

    /// Makes an image of a container, and goes on with it.
    fn commit(&mut self, container: &str, created_by: &str) {
        let shared = Arc::clone(&self.shared);
        shared.state.change(|world| {
            let found = world.container(container).ok();
            let files = found.map(|found| found.files.clone()).unwrap_or_default();
            let made_of = found.map(|found| (container.to_owned(), found.config.clone()));
            self.add_image(world, files, created_by, made_of);
        });
        if self.removes {
            self.remove(container);
        }
        self.tell_image();
    }

    fn remove(&mut self, container: &str) {
        self.shared.state.change(|world| world.remove_container(container, true));
        self.tell(&format!("Removing intermediate container {}\n", ids::short(container)));
    }

    fn add_image(&mut self, world: &mut World, files: Files, created_by: &str, container: Option<(String, Value)>) {
        let parent = self.image.clone().unwrap_or_default();
        let mut config = self.config.clone();
        config["Image"] = json!(parent);
        let (author, created_by) = (self.author.clone(), created_by.to_owned());
        let image =
            world.add_layer(&parent, Layer { config, files, author, created_by, container, comment: String::new() });
        self.is_now(image);
    }

    fn is_now(&mut self, image: String) {
        if let Some((_, stage)) = self.stages.last_mut() {
            stage.clone_from(&image);
        }
        self.image = Some(image);
    }

    fn tell_image(&mut self) {
        let image = self.image.clone().unwrap_or_default();
        self.tell(&format!(" ---> {}\n", ids::short(&image)));
    }

    /// Whether an image was made so before. Then it is the image now.
    fn is_cached(&mut self, created_by: &str) -> bool {
        let Some(parent) = self.image.clone().filter(|parent| self.uses_cache && !parent.is_empty()) else {
            return false;
        };
        let found = self.shared.state.look(|world| {
            let mut made = world.images.iter().filter(|image| image.parent == parent);
            let found = made.find(|image| image.created_by == created_by)?;
            Some((found.id.clone(), found.image.config.clone()))
        });
        let Some((image, config)) = found else { return false };
        self.config = config;
        self.is_now(image);
        self.tell(" ---> Using cache\n");
        self.tell_image();
        true
    }

    fn begin_run(&mut self, step: &Instruction) -> Done {
        let command = step.command(&self.config);
        let arguments: Vec<String> = self.arguments.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let given = match arguments.len() {
            0 => String::new(),
            number => format!("|{number} {} ", arguments.join(" ")),
        };
        let created_by = format!("{given}{}", command.join(" "));
        if self.is_cached(&created_by) {
            return Ok(());
        }
        let mut config = self.config.clone();
        config["Env"] = json!([words(&config["Env"]), arguments].concat());
        config["Entrypoint"] = Value::Null;
        let container = self.add_container(config, &command)?;
        self.shared.state.change(|world| world.container_event(&container, "attach", BTreeMap::new()));
        self.tell(&format!(" ---> Running in {}\n", ids::short(&container)));
        self.running = Some(Running { container, created_by });
        Ok(())
    }

    async fn finish_run(&mut self, Running { container, created_by }: Running) -> Done {
        let shared = Arc::clone(&self.shared);
        lifecycle::run(&shared, &container).await?;
        let ended = shared.state.until(|world| match world.runs.get(&container) {
            Some(run) if run.running => None,
            Some(run) => Some((run.code, run.pieces.clone())),
            None => Some((137, Vec::new())),
        });
        let (code, pieces) = ended.await;
        for (source, bytes) in pieces {
            let text = String::from_utf8_lossy(&bytes);
            // What goes wrong is red.
            self.tell(&if source == 2 { format!("\u{1b}[91m{text}\u{1b}[0m") } else { text.into_owned() });
        }
        if code != 0 {
            let command = shared.state.look(|world| world.container(&container).map(|found| found.argv.join(" ")))?;
            let message = format!("The command '{command}' returned a non-zero code: {code}");
            return Err(Failure { message, code: Some(code) });
        }
        self.commit(&container, &created_by);
        Ok(())
    }

    /// Gives the image its names, and tells what came of it.
    fn end(&mut self) {
        let image = self.image.clone().unwrap_or_default();
        let tags: Vec<String> = self.tags.iter().map(|tag| reference::full(tag)).collect();
        self.shared.state.change(|world| tags.iter().for_each(|tag| world.give_tag(&image, tag, tag)));
        if self.quiet {
            return self.tell(&format!("{image}\n"));
        }
        self.tell_id();
        self.tell(&format!("Successfully built {}\n", ids::short(&image)));
        if self.shared.age == Age::Modern {
            tags.iter().for_each(|tag| self.tell(&format!("Successfully tagged {tag}\n")));
        }
    }
}
