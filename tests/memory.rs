//! What flows through does not pile up. In a process of its own, whose memory is that of this test.

#![allow(clippy::unwrap_used)] // in a test, a panic is a report

use std::{fs, path::Path, thread};

use dockerclient::{ApiVersion, DockerClient, Upload, containers::LogsOptions};
use futures_util::{TryStreamExt as _, stream};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixListener, UnixStream},
    sync::Mutex,
};

const GIBIBYTE: usize = 1 << 30;

/// What may be held at any moment, buffers of both sides included.
const MOST: usize = 24 << 20;

/// The most memory this process ever had in use, in bytes.
fn peak() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}

/// One request after the other, on one connection after the other.
async fn engine(socket: &Path) {
    let listener = UnixListener::bind(socket).unwrap();
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream));
    }
}

async fn serve(mut stream: UnixStream) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    if head.contains("/logs") {
        // Frames of 32 KiB, each a chunk.
        let frame = [&[1, 0, 0, 0, 0, 0, 0x80, 0][..], &[b'x'; 0x8000]].concat();
        let chunk = [format!("{:x}\r\n", frame.len()).as_bytes(), &frame, b"\r\n"].concat();
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
        for _ in 0..GIBIBYTE / 0x8000 {
            stream.write_all(&chunk).await?;
        }
        stream.write_all(b"0\r\n\r\n").await?;
    } else if head.contains("/load") || head.contains("/build") {
        let received = discard(&mut stream, &head).await?;
        let answer = format!("{{\"stream\":\"Successfully built {received}\"}}");
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", answer.len());
        stream.write_all((head + &answer).as_bytes()).await?;
    } else {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"Id\":\"f43c\"}").await?;
        Box::pin(serve(stream)).await?;
    }
    Ok(())
}

/// Takes the body of a request, and returns how long it was on the wire.
async fn discard(stream: &mut UnixStream, head: &str) -> std::io::Result<usize> {
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let (mut received, mut end) = (0, Vec::new());
    let mut buffer = vec![0; 64 << 10];
    while length.map_or(end != b"0\r\n\r\n", |length| received < length) {
        let piece = stream.read(&mut buffer).await?;
        if piece == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        received += piece;
        end.extend_from_slice(&buffer[piece.saturating_sub(5)..piece]);
        end.drain(..end.len().saturating_sub(5));
    }
    Ok(received)
}

/// A client of such an engine, which has spoken to it.
async fn client(socket: &Path) -> DockerClient {
    let path = socket.to_owned();
    thread::spawn(move || tokio::runtime::Runtime::new().unwrap().block_on(engine(&path)));
    while UnixStream::connect(socket).await.is_err() {
        tokio::task::yield_now().await;
    }
    let address = format!("unix://{}", socket.display());
    let docker = DockerClient::builder().address(address).api_version(ApiVersion::new(1, 18)).build().unwrap();
    docker.container("web").inspect().await.unwrap();
    docker
}

/// The peak is of the whole process, so there is one test at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

#[tokio::test]
async fn a_gibibyte_of_output_and_one_of_an_archive_flow_through() {
    let _alone = ALONE.lock().await;
    let directory = TempDir::new().unwrap();
    let docker = client(&directory.path().join("socket")).await;
    let before = peak();

    let mut logs = docker.container("web").logs(&LogsOptions::default()).await.unwrap();
    let mut length = 0;
    while let Some(output) = logs.try_next().await.unwrap() {
        length += output.bytes().len();
    }
    assert_eq!(length, GIBIBYTE);
    let grown = peak() - before;
    assert!(grown < MOST, "reading: {grown} bytes more");

    let piece = bytes::Bytes::from(vec![b'x'; 64 << 10]);
    let archive = stream::iter((0..GIBIBYTE / piece.len()).map(move |_| Ok::<_, std::io::Error>(piece.clone())));
    docker.images().load(Upload::from_stream(archive)).await.unwrap();
    let grown = peak() - before;
    assert!(grown < MOST, "sending: {grown} bytes more");
}

#[cfg(feature = "tar")]
#[tokio::test]
async fn a_context_of_two_gibibytes_and_a_file_of_as_many_flow_through() {
    use dockerclient::images::{BuildOptions, Context};

    let _alone = ALONE.lock().await;
    let (sockets, directory) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let docker = client(&sockets.path().join("socket")).await;
    fs::write(directory.path().join("Dockerfile"), "FROM a\n").unwrap();
    let large = directory.path().join("large");
    fs::File::create(&large).unwrap().set_len(2 * GIBIBYTE as u64).unwrap();
    let before = peak();

    let sent = docker.images().build(Context::directory(directory.path()), &BuildOptions::default()).await.unwrap();
    assert!(sent.parse::<usize>().unwrap() > 2 * GIBIBYTE);
    let grown = peak() - before;
    assert!(grown < MOST, "building: {grown} bytes more");

    docker.images().load(Upload::from_file(&large).await.unwrap()).await.unwrap();
    let grown = peak() - before;
    assert!(grown < MOST, "loading: {grown} bytes more");
}
