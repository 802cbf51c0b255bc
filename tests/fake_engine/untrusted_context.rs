//! Build contexts in an untrusted directory: no file outside of it is read, and nothing blocks.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use dockerclient::{
    DockerClient, Error, ErrorKind,
    images::{BuildImage, Context},
};
use dockerclient_testkit::{FakeEngine, Response};
use tempfile::TempDir;
use tokio::{io::AsyncReadExt as _, net::TcpListener};

use crate::{
    context::{directory, plain, sent},
    local_files::symlink,
};

const SECRET: &str = "hunter2secret";

/// A directory with a secret, which is also a valid pattern of a `.dockerignore`, and with a Dockerfile of the caller.
pub(crate) fn outside() -> TempDir {
    directory(&[("secret", SECRET), ("Dockerfile", "FROM program\n")])
}

/// The error of a build of `context`. Nothing was sent.
pub(crate) async fn error(context: Context, options: impl FnOnce(BuildImage) -> BuildImage) -> Error {
    error_of_kind(ErrorKind::LocalIo, context, options).await
}

async fn error_of_kind(kind: ErrorKind, context: Context, options: impl FnOnce(BuildImage) -> BuildImage) -> Error {
    let error = sent("1.41", context, options).await.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?}");
    error
}

#[tokio::test]
async fn ignore_file_link_out_of_the_context_is_an_error() {
    let outside = outside();
    let secret = outside.path().join("secret");
    for name in [".dockerignore", "Dockerfile.dockerignore", ".containerignore", "Dockerfile.containerignore"] {
        let tree = directory(&[("Dockerfile", "FROM a\n")]);
        symlink(&secret, tree.path().join(name)).unwrap();
        let context = || Context::directory(tree.path());
        let mut contexts = vec![context()];
        if name.starts_with('.') {
            contexts.push(context().dockerfile_from("FROM program\n"));
            contexts.push(context().dockerfile(outside.path().join("Dockerfile")));
        }
        for context in contexts {
            let error = error(context, plain).await.to_string();
            let expected = "symbolic link out of the build context";
            assert!(error.ends_with(&format!("{}: {expected}", tree.path().join(name).display())), "{error}");
        }
    }
}

