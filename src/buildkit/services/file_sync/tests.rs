//! Transfers to a receiver that implements BuildKit's protocol.

use std::{
    fs::{self, OpenOptions},
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

use super::{
    super::{Services, test_engine::Call},
    Packet, SyncTree, kind,
};
use crate::{buildkit::fsutil::Stat, images::Context, platform};

const SYNC: &str = "/moby.filesync.v1.FileSync/DiffCopy";

// gRPC codes.
const INVALID_ARGUMENT: &str = "3";
const NOT_FOUND: &str = "5";
const ABORTED: &str = "10";
const INTERNAL: &str = "13";

/// An error: its code and its message.
type Failure = (String, String);

/// The receiver of a transfer.
struct Receiver(Call);

impl Receiver {
    /// Asks for a directory of `services`.
    async fn start(services: &Arc<Services>, headers: &[(&str, &str)]) -> Self {
        Self(Call::start(services, SYNC, headers).await)
    }

    /// Returns the next packet.
    async fn next(&mut self) -> Result<Packet, Failure> {
        self.0.next().await.map(|packet| packet.expect("the transfer has not ended"))
    }

    /// Returns all entries.
    async fn entries(&mut self) -> Vec<Stat> {
        let mut entries = Vec::new();
        loop {
            let packet = self.next().await.unwrap();
            assert_eq!((packet.kind, packet.id), (kind::STAT, 0));
            let Some(stat) = packet.stat else { return entries };
            entries.push(stat);
        }
    }

    /// Returns the paths of all entries, separated by spaces.
    async fn paths(&mut self) -> String {
        let entries = self.entries().await;
        let paths: Vec<_> = entries.iter().map(|entry| String::from_utf8_lossy(&entry.path)).collect();
        paths.join(" ")
    }

    fn request(&self, id: u32) {
        self.0.send(&Packet { kind: kind::REQUEST, id, ..Packet::default() });
    }

    /// Returns the content of the next file, and its id.
    async fn content(&mut self) -> Result<(u32, Vec<u8>), Failure> {
        let mut content = Vec::new();
        loop {
            let packet = self.next().await?;
            if packet.kind == kind::ERROR {
                // The same error ends the call.
                let failure = self.0.next::<Packet>().await.unwrap_err();
                assert_eq!(failure.1.as_bytes(), &*packet.data);
                return Err(failure);
            }
            assert_eq!(packet.kind, kind::DATA);
            if packet.data.is_empty() {
                return Ok((packet.id, content));
            }
            content.extend_from_slice(&packet.data);
        }
    }

    /// Requests a file, and returns its content.
    async fn file(&mut self, id: u32) -> Result<Vec<u8>, Failure> {
        self.request(id);
        let (sent, content) = self.content().await?;
        assert_eq!(sent, id);
        Ok(content)
    }

    /// Ends the transfer.
    async fn finish(mut self) {
        self.0.send(&Packet { kind: kind::END, ..Packet::default() });
        assert_eq!(self.next().await.unwrap().kind, kind::END);
        assert_eq!(self.0.next::<Packet>().await, Ok(None));
    }
}

fn folder(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("content of {file}")).unwrap();
    }
    folder
}

fn offering(name: &str, tree: SyncTree) -> Arc<Services> {
    Arc::new(Services { directories: [(name.to_owned(), Arc::new(tree))].into(), ..Services::none() })
}

async fn services(folder: &TempDir) -> Arc<Services> {
    offering("context", Context::directory(folder.path()).additional_sync_tree().await.unwrap())
}

async fn receiver(folder: &TempDir) -> Receiver {
    Receiver::start(&services(folder).await, &[("dir-name", "context")]).await
}

#[tokio::test]
async fn file_sync_sends_entries_with_attributes_and_files() {
    let folder = folder(&["a/b/file", "c"]);
    let at = |path: &str| folder.path().join(path);
    let modified = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_700);
    OpenOptions::new().write(true).open(at("a/b/file")).unwrap().set_modified(modified).unwrap();
    for path in ["a", "a/b", "a/b/file", "c"] {
        platform::set_mode(&at(path), 0o755).unwrap();
    }

    let mut receiver = receiver(&folder).await;
    let entries = receiver.entries().await;
    let sent: Vec<_> = entries.iter().map(|entry| (&*entry.path, entry.mode, entry.size, &*entry.link)).collect();
    // On Windows, all files have this mode.
    let expected: [(&[u8], u32, i64, &[u8]); 4] = [
        (b"a", (1 << 31) | 0o755, 0, b""),
        (b"a/b", (1 << 31) | 0o755, 0, b""),
        (b"a/b/file", 0o755, 19, b""),
        (b"c", 0o755, 12, b""),
    ];
    assert_eq!(sent, expected);
    assert_eq!(entries[2].modified, 1_000_000_000_123_456_700);
    assert_eq!(receiver.file(2).await.unwrap(), b"content of a/b/file");
    receiver.finish().await;
}

