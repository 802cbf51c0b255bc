//! A proxy that validates requests and responses against the OpenAPI document.

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

use self::{document::Specification, sequence::Sequence};

mod document;
mod names;
mod sequence;

/// A proxy between the client and the engine, on a Unix socket.
pub(crate) struct ValidatingProxy {
    path: PathBuf,
    violations: Arc<Mutex<Vec<String>>>,
}

type ProxiedResponse = Response<BoxBody<Bytes, hyper::Error>>;

impl ValidatingProxy {
    /// Starts a proxy to the socket `engine`.
    pub(crate) async fn open(engine: &Path, version: ApiVersion) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("dockerclient-proxy-{}-{count}.sock", std::process::id()));
        let listener = UnixListener::bind(&path).unwrap();
        let violations = Arc::new(Mutex::new(Vec::new()));
        let proxy = Self { path, violations: Arc::clone(&violations) };
        let specification = Arc::new(Specification::of(version));
        let engine = engine.to_owned();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (engine, specification, violations) =
                    (engine.clone(), Arc::clone(&specification), Arc::clone(&violations));
                tokio::spawn(async move {
                    let service = service_fn(|request| {
                        let (engine, specification, violations) = (&engine, &specification, &violations);
                        async move { Ok::<_, Infallible>(forward(engine, specification, violations, request).await) }
                    });
                    // Clients may disconnect at any time.
                    let _ = server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        proxy
    }

    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The violations of the specification so far.
    pub(crate) fn violations(&self) -> Vec<String> {
        self.violations.lock().unwrap().clone()
    }
}

impl Drop for ValidatingProxy {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Forwards one request and returns its response. Validates both.
async fn forward(
    engine: &Path,
    specification: &Specification,
    violations: &Arc<Mutex<Vec<String>>>,
    request: Request<Incoming>,
) -> ProxiedResponse {
    let (head, body) = request.into_parts();
    let line = format!("{} {}", head.method, head.uri);
    let body = body.collect().await.unwrap().to_bytes();
    let operation = specification.operation(&head);
    let violations = Arc::clone(violations);
    let report = move |found: Vec<String>| {
        violations.lock().unwrap().extend(found.into_iter().map(|violation| format!("{line}: {violation}")));
    };
    match &operation {
        Some(operation) => report(operation.check_request(&head, &body)),
        None => report(vec!["no such operation".into()]),
    }

    let stream = UnixStream::connect(engine).await.unwrap();
    let (mut sender, connection) = client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let is_head = head.method == http::Method::HEAD;
    let response = sender.send_request(Request::from_parts(head, Full::new(body))).await.unwrap();
    let Some(operation) = operation else { return response.map(BodyExt::boxed) };
    // The specification is Docker's; Podman's responses only need to be decoded by the client.
    let is_podman = response.headers().get(SERVER).is_some_and(|server| server.as_bytes().starts_with(b"Libpod"));
    if is_podman {
        return response.map(BodyExt::boxed);
    }
    report(operation.check_head(&response));
    let (is_json, is_sequence) = (operation.is_json(&response), operation.is_json_sequence(&response));
    let (head, body) = response.into_parts();
    if is_json && !is_head {
        let body = body.collect().await.unwrap().to_bytes();
        match serde_json::from_slice::<Value>(&body) {
            Ok(value) => report(operation.response_check(&head).violations(&value)),
            Err(error) => report(vec![format!("{:?}: {error}", head.headers.get(CONTENT_TYPE))]),
        }
        return Response::from_parts(head, Full::new(body).map_err(|never| match never {}).boxed());
    }
    if is_sequence {
        let mut sequence = Sequence::new(operation.response_check(&head));
        let validated = body.map_frame(move |frame| {
            report(frame.data_ref().map_or_else(Vec::new, |data| sequence.take(data)));
            frame
        });
        return Response::from_parts(head, validated.boxed());
    }
    Response::from_parts(head, body.boxed())
}
