//! Simulates the operations of the API, one function per operation.

use std::{pin::Pin, sync::Arc};

use serde_json::Value;

use crate::{
    Response,
    api_call::ApiCall,
    api_error::{ApiError, Result},
    filters,
    release::Release,
    server::Server,
    specification::{ResponseFormat, SPECIFICATION},
    state::swarm::stored::{Config, Secret},
};

mod agent;
mod archive;
mod build;
#[cfg(feature = "buildkit")]
mod buildkit;
mod checkpoints;
mod commit;
mod containers;
mod disk;
mod dockerfile;
mod exec;
mod images;
mod json_stream;
mod lifecycle;
mod logs;
mod networks;
mod nodes;
mod plugin_registry;
mod plugins;
mod progress;
mod prune;
mod services;
mod sessions;
mod stats;
mod stored;
mod swarm;
mod swarm_logs;
mod system;
mod tasks;
mod transfer;
mod update;
mod volumes;
mod wait;

#[cfg(feature = "buildkit")]
pub(crate) use self::buildkit::BuildKit;

/// BuildKit without its feature.
#[cfg(not(feature = "buildkit"))]
mod buildkit {
    use super::{ApiError, Context, Handler, Response, Result, Server};

    pub(super) const HANDLERS: &[(&str, Handler)] = &[];

    pub(super) async fn build(_context: Context) -> Result<Response> {
        Err(ApiError::new(501, "the fake engine does not simulate BuildKit without the feature buildkit"))
    }

    pub(super) fn cancel(_server: &Server, _build_id: &str) {}
}

/// The context of a call.
pub(crate) struct Context {
    pub(crate) server: Arc<Server>,
    pub(crate) call: ApiCall,
}

type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response>> + Send>>;
type Handler = fn(Context) -> ResponseFuture;

