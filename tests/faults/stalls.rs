//! Responses that are slow, stall or never end.

use std::time::Duration;

use dockerclient::DockerClient;
use futures_util::TryStreamExt as _;

use crate::{
    engine::{Engine, Fault, Socket, Then},
    leak_check::run_isolated,
    transports::{Call, Framing, IDLE_CONNECTIONS, error_of, serves_again},
};

/// A short time limit.
const SOON: Duration = Duration::from_millis(50);

#[test]
fn response_timeout_covers_incomplete_headers() {
    const ENDLESS: &[u8] = &[b'x'; 64 << 10];
    run_isolated(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            for fault in [
                Fault::on_connect("", Then::Stall),
                Fault::new("", Then::Stall),
                Fault::new("HTTP/1.1 200 OK\r\nContent-", Then::Stall),
                Fault::new("HTTP/1.1 200 OK\r\nX: ", Then::Drip(ENDLESS)),
                Fault::new("HTTP/1.1 100 Continue\r\n\r\n", Then::Stall),
            ] {
                for call in [Call::Get, Call::Post, Call::Session] {
                    let client = engine.builder().response_timeout(SOON);
                    let error = error_of(&engine, client, call, fault.clone()).await;
                    assert!(error.is_timeout() && !error.is_connect(), "{call:?} on {socket:?}, {fault:?}: {error}");
                    assert!(error.may_have_been_executed());
                }
            }
        }
    });
}

#[test]
fn endless_informational_responses_are_an_error() {
    const HINTS: &[u8] = &{
        let mut hints = [b' '; 8 << 10];
        let (head, end) = hints.split_at_mut(34);
        head.copy_from_slice(b"HTTP/1.1 103 Early Hints\r\nLink: </");
        end.split_at_mut(end.len() - 4).1.copy_from_slice(b"\r\n\r\n");
        hints
    };
    run_isolated(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            for call in Call::ALL {
                let client = engine.builder().response_timeout(None);
                let fault = Fault::new("", Then::Repeat(HINTS));
                let error = error_of(&engine, client, call, fault).await;
                assert!(
                    error.is_connection_lost() && error.may_have_been_executed(),
                    "{call:?} on {socket:?}: {error}"
                );
            }
        }
    });
}

/// A response that never ends, with a byte per millisecond.
fn endless(head: &str) -> Fault {
    Fault::new(head, Then::DripEndlessly(b" "))
}

#[test]
fn response_timeout_covers_negotiation() {
    run_isolated(async {
        let engine = Engine::on(Socket::Tcp).await;
        let docker = DockerClient::builder().address(engine.address()).response_timeout(SOON).build().unwrap();
        for head in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 500 Internal Server Error\r\n\r\n"] {
            engine.fail(endless(head));
            let error = docker.api_version().await.unwrap_err();
            assert!(error.is_timeout() && !error.may_have_been_executed(), "{error}");
        }
        engine.wait_for_open_at_most(0).await;
    });
}

#[test]
fn slow_error_body_does_not_hide_the_status() {
    // Longer than any pause of the engine.
    const LIMIT: Duration = Duration::from_secs(1);
    run_isolated(async {
        let engine = Engine::on(Socket::Tcp).await;
        for call in Call::ALL {
            let fault = endless("HTTP/1.1 409 Conflict\r\n\r\n");
            let error = error_of(&engine, engine.builder().read_timeout(LIMIT), call, fault).await;
            assert!(error.is_conflict() && !error.is_timeout(), "{call:?}: {error}");
        }
    });
}

/// The read timeout limits the time between two reads, so a slow body is read to its end.
#[test]
fn read_timeout_ends_a_stalled_json_response() {
    run_isolated(async {
        let engine = Engine::on(Socket::Tcp).await;
        let ten_gibibytes = "HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n{\"Containers\":7".to_owned();
        let (length, head) = Call::Get.response(Framing::Length);
        let (chunks, _) = Call::Get.response(Framing::Chunks);
        for sent in [ten_gibibytes.as_bytes(), &length[..=head], &chunks[..chunks.len() - 1]] {
            let client = engine.builder().read_timeout(SOON);
            let error = error_of(&engine, client, Call::Get, Fault::new(sent, Then::Stall)).await;
            assert!(error.is_timeout() && error.may_have_been_executed(), "{error}");
        }
    });
}

#[test]
fn read_timeout_ends_stalled_streams() {
    run_isolated(async {
        let engine = Engine::on(Socket::Local).await;
        let docker = engine.builder().build().unwrap();
        let stall = |call: Call| {
            let (response, _) = call.response(Framing::Chunks);
            engine.fail(Fault::new(&response[..response.len() - 5], Then::Stall));
        };
        stall(Call::Stream);
        let mut events = docker.events().await.unwrap().read_timeout(SOON);
        let error = loop {
            match events.try_next().await {
                Ok(event) => assert!(event.is_some(), "it does not end"),
                Err(error) => break error,
            }
        };
        assert!(error.is_timeout(), "{error}");
        stall(Call::Download);
        let export = docker.container("web").export().await.unwrap().read_timeout(SOON);
        assert!(export.try_collect::<Vec<_>>().await.unwrap_err().is_timeout());
        stall(Call::Session);
        let session = docker.container("web").attach().await.unwrap();
        assert!(session.output.read_timeout(SOON).capture().await.unwrap_err().is_timeout());
        drop((session.input, events));
        engine.recover();
        serves_again(&docker).await;
        engine.wait_for_open_at_most(IDLE_CONNECTIONS).await;
    });
}

/// A time limit of the caller drops the call without notice, and with it all of its resources.
#[test]
fn dropped_call_closes_its_connection() {
    run_isolated(async {
        let engine = Engine::on(Socket::Local).await;
        let docker = engine.builder().build().unwrap();
        for call in Call::ALL {
            let (response, head) = call.response(Framing::Chunks);
            for length in [0, head - 2, (head + 1).min(response.len() - 1)] {
                engine.fail(Fault::new(&response[..length], Then::Stall));
                assert!(tokio::time::timeout(SOON, call.run(&docker)).await.is_err(), "{call:?} after {length}");
                engine.recover();
                serves_again(&docker).await;
                engine.wait_for_open_at_most(IDLE_CONNECTIONS).await;
            }
        }
    });
}
