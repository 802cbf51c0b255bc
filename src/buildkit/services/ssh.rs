//! Forwarding of SSH agents to build steps.

use std::path::PathBuf;

use bollard_buildkit_proto::moby::sshforward::v1::{BytesMessage, CheckAgentRequest, CheckAgentResponse};
use bytes::{Buf as _, BytesMut};
use futures_util::{
    StreamExt as _,
    future::{BoxFuture, FutureExt as _},
    stream::{self, BoxStream},
};
use http::{Request, Response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::{
    Status, Streaming,
    body::Body,
    server::{Grpc, StreamingService},
};
use tonic_prost::ProstCodec;

use super::{MAX_REQUEST, Services};
use crate::{images::SshAgent, platform::LocalStream, transport::RequestBody};

/// The header with the id of the agent.
const ID: &str = "buildkit.ssh.id";

/// The id of an agent if a step names none.
const DEFAULT_ID: &str = "default";

/// Maximum length of a message of the agent's protocol; the same limit as in OpenSSH.
const MAX_MESSAGE: usize = 256 << 10;

/// Number of bytes of the length before each message.
const LENGTH: usize = 4;

// Types of messages.
const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const SIGN_REQUEST: u8 = 13;

impl Services {
    pub(super) fn check_agent(&self, request: &CheckAgentRequest) -> Result<CheckAgentResponse, Status> {
        self.agent(&request.id).map(|_| CheckAgentResponse {})
    }

    pub(super) async fn forward_agent(&self, request: Request<RequestBody>) -> Response<Body> {
        let id = request.headers().get(ID).map_or(Ok(""), |id| id.to_str());
        let agent =
            id.map_err(|_| Status::invalid_argument("invalid id of an SSH agent")).and_then(|id| self.agent(id));
        match agent {
            Ok(agent) => {
                let forward = Forward(agent.socket().to_owned());
                let codec = ProstCodec::<BytesMessage, BytesMessage>::default();
                Grpc::new(codec).max_decoding_message_size(MAX_REQUEST).streaming(forward, request).await
            }
            Err(status) => status.into_http(),
        }
    }

    fn agent(&self, id: &str) -> Result<&SshAgent, Status> {
        let id = if id.is_empty() { DEFAULT_ID } else { id };
        self.ssh_agents.get(id).ok_or_else(|| Status::not_found(format!("there is no SSH agent {id:?}")))
    }
}

/// A connection to the agent at this path, as a service.
struct Forward(PathBuf);

impl StreamingService<BytesMessage> for Forward {
    type Response = BytesMessage;
    type ResponseStream = BoxStream<'static, Result<BytesMessage, Status>>;
    type Future = BoxFuture<'static, Result<tonic::Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: tonic::Request<Streaming<BytesMessage>>) -> Self::Future {
        let path = self.0.clone();
        async move {
            let agent = SshAgent::connect(&path).await.map_err(|error| failed("connect to", &error))?;
            let connection = Connection { received: request.into_inner(), buffer: BytesMut::new(), agent };
            Ok(tonic::Response::new(stream::try_unfold(connection, Connection::next).boxed()))
        }
        .boxed()
    }
}

/// A connection of a build step to an agent.
struct Connection {
    received: Streaming<BytesMessage>,
    /// Bytes of messages of the step that are not processed yet.
    buffer: BytesMut,
    agent: LocalStream,
}

impl Connection {
    /// Returns the response to the next message, or `None` after the last one.
    async fn next(mut self) -> Result<Option<(BytesMessage, Self)>, Status> {
        loop {
            if let Some(message) = self.message()? {
                let data = self.response(&message).await?;
                return Ok(Some((BytesMessage { data }, self)));
            }
            match self.received.message().await? {
                Some(part) => self.buffer.extend_from_slice(&part.data),
                None => return Ok(None),
            }
        }
    }

    /// Removes a complete message from the buffer, with its length.
    fn message(&mut self) -> Result<Option<BytesMut>, Status> {
        let Some(mut head) = self.buffer.get(..LENGTH) else { return Ok(None) };
        let length = checked(head.get_u32())?;
        Ok((self.buffer.len() >= LENGTH + length).then(|| self.buffer.split_to(LENGTH + length)))
    }

    /// Passes a message to the agent, and returns its response. Only messages that list keys or sign are passed: a step
    /// must not change the agent.
    async fn response(&mut self, message: &[u8]) -> Result<Vec<u8>, Status> {
        if !matches!(message.get(LENGTH), Some(&(REQUEST_IDENTITIES | SIGN_REQUEST))) {
            return Ok(vec![0, 0, 0, 1, FAILURE]);
        }
        self.agent.write_all(message).await.map_err(|error| failed("write to", &error))?;
        let length = self.agent.read_u32().await.map_err(|error| failed("read from", &error))?;
        let mut response = vec![0; LENGTH + checked(length)?];
        let (head, body) = response.split_at_mut(LENGTH);
        head.copy_from_slice(&length.to_be_bytes());
        self.agent.read_exact(body).await.map_err(|error| failed("read from", &error))?;
        Ok(response)
    }
}

/// Returns the length of a message, unless it is not valid.
fn checked(length: u32) -> Result<usize, Status> {
    usize::try_from(length)
        .ok()
        .filter(|length| (1..=MAX_MESSAGE).contains(length))
        .ok_or_else(|| Status::invalid_argument(format!("invalid length of an SSH agent message: {length}")))
}

fn failed(verb: &str, error: &std::io::Error) -> Status {
    Status::unavailable(format!("failed to {verb} the SSH agent: {error}"))
}
