//! What a call tells of itself: what it was, and nothing of what was in it.

use std::{
    io,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use dockerclient::{
    ApiVersion,
    images::{BuildOptions, PullOptions},
    models::AuthConfig,
};
use tracing::subscriber;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::{
    engine::{Engine, Reply},
    home::Home,
};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// All that `work` tells of itself, at every level.
async fn told_by(work: impl Future<Output = ()>) -> String {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .finish();
    let guard = subscriber::set_default(subscriber);
    work.await;
    drop(guard);
    String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
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
