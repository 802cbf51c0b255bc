//! Tests with an engine that sends directories and archives.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    fs::{self, OpenOptions},
    io::Write as _,
    path::Path,
    time::{Duration, SystemTime},
};

use bollard_buildkit_proto::fsutil::types::{Packet, Stat, packet::PacketType};
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Incoming;
use prost::Message;
use tempfile::TempDir;
use tokio::{
    io::AsyncReadExt as _,
    sync::mpsc,
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::*;
use crate::{
    platform,
    transport::{peer, serve_http2},
};

mod archives;

// gRPC codes.
const OK: &str = "0";
const INVALID_ARGUMENT: &str = "3";
const NOT_FOUND: &str = "5";
const ABORTED: &str = "10";
const INTERNAL: &str = "13";

// The type bits of Go modes.
const DIRECTORY: u32 = 1 << 31;
const LINK: u32 = 1 << 27;

const LIMIT: Duration = Duration::from_secs(10);

/// The engine's end of a session.
struct Engine {
    requests: peer::Requests,
    server: JoinHandle<Result<()>>,
}

/// A call of an engine, which sends messages.
struct Call {
    messages: mpsc::UnboundedSender<Bytes>,
    response: BoxFuture<'static, hyper::Result<Response<Incoming>>>,
}

/// The responses to a call.
struct Responses {
    head: HeaderMap,
    body: Incoming,
    buffer: BytesMut,
    trailers: Option<HeaderMap>,
}

impl Engine {
    async fn new(targets: &[Option<&Arc<ExportTarget>>]) -> Self {
        let (near, far) = tokio::io::duplex(1 << 16);
        let targets: Arc<[_]> = targets.iter().map(|target| target.cloned()).collect();
        let server = serve_http2(near, move |request| {
            let targets = Arc::clone(&targets);
            async move { receive(&targets, request).await }
        });
        let server = tokio::spawn(server);
        Self { requests: peer::connect(far).await, server }
    }

    fn call(&self, exporter: Option<&str>) -> Call {
        let (messages, mut waiting) = mpsc::unbounded_channel();
        let frames =
            stream::poll_fn(move |cx| waiting.poll_recv(cx)).map(|bytes| Ok::<_, Infallible>(Frame::data(bytes)));
        let mut request = Request::post("http://localhost/moby.filesync.v1.FileSend/DiffCopy")
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        if let Some(exporter) = exporter {
            request = request.header(EXPORTER, exporter);
        }
        let request = request.body(StreamBody::new(frames).boxed_unsync()).unwrap();
        Call { messages, response: self.requests.clone().send_request(request).boxed() }
    }

    /// Sends messages as a complete call, and returns the code and the message of its status.
    async fn send(&self, exporter: Option<&str>, messages: Vec<Bytes>) -> (String, String) {
        let call = self.call(exporter);
        messages.into_iter().for_each(|message| call.send(message));
        call.end().await.status().await
    }
}

impl Call {
    fn send(&self, message: Bytes) {
        // It fails once the call has ended.
        let _ = self.messages.send(message);
    }

    fn send_packet(&self, kind: PacketType, id: u32, data: &[u8]) {
        self.send(framed(&Packet { r#type: kind.into(), id, data: data.to_vec(), ..Default::default() }));
    }

    /// Ends the messages, and waits for the response.
    async fn end(self) -> Responses {
        drop(self.messages);
        Responses::of(self.response.await.unwrap())
    }

    /// Waits for the response, while messages can still be sent.
    async fn respond(&mut self) -> Responses {
        Responses::of((&mut self.response).await.unwrap())
    }
}

impl Responses {
    fn of(response: Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        Self { head: head.headers, body, buffer: BytesMut::new(), trailers: None }
    }

    async fn next(&mut self) -> Option<Packet> {
        loop {
            if let Some(mut length) = self.buffer.get(1..5) {
                let length = length.get_u32() as usize;
                if self.buffer.len() >= 5 + length {
                    self.buffer.advance(5);
                    return Some(Packet::decode(self.buffer.split_to(length)).unwrap());
                }
            }
            match self.body.frame().await?.unwrap().into_data() {
                Ok(data) => self.buffer.extend_from_slice(&data),
                Err(frame) => self.trailers = frame.into_trailers().ok(),
            }
        }
    }

    /// Waits for the end, and returns the code and the message of the status.
    async fn status(mut self) -> (String, String) {
        while self.next().await.is_some() {}
        let trailers = self.trailers.unwrap_or(self.head);
        let text = |name| trailers.get(name).map_or("", |value| value.to_str().unwrap());
        let message = percent_encoding::percent_decode_str(text("grpc-message")).decode_utf8_lossy().into_owned();
        (text("grpc-status").to_owned(), message)
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

fn part(data: &[u8]) -> Bytes {
    framed(&BytesMessage { data: data.to_vec() })
}

fn stat(path: &str, mode: u32, size: usize) -> Stat {
    Stat { path: path.into(), mode, size: size as i64, mod_time: 5_000_000_100, uid: 7, gid: 7, ..Default::default() }
}

fn announced(stat: Stat) -> Bytes {
    framed(&Packet { stat: Some(stat), ..Default::default() })
}

/// Sends a directory as BuildKit does: with parts of 32 KiB, and the files in the order of the requests.
async fn send_directory(engine: &Engine, entries: &[(Stat, &[u8])]) -> (String, String) {
    let mut call = engine.call(None);
    for (stat, _) in entries {
        call.send(announced(stat.clone()));
    }
    call.send_packet(PacketType::PacketStat, 0, &[]);
    let mut responses = call.respond().await;
    while let Some(packet) = responses.next().await {
        if packet.r#type == PacketType::PacketFin as i32 {
            call.send_packet(PacketType::PacketFin, 0, &[]);
            break;
        }
        assert_eq!(packet.r#type, PacketType::PacketReq as i32);
        for part in entries[packet.id as usize].1.chunks(32 << 10) {
            call.send_packet(PacketType::PacketData, packet.id, part);
        }
        call.send_packet(PacketType::PacketData, packet.id, &[]);
    }
    responses.status().await
}

fn directory(folder: &TempDir) -> Arc<ExportTarget> {
    Arc::new(ExportTarget::directory(folder.path().join("out")))
}

fn archive(folder: &TempDir) -> Arc<ExportTarget> {
    Arc::new(ExportTarget::file(folder.path().join("out.tar")))
}

fn names(folder: &Path) -> BTreeSet<String> {
    folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Waits until the condition is met.
async fn wait_until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LIMIT, wait).await.unwrap();
}

#[tokio::test]
async fn export_of_a_directory_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let target = directory(&folder);
    let engine = Engine::new(&[Some(&target)]).await;
    let content: Vec<u8> = (0..100_000_u32).map(|number| number as u8).collect();
    let hard_link = Stat { linkname: "d/a".into(), ..stat("d/b", 0o640, 0) };
    let link = Stat { linkname: "../nowhere".into(), ..stat("l", LINK | 0o777, 0) };
    let mut entries: Vec<(Stat, &[u8])> = vec![
        (stat("d", DIRECTORY | 0o750, 0), &[]),
        (stat("d/a", 0o640, content.len()), &content),
        (hard_link, &[]),
        (stat("e", 0o600, 0), &[]),
    ];
    if platform::symlinks_work() {
        entries.push((link, &[]));
    }
    assert!(!target.is_complete());
    let (code, message) = send_directory(&engine, &entries).await;
    assert_eq!(code, OK, "{message}");
    assert!(target.is_complete());
    target.finish().unwrap();

    let out = folder.path().join("out");
    assert_eq!(fs::read(out.join("d/a")).unwrap(), content);
    assert_eq!(fs::read(out.join("e")).unwrap(), b"");
    if platform::symlinks_work() {
        assert_eq!(out.join("l").read_link().unwrap(), Path::new("../nowhere"));
    }
    let modified = SystemTime::UNIX_EPOCH + Duration::new(5, 100);
    for (path, mode) in [("d", 0o750), ("d/a", 0o640), ("e", 0o600)] {
        let path = out.join(path);
        // Windows has no such permissions.
        assert!(platform::mode(&path).is_none_or(|found| found == mode), "{}", path.display());
        assert_eq!(path.metadata().unwrap().modified().unwrap(), modified, "{}", path.display());
    }
    // Both are names of one file.
    OpenOptions::new().append(true).open(out.join("d/a")).unwrap().write_all(b"more").unwrap();
    assert!(fs::read(out.join("d/b")).unwrap().ends_with(b"more"));
}

#[tokio::test]
async fn export_of_a_directory_has_several_transfers() {
    let folder = tempfile::tempdir().unwrap();
    let target = directory(&folder);
    let engine = Engine::new(&[Some(&target)]).await;
    let entries = |name: &str| {
        let content: [&[u8]; 2] = [&[], b"1"];
        [(stat(name, DIRECTORY | 0o755, 0), content[0]), (stat(&format!("{name}/a"), 0o644, 1), content[1])]
    };
    let (one, other) = (entries("linux_amd64"), entries("linux_arm64"));
    let (one, other) = tokio::join!(send_directory(&engine, &one), send_directory(&engine, &other));
    assert_eq!((&*one.0, &*other.0), (OK, OK), "{one:?} {other:?}");
    target.finish().unwrap();
    assert_eq!(names(&folder.path().join("out")), ["linux_amd64", "linux_arm64"].map(str::to_owned).into());
}

#[tokio::test]
async fn export_requests_few_files_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let target = directory(&folder);
    let engine = Engine::new(&[Some(&target)]).await;
    let mut call = engine.call(None);
    for number in 0..20 {
        call.send(announced(stat(&format!("{number:02}"), 0o644, 1)));
    }
    call.send_packet(PacketType::PacketStat, 0, &[]);
    let mut responses = call.respond().await;
    for id in 0..8 {
        assert_eq!(responses.next().await.unwrap().id, id);
    }
    assert!(timeout(Duration::from_millis(50), responses.next()).await.is_err(), "a ninth file is requested");
    for id in 0..20 {
        call.send_packet(PacketType::PacketData, id, b"1");
        call.send_packet(PacketType::PacketData, id, &[]);
    }
    for id in 8..20 {
        assert_eq!(responses.next().await.unwrap().id, id);
    }
    assert_eq!(responses.next().await.unwrap().r#type, PacketType::PacketFin as i32);
    assert!(target.is_complete(), "the engine may cancel the call now");
    drop(responses);
    sleep(Duration::from_millis(50)).await;
    target.finish().unwrap();
    assert_eq!(names(&folder.path().join("out")).len(), 20);
}

#[tokio::test]
async fn export_from_a_hostile_engine_is_an_error() {
    let long = "x/".repeat(4000) + "x";
    for path in ["/etc/evil", "../evil", "out/../../evil", "a/b", "", ".", "a\0b", &long] {
        let folder = tempfile::tempdir().unwrap();
        let target = directory(&folder);
        let engine = Engine::new(&[Some(&target)]).await;
        let (code, message) = engine.send(None, vec![announced(stat(path, 0o644, 1))]).await;
        assert_eq!(code, INVALID_ARGUMENT, "{path}: {message}");
        assert!(target.failure().unwrap().is_decode() && !target.is_complete(), "{path}");
        assert!(target.finish().unwrap_err().is_decode());
        assert_eq!(names(folder.path()), ["out".to_owned()].into());
        assert!(names(&folder.path().join("out")).is_empty());
    }
}

#[tokio::test]
async fn export_messages_must_be_valid_and_small() {
    let folder = tempfile::tempdir().unwrap();
    let target = directory(&folder);
    let engine = Engine::new(&[Some(&target)]).await;
    // The field 4, with an incomplete length; a message of 2 MiB.
    let invalid = Bytes::from_static(&[0, 0, 0, 0, 2, 0x22, 0xff]);
    let large = announced(Stat { linkname: "x".repeat(2 << 20), ..stat("a", 0o644, 0) });
    for message in [invalid, large] {
        let (code, message) = engine.send(None, vec![message]).await;
        assert_eq!(code, INVALID_ARGUMENT, "{message}");
    }
}

#[tokio::test]
async fn export_that_ends_early_is_not_complete() {
    let folder = tempfile::tempdir().unwrap();
    for messages in [vec![], vec![announced(stat("a", 0o644, 1))]] {
        let target = directory(&folder);
        let engine = Engine::new(&[Some(&target)]).await;
        let (code, message) = engine.send(None, messages).await;
        assert_eq!(code, ABORTED, "{message}");
        assert!(!target.is_complete() && target.failure().is_none());
        assert!(target.finish().unwrap_err().is_truncated());
    }
    assert!(directory(&folder).finish().unwrap_err().is_truncated(), "an output that is not sent is an error");
}

#[tokio::test]
async fn export_that_cannot_be_written_is_the_local_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("out"), "").unwrap();
    fs::create_dir(folder.path().join("out.tar")).unwrap();
    for target in [directory(&folder), archive(&folder)] {
        let engine = Engine::new(&[Some(&target)]).await;
        let (code, message) = engine.send(None, vec![part(b"")]).await;
        assert_eq!(code, INTERNAL, "{message}");
        let error = target.finish().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LocalIo, "{error}");
        assert!(message.contains("failed to write") && message == error.to_string(), "{message}");
    }
}

#[tokio::test]
async fn export_stops_when_the_session_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let target = directory(&folder);
    let engine = Engine::new(&[Some(&target)]).await;
    let mut call = engine.call(None);
    call.send(announced(stat("a", 0o644, 1)));
    let mut responses = call.respond().await;
    assert_eq!(responses.next().await.unwrap().id, 0);
    engine.server.abort();
    wait_until(|| Arc::strong_count(&target) == 1).await;
    assert!(!target.is_complete() && target.failure().is_none());
}

#[tokio::test]
async fn export_goes_to_the_target_of_its_exporter() {
    let folder = tempfile::tempdir().unwrap();
    let target = archive(&folder);
    let engine = Engine::new(&[None, Some(&target)]).await;
    for (exporter, expected) in [
        (None, NOT_FOUND),
        (Some("0"), NOT_FOUND),
        (Some("2"), NOT_FOUND),
        (Some("-1"), INVALID_ARGUMENT),
        (Some("x"), INVALID_ARGUMENT),
        (Some("1"), OK),
    ] {
        let (code, message) = engine.send(exporter, vec![part(b"tar")]).await;
        assert_eq!(code, expected, "{exporter:?}: {message}");
    }
    target.finish().unwrap();
}

#[test]
fn export_target_debug_shows_the_path() {
    assert_eq!(format!("{:?}", ExportTarget::directory("out".into())), r#"Directory("out")"#);
    assert_eq!(format!("{:?}", ExportTarget::file("out.tar".into())), r#"File("out.tar")"#);
    assert_eq!(format!("{:?}", ExportTarget::writer(Box::new(tokio::io::sink()))), "Writer");
}
