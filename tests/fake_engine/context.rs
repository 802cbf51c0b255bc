//! Archives of build contexts.

use std::{
    fs::{self, File},
    time::{Duration, SystemTime},
};

use dockerclient::{
    Error, ErrorKind,
    images::{BuildImage, Context},
};
use dockerclient_testkit::{FakeEngine, Request, Response};
use insta::assert_snapshot;
use tempfile::TempDir;

use crate::local_files::{shown, symlink};

/// Creates a directory with these files and their parents. A name that ends with a slash is a directory.
pub(crate) fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = TempDir::new().unwrap();
    for (name, content) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match name.ends_with('/') {
            true => fs::create_dir_all(path).unwrap(),
            false => fs::write(path, content).unwrap(),
        }
    }
    directory
}

/// The entries of an archive, one per line: kind, mode, name, and the target of a link or the content of a file.
pub(crate) fn listing_with_modes(archive: &[u8]) -> String {
    let mut lines = Vec::new();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        let header = entry.header();
        assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
        let kind = match header.entry_type() {
            tar::EntryType::Regular => '-',
            tar::EntryType::Directory => 'd',
            tar::EntryType::Symlink => 'l',
            other => panic!("{other:?}"),
        };
        let mode = header.mode().unwrap() & 0o7777;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let target = entry.link_name_bytes().map(|name| format!(" -> {}", String::from_utf8_lossy(&name)));
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
        let content = format!(" {:?}", String::from_utf8_lossy(&content));
        let rest = target.or(Some(content).filter(|_| kind == '-')).unwrap_or_default();
        lines.push(format!("{kind}{mode:04o} {name}{rest}"));
    }
    lines.join("\n")
}

/// The entries of an archive without their modes, which differ on Windows.
fn listing(archive: &[u8]) -> String {
    let lines = listing_with_modes(archive);
    lines.lines().map(|line| format!("{}{}", &line[..1], &line[5..])).collect::<Vec<_>>().join("\n")
}