/// The operations that are simulated.
const HANDLERS: &[(&str, Handler)] = &[
    ("container_get_archive", |context| Box::pin(archive::get(context))),
    ("container_put_archive", |context| Box::pin(archive::put(context))),
    ("container_archive_head", |context| Box::pin(archive::stat(context))),
    ("build_cancel", |context| Box::pin(build::cancel(context))),
    ("build_prune", |context| Box::pin(prune::builds(context))),
    ("config_create", |context| Box::pin(stored::create::<Config>(context))),
    ("config_delete", |context| Box::pin(stored::delete::<Config>(context))),
    ("config_inspect", |context| Box::pin(stored::inspect::<Config>(context))),
    ("config_list", |context| Box::pin(stored::list::<Config>(context))),
    ("config_update", |context| Box::pin(stored::update::<Config>(context))),
    ("container_attach", |context| Box::pin(sessions::attach(context))),
    ("container_changes", |context| Box::pin(archive::changes(context))),
    ("container_checkpoint_create", |context| Box::pin(checkpoints::not_supported(context))),
    ("container_checkpoint_delete", |context| Box::pin(checkpoints::not_supported(context))),
    ("container_checkpoint_list", |context| Box::pin(checkpoints::not_supported(context))),
    ("container_copy", |context| Box::pin(archive::copy(context))),
    ("container_create", |context| Box::pin(containers::create(context))),
    ("container_delete", |context| Box::pin(lifecycle::delete(context))),
    ("container_export", |context| Box::pin(archive::export(context))),
    ("container_inspect", |context| Box::pin(containers::inspect(context))),
    ("container_kill", |context| Box::pin(lifecycle::kill(context))),
    ("container_list", |context| Box::pin(containers::list(context))),
    ("container_logs", |context| Box::pin(logs::logs(context))),
    ("container_pause", |context| Box::pin(lifecycle::pause(context))),
    ("container_prune", |context| Box::pin(prune::containers(context))),
    ("container_rename", |context| Box::pin(lifecycle::rename(context))),
    ("container_resize", |context| Box::pin(containers::resize(context))),
    ("container_restart", |context| Box::pin(lifecycle::restart(context))),
    ("container_start", |context| Box::pin(lifecycle::start(context))),
    ("container_stats", |context| Box::pin(stats::stats(context))),
    ("container_stop", |context| Box::pin(lifecycle::stop(context))),
    ("container_top", |context| Box::pin(containers::top(context))),
    ("container_unpause", |context| Box::pin(lifecycle::unpause(context))),
    ("container_update", |context| Box::pin(update::update(context))),
    ("container_wait", |context| Box::pin(wait::wait(context))),
    ("distribution_inspect", |context| Box::pin(images::distribution(context))),
    ("container_exec", |context| Box::pin(exec::create(context))),
    ("exec_inspect", |context| Box::pin(exec::inspect(context))),
    ("exec_resize", |context| Box::pin(exec::resize(context))),
    ("exec_start", |context| Box::pin(exec::start(context))),
    ("image_build", |context| Box::pin(build::build(context))),
    ("image_commit", |context| Box::pin(commit::commit(context))),
    ("image_create", |context| Box::pin(progress::create(context))),
    ("image_delete", |context| Box::pin(images::delete(context))),
    ("image_get_all", |context| Box::pin(transfer::save_all(context))),
    ("image_get", |context| Box::pin(transfer::save_one(context))),
    ("image_history", |context| Box::pin(images::history(context))),
    ("image_inspect", |context| Box::pin(images::inspect(context))),
    ("image_list", |context| Box::pin(images::list(context))),
    ("image_load", |context| Box::pin(transfer::load(context))),
    ("image_prune", |context| Box::pin(prune::images(context))),
    ("image_push", |context| Box::pin(progress::push(context))),
    ("image_search", |context| Box::pin(images::search(context))),
    ("image_tag", |context| Box::pin(images::tag(context))),
    ("network_connect", |context| Box::pin(networks::connect(context))),
    ("network_create", |context| Box::pin(networks::create(context))),
    ("network_delete", |context| Box::pin(networks::delete(context))),
    ("network_disconnect", |context| Box::pin(networks::disconnect(context))),
    ("network_inspect", |context| Box::pin(networks::inspect(context))),
    ("network_list", |context| Box::pin(networks::list(context))),
    ("network_prune", |context| Box::pin(networks::prune(context))),
    ("node_delete", |context| Box::pin(nodes::delete(context))),
    ("node_inspect", |context| Box::pin(nodes::inspect(context))),
    ("node_list", |context| Box::pin(nodes::list(context))),
    ("node_update", |context| Box::pin(nodes::update(context))),
    ("plugin_create", |context| Box::pin(plugins::create(context))),
    ("plugin_delete", |context| Box::pin(plugins::delete(context))),
    ("plugin_disable", |context| Box::pin(plugins::disable(context))),
    ("plugin_enable", |context| Box::pin(plugins::enable(context))),
    ("plugin_inspect", |context| Box::pin(plugins::inspect(context))),
    ("plugin_list", |context| Box::pin(plugins::list(context))),
    ("plugin_privileges", |context| Box::pin(plugin_registry::privileges(context))),
    ("plugin_pull", |context| Box::pin(plugin_registry::pull(context))),
    ("plugin_push", |context| Box::pin(plugin_registry::push(context))),
    ("plugin_set", |context| Box::pin(plugins::set(context))),
    ("plugin_upgrade", |context| Box::pin(plugin_registry::upgrade(context))),
    ("secret_create", |context| Box::pin(stored::create::<Secret>(context))),
    ("secret_delete", |context| Box::pin(stored::delete::<Secret>(context))),
    ("secret_inspect", |context| Box::pin(stored::inspect::<Secret>(context))),
    ("secret_list", |context| Box::pin(stored::list::<Secret>(context))),
    ("secret_update", |context| Box::pin(stored::update::<Secret>(context))),
    ("service_create", |context| Box::pin(services::create(context))),
    ("service_delete", |context| Box::pin(services::delete(context))),
    ("service_inspect", |context| Box::pin(services::inspect(context))),
    ("service_list", |context| Box::pin(services::list(context))),
    ("service_logs", |context| Box::pin(swarm_logs::service(context))),
    ("service_update", |context| Box::pin(services::update(context))),
    ("swarm_init", |context| Box::pin(swarm::init(context))),
    ("swarm_inspect", |context| Box::pin(swarm::inspect(context))),
    ("swarm_join", |context| Box::pin(swarm::join(context))),
    ("swarm_leave", |context| Box::pin(swarm::leave(context))),
    ("swarm_unlock", |context| Box::pin(swarm::unlock(context))),
    ("swarm_unlock_key", |context| Box::pin(swarm::unlock_key(context))),
    ("swarm_update", |context| Box::pin(swarm::update(context))),
    ("system_auth", |context| Box::pin(system::auth(context))),
    ("system_data_usage", |context| Box::pin(disk::usage(context))),
    ("system_events", |context| Box::pin(system::events(context))),
    ("system_info", |context| Box::pin(system::info(context))),
    ("system_ping_head", |context| Box::pin(system::ping(context))),
    ("system_ping", |context| Box::pin(system::ping(context))),
    ("system_version", |context| Box::pin(system::version(context))),
    ("task_inspect", |context| Box::pin(tasks::inspect(context))),
    ("task_list", |context| Box::pin(tasks::list(context))),
    ("task_logs", |context| Box::pin(swarm_logs::task(context))),
    ("volume_create", |context| Box::pin(volumes::create(context))),
    ("volume_delete", |context| Box::pin(volumes::delete(context))),
    ("volume_inspect", |context| Box::pin(volumes::inspect(context))),
    ("volume_list", |context| Box::pin(volumes::list(context))),
    ("volume_prune", |context| Box::pin(volumes::prune(context))),
    ("volume_update", |context| Box::pin(volumes::update(context))),
];

