//! The gRPC services that this program offers to BuildKit during a build: health, secrets, credentials and SSH agents.

use std::{collections::BTreeMap, future::ready, path::PathBuf, sync::Arc};

use bollard_buildkit_proto::{
    health::{HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus},
    moby::{
        buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse},
        filesync::v1::{CredentialsRequest, CredentialsResponse},
        sshforward::v1::CheckAgentRequest,
    },
};
use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt as _, Map};
use http::{Request, Response};
use prost::Message;
use tonic::{
    Status,
    body::Body,
    server::{Grpc, UnaryService},
};
use tonic_prost::ProstCodec;

use crate::{DockerClient, models::AuthConfig, redacted::Secret, transport::RequestBody};

mod ssh;

const HEALTH: &str = "/grpc.health.v1.Health/Check";
const SECRET: &str = "/moby.buildkit.secrets.v1.Secrets/GetSecret";
const CREDENTIALS: &str = "/moby.filesync.v1.Auth/Credentials";
const CHECK_AGENT: &str = "/moby.sshforward.v1.SSH/CheckAgent";
const FORWARD_AGENT: &str = "/moby.sshforward.v1.SSH/ForwardAgent";

/// The methods of the services. BuildKit does not call others.
pub(super) const METHODS: [&str; 5] = [HEALTH, SECRET, CREDENTIALS, CHECK_AGENT, FORWARD_AGENT];

/// Maximum size of a request message, in bytes. Requests contain a name, or at most 32 KiB for an SSH agent.
const MAX_REQUEST: usize = 64 << 10;

/// Secrets, credentials and SSH agents for BuildKit, during one build.
#[derive(Clone, Debug)]
pub(crate) struct Services {
    pub(crate) docker: DockerClient,
    /// The secrets, by id.
    pub(crate) secrets: BTreeMap<String, Secret<Bytes>>,
    /// Credentials that replace those of the user's configuration, by registry.
    pub(crate) credentials: BTreeMap<String, AuthConfig>,
    /// Whether to look up credentials in the user's configuration.
    pub(crate) configured_credentials: bool,
    /// The sockets of SSH agents, by id.
    pub(crate) ssh_agents: BTreeMap<String, PathBuf>,
}

impl Services {
    /// Responds to a request of BuildKit. The future owns what it needs.
    pub(super) fn respond(self: &Arc<Self>, request: Request<RequestBody>) -> BoxFuture<'static, Response<Body>> {
        let services = Arc::clone(self);
        Box::pin(async move {
            match request.uri().path() {
                HEALTH => unary(request, |_: HealthCheckRequest| ready(Ok(health()))).await,
                SECRET => unary(request, |asked: GetSecretRequest| ready(services.secret(&asked.id))).await,
                CREDENTIALS => {
                    let answer = |asked: CredentialsRequest| {
                        let services = Arc::clone(&services);
                        async move { services.credentials(&asked.host).await }
                    };
                    unary(request, answer).await
                }
                CHECK_AGENT => unary(request, |asked: CheckAgentRequest| ready(services.check_agent(&asked))).await,
                FORWARD_AGENT => services.forward_agent(request).await,
                _ => Status::unimplemented("this client does not offer the method").into_http(),
            }
        })
    }

    fn secret(&self, id: &str) -> Result<GetSecretResponse, Status> {
        let secret = self.secrets.get(id).ok_or_else(|| Status::not_found(format!("there is no secret {id:?}")))?;
        Ok(GetSecretResponse { data: secret.to_vec() })
    }

    /// Returns the credentials for the registry at `host`, or empty ones if there are none.
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

fn health() -> HealthCheckResponse {
    HealthCheckResponse { status: ServingStatus::Serving.into() }
}

/// Responds to a call with one request message and one response message.
async fn unary<Q, A, F>(request: Request<RequestBody>, answer: impl Fn(Q) -> F + Send) -> Response<Body>
where
    Q: Message + Default + 'static,
    A: Message + 'static,
    F: Future<Output = Result<A, Status>> + Send,
{
    Grpc::new(ProstCodec::<A, Q>::default()).max_decoding_message_size(MAX_REQUEST).unary(Answer(answer), request).await
}

/// A function as a service.
struct Answer<T>(T);

impl<T, Q, A, F> UnaryService<Q> for Answer<T>
where
    T: Fn(Q) -> F,
    F: Future<Output = Result<A, Status>> + Send,
{
    type Response = A;
    type Future = Map<F, fn(Result<A, Status>) -> Result<tonic::Response<A>, Status>>;

    fn call(&mut self, request: tonic::Request<Q>) -> Self::Future {
        (self.0)(request.into_inner()).map(|answer| answer.map(tonic::Response::new))
    }
}
