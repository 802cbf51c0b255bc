//! Builds with BuildKit, through the client of this project.

#![allow(clippy::unwrap_used)] // a panic fails the test

use std::{fs, time::Duration};

use dockerclient::{
    DockerClient, Result,
    images::{BuildImage, BuildTrace, Context, Progress, ProgressItem},
};
use dockerclient_testkit::{FakeEngine, Image, Latch, Program};
use insta::assert_snapshot;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// An API version for each way to build.
const VERSIONS: [&str; 2] = ["1.39", "1.41"];

/// The progress of a build.
#[derive(Debug, Default)]
struct Recorded {
    /// The steps in the order of their ends, with their results.
    steps: Vec<String>,
    /// The output of the commands.
    output: String,
}

impl Recorded {
    fn add(&mut self, trace: &BuildTrace) {
        for vertex in trace.vertices.iter().filter(|vertex| vertex.completed.is_some()) {
            let result = match (&*vertex.error, vertex.cached) {
                ("", true) => " CACHED".to_owned(),
                ("", false) => String::new(),
                (error, _) => format!(" ERROR: {error}"),
            };
            self.steps.push(format!("{}{result}", vertex.name));
        }
        trace.logs.iter().for_each(|log| self.output.push_str(&log.text));
    }
}

/// Runs a build, and returns its progress and the name of its image.
async fn record(build: BuildImage) -> (Recorded, Result<String>) {
    let mut recorded = Recorded::default();
    let mut progress = match build.progress().await {
        Ok(progress) => progress,
        Err(error) => return (recorded, Err(error)),
    };
    loop {
        match progress.try_next().await {
            Ok(Some(ProgressItem::Trace(trace))) => recorded.add(&trace),
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(error) => return (recorded, Err(error)),
        }
    }
    let image = progress.finish().await;
    (recorded, image.map(|image| image.name().to_owned()))
}

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, content.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap()
}

/// A build of a Dockerfile without other files.
fn build(docker: &DockerClient, dockerfile: &str) -> BuildImage {
    docker.images().build(archive(&[("Dockerfile", dockerfile)])).build_kit(true)
}

/// An engine whose command `make` opens the first latch, and waits for the second one.
fn engine_with_make() -> (FakeEngine, Latch, Latch) {
    let (started, done) = (Latch::new(), Latch::new());
    let started_by_make = started.clone();
    let make = Program::new(move |process| {
        process.out("cc\n");
        started_by_make.open();
        async { 0 }
    });
    let make = make.and_then(Program::printing("ld\n").after(&done));
    let engine = FakeEngine::builder().newest_api("1.43").image(Image::busybox().program(["make"], make)).build();
    (engine, started, done)
}

/// Waits for the output of `make`.
async fn make_started<T>(progress: &mut Progress<T>) {
    let mut recorded = Recorded::default();
    while recorded.output != "cc\n" {
        if let ProgressItem::Trace(trace) = progress.try_next().await.unwrap().unwrap() {
            recorded.add(&trace);
        }
    }
}

