//! The ways in which a client talks to an engine: what is asked, and what is a good answer.

use dockerclient::{
    DockerClient, DockerClientBuilder, Error, Result, containers::AttachOptions, system::EventsOptions,
};
use futures_util::TryStreamExt as _;

use crate::engine::{Engine, Fault, Then};

/// A way to talk to an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// A document, over a connection of the pool.
    Call,
    /// What changes something, over a connection of the pool.
    Change,
    /// A stream, over a connection of the pool.
    Download,
    /// A stream, over a connection of its own.
    Stream,
    /// A session.
    Session,
}

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length,
    Chunks,
}

impl Way {
    pub(crate) const ALL: [Self; 5] = [Self::Call, Self::Change, Self::Download, Self::Stream, Self::Session];

    /// Goes it to the end, and returns what came.
    pub(crate) async fn go(self, docker: &DockerClient) -> Result<Vec<u8>> {
        let web = docker.container("web");
        match self {
            Self::Call => Ok(docker.info().await?.containers.to_string().into_bytes()),
            Self::Change => web.pause().await.map(|()| Vec::new()),
            Self::Download => Ok(web.export().await?.try_collect::<Vec<_>>().await?.concat()),
            Self::Stream => {
                let events = docker.events(&EventsOptions::default()).await?.try_collect::<Vec<_>>().await?;
                Ok(events.into_iter().flat_map(|event| event.action.into_bytes()).collect())
            }
            Self::Session => Ok(web.attach(&AttachOptions::default()).await?.output.capture().await?.stdout.to_vec()),
        }
    }

    /// What comes if nothing goes wrong.
    pub(crate) fn good(self) -> &'static [u8] {
        match self {
            Self::Call => b"7",
            Self::Change => b"",
            Self::Download => b"an archive",
            Self::Stream => b"startdie",
            Self::Session => b"out",
        }
    }

    fn body(self) -> &'static [u8] {
        match self {
            Self::Call => b"{\"Containers\":7}",
            Self::Change => b"",
            Self::Download => self.good(),
            Self::Stream => {
                b"{\"Action\":\"start\",\"Type\":\"container\",\"time\":1}\n{\"Action\":\"die\",\"Type\":\"container\",\"time\":2}\n"
            }
            Self::Session => b"\x01\0\0\0\0\0\0\x03out",
        }
    }

    /// The whole of a good answer, and how long its head is.
    pub(crate) fn answer(self, framing: Framing) -> (Vec<u8>, usize) {
        let body = self.body();
        let head = match (self, framing) {
            (Self::Change, _) => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
            (Self::Session, _) => "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n".to_owned(),
            (_, Framing::Length) => format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()),
            (_, Framing::Chunks) => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
        };
        let mut answer = head.into_bytes();
        let length = answer.len();
        if answer.ends_with(b"chunked\r\n\r\n") {
            for piece in body.chunks(7) {
                answer.extend(format!("{:x}\r\n", piece.len()).bytes());
                answer.extend(piece);
                answer.extend(b"\r\n");
            }
            answer.extend(b"0\r\n\r\n");
        } else {
            answer.extend(body);
        }
        (answer, length)
    }
}

/// What is answered to the request that begins with `line` if nothing goes wrong.
pub(crate) fn good_answer(line: &str) -> Fault {
    let (way, then) = match line {
        line if line.contains("/json") => {
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"Id\":\"f43c\"}";
            return Fault::new(answer, Then::GoOn);
        }
        line if line.contains("/pause") => (Way::Change, Then::GoOn),
        line if line.contains("/export") => (Way::Download, Then::GoOn),
        line if line.contains("/events") => (Way::Stream, Then::GoOn),
        line if line.contains("/attach") => (Way::Session, Then::HangUp),
        _ => (Way::Call, Then::GoOn),
    };
    Fault::new(way.answer(Framing::Length).0, then)
}

/// How many connections a client may keep that makes one call after the other: one may begin before the connection of
/// the last is back in the pool.
pub(crate) const KEPT: usize = 2;

/// Goes `way` while `fault` is there, and the way of a call when it is over: with the same client, which then has no
/// connection open but those it keeps. Returns what the fault was told as.
pub(crate) async fn told(engine: &Engine, client: DockerClientBuilder, way: Way, fault: Fault) -> Error {
    let docker = client.build().unwrap();
    engine.fail(fault.clone());
    let error = match way.go(&docker).await {
        Err(error) => error,
        Ok(came) => panic!("{way:?} took {fault:?} for an answer: {came:?}"),
    };
    engine.recover();
    assert!(error.operation().is_some(), "{error}");
    serves_again(&docker).await;
    engine.closes_all_but(KEPT).await;
    drop(docker);
    engine.closes_all_but(0).await;
    error
}

/// The client serves the next call. Where its limits are short, a slow machine may take several.
pub(crate) async fn serves_again(docker: &DockerClient) {
    loop {
        match Way::Call.go(docker).await {
            Ok(came) => break assert_eq!(came, Way::Call.good()),
            Err(error) => assert!(error.is_timeout(), "{error}: {error:?}"),
        }
    }
}
