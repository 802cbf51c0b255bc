//! Spans and events of `tracing`, without bodies and credentials.

use std::{cell::RefCell, io, sync::Once};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use dockerclient::{ApiVersion, models::AuthConfig};
use dockerclient_testkit::{FakeEngine, Response};
use tracing::subscriber;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::home::Home;

thread_local! {
    /// The log output of the test on this thread, if it is captured.
    static CAPTURED: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

struct Capture;

impl io::Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        CAPTURED.with_borrow_mut(|captured| captured.iter_mut().for_each(|captured| captured.extend_from_slice(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The log output of `work`, at every level.
///
/// All tests share one subscriber: with a subscriber per test, `tracing` may cache for a call site that no subscriber is
/// interested in it, because of other tests that run at the same time.
async fn log_output(work: impl Future<Output = ()>) -> String {
    static INIT: Once = Once::new();
    INIT.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_writer(|| Capture)
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::CLOSE)
            .with_ansi(false)
            .finish();
        subscriber::set_global_default(subscriber).unwrap();
        tracing::callsite::rebuild_interest_cache();
    });
    CAPTURED.set(Some(Vec::new()));
    work.await;
    String::from_utf8(CAPTURED.take().unwrap()).unwrap()
}

#[tokio::test]
async fn call_is_one_span_without_body_or_credentials() {
    let engine = FakeEngine::scripted(|_| Response::text(401, "Wrong login/password\n"));
    let docker = engine.client("1.18");
    let credentials = AuthConfig { username: "me".into(), password: "s3cret".into(), ..Default::default() };
    let text = log_output(async { drop(docker.auth(credentials).await.unwrap_err()) }).await;
    assert!(!text.contains("s3cret") && !text.contains("Wrong"), "{text}");
    let spans = text.matches("close").count();
    let found = ["docker{operation=\"system_auth\"", "api_version=1.18", "status=401"].map(|part| text.contains(part));
    assert_eq!((spans, found), (1, [true; 3]), "{text}");
}

#[tokio::test]
async fn skipped_credentials_are_logged_and_secrets_are_not() {
    let home = Home::new(
        r#"{ "auths": { "file.example": { "username": "me", "password": "s3cret", "identitytoken": "s3cret" } },
             "credHelpers": { "helper.example": "test", "broken.example": "missing" } }"#,
    )
    .with_helper("test", r#"echo '{"Username":"me","Secret":"s3cret"}'"#);
    let engine = FakeEngine::scripted(|_| Response::json(200, r#"{"stream":"Successfully built f43c\n"}"#));
    let builder = home.builder().api_version(ApiVersion::new(1, 18));
    let docker = engine.client_with(builder.clone());
    let text = log_output(async {
        docker.image("file.example/web").pull().await.unwrap();
        docker.image("helper.example/web").pull().await.unwrap();
        docker.images().build(vec![]).await.unwrap();
    })
    .await;
    let with_credentials =
        engine.requests().iter().filter(|request| request.headers.join(" ").contains("x-registry-")).count();
    assert_eq!(with_credentials, 3);
    let encoded = STANDARD.encode("s3cret");
    assert!(!text.contains("s3cret") && !text.contains(encoded.trim_end_matches('=')), "{text}");
    assert!(text.contains("WARN") && text.contains("broken.example") && text.contains("in PATH"), "{text}");
    assert!(!format!("{docker:?} {builder:?}").contains("s3cret"));
}
