//! The gRPC services that this program offers to BuildKit during a build: health, secrets, credentials, SSH agents, files
//! to read, places to export to, and directories with build caches.

use std::{collections::BTreeMap, future::ready, sync::Arc};

use bollard_buildkit_proto::{
    health::{HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus},
    moby::{
        buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse},
        filesync::v1::{CredentialsRequest, CredentialsResponse},
        sshforward::v1::CheckAgentRequest,
    },
};
use futures_util::future::{BoxFuture, FutureExt as _, Map};
use http::{Request, Response};
use prost::Message;
use tonic::{
    Status,
    body::Body,
    server::{Grpc, UnaryService},
};
use tonic_prost::ProstCodec;

use crate::{
    DockerClient,
    images::{SecretSource, SshAgent, SyncTree},
    models::AuthConfig,
    transport::RequestBody,
};

mod content;
mod file_send;
mod file_sync;
mod ssh;
#[cfg(test)]
mod test_engine;
mod upload;

pub(crate) use self::{
    content::{ContentStore, Manifest},
    file_send::ExportTarget,
    upload::UploadSource,
};

const HEALTH: &str = "/grpc.health.v1.Health/Check";
const SECRET: &str = "/moby.buildkit.secrets.v1.Secrets/GetSecret";
const CREDENTIALS: &str = "/moby.filesync.v1.Auth/Credentials";
const CHECK_AGENT: &str = "/moby.sshforward.v1.SSH/CheckAgent";
const FORWARD_AGENT: &str = "/moby.sshforward.v1.SSH/ForwardAgent";
const SYNC_FILES: &str = "/moby.filesync.v1.FileSync/DiffCopy";
const PULL_UPLOAD: &str = "/moby.upload.v1.Upload/Pull";
const SEND_EXPORT: &str = "/moby.filesync.v1.FileSend/DiffCopy";
const CONTENT_INFO: &str = "/containerd.services.content.v1.Content/Info";
const READ_CONTENT: &str = "/containerd.services.content.v1.Content/Read";
const WRITE_CONTENT: &str = "/containerd.services.content.v1.Content/Write";

/// Maximum size of a request message, in bytes. Requests contain a name, or at most 32 KiB for an SSH agent.
const MAX_REQUEST: usize = 64 << 10;

/// The services that BuildKit can use during one build.
#[derive(Clone, Debug)]
pub(crate) struct Services {
    pub(crate) docker: DockerClient,
    /// The secrets, by id.
    pub(crate) secrets: BTreeMap<String, SecretSource>,
    /// Credentials that replace those of the user's configuration, by registry.
    pub(crate) credentials: BTreeMap<String, AuthConfig>,
    /// Whether to look up credentials in the user's configuration.
    pub(crate) configured_credentials: bool,
    /// The SSH agents, by id.
    pub(crate) ssh_agents: BTreeMap<String, SshAgent>,
    /// The directories to read, by name: `context`, `dockerfile`, and those of additional contexts.
    pub(crate) directories: BTreeMap<String, Arc<SyncTree>>,
    /// The archive of the build context.
    pub(crate) upload: Option<UploadSource>,
    /// The targets of exporters, by their numbers in the build; `None` for exporters that send nothing to this machine.
    pub(crate) exports: Vec<Option<Arc<ExportTarget>>>,
    /// The directories with build caches, by id.
    pub(crate) stores: BTreeMap<String, Arc<ContentStore>>,
}

