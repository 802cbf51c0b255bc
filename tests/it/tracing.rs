//! What a call tells of itself: what it was, and nothing of what was in it.

use std::{cell::RefCell, io, sync::Once};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use dockerclient::{
    ApiVersion,
    images::{BuildOptions, PullOptions},
    models::AuthConfig,
};
use dockerclient_testkit::{Engine, Reply};
use tracing::subscriber;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::home::Home;

thread_local! {
    /// What the test on this thread hears, if it listens.
    static HEARD: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

struct Heard;

impl io::Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        HEARD.with_borrow_mut(|heard| heard.iter_mut().for_each(|heard| heard.extend_from_slice(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// All that `work` tells of itself, at every level.
///
/// There is one subscriber for all tests: of one that comes and goes with its test, other tests that run meanwhile make
/// tracing believe that nobody listens.
async fn told_by(work: impl Future<Output = ()>) -> String {
    static LISTEN: Once = Once::new();
    LISTEN.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_writer(|| Heard)
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::CLOSE)
            .with_ansi(false)
            .finish();
        subscriber::set_global_default(subscriber).unwrap();
        tracing::callsite::rebuild_interest_cache();
    });
    HEARD.set(Some(Vec::new()));
    work.await;
    String::from_utf8(HEARD.take().unwrap()).unwrap()
}

#[tokio::test]
async fn a_call_is_one_span_without_bodies_and_credentials() {
    let engine = Engine::answering(|_| Reply::text(401, "Wrong login/password\n"));
    let docker = engine.client("1.18");
    let credentials = AuthConfig { username: "me".into(), password: "s3cret".into(), ..Default::default() };
    let text = told_by(async { drop(docker.auth(&credentials).await.unwrap_err()) }).await;
    assert!(!text.contains("s3cret") && !text.contains("Wrong"), "{text}");
    let spans = text.matches("close").count();
    let told = ["docker{operation=\"system_auth\"", "api_version=1.18", "status=401"].map(|part| text.contains(part));
    assert_eq!((spans, told), (1, [true; 3]), "{text}");
}

#[tokio::test]
async fn what_is_configured_is_not_told_but_what_is_left_out_is() {
    let home = Home::new(
        r#"{ "auths": { "file.example": { "username": "me", "password": "s3cret", "identitytoken": "s3cret" } },
             "credHelpers": { "helper.example": "test", "broken.example": "missing" } }"#,
    )
    .with_helper("test", r#"echo '{"Username":"me","Secret":"s3cret"}'"#);
    let engine = Engine::answering(|_| Reply::json(200, r#"{"stream":"Successfully built f43c\n"}"#));
    let builder = home.builder().api_version(ApiVersion::new(1, 18));
    let docker = engine.client_of(builder.clone());
    let text = told_by(async {
        docker.image("file.example/web").pull(&PullOptions::default()).await.unwrap();
        docker.image("helper.example/web").pull(&PullOptions::default()).await.unwrap();
        docker.images().build(vec![], &BuildOptions::default()).await.unwrap();
    })
    .await;
    let shown = engine.requests().iter().filter(|request| request.headers.join(" ").contains("x-registry-")).count();
    assert_eq!(shown, 3);
    let encoded = STANDARD.encode("s3cret");
    assert!(!text.contains("s3cret") && !text.contains(encoded.trim_end_matches('=')), "{text}");
    assert!(text.contains("WARN") && text.contains("broken.example") && text.contains("not on the PATH"), "{text}");
    assert!(!format!("{docker:?} {builder:?}").contains("s3cret"));
}
