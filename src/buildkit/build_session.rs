//! The session of a build, whose services are polled together with the build.

use std::{future::poll_fn, iter, pin::pin, sync::Arc, task::Poll};

use futures_core::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{BuildKit, Services};
use crate::{
    Error, Result,
    error::Kind,
    request::Settings,
    transport::{poll_connection, serve_http2},
};

/// Number of characters of the id of a session or a build.
const ID_LENGTH: usize = 25;

/// Returns a new id of a session or a build.
pub(crate) fn random_id() -> String {
    iter::repeat_with(|| fastrand::char('a'..='z')).take(ID_LENGTH).collect()
}

/// The session of a build. Dropping it closes its connection.
pub(crate) struct BuildSession {
    id: String,
    /// Ends when the session does, with the reason.
    serving: BoxFuture<'static, Error>,
}

impl BuildSession {
    /// Opens a session that offers `services`. Only the headers of `settings` apply.
    pub(crate) async fn open(services: Services, settings: &Settings) -> Result<Self> {
        let id = random_id();
        let mut session = BuildKit::new(services.docker.clone()).session(&*id).methods(services.methods());
        if let Some(key) = services.shared_key() {
            session = session.shared_key(key);
        }
        let connection = session.settings(settings.clone().without_time_limit()).await?;
        Ok(Self { id, serving: Box::pin(serve(connection, services)) })
    }

    /// Returns the name by which a build refers to the session.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Waits for `call`, and serves the session in the meantime. Fails if the session ends first.
    pub(crate) async fn during<T>(&mut self, call: impl Future<Output = Result<T>>) -> Result<T> {
        let mut call = pin!(call);
        let outcome = poll_fn(|cx| {
            let lost = poll_connection(&mut self.serving, cx);
            match call.as_mut().poll(cx) {
                Poll::Pending => lost.map(Err),
                outcome @ Poll::Ready(_) => outcome,
            }
        });
        outcome.await
    }

    /// Returns the future that serves the session, until it ends for the returned reason.
    pub(crate) fn into_serving(self) -> BoxFuture<'static, Error> {
        self.serving
    }
}

/// Serves `services` until the session ends, and returns the reason.
async fn serve(connection: impl AsyncRead + AsyncWrite + Unpin, services: Services) -> Error {
    let services = Arc::new(services);
    let end = serve_http2(connection, move |request| services.respond(request)).await;
    let message = "the session with BuildKit was lost";
    match end {
        Ok(()) => Error::new(Kind::ConnectionLost(message.into())),
        Err(error) => Error::with_source(Kind::ConnectionLost(message.into()), error),
    }
}

#[cfg(test)]
mod tests {

