//! Making containers, and looking at them.

use dockerclient::ApiVersion;
use serde_json::{Value, json};

use super::Context;
use crate::{
    Reply,
    age::Age,
    filters,
    refusal::{Refusal, Result},
    state::{World, container::Container},
};

/// Since when containers share no memory with others unless they are told to.
const PRIVATE_SINCE: ApiVersion = ApiVersion::new(1, 40);

pub(super) async fn create(context: Context) -> Result<Reply> {
    let (shared, request) = (&context.shared, &context.asked.request);
    if !request.bytes.is_empty()
        && !request.header("content-type").is_some_and(|kind| kind.starts_with("application/json"))
    {
        let kind = request.header("content-type").unwrap_or_default();
        let message = format!("Content-Type specified ({kind}) must be 'application/json'");
        return Err(shared.age.refusal(400, 500, message));
    }
    let mut config = context.body()?;
    let host_config = config.as_object_mut().and_then(|config| config.remove("HostConfig")).unwrap_or(Value::Null);
    let given = host_config.is_object();
    let default_mode = match given && context.asked.spoken < PRIVATE_SINCE {
        true => "shareable",
        false => "private",
    };
    let mut host_config = if given { host_config } else { json!({}) };
    if shared.age == Age::Modern && host_config["IpcMode"].as_str().is_none_or(str::is_empty) {
        host_config["IpcMode"] = json!(default_mode);
    }
    if given && shared.age == Age::Modern {
        host_config["Runtime"] = json!("runc");
    }
    let name = request.query("name").filter(|name| !name.is_empty());
    let id = shared.state.change(|world| world.add_container(name.as_deref(), config, host_config))?;
    let warnings = if shared.age == Age::Modern { json!([]) } else { Value::Null };
    Ok(context.document(201, json!({ "Id": id, "Warnings": warnings })))
}

pub(super) async fn inspect(context: Context) -> Result<Reply> {
    let name = context.asked.name();
    let document = context.shared.state.look(|world| world.container(name).map(|found| world.inspected(found)))?;
    Ok(context.document(200, document))
}

pub(super) async fn list(context: Context) -> Result<Reply> {
    let (shared, asked) = (&context.shared, &context.asked);
    let filters = context.filters()?;
    let limit = context.number("limit", 500)?.filter(|limit| *limit > 0);
    let sizes = asked.flag("size");
    let list = shared.state.look(|world| {
        let old = world.age == Age::Old;
        let all = asked.flag("all")
            || limit.is_some()
            || !filters["status"].is_null()
            || (old
                && !(filters["exited"].is_null()
                    && asked.request.query("since").is_none()
                    && asked.request.query("before").is_none()));
        let mut list: Vec<&Container> =
            world.containers.iter().filter(|container| all || container.is_running()).collect();
        for (end, keeps_before) in [("since", true), ("before", false)] {
            // As parameters of their own they are no longer heard.
            let named =
                asked.request.query(end).filter(|_| old).or_else(|| filters::values(&filters, end).first().cloned());
            let Some(Ok(other)) = named.map(|name| world.container(&name)) else { continue };
            let Some(place) = list.iter().position(|container| container.id == other.id) else { continue };
            list = if keeps_before { list[..place].to_vec() } else { list[place + 1..].to_vec() };
        }
        list.retain(|container| passes(world, container, &filters));
        list.truncate(limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(0)));
        let listed = list.into_iter().map(|container| {
            let mut entry = world.listed(container);
            if sizes {
                world.tell_sizes(container, &mut entry);
            }
            entry
        });
        listed.collect::<Vec<Value>>()
    });
    Ok(context.document(200, list.into()))
}

fn passes(world: &World, container: &Container, filters: &Value) -> bool {
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
        && any("ancestor", &|image| world.image(image).is_ok_and(|image| image.id == container.image))
        && filters::labels_pass(filters, &container.config["Labels"])
}

pub(super) async fn top(context: Context) -> Result<Reply> {
    let age = context.shared.age;
    let arguments = context.asked.request.query("ps_args").unwrap_or_default();
    let document = context.shared.state.change(|world| {
        let container = world.container(context.asked.name())?;
        container.must_run(age)?;
        if arguments.starts_with("-z") {
            return Err(Refusal::new(500, "ps: error: unsupported option"));
        }
        let titles = titles(&arguments);
        if !titles.iter().any(|title| title == "PID") {
            return Err(Refusal::new(500, "Couldn't find PID field in ps output"));
        }
        let (id, command) = (container.id.clone(), container.argv.join(" "));
        world.container_event(&id, "top", Default::default());
        Ok(json!({
            "Processes": [titles.iter().map(|title| column(title, &command)).collect::<Vec<&str>>()],
            "Titles": titles,
        }))
    })?;
    Ok(context.document(200, document))
}

/// What `ps` tells with these arguments.
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

pub(super) async fn resize(context: Context) -> Result<Reply> {
    let age = context.shared.age;
    let size = size(&context)?;
    context.shared.state.change(|world| {
        let container = world.container(context.asked.name())?;
        container.must_run(age)?;
        let id = container.id.clone();
        if let Some(run) = world.runs.get_mut(&id) {
            run.size = size;
        }
        let told = [("height", size.0.to_string()), ("width", size.1.to_string())];
        world.container_event(&id, "resize", told.map(|(name, value)| (name.to_owned(), value)).into());
        Ok::<_, Refusal>(())
    })?;
    Ok(age.empty(200))
}

/// Rows and columns, as they are asked for.
pub(super) fn size(context: &Context) -> Result<(i64, i64)> {
    let status = if context.shared.age == Age::Modern { 400 } else { 500 };
    let side = |name| {
        let missing = || Refusal::new(status, "strconv.Atoi: parsing \"\": invalid syntax");
        context.number(name, status)?.ok_or_else(missing)
    };
    Ok((side("h")?, side("w")?))
}
