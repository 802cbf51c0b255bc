//! Uploads that the engine rejects or stops reading.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use dockerclient::{DockerClient, Error, Upload};
use futures_util::{TryStreamExt as _, stream};

use crate::{
    engine::{Engine, Fault, Socket, Then},
    leak_check::{eventually, run_isolated},
    transports::{IDLE_CONNECTIONS, serves_again},
};

/// An endless upload, and a flag that is set when it is dropped.
fn endless() -> (Upload, Arc<AtomicBool>) {
    struct Dropped(Arc<AtomicBool>);

    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    let dropped = Arc::new(AtomicBool::new(false));
    let guard = Dropped(dropped.clone());
    let chunk = Bytes::from_static(&[b'x'; 16 << 10]);
    let chunks = stream::repeat_with(move || {
        let _ = &guard;
        Ok::<_, io::Error>(chunk.clone())
    });
    (Upload::from_stream(chunks), dropped)
}

/// The error of an endless upload.
async fn error_of(docker: &DockerClient) -> Error {
    let (upload, dropped) = endless();
    let error = match docker.images().load(upload).await {
        Ok(images) => panic!("it loaded {images:?}"),
        Err(error) => error,
    };
    eventually(|| dropped.load(Ordering::SeqCst), |dropped| *dropped).await;
    error
}

/// Even if the engine closes the connection immediately, so that sending fails before the response is read.
#[test]
fn early_response_to_upload_is_returned() {
    run_isolated(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            let docker = engine.builder().build().unwrap();
            for then in [Then::Stall, Then::HalfClose, Then::Close, Then::Reset] {
                let full = "HTTP/1.1 500 Full\r\nContent-Length: 23\r\n\r\nno space left on device";
                engine.fail(Fault::new(full, then));
                let error = error_of(&docker).await;
                assert_eq!(error.message(), Some("no space left on device"), "{then:?} on {socket:?}: {error}");
                engine.recover();
                serves_again(&docker).await;
                engine.wait_for_open_at_most(IDLE_CONNECTIONS).await;
            }
        }
    });
}

#[test]
fn interrupted_upload_may_have_been_executed() {
    run_isolated(async {
        for (socket, then) in [(Socket::Local, Then::Close), (Socket::Tcp, Then::Close), (Socket::Tcp, Then::Reset)] {
            let engine = Engine::on(socket).await;
            let docker = engine.builder().build().unwrap();
            engine.fail(Fault::new("", then));
            let error = error_of(&docker).await;
            assert!(error.is_connection_lost() && error.may_have_been_executed(), "{then:?} on {socket:?}: {error}");
            engine.recover();
            serves_again(&docker).await;
            engine.wait_for_open_at_most(IDLE_CONNECTIONS).await;
        }
    });
}

#[test]
fn dropped_call_ends_a_blocked_upload() {
    run_isolated(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            let docker = engine.builder().build().unwrap();
            engine.fail(Fault::new("", Then::StopReading));
            let (upload, dropped) = endless();
            let load = tokio::time::timeout(Duration::from_millis(50), docker.images().load(upload)).await;
            assert!(load.is_err());
            eventually(|| dropped.load(Ordering::SeqCst), |dropped| *dropped).await;
            engine.recover();
            serves_again(&docker).await;
            engine.wait_for_open_at_most(IDLE_CONNECTIONS).await;
        }
    });
}

/// The dropped call no longer reads the connection, so the reset is not noticed by a read.
#[test]
fn reset_after_dropped_call_ends_the_upload() {
    run_isolated(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            let docker = engine.builder().build().unwrap();
            let failed = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n{\"error\":\"no room\"}\r\n";
            for sent in ["", failed] {
                engine.fail(Fault::new(sent, Then::StopReadingAndReset));
                let (upload, dropped) = endless();
                let load = tokio::time::timeout(Duration::from_millis(50), docker.images().load(upload)).await;
                assert!(!matches!(load, Ok(Ok(_))), "{load:?}");
                eventually(|| dropped.load(Ordering::SeqCst), |dropped| *dropped).await;
                engine.recover();
                serves_again(&docker).await;
                engine.wait_for_open_at_most(IDLE_CONNECTIONS).await;
            }
        }
    });
}

#[test]
fn failing_upload_source_is_the_error() {
    run_isolated(async {
        let engine = Engine::on(Socket::Local).await;
        let docker = engine.builder().build().unwrap();
        let chunks = stream::iter([Ok(Bytes::from_static(b"x")), Err(io::Error::other("the disk is gone"))]);
        let load = docker.images().load(Upload::from_stream(chunks)).progress().await;
        let error = match load {
            Ok(progress) => progress.try_collect::<Vec<_>>().await.unwrap_err(),
            Err(error) => error,
        };
        assert!(format!("{error:?}").contains("the disk is gone"), "{error:?}");
        serves_again(&docker).await;
        engine.wait_for_open_at_most(IDLE_CONNECTIONS).await;
    });
}
