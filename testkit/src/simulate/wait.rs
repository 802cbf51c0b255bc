//! Waiting until a container exits.

use std::sync::Arc;

use bytes::Bytes;
use dockerclient::ApiVersion;
use futures_util::{FutureExt as _, stream};
use serde_json::{Value, json};

use super::Context;
use crate::{Response, api_error::Result, release::Release, state::State};

/// The API version since which the headers are sent immediately, and the body when the container exits.
const HEADERS_FIRST_SINCE: ApiVersion = ApiVersion::new(1, 30);

pub(super) async fn wait(context: Context) -> Result<Response> {
    let (server, call) = (Arc::clone(&context.server), &context.call);
    let (id, before) =
        server.state.read(|state| state.container(call.name()).map(|found| (found.id.clone(), found.exits.len())))?;
    let condition = context.supported_query("condition").unwrap_or_default();
    let (format, operation, headers_first) =
        (context.response_format(), call.operation, call.version >= HEADERS_FIRST_SINCE);

    let document = async move {
        let end = |state: &mut State| {
            let Ok(container) = state.container(&id) else {
                return Some(state.run(&id).map_or(0, |(run, _)| run.code));
            };
            // A restarted container has exited, but is running.
            let exit = container.exits.get(before).copied();
            match &*condition {
                "next-exit" => exit,
                "removed" => None,
                _ => exit.or_else(|| (!container.is_running()).then_some(container.code)),
            }
        };
        let mut known = json!({ "StatusCode": server.state.wait_until(end).await });
        if server.release == Release::V20_10 {
            known["Error"] = Value::Null;
        }
        format!("{}\n", format.complete(operation, 200, known))
    };
    if headers_first {
        let document = stream::once(document.map(Bytes::from));
        return Ok(Response::stream(200, document).header("Content-Type", "application/json"));
    }
    Ok(Response::json(200, &document.await))
}
