//! Archives from the engine, honest ones and others, as files and entry by entry; and files as uploads.

use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    thread,
    time::Duration,
};

use dockerclient::{Download, EntryKind, Error, Upload, images::BuildOptions, images::Context};
use dockerclient_testkit::{Engine, Reply};
use futures_util::{FutureExt as _, TryStreamExt as _};
use insta::assert_snapshot;
use tar::EntryType;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixListener,
    sync::oneshot,
};

/// An archive of entries of any kind, whatever their names.
#[derive(Default)]
struct Archive(Vec<u8>);

impl Archive {
    fn entry(self, kind: EntryType, name: &str, link: &str, content: &[u8]) -> Self {
        self.announced(kind, name, link, content.len() as u64, content)
    }

    fn file(self, name: &str, content: &str) -> Self {
        self.entry(EntryType::Regular, name, "", content.as_bytes())
    }

    fn link(self, kind: EntryType, name: &str, target: &str) -> Self {
        self.entry(kind, name, target, b"")
    }

    /// An entry that says it is of another length than it is.
    fn announced(mut self, kind: EntryType, name: &str, link: &str, size: u64, content: &[u8]) -> Self {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(if kind.is_dir() { 0o555 } else { 0o4755 });
        header.set_mtime(1_600_000_000);
        header.set_size(size);
        header.set_cksum();
        self.0.extend(header.as_bytes());
        self.0.extend(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    fn end(mut self) -> Vec<u8> {
        self.0.extend([0; 1024]);
        self.0
    }
}

/// A download of these bytes, from an engine that hangs up behind them, or goes on to be silent.
async fn download(archive: &[u8], is_whole: bool) -> (Engine, Download) {
    let length = archive.len() + usize::from(!is_whole);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    let bytes = [head.as_bytes(), archive].concat();
    let engine = Engine::answering(move |_| match is_whole {
        true => Reply::raw(bytes.clone()).in_pieces(1000).then_hang_up(),
        false => Reply::raw(bytes.clone()).then_say_nothing_more(),
    });
    let download = engine.client("1.18").container("web").copy("/etc").await.unwrap();
    (engine, download)
}

async fn unpacked(archive: &[u8], directory: &Path) -> Result<(), Error> {
    let (_engine, download) = download(archive, true).await;
    download.unpack(directory).await
}

#[tokio::test]
async fn an_archive_becomes_files() {
    let archive = Archive::default()
        .entry(EntryType::Directory, "etc/", "", b"")
        .file("etc/hostname", "web\n")
        .link(EntryType::Symlink, "etc/link", "/etc/passwd")
        .link(EntryType::Link, "etc/other", "etc/hostname")
        .entry(EntryType::Fifo, "etc/pipe", "", b"")
        .file("/absolute", "inside")
        .end();
    let directory = TempDir::new().unwrap();
    let target = directory.path().join("made/for/it");
    unpacked(&archive, &target).await.unwrap();
    assert_eq!(fs::read_to_string(target.join("etc/hostname")).unwrap(), "web\n");
    assert_eq!(fs::read_to_string(target.join("etc/other")).unwrap(), "web\n");
    assert_eq!(fs::read_to_string(target.join("absolute")).unwrap(), "inside");
    assert_eq!(fs::read_link(target.join("etc/link")).unwrap(), Path::new("/etc/passwd"));
    assert!(!target.join("etc/pipe").exists());
    let metadata = fs::metadata(target.join("etc/hostname")).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o7777, 0o755, "no program runs as another user");
    let modified = metadata.modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(modified.as_secs(), 1_600_000_000);
    assert_eq!(fs::metadata(target.join("etc")).unwrap().permissions().mode() & 0o777, 0o555);
}

#[tokio::test]
async fn no_archive_writes_outside_of_the_directory() {
    let outside = TempDir::new().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    let elsewhere = outside.path().to_str().unwrap();
    let secret = format!("{elsewhere}/secret");
    for archive in [
        Archive::default().file("../gone", "x"),
        Archive::default().file("a/../../gone", "x"),
        Archive::default().link(EntryType::Symlink, "a", elsewhere).file("a/gone", "x"),
        Archive::default().link(EntryType::Symlink, "a", "..").file("a/gone", "x"),
        Archive::default().link(EntryType::Symlink, "a", elsewhere).entry(EntryType::Directory, "a/gone/", "", b""),
        Archive::default().link(EntryType::Link, "a", &secret),
        Archive::default().link(EntryType::Symlink, "b", &secret).link(EntryType::Link, "a", "b"),
        Archive::default().link(EntryType::Link, "a", "../secret"),
    ] {
        let directory = TempDir::new_in(outside.path()).unwrap();
        let error = unpacked(&archive.end(), directory.path()).await.unwrap_err();
        assert!(error.to_string().ends_with("cannot be written"), "{error}");
        assert!(!outside.path().join("gone").exists());
    }
    // A link is replaced, and not written through.
    let directory = TempDir::new().unwrap();
    symlink(&secret, directory.path().join("a")).unwrap();
    unpacked(&Archive::default().file("a", "x").end(), directory.path()).await.unwrap();
    assert_eq!(fs::read_to_string(&secret).unwrap(), "secret");
}

#[tokio::test]
async fn what_is_no_archive_or_breaks_off_is_an_error() {
    let whole = Archive::default().file("a", "content").end();
    let directory = TempDir::new().unwrap();
    let mut errors = Vec::new();
    let huge = Archive::default().announced(EntryType::GNULongName, "@", "", 1 << 40, &[b'x'; 2 << 20]).0;
    for (archive, is_whole) in [(&whole[..515], true), (&whole[..300], true), (&[7; 2000], true), (&huge, false)] {
        let (engine, download) = download(archive, is_whole).await;
        let error = download.unpack(directory.path()).await.unwrap_err();
        assert_eq!(error.operation(), Some("container_copy"));
        engine.all_hung_up().await;
        errors.push(error.to_string());
    }
    // The connection breaks behind the archive, but before the end of the answer.
    let engine = Engine::answering(move |_| {
        Reply::raw([b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", &*whole].concat()).then_hang_up()
    });
    let download = engine.client("1.18").container("web").export().await.unwrap();
    errors.push(download.unpack(directory.path()).await.unwrap_err().to_string());
    assert_snapshot!(errors.join("\n"), @"
    container copy: the archive ends in the middle of an entry
    container copy: the archive ends in the middle of an entry
    container copy: the engine's answer cannot be understood: it is no tar archive
    container copy: the engine's answer cannot be understood: it is no tar archive
    container export: the connection broke in the middle of the answer
    ");
}

#[tokio::test]
async fn a_file_that_is_in_the_way_is_named() {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("a"), "").unwrap();
    let error = unpacked(&Archive::default().file("a/b", "x").end(), directory.path()).await.unwrap_err();
    let error = error.to_string().replace(directory.path().to_str().unwrap(), "HERE");
    assert_snapshot!(error, @"container copy: HERE/a/b cannot be written");
    let error = unpacked(&Archive::default().end(), &directory.path().join("a")).await.unwrap_err();
    assert_snapshot!(error.to_string().replace(directory.path().to_str().unwrap(), "HERE"), @"container copy: HERE/a cannot be written");
}

#[tokio::test]
async fn entries_are_read_one_by_one_as_far_as_wanted() {
    let long = "long ".repeat(50_000);
    let archive = Archive::default()
        .entry(EntryType::Directory, "etc/", "", b"")
        .file("../skipped", &long)
        .file("etc/long", &long)
        .link(EntryType::Symlink, "etc/link", "long")
        .end();
    let (_engine, download) = download(&archive, true).await;
    let mut entries = download.entries();
    let mut seen = Vec::new();
    while let Some(entry) = entries.next().await.unwrap() {
        let (path, kind, link) = (entry.path().display().to_string(), entry.kind(), entry.link().map(Path::to_owned));
        seen.push(format!("{path} {kind:?} {} {:o} {link:?}", entry.size(), entry.mode()));
        if path == "etc/long" {
            let mut text = String::new();
            entry.into_reader().read_to_string(&mut text).await.unwrap();
            assert!(text == long);
        } else if kind == EntryKind::Symlink {
            assert_eq!(entry.try_collect::<Vec<_>>().await.unwrap(), [""; 0]);
        }
    }
    assert!(entries.next().await.unwrap().is_none());
    assert_snapshot!(seen.join("\n"), @r#"
    etc/ Directory 0 555 None
    ../skipped File 250000 4755 None
    etc/long File 250000 4755 None
    etc/link Symlink 0 4755 Some("long")
    "#);
}

#[tokio::test]
async fn an_entry_that_breaks_off_is_an_error_where_it_does() {
    let archive = Archive::default().announced(EntryType::Regular, "a", "", 1 << 20, &[b'x'; 1 << 10]).0;
    let (_engine, download) = download(&archive, true).await;
    let mut entries = download.entries();
    let mut entry = entries.next().await.unwrap().unwrap();
    assert!(entry.try_next().await.unwrap().is_some());
    let error = loop {
        match entry.try_next().await {
            Ok(piece) => assert!(piece.is_some(), "the end"),
            Err(error) => break error,
        }
    };
    assert!(error.is_truncated() && error.operation() == Some("container_copy"), "{error}");
    assert!(entries.next().await.unwrap().is_none());
}

/// How many files below `directory` this process has open.
fn open_below(directory: &Path) -> usize {
    let files = fs::read_dir("/proc/self/fd").unwrap().filter_map(|file| fs::read_link(file.unwrap().path()).ok());
    files.filter(|file| file.starts_with(directory)).count()
}

/// Waits until nothing below `directory` is open, and no thread of `runtime` works on anything.
fn nothing_is_left(directory: &Path, runtime: tokio::runtime::Runtime) {
    while open_below(directory) > 0 {
        thread::sleep(Duration::from_millis(1));
    }
    // This waits for its threads.
    drop(runtime);
}

#[test]
fn a_dropped_build_leaves_no_thread_and_no_open_file() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("Dockerfile"), "FROM a\n").unwrap();
    File::create(directory.path().join("a-large-one")).unwrap().set_len(1 << 34).unwrap();
    let sockets = TempDir::new().unwrap();
    runtime.block_on(async {
        let socket = sockets.path().join("socket");
        let listener = UnixListener::bind(&socket).unwrap();
        let (heard, of_it) = oneshot::channel();
        // It hears the beginning, and then no more.
        let engine = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_exact(&mut [0; 100_000]).await.unwrap();
            heard.send(stream).unwrap();
        });
        let docker = dockerclient::DockerClient::builder().address(format!("unix://{}", socket.display()));
        let docker = docker.api_version("1.18".parse().unwrap()).build().unwrap();
        let (images, options) = (docker.images(), BuildOptions::default());
        let build = images.build(Context::directory(directory.path()), &options);
        let mut stream = tokio::select! {
            outcome = build => panic!("{outcome:?}"),
            stream = of_it => stream.unwrap(),
        };
        engine.await.unwrap();
        // The engine sees it go.
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    });
    nothing_is_left(directory.path(), runtime);
}

