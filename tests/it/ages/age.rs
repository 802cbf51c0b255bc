//! Engines by their age: what one was asked it answers from its folder.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use dockerclient::{ApiVersion, DockerClient, DockerClientBuilder};
use dockerclient_testkit::{Engine, Reply, Request};

/// An engine, its folder, and the versions of the API that it speaks.
#[derive(Debug)]
pub(super) struct Age {
    pub(super) name: &'static str,
    pub(super) newest: ApiVersion,
    /// None if it speaks whatever is older.
    pub(super) oldest: Option<ApiVersion>,
}

/// The engines, oldest first. 29 is 29.7: the first ones of that name spoke 1.44 to 1.52.
pub(super) const AGES: [Age; 9] = [
    age("1.3", 15, None),
    age("1.6", 18, None),
    age("1.9", 21, Some(12)),
    age("1.12", 24, Some(12)),
    age("17.06", 30, Some(12)),
    age("20.10", 41, Some(12)),
    age("25", 44, Some(24)),
    age("28", 51, Some(24)),
    age("29", 55, Some(40)),
];

const fn age(name: &'static str, newest: u16, oldest: Option<u16>) -> Age {
    let oldest = match oldest {
        Some(minor) => Some(ApiVersion::new(1, minor)),
        None => None,
    };
    Age { name, newest: ApiVersion::new(1, newest), oldest }
}

impl Age {
    /// The names of the answers in its folder.
    pub(super) fn files(&self) -> BTreeSet<String> {
        let names = fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.map(|name| name.strip_suffix(".http").unwrap_or(&name).to_owned()).collect()
    }

    /// What stands in a file: the head of an answer, and its body.
    pub(super) fn answer(&self, file: &str) -> (String, String) {
        let path = self.folder().join(format!("{file}.http"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (head, body) = text.split_once("\n\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    /// The engine.
    pub(super) fn engine(&'static self) -> Aged {
        let asked = Arc::<Mutex<BTreeSet<_>>>::default();
        let notes = Arc::clone(&asked);
        let engine = Engine::answering(move |request| {
            let file = self.file(request);
            notes.lock().unwrap().insert(file.to_owned());
            let (head, body) = self.answer(file);
            Reply::raw(on_the_wire(&head, &body))
        });
        Aged { engine, asked }
    }

    /// The answer to a request: first of all, engines look at its version.
    fn file(&self, request: &Request) -> &'static str {
        match request.version() {
            Some(version) if version > self.newest => return "too-new",
            Some(version) if self.oldest.is_some_and(|oldest| version < oldest) => return "too-old",
            _ => {}
        }
        match (request.method(), request.path()) {
            ("GET", "/version") => "version",
            ("GET", "/info") => "info",
            ("GET", "/events") => "events",
            ("GET", "/containers/json") => "list",
            ("GET", "/containers/web/json") => "inspect",
            ("GET", "/containers/web/stats") => "stats",
            ("GET", "/images/json") => "images",
            ("GET", "/images/acme%2Fweb:1/json") => "image",
            ("GET", "/containers/ghost/json") => "no-such-container",
            ("POST", "/containers/create") => "name-taken",
            ("DELETE", "/containers/web") => "remove-running",
            other => panic!("engine {} has no answer to {other:?}", self.name),
        }
    }

    fn folder(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/ages").join(self.name)
    }
}

/// The bytes of an answer. Files leave out what only says where its body ends.
fn on_the_wire(head: &str, body: &str) -> String {
    let head = head.replace('\n', "\r\n");
    if head.contains("\r\nTransfer-Encoding: chunked") {
        return format!("{head}\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    }
    format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// An engine of some age.
pub(super) struct Aged {
    engine: Engine,
    asked: Arc<Mutex<BTreeSet<String>>>,
}

impl Aged {
    /// A client that finds out by itself which version to speak.
    pub(super) fn client(&self) -> DockerClient {
        self.engine.client_of(DockerClientBuilder::default().anonymous())
    }

    /// A client that speaks `version`, whatever the engine says of it.
    pub(super) fn client_at(&self, version: ApiVersion) -> DockerClient {
        self.engine.client(&version.to_string())
    }

    /// The answers that it gave so far.
    pub(super) fn given(&self) -> BTreeSet<String> {
        self.asked.lock().unwrap().clone()
    }
}
