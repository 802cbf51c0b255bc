//! Well-formed responses that the client does not expect.

use crate::{
    engine::{Engine, Fault, Socket, Then},
    leak_check::run_isolated,
    transports::{Call, Framing, error_of},
};

#[test]
fn redirect_is_not_followed() {
    run_isolated(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            for call in Call::ALL {
                let redirect = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /v1.41/info\r\nContent-Length: 0\r\n\r\n";
                let error = error_of(&engine, engine.builder(), call, Fault::new(redirect, Then::KeepAlive)).await;
                assert_eq!(error.status(), Some(307), "{call:?} on {socket:?}: {error}");
                assert!(!error.may_have_been_executed(), "the engine rejected it");
                let lines = engine.request_lines();
                assert_eq!(
                    lines.iter().filter(|line| line.contains("/info")).count(),
                    1 + usize::from(call == Call::Get)
                );
            }
        }
    });
}

#[test]
fn unexpected_content_encoding_is_an_error() {
    run_isolated(async {
        let engine = Engine::on(Socket::Local).await;
        let packed = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xabV\x02\0\x02\0\0\0";
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", packed.len());
        for call in [Call::Get, Call::Download, Call::Stream, Call::Session] {
            let response = [head.as_bytes(), packed].concat();
            let error = error_of(&engine, engine.builder(), call, Fault::new(response, Then::Close)).await;
            assert!(error.is_decode() && error.to_string().contains("gzip"), "{call:?}: {error}");
        }
    });
}

#[test]
fn informational_responses_are_skipped() {
    run_isolated(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            let docker = engine.builder().build().unwrap();
            for call in Call::ALL {
                for notices in ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n"] {
                    let response = [notices.repeat(20).as_bytes(), &call.response(Framing::Length).0].concat();
                    engine
                        .fail(Fault::new(response, if call == Call::Session { Then::Close } else { Then::KeepAlive }));
                    assert_eq!(call.run(&docker).await.unwrap(), call.expected(), "{call:?} on {socket:?}");
                }
            }
        }
    });
}

#[test]
fn response_header_limit_is_the_same_for_all_calls() {
    run_isolated(async {
        let engine = Engine::on(Socket::Local).await;
        for call in Call::ALL {
            let docker = engine.builder().build().unwrap();
            let response = String::from_utf8(call.response(Framing::Length).0).unwrap();
            // Some normal responses have two headers already.
            let with_headers = |count| response.replacen("\r\n", &format!("\r\n{}", "X-Proxy: 1\r\n".repeat(count)), 1);
            engine
                .fail(Fault::new(with_headers(98), if call == Call::Session { Then::Close } else { Then::KeepAlive }));
            assert_eq!(call.run(&docker).await.unwrap(), call.expected(), "{call:?}");
            drop(docker);
            let error = error_of(&engine, engine.builder(), call, Fault::new(with_headers(101), Then::Stall)).await;
            assert!(error.is_connection_lost(), "{call:?}: {error}");
        }
    });
}

#[test]
fn invalid_framing_is_rejected_by_calls_and_streams() {
    run_isolated(async {
        let engine = Engine::on(Socket::Local).await;
        for call in [Call::Get, Call::Download, Call::Stream] {
            let (chunks, head) = call.response(Framing::Chunks);
            let (length, _) = call.response(Framing::Length);
            let (chunks, length) = (String::from_utf8(chunks).unwrap(), String::from_utf8(length).unwrap());
            for response in [
                length.replacen("Content-Length: ", "Content-Length: 1000\r\nContent-Length: ", 1),
                length.replacen("Content-Length: ", "Content-Length: +", 1),
                length.replacen("Content-Length: ", "Content-Length: 1000, ", 1),
                chunks.replacen("HTTP/1.1", "HTTP/1.0", 1),
                chunks.replacen("chunked", "gzip, chunked", 1),
                format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}", &chunks[head..]),
            ] {
                let error = error_of(&engine, engine.builder(), call, Fault::new(response.clone(), Then::Close)).await;
                assert!(
                    error.is_connection_lost() && error.may_have_been_executed(),
                    "{call:?} of {response:?}: {error}"
                );
            }
            // The same length may be sent twice.
            let docker = engine.builder().build().unwrap();
            let twice = length.replacen(
                "Content-Length: ",
                &format!("Content-Length: {}\r\nContent-Length: ", length.len() - length.find("\r\n\r\n").unwrap() - 4),
                1,
            );
            engine.fail(Fault::new(twice, Then::KeepAlive));
            assert_eq!(call.run(&docker).await.unwrap(), call.expected(), "{call:?}");
        }
    });
}

#[test]
fn truncated_error_body_keeps_the_status() {
    run_isolated(async {
        let engine = Engine::on(Socket::Tcp).await;
        for then in [Then::Close, Then::Reset] {
            for call in Call::ALL {
                let cut = "HTTP/1.1 409 Conflict\r\nContent-Length: 100\r\n\r\n{\"message\":\"is";
                let error = error_of(&engine, engine.builder(), call, Fault::new(cut, then)).await;
                assert!(error.is_conflict() && !error.may_have_been_executed(), "{call:?}, {then:?}: {error}");
            }
        }
    });
}