    use bollard_buildkit_proto::{
        health::{HealthCheckRequest, HealthCheckResponse},
        moby::{
            buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse},
            filesync::v1::{CredentialsRequest, CredentialsResponse, FetchTokenRequest},
            sshforward::v1::{BytesMessage, CheckAgentRequest, CheckAgentResponse},
        },
    };
    use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
    use futures_util::{FutureExt as _, future};
    use http::Request;
    use http_body_util::{BodyExt as _, Full};
    use prost::Message;
    use tokio::io::DuplexStream;

    use super::*;
    use crate::{
        images::{SecretSource, SshAgent},
        models::AuthConfig,
        platform,
        redacted::Secret,
        transport::peer,
    };

    const SECRET: &str = "/moby.buildkit.secrets.v1.Secrets/GetSecret";
    const HEALTH: &str = "/grpc.health.v1.Health/Check";
    const CREDENTIALS: &str = "/moby.filesync.v1.Auth/Credentials";
    const CHECK_AGENT: &str = "/moby.sshforward.v1.SSH/CheckAgent";
    const FORWARD_AGENT: &str = "/moby.sshforward.v1.SSH/ForwardAgent";
    const FETCH_TOKEN: &str = "/moby.filesync.v1.Auth/FetchToken";

    // gRPC codes.
    const INVALID_ARGUMENT: &str = "3";
    const NOT_FOUND: &str = "5";
    const FAILED_PRECONDITION: &str = "9";
    const OUT_OF_RANGE: &str = "11";
    const UNIMPLEMENTED: &str = "12";
    const INTERNAL: &str = "13";
    const UNAVAILABLE: &str = "14";

    /// The engine's end of a session.
    #[derive(Clone)]
    struct Engine(peer::Requests);

    impl Engine {
        async fn new(connection: DuplexStream) -> Self {
            Self(peer::connect(connection).await)
        }

        /// Calls a method, and returns its response, or the code and the message of its error.
        async fn call<T: Message + Default>(&self, path: &str, message: &impl Message) -> Result<T, (String, String)> {
            self.send(path, Full::new(framed(message)).boxed_unsync()).await
        }

        /// Sends the parts to an SSH agent, and returns its responses.
        async fn agent(&self, id: &str, parts: &[&[u8]]) -> Result<Vec<u8>, (String, String)> {
            let parts: Vec<Bytes> = parts.iter().map(|data| framed(&BytesMessage { data: data.to_vec() })).collect();
            let body = Full::new(parts.concat().into()).boxed_unsync();
            let mut responses = self.send_with(FORWARD_AGENT, ("buildkit.ssh.id", id), body).await?;
            let mut received = Vec::new();
            while !responses.is_empty() {
                let length = (&responses[1..5]).get_u32() as usize;
                received.extend(BytesMessage::decode(&responses[5..5 + length]).unwrap().data);
                responses.advance(5 + length);
            }
            Ok(received)
        }

        async fn send<T: Message + Default>(&self, path: &str, body: peer::Body) -> Result<T, (String, String)> {
            let body = self.send_with(path, ("x-trace", "7"), body).await?;
            Ok(T::decode(&body[5..]).unwrap())
        }

        async fn send_with(
            &self,
            path: &str,
            header: (&str, &str),
            body: peer::Body,
        ) -> Result<Bytes, (String, String)> {
            let request = Request::post(format!("http://localhost{path}")).header("content-type", "application/grpc");
            let request = request.header("te", "trailers").header(header.0, header.1).body(body).unwrap();
            let response = self.0.clone().send_request(request).await.unwrap();
            let (head, body) = response.into_parts();
            let body = body.collect().await.unwrap();
            let trailers = body.trailers().cloned().unwrap_or(head.headers);
            let text = |name| trailers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
            match (text("grpc-status"), text("grpc-message")) {
                (code, _) if code == "0" => Ok(body.to_bytes()),
                error => Err(error),
            }
        }

        async fn secret(&self, id: &str) -> Result<Vec<u8>, (String, String)> {
            let request = GetSecretRequest { id: id.into(), ..Default::default() };
            self.call(SECRET, &request).await.map(|found: GetSecretResponse| found.data)
        }

        async fn credentials(&self, host: &str) -> Result<(String, String), (String, String)> {
            let found = self.call(CREDENTIALS, &CredentialsRequest { host: host.into() }).await;
            found.map(|found: CredentialsResponse| (found.username, found.secret))
        }
    }

    /// A message with the gRPC prefix.
    fn framed(message: &impl Message) -> Bytes {
        let message = message.encode_to_vec();
        let mut framed = BytesMut::new();
        framed.put_u8(0);
        framed.put_u32(message.len() as u32);
        framed.put_slice(&message);
        framed.freeze()
    }

    fn services() -> Services {
        let auth = |username: &str, password: &str| AuthConfig {
            username: username.into(),
            password: password.into(),
            ..Default::default()
        };
        let token = AuthConfig { identitytoken: "t0ken".into(), ..auth("me", "") };
        let registry_token = AuthConfig { registrytoken: "t0ken".into(), ..Default::default() };
        let credentials = [
            ("registry.example:5000", auth("me", "hunter2")),
            ("docker.io", auth("hub", "hunter3")),
            ("token.example", token),
            ("bearer.example", registry_token),
        ];
        let secrets = [
            ("token", SecretSource::Value(Secret("hunter2".into()))),
            ("function", SecretSource::Function(Arc::new(|| Box::pin(async { Ok("called".into()) })))),
            ("sealed", SecretSource::Function(Arc::new(|| Box::pin(async { Err("the vault is sealed".into()) })))),
        ];
        Services {
            secrets: secrets.map(|(id, secret)| (id.to_owned(), secret)).into(),
            credentials: credentials.map(|(name, auth)| (name.to_owned(), auth)).into(),
            ..Services::none()
        }
    }

    fn session(connection: DuplexStream) -> BuildSession {
        session_with(connection, services())
    }

    fn session_with(connection: DuplexStream, services: Services) -> BuildSession {
        BuildSession { id: "s1".into(), serving: Box::pin(serve(connection, services)) }
    }

    /// Runs `calls` of an engine, with a session that is polled by the same task.
    async fn with_session<T>(calls: impl AsyncFnOnce(Engine) -> T) -> T {
        let (near, far) = tokio::io::duplex(1 << 10);
        let calls = async move { Ok(calls(Engine::new(far).await).await) };
        session(near).during(calls).await.unwrap()
    }

    #[tokio::test]
    async fn session_serves_secrets_that_are_offered() {
        with_session(async |engine: Engine| {
            let health: HealthCheckResponse = engine.call(HEALTH, &HealthCheckRequest::default()).await.unwrap();
            assert_eq!(health.status, 1);
            assert_eq!(engine.secret("token").await.unwrap(), b"hunter2");
            assert_eq!(engine.secret("function").await.unwrap(), b"called");
            let (code, message) = engine.secret("sealed").await.unwrap_err();
            assert!(code == INTERNAL && message.contains("the%20vault%20is%20sealed"), "{code} {message}");
            for other in ["", "Token", "/etc/passwd"] {
                let (code, message) = engine.secret(other).await.unwrap_err();
                assert_eq!(code, NOT_FOUND, "{message}");
            }
        })
        .await;
    }

    #[tokio::test]
    async fn session_serves_credentials_of_registries() {
        with_session(async |engine: Engine| {
            for (host, username, secret) in [
                ("registry.example:5000", "me", "hunter2"),
                ("registry-1.docker.io", "hub", "hunter3"),
                ("token.example", "", "t0ken"),
                ("other.example", "", ""),
            ] {
                let found = engine.credentials(host).await.unwrap();
                assert_eq!(found, (username.to_owned(), secret.to_owned()), "{host}");
            }
            for (host, expected) in [("bearer.example", FAILED_PRECONDITION), ("a\nb", INTERNAL)] {
                let (code, message) = engine.credentials(host).await.unwrap_err();
                assert_eq!(code, expected, "{message}");
                assert!(!message.contains("t0ken"), "{message}");
            }
        })
        .await;
    }

    /// An SSH agent that responds to each message with its type and the number of messages so far.
    async fn ssh_agent(mut listener: platform::LocalListener) {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

        loop {
            let mut connection = listener.accept().await.unwrap();
            let mut count = 0;
            while let Ok(length) = connection.read_u32().await {
                let mut message = vec![0; length as usize];
                connection.read_exact(&mut message).await.unwrap();
                count += 1;
                connection.write_all(&[0, 0, 0, 2, message[0], count]).await.unwrap();
            }
        }
    }

    #[tokio::test]
    async fn session_forwards_ssh_agents_that_are_offered() {
        let folder = tempfile::tempdir().unwrap();
        let socket = platform::local_address(folder.path(), "agent");
        tokio::spawn(ssh_agent(platform::LocalListener::bind(&socket).unwrap()));
        let agents = [("default", socket), ("gone", folder.path().join("gone"))];
        let agents = agents.map(|(id, path)| (id.into(), SshAgent::Socket(path)));
        let services = Services { ssh_agents: agents.into(), ..services() };
        let (near, far) = tokio::io::duplex(1 << 10);
        let calls = async {
            let engine = Engine::new(far).await;
            for id in ["", "default"] {
                let _: CheckAgentResponse =
                    engine.call(CHECK_AGENT, &CheckAgentRequest { id: id.into() }).await.unwrap();
                // Lists keys, adds a key, which is rejected, and signs; the messages are split.
                let parts: [&[u8]; 4] = [&[0, 0, 0, 1, 11, 0, 0], &[0, 3, 17], &[9, 9, 0, 0, 0, 2], &[13, 9]];
                let responses = engine.agent(id, &parts).await.unwrap();
                assert_eq!(responses, [0, 0, 0, 2, 11, 1, 0, 0, 0, 1, 5, 0, 0, 0, 2, 13, 2]);
            }
            let other = engine.call::<CheckAgentResponse>(CHECK_AGENT, &CheckAgentRequest { id: "other".into() }).await;
            assert_eq!(other.unwrap_err().0, NOT_FOUND);
            assert_eq!(engine.agent("other", &[]).await.unwrap_err().0, NOT_FOUND);
            assert_eq!(engine.agent("gone", &[]).await.unwrap_err().0, UNAVAILABLE);
            for length in [&[0, 0, 0, 0], &[0xff, 0xff, 0xff, 0xff]] {
                assert_eq!(engine.agent("", &[length]).await.unwrap_err().0, INVALID_ARGUMENT);
            }
            Ok(())
        };
        session_with(near, services).during(calls).await.unwrap();
    }

    #[tokio::test]
    async fn session_rejects_other_methods_and_large_requests() {
        with_session(async |engine: Engine| {
            for path in [FETCH_TOKEN, "/moby.filesync.v1.FileSync/DiffCopy", "/", "/grpc.health.v1.Health/check"] {
                let (code, _) = engine.call::<()>(path, &FetchTokenRequest::default()).await.unwrap_err();
                assert_eq!(code, UNIMPLEMENTED, "{path}");
            }
            let (code, message) = engine.secret(&"x".repeat(1 << 20)).await.unwrap_err();
            assert_eq!(code, OUT_OF_RANGE, "{message}");
        })
        .await;
    }

    #[tokio::test]
    async fn session_serves_calls_while_others_are_incomplete() {
        with_session(async |engine: Engine| {
            let endless = || http_body_util::StreamBody::new(futures_util::stream::pending()).boxed_unsync();
            let stalled = (0..10).map(|_| engine.send::<GetSecretResponse>(SECRET, endless()));
            let mut stalled = future::join_all(stalled).boxed_local();
            assert!((&mut stalled).now_or_never().is_none());
            let calls = (0..200).map(|_| engine.secret("token"));
            let all = future::select(stalled, future::join_all(calls).boxed_local()).await;
            let future::Either::Right((responses, _)) = all else { panic!("incomplete calls have a response") };
            assert!(responses.iter().all(|response| response.as_deref() == Ok(b"hunter2")), "{responses:?}");
        })
        .await;
    }

    #[tokio::test]
    async fn session_that_is_lost_is_an_error() {
        let (near, far) = tokio::io::duplex(1 << 10);
        let mut session = session(near);
        assert_eq!(session.during(async { Ok(7) }).await.unwrap(), 7);
        drop(far);
        let error = session.during(future::pending::<Result<()>>()).await.unwrap_err();
        assert!(error.is_connection_lost(), "{error}");
        assert!(error.to_string().contains("the session with BuildKit was lost"), "{error}");
    }

    #[tokio::test]
    async fn session_closes_its_connection_when_dropped() {
        use tokio::io::AsyncReadExt as _;

        let (near, mut far) = tokio::io::duplex(1 << 10);
        drop(session(near));
        assert_eq!(far.read(&mut [0; 9]).await.unwrap(), 0);
    }
}
