//! Spans and events of `tracing`, without bodies and credentials.

use std::{cell::RefCell, io, sync::Once};

use dockerclient::models::AuthConfig;
use dockerclient_testkit::{FakeEngine, Response};
use tracing::{Instrument as _, field, info_span, subscriber};
use tracing_subscriber::fmt::format::FmtSpan;

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
pub(crate) async fn log_output(work: impl Future<Output = ()>) -> String {
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
async fn disabled_span_does_not_record_in_the_span_of_the_caller() {
    let engine = FakeEngine::scripted(|_| Response::empty(404));
    let docker = engine.client("1.18");
    let subscriber = tracing_subscriber::fmt()
        .with_writer(|| Capture)
        .with_max_level(tracing::Level::INFO)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .finish();
    let _default = subscriber::set_default(subscriber);
    CAPTURED.set(Some(Vec::new()));
    let caller = info_span!("caller", status = field::Empty, other = 7);
    let calls = async {
        docker.container("web").inspect().await.unwrap_err();
        docker.container("web").logs().tty(true).await.unwrap_err();
        docker.get("/info").await.unwrap_err();
        docker.post("/session").upgrade("h2c").await.unwrap_err();
    };
    calls.instrument(caller).await;
    let text = String::from_utf8(CAPTURED.take().unwrap()).unwrap();
    assert!(text.contains("caller{other=7}") && !text.contains("status"), "{text}");
}
