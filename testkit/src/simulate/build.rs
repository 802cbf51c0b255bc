//! Builds of a Dockerfile, like those of the classic builder (before BuildKit).

use std::collections::BTreeMap;

use bytes::Bytes;
use dockerclient::ApiVersion;
use futures_util::stream;

use self::stages::{Build, BuildOptions};
use super::{
    Context,
    dockerfile::{self, Instruction},
};
use crate::{
    Response,
    api_error::{ApiError, Result},
    release::Release,
    state::files::{Files, Kind, clean},
};

mod copy;
mod image;
mod run;
mod stages;

/// The API version since which the image id is sent as a separate message.
const IMAGE_ID_SINCE: ApiVersion = ApiVersion::new(1, 29);

/// Cancels a build with BuildKit. There are none; engines do not report that a build does not exist.
pub(super) async fn cancel(context: Context) -> Result<Response> {
    match context.call.request.query("id").filter(|id| !id.is_empty()) {
        Some(_) => Ok(Response::with_type(200, "application/json", "")),
        None => Err(ApiError::new(500, "build ID not provided")),
    }
}

pub(super) async fn build(context: Context) -> Result<Response> {
    let call = &context.call;
    let given = |name: &str| call.request.query(name).unwrap_or_default();
    let not_simulated = |what: &str| ApiError::new(501, format!("the fake engine does not simulate {what}"));
    if !given("remote").is_empty() {
        return Err(not_simulated("remote build contexts"));
    }
    if given("version") == "2" {
        return Err(not_simulated("BuildKit"));
    }
    let tags: Vec<String> = call.request.all("t").into_iter().filter(|tag| !tag.is_empty()).collect();
    context.server.state.read(|state| tags.iter().try_for_each(|tag| state.check_repository(tag, 500)))?;
    let pairs = |name: &str, what: &str| -> Result<BTreeMap<String, Option<String>>> {
        match given(name) {
            text if text.is_empty() => Ok(BTreeMap::new()),
            text => serde_json::from_str(&text)
                .map_err(|error| ApiError::new(400, format!("error reading {what}: {error}"))),
        }
    };
    // An argument without a value has the default of the Dockerfile.
    let arguments =
        pairs("buildargs", "build args")?.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let labels = pairs("labels", "labels")?;
    let labels: BTreeMap<String, String> =
        labels.into_iter().map(|(name, value)| (name, value.unwrap_or_default())).collect();
    let mut files = Files::default();
    files.unpack(&call.request.bytes, "/", false).map_err(|error| ApiError::new(500, error))?;
    let name = Some(given("dockerfile")).filter(|name| !name.is_empty()).unwrap_or_else(|| "Dockerfile".to_owned());
    let mut steps = read(&files, &name)?;
    if let Some(what) = steps.iter().find_map(Instruction::not_simulated) {
        return Err(not_simulated(what));
    }
    if !steps
        .iter()
        .take_while(|step| step.keyword == "ARG" || step.keyword == "FROM")
        .any(|step| step.keyword == "FROM")
    {
        return Err(ApiError::new(400, "no build stage in current context"));
    }
    truncate_at(&mut steps, &given("target"))?;
    steps.extend(labels.iter().map(|(name, value)| Instruction::label(name, value)));
    let options = BuildOptions {
        tags,
        quiet: call.flag("q"),
        reports_image_id: call.version >= IMAGE_ID_SINCE && context.server.release == Release::V20_10,
        uses_cache: !call.flag("nocache"),
        removes: call.request.query("rm").is_none() || call.flag("rm"),
        removes_on_failure: call.flag("forcerm"),
        arguments,
    };
    let build = Build::new(&context.server, options, files, steps);
    let lines = stream::unfold(Some(build), |build| async {
        let mut build = build?;
        let (lines, done) = build.next_step().await;
        let text: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        Some((Bytes::from(text), (!done).then_some(build)))
    });
    Ok(Response::stream(200, lines).header("Content-Type", "application/json"))
}

fn read(files: &Files, name: &str) -> Result<Vec<Instruction>> {
    let content = match files.get(&clean(name)).map(|file| file.kind) {
        Some(Kind::Regular(content)) => content,
        _ => return Err(ApiError::new(500, format!("Cannot locate specified Dockerfile: {name}"))),
    };
    let steps = dockerfile::parse(&String::from_utf8_lossy(&content))?;
    if steps.is_empty() {
        return Err(ApiError::new(400, format!("the Dockerfile ({name}) cannot be empty")));
    }
    Ok(steps)
}

/// Removes the stages after the target stage.
fn truncate_at(steps: &mut Vec<Instruction>, target: &str) -> Result<()> {
    if target.is_empty() {
        return Ok(());
    }
    let begins: Vec<usize> = (0..steps.len()).filter(|at| steps[*at].keyword == "FROM").collect();
    let is_named = |at: &usize| steps[*at].rest.to_lowercase().ends_with(&format!(" as {}", target.to_lowercase()));
    let stage =
        begins.iter().position(is_named).or_else(|| target.parse().ok().filter(|number| *number < begins.len()));
    let missing = || ApiError::new(400, format!("failed to reach build target {target} in Dockerfile"));
    let stage = stage.ok_or_else(missing)?;
    steps.truncate(begins.get(stage + 1).copied().unwrap_or(steps.len()));
    Ok(())
}
