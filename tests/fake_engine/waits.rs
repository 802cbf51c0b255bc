//! Waiting for containers: since API 1.30, engines send the response headers immediately and the exit code later.

use std::time::Duration;

use dockerclient::{DockerClient, containers::WaitCondition};
use dockerclient_testkit::{FakeEngine, Response};
use tokio::sync::broadcast;

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";

/// The read timeout of the client.
const READ_TIMEOUT: Duration = Duration::from_millis(20);

fn client(engine: &FakeEngine) -> DockerClient {
    engine.client_with(DockerClient::builder().api_version("1.30".parse().unwrap()).read_timeout(READ_TIMEOUT))
}

#[tokio::test]
async fn read_timeout_does_not_end_a_started_wait() {
    let (sender, _) = broadcast::channel(1);
    let engine = FakeEngine::scripted({
        let sender = sender.clone();
        move |_| Response::raw(HEAD).then_stream(&sender)
    });
    let container = client(&engine).container("web");
    let waiting = container.wait().condition(WaitCondition::NextExit).begin().await.unwrap();
    assert_eq!(engine.request_lines(), "POST /v1.30/containers/web/wait?condition=next-exit");
    let end = async {
        tokio::time::sleep(4 * READ_TIMEOUT).await;
        sender.send("{\"StatusCode\":7,\"Error\":null}\n".to_owned()).unwrap();
    };
    let (exit, ()) = tokio::join!(waiting.exit(), end);
    let status = exit.unwrap();
    assert_eq!((status.code(), status.error()), (Some(7), None));
}

#[tokio::test]
async fn dropped_wait_closes_its_connection() {
    let engine = FakeEngine::scripted(|_| Response::raw(HEAD).then_stall());
    let waiting = client(&engine).container("web").wait().condition(WaitCondition::Removed).begin().await.unwrap();
    drop(waiting);
    engine.all_connections_closed().await;
}

#[tokio::test]
async fn wait_response_without_exit_code_is_an_error() {
    for (body, is_truncated) in [("", true), ("{\"StatusCode\"", true), ("{}", false)] {
        let engine = FakeEngine::scripted(move |_| Response::raw(format!("{HEAD}{body}")).then_close());
        let error = client(&engine).container("web").wait().await.unwrap_err();
        assert_eq!((error.is_truncated(), error.is_decode()), (is_truncated, !is_truncated), "{error}");
        assert_eq!(error.operation(), Some("container_wait"));
    }
    let engine = FakeEngine::scripted(|_| Response::json(404, r#"{"message":"No such container: ghost"}"#));
    assert!(client(&engine).container("ghost").wait().await.unwrap_err().is_not_found());
}
