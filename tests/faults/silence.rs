//! Engines that take their time, or never come to an end.

use std::time::Duration;

use dockerclient::{containers::AttachOptions, system::EventsOptions};
use futures_util::TryStreamExt as _;

use crate::{
    calm::alone,
    engine::{Engine, Fault, Socket, Then},
    ways::{Framing, KEPT, Way, serves_again, told},
};

/// A limit that is reached soon, whatever the machine does meanwhile.
const SOON: Duration = Duration::from_millis(50);

#[test]
fn a_head_that_does_not_come_or_does_not_end_is_given_up_within_its_limit() {
    const ENDLESS: &[u8] = &[b'x'; 64 << 10];
    alone(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            for fault in [
                Fault::at_once("", Then::SayNothing),
                Fault::new("", Then::SayNothing),
                Fault::new("HTTP/1.1 200 OK\r\nContent-", Then::SayNothing),
                Fault::new("HTTP/1.1 200 OK\r\nX: ", Then::Drip(ENDLESS)),
                Fault::new("HTTP/1.1 100 Continue\r\n\r\n", Then::SayNothing),
                Fault::new("", Then::Repeat(b"HTTP/1.1 100 Continue\r\n\r\n")),
            ] {
                for way in Way::ALL {
                    let client = engine.builder().answer_timeout(SOON);
                    let error = told(&engine, client, way, fault.clone()).await;
                    assert!(error.is_timeout() && !error.is_connect(), "{way:?} on {socket:?}, {fault:?}: {error}");
                    assert!(error.may_have_been_executed());
                }
            }
        }
    });
}

/// The limit is one of silence, so a body that drips is read to its end.
#[test]
fn a_document_that_stops_in_the_middle_is_given_up_within_its_limit() {
    alone(async {
        let engine = Engine::on(Socket::Tcp).await;
        let ten_gibibytes = "HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n{\"Containers\":7".to_owned();
        let (length, head) = Way::Call.answer(Framing::Length);
        let (chunks, _) = Way::Call.answer(Framing::Chunks);
        for sent in [ten_gibibytes.as_bytes(), &length[..=head], &chunks[..chunks.len() - 1]] {
            let client = engine.builder().idle_timeout(SOON);
            let error = told(&engine, client, Way::Call, Fault::new(sent, Then::SayNothing)).await;
            assert!(error.is_timeout() && error.may_have_been_executed(), "{error}");
        }
    });
}

#[test]
fn a_stream_that_falls_silent_is_given_up_if_it_was_given_a_limit() {
    alone(async {
        let engine = Engine::on(Socket::Unix).await;
        let docker = engine.builder().build().unwrap();
        let silent = |way: Way| {
            let (answer, _) = way.answer(Framing::Chunks);
            engine.fail(Fault::new(&answer[..answer.len() - 5], Then::SayNothing));
        };
        silent(Way::Stream);
        let mut events = docker.events(&EventsOptions::default()).await.unwrap().idle_timeout(SOON);
        let error = loop {
            match events.try_next().await {
                Ok(event) => assert!(event.is_some(), "it does not end"),
                Err(error) => break error,
            }
        };
        assert!(error.is_timeout(), "{error}");
        silent(Way::Download);
        let export = docker.container("web").export().await.unwrap().idle_timeout(SOON);
        assert!(export.try_collect::<Vec<_>>().await.unwrap_err().is_timeout());
        silent(Way::Session);
        let session = docker.container("web").attach(&AttachOptions::default()).await.unwrap();
        assert!(session.output.idle_timeout(SOON).capture().await.unwrap_err().is_timeout());
        drop((session.input, events));
        engine.recover();
        serves_again(&docker).await;
        engine.closes_all_but(KEPT).await;
    });
}

/// Nobody is told: a limit of one's own drops the call, and with it all that belongs to it.
#[test]
fn a_call_that_is_dropped_while_it_waits_leaves_nothing_behind() {
    alone(async {
        let engine = Engine::on(Socket::Unix).await;
        let docker = engine.builder().build().unwrap();
        for way in Way::ALL {
            let (answer, head) = way.answer(Framing::Chunks);
            for length in [0, head - 2, (head + 1).min(answer.len() - 1)] {
                engine.fail(Fault::new(&answer[..length], Then::SayNothing));
                assert!(tokio::time::timeout(SOON, way.go(&docker)).await.is_err(), "{way:?} after {length}");
                engine.recover();
                serves_again(&docker).await;
                engine.closes_all_but(KEPT).await;
            }
        }
    });
}
