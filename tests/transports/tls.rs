//! TLS: client certificates, verification of the server, and error messages.

use std::{collections::BTreeSet, path::PathBuf};

use dockerclient::{DockerClient, Tls};
use insta::assert_snapshot;
use tokio::net::{TcpListener, UnixStream};

use crate::work::{check_transport, socket, variable};

fn certificates(path: &str) -> PathBuf {
    PathBuf::from(variable("DOCKERCLIENT_TEST_CERTIFICATES")).join(path)
}

fn client(address: &str, tls: Tls) -> DockerClient {
    DockerClient::builder().address(address).tls(tls).build().unwrap()
}

/// Returns the message of the connect error of a call, without the port.
async fn connect_error(docker: &DockerClient) -> String {
    let error = docker.ping().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    let port = variable("DOCKERCLIENT_TEST_TLS").rsplit(':').next().unwrap().to_owned();
    error.to_string().replace(&port, "PORT")
}

/// Returns the message of the error of connecting with these TLS settings.
async fn connect_error_with(tls: Tls) -> String {
    connect_error(&client(&variable("DOCKERCLIENT_TEST_TLS"), tls)).await
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn tls_with_client_certificate_carries_all_traffic() {
    check_transport(&client(&variable("DOCKERCLIENT_TEST_TLS"), Tls::from_directory(certificates("")))).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn tls_with_pem_from_memory_and_a_server_name() {
    let read = |name: &str| std::fs::read(certificates(name)).unwrap();
    let tls = Tls::default().ca_pem(read("ca.pem")).identity_pem(read("cert.pem"), read("key.pem"));
    let by_name = variable("DOCKERCLIENT_TEST_TLS").replace("127.0.0.1", "localhost").replace("tcp:", "https:");
    client(&by_name, tls.server_name("engine.test")).ping().await.unwrap();
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn danger_accept_invalid_certs_skips_certificate_verification() {
    let identity = |tls: Tls| tls.identity_files(certificates("cert.pem"), certificates("key.pem"));
    let unverified = identity(Tls::default().danger_accept_invalid_certs(true));
    client(&variable("DOCKERCLIENT_TEST_TLS"), unverified).ping().await.unwrap();
    let error = connect_error_with(identity(Tls::default())).await;
    assert_snapshot!(error, @"failed to ping the engine: TLS handshake with https://127.0.0.1:PORT failed: the certificate is signed by a CA that is not trusted");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn rejected_client_certificate_is_reported_with_its_cause() {
    let mut errors = BTreeSet::new();
    // The rejection must be reported whether it is received before or after the request is written.
    for _ in 0..20 {
        errors.insert(connect_error_with(Tls::default().ca_file(certificates("ca.pem"))).await);
        for bad in ["other", "expired", "server"] {
            errors.insert(connect_error_with(Tls::from_directory(certificates(bad))).await);
        }
    }
    assert_snapshot!(errors.into_iter().collect::<Vec<_>>().join("\n"), @r"
    failed to ping the engine: TLS handshake with https://127.0.0.1:PORT failed: the engine rejected the client certificate: expired
    failed to ping the engine: TLS handshake with https://127.0.0.1:PORT failed: the engine rejected the client certificate: extended key usage does not allow this use
    failed to ping the engine: TLS handshake with https://127.0.0.1:PORT failed: the engine rejected the client certificate: it is signed by a CA that the engine does not trust
    failed to ping the engine: TLS handshake with https://127.0.0.1:PORT failed: the engine requires a client certificate
    ");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn server_certificate_of_wrong_ca_or_name_is_rejected() {
    let wrong_ca = Tls::from_directory(certificates("")).ca_file(certificates("other/authority.pem"));
    assert_snapshot!(connect_error_with(wrong_ca).await, @"failed to ping the engine: TLS handshake with https://127.0.0.1:PORT failed: the certificate is signed by a CA that is not trusted");
    let by_name = variable("DOCKERCLIENT_TEST_TLS").replace("127.0.0.1", "localhost");
    let wrong_name = client(&by_name, Tls::from_directory(certificates("")));
    assert_snapshot!(connect_error(&wrong_name).await, @r#"failed to ping the engine: TLS handshake with https://localhost:PORT failed: the certificate is not valid for "localhost"; set the name it is valid for with `server_name`"#);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn tls_mismatch_with_the_port_is_reported() {
    let plain = DockerClient::builder().address(variable("DOCKERCLIENT_TEST_TLS").replace("tcp:", "http:"));
    assert_snapshot!(connect_error(&plain.build().unwrap()).await, @"failed to ping the engine: the engine requires TLS; set DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, or call `tls` on the builder");

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
    assert_snapshot!(error.to_string().replace(&address.to_string(), "ADDRESS"), @"failed to ping the engine: TLS handshake with https://ADDRESS failed: the engine does not use TLS; use an address without TLS");
}
