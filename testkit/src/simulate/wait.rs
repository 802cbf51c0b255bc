//! Waiting for the end of a container.

use std::sync::Arc;

use bytes::Bytes;
use dockerclient::ApiVersion;
use futures_util::{FutureExt as _, stream};
use serde_json::{Value, json};

use super::Context;
use crate::{Reply, age::Age, refusal::Result, state::World};

/// Since this version the answer begins at once, and its body comes with the end.
const BEGINS_AT_ONCE: ApiVersion = ApiVersion::new(1, 30);

pub(super) async fn wait(context: Context) -> Result<Reply> {
    let (shared, asked) = (Arc::clone(&context.shared), &context.asked);
    let (id, before) =
        shared.state.look(|world| world.container(asked.name()).map(|found| (found.id.clone(), found.finished)))?;
    let condition = context.known_query("condition").unwrap_or_default();
    let (shape, operation, begins_at_once) = (context.shape(), asked.operation, asked.spoken >= BEGINS_AT_ONCE);

    let document = async move {
        let end = |world: &mut World| {
            let Ok(container) = world.container(&id) else {
                return Some(world.readable(&id).map_or(0, |(run, _)| run.code));
            };
            let is_meant = match &*condition {
                "next-exit" => container.finished != before,
                "removed" => false,
                _ => true,
            };
            (is_meant && !container.is_running()).then_some(container.code)
        };
        let mut known = json!({ "StatusCode": shared.state.until(end).await });
        if shared.age == Age::Modern {
            known["Error"] = Value::Null;
        }
        format!("{}\n", shape.document(operation, 200, known))
    };
    if begins_at_once {
        let document = stream::once(document.map(Bytes::from));
        return Ok(Reply::stream(200, document).header("Content-Type", "application/json"));
    }
    Ok(Reply::json(200, &document.await))
}
