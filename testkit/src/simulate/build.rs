//! Builds of a Dockerfile. The messages are taken from the classic builder (before BuildKit).

use std::collections::BTreeMap;

use bytes::Bytes;
use dockerclient::ApiVersion;
use futures_util::stream;

use self::builder::Classic;
pub(super) use self::stages::{Build, BuildOptions};
#[cfg(feature = "buildkit")]
pub(super) use self::{builder::Builder, secrets::SecretMount, stages::Failure};
use super::{
    Context,
    dockerfile::{self, Instruction},
};
use crate::{
    Response,
    api_call::ApiCall,
    api_error::{ApiError, Result},
    release::Release,
    state::files::{Files, Kind, clean},
};

mod builder;
mod copy;
mod image;
mod run;
mod secrets;
mod stages;

/// The API version since which the image id is sent as a separate message.
const IMAGE_ID_SINCE: ApiVersion = ApiVersion::new(1, 29);

/// Cancels a build with BuildKit. Engines do not report that a build does not exist.
pub(super) async fn cancel(context: Context) -> Result<Response> {
    match context.call.request.query("id").filter(|id| !id.is_empty()) {
        Some(id) => {
            super::buildkit::cancel(&context.server, &id);
            Ok(Response::with_type(200, "application/json", ""))
        }
        None => Err(ApiError::new(500, "build ID not provided")),
    }
}

pub(super) async fn build(context: Context) -> Result<Response> {
    if context.call.request.query("version").as_deref() == Some("2") {
        return super::buildkit::build(context).await;
    }
    let call = &context.call;
    let given = |name: &str| call.request.query(name).unwrap_or_default();
    let not_simulated = |what: &str| ApiError::new(501, format!("the fake engine does not simulate {what}"));
    if !given("remote").is_empty() {
        return Err(not_simulated("remote build contexts"));
    }
    let tags: Vec<String> = call.request.all("t").into_iter().filter(|tag| !tag.is_empty()).collect();
    context.server.state.read(|state| tags.iter().try_for_each(|tag| state.check_repository(tag, 500)))?;
    let arguments = arguments(call)?;
    let labels = labels(call)?;
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
        uses_cache: !call.flag("nocache"),
        removes: call.request.query("rm").is_none() || call.flag("rm"),
        removes_on_failure: call.flag("forcerm"),
        arguments,
    };
    let release = context.server.release;
    let reports_image_ids = call.version >= IMAGE_ID_SINCE && release == Release::V20_10;
    let builder = Classic::new(release, call.flag("q"), reports_image_ids);
    let build = Build::new(&context.server, builder, options, files, steps);
    let lines = stream::unfold(Some(build), |build| async {
        let mut build = build?;
        let (messages, is_done) = match build.next_step().await {
            Some(result) => (build.builder.step_messages(&result), result.is_err()),
            None => {
                let (image, tags) = build.finish();
                (build.builder.last_messages(&image, &tags), true)
            }
        };
        let text: String = messages.iter().map(|message| format!("{message}\r\n")).collect();
        Some((Bytes::from(text), (!is_done).then_some(build)))
    });
    Ok(Response::stream(200, lines).header("Content-Type", "application/json"))
}

/// The build arguments of a request. One without a value has the default of the Dockerfile.
pub(super) fn arguments(call: &ApiCall) -> Result<BTreeMap<String, String>> {
    let given = pairs(call, "buildargs", "build args")?;
    Ok(given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}

/// The labels of a request.
pub(super) fn labels(call: &ApiCall) -> Result<BTreeMap<String, String>> {
    let given = pairs(call, "labels", "labels")?;
    Ok(given.into_iter().map(|(name, value)| (name, value.unwrap_or_default())).collect())
}

fn pairs(call: &ApiCall, name: &str, what: &str) -> Result<BTreeMap<String, Option<String>>> {
    match call.request.query(name).unwrap_or_default() {
        text if text.is_empty() => Ok(BTreeMap::new()),
        text => {
            serde_json::from_str(&text).map_err(|error| ApiError::new(400, format!("error reading {what}: {error}")))
        }
    }
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
