//! More than anybody asked for: nothing grows without bound.

use dockerclient::{
    containers::{AttachOptions, LogsOptions},
    system::EventsOptions,
};
use futures_util::TryStreamExt as _;

use crate::{
    calm::alone,
    engine::{Engine, Fault, Socket, Then},
    ways::{KEPT, Way, serves_again, told},
};

const XS: &[u8] = &[b'x'; 16 << 10];

#[test]
fn headers_that_do_not_end_are_no_head() {
    alone(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            for (sent, repeated) in [
                ("HTTP/1.1 200 OK\r\n", &b"X-More: and more\r\n"[..]),
                ("HTTP/1.1 200 OK\r\nX: ", XS),
                ("HTTP/1.1 200 ", XS),
                ("HTTP/1.1 200 OK\r\n", XS),
            ] {
                for way in Way::ALL {
                    let error = told(&engine, engine.builder(), way, Fault::new(sent, Then::Repeat(repeated))).await;
                    assert!(error.is_broken(), "{sent:?}, {way:?} on {socket:?}: {error}");
                }
            }
        }
    });
}

#[test]
fn what_stands_between_chunks_may_not_grow() {
    alone(async {
        let engine = Engine::on(Socket::Unix).await;
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (sent, repeated) in [
            ("1;", XS),
            ("0\r\n", &b"X-More: and more\r\n"[..]),
            ("0\r\nX: ", XS),
            ("fffffffffffffffff\r\n", XS),
            ("1\r\nab", XS),
        ] {
            for way in [Way::Call, Way::Download, Way::Stream] {
                let fault = Fault::new(format!("{head}{sent}"), Then::Repeat(repeated));
                let error = told(&engine, engine.builder(), way, fault).await;
                // Of an event that begins with an x, that it is no document is told first.
                let is_right = error.is_broken() || way == Way::Stream && error.is_decode();
                assert!(is_right, "{sent:?}, {way:?}: {error}");
            }
        }
    });
}

#[test]
fn a_document_of_ten_gibibytes_is_given_up_long_before() {
    alone(async {
        let engine = Engine::on(Socket::Unix).await;
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n\"";
        let error = told(&engine, engine.builder(), Way::Call, Fault::new(head, Then::Repeat(XS))).await;
        assert!(error.is_decode() && error.may_have_been_executed(), "{error}");
    });
}

#[test]
fn an_item_of_a_stream_that_does_not_end_is_given_up() {
    alone(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            let docker = engine.builder().item_limit(1 << 20).build().unwrap();
            let ok = "HTTP/1.1 200 OK\r\n\r\n";

            engine.fail(Fault::new(format!("{ok}{{\"status\":\""), Then::Repeat(XS)));
            let events = docker.events(&EventsOptions::default()).await.unwrap();
            assert!(events.try_collect::<Vec<_>>().await.unwrap_err().is_decode());

            engine.fail(Fault::new(ok, Then::Repeat(b"[[[[[[[[")));
            let events = docker.events(&EventsOptions::default()).await.unwrap();
            assert!(events.try_collect::<Vec<_>>().await.unwrap_err().is_decode());

            let endless_frame = [ok.as_bytes(), b"\x01\0\0\0\xff\xff\xff\xff"].concat();
            engine.fail(Fault::new(endless_frame, Then::Repeat(XS)));
            let web = docker.container("web");
            let logs = web.logs(&LogsOptions::default()).await.unwrap();
            assert!(logs.try_collect::<Vec<_>>().await.unwrap_err().is_decode());
            let session = web.attach(&AttachOptions::default()).await.unwrap();
            assert!(session.output.try_collect::<Vec<_>>().await.unwrap_err().is_decode());
            drop(session.input);

            engine.fail(Fault::new(ok, Then::Repeat(b"\x01\0\0\0\0\0\0\x04line")));
            let lines = web.logs(&LogsOptions::default()).await.unwrap().lines();
            assert!(lines.try_collect::<Vec<_>>().await.unwrap_err().is_decode());

            engine.recover();
            serves_again(&docker).await;
            engine.closes_all_but(KEPT).await;
        }
    });
}

#[test]
fn a_document_that_is_deep_is_an_error_and_no_overflow() {
    alone(async {
        let engine = Engine::on(Socket::Unix).await;
        for deep in ["[".repeat(1 << 20), "{\"Labels\":".repeat(1 << 17), "{\"Labels\":[".repeat(1 << 17)] {
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{deep}", deep.len());
            for way in [Way::Call, Way::Stream] {
                let error = told(&engine, engine.builder(), way, Fault::new(answer.clone(), Then::GoOn)).await;
                assert!(error.is_decode() || error.is_truncated(), "{way:?}: {error}");
            }
        }
    });
}
