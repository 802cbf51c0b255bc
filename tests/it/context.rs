//! What is sent of a build context made of files.

use std::{
    ffi::OsStr,
    fs::{self, File, Permissions},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{PermissionsExt as _, symlink},
        net::UnixListener,
    },
    path::Path,
    process::Command,
    time::{Duration, SystemTime},
};

use dockerclient::{
    Error,
    images::{BuildOptions, Context},
};
use dockerclient_testkit::{Engine, Reply};
use insta::assert_snapshot;
use tempfile::TempDir;

/// A directory with these files; parents are made, and a name that ends in a slash is a directory.
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

/// The entries of an archive, a line each: kind, mode, name, and for links where to, for files the content.
fn listing(archive: &[u8]) -> String {
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

/// What an engine is sent that is asked to build `context` at `version`: the request, and the entries.
async fn sent(version: &str, context: Context, options: &BuildOptions) -> Result<(String, String), Error> {
    let engine = Engine::answering(|_| Reply::json(200, r#"{"stream":"Successfully built f43c\n"}"#));
    let outcome = engine.client(version).images().build(context, options).await;
    let requests = engine.requests();
    if outcome.is_err() {
        assert!(requests.is_empty(), "{outcome:?}, although something was sent");
    }
    outcome.map(|_| (without_hash(&requests[0].line), without_hash(&listing(&requests[0].bytes))))
}

/// Made-up names hold a hash, which is another with another compiler.
fn without_hash(text: &str) -> String {
    let mut parts = text.split(".dockerfile.");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| {
        format!("{text}.dockerfile.HASH{}", part.trim_start_matches(|c: char| c.is_ascii_hexdigit()))
    })
}

/// The names of what is sent of `context`.
async fn names(context: Context) -> Vec<String> {
    let (_, listing) = sent("1.18", context, &BuildOptions::default()).await.unwrap();
    listing.lines().map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect()
}

#[tokio::test]
async fn files_directories_and_links_are_sent_in_order_as_they_are() {
    let directory = directory(&[("Dockerfile", "FROM a\n"), ("b/", ""), ("b/tool", "run"), ("a", "x"), ("c/", "")]);
    let root = directory.path();
    fs::set_permissions(root.join("b/tool"), Permissions::from_mode(0o4755)).unwrap();
    fs::set_permissions(root.join("c"), Permissions::from_mode(0o1700)).unwrap();
    for (name, target) in [("dangling", "./../no//where/"), ("to-a-directory", "b"), ("absolute", "/etc/passwd")] {
        symlink(target, root.join(name)).unwrap();
    }
    let _socket = UnixListener::bind(root.join("socket")).unwrap();
    assert!(Command::new("mkfifo").arg(root.join("pipe")).status().unwrap().success());
    let (line, listing) = sent("1.15", Context::directory(root), &BuildOptions::default()).await.unwrap();
    assert_snapshot!(line, @"POST /v1.15/build");
    assert_snapshot!(listing, @r#"
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

#[tokio::test]
async fn times_are_kept_and_none_is_before_1970() {
    let directory = directory(&[("Dockerfile", ""), ("new", ""), ("old", "")]);
    let at = |name: &str, time| File::open(directory.path().join(name)).unwrap().set_modified(time).unwrap();
    at("new", SystemTime::UNIX_EPOCH + Duration::from_millis(1_600_000_000_900));
    at("old", SystemTime::UNIX_EPOCH - Duration::from_secs(100));
    let engine = Engine::answering(|_| Reply::json(200, r#"{"stream":"Successfully built f43c\n"}"#));
    engine.client("1.18").images().build(Context::directory(directory.path()), &BuildOptions::default()).await.unwrap();
    let archive = engine.requests().remove(0).bytes;
    let times: Vec<u64> =
        tar::Archive::new(&*archive).entries().unwrap().map(|entry| entry.unwrap().header().mtime().unwrap()).collect();
    assert_eq!(times[1..], [1_600_000_000, 0]);
}

#[tokio::test]
async fn names_of_any_length_and_of_any_bytes_arrive() {
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

    let engine = Engine::answering(|_| Reply::json(200, r#"{"stream":"Successfully built f43c\n"}"#));
    engine.client("1.18").images().build(Context::directory(directory.path()), &BuildOptions::default()).await.unwrap();
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
async fn what_dockerignore_says_is_left_out_but_for_what_the_engine_needs() {
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
async fn a_dockerfile_may_lie_anywhere_in_the_directory() {
    let files = [(".dockerignore", "docker\n"), ("docker/Web", "FROM web\n"), ("docker/other", ""), ("Dockerfile", "")];
    let directory = directory(&files);
    let context = || Context::directory(directory.path());
    let by_options = sent("1.17", context(), &BuildOptions::default().dockerfile("./docker//Web")).await.unwrap();
    let by_path = context().dockerfile(directory.path().join("docker/Web"));
    assert_eq!(by_options, sent("1.17", by_path, &BuildOptions::default()).await.unwrap());
    assert_snapshot!(format!("{}\n{}", by_options.0, by_options.1), @r#"
    POST /v1.17/build?dockerfile=docker%2FWeb
    -0644 .dockerignore "docker\n"
    -0644 Dockerfile ""
    d0755 docker/
    -0644 docker/Web "FROM web\n"
    "#);

    // Before 1.17, the engine looks for `Dockerfile` only.
    let by_path = context().dockerfile(directory.path().join("docker/Web"));
    let (line, listing) = sent("1.16", by_path, &BuildOptions::default()).await.unwrap();
    assert_snapshot!(format!("{line}\n{listing}"), @r#"
    POST /v1.16/build
    -0644 .dockerignore "docker\n\nDockerfile\n"
    -0644 Dockerfile "FROM web\n"
    "#);
    let error = sent("1.16", context(), &BuildOptions::default().dockerfile("docker/Web")).await.unwrap_err();
    assert!(error.is_unsupported(), "{error}");
}

#[tokio::test]
async fn a_dockerfile_from_elsewhere_is_sent_and_hidden() {
    let elsewhere = directory(&[("Web", "FROM web\n")]);
    let directory = directory(&[("Dockerfile", "FROM a\n"), ("file", "")]);
    let context = || Context::directory(directory.path());
    let outside = sent("1.17", context().dockerfile(elsewhere.path().join("Web")), &BuildOptions::default()).await;
    let memory = sent("1.17", context().dockerfile_from("FROM web\n"), &BuildOptions::default()).await;
    assert_eq!(outside.as_ref().unwrap(), memory.as_ref().unwrap());
    let (line, listing) = outside.unwrap();
    assert_snapshot!(format!("{line}\n{listing}"), @r#"
    POST /v1.17/build?dockerfile=.dockerfile.HASH
    -0644 Dockerfile "FROM a\n"
    -0644 file ""
    -0644 .dockerfile.HASH "FROM web\n"
    -0644 .dockerignore ".dockerignore\n.dockerfile.HASH\n"
    "#);
    let (line, listing) =
        sent("1.16", context().dockerfile_from("FROM web\n"), &BuildOptions::default()).await.unwrap();
    assert_snapshot!(format!("{line}\n{listing}"), @r#"
    POST /v1.16/build
    -0644 file ""
    -0644 .dockerignore ".dockerignore\nDockerfile\n"
    -0644 Dockerfile "FROM web\n"
    "#);

    fs::write(directory.path().join(".dockerignore"), "file").unwrap();
    let (_, listing) = sent("1.17", context().dockerfile_from("FROM web\n"), &BuildOptions::default()).await.unwrap();
    assert!(listing.contains(r#".dockerignore "file\n.dockerfile."#), "{listing}");
    assert!(!listing.contains("- file"), "{listing}");
}

#[tokio::test]
async fn a_dockerfile_that_is_a_link_is_what_the_link_leads_to() {
    let elsewhere = directory(&[("Web", "FROM web\n")]);
    let directory = directory(&[(".dockerignore", "*"), ("docker/Web", "FROM web\n")]);
    let context = || Context::directory(directory.path());
    symlink("docker/Web", directory.path().join("Dockerfile")).unwrap();
    let (line, _) = sent("1.17", context(), &BuildOptions::default()).await.unwrap();
    assert_eq!(line, "POST /v1.17/build?dockerfile=docker%2FWeb");
    assert_eq!(names(context()).await, [".dockerignore", "docker/", "docker/Web"]);

    fs::remove_file(directory.path().join("Dockerfile")).unwrap();
    symlink(elsewhere.path().join("Web"), directory.path().join("Dockerfile")).unwrap();
    let (line, _) = sent("1.17", context(), &BuildOptions::default()).await.unwrap();
    assert!(line.starts_with("POST /v1.17/build?dockerfile=.dockerfile."), "{line}");
}

#[tokio::test]
async fn a_dockerfile_may_have_lines_of_its_own() {
    let files =
        [(".dockerignore", "kept"), ("Web", "FROM web\n"), ("Web.dockerignore", "left\n"), ("kept", ""), ("left", "")];
    let directory = directory(&files);
    let context = || Context::directory(directory.path());
    let options = BuildOptions::default().dockerfile("Web");
    let (_, listing) = sent("1.18", context(), &options).await.unwrap();
    assert_snapshot!(listing, @r#"
    -0644 Web "FROM web\n"
    -0644 Web.dockerignore "left\n"
    -0644 kept ""
    "#);

    // The engine hides what `.dockerignore` says only.
    fs::write(directory.path().join("Web.dockerignore"), "*\n!kept").unwrap();
    let (line, listing) = sent("1.18", context(), &options).await.unwrap();
    assert_snapshot!(format!("{line}\n{listing}"), @r#"
    POST /v1.18/build?dockerfile=.dockerfile.HASH
    -0644 kept ""
    -0644 .dockerfile.HASH "FROM web\n"
    -0644 .dockerignore ".dockerignore\n.dockerfile.HASH\n"
    "#);
}

#[tokio::test]
async fn a_context_may_be_of_memory_alone() {
    let context = Context::from_dockerfile("FROM a\nCOPY b/c /\n").file("./b//c", "content");
    let (line, listing) = sent("1.15", context, &BuildOptions::default()).await.unwrap();
    assert_snapshot!(format!("{line}\n{listing}"), @r#"
    POST /v1.15/build
    -0644 Dockerfile "FROM a\nCOPY b/c /\n"
    -0644 b/c "content"
    "#);

    let directory = directory(&[("Dockerfile", ""), (".dockerignore", "b"), ("b/c", "old")]);
    let context = Context::directory(directory.path()).file("b/c", "new");
    let (_, listing) = sent("1.15", context, &BuildOptions::default()).await.unwrap();
    assert!(listing.ends_with(r#"b/c "new""#) && listing.matches("b/c").count() == 1, "{listing}");
}

#[tokio::test]
async fn what_cannot_be_built_is_refused_before_anything_is_sent() {
    let elsewhere = directory(&[("Web", ""), ("Dockerfile", ""), (".dockerignore", "\na\n[b\n")]);
    let directory = directory(&[("file", ""), ("sub/", "")]);
    let (root, inside) = (directory.path(), Context::directory(directory.path()));
    let mut errors = Vec::new();
    for (context, dockerfile) in [
        (Context::directory(root.join("ghost")), None),
        (Context::directory(root.join("file")), None),
        (Context::directory(elsewhere.path()), None),
        (inside.clone(), None),
        (inside.clone(), Some("ghost")),
        (inside.clone(), Some("sub")),
        (inside.clone(), Some("../Web")),
        (inside.clone(), Some("/Web")),
        (inside.clone().dockerfile(root.join("ghost")), None),
        (inside.clone().dockerfile(root.join("file")), Some("file")),
        (inside.clone().file("/a", ""), None),
        (Context::from_dockerfile("").file(".", ""), None),
        (Context::from_dockerfile(""), Some("Web")),
    ] {
        let mut options = BuildOptions::default();
        if let Some(name) = dockerfile {
            options = options.dockerfile(name);
        }
        let error = sent("1.18", context, &options).await.unwrap_err();
        assert!(error.is_bad_request(), "{error}");
        let shown = |path: &Path| path.display().to_string();
        errors.push(error.to_string().replace(&shown(root), "HERE").replace(&shown(elsewhere.path()), "ELSEWHERE"));
    }
    assert_snapshot!(errors.join("\n"), @r#"
    image build: there is no directory HERE/ghost
    image build: HERE/file is no directory
    image build: ELSEWHERE/.dockerignore, line 3: "[b" is no pattern: a `[` has no `]`
    image build: there is no Dockerfile at HERE/Dockerfile
    image build: there is no Dockerfile at HERE/ghost
    image build: the Dockerfile at HERE/sub is no file
    image build: "../Web" lies outside of the context
    image build: "/Web" lies outside of the context
    image build: there is no Dockerfile at HERE/ghost
    image build: the Dockerfile is named twice, by the context and by the options
    image build: "/a" lies outside of the context
    image build: "." is no file
    image build: the Dockerfile is named twice, by the context and by the options
    "#);
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_read_ends_the_build() {
    // The files here have a content, and a length of 0.
    let context = Context::directory("/proc/sys/kernel/random").dockerfile_from("FROM a\n");
    let engine = Engine::answering(|_| Reply::json(200, r#"{"stream":"Successfully built f43c\n"}"#));
    let error = engine.client("1.18").images().build(context, &BuildOptions::default()).await.unwrap_err();
    assert!(engine.requests().is_empty(), "the request did not come to its end");
    assert_snapshot!(error, @"image build: /proc/sys/kernel/random/boot_id grew while it was read");
}
