//! Docker releases, and engines that respond with their fixtures.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use dockerclient::{ApiVersion, DockerClient, DockerClientBuilder};
use dockerclient_testkit::{FakeEngine, Request, Response};

/// A Docker release, which has a directory of fixtures, and the API versions that it supports.
#[derive(Debug)]
pub(super) struct Release {
    pub(super) name: &'static str,
    pub(super) newest: ApiVersion,
    /// The oldest version, or `None` if it supports all older ones.
    pub(super) oldest: Option<ApiVersion>,
}

/// The releases, oldest first. 29 is 29.7: the first releases of 29 supported API 1.44 to 1.52.
pub(super) const RELEASES: [Release; 9] = [
    release("1.3", 15, None),
    release("1.6", 18, None),
    release("1.9", 21, Some(12)),
    release("1.12", 24, Some(12)),
    release("17.06", 30, Some(12)),
    release("20.10", 41, Some(12)),
    release("25", 44, Some(24)),
    release("28", 51, Some(24)),
    release("29", 55, Some(40)),
];

const fn release(name: &'static str, newest: u16, oldest: Option<u16>) -> Release {
    let oldest = match oldest {
        Some(minor) => Some(ApiVersion::new(1, minor)),
        None => None,
    };
    Release { name, newest: ApiVersion::new(1, newest), oldest }
}

impl Release {
    /// The names of its fixtures.
    pub(super) fn fixtures(&self) -> BTreeSet<String> {
        let names =
            fs::read_dir(self.directory()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.map(|name| name.strip_suffix(".http").unwrap_or(&name).to_owned()).collect()
    }

    /// A fixture: the headers of a response, and its body.
    pub(super) fn read(&self, fixture: &str) -> (String, String) {
        let path = self.directory().join(format!("{fixture}.http"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (head, body) = text.split_once("\n\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    /// An engine that responds with the fixtures.
    pub(super) fn engine(&'static self) -> ReleaseEngine {
        let used = Arc::<Mutex<BTreeSet<_>>>::default();
        let used_by_script = Arc::clone(&used);
        let engine = FakeEngine::scripted(move |request| {
            let fixture = self.fixture(request);
            used_by_script.lock().unwrap().insert(fixture.to_owned());
            let (head, body) = self.read(fixture);
            Response::raw(response_bytes(&head, &body))
        });
        ReleaseEngine { engine, used }
    }

    /// The name of the fixture for a request. Engines check its version first.
    fn fixture(&self, request: &Request) -> &'static str {
        match request.version() {
            Some(version) if version > self.newest => return "too-new",
            Some(version) if self.oldest.is_some_and(|oldest| version < oldest) => return "too-old",
            _ => {}
        }
        match (request.method(), request.path()) {
            ("GET", "/version") => "version",
            ("GET", "/info") => "info",
            ("GET", "/system/df") => "disk",
            ("GET", "/events") => "events",
            ("GET", "/containers/json") => "list",
            ("GET", "/containers/web/json") => "inspect",
            ("GET", "/containers/web/stats") => "stats",
            ("GET", "/images/json") => "images",
            ("GET", "/images/acme%2Fweb:1/json") => "image",
            ("GET", "/containers/ghost/json") => "no-such-container",
            ("POST", "/containers/create") => "name-taken",
            ("DELETE", "/containers/web") => "remove-running",
            other => panic!("release {} has no fixture for {other:?}", self.name),
        }
    }

    fn directory(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake_engine/compat").join(self.name)
    }
}

/// The bytes of a response. Fixtures leave out the headers that only delimit its body.
fn response_bytes(head: &str, body: &str) -> String {
    let head = head.replace('\n', "\r\n");
    if head.contains("\r\nTransfer-Encoding: chunked") {
        return format!("{head}\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    }
    format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// An engine of a release.
pub(super) struct ReleaseEngine {
    engine: FakeEngine,
    used: Arc<Mutex<BTreeSet<String>>>,
}

impl ReleaseEngine {
    /// A client that negotiates the API version.
    pub(super) fn client(&self) -> DockerClient {
        self.engine.client_with(DockerClientBuilder::default().anonymous())
    }

    /// A client that uses `version`, whether or not the engine supports it.
    pub(super) fn client_at(&self, version: ApiVersion) -> DockerClient {
        self.engine.client(&version.to_string())
    }

    /// The names of the fixtures that were sent so far.
    pub(super) fn used_fixtures(&self) -> BTreeSet<String> {
        self.used.lock().unwrap().clone()
    }
}
