//! Requests over HTTP/2 on a connection on which the engine is the server, as for BuildKit's control API.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::{
    body::Incoming,
    client::conn::http2::{Builder, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

use super::http2_tasks::Tasks;
use crate::{Error, Result, error::Kind};

/// Maximum number of bytes of a response that are received before they are processed.
const WINDOW: u32 = 256 << 10;

/// Flow-control window of the whole connection, in bytes. Larger than that of a stream, so that a response that is not
/// processed does not block the others, and because h2 closes connections on which too many small frames wait; see
/// [`serve_http2`](super::serve_http2).
const CONNECTION_WINDOW: u32 = 8 << 20;

/// Maximum number of bytes of the headers, and of the trailers, of a response. The trailers of a failed build contain
/// its Dockerfile and stack traces.
const MAX_HEADERS: u32 = 1 << 20;

/// Maximum number of requests that are open before the engine has sent its own limit.
const FIRST_REQUESTS: usize = 16;

/// Opens an HTTP/2 connection. Returns the sender of requests, and the future that drives the connection and returns
/// the reason why it ended.
///
/// Spawns no tasks: requests and responses make progress when the future is polled, and fail when it is dropped. It
/// ends after the last response if all senders are dropped. Dropping a response, or the future of one, resets its
/// stream.
pub(crate) async fn connect_http2<C, B>(connection: C) -> Result<(Http2Requests<B>, BoxFuture<'static, Error>)>
where
    C: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + Unpin + 'static,
{
    let tasks = Tasks::default();
    let mut builder = Builder::new(tasks.executor());
    builder
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_max_send_streams(FIRST_REQUESTS)
        .max_header_list_size(MAX_HEADERS);
    let (requests, connection) = builder.handshake(TokioIo::new(connection)).await.map_err(failed)?;
    Ok((Http2Requests(requests), Box::pin(drive(connection, tasks))))
}

/// Drives the part of a connection that accepts requests, and its tasks. Returns the reason why it ended.
async fn drive<F>(connection: F, mut tasks: Tasks) -> Error
where
    F: Future<Output = hyper::Result<()>>,
{
    let mut connection = Some(Box::pin(connection));
    let mut end = Ok(());
    poll_fn(|cx| {
        if let Some(open) = &mut connection
            && let Poll::Ready(outcome) = open.as_mut().poll(cx)
        {
            // Dropped, so that the connection closes after the last response.
            (connection, end) = (None, outcome);
        }
        if tasks.poll(cx).is_ready() && connection.is_none() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    match end {
        Ok(()) => Error::new(Kind::ConnectionLost("the connection was closed".into())),
        Err(error) => failed(error),
    }
}

/// Sends requests over a connection.
pub(crate) struct Http2Requests<B>(SendRequest<B>);

impl<B> Clone for Http2Requests<B> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<B: Body + Send + 'static> Service<Request<B>> for Http2Requests<B> {
    type Response = Response<Http2Body>;
    type Error = Error;
    type Future = BoxFuture<'static, Result<Response<Http2Body>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.0.poll_ready(cx).map_err(failed)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let response = self.0.send_request(request);
        Box::pin(async move { Ok(response.await.map_err(lost)?.map(Http2Body)) })
    }
}

/// The body of a response.
pub(crate) struct Http2Body(Incoming);

impl Body for Http2Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        Pin::new(&mut self.0).poll_frame(cx).map_err(lost)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

fn failed(error: hyper::Error) -> Error {
    Error::with_source(Kind::ConnectionLost("the connection failed".into()), error)
}

/// The connection was lost, or the engine reset the stream of the response.
fn lost(error: hyper::Error) -> Error {
    Error::with_source(Kind::ConnectionLost("connection lost before the end of the response".into()), error)
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, time::Duration};

    use futures_util::{
        FutureExt as _, StreamExt as _,
        future::{self, Either},
        stream,
    };
    use http::{HeaderMap, HeaderName, HeaderValue};
    use http_body_util::{BodyExt as _, Full, StreamBody};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
        sync::{mpsc, oneshot},
    };

    use super::*;
    use crate::transport::{RequestBody, peer, serve_http2};

    type Requests = Http2Requests<Full<Bytes>>;

    fn request(path: &str) -> Request<Full<Bytes>> {
        Request::post(format!("http://localhost{path}")).body(Full::default()).unwrap()
    }

    /// Makes `calls` on a connection to a server that responds with `respond`, without spawning tasks.
    async fn with_server<T, F>(respond: impl Fn(Request<RequestBody>) -> F, calls: impl AsyncFnOnce(Requests) -> T) -> T
    where
        F: Future<Output = Response<peer::Body>> + Send + 'static,
    {
        let (near, far) = duplex(1 << 10);
        let client = async {
            let (requests, connection) = connect_http2(near).await.unwrap();
            match future::select(Box::pin(calls(requests)), connection).await {
                Either::Left((outcome, _)) => outcome,
                Either::Right((_, calls)) => calls.await,
            }
        };
        match future::select(Box::pin(client), Box::pin(serve_http2(far, respond))).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right((_, client)) => client.await,
        }
    }

    fn full(text: impl Into<Bytes>) -> Response<peer::Body> {
        Response::new(Full::new(text.into()).boxed_unsync())
    }

    fn frames(frames: impl futures_core::Stream<Item = Frame<Bytes>> + Send + 'static) -> Response<peer::Body> {
        Response::new(StreamBody::new(frames.map(Ok::<_, Infallible>)).boxed_unsync())
    }

    #[tokio::test]
    async fn http2_requests_are_processed_at_the_same_time() {
        let respond = |request: Request<RequestBody>| future::ready(full(request.uri().path().repeat(2_000)));
        with_server(respond, async |requests: Requests| {
            let calls = (0..200).map(|number| {
                let mut requests = requests.clone();
                async move {
                    let path = format!("/{number}");
                    let response = requests.call(request(&path)).await.unwrap();
                    let body = response.into_body().collect().await.unwrap().to_bytes();
                    assert_eq!(body, path.repeat(2_000));
                }
            });
            future::join_all(calls).await;
        })
        .await;
    }

    #[tokio::test]
    async fn http2_response_trailers_are_limited() {
        let respond = |request: Request<RequestBody>| {
            let size = if request.uri().path() == "/large" { 700 << 10 } else { 2 << 20 };
            let details = HeaderValue::from_str(&"x".repeat(size)).unwrap();
            let trailers = HeaderMap::from_iter([(HeaderName::from_static("details"), details)]);
            future::ready(frames(stream::iter([Frame::trailers(trailers)])))
        };
        with_server(respond, async |mut requests: Requests| {
            let response = requests.call(request("/large")).await.unwrap();
            let collected = response.into_body().collect().await.unwrap();
            assert_eq!(collected.trailers().unwrap()["details"].len(), 700 << 10);
            let outcome = match requests.call(request("/too-large")).await {
                Ok(response) => response.into_body().collect().await.map(drop),
                Err(error) => Err(error),
            };
            assert!(outcome.unwrap_err().is_connection_lost());
        })
        .await;
    }

    /// Sends a message when it is dropped.
    struct OnDrop(mpsc::UnboundedSender<()>);

    impl Drop for OnDrop {
        fn drop(&mut self) {
            _ = self.0.send(());
        }
    }

    #[tokio::test]
    async fn http2_stream_is_reset_when_its_request_is_dropped() {
        let (sender, mut dropped) = mpsc::unbounded_channel();
        let respond = move |request: Request<RequestBody>| {
            let guard = OnDrop(sender.clone());
            async move {
                let _guard = guard;
                if request.uri().path() == "/stalled" {
                    future::pending::<()>().await;
                }
                full("done")
            }
        };
        with_server(respond, async |mut requests: Requests| {
            let mut stalled = requests.call(request("/stalled"));
            assert!((&mut stalled).now_or_never().is_none());
            // The server receives this request after the stalled one.
            requests.call(request("/")).await.unwrap();
            dropped.recv().await.unwrap();
            assert!(dropped.try_recv().is_err(), "the stalled request is no longer processed");
            drop(stalled);
            dropped.recv().await.unwrap();
            requests.call(request("/")).await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn http2_stream_is_reset_when_its_response_is_dropped() {
        let (sender, mut dropped) = mpsc::unbounded_channel();
        let respond = move |_: Request<RequestBody>| {
            let guard = OnDrop(sender.clone());
            let endless = stream::iter(["first"]).chain(stream::pending()).map(move |text| {
                let _guard = &guard;
                Frame::data(Bytes::from_static(text.as_bytes()))
            });
            future::ready(frames(endless))
        };
        with_server(respond, async |mut requests: Requests| {
            let mut body = requests.call(request("/")).await.unwrap().into_body();
            assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "first");
            assert!(dropped.try_recv().is_err(), "the response is no longer sent");
            drop(body);
            dropped.recv().await.unwrap();
        })
        .await;
    }

    /// A connection to a server that does not respond.
    struct Stalled {
        requests: Requests,
        response: BoxFuture<'static, Result<Response<Http2Body>>>,
        connection: BoxFuture<'static, Error>,
        server: DuplexStream,
    }

    impl Stalled {
        async fn new() -> Self {
            let (near, mut server) = duplex(64 << 10);
            let (mut requests, mut connection) = connect_http2::<_, Full<Bytes>>(near).await.unwrap();
            let response = requests.call(request("/"));
            assert!((&mut connection).now_or_never().is_none());
            assert!(server.read(&mut [0; 24]).await.unwrap() > 0);
            Self { requests, response, connection, server }
        }
    }

    #[tokio::test]
    async fn lost_http2_connection_ends_its_requests() {
        let Stalled { mut requests, response, connection, server } = Stalled::new().await;
        drop(server);
        let (response, reason) = future::join(response, connection).await;
        assert!(response.err().unwrap().is_connection_lost());
        assert!(reason.is_connection_lost(), "{reason}");
        assert!(requests.call(request("/")).await.err().unwrap().is_connection_lost());
        assert!(future::poll_fn(|cx| requests.poll_ready(cx)).await.unwrap_err().is_connection_lost());
    }

    #[tokio::test]
    async fn dropped_http2_connection_ends_its_requests() {
        let Stalled { mut requests, response, connection, mut server } = Stalled::new().await;
        drop(connection);
        assert!(response.await.err().unwrap().is_connection_lost());
        assert!(requests.call(request("/")).await.err().unwrap().is_connection_lost());
        server.read_to_end(&mut Vec::new()).await.unwrap();
    }

    #[tokio::test]
    async fn http2_connection_to_another_protocol_fails() {
        for garbage in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], &[0; 64], &[0xff; 64], &[0, 0, 0, 4, 0, 0, 0, 0, 1]] {
            let Stalled { requests, response, connection, mut server } = Stalled::new().await;
            server.write_all(garbage).await.unwrap();
            let (response, reason) = future::join(response, connection).await;
            assert!(response.err().unwrap().is_connection_lost());
            assert!(reason.is_connection_lost(), "{reason}");
            drop(requests);
        }
    }

    #[tokio::test]
    async fn http2_connection_ends_after_the_last_response() {
        let (near, far) = duplex(1 << 10);
        let (release, released) = oneshot::channel::<()>();
        let released = released.shared();
        let respond = move |_: Request<RequestBody>| {
            let released = released.clone();
            async move {
                _ = released.await;
                full("done")
            }
        };
        let server = tokio::spawn(serve_http2(far, respond));
        let (mut requests, mut connection) = connect_http2::<_, Full<Bytes>>(near).await.unwrap();
        let response = requests.call(request("/"));
        drop(requests);
        let ended = tokio::time::timeout(Duration::from_millis(50), &mut connection).await;
        assert!(ended.is_err(), "the connection ended before the response");
        release.send(()).unwrap();
        let body = async { response.await.unwrap().into_body().collect().await.unwrap().to_bytes() };
        let (body, reason) = future::join(body, connection).await;
        assert_eq!((&*body, reason.is_connection_lost()), (&b"done"[..], true));
        _ = server.await.unwrap();
    }
}