/// Podman reads them next to the Dockerfile, whose name is generated if it is from outside the context.
#[tokio::test]
async fn ignore_file_link_beside_an_external_dockerfile_is_an_error() {
    let outside = outside();
    let context = |root: &Path| Context::directory(root).dockerfile_from("FROM program\n");
    let engine = FakeEngine::scripted(|_| Response::json(200, r#"{"stream":"Successfully built f43c\n"}"#));
    engine.client("1.41").images().build(context(outside.path())).await.unwrap();
    let requests = engine.requests();
    let (_, name) = requests[0].line.split_once("dockerfile=").unwrap();
    let name = name.split(['&', ' ']).next().unwrap();
    for end in [".dockerignore", ".containerignore"] {
        let tree = directory(&[]);
        symlink(outside.path().join("secret"), tree.path().join(format!("{name}{end}"))).unwrap();
        let error = error(context(tree.path()), plain).await.to_string();
        assert!(error.ends_with("symbolic link out of the build context"), "{error}");
    }
}

#[tokio::test]
async fn ignore_file_link_out_of_the_context_may_be_excluded() {
    let outside = outside();
    let tree = directory(&[("Dockerfile", "FROM a\n"), (".dockerignore", ".containerignore\n")]);
    symlink(outside.path().join("secret"), tree.path().join(".containerignore")).unwrap();
    let (_, listing) = sent("1.41", Context::directory(tree.path()), plain).await.unwrap();
    assert!(!listing.contains("secret"), "{listing}");
}

#[tokio::test]
async fn dockerfile_link_out_of_the_context_is_an_error() {
    let outside = outside();
    let secret = outside.path().join("secret");
    let tree = directory(&[("sub/file", "")]);
    let at = |path: &str| tree.path().join(path);
    symlink(&secret, at("Dockerfile")).unwrap();
    // It is the same file where names are not case-sensitive.
    if !at("dockerfile").is_symlink() {
        symlink(&secret, at("dockerfile")).unwrap();
    }
    symlink(outside.path(), at("elsewhere")).unwrap();
    symlink("sub/../elsewhere/secret", at("two-steps")).unwrap();
    let below_root: PathBuf = secret.components().filter(|part| matches!(part, Component::Normal(_))).collect();
    symlink(Path::new(&"../".repeat(20)).join(below_root), at("far-up")).unwrap();
    // The caller's link points into the tree, and the tree's link outside of it.
    let link_into_the_tree = outside.path().join("link");
    symlink(at("Dockerfile"), &link_into_the_tree).unwrap();
    let context = || Context::directory(tree.path());
    let named = |name| (context(), Some(name));
    let at_path = |path: PathBuf| (context().dockerfile(path), None);
    for (context, dockerfile) in [
        (context(), None),
        named("dockerfile"),
        named("elsewhere/secret"),
        named("two-steps"),
        named("far-up"),
        at_path(at("Dockerfile")),
        at_path(at("elsewhere/secret")),
        at_path(link_into_the_tree.clone()),
    ] {
        let shown = format!("{context:?} {dockerfile:?}");
        let options = |build: BuildImage| match dockerfile {
            Some(name) => build.dockerfile(name),
            None => build,
        };
        let error = error(context, options).await.to_string();
        assert!(error.ends_with("symbolic link out of the build context"), "{shown}: {error}");
    }
}

#[tokio::test]
async fn dockerfile_path_of_the_caller_may_be_outside_the_context() {
    let outside = outside();
    let root = outside.path();
    fs::create_dir(root.join("tree")).unwrap();
    for path in ["Dockerfile", "tree/../Dockerfile"] {
        let context = Context::directory(root.join("tree")).dockerfile(root.join(path));
        let (_, listing) = sent("1.41", context, plain).await.unwrap();
        assert!(listing.contains("FROM program"), "{path}: {listing}");
    }
}

#[tokio::test]
async fn dockerfile_path_of_the_caller_may_be_a_link() {
    let outside = outside();
    let root = outside.path();
    fs::create_dir(root.join("tree")).unwrap();
    symlink("Dockerfile", root.join("link")).unwrap();
    for path in ["link", "tree/../tree/../link"] {
        let context = Context::directory(root.join("tree")).dockerfile(root.join(path));
        let (_, listing) = sent("1.41", context, plain).await.unwrap();
        assert!(listing.contains("FROM program"), "{path}: {listing}");
    }
}

#[tokio::test]
async fn links_may_point_to_other_files_in_the_context() {
    let tree = directory(&[("config/ignore", "left\n"), ("docker/Web", "FROM a\n"), ("left", ""), ("kept", "")]);
    let at = |path: &str| tree.path().join(path);
    symlink("config", at("settings")).unwrap();
    symlink("settings/ignore", at(".dockerignore")).unwrap();
    symlink(at("docker/../docker/Web"), at("Dockerfile")).unwrap();
    let (line, listing) = sent("1.41", Context::directory(tree.path()), plain).await.unwrap();
    assert!(line.ends_with("/build?dockerfile=docker%2FWeb"), "{line}");
    assert!(listing.contains(" kept ") && !listing.contains(" left "), "{listing}");
    // A dangling link is a missing file, as in the Docker CLI.
    fs::remove_file(at(".dockerignore")).unwrap();
    symlink("/nowhere/at/all", at(".dockerignore")).unwrap();
    let (_, listing) = sent("1.41", Context::directory(tree.path()), plain).await.unwrap();
    assert!(listing.contains(" left "), "{listing}");
    // A loop of links.
    fs::remove_file(at(".dockerignore")).unwrap();
    symlink(".dockerignore", at(".dockerignore")).unwrap();
    let error = error(Context::directory(tree.path()), plain).await.to_string();
    assert!(error.ends_with("too many levels of symbolic links"), "{error}");
}

#[tokio::test]
async fn malformed_dockerignore_line_is_not_quoted() {
    let tree = directory(&[("Dockerfile", "FROM a\n"), (".dockerignore", "a\n[hunter2secret\n")]);
    let context = Context::directory(tree.path());
    let error = error_of_kind(ErrorKind::InvalidInput, context, plain).await.to_string();
    assert!(error.ends_with(".dockerignore: line 2: `[` without `]`"), "{error}");
}

#[tokio::test]
async fn dockerignore_line_of_64_kib_is_an_error() {
    let lines = |length| directory(&[("Dockerfile", "FROM a\n"), (".dockerignore", &"a".repeat(length))]);
    let longest = lines(65_535);
    sent("1.41", Context::directory(longest.path()), plain).await.unwrap();
    let too_long = lines(65_536);
    let context = Context::directory(too_long.path());
    let error = error_of_kind(ErrorKind::InvalidInput, context, plain).await.to_string();
    assert!(error.ends_with("line 1: the line is longer than 65535 bytes"), "{error}");
}

/// Builds `tree`, and calls `change` after the directory was listed and before all files were read. Returns the bytes that
/// were sent, and the error.
async fn changed(tree: &Path, change: impl FnOnce()) -> (Vec<u8>, Error) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let docker = DockerClient::builder().address(format!("tcp://{}", listener.local_addr().unwrap()));
    let docker = docker.api_version("1.41".parse().unwrap()).build().unwrap();
    let engine = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut sent = vec![0; 100_000];
        stream.read_exact(&mut sent).await.unwrap();
        change();
        while !sent.ends_with(b"0\r\n\r\n") && stream.read_buf(&mut sent).await.is_ok_and(|length| length > 0) {}
        sent
    };
    let (outcome, sent) = tokio::join!(docker.images().build(Context::directory(tree)).send(), engine);
    (sent, outcome.unwrap_err())
}

