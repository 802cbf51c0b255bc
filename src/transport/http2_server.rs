//! Serving HTTP/2 on a connection on which the engine is the client, as in BuildKit sessions.

use std::{convert::Infallible, future::poll_fn, pin::pin, task::Context};

use bytes::Bytes;
use http::{Request, Response};
use hyper::{server::conn::http2::Builder, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::http2_tasks::Tasks;
use crate::{Error, Result, error::Kind};

/// The body of a request of the engine.
pub(crate) use hyper::body::Incoming as RequestBody;

/// Maximum number of requests that the engine can have open at once. It waits with further ones.
const MAX_REQUESTS: u32 = 32;

/// Maximum number of bytes of a request that are received before they are processed.
const WINDOW: u32 = 64 << 10;

/// Flow-control window of the whole connection, in bytes. Larger than that of a stream, so that a request that is not
/// processed does not block the others, and because h2 closes connections on which too many small frames wait: it counts up
/// to 256 bytes for each, against half of this number. During file sync, BuildKit may fill the window of a request with
/// frames of 9 bytes.
const CONNECTION_WINDOW: u32 = 16 << 20;

/// Maximum number of bytes of the headers of a request. BuildKit sends each line of a `.dockerignore` in a header.
const MAX_HEADERS: u32 = 256 << 10;

/// Maximum number of bytes of a response that wait to be sent.
const MAX_WAITING: usize = 64 << 10;

/// Serves the requests of the engine with `respond` until the engine closes the connection.
///
/// Spawns no tasks: the responses make progress when this future is polled, and end when it is dropped.
pub(crate) async fn serve_http2<C, R, F, B>(connection: C, respond: R) -> Result<()>
where
    C: AsyncRead + AsyncWrite + Unpin,
    R: Fn(Request<RequestBody>) -> F,
    F: Future<Output = Response<B>> + Send + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    let mut tasks = Tasks::default();
    let mut builder = Builder::new(tasks.executor());
    builder
        .max_concurrent_streams(MAX_REQUESTS)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(MAX_HEADERS)
        .max_send_buf_size(MAX_WAITING);
    let service = service_fn(move |request| {
        let response = respond(request);
        async move { Ok::<_, Infallible>(response.await) }
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(connection), service));
    let end = poll_fn(|cx: &mut Context<'_>| {
        let end = connection.as_mut().poll(cx);
        if end.is_pending() {
            _ = tasks.poll(cx);
        }
        end
    });
    end.await.map_err(|error| Error::with_source(Kind::ConnectionLost("the connection failed".into()), error))
}

/// The engine's end of a connection.
#[cfg(test)]
pub(crate) mod peer {
    use hyper::client::conn::http2::{self, SendRequest};
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use tokio::io::DuplexStream;

    pub(crate) type Body = http_body_util::combinators::UnsyncBoxBody<bytes::Bytes, std::convert::Infallible>;

    pub(crate) type Requests = SendRequest<Body>;

    pub(crate) async fn connect(connection: DuplexStream) -> Requests {
        let (requests, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(connection)).await.unwrap();
        tokio::spawn(connection);
        requests
    }
}
