//! Responses that are truncated at every possible byte.

use crate::{
    engine::{Engine, Fault, Socket, Then},
    leak_check::run_isolated,
    transports::{Call, Framing, error_of},
};

/// Truncates the response to each kind of call at each byte, followed by `then`. An archive, which is only zeros,
/// is truncated near its ends.
async fn truncate_at_each_byte(socket: Socket, then: Then) {
    let engine = Engine::on(socket).await;
    for call in Call::ALL {
        for framing in [Framing::Length, Framing::Chunks] {
            let (response, head) = call.response(framing);
            for length in 0..response.len() {
                if call == Call::Session && length == head {
                    continue; // a valid session without output
                }
                if call == Call::Download && response[..length].ends_with(&[0, 0]) && response[length] == 0 {
                    continue; // between the zeros of the archive
                }
                let error = error_of(&engine, engine.builder(), call, Fault::new(&response[..length], then)).await;
                let place = format!("{call:?} on {socket:?} in {framing:?}, {length} of {}: {error}", response.len());
                assert!(error.is_connection_lost() || error.is_truncated(), "{place}");
                assert!(error.may_have_been_executed() && !error.is_connect(), "{place}");
            }
        }
    }
}

#[test]
fn response_closed_at_any_byte_is_an_error() {
    run_isolated(async {
        for socket in Socket::ALL {
            truncate_at_each_byte(socket, Then::Close).await;
        }
    });
}

#[test]
fn response_reset_at_any_byte_is_an_error() {
    run_isolated(truncate_at_each_byte(Socket::Tcp, Then::Reset));
}

#[test]
fn half_close_terminates_response() {
    run_isolated(truncate_at_each_byte(Socket::Tcp, Then::HalfClose));
}

#[test]
fn response_sent_byte_by_byte_is_complete() {
    run_isolated(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            for call in Call::ALL {
                for framing in [Framing::Length, Framing::Chunks] {
                    let response = call.response(framing).0.leak();
                    let then = if call == Call::Session { Then::Close } else { Then::Drip(response) };
                    let sent = if call == Call::Session { &*response } else { b"" };
                    engine.fail(Fault::new(sent, then));
                    assert_eq!(call.run(&engine.builder().build().unwrap()).await.unwrap(), call.expected());
                }
            }
        }
    });
}
