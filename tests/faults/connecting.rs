//! Failures to connect, and connections that are closed immediately.

use std::error::Error as _;

use dockerclient::DockerClient;
use tokio::net::TcpSocket;

use crate::{
    engine::{Engine, Fault, Socket, Then},
    leak_check::run_isolated,
    local,
    transports::{Call, error_of},
};

#[test]
fn connection_refused_is_a_connect_error() {
    run_isolated(async {
        // A port that is bound but not listened on: no other process can take it.
        let port = TcpSocket::new_v4().unwrap();
        port.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let engine = Engine::on(Socket::Tcp).await;
        for address in [local::MISSING.to_owned(), format!("tcp://{}", port.local_addr().unwrap())] {
            let docker = engine.builder().address(address).build().unwrap();
            for call in Call::ALL {
                let error = call.run(&docker).await.unwrap_err();
                assert!(error.is_connect() && !error.is_connection_lost(), "{call:?} on {docker:?}: {error}");
                assert!(!error.may_have_been_executed() && error.source().is_some());
            }
        }
    });
}

#[test]
fn connection_closed_on_accept_is_connection_lost() {
    run_isolated(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            for (call, then) in Call::ALL.into_iter().flat_map(|call| [(call, Then::Close), (call, Then::Reset)]) {
                let error = error_of(&engine, engine.builder(), call, Fault::on_connect("", then)).await;
                // A reset may arrive before `connect` returns.
                let is_right = error.is_connection_lost() || error.is_connect() && matches!(then, Then::Reset);
                assert!(is_right, "{call:?} {then:?} on {socket:?}: {error}");
                assert_eq!(error.may_have_been_executed(), error.is_connection_lost(), "{error}");
            }
        }
    });
}

/// The request for the version fails, so the request of the call is not sent.
#[test]
fn request_is_not_sent_if_negotiation_fails() {
    run_isolated(async {
        let engine = Engine::on(Socket::Local).await;
        engine.fail(Fault::new("", Then::Close));
        let docker = DockerClient::builder().address(engine.address()).build().unwrap();
        let error = docker.container("web").pause().await.unwrap_err();
        assert!(error.is_connection_lost() && !error.may_have_been_executed());
        assert_eq!(engine.request_lines(), ["get /version http/1.1"]);
        let message = error.to_string().replace(engine.address(), "ADDRESS");
        assert_eq!(
            message,
            "failed to pause container web: the connection to ADDRESS was closed before a response was received"
        );
    });
}
