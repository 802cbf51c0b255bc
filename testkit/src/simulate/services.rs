//! Creating, inspecting, listing, updating and removing services.

use dockerclient::ApiVersion;
use serde_json::{Value, json};

use super::{Context, agent};
use crate::{
    Response,
    api_error::{ApiError, Result},
    filters,
    state::{
        State, ids, reference,
        swarm::{Object as _, find_object, object_index, service::Service, service_spec},
    },
};

/// The API version since which clients resolve images to digests; before, engines did.
const CLIENTS_RESOLVE_SINCE: ApiVersion = ApiVersion::new(1, 30);

/// The API version since which a service can be rolled back by an update.
const ROLLBACK_SINCE: ApiVersion = ApiVersion::new(1, 28);

pub(super) async fn list(context: Context) -> Result<Response> {
    context.server.state.read(|state| state.manager().map(drop))?;
    let filters = context.filters()?;
    let begins = |key: &str, text: &str| {
        let prefixes = filters::values(&filters, key);
        prefixes.is_empty() || prefixes.iter().any(|prefix| text.starts_with(prefix.as_str()))
    };
    let is = |key: &str, text: &str| {
        let values = filters::values(&filters, key);
        values.is_empty() || values.iter().any(|value| value == text)
    };
    let matches = |service: &&Service| {
        begins("id", &service.meta.id)
            && begins("name", service.name())
            && is("mode", service.mode().name())
            && is("runtime", "container")
            && filters::swarm_labels_pass(&filters, "label", &service.spec["Labels"])
    };
    let status = context.supported_query("status").is_some() && context.call.flag("status");
    let list: Vec<Value> = context.server.state.read(|state| {
        let swarm = state.manager()?;
        let to_json = |service: &Service| {
            let mut document = service.to_json(false);
            if status {
                document["ServiceStatus"] = swarm.service_status(service);
            }
            document
        };
        Ok::<_, ApiError>(swarm.services.iter().filter(matches).map(to_json).collect())
    })?;
    Ok(context.json(200, list.into()))
}

pub(super) async fn inspect(context: Context) -> Result<Response> {
    let name = context.call.name();
    let defaults = context.supported_query("insertDefaults").is_some() && context.call.flag("insertDefaults");
    let find = |state: &State| find_object(&state.manager()?.services, name).map(|found| found.to_json(defaults));
    let document = context.server.state.read(find)?;
    Ok(context.json(200, document))
}

pub(super) async fn create(context: Context) -> Result<Response> {
    let spec = context.swarm_body()?;
    let version = context.call.version;
    let (id, warnings) = context.server.state.update(|state| {
        state.manager()?;
        let (spec, warnings) = complete(state, spec, version)?;
        Ok::<_, ApiError>((state.change_swarm(|swarm| swarm.create_service(spec))?, warnings))
    })?;
    agent::settle(&context.server).await;
    let mut document = json!({ "ID": id });
    if !warnings.is_empty() {
        document["Warnings"] = json!(warnings);
    }
    Ok(context.json(201, document))
}

pub(super) async fn update(context: Context) -> Result<Response> {
    let spec = context.swarm_body()?;
    let object_version = context.object_version("service")?;
    let (name, version) = (context.call.name(), context.call.version);
    let query = |name: &str| context.supported_query(name).unwrap_or_default();
    let rollback = match &*query("rollback") {
        "previous" if version >= ROLLBACK_SINCE => true,
        "" | "none" => false,
        other => return Err(ApiError::new(500, format!("unrecognized rollback option {other}"))),
    };
    let warnings = context.server.state.update(|state| {
        state.manager()?;
        let (spec, warnings) = complete(state, spec, version)?;
        let services = &state.manager()?.services;
        let index = object_index(services, name)?;
        match &*query("registryAuthFrom") {
            "" | "spec" => {}
            "previous-spec" if services[index].previous.is_some() => {}
            "previous-spec" => return Err(ApiError::new(500, "service does not have a previous spec")),
            _ => return Err(ApiError::new(500, "unsupported registryAuthFrom value")),
        }
        state.change_swarm(|swarm| swarm.update_service(index, object_version, spec, rollback))?;
        Ok::<_, ApiError>(warnings)
    })?;
    agent::settle(&context.server).await;
    let warnings = if warnings.is_empty() { Value::Null } else { json!(warnings) };
    Ok(context.json(200, json!({ "Warnings": warnings })))
}

pub(super) async fn delete(context: Context) -> Result<Response> {
    let name = context.call.name();
    context.server.state.update(|state| state.change_swarm(|swarm| swarm.remove_service(name)))?;
    agent::settle(&context.server).await;
    Ok(Response::empty(200))
}

/// Adds to a specification what the engine adds: a name, the ids of networks, the digest of the image, and defaults.
/// Returns it with warnings.
fn complete(state: &mut State, mut spec: Value, version: ApiVersion) -> Result<(Value, Vec<String>)> {
    if spec.is_object() && spec["Name"].as_str().is_none_or(str::is_empty) {
        spec["Name"] = json!(state.generated_name());
    }
    let mut warnings = Vec::new();
    if spec.is_object() {
        state.resolve_networks(&mut spec)?;
    }
    let mut spec = service_spec::complete(spec, version)?;
    let image = &mut spec["TaskTemplate"]["ContainerSpec"]["Image"];
    if let Some(name) = image.as_str().filter(|name| version < CLIENTS_RESOLVE_SINCE && !name.contains('@')) {
        let full = reference::full(name);
        match state.registry.iter().any(|image| image.reference == full) {
            true => *image = json!(format!("{full}@sha256:{}", ids::of(full.as_bytes()))),
            false => warnings.push(format!(
                "image {name} could not be accessed on a registry to record\nits digest. Each node will access {name} \
                 independently,\npossibly leading to different nodes running different\nversions of the image.\n"
            )),
        }
    }
    Ok((spec, warnings))
}
