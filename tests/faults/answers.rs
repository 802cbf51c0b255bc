//! Answers in order, and not what was asked for.

use crate::{
    calm::alone,
    engine::{Engine, Fault, Socket, Then},
    ways::{Framing, Way, told},
};

#[test]
fn a_redirect_is_not_followed() {
    alone(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            for way in Way::ALL {
                let redirect = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /v1.41/info\r\nContent-Length: 0\r\n\r\n";
                let error = told(&engine, engine.builder(), way, Fault::new(redirect, Then::GoOn)).await;
                assert_eq!(error.status(), Some(307), "{way:?} on {socket:?}: {error}");
                assert!(!error.may_have_been_executed(), "the engine said no");
                let asked = engine.seen();
                assert_eq!(
                    asked.iter().filter(|line| line.contains("/info")).count(),
                    1 + usize::from(way == Way::Call)
                );
            }
        }
    });
}

#[test]
fn what_is_encoded_though_nobody_asked_for_that_is_not_taken_for_the_thing_itself() {
    alone(async {
        let engine = Engine::on(Socket::Unix).await;
        let packed = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xabV\x02\0\x02\0\0\0";
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", packed.len());
        for way in [Way::Call, Way::Download, Way::Stream, Way::Session] {
            let answer = [head.as_bytes(), packed].concat();
            let error = told(&engine, engine.builder(), way, Fault::new(answer, Then::HangUp)).await;
            assert!(error.is_decode() && error.to_string().contains("gzip"), "{way:?}: {error}");
        }
    });
}

#[test]
fn a_notice_before_the_answer_is_passed_over() {
    alone(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            let docker = engine.builder().build().unwrap();
            for way in Way::ALL {
                for notices in ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n"] {
                    let answer = [notices.repeat(20).as_bytes(), &way.answer(Framing::Length).0].concat();
                    engine.fail(Fault::new(answer, if way == Way::Session { Then::HangUp } else { Then::GoOn }));
                    assert_eq!(way.go(&docker).await.unwrap(), way.good(), "{way:?} on {socket:?}");
                }
            }
        }
    });
}

#[test]
fn an_error_whose_text_breaks_off_is_still_the_error_it_is() {
    alone(async {
        let engine = Engine::on(Socket::Tcp).await;
        for then in [Then::HangUp, Then::Reset] {
            for way in Way::ALL {
                let cut = "HTTP/1.1 409 Conflict\r\nContent-Length: 100\r\n\r\n{\"message\":\"is";
                let error = told(&engine, engine.builder(), way, Fault::new(cut, then)).await;
                assert!(error.is_conflict() && !error.may_have_been_executed(), "{way:?}, {then:?}: {error}");
            }
        }
    });
}
