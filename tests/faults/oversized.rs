//! Oversized and endless responses, which must not use unbounded memory.

use futures_util::TryStreamExt as _;

use crate::{
    engine::{Engine, Fault, Socket, Then},
    leak_check::run_isolated,
    transports::{Call, IDLE_CONNECTIONS, error_of, serves_again},
};

const XS: &[u8] = &[b'x'; 16 << 10];

#[test]
fn endless_response_headers_are_an_error() {
    run_isolated(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            for (sent, repeated) in [
                ("HTTP/1.1 200 OK\r\n", &b"X-More: and more\r\n"[..]),
                ("HTTP/1.1 200 OK\r\nX: ", XS),
                ("HTTP/1.1 200 ", XS),
                ("HTTP/1.1 200 OK\r\n", XS),
            ] {
                for call in Call::ALL {
                    let error =
                        error_of(&engine, engine.builder(), call, Fault::new(sent, Then::Repeat(repeated))).await;
                    assert!(error.is_connection_lost(), "{sent:?}, {call:?} on {socket:?}: {error}");
                }
            }
        }
    });
}

#[test]
fn endless_chunk_extensions_and_trailers_are_an_error() {
    run_isolated(async {
        let engine = Engine::on(Socket::Local).await;
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (sent, repeated) in [
            ("1;", XS),
            ("0\r\n", &b"X-More: and more\r\n"[..]),
            ("0\r\nX: ", XS),
            ("fffffffffffffffff\r\n", XS),
            ("1\r\nab", XS),
        ] {
            for call in [Call::Get, Call::Download, Call::Stream] {
                let fault = Fault::new(format!("{head}{sent}"), Then::Repeat(repeated));
                let error = error_of(&engine, engine.builder(), call, fault).await;
                // An event that begins with an x is invalid JSON before it is too long.
                let is_right = error.is_connection_lost() || call == Call::Stream && error.is_decode();
                assert!(is_right, "{sent:?}, {call:?}: {error}");
            }
        }
    });
}

#[test]
fn oversized_json_response_is_an_error() {
    run_isolated(async {
        let engine = Engine::on(Socket::Local).await;
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n\"";
        let error = error_of(&engine, engine.builder(), Call::Get, Fault::new(head, Then::Repeat(XS))).await;
        assert!(error.is_decode() && error.may_have_been_executed(), "{error}");
    });
}

#[test]
fn oversized_stream_item_is_an_error() {
    run_isolated(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            let docker = engine.builder().max_item_size(1 << 20).build().unwrap();
            let ok = "HTTP/1.1 200 OK\r\n\r\n";

            engine.fail(Fault::new(format!("{ok}{{\"status\":\""), Then::Repeat(XS)));
            let events = docker.events().await.unwrap();
            assert!(events.try_collect::<Vec<_>>().await.unwrap_err().is_decode());

            engine.fail(Fault::new(ok, Then::Repeat(b"[[[[[[[[")));
            let events = docker.events().await.unwrap();
            assert!(events.try_collect::<Vec<_>>().await.unwrap_err().is_decode());

            let endless_frame = [ok.as_bytes(), b"\x01\0\0\0\xff\xff\xff\xff"].concat();
            engine.fail(Fault::new(endless_frame, Then::Repeat(XS)));
            let web = docker.container("web");
            let logs = web.logs().await.unwrap();
            assert!(logs.try_collect::<Vec<_>>().await.unwrap_err().is_decode());
            let session = web.attach().await.unwrap();
            assert!(session.output.try_collect::<Vec<_>>().await.unwrap_err().is_decode());
            drop(session.input);

            engine.fail(Fault::new(ok, Then::Repeat(b"\x01\0\0\0\0\0\0\x04line")));
            let mut lines = web.logs().await.unwrap().lines();
            let line = lines.try_next().await.unwrap().unwrap();
            assert!(line.truncated && line.bytes.len() == 1 << 20);
            drop(lines);

            engine.recover();
            serves_again(&docker).await;
            engine.wait_for_open_at_most(IDLE_CONNECTIONS).await;
        }
    });
}

#[test]
fn deeply_nested_json_is_an_error() {
    run_isolated(async {
        let engine = Engine::on(Socket::Local).await;
        for deep in ["[".repeat(1 << 20), "{\"Labels\":".repeat(1 << 17), "{\"Labels\":[".repeat(1 << 17)] {
            let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{deep}", deep.len());
            for call in [Call::Get, Call::Stream] {
                let error =
                    error_of(&engine, engine.builder(), call, Fault::new(response.clone(), Then::KeepAlive)).await;
                assert!(error.is_decode() || error.is_truncated(), "{call:?}: {error}");
            }
        }
    });
}
