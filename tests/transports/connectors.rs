//! Custom connectors.

use std::io;

use dockerclient::DockerClient;
use tokio::net::UnixStream;

use crate::work::{check_transport, socket};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn custom_connector_carries_calls_streams_and_sessions() {
    // Through an in-memory pipe, as an example of any tunnel.
    let dial = || async {
        let mut engine = UnixStream::connect(socket()).await?;
        let (here, mut there) = tokio::io::duplex(1024);
        tokio::spawn(async move { tokio::io::copy_bidirectional(&mut there, &mut engine).await });
        Ok(here)
    };
    check_transport(&DockerClient::builder().connector(dial).build().unwrap()).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn connector_error_is_the_source_of_the_error() {
    let dial = || async { Err::<UnixStream, _>(io::Error::other("the tunnel is closed")) };
    let error = DockerClient::builder().connector(dial).build().unwrap().ping().await.unwrap_err();
    assert!(error.is_connect());
    assert_eq!(error.to_string(), "failed to ping the engine: the custom connector failed");
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "the tunnel is closed");
}
