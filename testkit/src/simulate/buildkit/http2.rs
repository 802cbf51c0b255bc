//! HTTP/2 on connections that were upgraded.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use hyper::{body::Incoming, client::conn::http2::SendRequest, rt::Executor, service::service_fn};
use hyper_util::rt::TokioIo;
use tonic::body::Body;
use tower_service::Service;

use crate::{server::Server, session::Session};

/// Spawns the tasks of a connection, which are aborted with the connections of the engine.
#[derive(Clone)]
struct Tasks(Arc<Server>);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Tasks {
    fn execute(&self, task: F) {
        self.0.spawn_connection(task);
    }
}

/// Serves the requests of a client with `respond`, until the client closes the connection.
pub(super) async fn serve<R, F>(server: &Arc<Server>, connection: Session, respond: R)
where
    R: Fn(Request<Incoming>) -> F + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let service = service_fn(move |request| {
        let response = respond(request);
        async move { Ok::<_, Infallible>(response.await) }
    });
    let builder = hyper::server::conn::http2::Builder::new(Tasks(Arc::clone(server)));
    // Fails if the client closes the connection without notice.
    let _ = builder.serve_connection(TokioIo::new(connection.into_stream()), service).await;
}

/// Connects to a server that the client runs on `connection`. The returned future drives the connection until it is
/// closed.
pub(super) async fn connect(
    server: &Arc<Server>,
    connection: Session,
) -> hyper::Result<(Requests, impl Future<Output = ()> + Send)> {
    let io = TokioIo::new(connection.into_stream());
    let (requests, connection) = hyper::client::conn::http2::handshake(Tasks(Arc::clone(server)), io).await?;
    let driven = async move {
        // Fails if the client closes the connection without notice.
        let _ = connection.await;
    };
    Ok((Requests(requests), driven))
}

/// Sends requests to a server that the client runs.
#[derive(Clone, Debug)]
pub(super) struct Requests(SendRequest<Body>);

impl Service<Request<Body>> for Requests {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = hyper::Result<Response<Incoming>>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}
