//! Sessions, over which BuildKit calls services of the client.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bollard_buildkit_proto::{
    health::{HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus},
    moby::{
        buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse},
        filesync::v1::{CredentialsRequest, CredentialsResponse},
        upload::v1::BytesMessage,
    },
};
use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{Uri, uri::PathAndQuery};
use prost::Message;
use tokio::sync::watch;
use tonic::{Code, Status, Streaming, client::Grpc, metadata::MetadataMap};
use tonic_prost::ProstCodec;

use super::{
    http2::{self, Requests},
    require_upgrade, upgraded,
};
use crate::{
    Response,
    api_error::{self, ApiError},
    simulate::Context,
};

const CREDENTIALS: &str = "/moby.filesync.v1.Auth/Credentials";
const HEALTH: &str = "/grpc.health.v1.Health/Check";
const SECRET: &str = "/moby.buildkit.secrets.v1.Secrets/GetSecret";
const UPLOAD: &str = "/moby.upload.v1.Upload/Pull";

/// Time for which a build waits for its session.
const WAIT: Duration = Duration::from_secs(5);

/// Time between two health checks of a client.
const HEALTH_CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// The largest message that is received from a client, in bytes.
const MAX_MESSAGE: usize = 16 << 20;

/// The largest archive that is received from a client, in bytes.
const MAX_UPLOAD: usize = 512 << 20;

/// The open sessions, by id.
#[derive(Debug, Default)]
pub(super) struct Sessions(watch::Sender<BTreeMap<String, ClientSession>>);

/// An open session.
#[derive(Clone, Debug)]
pub(super) struct ClientSession {
    pub(super) id: String,
    /// The key of the files that the client sends; may be empty.
    pub(super) shared_key: String,
    /// The gRPC methods that the client serves.
    methods: Arc<[String]>,
    requests: Requests,
    /// Fails once the session has ended.
    open: watch::Receiver<()>,
}

pub(super) async fn open(context: Context) -> api_error::Result<Response> {
    let request = &context.call.request;
    require_upgrade(request, 400)?;
    let header = |name: &str| request.header(name).unwrap_or_default().to_owned();
    let id = header("x-docker-expose-session-uuid");
    let shared_key = header("x-docker-expose-session-sharedkey");
    if context.server.buildkit.sessions.0.borrow().contains_key(&id) {
        return Err(ApiError::new(400, format!("session {id} already exists")));
    }
    let method = |header: &String| header.strip_prefix("x-docker-expose-session-grpc-method: ").map(str::to_owned);
    let methods = request.headers.iter().filter_map(method).collect();
    let server = Arc::clone(&context.server);
    Ok(upgraded(move |connection| async move {
        let Ok((requests, connection)) = http2::connect(&server, connection).await else { return };
        let (_open, open) = watch::channel(());
        let session = ClientSession { id, shared_key, methods, requests, open };
        let _registration = server.buildkit.sessions.register(session.clone());
        tokio::select! {
            () = connection => {}
            () = session.health_check_failed() => {}
        }
    }))
}

impl Sessions {
    fn register(&self, session: ClientSession) -> Registration<'_> {
        let id = session.id.clone();
        self.0.send_modify(|open| drop(open.insert(id.clone(), session)));
        Registration { sessions: self, id }
    }

    /// The session with this id, which may still have to be opened.
    pub(super) async fn get(&self, id: &str) -> Result<ClientSession, Status> {
        let mut sessions = self.0.subscribe();
        let opened = async {
            let open = sessions.wait_for(|open| open.contains_key(id)).await.ok()?;
            open.get(id).cloned()
        };
        let opened = tokio::time::timeout(WAIT, opened).await.ok().flatten();
        opened.ok_or_else(|| Status::unknown(format!("no active session for {id}: context deadline exceeded")))
    }
}

/// Removes a session from the open ones when it is dropped.
struct Registration<'a> {
    sessions: &'a Sessions,
    id: String,
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        self.sessions.0.send_modify(|open| drop(open.remove(&self.id)));
    }
}