#[test]
fn a_dropped_download_leaves_no_thread_and_no_open_file() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let directory = TempDir::new().unwrap();
    let archive = Archive::default().announced(EntryType::Regular, "a", "", 1 << 20, &[b'x'; 1 << 10]).0;
    runtime.block_on(async {
        let (engine, unpacked) = download(&archive, false).await;
        let mut unpacking = Box::pin(unpacked.unpack(directory.path()));
        while open_below(directory.path()) == 0 {
            assert!((&mut unpacking).now_or_never().is_none());
            tokio::task::yield_now().await;
        }
        drop(unpacking);
        engine.all_hung_up().await;

        let (engine, read) = download(&archive, false).await;
        let mut entries = read.entries();
        let mut entry = entries.next().await.unwrap().unwrap();
        assert!(entry.try_next().await.unwrap().is_some());
        drop(entries);
        engine.all_hung_up().await;
    });
    nothing_is_left(directory.path(), runtime);
}

#[tokio::test]
async fn a_file_is_sent_with_its_length() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("archive.tar");
    fs::write(&path, "x".repeat(100_000)).unwrap();
    let engine = Engine::answering(|_| Reply::empty(200));
    let images = engine.client("1.18").images();
    images.load(Upload::from_file(&path).await.unwrap()).await.unwrap();
    let request = engine.requests().remove(0);
    assert!(request.headers.contains(&"content-length: 100000".to_owned()), "{:?}", request.headers);
    assert_eq!(request.bytes.len(), 100_000);

    let mut errors = Vec::new();
    for change in [|file: &mut File| file.set_len(10), |file: &mut File| file.write_all(b"more")] {
        fs::write(&path, "x".repeat(100_000)).unwrap();
        let upload = Upload::from_file(&path).await.unwrap();
        change(&mut File::options().append(true).open(&path).unwrap()).unwrap();
        errors.push(images.load(upload).await.unwrap_err());
    }
    errors.push(Upload::from_file(directory.path()).await.unwrap_err());
    errors.push(Upload::from_file(directory.path().join("ghost")).await.unwrap_err());
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_snapshot!(errors.join("\n").replace(directory.path().to_str().unwrap(), "HERE"), @"
    image load: HERE/archive.tar shrank while it was sent
    image load: HERE/archive.tar grew while it was sent
    HERE cannot be read
    HERE/ghost cannot be read
    ");
}