impl Services {
    /// Returns the methods of the services that are offered. BuildKit does not call others.
    pub(super) fn methods(&self) -> Vec<&'static str> {
        let mut methods = vec![HEALTH, SECRET, CREDENTIALS, CHECK_AGENT, FORWARD_AGENT];
        methods.extend((!self.directories.is_empty()).then_some(SYNC_FILES));
        methods.extend(self.upload.as_ref().map(|_| PULL_UPLOAD));
        methods.extend(self.has_exports().then_some(SEND_EXPORT));
        if self.has_stores() {
            methods.extend([CONTENT_INFO, READ_CONTENT, WRITE_CONTENT]);
        }
        methods
    }

    /// Returns the key of the build context, if it is a directory, see [`SyncTree::shared_key`].
    pub(super) fn shared_key(&self) -> Option<String> {
        self.directories.get("context").map(|tree| tree.shared_key())
    }

    fn has_exports(&self) -> bool {
        self.exports.iter().any(Option::is_some)
    }

    fn has_stores(&self) -> bool {
        !self.stores.is_empty()
    }

    /// Responds to a BuildKit request. The future owns what it needs.
    pub(super) fn respond(self: &Arc<Self>, request: Request<RequestBody>) -> BoxFuture<'static, Response<Body>> {
        let services = Arc::clone(self);
        Box::pin(async move {
            match request.uri().path() {
                HEALTH => unary(request, |_: HealthCheckRequest| ready(Ok(health()))).await,
                SECRET => {
                    let respond = |request: GetSecretRequest| {
                        let services = Arc::clone(&services);
                        async move { services.secret(&request.id).await }
                    };
                    unary(request, respond).await
                }
                CREDENTIALS => {
                    let respond = |request: CredentialsRequest| {
                        let services = Arc::clone(&services);
                        async move { services.credentials(&request.host).await }
                    };
                    unary(request, respond).await
                }
                CHECK_AGENT => unary(request, |request: CheckAgentRequest| ready(services.check_agent(&request))).await,
                FORWARD_AGENT => services.forward_agent(request).await,
                SYNC_FILES if !services.directories.is_empty() => services.sync_files(request).await,
                PULL_UPLOAD if services.upload.is_some() => services.send_upload(request).await,
                SEND_EXPORT if services.has_exports() => services.receive_export(request).await,
                CONTENT_INFO if services.has_stores() => services.content_info(request).await,
                READ_CONTENT if services.has_stores() => services.read_content(request).await,
                WRITE_CONTENT if services.has_stores() => services.write_content(request).await,
                _ => Status::unimplemented("method not offered by this client").into_http(),
            }
        })
    }

    async fn secret(&self, id: &str) -> Result<GetSecretResponse, Status> {
        let secret = self.secrets.get(id).ok_or_else(|| Status::not_found(format!("there is no secret {id:?}")))?;
        let value = secret.value(id).await.map_err(|error| Status::internal(error.to_string()))?;
        Ok(GetSecretResponse { data: value.into() })
    }

    /// Returns the credentials for the registry at `host`, or empty ones if there are none.
    ///
    /// BuildKit gets tokens of registries with them. The methods `GetTokenAuthority`, `FetchToken` and `VerifyTokenAuthority`,
    /// by which a client gets the tokens itself, are not needed: BuildKit exchanges an identity token, which is a secret
    /// without a user name, as well. Only a registry token, which cannot be exchanged, would need them.
    async fn credentials(&self, host: &str) -> Result<CredentialsResponse, Status> {
        let found = self.docker.credentials_for(host, &self.credentials, self.configured_credentials).await;
        let found = found.map_err(|error| Status::internal(error.to_string()))?.unwrap_or_default();
        if !found.identitytoken.is_empty() {
            return Ok(CredentialsResponse { username: String::new(), secret: found.identitytoken });
        }
        if found.username.is_empty() && !found.registrytoken.is_empty() {
            return Err(Status::failed_precondition("builds with BuildKit do not support registry tokens"));
        }
        Ok(CredentialsResponse { username: found.username, secret: found.password })
    }
}

#[cfg(test)]
impl Services {
    /// Returns services that offer nothing.
    pub(super) fn none() -> Self {
        Self {
            docker: DockerClient::connect("tcp://127.0.0.1:1").unwrap(),
            secrets: BTreeMap::new(),
            credentials: BTreeMap::new(),
            configured_credentials: false,
            ssh_agents: BTreeMap::new(),
            directories: BTreeMap::new(),
            upload: None,
            exports: Vec::new(),
            stores: BTreeMap::new(),
        }
    }
}

fn health() -> HealthCheckResponse {
    HealthCheckResponse { status: ServingStatus::Serving.into() }
}

/// Responds to a call with one request message and one response message.
async fn unary<Q, A, F>(request: Request<RequestBody>, respond: impl Fn(Q) -> F + Send) -> Response<Body>
where
    Q: Message + Default + 'static,
    A: Message + 'static,
    F: Future<Output = Result<A, Status>> + Send,
{
    Grpc::new(ProstCodec::<A, Q>::default())
        .max_decoding_message_size(MAX_REQUEST)
        .unary(UnaryFn(respond), request)
        .await
}

/// A function as a service.
struct UnaryFn<T>(T);

impl<T, Q, A, F> UnaryService<Q> for UnaryFn<T>
where
    T: Fn(Q) -> F,
    F: Future<Output = Result<A, Status>> + Send,
{
    type Response = A;
    type Future = Map<F, fn(Result<A, Status>) -> Result<tonic::Response<A>, Status>>;

    fn call(&mut self, request: tonic::Request<Q>) -> Self::Future {
        (self.0)(request.into_inner()).map(|response| response.map(tonic::Response::new))
    }
}
