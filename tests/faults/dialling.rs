//! No connection comes about, or none that lasts.

use std::{error::Error as _, time::Duration};

use dockerclient::{ApiVersion, DockerClient};
use tokio::net::{TcpSocket, TcpStream};

use crate::{
    calm::alone,
    engine::{Engine, Fault, Socket, Then},
    ways::{Way, serves_again, told},
};

#[test]
fn a_connection_that_is_refused_is_no_connection_and_nothing_was_done() {
    alone(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            let docker = engine.builder().build().unwrap();
            serves_again(&docker).await;
            drop(engine);
            for way in Way::ALL {
                let error = refused(way, &docker).await;
                assert!(error.is_connect() && !error.is_broken(), "{way:?} on {socket:?}: {error}");
                assert!(!error.may_have_been_executed() && error.source().is_some());
            }
        }
    });
}

/// What a way is told once the engine is gone. A connection that was kept may serve on until its end is noticed.
async fn refused(way: Way, docker: &DockerClient) -> dockerclient::Error {
    loop {
        match way.go(docker).await {
            Ok(came) => assert_eq!(came, way.good()),
            Err(error) => break error,
        }
    }
}

/// A unix socket whose queue is full refuses at once; a port lets whoever knocks wait.
#[test]
fn a_port_that_takes_nobody_in_is_given_up_within_its_limit() {
    alone(async {
        let listener = TcpSocket::new_v4().unwrap();
        listener.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut crowd = Vec::new();
        let knock = || tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address));
        while let Ok(stream) = knock().await {
            crowd.push(stream.unwrap());
        }
        let docker = DockerClient::builder()
            .address(format!("tcp://{address}"))
            .api_version(ApiVersion::new(1, 41))
            .connect_timeout(Duration::from_millis(50))
            .build()
            .unwrap();
        for way in Way::ALL {
            let error = way.go(&docker).await.unwrap_err();
            assert!(error.is_timeout() && error.is_connect(), "{way:?}: {error}");
            assert!(!error.may_have_been_executed());
        }
    });
}

#[test]
fn a_connection_that_is_closed_as_soon_as_it_is_there_is_broken() {
    alone(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            for (way, then) in Way::ALL.into_iter().flat_map(|way| [(way, Then::HangUp), (way, Then::Reset)]) {
                let error = told(&engine, engine.builder(), way, Fault::at_once("", then)).await;
                // A reset may be there before the connection is.
                let is_right = error.is_broken() || error.is_connect() && matches!(then, Then::Reset);
                assert!(is_right, "{way:?} {then:?} on {socket:?}: {error}");
                assert_eq!(error.may_have_been_executed(), error.is_broken(), "{error}");
            }
        }
    });
}

/// The request of the call was not sent yet: what failed was the question for the version.
#[test]
fn what_fails_before_the_request_is_sent_has_done_nothing() {
    alone(async {
        let engine = Engine::on(Socket::Unix).await;
        engine.fail(Fault::new("", Then::HangUp));
        let docker = DockerClient::builder().address(engine.address()).build().unwrap();
        let error = docker.container("web").pause().await.unwrap_err();
        assert!(error.is_broken() && !error.may_have_been_executed());
        assert_eq!(engine.seen(), ["get /version http/1.1"]);
        let said = error.to_string().replace(engine.address(), "ADDRESS");
        assert_eq!(said, "container pause: the connection to ADDRESS broke before the engine answered");
    });
}
