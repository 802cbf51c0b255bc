//! Calls BuildKit's control API.

use std::{
    future::poll_fn,
    pin::pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::future::BoxFuture;
use http::uri::{PathAndQuery, Uri};
use prost::Message;
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::{Request, Status, Streaming, client::Grpc};
use tonic_prost::ProstCodec;

use super::{BuildKit, grpc_error, grpc_requests::GrpcRequests};
use crate::{
    ApiVersion, DockerClient, Error, Result,
    error::{Kind, Phase},
    request::Settings,
    transport::{connect_http2, poll_connection, within},
};

#[cfg(test)]
pub(super) mod fake;
#[cfg(test)]
mod tests;

/// The scheme and the authority of requests, which HTTP/2 requires.
const ORIGIN: &str = "http://localhost";

/// A connection to the control API. Dropping it closes the connection, which cancels the calls.
pub(crate) struct Control {
    calls: ControlCalls,
    /// Drives the connection. Ends when the connection does, with the reason.
    connection: BoxFuture<'static, Error>,
}

impl Control {
    /// Connects to BuildKit (`POST /grpc`). Only the headers of `settings` apply.
    pub(crate) async fn open(docker: &DockerClient, settings: &Settings) -> Result<Self> {
        let grpc = BuildKit::new(docker.clone()).grpc();
        let connection = grpc.settings(settings.clone().without_time_limit()).await?;
        let control = Self::over(connection, docker.limits().max_item_size).await;
        control.map_err(|error| error.during("buildkit_grpc"))
    }

    /// Uses `connection`. A received message has at most `max_message` bytes.
    pub(super) async fn over<C>(connection: C, max_message: usize) -> Result<Self>
    where
        C: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (requests, connection) = connect_http2(connection).await?;
        let connection = Box::pin(async move {
            Error::with_source(Kind::ConnectionLost("the connection to BuildKit was lost".into()), connection.await)
        });
        Ok(Self { calls: ControlCalls { requests: GrpcRequests::new(requests), max_message }, connection })
    }

    /// Returns the sender of calls. They make progress while the connection is polled.
    pub(crate) fn calls(&self) -> ControlCalls {
        self.calls.clone()
    }

    /// Waits for `call`, and polls the connection in the meantime. Fails if the connection ends first.
    pub(crate) async fn during<T>(&mut self, call: impl Future<Output = Result<T>>) -> Result<T> {
        let mut call = pin!(call);
        poll_fn(|cx: &mut Context<'_>| {
            let lost = poll_connection(&mut self.connection, cx);
            match call.as_mut().poll(cx) {
                Poll::Pending => lost.map(Err),
                outcome @ Poll::Ready(_) => outcome,
            }
        })
        .await
    }

    /// Makes a call with one response message.
    pub(super) async fn unary<Q, A>(&mut self, path: &'static str, message: Q) -> Result<A>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let call = self.calls().unary(path, message);
        self.during(async { call.await.map_err(grpc_error::error) }).await
    }

    /// Makes a call whose response is a stream, and returns its messages, of at most `limit` bytes.
    pub(super) async fn list<Q, A>(&mut self, path: &'static str, message: Q, limit: usize) -> Result<Vec<A>>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let call = self.calls().stream::<Q, A>(path, message);
        let messages = async {
            let mut stream = call.await.map_err(grpc_error::error)?;
            let (mut messages, mut left) = (Vec::new(), limit);
            while let Some(message) = stream.message().await.map_err(grpc_error::error)? {
                let Some(rest) = left.checked_sub(size_of::<A>() + message.encoded_len()) else {
                    let cause = format!("the response is larger than {limit} bytes (max_response_size)");
                    return Err(Error::new(Kind::Decode(cause)));
                };
                left = rest;
                messages.push(message);
            }
            Ok(messages)
        };
        self.during(messages).await
    }

    /// Returns the future that drives the connection, until it ends for the returned reason. It ends after the last
    /// response if all senders of calls are dropped.
    pub(crate) fn into_connection(self) -> BoxFuture<'static, Error> {
        self.connection
    }
}

/// Makes calls of the control API. Their futures and streams own what they need; dropping them cancels the call.
#[derive(Clone)]
pub(crate) struct ControlCalls {
    requests: GrpcRequests,
    max_message: usize,
}

impl ControlCalls {
    /// Makes a call with one response message.
    pub(crate) async fn unary<Q, A>(self, path: &'static str, message: Q) -> Result<A, Status>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let (mut grpc, codec) = (self.grpc(), ProstCodec::<Q, A>::default());
        let response = grpc.unary(Request::new(message), PathAndQuery::from_static(path), codec).await?;
        Ok(response.into_inner())
    }

    /// Makes a call whose response is a stream of messages. Some calls resolve only with the first message.
    ///
    /// The stream must not be polled after an error.
    pub(crate) async fn stream<Q, A>(self, path: &'static str, message: Q) -> Result<Streaming<A>, Status>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let (mut grpc, codec) = (self.grpc(), ProstCodec::<Q, A>::default());
        let response = grpc.server_streaming(Request::new(message), PathAndQuery::from_static(path), codec).await?;
        Ok(response.into_inner())
    }

    fn grpc(self) -> Grpc<GrpcRequests> {
        let origin = Uri::from_static(ORIGIN);
        Grpc::with_origin(self.requests, origin).max_decoding_message_size(self.max_message)
    }
}

/// Waits for a call that should complete quickly, for at most the response timeout.
pub(super) async fn within_response_timeout<T>(
    docker: &DockerClient,
    settings: &Settings,
    call: impl Future<Output = Result<T>>,
) -> Result<T> {
    let limit: Option<Duration> = settings.limits(docker.limits()).unwrap_or(*docker.limits()).response_timeout;
    within(limit, || Phase::Headers, call).await
}

/// Fails if the negotiated API version is older than `required`, which `part` of the call requires.
pub(super) async fn require(docker: &DockerClient, part: &str, required: ApiVersion) -> Result<()> {
    let negotiated = docker.negotiated_version().await?;
    if negotiated < required { Err(Error::requires(part, required, negotiated)) } else { Ok(()) }
}