/// Waits until the engine has no containers.
async fn containers_removed(docker: &DockerClient) {
    while !docker.containers().list().all(true).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn build_of_archive_reports_steps_and_uses_the_cache() {
    let dockerfile =
        "FROM busybox\nENV GREETING=hello\nRUN echo $GREETING; echo oops >&2\nCOPY name /etc/\nCMD cat /etc/name\n";
    let context = archive(&[("Dockerfile", dockerfile), ("name", "world\n")]);
    let steps = |cached: &str| {
        [
            "[internal] load remote build context".to_owned(),
            "[internal] load metadata for docker.io/library/busybox:latest".to_owned(),
            format!("[1/3] FROM docker.io/library/busybox:latest{cached}"),
            format!("[2/3] RUN echo $GREETING; echo oops >&2{cached}"),
            format!("[3/3] COPY name /etc/{cached}"),
            "exporting to image".to_owned(),
        ]
    };
    for version in VERSIONS {
        let engine = FakeEngine::new();
        let docker = engine.client(version);
        let build = || docker.images().build(context.clone()).build_kit(true).tag("greeter:1");
        let (first, image) = record(build()).await;
        let image = image.unwrap();
        assert_eq!((first.steps, &*first.output), (steps("").to_vec(), "hello\noops\n"), "{version}");
        let (second, again) = record(build()).await;
        assert_eq!((second.steps, &*second.output, &again.unwrap()), (steps(" CACHED").to_vec(), "", &image));
        assert_eq!(docker.image("greeter:1").inspect().await.unwrap().id, image);
        let output = docker.run("greeter:1").output().await.unwrap();
        assert_eq!(output.stdout_text(), "world\n");
        let (third, _) = record(build().no_cache(true)).await;
        assert_eq!(third.output, "hello\noops\n");
    }
}

#[tokio::test]
async fn build_of_directory_receives_files_and_builds_needed_stages() {
    let folder = tempfile::tempdir().unwrap();
    let dockerfile =
        "FROM busybox AS base\nRUN echo built\nFROM base AS unused\nRUN exit 1\nFROM base\nCOPY src /app/\n";
    fs::write(folder.path().join("Dockerfile"), dockerfile).unwrap();
    fs::write(folder.path().join(".dockerignore"), "# objects\nsrc/*.o\n").unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    for name in ["main.c", "main.o"] {
        fs::write(folder.path().join("src").join(name), name).unwrap();
    }
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let (recorded, image) =
        record(docker.images().build(Context::directory(folder.path())).build_kit(true).label("a", "b")).await;
    assert_snapshot!(recorded.steps.join("\n"), @"
    [internal] load build definition from Dockerfile
    [internal] load .dockerignore
    [internal] load metadata for docker.io/library/busybox:latest
    [internal] load build context
    [base 1/2] FROM docker.io/library/busybox:latest
    [base 2/2] RUN echo built
    [stage-2 1/1] COPY src /app/
    exporting to image
    ");
    let image = docker.image(image.unwrap());
    assert_eq!(image.inspect().await.unwrap().config.unwrap().labels["a"], "b");
    let output = docker.run(image.name()).args(["ls", "/app"]).output().await.unwrap();
    assert_eq!(output.stdout_text(), "main.c\n");
}

#[tokio::test]
async fn failed_build_names_the_command_and_its_code() {
    for version in VERSIONS {
        let engine = FakeEngine::new();
        let docker = engine.client(version);
        let (recorded, image) = record(build(&docker, "FROM busybox\nRUN echo broken; exit 3\nRUN true\n")).await;
        let error = image.unwrap_err();
        assert_eq!((error.code(), error.is_operation_failed()), (Some(3), true), "{error}");
        let message = r#"process "/bin/sh -c echo broken; exit 3" did not complete successfully: exit code: 3"#;
        assert!(error.to_string().contains(message), "{error}");
        assert_eq!(recorded.steps.last().unwrap(), &format!("[2/3] RUN echo broken; exit 3 ERROR: {message}"));
        assert_eq!(recorded.output, "broken\n");
        assert!(docker.containers().list().all(true).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn failed_build_without_steps_reports_the_reason() {
    for version in VERSIONS {
        let engine = FakeEngine::new();
        let docker = engine.client(version);
        for (dockerfile, message) in [
            ("FROM nosuch\n", "failed to resolve source metadata for docker.io/library/nosuch:latest"),
            ("FROM busybox\nCOPY nosuch /\n", r#"failed to calculate checksum of ref: "/nosuch": not found"#),
            ("FROM busybox\nBOGUS\n", "dockerfile parse error on line 2: unknown instruction: BOGUS"),
        ] {
            let error = build(&docker, dockerfile).await.unwrap_err();
            assert!(error.to_string().contains(message), "{version}: {error}");
        }
    }
}

#[tokio::test]
async fn secret_is_mounted_during_its_step_only() {
    let dockerfile =
        "FROM busybox\nRUN --mount=type=secret,id=token cat /run/secrets/token\nRUN ls /run || echo gone\n";
    for version in VERSIONS {
        let engine = FakeEngine::new();
        let docker = engine.client(version);
        let (recorded, image) = record(build(&docker, dockerfile).secret("token", "hunter2")).await;
        image.unwrap();
        assert!(recorded.output.starts_with("hunter2") && recorded.output.ends_with("gone\n"), "{recorded:?}");
        let required = "FROM busybox\nRUN --mount=type=secret,id=nosuch,required=true true\n";
        let error = build(&docker, required).secret("token", "hunter2").await.unwrap_err();
        assert!(error.to_string().contains("secret nosuch: not found"), "{error}");
    }
}

#[tokio::test]
async fn output_is_reported_while_a_command_runs() {
    for version in VERSIONS {
        let (engine, _started, done) = engine_with_make();
        let docker = engine.client(version);
        let mut progress = build(&docker, "FROM busybox\nRUN make\n").progress().await.unwrap();
        let mut recorded = Recorded::default();
        while let Some(item) = progress.try_next().await.unwrap() {
            if let ProgressItem::Trace(trace) = item {
                recorded.add(&trace);
            }
            if recorded.output == "cc\n" {
                done.open();
            }
        }
        assert_eq!(recorded.output, "cc\nld\n");
        progress.finish().await.unwrap();
    }
}

#[tokio::test]
async fn dropped_build_is_cancelled() {
    for version in VERSIONS {
        let (engine, ..) = engine_with_make();
        let docker = engine.client(version);
        let mut progress = build(&docker, "FROM busybox\nRUN make\n").progress().await.unwrap();
        make_started(&mut progress).await;
        drop(progress);
        containers_removed(&docker).await;
        let history = engine.client("1.43").build_history().list().await.unwrap();
        // Whether the call or the session ends first is not defined.
        assert!(history[0].error.as_ref().unwrap().ends_with("context canceled"), "{version}: {history:?}");
    }
}

#[tokio::test]
async fn build_is_cancelled_by_its_id() {
    let (engine, ..) = engine_with_make();
    let docker = engine.client("1.41");
    let mut progress = build(&docker, "FROM busybox\nRUN make\n").build_id("nightly").progress().await.unwrap();
    make_started(&mut progress).await;
    docker.images().cancel_build("nightly").await.unwrap();
    let error = progress.finish().await.unwrap_err();
    assert!(error.to_string().contains("context canceled"), "{error}");
    containers_removed(&docker).await;
}

#[tokio::test]
async fn build_fails_if_its_session_ends() {
    let (engine, started, _done) = engine_with_make();
    let session = engine.client("1.41").buildkit().session("k3v1q9").await.unwrap();
    let context = archive(&[("Dockerfile", "FROM busybox\nRUN make\n")]);
    let request = format!(
        "POST /v1.41/build?version=2&session=k3v1q9 HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        context.len()
    );
    let mut connection = engine.connector()().unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    connection.write_all(&context).await.unwrap();
    started.opened().await;
    drop(session);
    let mut response = String::new();
    connection.read_to_string(&mut response).await.unwrap();
    assert!(response.contains("no active session for k3v1q9: context canceled"), "{response}");
}

#[tokio::test]
async fn history_has_the_builds_and_their_errors() {
    let engine = FakeEngine::builder().newest_api("1.43").build();
    let docker = engine.client("1.43");
    let image = build(&docker, "FROM busybox\nRUN true\n").tag("web:1").build_arg("MODE", "fast").await.unwrap();
    build(&docker, "FROM busybox\nRUN exit 3\n").await.unwrap_err();
    let history = docker.build_history();
    let records = history.list().await.unwrap();
    let (succeeded, failed): (Vec<_>, Vec<_>) = records.iter().partition(|record| record.error.is_none());
    assert_eq!((succeeded.len(), failed.len()), (1, 1), "{records:?}");
    let record = succeeded[0];
    assert_eq!((&*record.frontend, &*record.attributes["build-arg:MODE"]), ("dockerfile.v0", "fast"));
    assert_eq!((record.total_steps, record.completed_steps, record.cached_steps), (5, 5, 0));
    assert_eq!(record.results["containerimage.digest"], image.name());
    assert_eq!(record.results["image.name"], "docker.io/library/web:1");
    assert!(record.completed.unwrap() >= record.created.unwrap());
    assert!(failed[0].error.as_ref().unwrap().ends_with("exit code: 3"), "{failed:?}");
    history.remove(&failed[0].reference).await.unwrap();
    assert_eq!(&history.list().await.unwrap(), std::slice::from_ref(record));
    assert!(history.remove(&failed[0].reference).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn build_cache_is_empty() {
    let engine = FakeEngine::new();
    let buildkit = engine.client("1.41").buildkit();
    assert!(buildkit.disk_usage().await.unwrap().is_empty());
    buildkit.prune().await.unwrap();
}

#[tokio::test]
async fn builds_that_cannot_be_simulated_are_not_implemented() {
    for version in VERSIONS {
        let engine = FakeEngine::new();
        let docker = engine.client(version);
        let errors = [
            build(&docker, "FROM busybox\nRUN --mount=type=cache,target=/c true\n").await.unwrap_err(),
            build(&docker, "# syntax=example/frontend:1\nFROM busybox\n").await.unwrap_err(),
        ];
        for error in &errors {
            assert!(error.to_string().contains("the fake engine does not simulate "), "{error}");
        }
        let statuses = errors.map(|error| error.status());
        assert_eq!(statuses, if version == "1.39" { [Some(501); 2] } else { [None; 2] });
    }
}
