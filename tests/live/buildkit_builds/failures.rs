//! Failed builds, cancellation, and sessions that last.

use std::{fs, path::PathBuf, time::Duration};

use dockerclient::images::ProgressItem;
use tokio::time::{Instant, sleep, timeout};

use super::{build, build_directory, built, directory, engine_with_buildkit, engine_with_control_api};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn failed_build_with_buildkit_names_the_step() {
    let Some(engine) = engine_with_buildkit().await else { return };
    let dockerfile = "FROM busybox\nRUN true\nRUN echo one >&2; echo two >&2; exit 3\n";
    let error = build(&engine.direct(), &[("Dockerfile", dockerfile)]).no_cache(true).await.unwrap_err();
    let message = error.message().unwrap();
    assert!(message.contains("RUN echo one >&2; echo two >&2; exit 3: "), "{message}");
    assert!(message.contains("last output:\none\ntwo"), "{message}");
    assert_eq!((error.is_operation_failed(), error.code()), (true, Some(3)), "{error}");
}

/// Each row has a Dockerfile, the number of the line that fails, and a part of the line.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn failed_build_with_buildkit_names_the_dockerfile_line() {
    let Some(engine) = engine_with_control_api().await else { return };
    for (dockerfile, line, text) in [
        ("FROM busybox\n\nRUN true\nRUN echo before; \\\n    exit 3\nRUN true\n", 4, "RUN echo before"),
        ("FROM busybox AS one\nCOPY absent /\n", 2, "COPY absent /"),
        ("FROM busybox\nRUNNING true\n", 2, "RUNNING"),
    ] {
        for name in ["Dockerfile", "docker/Web"] {
            let directory = directory(&[(name, dockerfile)]);
            let build = build_directory(&engine.direct(), directory.path()).dockerfile(name).no_cache(true);
            let error = build.await.unwrap_err();
            let message = error.message().unwrap();
            // BuildKit before 0.10 reports the line of a Dockerfile that it cannot parse in its own words only.
            let lines = [format!("{name}:{line}"), format!("parse error line {line}")];
            assert!(lines.iter().any(|line| message.contains(line)) && message.contains(text), "{message}");
            assert!(error.is_operation_failed() || error.is_bad_request(), "{error:?}");
        }
    }
}

/// Whether a process of this machine has `word` in its command line, other than a shell that starts it.
fn is_running(word: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let command = |path: PathBuf| fs::read(path.join("cmdline")).unwrap_or_default();
    let is_argument = |line: Vec<u8>| line.split(|&byte| byte == 0).any(|argument| argument == word.as_bytes());
    processes.map(|process| command(process.path())).any(is_argument)
}

async fn wait_until(condition: impl Fn() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < Duration::from_secs(30));
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn dropped_build_with_buildkit_is_cancelled() {
    let Some(engine) = engine_with_buildkit().await else { return };
    let seconds = format!("600.{}", std::process::id());
    let dockerfile = format!("FROM busybox\nRUN echo begun; sleep {seconds}\n");
    let files = [("Dockerfile", &*dockerfile)];
    let mut progress = build(&engine.direct(), &files).no_cache(true).progress().await.unwrap();
    let begun = async {
        while let Some(item) = progress.try_next().await.unwrap() {
            if matches!(&item, ProgressItem::Trace(trace) if trace.logs.iter().any(|log| log.text.contains("begun"))) {
                return;
            }
        }
    };
    timeout(Duration::from_secs(60), begun).await.unwrap();
    wait_until(|| is_running(&seconds)).await;
    drop(progress);
    wait_until(|| !is_running(&seconds)).await;
}

/// The engine checks the health of the session every second.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn session_of_a_build_remains_open() {
    let Some(engine) = engine_with_buildkit().await else { return };
    let dockerfile = "FROM busybox\nRUN sleep 15\nRUN --mount=type=secret,id=token test -s /run/secrets/token\n";
    let build = build(&engine.direct(), &[("Dockerfile", dockerfile)]).secret("token", "7").no_cache(true);
    built(&engine, build).await.unwrap();
}
