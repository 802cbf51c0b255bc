//! Downloaded archives, valid and malicious, that are unpacked or read by entry; and uploads of files.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
    time::SystemTime,
};

use dockerclient::{Download, EntryKind, Error, Upload, images::Context, raw::Method};
use dockerclient_testkit::{FakeEngine, Response};
use futures_util::TryStreamExt as _;
use insta::assert_snapshot;
use tar::EntryType;
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;

use crate::local_files::{shown, symlink};

/// A tar archive of entries of any kind and with any name.
#[derive(Default)]
pub(crate) struct Archive(Vec<u8>);

impl Archive {
    pub(crate) fn entry(self, kind: EntryType, name: &str, link: &str, content: &[u8]) -> Self {
        self.entry_with_size(kind, name, link, content.len() as u64, content)
    }

    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        self.entry(EntryType::Regular, name, "", content.as_bytes())
    }

    pub(crate) fn link(self, kind: EntryType, name: &str, target: &str) -> Self {
        self.entry(kind, name, target, b"")
    }

    /// Adds an entry whose header has the length `size`, which may differ from that of `content`.
    fn entry_with_size(mut self, kind: EntryType, name: &str, link: &str, size: u64, content: &[u8]) -> Self {
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

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.0.extend([0; 1024]);
        self.0
    }

    /// An archive that ends inside the content of its only file.
    pub(crate) fn truncated() -> Vec<u8> {
        Self::default().entry_with_size(EntryType::Regular, "a", "", 1 << 20, &[b'x'; 1 << 10]).0
    }
}

/// A download of `archive`. If it is complete, the engine then closes the connection; if not, it stalls.
pub(crate) async fn download(archive: &[u8], is_complete: bool) -> (FakeEngine, Download) {
    let length = archive.len() + usize::from(!is_complete);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    let bytes = [head.as_bytes(), archive].concat();
    let engine = FakeEngine::scripted(move |_| match is_complete {
        true => Response::raw(bytes.clone()).in_chunks(1000).then_close(),
        false => Response::raw(bytes.clone()).then_stall(),
    });
    let download = engine.client("1.18").container("web").copy("/etc").await.unwrap();
    (engine, download)
}

pub(crate) async fn unpack_to(archive: &[u8], directory: &Path) -> Result<(), Error> {
    let (_engine, download) = download(archive, true).await;
    download.unpack(directory).await
}

/// The time of all entries of an [`Archive`].
pub(crate) fn is_time_of_entries(time: SystemTime) -> bool {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() == 1_600_000_000
}

#[tokio::test]
async fn unpack_creates_files_and_directories() {
    let archive = Archive::default()
        .entry(EntryType::Directory, "etc/", "", b"")
        .file("etc/hostname", "web\n")
        .link(EntryType::Link, "etc/other", "etc/hostname")
        .entry(EntryType::Fifo, "etc/pipe", "", b"")
        .file("/absolute", "inside")
        .finish();
    let directory = TempDir::new().unwrap();
    let target = directory.path().join("made/for/it");
    unpack_to(&archive, &target).await.unwrap();
    assert_eq!(fs::read_to_string(target.join("etc/hostname")).unwrap(), "web\n");
    assert_eq!(fs::read_to_string(target.join("etc/other")).unwrap(), "web\n");
    assert_eq!(fs::read_to_string(target.join("absolute")).unwrap(), "inside");
    assert!(!target.join("etc/pipe").exists());
    for path in ["etc/hostname", "etc"] {
        assert!(is_time_of_entries(fs::metadata(target.join(path)).unwrap().modified().unwrap()), "{path}");
    }
}

#[tokio::test]
async fn unpack_twice_into_the_same_directory() {
    let archive = |content| {
        Archive::default()
            .entry(EntryType::Directory, "etc/", "", b"")
            .file("etc/hostname", content)
            .link(EntryType::Link, "etc/other", "etc/hostname")
            .entry(EntryType::Directory, "etc/", "", b"")
            .finish()
    };
    let directory = TempDir::new().unwrap();
    let at = |name| directory.path().join("etc").join(name);
    for content in ["first", "second"] {
        unpack_to(&archive(content), directory.path()).await.unwrap();
        for name in ["hostname", "other"] {
            assert_eq!(fs::read_to_string(at(name)).unwrap(), content);
        }
    }
    fs::OpenOptions::new().write(true).truncate(true).open(at("hostname")).unwrap().write_all(b"third").unwrap();
    assert_eq!(fs::read_to_string(at("other")).unwrap(), "third", "it is the same file");
    // A directory is not replaced.
    let error =
        unpack_to(&Archive::default().file("a", "").link(EntryType::Link, "etc", "a").finish(), directory.path()).await;
    assert!(error.unwrap_err().to_string().ends_with("etc"));
    assert!(at("hostname").exists());
}

