//! Builds with BuildKit by `POST /build`.

use std::{collections::HashMap, future::ready, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bollard_buildkit_proto::moby::buildkit::v1::{
    CacheOptions, CacheOptionsEntry, Exporter, SolveRequest, StatusResponse,
};
use bytes::Bytes;
use futures_util::{
    Stream, StreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use prost::Message as _;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tonic::{Code, Status};

use super::{
    builds::{Builds, Exported},
    solve::prepare,
};
use crate::{
    Response,
    api_error::{ApiError, Result},
    argv::words,
    server::Server,
    simulate::{
        Context,
        build::{arguments, labels},
    },
    state::State,
};

/// Number of characters of the reference of a build.
const REFERENCE_LENGTH: usize = 25;

pub(in crate::simulate) async fn build(context: Context) -> Result<Response> {
    let (request, archive) = solve_request(&context)?;
    let server = Arc::clone(&context.server);
    let failed = |status: Status| ApiError::new(500, status.message());
    let running = Builds::begin(&server, &request).map_err(failed)?;
    let cancellable = Cancellable::new(&server, context.call.request.query("buildid").unwrap_or_default());
    let graph = Arc::clone(&running.graph);
    let cancelled = Arc::clone(&cancellable.cancelled);
    let prepared = match prepare(&server, Arc::clone(&graph), cancelled, &request, archive).await {
        Err(status) if status.code() == Code::Unimplemented => {
            let error = ApiError::new(501, status.message());
            running.finish(&Err(status));
            return Err(error);
        }
        prepared => prepared,
    };
    let result = async move {
        let _cancellable = cancellable;
        let result = match prepared {
            Ok((job, prepared)) => job.during(job.build(prepared)).await,
            Err(status) => Err(status),
        };
        running.finish(&result);
        result
    };
    let is_quiet = context.call.flag("q");
    let traces = graph.updates().filter(move |_| ready(!is_quiet)).boxed();
    let messages = messages(traces, Box::pin(result), is_quiet);
    Ok(Response::stream(200, messages).header("Content-Type", "application/json"))
}

/// The messages of a build: its traces, and its result.
fn messages(
    traces: BoxStream<'static, StatusResponse>,
    result: BoxFuture<'static, std::result::Result<Exported, Status>>,
    is_quiet: bool,
) -> impl Stream<Item = Bytes> + Send + 'static {
    let first = Some((traces, result, None));
    let messages = stream::unfold(first, move |state| async move {
        let (mut traces, mut result, mut ended) = state?;
        loop {
            tokio::select! {
                biased;
                result = &mut result, if ended.is_none() => ended = Some(result),
                trace = traces.next() => return Some(match (trace, ended) {
                    (Some(trace), ended) => (trace_message(&trace), Some((traces, result, ended))),
                    (None, ended) => (ended.map_or(Value::Null, |result| last_message(&result, is_quiet)), None),
                }),
            }
        }
    });
    messages.map(|message| Bytes::from(format!("{message}\r\n")))
}

fn trace_message(trace: &StatusResponse) -> Value {
    json!({ "id": "moby.buildkit.trace", "aux": STANDARD.encode(trace.encode_to_vec()) })
}

fn last_message(result: &std::result::Result<Exported, Status>, is_quiet: bool) -> Value {
    match result {
        Ok(exported) => {
            let image = exported.get("containerimage.digest").map_or("", String::as_str);
            match is_quiet {
                true => json!({ "stream": format!("{image}\n") }),
                false => json!({ "id": "moby.image.id", "aux": { "ID": image } }),
            }
        }
        Err(status) => {
            json!({ "errorDetail": { "message": status.message() }, "error": status.message() })
        }
    }
}

/// The request to BuildKit for a request to the engine, and the context in its body.
fn solve_request(context: &Context) -> Result<(SolveRequest, Option<Bytes>)> {
    let call = &context.call;
    let given = |name: &str| call.request.query(name).filter(|value| !value.is_empty());
    let mut attributes = HashMap::new();
    for (name, attribute) in [("target", "target"), ("dockerfile", "filename"), ("platform", "platform")] {
        attributes.extend(given(name).map(|value| (attribute.to_owned(), value)));
    }
    attributes.extend(arguments(call)?.into_iter().map(|(name, value)| (format!("build-arg:{name}"), value)));
    attributes.extend(labels(call)?.into_iter().map(|(name, value)| (format!("label:{name}"), value)));
    if call.flag("nocache") {
        attributes.insert("no-cache".to_owned(), String::new());
    }
    let archive = match given("remote").as_deref() {
        None => Some(call.request.bytes.clone()),
        Some("client-session") => None,
        Some(url) => {
            attributes.insert("context".to_owned(), url.to_owned());
            None
        }
    };
    let images = words(&json_parameter(context, "cachefrom")?);
    let imports = images.into_iter().map(|image| CacheOptionsEntry {
        r#type: "registry".to_owned(),
        attrs: HashMap::from([("ref".to_owned(), image)]),
    });
    let id = context.server.state.update(State::new_id);
    Ok((
        SolveRequest {
            r#ref: id.chars().take(REFERENCE_LENGTH).collect(),
            session: given("session").unwrap_or_default(),
            frontend: "dockerfile.v0".to_owned(),
            frontend_attrs: attributes,
            cache: Some(CacheOptions { imports: imports.collect(), ..CacheOptions::default() }),
            exporters: exporters(context)?,
            ..SolveRequest::default()
        },
        archive,
    ))
}

/// The exporters of a request; by default, the images of the engine.
fn exporters(context: &Context) -> Result<Vec<Exporter>> {
    let outputs = json_parameter(context, "outputs")?;
    let exporters = outputs.as_array().into_iter().flatten().map(|output| Exporter {
        r#type: output["Type"].as_str().unwrap_or_default().to_owned(),
        attrs: serde_json::from_value(output["Attrs"].clone()).unwrap_or_default(),
    });
    let exporters: Vec<Exporter> = exporters.collect();
    if !exporters.is_empty() {
        return Ok(exporters);
    }
    let names: Vec<String> = context.call.request.all("t").into_iter().filter(|tag| !tag.is_empty()).collect();
    Ok(vec![Exporter { r#type: "moby".to_owned(), attrs: HashMap::from([("name".to_owned(), names.join(","))]) }])
}

/// The value of a parameter that is JSON; null if it is empty.
fn json_parameter(context: &Context, name: &str) -> Result<Value> {
    match context.call.request.query(name).unwrap_or_default() {
        text if text.is_empty() => Ok(Value::Null),
        text => {
            serde_json::from_str(&text).map_err(|error| ApiError::new(400, format!("error reading {name}: {error}")))
        }
    }
}

/// A build that can be cancelled by its id until this is dropped.
struct Cancellable {
    server: Arc<Server>,
    id: String,
    cancelled: Arc<Notify>,
}

impl Cancellable {
    fn new(server: &Arc<Server>, id: String) -> Self {
        let cancelled = Arc::<Notify>::default();
        if !id.is_empty() {
            server.buildkit.cancellable().insert(id.clone(), Arc::clone(&cancelled));
        }
        Self { server: Arc::clone(server), id, cancelled }
    }
}

impl Drop for Cancellable {
    fn drop(&mut self) {
        self.server.buildkit.cancellable().remove(&self.id);
    }
}
