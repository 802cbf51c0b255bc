//! Differences between the Docker releases that the fake engine imitates.

use dockerclient::ApiVersion;

use crate::{Request, Response, api_error::ApiError};

/// The Docker release whose behavior is imitated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Release {
    /// Docker 20.10.
    V20_10,
    /// Docker 1.6.
    V1_6,
}

impl Release {
    /// The newest API version that the release supports.
    pub(crate) fn newest_api(self) -> ApiVersion {
        match self {
            Self::V20_10 => ApiVersion::new(1, 41),
            Self::V1_6 => ApiVersion::new(1, 18),
        }
    }

    /// The oldest API version that the release supports.
    pub(crate) fn oldest_api(self) -> ApiVersion {
        match self {
            Self::V20_10 => ApiVersion::new(1, 12),
            Self::V1_6 => ApiVersion::new(1, 0),
        }
    }

    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::V20_10 => "20.10.24",
            Self::V1_6 => "1.6.2",
        }
    }

    /// An error whose status differs between the two releases.
    pub(crate) fn error(self, v20_10: u16, v1_6: u16, message: impl Into<String>) -> ApiError {
        ApiError::new(if self == Self::V20_10 { v20_10 } else { v1_6 }, message)
    }

    pub(crate) fn no_such_container(self, name: &str) -> String {
        match self {
            Self::V20_10 => format!("No such container: {name}"),
            Self::V1_6 => format!("no such id: {name}"),
        }
    }

    pub(crate) fn no_such_image(self, name: &str, full: &str) -> String {
        match self {
            Self::V20_10 => format!("No such image: {full}"),
            Self::V1_6 => format!("No such image: {name}"),
        }
    }

    pub(crate) fn no_such_route(self) -> ApiError {
        ApiError::not_found(if self == Self::V20_10 { "page not found" } else { "404 page not found" })
    }

    /// The response to a request for an unsupported API version.
    pub(crate) fn unsupported_version(self, requested: ApiVersion, newest: ApiVersion) -> Response {
        match self {
            Self::V20_10 if requested > newest => Response::json(
                400,
                &format!(
                    "{{\"message\":\"client version {requested} is too new. Maximum supported API version is {newest}\"}}\n"
                ),
            ),
            Self::V20_10 => Response::json(
                400,
                &format!(
                    "{{\"message\":\"client version {requested} is too old. Minimum supported API version is {}, please \
                     upgrade your client to a newer version\"}}\n",
                    self.oldest_api()
                ),
            ),
            Self::V1_6 => Response::text(
                404,
                &format!("client and server don't have same version (client : {requested}, server: {newest})\n"),
            ),
        }
    }

    /// The response for an error: JSON since API 1.24, otherwise plain text.
    pub(crate) fn error_response(self, error: &ApiError, version: ApiVersion) -> Response {
        if self == Self::V20_10 && version >= ApiVersion::new(1, 24) {
            let message = serde_json::json!({ "message": error.message });
            return Response::json(error.status, &format!("{message}\n"));
        }
        Response::text(error.status, &format!("{}\n", error.message))
    }

    /// Adds the headers that the release sends with every response.
    pub(crate) fn add_headers(self, response: Response, newest: ApiVersion) -> Response {
        match self {
            Self::V20_10 => {
                let response =
                    response.header("Api-Version", &newest.to_string()).header("Docker-Experimental", "false");
                response.header("Ostype", "linux").header("Server", &format!("Docker/{} (linux)", self.version()))
            }
            Self::V1_6 => response,
        }
    }

    /// A response without a body.
    pub(crate) fn empty(self, status: u16) -> Response {
        match self {
            Self::V1_6 if status < 204 => Response::with_type(status, "text/plain; charset=utf-8", ""),
            _ => Response::empty(status),
        }
    }

    /// The status and headers of the response that begins a hijacked connection.
    pub(crate) fn hijack_headers(self, request: &Request) -> (u16, Vec<(String, String)>) {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let kind = header("Content-Type", "application/vnd.docker.raw-stream");
        match request.header_has("upgrade", "tcp") {
            true => (101, vec![kind, header("Connection", "Upgrade"), header("Upgrade", "tcp")]),
            false => (200, vec![kind]),
        }
    }
}
