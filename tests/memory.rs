//! Bounded memory use of streams, uploads and decoding. A separate test binary, because peak memory is measured per
//! process.

#![cfg(target_os = "linux")] // reads the peak memory from `/proc`
#![allow(clippy::unwrap_used)] // a panic fails the test

use std::{fs, path::Path, thread};

use dockerclient::{ApiVersion, DockerClient, Upload};
use futures_util::stream;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixListener, UnixStream},
    sync::Mutex,
};

const GIBIBYTE: usize = 1 << 30;

/// The maximum growth of memory, in bytes, including the buffers of the engine in the same process.
const MAX_GROWTH: usize = 24 << 20;

/// The maximum size of a frame, in bytes.
const MAX_FRAME: usize = 16 << 20;

/// The peak memory use of this process, in bytes.
fn peak() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}

/// Serves connections to `socket`.
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
    if head.contains("/lines/logs") {
        // One frame of line feeds only.
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n\x01\0\0\0\x01\0\0\0").await?;
        stream.write_all(&vec![b'\n'; MAX_FRAME]).await?;
    } else if head.contains("/logs") {
        // Frames of 32 KiB, each a chunk.
        let frame = [&[1, 0, 0, 0, 0, 0, 0x80, 0][..], &[b'x'; 0x8000]].concat();
        let chunk = [format!("{:x}\r\n", frame.len()).as_bytes(), &frame, b"\r\n"].concat();
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
        for _ in 0..GIBIBYTE / 0x8000 {
            stream.write_all(&chunk).await?;
        }
        stream.write_all(b"0\r\n\r\n").await?;
    } else if head.contains("/copy") {
        discard(&mut stream, &head).await?;
        let length = 512 * (DIRECTORIES + 2);
        stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").as_bytes()).await?;
        for number in 0..DIRECTORIES {
            // Most entries repeat an earlier directory.
            stream.write_all(&directory_header(number % 1000)).await?;
        }
        stream.write_all(&[0; 1024]).await?;
    } else if head.contains("/load") || head.contains("/build") {
        let received = discard(&mut stream, &head).await?;
        let response = format!("{{\"stream\":\"Successfully built {received}\"}}");
        let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", response.len());
        stream.write_all((head + &response).as_bytes()).await?;
    } else if let Some(body) = expanding(&head) {
        let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes()).await?;
    } else {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"Id\":\"f43c\"}").await?;
        Box::pin(serve(stream)).await?;
    }
    Ok(())
}

const DIRECTORIES: usize = 200_000;

/// The header of a directory in a tar archive.
fn directory_header(number: usize) -> [u8; 512] {
    let mut header = [0; 512];
    let mut field = |start: usize, text: &str| header[start..start + text.len()].copy_from_slice(text.as_bytes());
    field(0, &format!("directory-{number:04}/"));
    field(100, "0000755\x000000000\x000000000\x0000000000000\x0000000000000\0        5");
    field(257, "ustar  ");
    let checksum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..156].copy_from_slice(format!("{checksum:06o}\0 ").as_bytes());
    header
}

