//! Stale keep-alive connections: idle connections that the engine closes before they are reused.

use std::collections::BTreeMap;

use dockerclient::{ApiVersion, DockerClient};

use crate::{
    engine::{Engine, Fault, Socket, Then},
    leak_check::run_isolated,
    transports::{Call, error_of, serves_again},
};

/// The number of requests per path.
fn request_counts(engine: &Engine) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in engine.request_lines() {
        *counts.entry(line.split(' ').nth(1).unwrap_or_default().to_owned()).or_default() += 1;
    }
    counts
}

/// A client with one idle connection, over which the next request meets `fault`.
async fn client_with_idle_connection(engine: &Engine, fault: Fault) -> DockerClient {
    let connector = engine.connector();
    let connect = move || {
        let connector = connector.clone();
        async move { connector.connect().await }
    };
    // The connector waits while the fault is pending, so the next request is sent over the idle connection.
    let docker = DockerClient::builder().connector(connect).api_version(ApiVersion::new(1, 41)).build().unwrap();
    serves_again(&docker).await;
    engine.request_lines();
    engine.fail_once(fault);
    docker
}

#[test]
fn get_succeeds_if_idle_connection_was_closed() {
    run_isolated(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            for call in Call::ALL {
                let docker = engine.builder().build().unwrap();
                // The client may or may not have noticed yet that the connection was closed.
                engine.close_after_each_response();
                for _ in 0..20 {
                    match call.run(&docker).await {
                        Ok(result) => assert_eq!(result, call.expected()),
                        Err(error) => assert!(call == Call::Post && error.is_connection_lost(), "{call:?}: {error}"),
                    }
                }
                engine.recover();
            }
        }
    });
}

#[test]
fn get_is_retried_on_stale_keepalive_connection() {
    run_isolated(async {
        for (socket, then) in [(Socket::Local, Then::Close), (Socket::Tcp, Then::Close), (Socket::Tcp, Then::Reset)] {
            let engine = Engine::on(socket).await;
            for call in [Call::Get, Call::Download] {
                let docker = client_with_idle_connection(&engine, Fault::new("", then)).await;
                assert_eq!(call.run(&docker).await.unwrap(), call.expected(), "{call:?} on {socket:?}, {then:?}");
                let counts = request_counts(&engine);
                assert_eq!(counts.values().copied().collect::<Vec<_>>(), [2], "{counts:?}");
            }
        }
    });
}

#[test]
fn post_is_not_retried_on_stale_keepalive_connection() {
    run_isolated(async {
        for (socket, then) in [(Socket::Local, Then::Close), (Socket::Tcp, Then::Close), (Socket::Tcp, Then::Reset)] {
            let engine = Engine::on(socket).await;
            let docker = client_with_idle_connection(&engine, Fault::new("", then)).await;
            let error = docker.container("web").pause().await.unwrap_err();
            assert!(error.is_connection_lost() && error.may_have_been_executed(), "{socket:?}, {then:?}: {error}");
            assert_eq!(request_counts(&engine).into_values().collect::<Vec<_>>(), [1]);
            serves_again(&docker).await;
        }
    });
}

#[test]
fn get_is_not_retried_after_the_first_response_byte() {
    run_isolated(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            for call in [Call::Get, Call::Download] {
                let docker = client_with_idle_connection(&engine, Fault::new("H", Then::Close)).await;
                let error = call.run(&docker).await.unwrap_err();
                assert!(
                    error.is_connection_lost() && error.may_have_been_executed(),
                    "{call:?} on {socket:?}: {error}"
                );
                assert_eq!(request_counts(&engine).into_values().collect::<Vec<_>>(), [1]);
            }
        }
    });
}

#[test]
fn request_is_not_retried_on_a_new_connection() {
    run_isolated(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            for call in Call::ALL {
                let error = error_of(&engine, engine.builder(), call, Fault::new("", Then::Close)).await;
                assert!(error.is_connection_lost(), "{error}");
                let faulty = request_counts(&engine).into_iter().filter(|(line, _)| !line.contains("json"));
                let faulty = faulty.filter(|(line, _)| call == Call::Get || !line.ends_with("/info"));
                // `error_of` makes one more `Call::Get` after the fault.
                assert_eq!(faulty.map(|(_, count)| count).collect::<Vec<_>>(), [1 + usize::from(call == Call::Get)]);
            }
        }
    });
}
