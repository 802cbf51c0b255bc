//! What a call tells of itself: what it was, and nothing of what was in it.

use std::{
    io,
    sync::{Arc, Mutex},
};

use dockerclient::models::AuthConfig;
use tracing::subscriber;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::engine::{Engine, Reply};

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

#[tokio::test]
async fn a_call_is_one_span_without_bodies_and_credentials() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .finish();
    let engine = Engine::answering(|_| Reply::text(401, "Wrong login/password\n"));
    let docker = engine.client("1.18");
    let guard = subscriber::set_default(subscriber);
    let credentials = AuthConfig { username: "me".into(), password: "s3cret".into(), ..Default::default() };
    docker.auth(&credentials).await.unwrap_err();
    drop(guard);

    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(!text.contains("s3cret") && !text.contains("Wrong"), "{text}");
    let spans = text.matches("close").count();
    let told = ["docker{operation=\"system_auth\"", "api_version=1.18", "status=401"].map(|part| text.contains(part));
    assert_eq!((spans, told), (1, [true; 3]), "{text}");
}
