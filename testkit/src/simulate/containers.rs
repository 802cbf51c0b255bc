//! Creating, inspecting and listing containers.

use dockerclient::ApiVersion;
use serde_json::{Value, json};

use super::Context;
use crate::{
    Response,
    api_error::{ApiError, Result},
    filters,
    release::Release,
    state::{State, container::Container},
};

/// The API version since which the engine implements `AutoRemove`; before, clients did.
const AUTO_REMOVE_SINCE: ApiVersion = ApiVersion::new(1, 25);

/// The API version since which the default IPC mode is `private`.
const PRIVATE_IPC_SINCE: ApiVersion = ApiVersion::new(1, 40);

pub(super) async fn create(context: Context) -> Result<Response> {
    let (server, request) = (&context.server, &context.call.request);
    if !request.bytes.is_empty()
        && !request.header("content-type").is_some_and(|kind| kind.starts_with("application/json"))
    {
        let kind = request.header("content-type").unwrap_or_default();
        let message = format!("Content-Type specified ({kind}) must be 'application/json'");
        return Err(server.release.error(400, 500, message));
    }
    let mut config = context.body()?;
    let host_config = config.as_object_mut().and_then(|config| config.remove("HostConfig")).unwrap_or(Value::Null);
    let given = host_config.is_object();
    let default_mode = match given && context.call.version < PRIVATE_IPC_SINCE {
        true => "shareable",
        false => "private",
    };
    let mut host_config = if given { host_config } else { json!({}) };
    if host_config["AutoRemove"] == true {
        if context.call.version < AUTO_REMOVE_SINCE {
            host_config["AutoRemove"] = json!(false);
        } else if !matches!(host_config["RestartPolicy"]["Name"].as_str(), None | Some("" | "no")) {
            return Err(ApiError::new(400, "can't create 'AutoRemove' container with restart policy"));
        }
    }
    if server.release == Release::V20_10 && host_config["IpcMode"].as_str().is_none_or(str::is_empty) {
        host_config["IpcMode"] = json!(default_mode);
    }
    if given && server.release == Release::V20_10 {
        host_config["Runtime"] = json!("runc");
    }
    let name = request.query("name").filter(|name| !name.is_empty());
    let id = server.state.update(|state| state.add_container(name.as_deref(), config, host_config))?;
    let warnings = if server.release == Release::V20_10 { json!([]) } else { Value::Null };
    Ok(context.json(201, json!({ "Id": id, "Warnings": warnings })))
}

pub(super) async fn inspect(context: Context) -> Result<Response> {
    let name = context.call.name();
    let document = context.server.state.read(|state| state.container(name).map(|found| state.inspect_json(found)))?;
    Ok(context.json(200, document))
}

pub(super) async fn list(context: Context) -> Result<Response> {
    let (server, call) = (&context.server, &context.call);
    let filters = context.filters()?;
    let limit = context.number("limit", 500)?.filter(|limit| *limit > 0);
    let sizes = call.flag("size");
    let list = server.state.read(|state| {
        let old = state.release == Release::V1_6;
        let all = call.flag("all")
            || limit.is_some()
            || !filters["status"].is_null()
            || (old
                && !(filters["exited"].is_null()
                    && call.request.query("since").is_none()
                    && call.request.query("before").is_none()));
        let mut list: Vec<&Container> =
            state.containers.iter().filter(|container| all || container.is_running()).collect();
        for (end, keeps_before) in [("since", true), ("before", false)] {
            // Docker 20.10 ignores the query parameters `since` and `before`.
            let name =
                call.request.query(end).filter(|_| old).or_else(|| filters::values(&filters, end).first().cloned());
            let Some(Ok(other)) = name.map(|name| state.container(&name)) else { continue };
            let Some(index) = list.iter().position(|container| container.id == other.id) else { continue };
            list = if keeps_before { list[..index].to_vec() } else { list[index + 1..].to_vec() };
        }
        list.retain(|container| matches(state, container, &filters));
        list.truncate(limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(0)));
        let listed = list.into_iter().map(|container| {
            let mut entry = state.list_json(container);
            if sizes {
                state.add_sizes(container, &mut entry);
            }
            entry
        });
        listed.collect::<Vec<Value>>()
    });
    Ok(context.json(200, list.into()))
}

