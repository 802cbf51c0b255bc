//! BuildKit: sessions, the control API, and builds.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;
use tonic::Status;

use self::{builds::Builds, file_sync::ReceivedFiles, sessions::Sessions};
use super::Handler;
use crate::{
    Request, Response,
    api_error::{ApiError, Result},
    server::Server,
    session::Session,
};

mod builder;
mod builds;
mod control;
mod file_sync;
mod graph;
mod http2;
mod plan;
mod prepare;
mod request;
mod respond;
mod rest;
mod sessions;
mod solve;

pub(super) use self::rest::build;

pub(super) const HANDLERS: &[(&str, Handler)] = &[
    ("buildkit_grpc", |context| Box::pin(control::connect(context))),
    ("buildkit_session", |context| Box::pin(sessions::open(context))),
];

/// BuildKit's state.
#[derive(Default)]
pub(crate) struct BuildKit {
    sessions: Sessions,
    builds: Builds,
    /// Files that clients have sent.
    received: ReceivedFiles,
    /// Builds that can be cancelled by their id.
    cancellable: Mutex<BTreeMap<String, Arc<Notify>>>,
}

impl BuildKit {
    fn cancellable(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Notify>>> {
        self.cancellable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Cancels the build with this id, if there is one.
pub(super) fn cancel(server: &Server, build_id: &str) {
    if let Some(cancelled) = server.buildkit.cancellable().get(build_id) {
        cancelled.notify_one();
    }
}

/// Returns an error with this status unless the request switches to HTTP/2.
fn require_upgrade(request: &Request, status: u16) -> Result<()> {
    match request.header("upgrade") {
        Some("h2c") => Ok(()),
        Some(other) => Err(ApiError::new(status, format!("protocol {other} not supported"))),
        None => Err(ApiError::new(status, "no upgrade proto in request")),
    }
}

/// The response that switches to HTTP/2, and `run`, which takes over the connection.
fn upgraded<F: Future<Output = ()> + Send + 'static>(run: impl FnOnce(Session) -> F + Send + 'static) -> Response {
    Response::session(101, run).header("Connection", "Upgrade").header("Upgrade", "h2c")
}

fn not_simulated(what: &str) -> Status {
    Status::unimplemented(format!("the fake engine does not simulate {what}"))
}
