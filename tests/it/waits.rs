//! Waiting for containers: engines since API 1.30 answer at once, and say later how it ended.

use std::time::Duration;

use dockerclient::{
    DockerClient,
    containers::{Exit, WaitCondition},
};
use dockerclient_testkit::{Engine, Reply};
use tokio::sync::broadcast;

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";

/// How long documents may be silent.
const SILENCE: Duration = Duration::from_millis(20);

fn client(engine: &Engine) -> DockerClient {
    engine.client_of(DockerClient::builder().api_version("1.30".parse().unwrap()).idle_timeout(SILENCE))
}

#[tokio::test]
async fn a_wait_that_has_begun_goes_on_for_as_long_as_it_takes() {
    let (news, _) = broadcast::channel(1);
    let engine = Engine::answering({
        let news = news.clone();
        move |_| Reply::raw(HEAD).then_tell(&news)
    });
    let container = client(&engine).container("web");
    let waiting = container.begin_wait(WaitCondition::NextExit).await.unwrap();
    assert_eq!(engine.lines(), "POST /v1.30/containers/web/wait?condition=next-exit");
    let end = async {
        tokio::time::sleep(4 * SILENCE).await;
        news.send("{\"StatusCode\":7,\"Error\":null}\n".to_owned()).unwrap();
    };
    let (exit, ()) = tokio::join!(waiting.exit(), end);
    let Exit { code, error, .. } = exit.unwrap();
    assert_eq!((code, error), (7, None));
}

#[tokio::test]
async fn a_dropped_wait_closes_its_connection() {
    let engine = Engine::answering(|_| Reply::raw(HEAD).then_say_nothing_more());
    let waiting = client(&engine).container("web").begin_wait(WaitCondition::Removed).await.unwrap();
    drop(waiting);
    engine.all_hung_up().await;
}

#[tokio::test]
async fn an_answer_that_does_not_tell_the_end_is_an_error() {
    for (body, is_truncated) in [("", true), ("{\"StatusCode\"", true), ("{}", false)] {
        let engine = Engine::answering(move |_| Reply::raw(format!("{HEAD}{body}")).then_hang_up());
        let error = client(&engine).container("web").wait().await.unwrap_err();
        assert_eq!((error.is_truncated(), error.is_decode()), (is_truncated, !is_truncated), "{error}");
        assert_eq!(error.operation(), Some("container_wait"));
    }
    let engine = Engine::answering(|_| Reply::json(404, r#"{"message":"No such container: ghost"}"#));
    assert!(client(&engine).container("ghost").wait().await.unwrap_err().is_not_found());
}
