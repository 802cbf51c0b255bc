//! A request and the API operation that it calls.

use dockerclient::ApiVersion;

use crate::{Request, specification::Operation};

/// A request that was matched with an operation of the OpenAPI document.
pub(crate) struct ApiCall {
    pub(crate) request: Request,
    pub(crate) operation: &'static Operation,
    pub(crate) version: ApiVersion,
    pub(crate) path: Vec<(String, String)>,
}

impl ApiCall {
    /// The first path parameter: a name or an id.
    pub(crate) fn name(&self) -> &str {
        self.path.first().map_or("", |(_, value)| value)
    }

    /// The value of an argument: a path parameter, a query parameter, or a field of the body.
    pub(crate) fn argument(&self, name: &str) -> Option<String> {
        let in_path = self.path.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        in_path.or_else(|| self.request.query(name)).or_else(|| {
            let value = self.request.json()?.get(name)?.clone();
            Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        })
    }

    /// The value of a boolean parameter, parsed as engines do.
    pub(crate) fn flag(&self, name: &str) -> bool {
        let value = self.request.query(name).unwrap_or_default().to_lowercase();
        !matches!(value.as_str(), "" | "0" | "no" | "false" | "none")
    }
}
