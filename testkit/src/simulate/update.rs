//! Updating the limits and the restart policy of a container.

use serde_json::{Value, json};

use super::Context;
use crate::{
    Response,
    api_error::{ApiError, Result},
};

/// The minimum memory limit that engines accept, in bytes.
const MIN_MEMORY: i64 = 6 << 20;

pub(super) async fn update(context: Context) -> Result<Response> {
    let body = context.body()?;
    context.server.state.update(|state| {
        let container = state.container_mut(context.call.name())?;
        let id = container.id.clone();
        let number = |value: &Value| value.as_i64().unwrap_or(0);
        let cannot = |why: &str| ApiError::conflict(format!("Cannot update container {id}: {why}"));
        let memory = number(&body["Memory"]);
        if memory != 0 && memory < MIN_MEMORY {
            return Err(ApiError::new(400, "Minimum memory limit allowed is 6MB"));
        }
        let policy = body["RestartPolicy"]["Name"].as_str().unwrap_or_default();
        if !matches!(policy, "" | "no" | "always" | "unless-stopped" | "on-failure") {
            return Err(ApiError::new(400, format!("invalid restart policy '{policy}'")));
        }
        let config = &mut container.host_config;
        if config["AutoRemove"] == true && !matches!(policy, "" | "no") {
            return Err(cannot("Restart policy cannot be updated because AutoRemove is enabled for the container"));
        }
        if memory > number(&config["MemorySwap"]) && number(&body["MemorySwap"]) == 0 {
            return Err(cannot(
                "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
            ));
        }
        for (field, value) in body.as_object().into_iter().flatten() {
            let nothing = value.is_null() || *value == json!(0) || *value == json!("");
            if !nothing && (field != "RestartPolicy" || !policy.is_empty()) {
                config[field] = value.clone();
            }
        }
        state.container_event(&id, "update", Default::default());
        Ok(())
    })?;
    Ok(context.json(200, json!({ "Warnings": null })))
}
