//! Files on Unix: FIFOs, sockets, devices, modes and owners, and directories that are removed while they are open.

use std::{
    fs::{self, Permissions},
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, symlink},
        net::UnixListener,
    },
    path::Path,
    process::Command,
};

use dockerclient::{Upload, images::Context};
use insta::assert_snapshot;
use tar::EntryType;
use tempfile::TempDir;

use crate::{
    archives::{Archive, unpack_to},
    context::{directory, listing_with_modes, plain, request},
    files::{sent, sent_with, site},
    untrusted_context::{assert_replaced, error, large_context, outside},
};

fn mkfifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[tokio::test]
async fn unpack_creates_links_and_sets_modes() {
    let archive = Archive::default()
        .entry(EntryType::Directory, "etc/", "", b"")
        .file("etc/hostname", "web\n")
        .link(EntryType::Symlink, "etc/link", "/etc/passwd")
        .link(EntryType::Link, "etc/other", "etc/hostname")
        .finish();
    let directory = TempDir::new().unwrap();
    let at = |path: &str| directory.path().join(path);
    unpack_to(&archive, directory.path()).await.unwrap();
    assert_eq!(fs::read_link(at("etc/link")).unwrap(), Path::new("/etc/passwd"));
    let hostname = fs::metadata(at("etc/hostname")).unwrap();
    assert_eq!(hostname.permissions().mode() & 0o7777, 0o755, "no program runs as another user");
    assert_eq!(hostname.ino(), fs::metadata(at("etc/other")).unwrap().ino());
    assert_eq!(fs::metadata(at("etc")).unwrap().permissions().mode() & 0o777, 0o555);
}

/// On Windows, no link in a path is followed.
#[tokio::test]
async fn unpack_follows_links_inside_the_directory() {
    let directory = TempDir::new().unwrap();
    let at = |path: &str| directory.path().join(path);
    fs::create_dir(at("real")).unwrap();
    symlink("real", at("lib")).unwrap();
    let archive = Archive::default()
        .file("lib/file", "x")
        .link(EntryType::Symlink, "lib/link", "file")
        .link(EntryType::Symlink, "lib/new/link", "../file")
        .finish();
    for _ in 0..2 {
        unpack_to(&archive, directory.path()).await.unwrap();
        for path in ["real/file", "real/link", "real/new/link"] {
            assert_eq!(fs::read_to_string(at(path)).unwrap(), "x", "{path}");
        }
        assert!(at("lib").is_symlink());
    }
}

#[tokio::test]
async fn upload_from_file_rejects_fifos_and_devices() {
    let directory = TempDir::new().unwrap();
    let (fifo, socket, link) = (directory.path().join("f"), directory.path().join("s"), directory.path().join("l"));
    mkfifo(&fifo);
    let _listener = UnixListener::bind(&socket).unwrap();
    symlink("f", &link).unwrap();
    for path in [&fifo, &socket, &link, Path::new("/dev/zero")] {
        let error = Upload::from_file(path).await.unwrap_err();
        assert_eq!(error.to_string(), format!("failed to read {}: not a regular file", path.display()));
    }
}

#[tokio::test]
async fn copy_in_from_keeps_the_owner() {
    let directory = site();
    let local = directory.path().join("site/css");
    let metadata = fs::metadata(&local).unwrap();
    let own = format!("{}:{}", metadata.uid(), metadata.gid());
    let kept = sent_with(&local, |copy| copy.keep_owner(true)).await.unwrap();
    assert_eq!(kept, [format!("css/ {own}"), format!("css/all.css {own}")]);
}

#[tokio::test]
async fn copy_in_from_rejects_a_fifo_and_skips_nested_ones() {
    let directory = site();
    let fifo = directory.path().join("site/css/fifo");
    mkfifo(&fifo);
    assert_eq!(sent(&directory.path().join("site/css")).await.unwrap(), ["css/", "css/all.css"]);
    let error = sent(&fifo).await.unwrap_err();
    assert!(error.to_string().ends_with("fifo: not a regular file, a directory or a symbolic link"), "{error}");
}

#[tokio::test]
async fn context_archive_has_modes_and_skips_sockets_and_fifos() {
    let directory = directory(&[("Dockerfile", "FROM a\n"), ("b/", ""), ("b/tool", "run"), ("a", "x"), ("c/", "")]);
    let root = directory.path();
    fs::set_permissions(root.join("b/tool"), Permissions::from_mode(0o4755)).unwrap();
    fs::set_permissions(root.join("c"), Permissions::from_mode(0o1700)).unwrap();
    for (name, target) in [("dangling", "./../no//where/"), ("to-a-directory", "b"), ("absolute", "/etc/passwd")] {
        symlink(target, root.join(name)).unwrap();
    }
    let _socket = UnixListener::bind(root.join("socket")).unwrap();
    mkfifo(&root.join("pipe"));
    let request = request("1.15", Context::directory(root), plain).await.unwrap();
    assert_snapshot!(request.line, @"POST /v1.15/build");
    assert_snapshot!(listing_with_modes(&request.bytes), @r#"
    -0644 Dockerfile "FROM a\n"
    -0644 a "x"
    l0777 absolute -> /etc/passwd
    d0755 b/
    -4755 b/tool "run"
    d1700 c/
    l0777 dangling -> ./../no//where/
    l0777 to-a-directory -> b
    "#);
}

/// Uses its own runtime, which shuts down only if no thread is blocked.
#[test]
fn fifo_instead_of_a_file_that_a_build_reads_is_an_error() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let outside = outside();
    mkfifo(&outside.path().join("fifo"));
    for name in ["Dockerfile", ".dockerignore", "Dockerfile.dockerignore"] {
        for kind in ["fifo", "socket", "link", "directory"] {
            let tree = directory(&[("Dockerfile", "FROM a\n")]);
            let path = tree.path().join(name);
            let _ = fs::remove_file(&path);
            let _socket = (kind == "socket").then(|| UnixListener::bind(&path).unwrap());
            match kind {
                "fifo" => mkfifo(&path),
                "link" => {
                    mkfifo(&tree.path().join("behind"));
                    symlink("behind", &path).unwrap();
                }
                "directory" => fs::create_dir(&path).unwrap(),
                _ => {}
            }
            let error = runtime.block_on(error(Context::directory(tree.path()), plain));
            assert!(error.to_string().ends_with(": not a regular file"), "{name} {kind}: {error}");
        }
    }
    let tree = directory(&[]);
    for path in [outside.path().join("fifo"), "/dev/zero".into()] {
        for context in [Context::directory(tree.path()), Context::from_dockerfile("")] {
            let context = context.dockerfile(&path);
            let error = runtime.block_on(error(context, plain));
            assert!(error.to_string().ends_with(": not a regular file"), "{error}");
        }
    }
    drop(runtime);
}

#[tokio::test]
async fn fifo_that_replaces_a_file_while_a_context_is_packed() {
    assert_replaced(&large_context(), "file", mkfifo, "not a regular file").await;
    let socket = |path: &Path| drop(UnixListener::bind(path).unwrap());
    assert_replaced(&large_context(), "file", socket, "not a regular file").await;
}

/// Windows does not remove a directory that is open.
#[tokio::test]
async fn directory_that_is_replaced_while_a_context_is_packed() {
    let outside = outside();
    let replaced = "replaced while the directory was read";
    assert_replaced(&large_context(), "sub", |path| symlink(outside.path(), path).unwrap(), replaced).await;
    assert_replaced(&large_context(), "sub", mkfifo, replaced).await;
    assert_replaced(&large_context(), "sub", |path| fs::write(path, "other").unwrap(), replaced).await;
}