/// A body of 3 MiB for which a decoder without a limit allocates hundreds.
fn expanding(head: &str) -> Option<String> {
    let repeated = |before: &str, item: &str, after: &str| {
        [before, &format!("{item},").repeat(EXPANDING_BODY / (item.len() + 1)), item, after].concat()
    };
    let path = head.split(['?', ' ']).nth(1)?;
    Some(match path.trim_start_matches("/v1.41") {
        "/containers/mounts/json" => repeated(r#"{"Id":"a","HostConfig":{"Mounts":["#, "{}", "]}}"),
        "/containers/arguments/json" => repeated(r#"{"Id":"a","Args":["#, "0", "]}"),
        "/containers/sets/json" => repeated(r#"{"Id":"a","Config":{"Volumes":{"#, r#""a":{}"#, "}}}"),
        "/containers/maps/json" => repeated(r#"{"Id":"a","HostConfig":{"Ulimits":["#, "{}", "]}}"),
        "/containers/deep/json" => format!(r#"{{"Id":"a","New":{}"#, "[".repeat(EXPANDING_BODY)),
        "/containers/json" => repeated("[", r#"{"Id":"a"}"#, "]"),
        "/images/json" => repeated("[", r#"{"Id":"a"}"#, "]"),
        "/system/df" => repeated(r#"{"Volumes":["#, "{}", "]}"),
        "/networks" => repeated(r#"[{"Id":"a","Containers":{"a":{}},"IPAM":{"Config":["#, "{}", "]}}]"),
        "/events" => format!(r#"{{"New":{}?"#, "[".repeat(EXPANDING_BODY)),
        "/images/a/push" => repeated(r#"{"aux":["#, r#"{"a":0}"#, "]}"),
        _ => return None,
    })
}

const EXPANDING_BODY: usize = 3 << 20;

/// Reads the body of a request, and returns the number of bytes received, including chunk framing.
async fn discard(stream: &mut UnixStream, head: &str) -> std::io::Result<usize> {
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let (mut received, mut end) = (0, Vec::new());
    let mut buffer = vec![0; 64 << 10];
    while length.map_or(end != b"0\r\n\r\n", |length| received < length) {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        received += read;
        end.extend_from_slice(&buffer[read.saturating_sub(5)..read]);
        end.drain(..end.len().saturating_sub(5));
    }
    Ok(received)
}

/// Starts an engine at `socket`, and returns a client that has sent it a request.
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

/// Starts an engine at `socket`, and returns a client whose limits are larger than the responses.
async fn bounded_client(socket: &Path) -> DockerClient {
    client(socket).await;
    let builder = DockerClient::builder().address(format!("unix://{}", socket.display()));
    let limit = EXPANDING_BODY * 5 / 4;
    builder.api_version(ApiVersion::new(1, 41)).max_response_size(limit).max_item_size(limit).build().unwrap()
}

#[tokio::test]
async fn decoding_uses_bounded_memory() {
    let _guard = LOCK.lock().await;
    let directory = TempDir::new().unwrap();
    let docker = bounded_client(&directory.path().join("socket")).await;
    let before = peak();

    let mut errors = Vec::new();
    for name in ["mounts", "arguments", "sets", "maps"] {
        errors.push(docker.container(name).inspect().await.unwrap_err());
    }
    errors.push(docker.containers().list().await.unwrap_err());
    errors.push(docker.images().list().await.unwrap_err());
    errors.push(docker.networks().list().await.unwrap_err());
    errors.push(docker.disk_usage().await.unwrap_err());
    errors.push(docker.image("a").push().await.unwrap_err());
    for error in errors {
        let text = error.to_string();
        let names_limit = text.contains("(max_response_size)") || text.contains("(max_item_size)");
        assert!(error.is_decode() && names_limit, "{error}");
    }
    let grown = peak() - before;
    // Without a limit, the first response takes 350 MB. The heap is fragmented when the last one is decoded.
    assert!(grown < 2 * MAX_GROWTH, "{grown} bytes more");
}

#[tokio::test]
async fn locating_a_decode_error_uses_bounded_memory() {
    let _guard = LOCK.lock().await;
    let directory = TempDir::new().unwrap();
    let docker = bounded_client(&directory.path().join("socket")).await;
    let before = peak();

    let document = docker.container("deep").inspect().await.unwrap_err();
    let item = docker.events().await.unwrap().try_next().await.unwrap_err();
    for error in [document, item] {
        assert!(error.is_decode() || error.is_truncated(), "{error}");
        assert!(format!("{error}{error:?}").len() < 2000, "{error}");
    }
    let grown = peak() - before;
    assert!(grown < MAX_GROWTH, "{grown} bytes more");
}

/// Serializes the tests, because peak memory is measured for the whole process.
static LOCK: Mutex<()> = Mutex::const_new(());

#[tokio::test]
async fn logs_and_upload_of_1_gib_use_bounded_memory() {
    let _guard = LOCK.lock().await;
    let directory = TempDir::new().unwrap();
    let docker = client(&directory.path().join("socket")).await;
    let before = peak();

    let mut logs = docker.container("web").logs().await.unwrap();
    let mut length = 0;
    while let Some(output) = logs.try_next().await.unwrap() {
        length += output.bytes().len();
    }
    assert_eq!(length, GIBIBYTE);
    let grown = peak() - before;
    assert!(grown < MAX_GROWTH, "reading: {grown} bytes more");

    let chunk = bytes::Bytes::from(vec![b'x'; 64 << 10]);
    let archive = stream::iter((0..GIBIBYTE / chunk.len()).map(move |_| Ok::<_, std::io::Error>(chunk.clone())));
    docker.images().load(Upload::from_stream(archive)).await.unwrap();
    let grown = peak() - before;
    assert!(grown < MAX_GROWTH, "sending: {grown} bytes more");
}

#[tokio::test]
async fn lines_of_a_large_frame_are_split_on_demand() {
    let _guard = LOCK.lock().await;
    let directory = TempDir::new().unwrap();
    let docker = client(&directory.path().join("socket")).await;
    let before = peak();
    let mut lines = docker.container("lines").logs().await.unwrap().lines();
    let mut count = 0;
    while lines.try_next().await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, MAX_FRAME);
    // The buffer for the frame doubles as it grows, and the engine holds the frame as well.
    let grown = peak() - before;
    assert!(grown < 5 * MAX_FRAME, "{grown} bytes more");
}

#[cfg(feature = "tar")]
#[tokio::test]
async fn unpack_of_many_directory_entries_uses_bounded_memory() {
    let _guard = LOCK.lock().await;
    let (sockets, directory) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let docker = client(&sockets.path().join("socket")).await;
    let before = peak();
    docker.container("web").copy("/").await.unwrap().unpack(directory.path()).await.unwrap();
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1000);
    let grown = peak() - before;
    assert!(grown < MAX_GROWTH, "unpacking: {grown} bytes more");
}

#[cfg(feature = "tar")]
#[tokio::test]
async fn build_context_and_upload_of_2_gib_use_bounded_memory() {
    use dockerclient::images::Context;

    let _guard = LOCK.lock().await;
    let (sockets, directory) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let docker = client(&sockets.path().join("socket")).await;
    fs::write(directory.path().join("Dockerfile"), "FROM a\n").unwrap();
    let large = directory.path().join("large");
    fs::File::create(&large).unwrap().set_len(2 * GIBIBYTE as u64).unwrap();
    let before = peak();

    let sent = docker.images().build(Context::directory(directory.path())).await.unwrap();
    assert!(sent.name().parse::<usize>().unwrap() > 2 * GIBIBYTE);
    let grown = peak() - before;
    assert!(grown < MAX_GROWTH, "building: {grown} bytes more");

    docker.images().load(Upload::from_file(&large).await.unwrap()).await.unwrap();
    let grown = peak() - before;
    assert!(grown < MAX_GROWTH, "loading: {grown} bytes more");
}
