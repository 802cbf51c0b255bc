//! Other limits for a container that is there.

use serde_json::{Value, json};

use super::Context;
use crate::{
    Reply,
    refusal::{Refusal, Result},
};

/// The least memory that engines give, in bytes.
const LEAST_MEMORY: i64 = 6 << 20;

pub(super) async fn update(context: Context) -> Result<Reply> {
    let asked = context.body()?;
    context.shared.state.change(|world| {
        let container = world.container_mut(context.asked.name())?;
        let id = container.id.clone();
        let number = |value: &Value| value.as_i64().unwrap_or(0);
        let cannot = |why: &str| Refusal::conflict(format!("Cannot update container {id}: {why}"));
        let memory = number(&asked["Memory"]);
        if memory != 0 && memory < LEAST_MEMORY {
            return Err(Refusal::new(400, "Minimum memory limit allowed is 6MB"));
        }
        let policy = asked["RestartPolicy"]["Name"].as_str().unwrap_or_default();
        if !matches!(policy, "" | "no" | "always" | "unless-stopped" | "on-failure") {
            return Err(Refusal::new(400, format!("invalid restart policy '{policy}'")));
        }
        let config = &mut container.host_config;
        if config["AutoRemove"] == true && !matches!(policy, "" | "no") {
            return Err(cannot("Restart policy cannot be updated because AutoRemove is enabled for the container"));
        }
        if memory > number(&config["MemorySwap"]) && number(&asked["MemorySwap"]) == 0 {
            return Err(cannot(
                "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
            ));
        }
        for (field, value) in asked.as_object().into_iter().flatten() {
            let nothing = value.is_null() || *value == json!(0) || *value == json!("");
            if !nothing && (field != "RestartPolicy" || !policy.is_empty()) {
                config[field] = value.clone();
            }
        }
        world.container_event(&id, "update", Default::default());
        Ok(())
    })?;
    Ok(context.document(200, json!({ "Warnings": null })))
}
