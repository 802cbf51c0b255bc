//! Responses to gRPC calls of clients.

use std::future::{Ready, ready};

use futures_util::{
    Stream,
    future::{FutureExt as _, Map},
};
use http::{Request, Response};
use hyper::body::Incoming;
use prost::Message;
use tonic::{
    Status,
    body::Body,
    server::{Grpc, ServerStreamingService, UnaryService},
};
use tonic_prost::ProstCodec;

/// Responds to a call with one message.
pub(super) async fn unary<Q, A, F>(request: Request<Incoming>, respond: impl FnMut(Q) -> F + Send) -> Response<Body>
where
    Q: Message + Default + 'static,
    A: Message + 'static,
    F: Future<Output = Result<A, Status>> + Send,
{
    Grpc::new(ProstCodec::<A, Q>::default()).unary(Unary(respond), request).await
}

/// Responds to a call with a stream of messages.
pub(super) async fn stream<Q, A, S>(request: Request<Incoming>, respond: impl FnMut(Q) -> S + Send) -> Response<Body>
where
    Q: Message + Default + 'static,
    A: Message + 'static,
    S: Stream<Item = Result<A, Status>> + Send + 'static,
{
    Grpc::new(ProstCodec::<A, Q>::default()).server_streaming(ServerStreaming(respond), request).await
}

struct Unary<T>(T);

impl<T, Q, A, F> UnaryService<Q> for Unary<T>
where
    T: FnMut(Q) -> F,
    F: Future<Output = Result<A, Status>>,
{
    type Response = A;
    type Future = Map<F, fn(Result<A, Status>) -> Result<tonic::Response<A>, Status>>;

    fn call(&mut self, request: tonic::Request<Q>) -> Self::Future {
        (self.0)(request.into_inner()).map(|response| response.map(tonic::Response::new))
    }
}

struct ServerStreaming<T>(T);

impl<T, Q, A, S> ServerStreamingService<Q> for ServerStreaming<T>
where
    T: FnMut(Q) -> S,
    S: Stream<Item = Result<A, Status>>,
{
    type Response = A;
    type ResponseStream = S;
    type Future = Ready<Result<tonic::Response<S>, Status>>;

    fn call(&mut self, request: tonic::Request<Q>) -> Self::Future {
        ready(Ok(tonic::Response::new((self.0)(request.into_inner()))))
    }
}