impl ClientSession {
    /// Whether the client serves a method.
    pub(super) fn serves(&self, method: &str) -> bool {
        self.methods.iter().any(|known| known.eq_ignore_ascii_case(method))
    }

    /// Waits until the session has ended.
    pub(super) async fn ended(&self) {
        // No value is ever sent.
        let _ = self.open.clone().changed().await;
    }

    /// Checks the health of the client regularly, until a check fails.
    async fn health_check_failed(&self) {
        if !self.serves(HEALTH) {
            return std::future::pending().await;
        }
        loop {
            tokio::time::sleep(HEALTH_CHECK_INTERVAL).await;
            let health = self.unary(HEALTH, HealthCheckRequest::default()).await;
            if !health.is_ok_and(|health: HealthCheckResponse| health.status() == ServingStatus::Serving) {
                return;
            }
        }
    }

    /// The content of a secret, if the client has it.
    pub(super) async fn secret(&self, id: &str) -> Result<Option<Vec<u8>>, Status> {
        let request = GetSecretRequest { id: id.to_owned(), ..GetSecretRequest::default() };
        match self.unary(SECRET, request).await {
            Ok(GetSecretResponse { data }) => Ok(Some(data)),
            Err(status) if matches!(status.code(), Code::NotFound | Code::Unimplemented) => Ok(None),
            Err(status) => Err(status),
        }
    }

    /// Requests the credentials for a registry, which the engine accepts whatever they are.
    pub(super) async fn request_credentials(&self, host: &str) -> Result<(), Status> {
        if !self.serves(CREDENTIALS) {
            return Ok(());
        }
        let request = CredentialsRequest { host: host.to_owned() };
        self.unary(CREDENTIALS, request).await.map(|_: CredentialsResponse| ())
    }

    /// Receives the archive that the client offers at this path.
    pub(super) async fn upload(&self, path: &str) -> Result<Bytes, Status> {
        let mut metadata = MetadataMap::new();
        metadata.insert("urlpath", path.parse().map_err(|_| Status::invalid_argument("invalid path of an upload"))?);
        metadata.insert("urlhost", "buildkit-session".parse().map_err(|_| Status::internal("invalid host"))?);
        // BuildKit sends nothing, and keeps its side of the stream open.
        let mut parts: Streaming<BytesMessage> =
            self.streaming(UPLOAD, metadata, stream::pending::<BytesMessage>()).await?;
        let mut archive = Vec::new();
        while let Some(part) = parts.message().await? {
            archive.extend_from_slice(&part.data);
            if archive.len() > MAX_UPLOAD {
                return Err(Status::resource_exhausted(format!("the archive is larger than {MAX_UPLOAD} bytes")));
            }
        }
        Ok(archive.into())
    }

    /// Calls a method with one request and one response.
    async fn unary<Q, A>(&self, method: &'static str, message: Q) -> Result<A, Status>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let (request, path) = (tonic::Request::new(message), PathAndQuery::from_static(method));
        let response = self.client().unary(request, path, ProstCodec::<Q, A>::default()).await?;
        Ok(response.into_inner())
    }

    /// Calls a method to which both sides send a stream of messages.
    pub(super) async fn streaming<Q, A>(
        &self,
        method: &'static str,
        metadata: MetadataMap,
        messages: impl Stream<Item = Q> + Send + 'static,
    ) -> Result<Streaming<A>, Status>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let (mut request, path) = (tonic::Request::new(messages), PathAndQuery::from_static(method));
        *request.metadata_mut() = metadata;
        let response = self.client().streaming(request, path, ProstCodec::<Q, A>::default()).await?;
        Ok(response.into_inner())
    }

    fn client(&self) -> Grpc<Requests> {
        Grpc::with_origin(self.requests.clone(), Uri::from_static("http://localhost"))
            .max_decoding_message_size(MAX_MESSAGE)
    }
}
