//! Responses of generated methods, and their decoding. Progenitor would keep all bytes of a list in memory with its items.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;

use super::{
    Body, Hooks, Outcome,
    decode::{self, Limit, List, Object},
    response_body::{self, LimitedBody},
};
use crate::{Error, Result, error::Kind, transport::ResponseBody};

/// A response over a pooled connection. Without a body, it was received on a dedicated connection, which the caller has.
pub(super) type Response = http::Response<Option<ResponseBody>>;

/// The result of a generated method.
#[derive(Debug)]
pub(crate) struct Received<T> {
    pub(super) value: T,
    pub(super) headers: HeaderMap,
}

/// A body that is decoded.
pub(super) trait Source: hyper::body::Body<Data = Bytes, Error = Error> + Send + Unpin {}

impl<B: hyper::body::Body<Data = Bytes, Error = Error> + Send + Unpin> Source for B {}

/// A type that a response can be decoded to.
pub(super) trait Value: Sized {
    /// Reads and decodes `body`. Fails if it is larger than `limit`.
    fn read(body: impl Source, limit: Limit) -> impl Future<Output = Result<Self>> + Send;
}

impl<T: Object> Value for T {
    async fn read(body: impl Source, limit: Limit) -> Result<Self> {
        decode::decode_within(&response_body::collect(body).await?, limit)
    }
}

impl<T: Object + Send> Value for Vec<T> {
    async fn read(mut body: impl Source, limit: Limit) -> Result<Self> {
        let mut list = List::new(limit);
        while let Some(frame) = body.frame().await {
            if let Ok(chunk) = frame?.into_data() {
                list.push(chunk)?;
            }
        }
        list.finish()
    }
}

/// A JSON string.
impl Value for String {
    async fn read(body: impl Source, limit: Limit) -> Result<Self> {
        decode::decode_unbudgeted(&response_body::collect(body).await?, limit)
    }
}

/// An object, which is its default if the body is empty.
struct OrEmpty<T>(T);

impl<T: Object> Value for OrEmpty<T> {
    async fn read(body: impl Source, limit: Limit) -> Result<Self> {
        let bytes = response_body::collect(body).await?;
        let value = if bytes.is_empty() { T::default() } else { decode::decode_within(&bytes, limit)? };
        Ok(Self(value))
    }
}

/// For generated methods: decodes `response`.
pub(super) async fn of<T: Value>(response: Response, hooks: &Hooks) -> Outcome<T> {
    let (head, body) = response.into_parts();
    let body = body.ok_or_else(|| Error::internal("the response is not on a pooled connection"))?;
    let limit = hooks.limits().response();
    let value = T::read(LimitedBody::document(body, hooks.limits().read_timeout, limit), limit).await?;
    Ok(Received { value, headers: head.headers })
}

/// For generated methods: decodes `response`, which some engines send without a body.
pub(super) async fn of_or_empty<T: Object>(response: Response, hooks: &Hooks) -> Outcome<T> {
    let Received { value: OrEmpty(value), headers } = of::<OrEmpty<T>>(response, hooks).await?;
    Ok(Received { value, headers })
}

/// For generated methods: ignores the body of `response`.
#[allow(clippy::unused_async)]
pub(super) async fn empty(response: Response, _: &Hooks) -> Outcome<()> {
    Ok(Received { value: (), headers: response.into_parts().0.headers })
}

/// For generated methods: returns the body of `response` as a stream.
#[allow(clippy::unused_async)]
pub(super) async fn stream(response: Response, _: &Hooks) -> Outcome<Body> {
    let (head, body) = response.into_parts();
    Ok(Received { value: Body::http(body), headers: head.headers })
}

/// For generated methods: the error that the operation does not have the `status`.
pub(super) fn unexpected<T>(status: StatusCode) -> Outcome<T> {
    let message = status.canonical_reason().unwrap_or("").to_owned();
    Err(Error::new(Kind::Status { status: status.as_u16(), message }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{ServiceCreateResult, ServiceUpdateResult};

    async fn read<T: Value>(body: &'static str) -> Result<T> {
        let body = http_body_util::Full::from(body).map_err(|error| match error {});
        T::read(body, Limit::response(1 << 20)).await
    }

    #[tokio::test]
    async fn empty_body_is_an_empty_object_if_allowed() {
        let read_or_empty = async |body| read::<OrEmpty<ServiceUpdateResult>>(body).await.unwrap().0;
        assert_eq!(read_or_empty("").await, ServiceUpdateResult::default());
        assert_eq!(read_or_empty(r#"{"Warnings":["a"]}"#).await.warnings, ["a"]);
        assert!(read::<ServiceCreateResult>("").await.is_err());
    }

    #[tokio::test]
    async fn json_string() {
        assert_eq!(read::<String>("\"mk4lydcgh1v0fcfnbmqw2pt2e\"\n").await.unwrap(), "mk4lydcgh1v0fcfnbmqw2pt2e");
        assert!(read::<String>("mk4l").await.is_err());
    }
}
