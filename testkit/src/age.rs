//! What engines of different ages do differently.

use dockerclient::ApiVersion;

use crate::{Reply, Request, refusal::Refusal};

/// How the double behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// As engine 20.10.
    Modern,
    /// As engine 1.6.
    Old,
}

impl Age {
    /// The newest API that such an engine speaks.
    pub(crate) fn newest(self) -> ApiVersion {
        match self {
            Self::Modern => ApiVersion::new(1, 41),
            Self::Old => ApiVersion::new(1, 18),
        }
    }

    pub(crate) fn oldest(self) -> ApiVersion {
        match self {
            Self::Modern => ApiVersion::new(1, 12),
            Self::Old => ApiVersion::new(1, 0),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Modern => "20.10.24",
            Self::Old => "1.6.2",
        }
    }

    /// A refusal to which engines of the two ages give different statuses.
    pub(crate) fn refusal(self, modern: u16, old: u16, message: impl Into<String>) -> Refusal {
        Refusal::new(if self == Self::Modern { modern } else { old }, message)
    }

    pub(crate) fn no_such_container(self, name: &str) -> String {
        match self {
            Self::Modern => format!("No such container: {name}"),
            Self::Old => format!("no such id: {name}"),
        }
    }

    pub(crate) fn no_such_image(self, name: &str, full: &str) -> String {
        match self {
            Self::Modern => format!("No such image: {full}"),
            Self::Old => format!("No such image: {name}"),
        }
    }

    pub(crate) fn no_such_route(self) -> Refusal {
        Refusal::not_found(if self == Self::Modern { "page not found" } else { "404 page not found" })
    }

    /// A version that the engine does not speak.
    pub(crate) fn wrong_version(self, asked: ApiVersion, newest: ApiVersion) -> Reply {
        match self {
            Self::Modern if asked > newest => Reply::json(
                400,
                &format!(
                    "{{\"message\":\"client version {asked} is too new. Maximum supported API version is {newest}\"}}\n"
                ),
            ),
            Self::Modern => Reply::json(
                400,
                &format!(
                    "{{\"message\":\"client version {asked} is too old. Minimum supported API version is {}, please \
                     upgrade your client to a newer version\"}}\n",
                    self.oldest()
                ),
            ),
            Self::Old => Reply::text(
                404,
                &format!("client and server don't have same version (client : {asked}, server: {newest})\n"),
            ),
        }
    }

    /// A refusal, as it is answered to what is spoken.
    pub(crate) fn refuse(self, refusal: &Refusal, spoken: ApiVersion) -> Reply {
        if self == Self::Modern && spoken >= ApiVersion::new(1, 24) {
            let message = serde_json::json!({ "message": refusal.message });
            return Reply::json(refusal.status, &format!("{message}\n"));
        }
        Reply::text(refusal.status, &format!("{}\n", refusal.message))
    }

    /// Adds the headers that such an engine sends with everything.
    pub(crate) fn dress(self, reply: Reply, newest: ApiVersion) -> Reply {
        match self {
            Self::Modern => {
                let reply = reply.header("Api-Version", &newest.to_string()).header("Docker-Experimental", "false");
                reply.header("Ostype", "linux").header("Server", &format!("Docker/{} (linux)", self.name()))
            }
            Self::Old => reply,
        }
    }

    /// An answer without a body.
    pub(crate) fn empty(self, status: u16) -> Reply {
        match self {
            Self::Old if status < 204 => Reply::with_type(status, "text/plain; charset=utf-8", ""),
            _ => Reply::empty(status),
        }
    }

    /// The status and headers with which a session begins.
    pub(crate) fn hijack(self, request: &Request) -> (u16, Vec<(String, String)>) {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let kind = header("Content-Type", "application/vnd.docker.raw-stream");
        match request.header_has("upgrade", "tcp") {
            true => (101, vec![kind, header("Connection", "Upgrade"), header("Upgrade", "tcp")]),
            false => (200, vec![kind]),
        }
    }
}
