//! What the engine does, an operation a function.

use std::{pin::Pin, sync::Arc};

use serde_json::Value;

use crate::{
    Reply,
    document::{DOCUMENT, Shape},
    filters,
    refusal::{Refusal, Result},
    shared::{Asked, Shared},
};

mod archive;
mod build;
mod commit;
mod containers;
mod disk;
mod dockerfile;
mod exec;
mod images;
mod lifecycle;
mod logs;
mod networks;
mod progress;
mod prune;
mod sessions;
mod stats;
mod system;
mod transfer;
mod update;
mod volumes;
mod wait;

/// What is needed to answer a request.
pub(crate) struct Context {
    pub(crate) shared: Arc<Shared>,
    pub(crate) asked: Asked,
}

type Answer = Pin<Box<dyn Future<Output = Result<Reply>> + Send>>;
type Handler = fn(Context) -> Answer;

/// The operations that are simulated.
const HANDLERS: [(&str, Handler); 64] = [
    ("container_archive_get", |context| Box::pin(archive::get(context))),
    ("container_archive_put", |context| Box::pin(archive::put(context))),
    ("container_archive_stat", |context| Box::pin(archive::stat(context))),
    ("build_prune", |context| Box::pin(prune::builds(context))),
    ("container_attach", |context| Box::pin(sessions::attach(context))),
    ("container_changes", |context| Box::pin(archive::changes(context))),
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
    ("exec_create", |context| Box::pin(exec::create(context))),
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
    ("system_auth", |context| Box::pin(system::auth(context))),
    ("system_df", |context| Box::pin(disk::usage(context))),
    ("system_events", |context| Box::pin(system::events(context))),
    ("system_info", |context| Box::pin(system::info(context))),
    ("system_ping_head", |context| Box::pin(system::ping(context))),
    ("system_ping", |context| Box::pin(system::ping(context))),
    ("system_version", |context| Box::pin(system::version(context))),
    ("volume_create", |context| Box::pin(volumes::create(context))),
    ("volume_delete", |context| Box::pin(volumes::delete(context))),
    ("volume_inspect", |context| Box::pin(volumes::inspect(context))),
    ("volume_list", |context| Box::pin(volumes::list(context))),
    ("volume_prune", |context| Box::pin(volumes::prune(context))),
];

/// Does what is asked, and answers.
pub(crate) async fn answer(shared: &Arc<Shared>, asked: Asked) -> Result<Reply> {
    let operation = &asked.operation.id;
    match HANDLERS.iter().find(|(id, _)| id == operation) {
        Some((_, handler)) => handler(Context { shared: Arc::clone(shared), asked }).await,
        None => Err(Refusal::new(501, format!("the double of an engine does not simulate {operation}"))),
    }
}

/// The operations of the document that are not simulated.
pub(crate) fn not_simulated() -> Vec<&'static str> {
    let simulated = |id: &str| HANDLERS.iter().any(|(known, _)| *known == id);
    let mut ids: Vec<&str> =
        DOCUMENT.operations().map(|operation| &*operation.id).filter(|id| !simulated(id)).collect();
    ids.sort_unstable();
    ids
}

impl Context {
    /// A document, in the shape that the API's gives it.
    fn document(&self, status: u16, known: Value) -> Reply {
        Reply::json(status, &format!("{}\n", self.shape().document(self.asked.operation, status, known)))
    }

    fn shape(&self) -> Shape {
        Shape { newest: self.shared.newest, spoken: self.asked.spoken, old: self.shared.age == crate::age::Age::Old }
    }

    /// A parameter, if the version that is spoken knows it.
    fn known_query(&self, name: &str) -> Option<String> {
        let known = DOCUMENT.knows_parameter(self.asked.operation, self.asked.spoken, name);
        self.asked.request.query(name).filter(|value| known && !value.is_empty())
    }

    /// The parameter `filters`, after a look at its keys.
    fn filters(&self) -> Result<Value> {
        let text = self.asked.request.query("filters").unwrap_or_default();
        if text.is_empty() {
            return Ok(Value::Null);
        }
        let filters: Value = serde_json::from_str(&text).map_err(|error| Refusal::new(500, error.to_string()))?;
        let known = |key: &str| DOCUMENT.knows_filter(self.asked.operation, self.shared.newest, key);
        let unknown = filters.as_object().into_iter().flatten().find(|(key, _)| !known(key));
        match unknown {
            Some((key, _)) if self.shared.age == crate::age::Age::Modern => {
                Err(Refusal::new(400, format!("Invalid filter '{key}'")))
            }
            _ => Ok(filters),
        }
    }

    /// A filter that is a flag, if it is given.
    fn flag_filter(&self, filters: &Value, key: &str, status: u16) -> Result<Option<bool>> {
        let values = filters::values(filters, key);
        match values.first().map(String::as_str) {
            None => Ok(None),
            Some("1" | "true") => Ok(Some(true)),
            Some("0" | "false") => Ok(Some(false)),
            Some(_) => Err(Refusal::new(status, format!("Invalid filter '{key}=[{}]'", values.join(" ")))),
        }
    }

    /// A parameter that is a number.
    fn number(&self, name: &str, status: u16) -> Result<Option<i64>> {
        match self.asked.request.query(name).as_deref() {
            None | Some("") => Ok(None),
            Some(text) => text
                .parse()
                .map(Some)
                .map_err(|_| Refusal::new(status, format!("strconv.Atoi: parsing {text:?}: invalid syntax"))),
        }
    }

    /// The body, which has to be there and JSON.
    fn needed_body(&self) -> Result<Value> {
        match self.asked.request.bytes.is_empty() {
            true => Err(Refusal::new(400, "got EOF while reading request body")),
            false => self.body(),
        }
    }

    /// The body, which has to be JSON.
    fn body(&self) -> Result<Value> {
        let bytes = &self.asked.request.bytes;
        serde_json::from_slice(bytes).map_err(|error| {
            let message =
                if error.is_eof() && !bytes.is_empty() { "unexpected EOF".to_owned() } else { error.to_string() };
            Refusal::new(500, if bytes.is_empty() { "EOF".to_owned() } else { message })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_lists_what_is_simulated_and_the_document_knows_it() {
        let readme = include_str!("../README.md");
        for (id, _) in HANDLERS {
            assert!(DOCUMENT.operation(id).is_some(), "{id}");
            assert!(readme.contains(&format!("`{id}`")), "{id}");
        }
        let rows = readme.lines().filter(|line| line.starts_with("| `"));
        let listed: usize = rows.map(|row| row.split(" | ").next().unwrap_or_default().matches('`').count() / 2).sum();
        assert_eq!(listed, HANDLERS.len());
    }
}