/// Builds `context` at API `version`, and returns the request.
pub(crate) async fn request(
    version: &str,
    context: Context,
    options: impl FnOnce(BuildImage) -> BuildImage,
) -> Result<Request, Error> {
    let engine = FakeEngine::scripted(|_| Response::json(200, r#"{"stream":"Successfully built f43c\n"}"#));
    let build = engine.client(version).images().build(context);
    let outcome = options(build).await;
    let mut requests = engine.requests();
    if outcome.is_err() {
        assert!(requests.is_empty(), "{outcome:?}, although something was sent");
    }
    outcome.map(|_| requests.remove(0))
}

/// Builds `context` at API `version`, and returns the request line and the entries that were sent.
pub(crate) async fn sent(
    version: &str,
    context: Context,
    options: impl FnOnce(BuildImage) -> BuildImage,
) -> Result<(String, String), Error> {
    let request = request(version, context, options).await?;
    Ok((without_hash(&request.line), without_hash(&listing(&request.bytes))))
}

/// A build without options.
pub(crate) fn plain(build: BuildImage) -> BuildImage {
    build
}

/// Replaces the hash in generated names of Dockerfiles, which depends on the compiler.
fn without_hash(text: &str) -> String {
    let mut parts = text.split(".dockerfile.");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| {
        format!("{text}.dockerfile.HASH{}", part.trim_start_matches(|c: char| c.is_ascii_hexdigit()))
    })
}

/// The names of the entries that are sent for `context`.
async fn names(context: Context) -> Vec<String> {
    let (_, listing) = sent("1.18", context, plain).await.unwrap();
    listing.lines().map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect()
}

#[tokio::test]
async fn context_archive_has_links() {
    let directory = directory(&[("Dockerfile", "FROM a\n"), ("b/tool", "run"), ("c/", "")]);
    for (name, target) in [("dangling", "../no/where"), ("to-a-directory", "b"), ("c/to-a-file", "../b/tool")] {
        symlink(target, directory.path().join(name)).unwrap();
    }
    let (_, listing) = sent("1.15", Context::directory(directory.path()), plain).await.unwrap();
    assert_snapshot!(listing, @r#"
    - Dockerfile "FROM a\n"
    d b/
    - b/tool "run"
    d c/
    l c/to-a-file -> ../b/tool
    l dangling -> ../no/where
    l to-a-directory -> b
    "#);
}

#[tokio::test]
async fn context_archive_keeps_mtimes_since_1970() {
    let directory = directory(&[("Dockerfile", ""), ("new", ""), ("old", "")]);
    let at = |name: &str, time| {
        let file = File::options().write(true).open(directory.path().join(name));
        file.unwrap().set_modified(time).unwrap();
    };
    at("new", SystemTime::UNIX_EPOCH + Duration::from_millis(1_600_000_000_900));
    at("old", SystemTime::UNIX_EPOCH - Duration::from_secs(100));
    let engine = FakeEngine::scripted(|_| Response::json(200, r#"{"stream":"Successfully built f43c\n"}"#));
    engine.client("1.18").images().build(Context::directory(directory.path())).await.unwrap();
    let archive = engine.requests().remove(0).bytes;
    let times: Vec<u64> =
        tar::Archive::new(&*archive).entries().unwrap().map(|entry| entry.unwrap().header().mtime().unwrap()).collect();
    assert_eq!(times[1..], [1_600_000_000, 0]);
}

#[tokio::test]
async fn context_archive_supports_long_names() {
    let names = [99, 100, 101].map(|length| "x".repeat(length));
    let directory = directory(&[("Dockerfile", "")]);
    names.iter().for_each(|name| fs::write(directory.path().join(name), "here").unwrap());
    let request = request("1.18", Context::directory(directory.path()), plain).await.unwrap();
    let mut archive = tar::Archive::new(&*request.bytes);
    let entries = archive.entries().unwrap().map(|entry| entry.unwrap().path_bytes().into_owned());
    let found: Vec<String> = entries.map(|name| String::from_utf8(name).unwrap()).collect();
    assert_eq!(found[1..], names);
}

#[tokio::test]
async fn dockerignore_excludes_all_but_dockerfile_and_itself() {
    let files = [
        (".dockerignore", "*\n!src\nsrc/**/*.tmp\n!deep/down/kept\n"),
        ("Dockerfile", "FROM a\n"),
        ("src/main", ""),
        ("src/a/b.tmp", ""),
        ("deep/other", ""),
        ("deep/down/kept", ""),
        ("deep/down/other", ""),
        ("docs/text", ""),
    ];
    let directory = directory(&files);
    let names = names(Context::directory(directory.path())).await;
    let expected =
        [".dockerignore", "Dockerfile", "deep/", "deep/down/", "deep/down/kept", "src/", "src/a/", "src/main"];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn dockerfile_in_a_subdirectory() {
    let files = [(".dockerignore", "docker\n"), ("docker/Web", "FROM web\n"), ("docker/other", ""), ("Dockerfile", "")];
    let directory = directory(&files);
    let context = || Context::directory(directory.path());
    let by_options = sent("1.17", context(), |build| build.dockerfile("./docker//Web")).await.unwrap();
    let by_path = context().dockerfile(directory.path().join("docker/Web"));
    assert_eq!(by_options, sent("1.17", by_path, plain).await.unwrap());
    assert_snapshot!(format!("{}\n{}", by_options.0, by_options.1), @r#"
    POST /v1.17/build?dockerfile=docker%2FWeb
    - .dockerignore "docker\n"
    - Dockerfile ""
    d docker/
    - docker/Web "FROM web\n"
    "#);

    // Below API 1.17, the engine reads only `Dockerfile`.
    let by_path = context().dockerfile(directory.path().join("docker/Web"));
    let (line, listing) = sent("1.16", by_path, plain).await.unwrap();
    assert_snapshot!(format!("{line}\n{listing}"), @r#"
    POST /v1.16/build
    - .dockerignore "docker\n\nDockerfile\n"
    - Dockerfile "FROM web\n"
    "#);
    let error = sent("1.16", context(), |build| build.dockerfile("docker/Web")).await.unwrap_err();
    assert!(error.is_unsupported(), "{error}");
}

#[tokio::test]
async fn dockerfile_outside_the_context_is_sent_and_ignored() {
    let elsewhere = directory(&[("Web", "FROM web\n")]);
    let directory = directory(&[("Dockerfile", "FROM a\n"), ("file", "")]);
    let context = || Context::directory(directory.path());
    let outside = sent("1.17", context().dockerfile(elsewhere.path().join("Web")), plain).await;
    let memory = sent("1.17", context().dockerfile_from("FROM web\n"), plain).await;
    assert_eq!(outside.as_ref().unwrap(), memory.as_ref().unwrap());
    let (line, listing) = outside.unwrap();
    assert_snapshot!(format!("{line}\n{listing}"), @r#"
    POST /v1.17/build?dockerfile=.dockerfile.HASH
    - Dockerfile "FROM a\n"
    - file ""
    - .dockerfile.HASH "FROM web\n"
    - .dockerignore ".dockerignore\n.dockerfile.HASH\n"
    "#);
    let (line, listing) = sent("1.16", context().dockerfile_from("FROM web\n"), plain).await.unwrap();
    assert_snapshot!(format!("{line}\n{listing}"), @r#"
    POST /v1.16/build
    - file ""
    - .dockerignore ".dockerignore\nDockerfile\n"
    - Dockerfile "FROM web\n"
    "#);

    fs::write(directory.path().join(".dockerignore"), "file").unwrap();
    let (_, listing) = sent("1.17", context().dockerfile_from("FROM web\n"), plain).await.unwrap();
    assert!(listing.contains(r#".dockerignore "file\n.dockerfile."#), "{listing}");
    assert!(!listing.contains("- file"), "{listing}");
}

#[tokio::test]
async fn dockerfile_link_inside_the_context() {
    let directory = directory(&[(".dockerignore", "*"), ("docker/Web", "FROM web\n")]);
    let context = || Context::directory(directory.path());
    symlink("docker/Web", directory.path().join("Dockerfile")).unwrap();
    let (line, _) = sent("1.17", context(), plain).await.unwrap();
    assert_eq!(line, "POST /v1.17/build?dockerfile=docker%2FWeb");
    assert_eq!(names(context()).await, [".dockerignore", "docker/", "docker/Web"]);
}

#[tokio::test]
async fn dockerfile_specific_dockerignore() {
    let files =
        [(".dockerignore", "kept"), ("Web", "FROM web\n"), ("Web.dockerignore", "left\n"), ("kept", ""), ("left", "")];
    let directory = directory(&files);
    let context = || Context::directory(directory.path());
    let options = |build: BuildImage| build.dockerfile("Web");
    let (_, listing) = sent("1.18", context(), options).await.unwrap();
    assert_snapshot!(listing, @r#"
    - Web "FROM web\n"
    - Web.dockerignore "left\n"
    - kept ""
    "#);

    // The engine applies only `.dockerignore`.
    fs::write(directory.path().join("Web.dockerignore"), "*\n!kept").unwrap();
    let (line, listing) = sent("1.18", context(), options).await.unwrap();
    assert_snapshot!(format!("{line}\n{listing}"), @r#"
    POST /v1.18/build?dockerfile=.dockerfile.HASH
    - kept ""
    - .dockerfile.HASH "FROM web\n"
    - .dockerignore ".dockerignore\n.dockerfile.HASH\n"
    "#);
}

#[tokio::test]
async fn context_from_in_memory_files() {
    let context = Context::from_dockerfile("FROM a\nCOPY b/c /\n").file("./b//c", "content");
    let (line, listing) = sent("1.15", context, plain).await.unwrap();
    assert_snapshot!(format!("{line}\n{listing}"), @r#"
    POST /v1.15/build
    - Dockerfile "FROM a\nCOPY b/c /\n"
    - b/c "content"
    "#);

    let directory = directory(&[("Dockerfile", ""), (".dockerignore", "b"), ("b/c", "old")]);
    let context = Context::directory(directory.path()).file("b/c", "new");
    let (_, listing) = sent("1.15", context, plain).await.unwrap();
    assert!(listing.ends_with(r#"b/c "new""#) && listing.matches("b/c").count() == 1, "{listing}");

    // Files that conflict with an in-memory file are left out.
    fs::write(directory.path().join("d"), "").unwrap();
    fs::write(directory.path().join("e"), "").unwrap();
    let context = Context::directory(directory.path()).file("b", "").file("d/c", "").file("e/f/g", "");
    assert_eq!(names(context).await, [".dockerignore", "Dockerfile", "b", "d/c", "e/f/g"]);
}

#[tokio::test]
async fn in_memory_file_replaces_a_link_to_a_directory() {
    let directory = directory(&[("Dockerfile", ""), ("b/c", "old")]);
    symlink("b", directory.path().join("d")).unwrap();
    let context = Context::directory(directory.path()).file("d/c", "");
    assert_eq!(names(context).await, ["Dockerfile", "b/", "b/c", "d/c"]);
}

#[tokio::test]
async fn invalid_context_is_an_error_before_anything_is_sent() {
    let elsewhere = directory(&[("Web", ""), ("Dockerfile", ""), (".dockerignore", "\na\n[b\n")]);
    let directory = directory(&[("file", ""), ("sub/", "")]);
    let (root, inside) = (directory.path(), Context::directory(directory.path()));
    let mut errors = Vec::new();
    for (kind, context, dockerfile) in [
        (ErrorKind::LocalIo, Context::directory(root.join("ghost")), None),
        (ErrorKind::LocalIo, Context::directory(root.join("file")), None),
        (ErrorKind::InvalidInput, Context::directory(elsewhere.path()), None),
        (ErrorKind::LocalIo, inside.clone(), None),
        (ErrorKind::LocalIo, inside.clone(), Some("ghost")),
        (ErrorKind::LocalIo, inside.clone(), Some("sub")),
        (ErrorKind::InvalidInput, inside.clone(), Some("../Web")),
        (ErrorKind::InvalidInput, inside.clone(), Some("/Web")),
        (ErrorKind::LocalIo, inside.clone().dockerfile(root.join("ghost")), None),
        (ErrorKind::InvalidInput, inside.clone().dockerfile(root.join("file")), Some("file")),
        (ErrorKind::InvalidInput, inside.clone().file("/a", ""), None),
        (ErrorKind::InvalidInput, inside.clone().file("a/", ""), None),
        (ErrorKind::InvalidInput, inside.clone().file("a\0b", ""), None),
        (ErrorKind::InvalidInput, inside.clone().file("a", "").file("./a", ""), None),
        (ErrorKind::InvalidInput, inside.clone().file("a", "").file("a/b/c", ""), None),
        (ErrorKind::InvalidInput, Context::from_dockerfile("").file(".", ""), None),
        (ErrorKind::InvalidInput, Context::from_dockerfile("").file("Dockerfile", ""), None),
        (ErrorKind::InvalidInput, Context::from_dockerfile(""), Some("Web")),
    ] {
        let options = |build: BuildImage| match dockerfile {
            Some(name) => build.dockerfile(name),
            None => build,
        };
        let error = sent("1.18", context, options).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        errors.push(shown(&shown(&error.to_string(), root, "HERE"), elsewhere.path(), "ELSEWHERE"));
    }
    assert_snapshot!(errors.join("\n"), @r#"
    failed to build image: failed to open build context HERE/ghost: no such directory
    failed to build image: failed to open build context HERE/file: not a directory
    failed to build image: failed to parse ELSEWHERE/.dockerignore: line 3: `[` without `]`
    failed to build image: failed to find Dockerfile HERE/Dockerfile: no such file
    failed to build image: failed to find Dockerfile HERE/ghost: no such file
    failed to build image: failed to read HERE/sub: not a regular file
    failed to build image: invalid path in a build context "../Web": must be relative, without `..`
    failed to build image: invalid path in a build context "/Web": must be relative, without `..`
    failed to build image: failed to find Dockerfile HERE/ghost: no such file
    failed to build image: the Dockerfile is set both in the context and with dockerfile()
    failed to build image: invalid path in a build context "/a": must be relative, without `..`
    failed to build image: invalid path in a build context "a/": names a directory
    failed to build image: invalid path in a build context "a\0b": must not contain NUL
    failed to build image: the file "a" is added twice
    failed to build image: failed to add file "a/b/c": "a" is both a file and a directory
    failed to build image: invalid path in a build context ".": does not name a file
    failed to build image: the file "Dockerfile" is added twice
    failed to build image: the Dockerfile is set both in the context and with dockerfile()
    "#);
}
