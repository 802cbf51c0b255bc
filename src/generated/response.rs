//! Decoding the responses of generated methods. Progenitor would keep all bytes of a list in memory with its items.

use http_body_util::BodyExt as _;
use progenitor_client::ResponseValue;
use reqwest::Response;

use super::{
    Hooks, Outcome, body_error,
    decode::{self, Limit, List, Object},
    hooks, response_body,
};
use crate::Result;

/// A value that a response is decoded to.
pub(super) trait Value: Sized {
    /// Reads and decodes `body`. Fails if it is larger than `limit`.
    fn read(body: reqwest::Body, limit: Limit) -> impl Future<Output = Result<Self>> + Send;
}

impl<T: Object> Value for T {
    async fn read(body: reqwest::Body, limit: Limit) -> Result<Self> {
        decode::decode_within(&response_body::collect(body, body_error).await?, limit)
    }
}

impl<T: Object + Send> Value for Vec<T> {
    async fn read(mut body: reqwest::Body, limit: Limit) -> Result<Self> {
        let mut list = List::new(limit);
        while let Some(frame) = body.frame().await {
            if let Ok(chunk) = frame.map_err(body_error)?.into_data() {
                list.push(chunk)?;
            }
        }
        list.finish()
    }
}

/// A JSON string.
impl Value for String {
    async fn read(body: reqwest::Body, limit: Limit) -> Result<Self> {
        decode::decode_unbudgeted(&response_body::collect(body, body_error).await?, limit)
    }
}

/// An object, which is its default if the body is empty.
struct OrEmpty<T>(T);

impl<T: Object> Value for OrEmpty<T> {
    async fn read(body: reqwest::Body, limit: Limit) -> Result<Self> {
        let bytes = response_body::collect(body, body_error).await?;
        let value = if bytes.is_empty() { T::default() } else { decode::decode_within(&bytes, limit)? };
        Ok(Self(value))
    }
}

/// For generated methods: decodes `response`. An error is passed on in a response, see [`hooks::carry`].
pub(super) async fn of<T: Value>(response: Response, hooks: &Hooks) -> Outcome<T> {
    let (head, body) = http::Response::<reqwest::Body>::from(response).into_parts();
    match T::read(body, hooks.limits().response()).await {
        Ok(value) => Ok(ResponseValue::new(value, head.status, head.headers)),
        Err(error) => Err(progenitor_client::Error::UnexpectedResponse(hooks::carry(error))),
    }
}

/// For generated methods: decodes `response`, which some engines send without a body.
pub(super) async fn of_or_empty<T: Object>(response: Response, hooks: &Hooks) -> Outcome<T> {
    let value = of::<OrEmpty<T>>(response, hooks).await?;
    let (status, headers) = (value.status(), value.headers().clone());
    Ok(ResponseValue::new(value.into_inner().0, status, headers))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{ServiceCreateResult, ServiceUpdateResult};

    async fn read<T: Value>(body: &'static str) -> Result<T> {
        T::read(reqwest::Body::from(body), Limit::response(1 << 20)).await
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
