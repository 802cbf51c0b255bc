//! Requests and answers over pooled connections.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};

use super::{Answer, Connection, Connector, Endpoint, pooled, wanted};
use crate::{
    Error, Result,
    error::{Kind, Phase},
};

/// How long each phase of a call may take (`None` is for ever), and how long what comes may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// From dialling to an open connection.
    pub(crate) connect: Option<Duration>,
    /// From sending a request to the head of its answer.
    pub(crate) answer: Option<Duration>,
    /// Between two pieces of an answer that is one document.
    pub(crate) body: Option<Duration>,
    /// The longest item of a stream, in bytes.
    pub(crate) item: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Some(Duration::from_secs(10)),
            answer: Some(Duration::from_secs(60)),
            body: Some(Duration::from_secs(60)),
            item: 16 << 20,
        }
    }
}

/// How long a connection that nobody needs stays open.
const IDLE: Duration = Duration::from_secs(30);

/// How many connections that nobody needs stay open.
const MOST_IDLE: usize = 64;

/// A pool of connections to one engine.
#[derive(Clone, Debug)]
pub(crate) struct HttpClient {
    pool: Client<Connector, reqwest::Body>,
    connector: Connector,
}

impl HttpClient {
    pub(crate) fn new(connector: Connector) -> Self {
        let pool = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MOST_IDLE)
            .build(connector.clone());
        Self { pool, connector }
    }

    /// Where the engine is.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        self.connector.endpoint()
    }

    /// Sends `request` and resolves with the head of the answer, within `limit`.
    pub(crate) async fn send(
        &self,
        request: Request<reqwest::Body>,
        limit: Option<Duration>,
    ) -> Result<Response<Answer>> {
        let (parts, body) = request.into_parts();
        let send = async |body| within(limit, self.ask(Request::from_parts(parts, body))).await;
        wanted::tied(body, send).await
    }

    /// Sends `request`, and again for as long as that cannot do harm: it only reads, and went out on a kept connection
    /// that the engine gave up without a word. The pool itself sends again what it had not begun to write.
    async fn ask(&self, mut request: Request<reqwest::Body>) -> Result<Response<Incoming>> {
        loop {
            let (parts, body) = request.into_parts();
            let reads = parts.method.is_safe() && body.as_bytes().is_some_and(<[u8]>::is_empty);
            let copy = reads.then(|| Request::from_parts(parts.clone(), reqwest::Body::default()));
            match self.pool.request(Request::from_parts(parts, body)).await {
                Ok(response) => return Ok(response),
                Err(error) => match copy.filter(|_| pooled::was_given_up(&error)) {
                    Some(copy) => request = copy,
                    None => return Err(self.connector.explain(error)),
                },
            }
        }
    }

    /// Sends `request` on a connection of its own, and resolves with the head of the answer and that connection.
    pub(crate) async fn open(&self, request: Request<Bytes>, limit: Option<Duration>) -> Result<Response<Connection>> {
        within(limit, Connection::open(&self.connector, request)).await
    }
}

/// The head of the `answer`, if it comes within `limit`.
async fn within<T>(limit: Option<Duration>, answer: impl Future<Output = Result<T>>) -> Result<T> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, answer)
            .await
            .unwrap_or_else(|_| Err(Error::new(Kind::Timeout { phase: Phase::Answer, limit }))),
        None => answer.await,
    }
}
