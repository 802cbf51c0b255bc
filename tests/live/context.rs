//! Build contexts from directories, compared with those of the Docker CLI.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::{self, File, Permissions},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{PermissionsExt as _, symlink},
    },
    path::Path,
    time::{Duration, SystemTime},
};

use dockerclient::{
    ApiVersion,
    images::{BuildImage, Context, ProgressItem},
};
use tempfile::TempDir;

use crate::{
    command_line::{self, BUILD, ContextRecorder},
    engine::{Engine, lacks_step_output, version},
};

/// The files of the build context.
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

/// Contents of `.dockerignore` files. Patterns that versions of the Docker CLI treat differently are left out; see
/// `src/images/context/ignore.rs`.
const DOCKERIGNORE: [&str; 45] = [
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

/// Creates the context directory, with these lines in its `.dockerignore`.
pub(crate) fn tree(lines: &str) -> TempDir {
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

/// Prints the files of the context as the build receives them.
pub(crate) const DOCKERFILE: &str = "FROM busybox
COPY . /context/
RUN cd /context && find . ! -type d -exec stat -c 'seen %N %a %u:%g %s %Y' {} + && find . -type d -exec echo seen {} +
";

/// Returns the sorted lines that [`DOCKERFILE`] printed.
pub(crate) fn seen(printed: &str) -> Vec<String> {
    let mut seen: Vec<String> = printed.lines().filter(|line| line.starts_with("seen ")).map(str::to_owned).collect();
    seen.sort();
    assert!(!seen.is_empty(), "{printed}");
    seen
}

/// Returns the output of a build. The image is removed when the test ends.
pub(crate) async fn printed(engine: &Engine, build: impl Fn() -> BuildImage) -> String {
    let printed = printed_once(engine, build()).await;
    if lacks_step_output(&printed) { printed_once(engine, build()).await } else { printed }
}

async fn printed_once(engine: &Engine, build: BuildImage) -> String {
    let mut progress = build.no_cache(true).force_rm(true).progress().await.unwrap();
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

/// Returns the entries of an archive by path.
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
async fn context_archive_equals_that_of_the_docker_cli() {
    let recorder = ContextRecorder::open().await;
    for lines in DOCKERIGNORE {
        let directory = tree(lines);
        command_line::build(&recorder.address(), directory.path()).await;
        let theirs = entries(&recorder.take());
        let images = recorder.client().images();
        images.build(Context::directory(directory.path())).await.unwrap();
        let mut ours = entries(&recorder.take());
        // For an excluded directory with included files, the Docker CLI sends no entry; the engine creates it.
        ours.retain(|path, _| {
            let is_needed = || theirs.keys().any(|other| other.starts_with(path));
            !path.ends_with('/') || theirs.contains_key(path) || !is_needed()
        });
        assert_eq!(ours, theirs, "{lines:?}");
    }
}

/// Returns the paths in an archive, as bytes.
fn paths(archive: &[u8]) -> Vec<Vec<u8>> {
    let mut archive = tar::Archive::new(archive);
    archive.entries().unwrap().map(|entry| entry.unwrap().path_bytes().into_owned()).collect()
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn context_links_and_names_are_sent_as_by_the_docker_cli() {
    let recorder = ContextRecorder::open().await;
    let cases: [fn(&Path); 5] = [
        |root| {
            fs::rename(root.join(".dockerignore"), root.join("ignore")).unwrap();
            symlink("ignore", root.join(".dockerignore")).unwrap();
        },
        |root| {
            fs::remove_file(root.join(".dockerignore")).unwrap();
            symlink("/nowhere", root.join(".dockerignore")).unwrap();
        },
        |root| {
            fs::rename(root.join("Dockerfile"), root.join("dir/Web")).unwrap();
            symlink("dir/Web", root.join("Dockerfile")).unwrap();
        },
        |root| fs::rename(root.join("Dockerfile"), root.join("dockerfile")).unwrap(),
        |root| {
            for name in [&b"\xff"[..], b"\n", &b"x".repeat(255)] {
                fs::write(root.join(OsStr::from_bytes(name)), "").unwrap();
            }
        },
    ];
    for (index, change) in cases.iter().enumerate() {
        let directory = tree("a\n");
        change(directory.path());
        command_line::build(&recorder.address(), directory.path()).await;
        let theirs = paths(&recorder.take());
        let images = recorder.client().images();
        images.build(Context::directory(directory.path())).await.unwrap();
        assert_eq!(paths(&recorder.take()), theirs, "{index}");
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn dockerignore_line_limit_is_that_of_the_docker_cli() {
    let recorder = ContextRecorder::open().await;
    for (length, is_accepted) in [(65_535, true), (65_536, false)] {
        for end in ["", "\r\n"] {
            let directory = TempDir::new().unwrap();
            fs::write(directory.path().join("Dockerfile"), "FROM busybox\n").unwrap();
            // A comment, because the Docker CLI takes seconds to compile a pattern of this length.
            let line = "#".repeat(length - end.trim_end_matches('\n').len()) + end;
            fs::write(directory.path().join(".dockerignore"), line).unwrap();
            let theirs = command_line::run(&recorder.address(), directory.path(), &BUILD).await;
            let images = recorder.client().images();
            let ours = images.build(Context::directory(directory.path())).await;
            assert_eq!((ours.is_ok(), theirs.is_ok()), (is_accepted, is_accepted), "{length} {end:?}");
            recorder.clear();
        }
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn context_in_a_build_equals_that_of_the_docker_cli() {
    let engine = Engine::under_test().await;
    for lines in
        ["", "*\n!dir/sub/deep/keep\n!dir2", "**/*.md\n!docs/*.md", ".dockerignore\nDockerfile", "*file\n.docker*\na"]
    {
        let directory = tree(lines);
        let mut theirs = command_line::build(&engine.real_address(), directory.path()).await;
        engine.remove_steps_later(&theirs);
        if lacks_step_output(&theirs) {
            theirs = command_line::build(&engine.real_address(), directory.path()).await;
            engine.remove_steps_later(&theirs);
        }
        let ours = printed(&engine, || engine.images().build(directory.path())).await;
        assert_eq!(seen(&ours), seen(&theirs), "{lines:?}");
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn dockerfile_by_path_text_or_option_is_used() {
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
        let printed = printed(&engine, || engine.images().build(context.clone())).await;
        assert_eq!(names(&printed), [".", "./.dockerignore", "./a"]);
    }
    fs::create_dir(directory.path().join("docker")).unwrap();
    fs::rename(directory.path().join("Dockerfile"), directory.path().join("docker/Web")).unwrap();
    let by_path = context().dockerfile(directory.path().join("docker/Web"));
    assert!(names(&printed(&engine, || engine.images().build(by_path.clone())).await).contains(&"./a".to_owned()));
    let by_option = || engine.images().build(context()).dockerfile("docker/Web");
    if version() < ApiVersion::new(1, 17) {
        assert!(by_option().await.unwrap_err().is_unsupported());
    } else {
        assert!(names(&printed(&engine, by_option).await).contains(&"./a".to_owned()));
    }

    fs::write(directory.path().join("docker/Web.dockerignore"), "*\n!foo").unwrap();
    let by_path = context().dockerfile(directory.path().join("docker/Web"));
    assert_eq!(names(&printed(&engine, || engine.images().build(by_path.clone())).await), [".", "./foo"]);

    let memory = Context::from_dockerfile(DOCKERFILE).file("of/memory", "");
    let printed = printed(&engine, || engine.images().build(memory.clone())).await;
    assert_eq!(names(&printed), [".", "./Dockerfile", "./of/memory"]);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn context_long_paths_links_and_large_files_arrive_unchanged() {
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
    let printed = printed(&engine, || engine.images().build(context.clone())).await;
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
