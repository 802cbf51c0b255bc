//! What generated methods return: decoded here, as progenitor would hold all bytes of a list beside its items.

use http_body_util::BodyExt as _;
use progenitor_client::ResponseValue;
use reqwest::Response;
use serde::de::DeserializeOwned;

use super::{Outcome, answer::LONGEST_DOCUMENT, body_error, hooks, list::List, object::Object};
use crate::Result;

/// A value that an engine answers with.
pub(super) trait Value: Sized {
    /// The value that `body` is.
    fn read(body: reqwest::Body) -> impl Future<Output = Result<Self>> + Send;
}

impl<T: Object + DeserializeOwned> Value for T {
    async fn read(body: reqwest::Body) -> Result<Self> {
        super::decode(&body.collect().await.map_err(body_error)?.to_bytes())
    }
}

impl<T: Object + DeserializeOwned + Send> Value for Vec<T> {
    async fn read(mut body: reqwest::Body) -> Result<Self> {
        let mut list = List::new(LONGEST_DOCUMENT);
        while let Some(frame) = body.frame().await {
            if let Ok(piece) = frame.map_err(body_error)?.into_data() {
                list.push(piece)?;
            }
        }
        list.finish()
    }
}

/// For generated methods: the value that `response` brings. A failure travels on as [`hooks::carry`] packs it.
pub(super) async fn of<T: Value>(response: Response) -> Outcome<T> {
    let (head, body) = http::Response::<reqwest::Body>::from(response).into_parts();
    match T::read(body).await {
        Ok(value) => Ok(ResponseValue::new(value, head.status, head.headers)),
        Err(error) => Err(progenitor_client::Error::UnexpectedResponse(hooks::carry(error))),
    }
}