/// A directory with a large file, which is sent before the directory `sub` and the other files.
pub(crate) fn large_context() -> TempDir {
    let tree = directory(&[("Dockerfile", "FROM a\n"), ("file", "content"), ("sub/secret", "content")]);
    // Larger than the buffers of a connection.
    fs::File::create(tree.path().join("a-large-one")).unwrap().set_len(32 << 20).unwrap();
    tree
}

/// Removes `name` from `tree` while a build packs it, and calls `replace` with its path. Asserts that the build fails with
/// `expected`, and that the secret is not sent.
pub(crate) async fn assert_replaced(tree: &TempDir, name: &str, replace: impl FnOnce(&Path), expected: &str) {
    let path = tree.path().join(name);
    let change = || {
        if name == "sub" {
            fs::remove_dir_all(&path).unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
        replace(&path);
    };
    let (sent, error) = changed(tree.path(), change).await;
    assert!(!String::from_utf8_lossy(&sent).contains(SECRET), "{name}");
    assert!(error.to_string().ends_with(expected), "{name}: {error}");
    assert!(error.to_string().contains(path.to_str().unwrap()), "{name}: {error}");
}

#[tokio::test]
async fn file_that_is_replaced_while_a_context_is_packed() {
    assert_replaced(&large_context(), "file", |path| fs::create_dir(path).unwrap(), "not a regular file").await;
    assert_replaced(&large_context(), "file", |_| {}, "no such file or directory").await;
}

#[tokio::test]
async fn link_that_replaces_a_file_while_a_context_is_packed() {
    let outside = outside();
    let secret = outside.path().join("secret");
    let replaced = "replaced while the directory was read";
    assert_replaced(&large_context(), "file", |path| symlink(&secret, path).unwrap(), replaced).await;
    let tree = large_context();
    symlink("file", tree.path().join("link")).unwrap();
    assert_replaced(&tree, "link", |path| fs::write(path, "other").unwrap(), replaced).await;
}