/// The simulated operations, with those of optional features.
fn handlers() -> impl Iterator<Item = &'static (&'static str, Handler)> {
    HANDLERS.iter().chain(buildkit::HANDLERS)
}

/// Runs an operation and returns its response.
pub(crate) async fn run(server: &Arc<Server>, call: ApiCall) -> Result<Response> {
    let operation = &call.operation.id;
    if server.state.read(|state| state.swarm.is_some()) {
        agent::ensure_running(server);
    }
    match handlers().find(|(id, _)| id == operation) {
        Some((_, handler)) => handler(Context { server: Arc::clone(server), call }).await,
        None => Err(ApiError::new(501, format!("the fake engine does not simulate {operation}"))),
    }
}

/// The operations of the specification that are not simulated.
pub(crate) fn not_simulated() -> Vec<&'static str> {
    let simulated = |id: &str| handlers().any(|(known, _)| *known == id);
    let mut ids: Vec<&str> =
        SPECIFICATION.operations().map(|operation| &*operation.id).filter(|id| !simulated(id)).collect();
    ids.sort_unstable();
    ids
}

impl Context {
    /// A JSON response, completed by the specification.
    fn json(&self, status: u16, body: Value) -> Response {
        Response::json(status, &format!("{}\n", self.response_format().complete(self.call.operation, status, body)))
    }

    fn response_format(&self) -> ResponseFormat {
        ResponseFormat {
            newest: self.server.newest,
            version: self.call.version,
            omits_unknown: self.server.release == Release::V1_6,
        }
    }

    /// A non-empty query parameter, if the API version of the call has it.
    fn supported_query(&self, name: &str) -> Option<String> {
        let known = SPECIFICATION.has_parameter(self.call.operation, self.call.version, name);
        self.call.request.query(name).filter(|value| known && !value.is_empty())
    }

    /// Parses the parameter `filters`, and rejects unknown keys like the release does.
    fn filters(&self) -> Result<Value> {
        let text = self.call.request.query("filters").unwrap_or_default();
        if text.is_empty() {
            return Ok(Value::Null);
        }
        let filters: Value = serde_json::from_str(&text).map_err(|error| ApiError::new(500, error.to_string()))?;
        let known = |key: &str| SPECIFICATION.has_filter(self.call.operation, self.server.newest, key);
        let unknown = filters.as_object().into_iter().flatten().find(|(key, _)| !known(key));
        match unknown {
            Some((key, _)) if self.server.release == Release::V20_10 => {
                Err(ApiError::new(400, format!("Invalid filter '{key}'")))
            }
            _ => Ok(filters),
        }
    }

    /// The value of a boolean filter.
    fn flag_filter(&self, filters: &Value, key: &str, status: u16) -> Result<Option<bool>> {
        let values = filters::values(filters, key);
        match values.first().map(String::as_str) {
            None => Ok(None),
            Some("1" | "true") => Ok(Some(true)),
            Some("0" | "false") => Ok(Some(false)),
            Some(_) => Err(ApiError::new(status, format!("Invalid filter '{key}=[{}]'", values.join(" ")))),
        }
    }

    /// The value of an integer parameter.
    fn number(&self, name: &str, status: u16) -> Result<Option<i64>> {
        match self.call.request.query(name).as_deref() {
            None | Some("") => Ok(None),
            Some(text) => text
                .parse()
                .map(Some)
                .map_err(|_| ApiError::new(status, format!("strconv.Atoi: parsing {text:?}: invalid syntax"))),
        }
    }

    /// The body as JSON; an error if it is empty.
    fn required_body(&self) -> Result<Value> {
        match self.call.request.bytes.is_empty() {
            true => Err(ApiError::new(400, "got EOF while reading request body")),
            false => self.body(),
        }
    }

    /// The body as JSON.
    fn body(&self) -> Result<Value> {
        let bytes = &self.call.request.bytes;
        serde_json::from_slice(bytes).map_err(|error| {
            let message =
                if error.is_eof() && !bytes.is_empty() { "unexpected EOF".to_owned() } else { error.to_string() };
            ApiError::new(500, if bytes.is_empty() { "EOF".to_owned() } else { message })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readme_lists_the_simulated_operations() {
        let readme = include_str!("../README.md");
        for (id, _) in handlers() {
            assert!(SPECIFICATION.operation(id).is_some(), "{id}");
            assert!(readme.contains(&format!("`{id}`")), "{id}");
        }
        let rows = readme.lines().filter(|line| line.starts_with("| `"));
        let listed: usize = rows.map(|row| row.split(" | ").next().unwrap_or_default().matches('`').count() / 2).sum();
        // The table also lists the operations of optional features.
        let of_features = if cfg!(feature = "buildkit") { 0 } else { 2 };
        assert_eq!(listed - of_features, handlers().count());
    }
}
