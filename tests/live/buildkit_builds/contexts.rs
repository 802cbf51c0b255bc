//! Build contexts that are sent by file sync.

use std::{
    env,
    fs::{self, File},
    path::Path,
    process::Command,
};

use dockerclient::{
    ApiVersion,
    images::{BuildImage, Context, NamedContext},
};
use tokio::runtime;

use super::{
    BUILDS, CONTROL_API, build, build_directory, built, control::prune, directory, engine_with_control_api,
    engine_without_other_builds, is_since, lines, output, transferred,
};
use crate::{
    context::{self, DOCKERFILE, seen},
    engine::{Engine, version},
};

/// The size of a file that is larger than everything else that the engine requests, in bytes.
const LARGE: usize = 4 << 20;

/// Maximum size of names, attributes and small files, in bytes.
const SMALL: i64 = 64 << 10;

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn file_sync_of_a_context_equals_an_archive() {
    let Some(engine) = engine_with_control_api().await else { return };
    for lines in
        ["", "*\n!dir/sub/deep/keep\n!dir2", "**/*.md\n!docs/*.md", ".dockerignore\nDockerfile", "*file\n.docker*\na"]
    {
        let directory = context::tree(lines);
        let classic = context::printed(&engine, || engine.images().build(directory.path())).await;
        let build = build_directory(&engine.direct(), directory.path()).no_cache(true);
        let (_, traces) = built(&engine, build).await.unwrap();
        // The classic builder loses the setuid bit.
        let synced = output(&traces).replace(" 4751 ", " 751 ");
        assert_eq!(seen(&synced), seen(&classic), "{lines:?}");
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn file_sync_sends_only_files_that_the_build_uses() {
    let Some(engine) = engine_with_control_api().await else { return };
    let unused = "x".repeat(LARGE);
    let directory = directory(&[
        ("Dockerfile", "FROM busybox\nCOPY used/file /\nRUN cat /file\n"),
        ("used/file", "hello\n"),
        ("used/other", &unused),
        ("unused", &unused),
    ]);
    let build = || build_directory(&engine.direct(), directory.path()).no_cache(true);
    let (_, traces) = built(&engine, build()).await.unwrap();
    assert_eq!(output(&traces), "hello\n");
    assert!((1..SMALL).contains(&transferred(&traces)), "{}", transferred(&traces));

    let all = Context::directory(directory.path()).dockerfile_from("FROM busybox\nCOPY . /context/\n");
    let (_, traces) = built(&engine, engine.direct().images().build(all).build_kit(true)).await.unwrap();
    assert!(transferred(&traces) >= 2 * LARGE as i64, "{}", transferred(&traces));
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn file_sync_does_not_send_unchanged_files_again() {
    let Some(engine) = engine_without_other_builds(CONTROL_API).await else { return };
    let name = engine.name("synced");
    let dockerfile = "FROM busybox\nCOPY . /context/\nRUN cat /context/small\n";
    let directory = directory(&[("Dockerfile", dockerfile), ("small", &name)]);
    fs::write(directory.path().join("large"), "x".repeat(LARGE)).unwrap();
    let build = || build_directory(&engine.direct(), directory.path());
    let (_, traces) = built(&engine, build()).await.unwrap();
    assert!(transferred(&traces) >= LARGE as i64, "{}", transferred(&traces));
    // The engine starts from an empty copy if the last build has not released its copy yet.
    let mut counts = Vec::new();
    for attempt in 2..6 {
        fs::write(directory.path().join("small"), format!("{name} {attempt}\n")).unwrap();
        let (_, traces) = built(&engine, build()).await.unwrap();
        assert_eq!(output(&traces), format!("{name} {attempt}\n"));
        counts.push(transferred(&traces));
        if (1..SMALL).contains(&transferred(&traces)) {
            return;
        }
    }
    panic!("{counts:?}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn dockerfile_of_a_file_sync_is_found_by_path_or_content() {
    let Some(engine) = engine_with_control_api().await else { return };
    let tree = context::tree("*\n!a\n!.docker*");
    let path = |name: &str| tree.path().join(name);
    let outside = directory(&[("Web", DOCKERFILE)]);
    fs::create_dir(path("docker")).unwrap();
    fs::write(path("docker/Web"), DOCKERFILE).unwrap();
    fs::write(path("docker/Db"), DOCKERFILE).unwrap();
    fs::write(path("docker/Db.dockerignore"), "*\n!foo").unwrap();
    fs::write(path("Dockerfile"), "FROM busybox\nRUN exit 1\n").unwrap();
    let docker = engine.direct();
    let images = docker.images();
    let context = || Context::directory(tree.path());
    let memory = Context::from_dockerfile(DOCKERFILE).file("of/memory", "hello");
    let common: &[&str] = &[".", "./.dockerignore", "./a"];
    for (build, expected) in [
        (images.build(context().dockerfile(outside.path().join("Web"))), common),
        (images.build(context().dockerfile_from(DOCKERFILE)), common),
        (images.build(context().dockerfile(path("docker/Web"))), common),
        (images.build(context()).dockerfile("docker/Web"), common),
        (images.build(context()).dockerfile("docker/Db"), &[".", "./foo"][..]),
        (images.build(memory), &[".", "./Dockerfile", "./of/memory"][..]),
    ] {
        let (_, traces) = built(&engine, build.build_kit(true).no_cache(true)).await.unwrap();
        let seen = seen(&output(&traces));
        let names: Vec<&str> = seen.iter().filter_map(|line| line.split(' ').nth(1)).collect();
        assert_eq!(names, expected);
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn named_contexts_are_directories_images_and_files_in_memory() {
    let Some(engine) = engine_with_control_api().await else { return };
    let tools =
        directory(&[("tool", "a tool\n"), ("sub/part", "a part\n"), ("hidden", ""), (".dockerignore", "hidden")]);
    let dockerfile = "FROM base\nCOPY --from=tools . /tools/\nCOPY --from=memory motd /tools/\n\
                      RUN cd /tools && cat tool sub/part motd && test ! -e hidden\n";
    let build = |build: BuildImage| {
        build
            .named_context("base", NamedContext::image("busybox"))
            .named_context("tools", NamedContext::directory(tools.path()))
            .named_context("memory", Context::from_dockerfile("").file("motd", "hello\n"))
            .no_cache(true)
    };
    let outcome = built(&engine, build(super::build(&engine.direct(), &[("Dockerfile", dockerfile)]))).await;
    if version() < ApiVersion::new(1, 41) {
        assert!(outcome.unwrap_err().is_unsupported());
    } else if is_since(&engine, 42).await {
        assert_eq!(output(&outcome.unwrap().1), "a tool\na part\nhello\n");
    } else {
        // BuildKit before 0.10 has no named contexts.
        let error = outcome.unwrap_err();
        assert!(error.is_operation_failed() && error.to_string().contains("named contexts require"), "{error:?}");
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn file_sync_sends_thousands_of_files() {
    const COUNT: usize = 5000;

    let Some(engine) = engine_with_control_api().await else { return };
    let directory = directory(&[("Dockerfile", "FROM busybox\nCOPY files /files/\nRUN ls /files | wc -l\n")]);
    fs::create_dir(directory.path().join("files")).unwrap();
    for number in 0..COUNT {
        fs::write(directory.path().join(format!("files/{number}")), number.to_string()).unwrap();
    }
    let build = build_directory(&engine.direct(), directory.path()).no_cache(true);
    assert_eq!(output(&built(&engine, build).await.unwrap().1), format!("{COUNT}\n"));
}

/// The variable with the path of the context, which is set in the process that measures its memory.
const CONTEXT: &str = "DOCKERCLIENT_TEST_CONTEXT";

const GIBIBYTE: u64 = 1 << 30;

/// The maximum growth of memory during a build, in bytes.
const MAX_GROWTH: usize = 48 << 20;

/// The peak memory use of this process, in bytes.
fn peak() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}

/// Builds in a separate process, because peak memory is measured per process.
#[test]
#[ignore = "needs an engine: cargo xtask test"]
fn context_of_one_gibibyte_is_sent_with_bounded_memory() {
    if let Some(context) = env::var_os(CONTEXT) {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(measured(Path::new(&context)));
    }
    if version() < CONTROL_API {
        return;
    }
    let _lock = BUILDS.blocking_read();
    // The mount needs the file, and does not copy it.
    let dockerfile = "FROM busybox\nRUN --mount=type=bind,source=large,target=/large stat -c %s /large\n";
    let directory = directory(&[("Dockerfile", dockerfile)]);
    File::create(directory.path().join("large")).unwrap().set_len(GIBIBYTE).unwrap();
    let name = "buildkit_builds::contexts::context_of_one_gibibyte_is_sent_with_bounded_memory";
    let mut process = Command::new(env::current_exe().unwrap());
    let process = process.args(["--exact", "--ignored", "--nocapture", name]).env(CONTEXT, directory.path());
    let output = process.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains(" 1 passed"), "the test was not found");
}

async fn measured(context: &Path) {
    let engine = Engine::under_test().await;
    let docker = engine.direct();
    let small = [("Dockerfile", "FROM busybox\n")];
    built(&engine, build(&docker, &small)).await.unwrap();
    let before = peak();
    let (_, traces) = built(&engine, build_directory(&docker, context).no_cache(true)).await.unwrap();
    let growth = peak() - before;
    assert!(lines(&traces).contains(&format!(" {GIBIBYTE}\n")), "{}", lines(&traces));
    assert!(transferred(&traces) >= GIBIBYTE as i64, "{}", transferred(&traces));
    assert!(growth < MAX_GROWTH, "{growth}");
    let records = docker.buildkit().disk_usage().filter("type", "source.local").await.unwrap();
    if let Some(record) = records.iter().find(|record| record.size >= GIBIBYTE) {
        prune(&docker, "id", &record.id).await;
    }
}
