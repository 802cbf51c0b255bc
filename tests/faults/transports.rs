//! The kinds of calls of a client (pooled, dedicated, session), and their normal responses.

use dockerclient::{DockerClient, DockerClientBuilder, Error, Result, Timestamp};
use futures_util::TryStreamExt as _;

use crate::engine::{Engine, Fault, Then};

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// A `GET` of a JSON object, over a pooled connection.
    Get,
    /// A `POST` without a response body, over a pooled connection.
    Post,
    /// A download, over a pooled connection.
    Download,
    /// A stream of events, over a dedicated connection.
    Stream,
    /// An attached session, over a hijacked connection.
    Session,
}

/// The framing of a response body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length,
    Chunks,
}

impl Call {
    pub(crate) const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Download, Self::Stream, Self::Session];

    /// Makes the call, and returns the content of its response.
    pub(crate) async fn run(self, docker: &DockerClient) -> Result<Vec<u8>> {
        let web = docker.container("web");
        match self {
            Self::Get => Ok(docker.info().await?.containers.to_string().into_bytes()),
            Self::Post => web.pause().await.map(|()| Vec::new()),
            Self::Download => Ok(web.export().await?.try_collect::<Vec<_>>().await?.concat()),
            Self::Stream => {
                let past_events = docker.events().until(Timestamp::now());
                let events = past_events.await?.try_collect::<Vec<_>>().await?;
                Ok(events.into_iter().flat_map(|event| event.action.into_bytes()).collect())
            }
            Self::Session => Ok(web.attach().await?.output.capture().await?.stdout.to_vec()),
        }
    }

    /// The content of the normal response.
    pub(crate) fn expected(self) -> &'static [u8] {
        match self {
            Self::Get => b"7",
            Self::Post => b"",
            Self::Download => &[0; 1024], // an archive without entries
            Self::Stream => b"startdie",
            Self::Session => b"out",
        }
    }

    fn body(self) -> &'static [u8] {
        match self {
            Self::Get => b"{\"Containers\":7}",
            Self::Post => b"",
            Self::Download => self.expected(),
            Self::Stream => {
                b"{\"Action\":\"start\",\"Type\":\"container\",\"time\":1}\n{\"Action\":\"die\",\"Type\":\"container\",\"time\":2}\n"
            }
            Self::Session => b"\x01\0\0\0\0\0\0\x03out",
        }
    }

    /// The normal response, and the length of its headers.
    pub(crate) fn response(self, framing: Framing) -> (Vec<u8>, usize) {
        let body = self.body();
        let head = match (self, framing) {
            (Self::Post, _) => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
            (Self::Session, _) => "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n".to_owned(),
            (_, Framing::Length) => format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()),
            (_, Framing::Chunks) => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
        };
        let mut response = head.into_bytes();
        let length = response.len();
        if response.ends_with(b"chunked\r\n\r\n") {
            let size = if self == Self::Download { 512 } else { 7 };
            for chunk in body.chunks(size) {
                response.extend(format!("{:x}\r\n", chunk.len()).bytes());
                response.extend(chunk);
                response.extend(b"\r\n");
            }
            response.extend(b"0\r\n\r\n");
        } else {
            response.extend(body);
        }
        (response, length)
    }
}

/// The normal response to the request with the request line `line`.
pub(crate) fn normal_response(line: &str) -> Fault {
    let (call, then) = match line {
        line if line.contains("/json") => {
            let response = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"Id\":\"f43c\"}";
            return Fault::new(response, Then::KeepAlive);
        }
        line if line.starts_with("get /version ") => {
            let response = "HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{\"ApiVersion\":\"1.41\"}";
            return Fault::new(response, Then::KeepAlive);
        }
        line if line.contains("/pause") => (Call::Post, Then::KeepAlive),
        line if line.contains("/export") => (Call::Download, Then::KeepAlive),
        line if line.contains("/events") => (Call::Stream, Then::KeepAlive),
        line if line.contains("/attach") => (Call::Session, Then::Close),
        _ => (Call::Get, Then::KeepAlive),
    };
    Fault::new(call.response(Framing::Length).0, then)
}

/// The number of idle connections of a client that makes its calls sequentially.
pub(crate) const IDLE_CONNECTIONS: usize = 1;

/// Makes `call` with `fault` injected, and returns its error. Asserts that the same client can then make a [`Call::Get`],
/// and has only idle connections open.
pub(crate) async fn error_of(engine: &Engine, client: DockerClientBuilder, call: Call, fault: Fault) -> Error {
    let docker = client.build().unwrap();
    engine.fail(fault.clone());
    let error = match call.run(&docker).await {
        Err(error) => error,
        Ok(result) => panic!("{call:?} accepted {fault:?} as a response: {result:?}"),
    };
    engine.recover();
    assert!(error.operation().is_some(), "{error}");
    serves_again(&docker).await;
    engine.wait_for_open_at_most(IDLE_CONNECTIONS).await;
    drop(docker);
    engine.wait_for_open_at_most(0).await;
    error
}

/// Makes calls until one succeeds. With short time limits, it may not be the first on a slow machine.
pub(crate) async fn serves_again(docker: &DockerClient) {
    loop {
        match Call::Get.run(docker).await {
            Ok(result) => break assert_eq!(result, Call::Get.expected()),
            Err(error) => assert!(error.is_timeout(), "{error}: {error:?}"),
        }
    }
}
