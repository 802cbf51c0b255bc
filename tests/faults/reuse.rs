//! Connections that are kept, and are closed by the engine before they are used again.

use std::collections::BTreeMap;

use dockerclient::{ApiVersion, DockerClient};

use crate::{
    calm::alone,
    engine::{Engine, Fault, Socket, Then},
    ways::{Way, serves_again, told},
};

/// How often each line was seen.
fn counted(engine: &Engine) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in engine.seen() {
        *counts.entry(line.split(' ').nth(1).unwrap_or_default().to_owned()).or_default() += 1;
    }
    counts
}

/// A client with one connection that is kept, over which the next request meets with `fault`.
async fn kept(engine: &Engine, fault: Fault) -> DockerClient {
    let door = engine.door();
    let knock = move || {
        let door = door.clone();
        async move { door.open().await }
    };
    // So long as the fault is to come, there is no way but the connection that is kept.
    let docker = DockerClient::builder().connector(knock).api_version(ApiVersion::new(1, 41)).build().unwrap();
    serves_again(&docker).await;
    engine.seen();
    engine.fail_once(fault);
    docker
}

#[test]
fn a_kept_connection_that_was_closed_costs_a_call_nothing() {
    alone(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            for way in Way::ALL {
                let docker = engine.builder().build().unwrap();
                // Whatever becomes of the close: the client has seen it, or it has not.
                engine.hang_up_after_each();
                for _ in 0..20 {
                    match way.go(&docker).await {
                        Ok(came) => assert_eq!(came, way.good()),
                        Err(error) => assert!(way == Way::Change && error.is_broken(), "{way:?}: {error}"),
                    }
                }
                engine.recover();
            }
        }
    });
}

#[test]
fn what_only_reads_is_sent_again_if_the_engine_gave_up_the_connection_without_a_word() {
    alone(async {
        for (socket, then) in [(Socket::Unix, Then::HangUp), (Socket::Tcp, Then::HangUp), (Socket::Tcp, Then::Reset)] {
            let engine = Engine::on(socket).await;
            for way in [Way::Call, Way::Download] {
                let docker = kept(&engine, Fault::new("", then)).await;
                assert_eq!(way.go(&docker).await.unwrap(), way.good(), "{way:?} on {socket:?}, {then:?}");
                let seen = counted(&engine);
                assert_eq!(seen.values().copied().collect::<Vec<_>>(), [2], "{seen:?}");
            }
        }
    });
}

#[test]
fn what_changes_something_is_not_sent_again_and_may_have_been_executed() {
    alone(async {
        for (socket, then) in [(Socket::Unix, Then::HangUp), (Socket::Tcp, Then::HangUp), (Socket::Tcp, Then::Reset)] {
            let engine = Engine::on(socket).await;
            let docker = kept(&engine, Fault::new("", then)).await;
            let error = docker.container("web").pause().await.unwrap_err();
            assert!(error.is_broken() && error.may_have_been_executed(), "{socket:?}, {then:?}: {error}");
            assert_eq!(counted(&engine).into_values().collect::<Vec<_>>(), [1]);
            serves_again(&docker).await;
        }
    });
}

#[test]
fn nothing_is_sent_again_once_a_byte_of_the_answer_has_come() {
    alone(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            for way in [Way::Call, Way::Download] {
                let docker = kept(&engine, Fault::new("H", Then::HangUp)).await;
                let error = way.go(&docker).await.unwrap_err();
                assert!(error.is_broken() && error.may_have_been_executed(), "{way:?} on {socket:?}: {error}");
                assert_eq!(counted(&engine).into_values().collect::<Vec<_>>(), [1]);
            }
        }
    });
}

#[test]
fn nothing_is_sent_again_over_a_connection_that_was_new() {
    alone(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            for way in Way::ALL {
                let error = told(&engine, engine.builder(), way, Fault::new("", Then::HangUp)).await;
                assert!(error.is_broken(), "{error}");
                let faulty = counted(&engine).into_iter().filter(|(line, _)| !line.contains("json"));
                let faulty = faulty.filter(|(line, _)| way == Way::Call || !line.ends_with("/info"));
                // A call is asked once more by `told`, when the fault is over.
                assert_eq!(faulty.map(|(_, count)| count).collect::<Vec<_>>(), [1 + usize::from(way == Way::Call)]);
            }
        }
    });
}
