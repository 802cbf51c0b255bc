//! Networks: made, looked at, joined, left, removed.

use serde_json::{Value, json};

use dockerclient::ApiVersion;

use super::Context;
use crate::{
    Reply, filters,
    refusal::{Refusal, Result},
    state::{
        World,
        network::{self, Network},
    },
};

/// Since when a list no longer tells who is in a network.
const SHORT_LISTS_SINCE: ApiVersion = ApiVersion::new(1, 28);

pub(super) async fn list(context: Context) -> Result<Reply> {
    let filters = context.filters()?;
    let dangling = context.flag_filter(&filters, "dangling", 400)?;
    let kinds = filters::values(&filters, "type");
    if let Some(kind) = kinds.iter().find(|kind| !matches!(kind.as_str(), "custom" | "builtin")) {
        return Err(Refusal::new(500, format!("invalid filter: 'type'='{kind}'")));
    }
    let long = context.asked.spoken < SHORT_LISTS_SINCE;
    let networks: Vec<Value> = context.shared.state.look(|world| {
        let any = |key: &str, fits: &dyn Fn(&str) -> bool| match filters::values(&filters, key) {
            values if values.is_empty() => true,
            values => values.iter().any(|value| fits(value)),
        };
        let wanted = |network: &&Network| {
            let unused = || world.places_in(&network.id).next().is_none() && !network.is_predefined();
            dangling.is_none_or(|wanted| unused() == wanted)
                && any("name", &|name| network.name.contains(name))
                && any("id", &|id| network.id.contains(id))
                && any("driver", &|driver| network.driver == driver)
                && any("scope", &|scope| scope == "local")
                && any("type", &|kind| (kind == "builtin") == network.is_predefined())
                && filters::labels_pass(&filters, &network.asked["Labels"])
        };
        world.networks.iter().filter(wanted).map(|network| told(world, network, long)).collect()
    });
    Ok(context.document(200, networks.into()))
}

fn told(world: &World, network: &Network, with_containers: bool) -> Value {
    let mut document = network.document();
    if with_containers {
        document["Containers"] = world.containers_in(&network.id);
    }
    document
}

pub(super) async fn inspect(context: Context) -> Result<Reply> {
    let name = context.asked.name();
    let document = context.shared.state.look(|world| {
        let matches = world.namesakes(name);
        if matches > 1 {
            let message = format!("{matches} matches found based on name: network {name} is ambiguous");
            return Err(Refusal::new(400, message));
        }
        world.network(name).map(|network| told(world, network, true))
    })?;
    Ok(context.document(200, document))
}

pub(super) async fn create(context: Context) -> Result<Reply> {
    let asked = context.needed_body()?;
    let name = asked["Name"].as_str().unwrap_or_default();
    let driver = asked["Driver"].as_str().filter(|driver| !driver.is_empty()).unwrap_or("bridge");
    let document = context.shared.state.change(|world| {
        if network::is_predefined(name) {
            let message = format!("operation is not permitted on predefined {name} network ");
            return Err(Refusal::new(403, message));
        }
        if name.is_empty() {
            return Err(Refusal::new(500, "invalid name: "));
        }
        let namesake = world.networks.iter().find(|network| network.name == name).map(|network| network.id.clone());
        if namesake.is_some() && asked["CheckDuplicate"] == true {
            return Err(Refusal::conflict(format!("network with name {name} already exists")));
        }
        match driver {
            "bridge" => {}
            "host" | "null" => {
                return Err(Refusal::new(403, format!("only one instance of {driver:?} network is allowed")));
            }
            _ => return Err(Refusal::not_found(format!("plugin {driver:?} not found"))),
        }
        let subnet = world.free_subnet(asked["IPAM"]["Config"][0]["Subnet"].as_str())?;
        let id = world.add_network(name, driver, subnet, asked.clone());
        let warning = namesake.map(|other| format!("Network with name {name} (id : {other}) already exists"));
        Ok(json!({ "Id": id, "Warning": warning.unwrap_or_default() }))
    })?;
    Ok(context.document(201, document))
}

pub(super) async fn delete(context: Context) -> Result<Reply> {
    let name = context.asked.name();
    context.shared.state.change(|world| {
        let matches = world.namesakes(name);
        if matches > 1 {
            let message = format!("network {name} is ambiguous ({matches} matches found based on name)");
            return Err(Refusal::new(400, message));
        }
        let network = world.network(name)?;
        let (id, name) = (network.id.clone(), network.name.clone());
        if network.is_predefined() {
            return Err(Refusal::new(403, format!("{name} is a pre-defined network and cannot be removed")));
        }
        if world.places_in(&id).next().is_some() {
            let message = format!("error while removing network: network {name} id {id} has active endpoints");
            return Err(Refusal::new(403, message));
        }
        world.remove_network(&id);
        Ok(())
    })?;
    Ok(Reply::empty(204))
}

pub(super) async fn connect(context: Context) -> Result<Reply> {
    joining(&context, |world, container, network, asked| world.connect(container, network, &asked["EndpointConfig"]))
}

pub(super) async fn disconnect(context: Context) -> Result<Reply> {
    joining(&context, |world, container, network, _| world.disconnect(container, network))
}

fn joining(context: &Context, act: impl FnOnce(&mut World, &str, &Network, &Value) -> Result<()>) -> Result<Reply> {
    let asked = context.needed_body()?;
    let container = asked["Container"].as_str().unwrap_or_default();
    context.shared.state.change(|world| {
        let network = world.network(context.asked.name())?.clone();
        let container = world.container(container)?;
        let mode = container.host_config["NetworkMode"].as_str().unwrap_or_default().to_owned();
        let id = container.id.clone();
        if (mode == "host") != (network.name == "host") {
            let message = "container cannot be disconnected from host network or connected to host network";
            return Err(Refusal::new(400, message));
        }
        if mode == "none" && network.name != "none" {
            let message = "container cannot be connected to multiple networks with one of the networks in private (none) mode";
            return Err(Refusal::new(400, message));
        }
        if mode.starts_with("container:") {
            let message = "container sharing network namespace with another container or host cannot be connected to any \
                           other network";
            return Err(Refusal::new(400, message));
        }
        act(world, &id, &network, &asked)
    })?;
    Ok(Reply::empty(200))
}

pub(super) async fn prune(context: Context) -> Result<Reply> {
    let filters = context.filters()?;
    let gone = context.shared.state.change(|world| {
        let unused = |network: &&Network| !network.is_predefined() && world.places_in(&network.id).next().is_none();
        let wanted = |network: &&Network| filters::prunes(&filters, &network.asked["Labels"], network.created);
        let gone = world.networks.iter().filter(unused).filter(wanted);
        let gone: Vec<(String, String)> = gone.map(|network| (network.id.clone(), network.name.clone())).collect();
        gone.iter().for_each(|(id, _)| world.remove_network(id));
        world.prune_event("network", 0);
        gone
    });
    let names: Vec<String> = gone.into_iter().map(|(_, name)| name).collect();
    let names = if names.is_empty() { Value::Null } else { json!(names) };
    Ok(context.document(200, json!({ "NetworksDeleted": names })))
}
