//! What flows through does not pile up. In a process of its own, whose memory is that of this test.

#![allow(clippy::unwrap_used)] // in a test, a panic is a report

use std::{fs, path::Path, thread};

use dockerclient::{ApiVersion, DockerClient, Upload, containers::LogsOptions};
use futures_util::{TryStreamExt as _, stream};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixListener, UnixStream},
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
    } else if head.contains("/load") {
        let mut received = 0;
        let mut buffer = vec![0; 64 << 10];
        while !buffer[..received].ends_with(b"0\r\n\r\n") {
            received = stream.read(&mut buffer).await?;
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await?;
    } else {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"Id\":\"f43c\"}").await?;
        Box::pin(serve(stream)).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_gibibyte_of_output_and_one_of_an_archive_flow_through() {
    let socket = std::env::temp_dir().join(format!("dockerclient-memory-{}.sock", std::process::id()));
    let path = socket.clone();
    thread::spawn(move || tokio::runtime::Runtime::new().unwrap().block_on(engine(&path)));
    while UnixStream::connect(&socket).await.is_err() {
        tokio::task::yield_now().await;
    }
    let address = format!("unix://{}", socket.display());
    let docker = DockerClient::builder().address(address).api_version(ApiVersion::new(1, 18)).build().unwrap();
    docker.container("web").inspect().await.unwrap();
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
    fs::remove_file(socket).unwrap();
}
