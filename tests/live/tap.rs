//! A proxy before the engine that holds every exchange against the document.

use std::{
    convert::Infallible,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use dockerclient::ApiVersion;
use http::{
    Request, Response,
    header::{CONTENT_TYPE, SERVER},
};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{body::Incoming, client, server, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{UnixListener, UnixStream};

use self::{document::Document, sequence::Sequence};

mod document;
mod sequence;

pub(crate) struct Tap {
    path: PathBuf,
    violations: Arc<Mutex<Vec<String>>>,
}

type Answer = Response<BoxBody<Bytes, hyper::Error>>;

impl Tap {
    /// A socket behind which `engine` answers.
    pub(crate) async fn open(engine: &Path, version: ApiVersion) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("dockerclient-tap-{}-{count}.sock", std::process::id()));
        let listener = UnixListener::bind(&path).unwrap();
        let violations = Arc::new(Mutex::new(Vec::new()));
        let tap = Self { path, violations: Arc::clone(&violations) };
        let document = Arc::new(Document::of(version));
        let engine = engine.to_owned();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (engine, document, violations) = (engine.clone(), Arc::clone(&document), Arc::clone(&violations));
                tokio::spawn(async move {
                    let service = service_fn(|request| {
                        let (engine, document, violations) = (&engine, &document, &violations);
                        async move { Ok::<_, Infallible>(exchange(engine, document, violations, request).await) }
                    });
                    // A client that hangs up is its own business.
                    let _ = server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        tap
    }

    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What did not fit the document so far.
    pub(crate) fn violations(&self) -> Vec<String> {
        self.violations.lock().unwrap().clone()
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Passes one request on, checks it and its answer, and returns that.
async fn exchange(
    engine: &Path,
    document: &Document,
    violations: &Arc<Mutex<Vec<String>>>,
    request: Request<Incoming>,
) -> Answer {
    let (head, body) = request.into_parts();
    let line = format!("{} {}", head.method, head.uri);
    let body = body.collect().await.unwrap().to_bytes();
    let operation = document.operation(&head);
    let violations = Arc::clone(violations);
    let complain = move |found: Vec<String>| {
        violations.lock().unwrap().extend(found.into_iter().map(|what| format!("{line}: {what}")));
    };
    match &operation {
        Some(operation) => complain(operation.check_request(&head, &body)),
        None => complain(vec!["no such operation".into()]),
    }

    let stream = UnixStream::connect(engine).await.unwrap();
    let (mut sender, connection) = client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let is_head = head.method == http::Method::HEAD;
    let answer = sender.send_request(Request::from_parts(head, Full::new(body))).await.unwrap();
    let Some(operation) = operation else { return answer.map(BodyExt::boxed) };
    // The document is Docker's. What matters of Podman's answers is what the client makes of them.
    let is_podman = answer.headers().get(SERVER).is_some_and(|server| server.as_bytes().starts_with(b"Libpod"));
    if is_podman {
        return answer.map(BodyExt::boxed);
    }
    complain(operation.check_head(&answer));
    let (is_document, is_sequence) = (operation.is_document(&answer), operation.is_sequence(&answer));
    let (head, body) = answer.into_parts();
    if is_document && !is_head {
        let body = body.collect().await.unwrap().to_bytes();
        match serde_json::from_slice::<Value>(&body) {
            Ok(value) => complain(operation.check_of(&head).of(&value)),
            Err(error) => complain(vec![format!("{:?}: {error}", head.headers.get(CONTENT_TYPE))]),
        }
        return Response::from_parts(head, Full::new(body).map_err(|never| match never {}).boxed());
    }
    if is_sequence {
        let mut sequence = Sequence::new(operation.check_of(&head));
        let watched = body.map_frame(move |frame| {
            complain(frame.data_ref().map_or_else(Vec::new, |data| sequence.take(data)));
            frame
        });
        return Response::from_parts(head, watched.boxed());
    }
    Response::from_parts(head, body.boxed())
}
