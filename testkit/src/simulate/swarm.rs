//! Creating, joining, changing, unlocking and leaving a swarm.

use dockerclient::ApiVersion;
use serde_json::{Value, json};

use super::{Context, agent};
use crate::{
    Response,
    api_error::{ApiError, Result},
    state::swarm::cluster::Rotation,
};

/// The API version since which the address pools of a swarm can be set.
const ADDRESS_POOLS_SINCE: ApiVersion = ApiVersion::new(1, 39);

/// The API version since which the data path port of a swarm can be set.
const DATA_PATH_PORT_SINCE: ApiVersion = ApiVersion::new(1, 40);

impl Context {
    /// The body of a request that changes the swarm, which is required.
    pub(super) fn swarm_body(&self) -> Result<Value> {
        self.required_body().map_err(|error| ApiError::new(400, error.message))
    }

    /// The version of the object of a kind that a request changes.
    pub(super) fn object_version(&self, kind: &str) -> Result<u64> {
        let text = self.call.request.query("version").unwrap_or_default();
        text.parse().map_err(|_| {
            let reason = format!("strconv.ParseUint: parsing {text:?}: invalid syntax");
            ApiError::new(400, format!("invalid {kind} version '{text}': {reason}"))
        })
    }
}

pub(super) async fn init(context: Context) -> Result<Response> {
    let mut request = context.swarm_body()?;
    let version = context.call.version;
    if version < ADDRESS_POOLS_SINCE && request.is_object() {
        (request["DefaultAddrPool"], request["SubnetSize"]) = (Value::Null, Value::Null);
    }
    if version < DATA_PATH_PORT_SINCE && request.is_object() {
        request["DataPathPort"] = Value::Null;
    }
    let id = context.server.state.update(|state| state.init_swarm(&request))?;
    agent::settle(&context.server).await;
    Ok(context.json(200, json!(id)))
}

pub(super) async fn join(context: Context) -> Result<Response> {
    let request = context.swarm_body()?;
    context.server.state.update(|state| state.join_swarm(&request))?;
    Ok(Response::empty(200))
}

pub(super) async fn leave(context: Context) -> Result<Response> {
    let left = context.server.state.update(|state| state.leave_swarm(context.call.flag("force")))?;
    if let Some(swarm) = left {
        agent::clean_up(&context.server, &swarm);
    }
    Ok(Response::empty(200))
}

pub(super) async fn inspect(context: Context) -> Result<Response> {
    let document = context.server.state.read(|state| state.manager().map(|swarm| swarm.cluster.to_json()))?;
    Ok(context.json(200, document))
}

pub(super) async fn update(context: Context) -> Result<Response> {
    let spec = context.swarm_body()?;
    let version = context.object_version("swarm")?;
    let rotate = |name: &str| match context.call.request.query(name).as_deref() {
        None | Some("") => Ok(false),
        Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
        Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
        Some(value) => Err(ApiError::new(400, format!("invalid value for {name}: {value}"))),
    };
    let rotation = Rotation {
        worker_token: rotate("rotateWorkerToken")?,
        manager_token: rotate("rotateManagerToken")?,
        unlock_key: rotate("rotateManagerUnlockKey")?,
    };
    context.server.state.update(|state| state.change_swarm(|swarm| swarm.update_cluster(version, &spec, rotation)))?;
    Ok(Response::empty(200))
}

pub(super) async fn unlock_key(context: Context) -> Result<Response> {
    let key = context.server.state.read(|state| state.manager().map(|swarm| swarm.cluster.unlock_key.clone()))?;
    Ok(context.json(200, json!({ "UnlockKey": key.unwrap_or_default() })))
}

pub(super) async fn unlock(context: Context) -> Result<Response> {
    let request = context.swarm_body()?;
    let key = request["UnlockKey"].as_str().unwrap_or_default();
    context.server.state.update(|state| state.unlock_swarm(key))?;
    agent::settle(&context.server).await;
    Ok(Response::empty(200))
}
