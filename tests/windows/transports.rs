//! Transports that are available on Windows: named pipes, and TCP with TLS.

use dockerclient::{DockerClient, Tls};

use crate::{
    engine::connect,
    work::{check_transport, variable},
};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask windows"]
async fn named_pipe_carries_calls_streams_and_sessions() {
    check_transport(&connect()).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask windows"]
async fn tls_with_client_certificate_carries_all_traffic() {
    let tls = Tls::from_directory(variable("DOCKERCLIENT_TEST_CERTIFICATES"));
    let docker = DockerClient::builder().address(variable("DOCKERCLIENT_TEST_TLS")).tls(tls);
    check_transport(&docker.build().unwrap()).await;
}