fn matches(state: &State, container: &Container, filters: &Value) -> bool {
    let any = |key: &str, fits: &dyn Fn(&str) -> bool| match filters::values(filters, key) {
        values if values.is_empty() => true,
        values => values.iter().any(|value| fits(value)),
    };
    any("status", &|status| container.state() == status)
        && any("exited", &|code| container.state() == "exited" && code.parse() == Ok(container.code))
        && any("name", &|name| container.name.contains(name.trim_start_matches('/')))
        && any("volume", &|volume| {
            container.mounts.iter().any(|mount| mount.volume == volume || mount.destination == volume)
        })
        && any("network", &|network| {
            container.networks.iter().any(|(name, endpoint)| name == network || endpoint.network == network)
        })
        && any("id", &|id| container.id.starts_with(id))
        && any("is-task", &|is_task| {
            let label = &container.config["Labels"]["com.docker.swarm.task.id"];
            matches!(is_task, "1" | "true" | "True") == label.is_string()
        })
        && any("ancestor", &|image| state.image(image).is_ok_and(|image| image.id == container.image))
        && filters::labels_pass(filters, &container.config["Labels"])
}

pub(super) async fn top(context: Context) -> Result<Response> {
    let release = context.server.release;
    let arguments = context.call.request.query("ps_args").unwrap_or_default();
    let document = context.server.state.update(|state| {
        let container = state.container(context.call.name())?;
        container.require_running(release)?;
        if arguments.starts_with("-z") {
            return Err(ApiError::new(500, "ps: error: unsupported option"));
        }
        let titles = titles(&arguments);
        if !titles.iter().any(|title| title == "PID") {
            return Err(ApiError::new(500, "Couldn't find PID field in ps output"));
        }
        let (id, command) = (container.id.clone(), container.argv.join(" "));
        state.container_event(&id, "top", Default::default());
        Ok(json!({
            "Processes": [titles.iter().map(|title| column(title, &command)).collect::<Vec<&str>>()],
            "Titles": titles,
        }))
    })?;
    Ok(context.json(200, document))
}

/// The columns of `ps` with these arguments.
fn titles(arguments: &str) -> Vec<String> {
    let named = arguments.split_once("o ").map(|(_, names)| names.split([',', ' ']).filter(|name| !name.is_empty()));
    if let Some(names) = named {
        let title = |name: &str| match name {
            "comm" | "args" | "command" => "COMMAND".to_owned(),
            name => name.to_uppercase(),
        };
        return names.map(title).collect();
    }
    let all = match arguments.contains("aux") {
        true => "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND",
        false => "UID PID PPID C STIME TTY TIME CMD",
    };
    all.split(' ').map(str::to_owned).collect()
}

fn column<'a>(title: &str, command: &'a str) -> &'a str {
    match title {
        "UID" | "USER" => "root",
        "PID" => "4242",
        "PPID" => "4222",
        "STIME" | "START" => "12:00",
        "TTY" => "?",
        "TIME" => "00:00:00",
        "STAT" => "S",
        "CMD" | "COMMAND" => command,
        _ => "0",
    }
}

pub(super) async fn resize(context: Context) -> Result<Response> {
    let release = context.server.release;
    let size = size(&context)?;
    context.server.state.update(|state| {
        let container = state.container(context.call.name())?;
        container.require_running(release)?;
        let id = container.id.clone();
        if let Some(run) = state.runs.get_mut(&id) {
            run.size = size;
        }
        let attributes = [("height", size.0.to_string()), ("width", size.1.to_string())];
        state.container_event(&id, "resize", attributes.map(|(name, value)| (name.to_owned(), value)).into());
        Ok::<_, ApiError>(())
    })?;
    Ok(release.empty(200))
}

/// The requested rows and columns.
pub(super) fn size(context: &Context) -> Result<(i64, i64)> {
    let status = if context.server.release == Release::V20_10 { 400 } else { 500 };
    let side = |name| {
        let missing = || ApiError::new(status, "strconv.Atoi: parsing \"\": invalid syntax");
        context.number(name, status)?.ok_or_else(missing)
    };
    Ok((side("h")?, side("w")?))
}
