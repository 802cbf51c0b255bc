//! Files on Linux: names that are not UTF-8, and files of `/proc`, which also lists the open files of the tests.

use std::{
    ffi::OsStr,
    fs::{self, File},
    os::unix::{ffi::OsStrExt as _, fs::symlink},
    path::Path,
    thread,
    time::Duration,
};

use dockerclient::{DockerClient, images::Context};
use dockerclient_testkit::{FakeEngine, Response};
use futures_util::{FutureExt as _, TryStreamExt as _};
use insta::assert_snapshot;
use tempfile::TempDir;
use tokio::{io::AsyncReadExt as _, net::UnixListener, sync::oneshot};

use crate::{
    archives::{Archive, download},
    context::{directory, plain},
    untrusted_context::{error, outside},
};

#[tokio::test]
async fn context_archive_supports_long_and_non_utf8_names() {
    let directory = directory(&[("Dockerfile", "")]);
    let long = |length| "x".repeat(length);
    let paths: Vec<Vec<u8>> = vec![
        b"\xff\xfe".to_vec(),
        [b"\xff".repeat(120), b"/".to_vec(), b"\xfe".repeat(200)].concat(),
        long(99).into(),
        long(100).into(),
        long(101).into(),
        [long(200), long(200), long(200)].join("/").into(),
    ];
    for path in &paths {
        let path = directory.path().join(OsStr::from_bytes(path));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "here").unwrap();
    }
    let target = [long(100), long(200)].join("/");
    symlink(&target, directory.path().join("link")).unwrap();

    let engine = FakeEngine::scripted(|_| Response::json(200, r#"{"stream":"Successfully built f43c\n"}"#));
    engine.client("1.18").images().build(Context::directory(directory.path())).await.unwrap();
    let archive = engine.requests().remove(0).bytes;
    let mut found = Vec::new();
    for entry in tar::Archive::new(&*archive).entries().unwrap() {
        let entry = entry.unwrap();
        match entry.header().entry_type() {
            tar::EntryType::Symlink => assert_eq!(entry.link_name_bytes().unwrap(), target.as_bytes()),
            tar::EntryType::Regular if entry.size() > 0 => found.push(entry.path_bytes().into_owned()),
            _ => {}
        }
    }
    found.sort();
    let mut expected = paths;
    expected.sort();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn dockerfile_link_to_a_name_that_is_not_utf8_is_an_error() {
    let outside = outside();
    let tree = directory(&[]);
    let odd = OsStr::from_bytes(b"D\xff");
    fs::write(tree.path().join(odd), "FROM a\nCOPY .dockerignore /x\n").unwrap();
    symlink(odd, tree.path().join("Dockerfile")).unwrap();
    symlink(outside.path().join("secret"), tree.path().join(".dockerignore")).unwrap();
    let error = error(Context::directory(tree.path()), plain).await.to_string();
    assert!(error.ends_with("Dockerfile: the target is not valid UTF-8"), "{error}");
}

#[tokio::test]
async fn ignore_file_link_to_a_file_of_proc_is_an_error() {
    let tree = directory(&[("Dockerfile", "FROM a\n")]);
    symlink("/proc/self/environ", tree.path().join(".dockerignore")).unwrap();
    let error = error(Context::directory(tree.path()), plain).await.to_string();
    assert!(error.ends_with(".dockerignore: symbolic link out of the build context"), "{error}");
}

#[tokio::test]
async fn file_that_grows_while_read_fails_the_build() {
    // Files in this directory have content, but a length of 0.
    let context = Context::directory("/proc/sys/kernel/random").dockerfile_from("FROM a\n");
    let engine = FakeEngine::scripted(|_| Response::json(200, r#"{"stream":"Successfully built f43c\n"}"#));
    let error = engine.client("1.18").images().build(context).await.unwrap_err();
    assert!(engine.requests().is_empty(), "the request did not come to its end");
    assert_snapshot!(error, @"failed to build image: failed to read /proc/sys/kernel/random/boot_id: file grew while it was read");
}

/// The number of files below `directory` that this process has open.
fn open_files_below(directory: &Path) -> usize {
    let files = fs::read_dir("/proc/self/fd").unwrap().filter_map(|file| fs::read_link(file.unwrap().path()).ok());
    files.filter(|file| file.starts_with(directory)).count()
}

/// Waits until no file below `directory` is open, and the threads of `runtime` have finished.
fn wait_for_cleanup(directory: &Path, runtime: tokio::runtime::Runtime) {
    while open_files_below(directory) > 0 {
        thread::sleep(Duration::from_millis(1));
    }
    // Waits for the threads.
    drop(runtime);
}

#[test]
fn dropped_build_leaves_no_thread_or_open_file() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("Dockerfile"), "FROM a\n").unwrap();
    File::create(directory.path().join("a-large-one")).unwrap().set_len(1 << 34).unwrap();
    let sockets = TempDir::new().unwrap();
    runtime.block_on(async {
        let socket = sockets.path().join("socket");
        let listener = UnixListener::bind(&socket).unwrap();
        let (sender, receiver) = oneshot::channel();
        // Reads only the beginning of the request.
        let engine = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_exact(&mut [0; 100_000]).await.unwrap();
            sender.send(stream).unwrap();
        });
        let docker = DockerClient::builder().address(format!("unix://{}", socket.display()));
        let docker = docker.api_version("1.18".parse().unwrap()).build().unwrap();
        let build = docker.images().build(Context::directory(directory.path())).send();
        let mut stream = tokio::select! {
            outcome = build => panic!("{outcome:?}"),
            stream = receiver => stream.unwrap(),
        };
        engine.await.unwrap();
        // The engine detects that the connection is closed.
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    });
    wait_for_cleanup(directory.path(), runtime);
}

#[test]
fn dropped_download_leaves_no_thread_or_open_file() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let directory = TempDir::new().unwrap();
    let archive = Archive::truncated();
    runtime.block_on(async {
        let (engine, unpacked) = download(&archive, false).await;
        let mut unpacking = Box::pin(unpacked.unpack(directory.path()));
        while open_files_below(directory.path()) == 0 {
            assert!((&mut unpacking).now_or_never().is_none());
            tokio::task::yield_now().await;
        }
        drop(unpacking);
        engine.all_connections_closed().await;

        let (engine, read) = download(&archive, false).await;
        let mut entries = read.entries();
        let mut entry = entries.try_next().await.unwrap().unwrap();
        assert!(entry.try_next().await.unwrap().is_some());
        drop(entries);
        engine.all_connections_closed().await;
    });
    wait_for_cleanup(directory.path(), runtime);
}
