//! Build contexts made of files: what is sent is what the docker command line would send, and what an engine makes of it.

use std::{
    collections::BTreeMap,
    fs::{self, File, Permissions},
    os::unix::fs::{PermissionsExt as _, symlink},
    time::{Duration, SystemTime},
};

use dockerclient::{
    ApiVersion,
    images::{BuildOptions, Context, ProgressItem},
};
use futures_util::TryStreamExt as _;
use tempfile::TempDir;

use crate::{
    command_line::{self, Recorder},
    engine::{Engine, is_silent, version},
};

/// What lies in the directory that is built.
const TREE: [&str; 34] = [
    "#hash",
    ".hidden",
    "Dockerfile",
    "README.md",
    "[x]",
    "a",
    "a*b",
    "a.md",
    "back\\slash",
    "dir/a.md",
    "dir/keep",
    "dir/sub/deep/keep",
    "dir/sub/deep/other",
    "dir/sub/keep",
    "dir/sub/x.tmp",
    "dir/x.tmp",
    "dir2/a.md",
    "dir2/keep",
    "docs/README.md",
    "docs/other.md",
    "docs/sub/README.md",
    "docs/sub/other.md",
    "foo",
    "foobar",
    "src/foo/main.c",
    "src/lib/x.c",
    "src/lib/x.o",
    "src/main.c",
    "src/main.o",
    "ünïcode",
    "with space",
    "x/barfoo",
    "x/foo",
    "x/y/foo/z",
];

/// Files of lines to leave out by. None is of those about which versions of the command line disagree, see
/// `src/images/context/ignore.rs`.
const LINES: [&str; 45] = [
    "",
    "a",
    "/a",
    "./a",
    "a/",
    "dir",
    "dir/",
    "dir//sub/../sub/",
    "dir/*",
    "dir/**",
    "dir/sub",
    "*",
    "**",
    "*/*",
    "*.md",
    "**/*.md",
    "*/*.md",
    "*.md\n!README.md",
    "!README.md\n*.md",
    "*.md\n!README*.md\nREADME.md",
    "*\n!dir",
    "*\n!dir/sub/deep/keep",
    "dir\n!dir/sub\ndir/sub/x.tmp",
    "dir\n!dir/keep\n!dir/sub/deep",
    "docs/*\n!docs/README.md",
    "docs/**\n!docs/sub/README.md",
    "**/foo",
    "foo**",
    "x/**/foo",
    "x/**/z",
    "src/**/*.[oc]",
    "src/**/*.[^o]",
    "?",
    "fo?",
    "[a-b]",
    "[^a-z]*",
    "\\[x\\]",
    "\\#hash",
    "# a\n#hash\n\n  a  \n\ta.md\r\n",
    "\u{feff}a\n",
    "with space\n ünïcode",
    "a\\*b",
    "back\\\\slash",
    ".dockerignore\nDockerfile",
    "*\n!.dockerignore\n..\n.\n/",
];

/// The tree, with one file of lines.
fn tree(lines: &str) -> TempDir {
    let directory = TempDir::new().unwrap();
    let at = |name: &str| directory.path().join(name);
    for (index, name) in TREE.iter().enumerate() {
        fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        fs::write(at(name), format!("this is {name}\n")).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_500_000_000 + index as u64);
        File::open(at(name)).unwrap().set_modified(time).unwrap();
    }
    fs::write(at("Dockerfile"), DOCKERFILE).unwrap();
    fs::create_dir(at("empty")).unwrap();
    symlink("../a", at("dir/link")).unwrap();
    fs::set_permissions(at("a.md"), Permissions::from_mode(0o4751)).unwrap();
    fs::set_permissions(at("dir2"), Permissions::from_mode(0o1777)).unwrap();
    if !lines.is_empty() {
        fs::write(at(".dockerignore"), lines).unwrap();
    }
    directory
}

/// Prints what a build sees of its context.
const DOCKERFILE: &str = "FROM busybox
COPY . /context/
RUN cd /context && find . ! -type d -exec stat -c 'seen %N %a %u:%g %s %Y' {} + && find . -type d -exec echo seen {} +
";

/// What a build saw, of what it printed.
fn seen(printed: &str) -> Vec<String> {
    let mut seen: Vec<String> = printed.lines().filter(|line| line.starts_with("seen ")).map(str::to_owned).collect();
    seen.sort();
    assert!(!seen.is_empty(), "{printed}");
    seen
}

/// What a build of `context` prints.
async fn printed(engine: &Engine, context: Context, options: &BuildOptions) -> String {
    let printed = printed_once(engine, context.clone(), options).await;
    if is_silent(&printed) { printed_once(engine, context, options).await } else { printed }
}

async fn printed_once(engine: &Engine, context: Context, options: &BuildOptions) -> String {
    let options = options.clone().no_cache().force_remove();
    let mut progress = engine.images().build_progress(context, &options).await.unwrap();
    let mut printed = String::new();
    while let Some(item) = progress.try_next().await.unwrap() {
        if let ProgressItem::Output(text) = item {
            printed += &text;
        }
    }
    let id = printed.lines().find_map(|line| line.strip_prefix("Successfully built ")).unwrap();
    engine.remove_later(format!("/images/{id}?force=1"));
    printed
}

