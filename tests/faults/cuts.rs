//! Answers that break off, at every byte of them.

use crate::{
    calm::alone,
    engine::{Engine, Fault, Socket, Then},
    ways::{Framing, Way, told},
};

/// Cuts the answer of each way at each byte, as `then` does.
async fn cut_everywhere(socket: Socket, then: Then) {
    let engine = Engine::on(socket).await;
    for way in Way::ALL {
        for framing in [Framing::Length, Framing::Chunks] {
            let (answer, head) = way.answer(framing);
            for length in 0..answer.len() {
                if way == Way::Session && length == head {
                    continue; // a session without output is one
                }
                let error = told(&engine, engine.builder(), way, Fault::new(&answer[..length], then)).await;
                let place = format!("{way:?} on {socket:?} in {framing:?}, {length} of {}: {error}", answer.len());
                assert!(error.is_broken() || error.is_truncated(), "{place}");
                assert!(error.may_have_been_executed() && !error.is_connect(), "{place}");
            }
        }
    }
}

#[test]
fn an_answer_that_is_cut_at_any_byte_is_a_broken_one() {
    alone(async {
        for socket in Socket::ALL {
            cut_everywhere(socket, Then::HangUp).await;
        }
    });
}

#[test]
fn an_answer_whose_connection_is_reset_at_any_byte_is_a_broken_one() {
    alone(cut_everywhere(Socket::Tcp, Then::Reset));
}

#[test]
fn an_engine_that_closes_one_direction_only_has_ended_its_answer_all_the_same() {
    alone(cut_everywhere(Socket::Tcp, Then::HalfClose));
}

#[test]
fn a_whole_answer_is_one_in_whatever_pieces_it_comes() {
    alone(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            for way in Way::ALL {
                for framing in [Framing::Length, Framing::Chunks] {
                    let answer = way.answer(framing).0.leak();
                    let then = if way == Way::Session { Then::HangUp } else { Then::Drip(answer) };
                    let sent = if way == Way::Session { &*answer } else { b"" };
                    engine.fail(Fault::new(sent, then));
                    assert_eq!(way.go(&engine.builder().build().unwrap()).await.unwrap(), way.good());
                }
            }
        }
    });
}
