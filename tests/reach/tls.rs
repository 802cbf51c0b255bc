//! TLS: who is let in, who is trusted, and what is said if not.

use std::{collections::BTreeSet, path::PathBuf};

use dockerclient::{DockerClient, Tls};
use insta::assert_snapshot;
use tokio::net::{TcpListener, UnixStream};

use crate::work::{everything_works, socket, variable};

fn certificates(below: &str) -> PathBuf {
    PathBuf::from(variable("DOCKERCLIENT_TEST_CERTIFICATES")).join(below)
}

fn client(address: &str, tls: Tls) -> DockerClient {
    DockerClient::builder().address(address).tls(tls).build().unwrap()
}

/// What a call says that does not get through, without what changes from run to run.
async fn refused(docker: &DockerClient) -> String {
    let error = docker.ping().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    let port = variable("DOCKERCLIENT_TEST_TLS").rsplit(':').next().unwrap().to_owned();
    error.to_string().replace(&port, "PORT")
}

async fn refused_with(tls: Tls) -> String {
    refused(&client(&variable("DOCKERCLIENT_TEST_TLS"), tls)).await
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn the_right_certificate_opens_everything() {
    everything_works(&client(&variable("DOCKERCLIENT_TEST_TLS"), Tls::from_directory(certificates("")))).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn certificates_may_come_from_memory_and_the_server_may_have_another_name() {
    let read = |name: &str| std::fs::read(certificates(name)).unwrap();
    let tls = Tls::default().ca_pem(read("ca.pem")).identity_pem(read("cert.pem"), read("key.pem"));
    let by_name = variable("DOCKERCLIENT_TEST_TLS").replace("127.0.0.1", "localhost").replace("tcp:", "https:");
    client(&by_name, tls.server_name("engine.test")).ping().await.unwrap();
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn anyone_is_trusted_if_that_is_wanted() {
    let identity = |tls: Tls| tls.identity_files(certificates("cert.pem"), certificates("key.pem"));
    let anyone = identity(Tls::default().dangerously_trust_anyone());
    client(&variable("DOCKERCLIENT_TEST_TLS"), anyone).ping().await.unwrap();
    let systems = refused_with(identity(Tls::default())).await;
    assert_snapshot!(systems, @"system ping: no TLS with https://127.0.0.1:PORT: its certificate is of an authority that is not trusted");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn each_reason_to_be_refused_is_told() {
    let mut told = BTreeSet::new();
    // Whether the refusal is seen must not depend on who is faster.
    for _ in 0..20 {
        told.insert(refused_with(Tls::default().ca_file(certificates("ca.pem"))).await);
        for bad in ["other", "expired", "server"] {
            told.insert(refused_with(Tls::from_directory(certificates(bad))).await);
        }
    }
    assert_snapshot!(told.into_iter().collect::<Vec<_>>().join("\n"), @r"
    system ping: no TLS with https://127.0.0.1:PORT: it refuses the client certificate: it has expired
    system ping: no TLS with https://127.0.0.1:PORT: it refuses the client certificate: it is not made for clients
    system ping: no TLS with https://127.0.0.1:PORT: it refuses the client certificate: it is of another authority
    system ping: no TLS with https://127.0.0.1:PORT: it wants a client certificate, and none was given
    ");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn an_engine_that_is_not_the_one_is_not_talked_to() {
    let stranger = Tls::from_directory(certificates("")).ca_file(certificates("other/authority.pem"));
    assert_snapshot!(refused_with(stranger).await, @"system ping: no TLS with https://127.0.0.1:PORT: its certificate is of an authority that is not trusted");
    let by_name = variable("DOCKERCLIENT_TEST_TLS").replace("127.0.0.1", "localhost");
    let misnamed = client(&by_name, Tls::from_directory(certificates("")));
    assert_snapshot!(refused(&misnamed).await, @r#"system ping: no TLS with https://localhost:PORT: its certificate is not for "localhost"; name the one it is for as the server's"#);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_port_without_tls_is_told_from_one_with() {
    let plain = DockerClient::builder().address(variable("DOCKERCLIENT_TEST_TLS").replace("tcp:", "http:"));
    assert_snapshot!(refused(&plain.build().unwrap()).await, @"system ping: the engine wants TLS; set DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, or use the builder's `tls`");

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut engine = UnixStream::connect(socket()).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut engine).await;
            });
        }
    });
    let error = client(&format!("https://{address}"), Tls::from_directory(certificates(""))).ping().await.unwrap_err();
    assert!(error.is_connect());
    assert_snapshot!(error.to_string().replace(&address.to_string(), "ADDRESS"), @"system ping: no TLS with https://ADDRESS: it does not speak TLS; use an address without");
}
