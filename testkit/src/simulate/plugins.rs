//! Creating, inspecting, listing, setting, enabling, disabling and removing plugins.

use serde_json::{Value, json};

use super::Context;
use crate::{
    Response,
    api_error::{ApiError, Result},
    filters,
    state::{
        files::{Files, Kind},
        ids,
        plugin::{Plugin, decode_config},
        reference,
    },
};

pub(super) async fn list(context: Context) -> Result<Response> {
    let filters = context.filters()?;
    let values = filters::values(&filters, "enabled");
    let is = |word: &str| values.iter().any(|value| value == word);
    let enabled = match (is("true"), is("false")) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) if values.is_empty() => None,
        (false, false) => {
            return Err(ApiError::new(400, format!("Invalid filter 'enabled=[{}]'", values.join(" "))));
        }
    };
    let capabilities = filters::values(&filters, "capability");
    // Engines use the values as regular expressions, and list plugins without capabilities.
    let has_capability = |plugin: &Plugin| {
        let is_requested =
            |provided: &String| capabilities.iter().any(|requested| provided.contains(requested.as_str()));
        capabilities.is_empty() || plugin.capabilities().iter().all(is_requested)
    };
    let plugins: Vec<Value> = context.server.state.read(|state| {
        let matches =
            |plugin: &&Plugin| enabled.is_none_or(|enabled| plugin.enabled == enabled) && has_capability(plugin);
        state.plugins.iter().filter(matches).map(Plugin::to_json).collect()
    });
    Ok(context.json(200, plugins.into()))
}

pub(super) async fn create(context: Context) -> Result<Response> {
    let given = context.call.request.query("name").unwrap_or_default();
    context.server.state.update(|state| {
        let invalid = |error: ApiError| {
            ApiError::new(error.status, format!("failed to parse reference {given}: {}", error.message))
        };
        state.check_repository(&given, 500).map_err(invalid)?;
        if given.contains('@') {
            return Err(ApiError::new(500, "canonical references are not permitted"));
        }
        let name = reference::full(&given);
        state.check_plugin_name(&name, 409)?;
        let mut config = read_archive(&context.call.request.bytes)?;
        config["DockerVersion"] = json!(state.release.version());
        let id = state.add_plugin(&name, &name, config);
        state.plugin_event("create", &id, &name);
        Ok(())
    })?;
    Ok(Response::empty(204))
}

/// Reads the archive of a plugin, its `config.json` and its files below `rootfs`, and returns the configuration.
fn read_archive(archive: &[u8]) -> Result<Value> {
    let failed = |message: String| ApiError::new(500, message);
    let mut files = Files::default();
    files.unpack(archive, "/", false).map_err(|message| failed(format!("failed to read from tar: {message}")))?;
    if files.get("/rootfs").is_none() {
        return Err(failed("no rootfs found: EOF".to_owned()));
    }
    let Some(Kind::Regular(config)) = files.get("/config.json").map(|file| file.kind) else {
        return Err(failed("config not found".to_owned()));
    };
    files.remove("/config.json");
    let invalid = |message: String| failed(format!("failed to parse config: {message}"));
    let config: Value = serde_json::from_slice(&config).map_err(|error| invalid(error.to_string()))?;
    decode_config(&config, &format!("sha256:{}", ids::of(&files.contents()))).map_err(invalid)
}

pub(super) async fn inspect(context: Context) -> Result<Response> {
    let document = context.server.state.read(|state| state.plugin(context.call.name()).map(Plugin::to_json))?;
    Ok(context.json(200, document))
}

pub(super) async fn enable(context: Context) -> Result<Response> {
    let timeout = context.call.request.query("timeout").unwrap_or_default();
    if timeout.parse::<i64>().is_err() {
        return Err(ApiError::new(500, format!("strconv.Atoi: parsing {timeout:?}: invalid syntax")));
    }
    change(&context, "enable", Plugin::enable)
}

pub(super) async fn disable(context: Context) -> Result<Response> {
    change(&context, "disable", Plugin::disable)
}

/// Changes a plugin, and sends an event of that.
fn change(context: &Context, action: &str, change: impl FnOnce(&mut Plugin) -> Result<()>) -> Result<Response> {
    let name = context.call.name();
    context.server.state.update(|state| {
        let plugin = state.plugin_mut(name)?;
        change(plugin)?;
        let id = plugin.id.clone();
        state.plugin_event(action, &id, name);
        Ok::<_, ApiError>(())
    })?;
    Ok(Response::empty(200))
}

pub(super) async fn set(context: Context) -> Result<Response> {
    let invalid = |message: String| ApiError::new(400, message);
    let body = context.required_body().map_err(|error| invalid(error.message))?;
    let changes: Option<Vec<String>> = serde_json::from_value(body).map_err(|error| invalid(error.to_string()))?;
    context.server.state.update(|state| state.plugin_mut(context.call.name())?.set(&changes.unwrap_or_default()))?;
    Ok(Response::empty(204))
}

pub(super) async fn delete(context: Context) -> Result<Response> {
    let (name, force) = (context.call.name(), context.call.flag("force"));
    context.server.state.update(|state| {
        let plugin = state.plugin(name)?;
        if plugin.enabled && !force {
            return Err(ApiError::conflict(format!("plugin {} is enabled", plugin.name)));
        }
        let id = plugin.id.clone();
        state.plugins.retain(|plugin| plugin.id != id);
        state.plugin_event("remove", &id, name);
        Ok(())
    })?;
    Ok(Response::empty(200))
}
