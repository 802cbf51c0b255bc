//! Creating, inspecting, connecting and removing networks.

use dockerclient::ApiVersion;
use serde_json::{Value, json};

use super::Context;
use crate::{
    Response,
    api_error::{ApiError, Result},
    filters,
    state::{
        State,
        network::{self, Network},
    },
};

/// The API version since which lists do not contain the containers of a network.
const CONTAINERS_NOT_LISTED_SINCE: ApiVersion = ApiVersion::new(1, 28);

pub(super) async fn list(context: Context) -> Result<Response> {
    let filters = context.filters()?;
    let dangling = context.flag_filter(&filters, "dangling", 400)?;
    let kinds = filters::values(&filters, "type");
    if let Some(kind) = kinds.iter().find(|kind| !matches!(kind.as_str(), "custom" | "builtin")) {
        return Err(ApiError::new(500, format!("invalid filter: 'type'='{kind}'")));
    }
    let with_containers = context.call.version < CONTAINERS_NOT_LISTED_SINCE;
    let networks: Vec<Value> = context.server.state.read(|state| {
        let any = |key: &str, fits: &dyn Fn(&str) -> bool| match filters::values(&filters, key) {
            values if values.is_empty() => true,
            values => values.iter().any(|value| fits(value)),
        };
        let matches = |network: &&Network| {
            let unused = || state.attachments_in(&network.id).next().is_none() && !network.is_predefined();
            dangling.is_none_or(|dangling| unused() == dangling)
                && any("name", &|name| network.name.contains(name))
                && any("id", &|id| network.id.contains(id))
                && any("driver", &|driver| network.driver == driver)
                && any("scope", &|scope| network.scope() == scope)
                && any("type", &|kind| (kind == "builtin") == network.is_predefined())
                && filters::labels_pass(&filters, &network.config["Labels"])
        };
        state.networks.iter().filter(matches).map(|network| network_json(state, network, with_containers)).collect()
    });
    Ok(context.json(200, networks.into()))
}

fn network_json(state: &State, network: &Network, with_containers: bool) -> Value {
    let mut document = network.to_json();
    if with_containers {
        document["Containers"] = state.containers_in(&network.id);
    }
    document
}

pub(super) async fn inspect(context: Context) -> Result<Response> {
    let name = context.call.name();
    let document = context.server.state.read(|state| {
        let matches = state.count_networks_named(name);
        if matches > 1 {
            let message = format!("{matches} matches found based on name: network {name} is ambiguous");
            return Err(ApiError::new(400, message));
        }
        state.network(name).map(|network| network_json(state, network, true))
    })?;
    Ok(context.json(200, document))
}

pub(super) async fn create(context: Context) -> Result<Response> {
    let body = context.required_body()?;
    let name = body["Name"].as_str().unwrap_or_default();
    let driver = body["Driver"].as_str().filter(|driver| !driver.is_empty()).unwrap_or("bridge");
    let document = context.server.state.update(|state| {
        if network::is_predefined(name) {
            let message = format!("operation is not permitted on predefined {name} network ");
            return Err(ApiError::new(403, message));
        }
        if name.is_empty() {
            return Err(ApiError::new(500, "invalid name: "));
        }
        let namesake = state.networks.iter().find(|network| network.name == name).map(|network| network.id.clone());
        if namesake.is_some() && body["CheckDuplicate"] == true {
            return Err(ApiError::conflict(format!("network with name {name} already exists")));
        }
        match driver {
            "bridge" => {}
            "overlay" => _ = state.manager()?,
            "host" | "null" => {
                return Err(ApiError::new(403, format!("only one instance of {driver:?} network is allowed")));
            }
            _ => return Err(ApiError::not_found(format!("plugin {driver:?} not found"))),
        }
        let subnet = state.free_subnet(driver, body["IPAM"]["Config"][0]["Subnet"].as_str())?;
        let id = state.add_network(name, driver, subnet, body.clone());
        let warning = namesake.map(|other| format!("Network with name {name} (id : {other}) already exists"));
        Ok(json!({ "Id": id, "Warning": warning.unwrap_or_default() }))
    })?;
    Ok(context.json(201, document))
}

pub(super) async fn delete(context: Context) -> Result<Response> {
    let name = context.call.name();
    context.server.state.update(|state| {
        let matches = state.count_networks_named(name);
        if matches > 1 {
            let message = format!("network {name} is ambiguous ({matches} matches found based on name)");
            return Err(ApiError::new(400, message));
        }
        let network = state.network(name)?;
        let (id, name) = (network.id.clone(), network.name.clone());
        if network.is_predefined() {
            return Err(ApiError::new(403, format!("{name} is a pre-defined network and cannot be removed")));
        }
        if state.attachments_in(&id).next().is_some() {
            let message = format!("error while removing network: network {name} id {id} has active endpoints");
            return Err(ApiError::new(403, message));
        }
        state.remove_network(&id);
        Ok(())
    })?;
    Ok(Response::empty(204))
}

pub(super) async fn connect(context: Context) -> Result<Response> {
    with_endpoint(&context, |state, container, network, body| {
        state.connect(container, network, &body["EndpointConfig"])
    })
}

pub(super) async fn disconnect(context: Context) -> Result<Response> {
    with_endpoint(&context, |state, container, network, _| state.disconnect(container, network))
}

fn with_endpoint(
    context: &Context,
    act: impl FnOnce(&mut State, &str, &Network, &Value) -> Result<()>,
) -> Result<Response> {
    let body = context.required_body()?;
    let container = body["Container"].as_str().unwrap_or_default();
    context.server.state.update(|state| {
        let network = state.network(context.call.name())?.clone();
        let container = state.container(container)?;
        let mode = container.host_config["NetworkMode"].as_str().unwrap_or_default().to_owned();
        let id = container.id.clone();
        if (mode == "host") != (network.name == "host") {
            let message = "container cannot be disconnected from host network or connected to host network";
            return Err(ApiError::new(400, message));
        }
        if mode == "none" && network.name != "none" {
            let message = "container cannot be connected to multiple networks with one of the networks in private (none) mode";
            return Err(ApiError::new(400, message));
        }
        if mode.starts_with("container:") {
            let message = "container sharing network namespace with another container or host cannot be connected to any \
                           other network";
            return Err(ApiError::new(400, message));
        }
        act(state, &id, &network, &body)
    })?;
    Ok(Response::empty(200))
}

pub(super) async fn prune(context: Context) -> Result<Response> {
    let filters = context.filters()?;
    let removed = context.server.state.update(|state| {
        let unused =
            |network: &&Network| !network.is_predefined() && state.attachments_in(&network.id).next().is_none();
        let matches = |network: &&Network| filters::prunes(&filters, &network.config["Labels"], network.created);
        let removed = state.networks.iter().filter(unused).filter(matches);
        let removed: Vec<(String, String)> =
            removed.map(|network| (network.id.clone(), network.name.clone())).collect();
        removed.iter().for_each(|(id, _)| state.remove_network(id));
        state.prune_event("network", 0);
        removed
    });
    let names: Vec<String> = removed.into_iter().map(|(_, name)| name).collect();
    let names = if names.is_empty() { Value::Null } else { json!(names) };
    Ok(context.json(200, json!({ "NetworksDeleted": names })))
}