#[tokio::test]
async fn a_pipe_is_sent_as_long_as_it_is() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let writer = {
        let path = path.clone();
        tokio::spawn(async move {
            tokio::fs::OpenOptions::new().write(true).open(path).await.unwrap().write_all(b"piped").await
        })
    };
    let engine = Engine::answering(|_| Reply::empty(200));
    engine.client("1.18").images().load(Upload::from_file(&path).await.unwrap()).await.unwrap();
    writer.await.unwrap().unwrap();
    assert_eq!(engine.requests()[0].body, "piped");
}

#[tokio::test]
async fn the_work_may_go_to_another_thread() {
    let archive = Archive::default().file("a", "x").end();
    let (_engine, unpacked) = download(&archive, true).await;
    let (_other, read) = download(&archive, true).await;
    let directory = TempDir::new().unwrap();
    let path = directory.path().to_owned();
    tokio::spawn(async move { unpacked.unpack(path).await }).await.unwrap().unwrap();
    let mut entries = read.entries();
    tokio::spawn(async move { entries.next().await.unwrap().unwrap().into_reader().read_u8().await })
        .await
        .unwrap()
        .unwrap();

    let engine = Engine::answering(|_| Reply::json(200, r#"{"stream":"Successfully built f43c\n"}"#));
    let images = engine.client("1.18").images();
    let build = async move { images.build(Context::from_dockerfile("FROM a\n"), &BuildOptions::default()).await };
    assert_eq!(tokio::spawn(build).await.unwrap().unwrap(), "f43c");
}
