//! Connectors of one's own.

use std::io;

use dockerclient::DockerClient;
use tokio::net::UnixStream;

use crate::work::{everything_works, socket};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn whatever_carries_bytes_will_do() {
    // Through memory, as a tunnel of any kind might.
    let dial = || async {
        let mut engine = UnixStream::connect(socket()).await?;
        let (here, mut there) = tokio::io::duplex(1024);
        tokio::spawn(async move { tokio::io::copy_bidirectional(&mut there, &mut engine).await });
        Ok(here)
    };
    everything_works(&DockerClient::builder().connector(dial).build().unwrap()).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn what_a_connector_fails_of_is_the_source_of_the_error() {
    let dial = || async { Err::<UnixStream, _>(io::Error::other("the tunnel is closed")) };
    let error = DockerClient::builder().connector(dial).build().unwrap().ping().await.unwrap_err();
    assert!(error.is_connect());
    assert_eq!(error.to_string(), "system ping: the connector that was given has failed");
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "the tunnel is closed");
}
