//! Images made by a Dockerfile, step by step, as engines did before BuildKit.

use std::collections::BTreeMap;

use bytes::Bytes;
use dockerclient::ApiVersion;
use futures_util::stream;

use self::stages::{Build, Wishes};
use super::{
    Context,
    dockerfile::{self, Instruction},
};
use crate::{
    Reply,
    age::Age,
    refusal::{Refusal, Result},
    state::files::{Files, Kind, clean},
};

mod copy;
mod make;
mod run;
mod stages;

/// Since when the id of an image is told on its own.
const ID_SINCE: ApiVersion = ApiVersion::new(1, 29);

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
    cut_at(&mut steps, &given("target"))?;
    steps.extend(labels.iter().map(|(name, value)| Instruction::label(name, value)));
    let wishes = Wishes {
        tags,
        quiet: asked.flag("q"),
        tells_id: asked.spoken >= ID_SINCE && context.shared.age == Age::Modern,
        uses_cache: !asked.flag("nocache"),
        removes: asked.request.query("rm").is_none() || asked.flag("rm"),
        always_removes: asked.flag("forcerm"),
        arguments,
    };
    let build = Build::new(&context.shared, wishes, files, steps);
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