/// What is in an archive, by path.
fn entries(archive: &[u8]) -> BTreeMap<String, String> {
    let mut archive = tar::Archive::new(archive);
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        let mut content = String::new();
        std::io::Read::read_to_string(&mut entry, &mut content).unwrap();
        let header = entry.header();
        let (mode, owner) = (header.mode().unwrap() & 0o7777, header.uid().unwrap());
        let (kind, time, link) = (header.entry_type(), header.mtime().unwrap(), entry.link_name().unwrap());
        (path, format!("{kind:?} {mode:o} {owner} {time} {link:?} {content:?}"))
    });
    entries.collect()
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn what_is_sent_is_what_the_command_line_sends() {
    let recorder = Recorder::open().await;
    for lines in LINES {
        let directory = tree(lines);
        command_line::build(&recorder.address(), directory.path()).await;
        let theirs = entries(&recorder.take());
        let images = recorder.client().images();
        images.build(Context::directory(directory.path()), &BuildOptions::default()).await.unwrap();
        let mut ours = entries(&recorder.take());
        // It leaves it to the engine to make directories that are left out but for something in them.
        ours.retain(|path, _| {
            let is_needed = || theirs.keys().any(|other| other.starts_with(path));
            !path.ends_with('/') || theirs.contains_key(path) || !is_needed()
        });
        assert_eq!(ours, theirs, "{lines:?}");
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_build_sees_what_it_would_see_from_the_command_line() {
    let engine = Engine::under_test().await;
    for lines in
        ["", "*\n!dir/sub/deep/keep\n!dir2", "**/*.md\n!docs/*.md", ".dockerignore\nDockerfile", "*file\n.docker*\na"]
    {
        let directory = tree(lines);
        let mut theirs = command_line::build(&engine.real_address(), directory.path()).await;
        if is_silent(&theirs) {
            theirs = command_line::build(&engine.real_address(), directory.path()).await;
        }
        let ours = printed(&engine, Context::directory(directory.path()), &BuildOptions::default()).await;
        assert_eq!(seen(&ours), seen(&theirs), "{lines:?}");
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_dockerfile_may_come_from_anywhere_and_is_not_seen() {
    let engine = Engine::under_test().await;
    let directory = tree("*\n!a\n!.docker*");
    let elsewhere = TempDir::new().unwrap();
    fs::write(elsewhere.path().join("Web"), DOCKERFILE).unwrap();
    let context = || Context::directory(directory.path());
    let names = |printed: &str| {
        let seen = seen(printed);
        seen.iter().filter_map(|line| Some(line.split(' ').nth(1)?.to_owned())).collect::<Vec<_>>()
    };
    for context in [context().dockerfile(elsewhere.path().join("Web")), context().dockerfile_from(DOCKERFILE)] {
        let printed = printed(&engine, context, &BuildOptions::default()).await;
        assert_eq!(names(&printed), [".", "./.dockerignore", "./a"]);
    }
    fs::create_dir(directory.path().join("docker")).unwrap();
    fs::rename(directory.path().join("Dockerfile"), directory.path().join("docker/Web")).unwrap();
    let by_path = context().dockerfile(directory.path().join("docker/Web"));
    assert!(names(&printed(&engine, by_path, &BuildOptions::default()).await).contains(&"./a".to_owned()));
    let by_options = BuildOptions::default().dockerfile("docker/Web");
    if version() < ApiVersion::new(1, 17) {
        assert!(engine.images().build(context(), &by_options).await.unwrap_err().is_unsupported());
    } else {
        assert!(names(&printed(&engine, context(), &by_options).await).contains(&"./a".to_owned()));
    }

    fs::write(directory.path().join("docker/Web.dockerignore"), "*\n!foo").unwrap();
    let by_path = context().dockerfile(directory.path().join("docker/Web"));
    assert_eq!(names(&printed(&engine, by_path, &BuildOptions::default()).await), [".", "./foo"]);

    let memory = Context::from_dockerfile(DOCKERFILE).file("of/memory", "");
    let printed = printed(&engine, memory, &BuildOptions::default()).await;
    assert_eq!(names(&printed), [".", "./Dockerfile", "./of/memory"]);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn what_is_long_or_large_or_no_file_arrives_as_it_is() {
    let engine = Engine::under_test().await;
    let directory = TempDir::new().unwrap();
    let at = |name: &str| directory.path().join(name);
    let long = [["x"; 120].concat(), ["y"; 200].concat()].join("/");
    fs::create_dir(at(long.split('/').next().unwrap())).unwrap();
    fs::write(at(&long), "long").unwrap();
    symlink(&long, at("link")).unwrap();
    symlink("./../no//where", at("dangling")).unwrap();
    fs::write(at("tool"), "#!/bin/sh\necho seen the tool\n").unwrap();
    fs::set_permissions(at("tool"), Permissions::from_mode(0o750)).unwrap();
    fs::create_dir(at("closed")).unwrap();
    fs::set_permissions(at("closed"), Permissions::from_mode(0o2700)).unwrap();
    let large: Vec<u8> = (0..40_000_000_u32).map(|index| (index % 251) as u8).collect();
    fs::write(at("large"), &large).unwrap();
    let checksum = std::process::Command::new("md5sum").arg(at("large")).output().unwrap().stdout;
    let checksum = String::from_utf8(checksum).unwrap().split(' ').next().unwrap().to_owned();
    let dockerfile = format!(
        "FROM busybox\nCOPY . /context/\nWORKDIR /context\nRUN ./tool && echo seen $(cat {long}) $(cat link) && \
        echo seen $(readlink dangling) && stat -c 'seen %n %a' closed tool && echo seen $(md5sum large)\n"
    );
    let context = Context::directory(directory.path()).dockerfile_from(dockerfile);
    let printed = printed(&engine, context, &BuildOptions::default()).await;
    let mut expected = vec![
        "seen ./../no//where".to_owned(),
        format!("seen {checksum} large"),
        "seen closed 2700".into(),
        "seen long long".into(),
        "seen the tool".into(),
        "seen tool 750".into(),
    ];
    expected.sort();
    assert_eq!(seen(&printed), expected);
}