#[tokio::test]
async fn file_sync_sends_symbolic_links_with_slashes() {
    if !platform::symlinks_work() {
        return;
    }
    let folder = folder(&["a/file"]);
    platform::symlink("a/file", folder.path().join("link")).unwrap();
    let entries = receiver(&folder).await.entries().await;
    let link = &entries[2];
    assert_eq!((&*link.path, link.mode & (1 << 27), &*link.link), (&b"link"[..], 1 << 27, &b"a/file"[..]));
}

#[tokio::test]
async fn file_sync_sends_modes_and_types_of_unix() {
    if !platform::HAS_UNIX_FILES {
        return;
    }
    let folder = folder(&["a/file", "a-b", "empty"]);
    let at = |path: &str| folder.path().join(path);
    fs::write(at("empty"), "").unwrap();
    fs::hard_link(at("a-b"), at("b")).unwrap();
    platform::symlink("a/file", at("link")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    let _socket = platform::LocalListener::bind(&at("socket")).unwrap();
    for (path, mode) in [("a", 0o1750), ("a/file", 0o4711), ("a-b", 0o640), ("pipe", 0o644), ("socket", 0o755)] {
        platform::set_mode(&at(path), mode).unwrap();
    }

    let services = services(&folder).await;
    assert_eq!(services.methods().last(), Some(&SYNC));
    let mut receiver = Receiver::start(&services, &[("dir-name", "context")]).await;
    let entries = receiver.entries().await;
    let sent: Vec<_> = entries.iter().map(|entry| (&*entry.path, entry.mode, entry.size, &*entry.link)).collect();
    let expected: [(&[u8], u32, i64, &[u8]); 8] = [
        (b"a", (1 << 31) | (1 << 20) | 0o750, 0, b""),
        (b"a/file", (1 << 23) | 0o711, 17, b""),
        (b"a-b", 0o640, 14, b""),
        (b"b", 0o640, 14, b"a-b"),
        (b"empty", entries[4].mode & 0o777, 0, b""),
        (b"link", (1 << 27) | 0o777, 6, b"a/file"),
        (b"pipe", (1 << 25) | 0o644, 0, b""),
        (b"socket", 0o755, 0, b""),
    ];
    assert_eq!(sent, expected);
    assert!(entries.iter().all(|entry| entry.uid == 0 && entry.gid == 0 && entry.device_major == 0));

    assert_eq!(receiver.file(2).await.unwrap(), b"content of a-b");
    assert_eq!(receiver.file(1).await.unwrap(), b"content of a/file");
    assert_eq!(receiver.file(4).await.unwrap(), b"");
    assert_eq!(receiver.file(7).await.unwrap(), b"", "a socket is an empty file");
    receiver.finish().await;
}

#[tokio::test]
async fn file_sync_keeps_names_that_are_not_utf8() {
    // On Windows, names are Unicode.
    let Ok(name) = platform::os_string(b"\xff") else { return };
    let folder = folder(&[]);
    // On macOS, file names must be UTF-8.
    if fs::write(folder.path().join(name), "content").is_err() {
        return;
    }
    let mut receiver = receiver(&folder).await;
    assert_eq!(receiver.entries().await[0].path, &b"\xff"[..]);
    assert_eq!(receiver.file(0).await.unwrap(), b"content");
}

#[tokio::test]
async fn file_sync_applies_patterns_of_headers() {
    let folder = folder(&["a/b", "a/c", "d e", "f/g"]);
    let services = services(&folder).await;
    for (headers, paths) in [
        (vec![], "a a/b a/c d e f f/g"),
        (vec![("followpaths", "f/g"), ("followpaths", "a/b")], "a a/b f f/g"),
        (vec![("exclude-patterns", "a"), ("exclude-patterns", "!a/c"), ("exclude-patterns", "f")], "a a/c d e"),
        (vec![("include-patterns", "d+e"), ("include-patterns-encoded", "1")], "d e"),
        (vec![("followpaths", "../../etc/passwd"), ("followpaths", "none")], ""),
    ] {
        let mut all = vec![("dir-name", "context")];
        all.extend(&headers);
        let mut receiver = Receiver::start(&services, &all).await;
        assert_eq!(receiver.paths().await, paths, "{headers:?}");
        receiver.finish().await;
    }
}

#[tokio::test]
async fn file_sync_follows_links_of_headers() {
    if !platform::symlinks_work() {
        return;
    }
    let folder = folder(&["a/b", "f/g"]);
    platform::symlink("f/g", folder.path().join("link")).unwrap();
    let headers = [("dir-name", "context"), ("followpaths", "link")];
    let mut receiver = Receiver::start(&services(&folder).await, &headers).await;
    assert_eq!(receiver.paths().await, "f f/g link");
    receiver.finish().await;
}

#[tokio::test]
async fn file_sync_accepts_many_patterns() {
    let folder = folder(&["file"]);
    let patterns: Vec<String> = (0..2000).map(|index| format!("directory-{index}/*.txt")).collect();
    let mut headers = vec![("dir-name", "context")];
    headers.extend(patterns.iter().map(|pattern| ("exclude-patterns", &**pattern)));
    let mut receiver = Receiver::start(&services(&folder).await, &headers).await;
    assert_eq!(receiver.paths().await, "file");
}

#[tokio::test]
async fn file_sync_rejects_other_directories() {
    let services = services(&folder(&[])).await;
    for name in ["", "dockerfile", "/etc", "context/"] {
        let error = Receiver::start(&services, &[("dir-name", name)]).await.next().await.unwrap_err();
        assert_eq!(error.0, NOT_FOUND, "{name}: {}", error.1);
    }
    let headers = [("dir-name", "context"), ("followpaths", "%"), ("followpaths-encoded", "1")];
    assert_eq!(Receiver::start(&services, &headers).await.next().await.unwrap_err().0, INVALID_ARGUMENT);
}

#[tokio::test]
async fn file_sync_rejects_invalid_patterns() {
    let headers = [("dir-name", "context"), ("exclude-patterns", "[")];
    let mut receiver = Receiver::start(&services(&folder(&["a"])).await, &headers).await;
    assert_eq!(receiver.content().await.unwrap_err().0, INVALID_ARGUMENT);
}

#[tokio::test]
async fn file_sync_rejects_requests_for_unsent_files() {
    let folder = folder(&["a/b", "c"]);
    let mut all = "a a/b c".to_owned();
    if platform::symlinks_work() {
        platform::symlink("c", folder.path().join("link")).unwrap();
        all.push_str(" link");
    }
    // A directory, a link, a file that is not there, and one that was requested before.
    for id in [0, 3, 4, u32::MAX, 2] {
        let mut receiver = receiver(&folder).await;
        assert_eq!(receiver.paths().await, all);
        assert_eq!(receiver.file(2).await.unwrap(), b"content of c");
        let error = receiver.file(id).await.unwrap_err();
        assert_eq!((&*error.0, error.1.contains(&format!("file {id}"))), (INVALID_ARGUMENT, true), "{}", error.1);
    }
}

#[tokio::test]
async fn file_sync_rejects_unexpected_packets() {
    let folder = folder(&["a"]);
    for (kind, code) in [(kind::STAT, INVALID_ARGUMENT), (kind::DATA, INVALID_ARGUMENT), (7, INVALID_ARGUMENT)]
        .into_iter()
        .chain([(kind::ERROR, ABORTED)])
    {
        let mut receiver = receiver(&folder).await;
        receiver.entries().await;
        receiver.0.send(&Packet { kind, data: "s3cret".into(), ..Packet::default() });
        let error = receiver.content().await.unwrap_err();
        assert_eq!((&*error.0, error.1.contains("s3cret")), (code, false), "{kind}: {}", error.1);
    }
    let mut receiver = receiver(&folder).await;
    receiver.entries().await;
    receiver.0.close();
    assert_eq!(receiver.content().await.unwrap_err().0, ABORTED);
}

#[tokio::test]
async fn file_sync_fails_if_a_requested_file_has_changed() {
    type Change = fn(&Path, &Path);

    let outside = folder(&["secret"]);
    let outside = outside.path().join("secret");
    let mut changes: Vec<(Change, &str)> = vec![
        (|file, _| fs::write(file, "longer than before, by some words").unwrap(), "grew"),
        (|file, _| fs::write(file, "short").unwrap(), "shrank"),
        (|file, _| fs::remove_file(file).unwrap(), "no such file"),
    ];
    if platform::symlinks_work() {
        changes.push((
            |file, outside| {
                fs::remove_file(file).unwrap();
                platform::symlink(outside, file).unwrap();
            },
            "replaced",
        ));
        changes.push((
            |file, outside| {
                fs::remove_dir_all(file.parent().unwrap()).unwrap();
                platform::symlink(outside.parent().unwrap(), file.parent().unwrap()).unwrap();
            },
            "replaced",
        ));
    }
    for (change, message) in changes {
        let folder = folder(&["a/secret"]);
        let mut receiver = receiver(&folder).await;
        receiver.entries().await;
        change(&folder.path().join("a/secret"), &outside);
        let error = receiver.file(1).await.unwrap_err();
        assert_eq!((&*error.0, error.1.contains(message)), (INTERNAL, true), "{}", error.1);
    }
}

#[tokio::test]
async fn file_sync_sends_files_from_memory_and_the_dockerfile() {
    let folder = folder(&["a", "b"]);
    let large: Vec<u8> = (0..200_000_u32).map(|index| index as u8).collect();
    let context = Context::directory(folder.path()).dockerfile_from("FROM a").file("b", large.clone());
    let tree = context.sync_tree(None).await.unwrap();
    let dockerfile = tree.dockerfile().unwrap().to_owned();
    let services = offering("dockerfile", tree);
    let mut receiver = Receiver::start(&services, &[("dir-name", "dockerfile")]).await;
    assert_eq!(receiver.paths().await, format!("{dockerfile} .dockerignore a b"));
    assert_eq!(receiver.file(0).await.unwrap(), b"FROM a");
    assert_eq!(receiver.file(1).await.unwrap(), format!(".dockerignore\n{dockerfile}\n").as_bytes());
    assert!(receiver.file(3).await.unwrap() == large);
    receiver.finish().await;

    // The patterns of `.dockerignore`, as BuildKit sends them.
    let ignored =
        [("dir-name", "dockerfile"), ("exclude-patterns", ".dockerignore"), ("exclude-patterns", &*dockerfile)];
    assert_eq!(Receiver::start(&services, &ignored).await.paths().await, "a b");
}

#[tokio::test]
async fn file_sync_sends_large_files_in_small_parts() {
    let folder = folder(&["a"]);
    let content: Vec<u8> = (0..300_000_u32).map(|index| (index / 7) as u8).collect();
    fs::write(folder.path().join("a"), &content).unwrap();
    let mut receiver = receiver(&folder).await;
    receiver.entries().await;
    receiver.request(0);
    let mut received = Vec::new();
    loop {
        let packet = receiver.next().await.unwrap();
        assert!(packet.data.len() <= 64 << 10, "{}", packet.data.len());
        if packet.data.is_empty() {
            break;
        }
        received.extend_from_slice(&packet.data);
    }
    assert!(received == content);
}

#[tokio::test]
async fn file_sync_processes_a_flood_of_requests() {
    const COUNT: u32 = 3000;

    let context = (0..COUNT).fold(Context::from_dockerfile("FROM a"), |context, index| {
        context.file(format!("file-{index:04}"), index.to_string())
    });
    let services = offering("context", context.sync_tree(None).await.unwrap());
    let mut receiver = Receiver::start(&services, &[("dir-name", "context")]).await;
    assert_eq!(receiver.entries().await.len(), COUNT as usize + 1);
    // All requests are sent before any file is received. The first entry is the Dockerfile.
    for id in 1..=COUNT {
        receiver.request(id);
    }
    for id in 1..=COUNT {
        assert_eq!(receiver.content().await.unwrap(), (id, (id - 1).to_string().into_bytes()));
    }
    receiver.finish().await;
}

#[tokio::test]
async fn file_sync_stops_when_the_call_is_dropped() {
    let folder = folder(&["a"]);
    // While the thread waits for requests, and while it waits to send a file.
    fs::write(folder.path().join("a"), vec![0; 4 << 20]).unwrap();
    let services = services(&folder).await;
    let tree = Arc::clone(&services.directories["context"]);
    let before = Arc::strong_count(&tree);
    for requests in [0, 1] {
        let mut receiver = Receiver::start(&services, &[("dir-name", "context")]).await;
        receiver.entries().await;
        assert!(Arc::strong_count(&tree) > before);
        (0..requests).for_each(|id| receiver.request(id));
        drop(receiver);
        let stopped = async {
            while Arc::strong_count(&tree) > before {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), stopped).await.unwrap();
    }
}
