//! Logs of services: the tasks and attributes of their lines.

use dockerclient::Line;
use dockerclient_testkit::{FakeEngine, Response, frame};
use futures_util::TryStreamExt as _;

/// A frame of a task as engines send it with details.
fn of_task(source: u8, task: &str, text: &str) -> Vec<u8> {
    let ids = format!("com.docker.swarm.node.id=n1,com.docker.swarm.service.id=s1,com.docker.swarm.task.id={task}");
    frame(source, format!("2026-12-01T10:00:00.000000000Z {ids},team=a%2Cb {text}").as_bytes())
}

/// An engine that sends `body` as logs, in chunks of `size` bytes.
fn engine(body: &[u8], size: usize) -> FakeEngine {
    let body = body.to_vec();
    FakeEngine::scripted(move |_| {
        Response::with_type(200, "application/vnd.docker.multiplexed-stream", body.clone()).in_chunks(size)
    })
}

#[tokio::test]
async fn service_log_lines_have_the_id_of_their_task() {
    let frames = [
        of_task(1, "t1", "fir"),
        of_task(1, "t2", "second\n"),
        of_task(2, "t1", "error\n"),
        of_task(1, "t1", "st\n"),
        of_task(1, "t2", "last"),
    ];
    let body = frames.concat();
    for size in [1, 7, 64, body.len()] {
        let engine = engine(&body, size);
        let logs = engine.client("1.41").service("web").logs().tty(false).details(true).timestamps(true);
        let lines: Vec<Line> = logs.await.unwrap().lines().try_collect().await.unwrap();
        let got: Vec<_> = lines.iter().map(|line| format!("{} {}", line.task_id().unwrap(), line.text())).collect();
        assert_eq!(got, ["t2 second", "t1 error", "t1 first", "t2 last"], "in chunks of {size}");
        for line in &lines {
            assert_eq!((line.details.node_id(), line.details.service_id()), (Some("n1"), Some("s1")));
            assert_eq!(line.details.get("team").as_deref(), Some("a,b"));
            assert!(line.time.is_some());
        }
        assert_eq!(engine.requests()[0].query("details").as_deref(), Some("true"));
    }
}

#[tokio::test]
async fn log_lines_without_details_have_no_task() {
    let engine = engine(&frame(1, b"a=b hello\n"), 64);
    let output = engine.client("1.41").container("web").logs().tty(false).await.unwrap();
    let line = output.lines().try_next().await.unwrap().unwrap();
    assert_eq!((line.task_id(), line.details.is_empty(), &*line.text()), (None, true, "a=b hello"));
}

#[tokio::test]
async fn container_log_lines_have_their_attributes() {
    let engine = engine(&frame(1, b"GREETING=hello+world hello\n"), 64);
    let output = engine.client("1.41").container("web").logs().tty(false).details(true).await.unwrap();
    let line = output.lines().try_next().await.unwrap().unwrap();
    assert_eq!((line.details.get("GREETING").as_deref(), &*line.text()), (Some("hello world"), "hello"));
}

#[tokio::test]
async fn chunks_of_service_logs_begin_with_details() {
    let engine = engine(&of_task(1, "t1", "hello\n"), 64);
    let logs = engine.client("1.41").service("web").logs().tty(false).details(true).timestamps(true);
    let text = logs.await.unwrap().capture().await.unwrap().stdout_text().into_owned();
    assert!(
        text.starts_with("2026-12-01T10:00:00.000000000Z com.docker.swarm.node.id=n1,") && text.ends_with(" hello\n")
    );
}
