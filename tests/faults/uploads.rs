//! Uploads whose engine has heard enough.

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
    calm::{alone, until},
    engine::{Engine, Fault, Socket, Then},
    ways::{KEPT, serves_again},
};

/// An upload that does not end, and whether it was dropped.
fn endless() -> (Upload, Arc<AtomicBool>) {
    struct Dropped(Arc<AtomicBool>);

    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    let dropped = Arc::new(AtomicBool::new(false));
    let guard = Dropped(dropped.clone());
    let piece = Bytes::from_static(&[b'x'; 16 << 10]);
    let pieces = stream::repeat_with(move || {
        let _ = &guard;
        Ok::<_, io::Error>(piece.clone())
    });
    (Upload::from_stream(pieces), dropped)
}

/// What an endless upload to `docker` is told.
async fn told(docker: &DockerClient) -> Error {
    let (upload, dropped) = endless();
    let error = match docker.images().load(upload).await {
        Ok(images) => panic!("it loaded {images:?}"),
        Err(error) => error,
    };
    until(|| dropped.load(Ordering::SeqCst), |dropped| *dropped).await;
    error
}

/// Even if the engine closes at once, and sending fails before the answer is read.
#[test]
fn an_answer_that_comes_early_is_the_answer() {
    alone(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            let docker = engine.builder().build().unwrap();
            for then in [Then::SayNothing, Then::HalfClose, Then::HangUp, Then::Reset] {
                let full = "HTTP/1.1 500 Full\r\nContent-Length: 23\r\n\r\nno space left on device";
                engine.fail(Fault::new(full, then));
                let error = told(&docker).await;
                assert_eq!(error.message(), Some("no space left on device"), "{then:?} on {socket:?}: {error}");
                engine.recover();
                serves_again(&docker).await;
                engine.closes_all_but(KEPT).await;
            }
        }
    });
}

#[test]
fn an_upload_that_breaks_off_may_have_been_executed() {
    alone(async {
        for (socket, then) in [(Socket::Unix, Then::HangUp), (Socket::Tcp, Then::HangUp), (Socket::Tcp, Then::Reset)] {
            let engine = Engine::on(socket).await;
            let docker = engine.builder().build().unwrap();
            engine.fail(Fault::new("", then));
            let error = told(&docker).await;
            assert!(error.is_broken() && error.may_have_been_executed(), "{then:?} on {socket:?}: {error}");
            engine.recover();
            serves_again(&docker).await;
            engine.closes_all_but(KEPT).await;
        }
    });
}

#[test]
fn an_upload_that_nobody_takes_ends_when_it_is_dropped() {
    alone(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            let docker = engine.builder().build().unwrap();
            engine.fail(Fault::new("", Then::Stall));
            let (upload, dropped) = endless();
            let load = tokio::time::timeout(Duration::from_millis(50), docker.images().load(upload)).await;
            assert!(load.is_err());
            until(|| dropped.load(Ordering::SeqCst), |dropped| *dropped).await;
            engine.recover();
            serves_again(&docker).await;
            engine.closes_all_but(KEPT).await;
        }
    });
}

/// Nobody reads the connection any more then, so that its end is not seen there.
#[test]
fn an_upload_that_is_cut_off_after_its_call_was_dropped_ends() {
    alone(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            let docker = engine.builder().build().unwrap();
            let failed = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n{\"error\":\"no room\"}\r\n";
            for sent in ["", failed] {
                engine.fail(Fault::new(sent, Then::StallAndReset));
                let (upload, dropped) = endless();
                let load = tokio::time::timeout(Duration::from_millis(50), docker.images().load(upload)).await;
                assert!(!matches!(load, Ok(Ok(_))), "{load:?}");
                until(|| dropped.load(Ordering::SeqCst), |dropped| *dropped).await;
                engine.recover();
                serves_again(&docker).await;
                engine.closes_all_but(KEPT).await;
            }
        }
    });
}

#[test]
fn an_upload_whose_source_fails_is_an_error_of_the_source() {
    alone(async {
        let engine = Engine::on(Socket::Unix).await;
        let docker = engine.builder().build().unwrap();
        let pieces = stream::iter([Ok(Bytes::from_static(b"x")), Err(io::Error::other("the disk is gone"))]);
        let load = docker.images().load_progress(Upload::from_stream(pieces)).await;
        let error = match load {
            Ok(progress) => progress.try_collect::<Vec<_>>().await.unwrap_err(),
            Err(error) => error,
        };
        assert!(format!("{error:?}").contains("the disk is gone"), "{error:?}");
        serves_again(&docker).await;
        engine.closes_all_but(KEPT).await;
    });
}