#[tokio::test]
async fn unpack_creates_and_replaces_symbolic_links() {
    let (outside, directory) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let archive = Archive::default().file("hostname", "web\n").link(EntryType::Symlink, "link", "hostname").finish();
    for _ in 0..2 {
        unpack_to(&archive, directory.path()).await.unwrap();
        assert_eq!(fs::read_to_string(directory.path().join("link")).unwrap(), "web\n");
        assert_eq!(fs::read_link(directory.path().join("link")).unwrap(), Path::new("hostname"));
    }
    // A file replaces a symbolic link, and is not written to its target.
    let secret = outside.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    symlink(&secret, directory.path().join("a")).unwrap();
    unpack_to(&Archive::default().file("a", "x").finish(), directory.path()).await.unwrap();
    assert_eq!(fs::read_to_string(directory.path().join("a")).unwrap(), "x");
    assert_eq!(fs::read_to_string(&secret).unwrap(), "secret");
}

#[tokio::test]
async fn unpack_ignores_global_extensions() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("pax_global_header");
    fs::write(&file, "kept").unwrap();
    let archive = Archive::default().entry(EntryType::XGlobalHeader, "pax_global_header", "", b"").file("a", "x");
    unpack_to(&archive.finish(), directory.path()).await.unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
    assert_eq!(fs::read_to_string(directory.path().join("a")).unwrap(), "x");
}

/// Asserts that archives cannot be unpacked. The function gets the path of a directory outside of the one that they are
/// unpacked to, with a file `secret`.
async fn assert_outside_is_unchanged<const N: usize>(archives: impl FnOnce(&str) -> [Archive; N]) {
    let outside = TempDir::new().unwrap();
    let secret = outside.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    for archive in archives(outside.path().to_str().unwrap()) {
        let directory = TempDir::new_in(outside.path()).unwrap();
        let error = unpack_to(&archive.finish(), directory.path()).await.unwrap_err();
        assert!(error.to_string().contains("failed to write "), "{error}");
        assert!(!outside.path().join("gone").exists());
        assert_eq!(fs::read_to_string(&secret).unwrap(), "secret");
    }
}

#[tokio::test]
async fn unpack_writes_nothing_outside_the_directory() {
    assert_outside_is_unchanged(|outside| {
        [
            Archive::default().file("../gone", "x"),
            Archive::default().file("a/../../gone", "x"),
            Archive::default().link(EntryType::Link, "a", &format!("{outside}/secret")),
            Archive::default().link(EntryType::Link, "a", "../secret"),
            Archive::default().entry(EntryType::Directory, "../gone/", "", b""),
            Archive::default().file("b", "").link(EntryType::Link, "../secret", "b"),
        ]
    })
    .await;
}

#[tokio::test]
async fn unpack_does_not_follow_symbolic_links() {
    assert_outside_is_unchanged(|outside| {
        let secret = format!("{outside}/secret");
        let link = |target: &str| Archive::default().link(EntryType::Symlink, "a", target);
        [
            link(outside).file("a/gone", "x"),
            link("..").file("a/gone", "x"),
            link(outside).entry(EntryType::Directory, "a/gone/", "", b""),
            Archive::default().link(EntryType::Symlink, "b", &secret).link(EntryType::Link, "a", "b"),
            link(outside).entry(EntryType::Directory, "a/", "", b""),
            link(outside).file("b", "").link(EntryType::Link, "a/secret", "b"),
        ]
    })
    .await;
}

