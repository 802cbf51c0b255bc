//! Pulling, upgrading and pushing plugins.

use serde_json::{Value, json};

use super::{Context, json_stream::json_stream};
use crate::{
    Response,
    api_error::{ApiError, Result},
    state::{
        ids,
        plugin::{are_granted, digest, required_privileges},
        reference,
    },
};

pub(super) async fn privileges(context: Context) -> Result<Response> {
    let remote = remote(&context)?;
    let required = context.server.state.read(|state| {
        let config = state.published_plugin(&remote);
        config.map(|config| required_privileges(&config))
    });
    let document = match required {
        Ok(required) if required.is_empty() => Value::Null,
        // Engines do not report that the plugin is missing.
        required => required.unwrap_or_default().into(),
    };
    Ok(context.json(200, document))
}

pub(super) async fn pull(context: Context) -> Result<Response> {
    let granted = granted_privileges(&context)?;
    let remote = remote(&context)?;
    let name = local_name(&context, &remote, &context.call.request.query("name").unwrap_or_default())?;
    let messages = context.server.state.update(|state| {
        state.check_plugin_name(&name, 400)?;
        let config = state.published_plugin(&remote)?;
        state.plugin_event("pull", &remote, &name);
        let (messages, is_granted) = download(&remote, &config, &granted);
        if is_granted {
            state.add_plugin(&name, &reference::with_registry(&remote), config);
        }
        Ok::<_, ApiError>(messages)
    })?;
    Ok(json_stream(&messages).header("Docker-Plugin-Name", &name))
}

pub(super) async fn upgrade(context: Context) -> Result<Response> {
    let granted = granted_privileges(&context)?;
    let remote = remote(&context)?;
    let name = local_name(&context, &remote, context.call.name())?;
    let messages = context.server.state.update(|state| {
        let plugin = state.plugin(&name)?;
        if plugin.enabled {
            let message = format!("plugin must be disabled before upgrading: plugin {} is enabled", plugin.name);
            return Err(ApiError::conflict(message));
        }
        let config = state.published_plugin(&remote)?;
        state.plugin_event("pull", &remote, &name);
        let (messages, is_granted) = download(&remote, &config, &granted);
        if is_granted {
            let plugin = state.plugin_mut(&name)?;
            (plugin.config, plugin.reference) = (config, reference::with_registry(&remote));
        }
        Ok(messages)
    })?;
    Ok(json_stream(&messages).header("Docker-Plugin-Name", &name))
}

pub(super) async fn push(context: Context) -> Result<Response> {
    let messages = context.server.state.update(|state| {
        let plugin = state.plugin(context.call.name())?;
        let (reference, config) = (plugin.name.clone(), plugin.config.clone());
        let (name, tag) = split(&reference);
        let digest = digest(&config);
        let layer = ids::short(&digest);
        let messages = [
            json!({ "status": format!("The push refers to repository [{name}]") }),
            json!({ "status": "Preparing", "progressDetail": {}, "id": layer }),
            json!({ "status": "Upload complete", "progressDetail": {}, "id": layer }),
            json!({ "progressDetail": {}, "aux": { "Tag": tag, "Digest": digest, "Size": config.to_string().len() } }),
        ];
        state.plugin_registry.insert(reference, config);
        Ok::<_, ApiError>(messages)
    })?;
    Ok(json_stream(&messages))
}

/// The full reference in the parameter `remote`.
fn remote(context: &Context) -> Result<String> {
    let remote = context.call.request.query("remote").unwrap_or_default();
    context.server.state.read(|state| state.check_repository(&remote, 500))?;
    Ok(reference::full(&remote))
}

/// The full local name of a plugin: the given one, or that in the registry without its digest.
fn local_name(context: &Context, remote: &str, given: &str) -> Result<String> {
    if given.is_empty() {
        return Ok(reference::full(remote.split('@').next().unwrap_or_default()));
    }
    context.server.state.read(|state| state.check_repository(given, 500))?;
    match given.contains('@') {
        true => Err(ApiError::new(500, "cannot use digest in plugin tag")),
        false => Ok(reference::full(given)),
    }
}

/// The privileges in the body of the request.
fn granted_privileges(context: &Context) -> Result<Vec<Value>> {
    let failed = |message: String| ApiError::new(500, format!("failed to parse privileges: {message}"));
    let body = context.body().map_err(|error| failed(error.message))?;
    let privileges: Option<Vec<Value>> = serde_json::from_value(body).map_err(|error| failed(error.to_string()))?;
    Ok(privileges.unwrap_or_default())
}

/// The messages of a download, and whether the granted privileges are those that the plugin requires. If they are not,
/// the last message is an error.
fn download(reference: &str, config: &Value, granted: &[Value]) -> (Vec<Value>, bool) {
    let (name, tag) = split(reference);
    let digest = digest(config);
    let layer = ids::short(&digest);
    let mut messages = vec![
        json!({ "status": format!("Pulling from {name}"), "id": tag }),
        json!({ "status": format!("Digest: {digest}") }),
        json!({ "status": "Pulling fs layer", "progressDetail": {}, "id": layer }),
        json!({ "status": "Download complete", "progressDetail": {}, "id": layer }),
        json!({ "status": "Complete", "progressDetail": {}, "id": layer }),
    ];
    let is_granted = are_granted(&required_privileges(config), granted);
    if !is_granted {
        let message = "incorrect privileges";
        messages.push(json!({ "errorDetail": { "message": message }, "error": message }));
    }
    (messages, is_granted)
}

/// The repository and the tag of a full reference.
fn split(reference: &str) -> (&str, &str) {
    reference.rsplit_once(':').unwrap_or((reference, "latest"))
}