#[tokio::test]
async fn unpack_of_invalid_or_truncated_archive_is_an_error() {
    let whole = Archive::default().file("a", "content").finish();
    let directory = TempDir::new().unwrap();
    let mut errors = Vec::new();
    let huge = Archive::default().entry_with_size(EntryType::GNULongName, "@", "", 1 << 40, &[b'x'; 2 << 20]).0;
    for (archive, is_complete) in [(&whole[..515], true), (&whole[..300], true), (&[7; 2000], true), (&huge, false)] {
        let (engine, download) = download(archive, is_complete).await;
        let error = download.unpack(directory.path()).await.unwrap_err();
        assert_eq!(error.operation(), Some("container_copy"));
        engine.all_connections_closed().await;
        errors.push(error.to_string());
    }
    // A raw response is not known to be an archive until it is unpacked.
    let engine = FakeEngine::scripted(|_| Response::with_type(200, "application/x-tar", Archive::truncated()));
    let raw = engine.client("1.41").request(Method::GET, "/containers/web/export").await.unwrap();
    errors.push(raw.into_download().unpack(directory.path()).await.unwrap_err().to_string());
    // The connection is lost after the archive, but before the end of the response.
    let engine = FakeEngine::scripted(move |_| {
        Response::raw([b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", &*whole].concat()).then_close()
    });
    let download = engine.client("1.18").container("web").export().await.unwrap();
    errors.push(download.unpack(directory.path()).await.unwrap_err().to_string());
    assert_snapshot!(errors.join("\n"), @"
    failed to copy files from container: unexpected end of the archive
    failed to copy files from container: unexpected end of the archive
    failed to copy files from container: invalid response: not a tar archive
    failed to copy files from container: invalid response: not a tar archive
    GET /containers/web/export failed: unexpected end of the archive inside an entry
    failed to export container: connection lost before the end of the response
    ");
}

/// The responses of Podman and Docker that fail after they have sent the headers.
#[tokio::test]
async fn archive_without_an_end_is_an_error() {
    let whole = Archive::default().file("a", "one").finish();
    let without_end = whole[..1024].to_vec();
    let with_message = [&whole[..600], b"{\"message\":\"unexpected EOF\"}\n"].concat();
    for (body, is_complete) in [(vec![], false), (without_end, false), (with_message, false), (whole, true)] {
        let engine = FakeEngine::scripted({
            let body = body.clone();
            move |_| Response::with_type(200, "application/x-tar", body.clone())
        });
        let (docker, old) = (engine.client("1.41"), engine.client("1.19"));
        let (web, image) = (docker.container("web"), docker.image("acme/web"));
        let downloads = [
            web.export().await,
            web.copy_out("/a").await,
            old.container("web").copy_out("/a").await,
            old.container("web").copy("/a").await,
            image.save().await,
            docker.images().save(["acme/web"]).await,
        ];
        for download in downloads {
            let mut download = download.unwrap();
            let mut received = Vec::new();
            let outcome = loop {
                match download.try_next().await {
                    Ok(Some(chunk)) => received.extend(chunk),
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(error),
                }
            };
            assert_eq!(received, body);
            assert!(download.try_next().await.unwrap().is_none(), "the stream ends after an error");
            match outcome {
                Ok(()) => assert!(is_complete, "{body:?}"),
                Err(error) => {
                    assert!(!is_complete && error.is_truncated() && error.may_have_been_executed(), "{error}");
                    assert!(error.to_string().ends_with(": unexpected end of the archive"), "{error}");
                }
            }
        }
        let directory = TempDir::new().unwrap();
        assert_eq!(web.copy_out_to("/a", directory.path()).await.is_ok(), is_complete);
        let raw = docker.request(Method::GET, "/containers/web/export").await.unwrap().into_download();
        raw.try_collect::<Vec<_>>().await.expect("a raw response is not checked: it can be anything");
    }
}

#[tokio::test]
async fn unpack_error_names_the_conflicting_path() {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("a"), "").unwrap();
    let error = unpack_to(&Archive::default().file("a/b", "x").finish(), directory.path()).await.unwrap_err();
    let error = shown(&error.to_string(), directory.path(), "HERE").replace('\\', "/");
    assert_snapshot!(error, @"failed to copy files from container: failed to write HERE/a/b: not a directory");
    let error = unpack_to(&Archive::default().finish(), &directory.path().join("a")).await.unwrap_err();
    assert_snapshot!(shown(&error.to_string(), directory.path(), "HERE"), @"failed to copy files from container: failed to write HERE/a");
}

#[tokio::test]
async fn entries_can_be_read_or_skipped() {
    let long = "long ".repeat(50_000);
    let archive = Archive::default()
        .entry(EntryType::Directory, "etc/", "", b"")
        .file("../skipped", &long)
        .file("etc/long", &long)
        .link(EntryType::Symlink, "etc/link", "long")
        .finish();
    let (_engine, download) = download(&archive, true).await;
    let mut entries = download.entries();
    let mut seen = Vec::new();
    while let Some(entry) = entries.try_next().await.unwrap() {
        let (path, kind, link) = (entry.path().to_str().unwrap(), entry.kind(), entry.link().map(Path::to_owned));
        let path = path.replace('\\', "/").trim_end_matches('/').to_owned();
        seen.push(format!("{path} {kind:?} {} {:o} {link:?}", entry.size(), entry.mode()));
        if path == "etc/long" {
            let mut text = String::new();
            entry.into_reader().read_to_string(&mut text).await.unwrap();
            assert!(text == long);
        } else if kind == EntryKind::Symlink {
            assert_eq!(entry.try_collect::<Vec<_>>().await.unwrap(), [""; 0]);
        }
    }
    assert!(entries.try_next().await.unwrap().is_none());
    assert_snapshot!(seen.join("\n"), @r#"
    etc Directory 0 555 None
    ../skipped File 250000 4755 None
    etc/long File 250000 4755 None
    etc/link Symlink 0 4755 Some("long")
    "#);
}

#[tokio::test]
async fn truncated_entry_is_an_error() {
    let (_engine, download) = download(&Archive::truncated(), true).await;
    let mut entries = download.entries();
    let mut entry = entries.try_next().await.unwrap().unwrap();
    assert!(entry.try_next().await.unwrap().is_some());
    let error = loop {
        match entry.try_next().await {
            Ok(chunk) => assert!(chunk.is_some(), "the end"),
            Err(error) => break error,
        }
    };
    assert!(error.is_truncated() && error.operation() == Some("container_copy"), "{error}");
    assert!(entries.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn upload_from_file_sends_content_length() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("archive.tar");
    fs::write(&path, "x".repeat(100_000)).unwrap();
    let engine = FakeEngine::scripted(|_| Response::empty(200));
    let images = engine.client("1.18").images();
    images.load(Upload::from_file(&path).await.unwrap()).await.unwrap();
    let request = engine.requests().remove(0);
    assert!(request.headers.contains(&"content-length: 100000".to_owned()), "{:?}", request.headers);
    assert_eq!(request.bytes.len(), 100_000);

    let mut errors = Vec::new();
    let changes: [fn(&Path) -> io::Result<()>; 2] = [
        |path| File::options().write(true).open(path)?.set_len(10),
        |path| File::options().append(true).open(path)?.write_all(b"more"),
    ];
    for change in changes {
        fs::write(&path, "x".repeat(100_000)).unwrap();
        let upload = Upload::from_file(&path).await.unwrap();
        change(&path).unwrap();
        errors.push(images.load(upload).await.unwrap_err());
    }
    errors.push(Upload::from_file(directory.path()).await.unwrap_err());
    errors.push(Upload::from_file(directory.path().join("ghost")).await.unwrap_err());
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_snapshot!(shown(&errors.join("\n"), directory.path(), "HERE"), @"
    failed to load images: failed to read HERE/archive.tar: file shrank while it was sent
    failed to load images: failed to read HERE/archive.tar: file grew while it was sent
    failed to read HERE: it is a directory
    failed to read HERE/ghost: no such file or directory
    ");
}

#[tokio::test]
async fn unpack_entries_and_build_futures_are_send() {
    let archive = Archive::default().file("a", "x").finish();
    let (_engine, unpacked) = download(&archive, true).await;
    let (_other, read) = download(&archive, true).await;
    let directory = TempDir::new().unwrap();
    let path = directory.path().to_owned();
    tokio::spawn(async move { unpacked.unpack(path).await }).await.unwrap().unwrap();
    let mut entries = read.entries();
    tokio::spawn(async move { entries.try_next().await.unwrap().unwrap().into_reader().read_u8().await })
        .await
        .unwrap()
        .unwrap();

    let engine = FakeEngine::scripted(|_| Response::json(200, r#"{"stream":"Successfully built f43c\n"}"#));
    let images = engine.client("1.18").images();
    let build = async move { images.build(Context::from_dockerfile("FROM a\n")).await };
    assert_eq!(tokio::spawn(build).await.unwrap().unwrap().name(), "f43c");
}
