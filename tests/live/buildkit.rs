//! Connections to BuildKit.

use std::time::Duration;

use dockerclient::{ApiVersion, raw::RawConnection};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use crate::engine::{Engine, version};

/// The start of an HTTP/2 connection, sent by the client.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// An empty SETTINGS frame: a length of 0, the type 4, no flags, and the stream 0.
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];

/// Reads `N` bytes.
async fn read<const N: usize>(connection: &mut RawConnection) -> [u8; N] {
    let mut bytes = [0; N];
    timeout(Duration::from_secs(30), connection.read_exact(&mut bytes)).await.unwrap().unwrap();
    bytes
}

/// Reads the head of a frame, and checks that it is SETTINGS of the whole connection.
async fn read_settings(connection: &mut RawConnection) {
    let head: [u8; 9] = read(connection).await;
    assert_eq!((head[3], &head[5..]), (SETTINGS[3], &SETTINGS[5..]), "{head:?}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn session_is_an_http2_connection_of_the_engine() {
    let engine = Engine::under_test().await;
    // The proxy does not support upgrades.
    let buildkit = engine.direct().buildkit();
    let id = engine.name("session");
    let open = || buildkit.session(&*id).name("test").shared_key("test").methods(["/grpc.health.v1.Health/Check"]);
    if version() < ApiVersion::new(1, 31) {
        assert!(open().await.unwrap_err().is_unsupported());
        return;
    }
    let mut connection = open().await.unwrap();
    assert_eq!(connection.status(), 101);
    assert_eq!(read::<24>(&mut connection).await, PREFACE);
    read_settings(&mut connection).await;

    let taken = open().await.unwrap_err();
    assert!(taken.is_bad_request(), "{taken}");
    assert!(taken.message().is_some_and(|message| message.contains("already exists")), "{taken}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn grpc_is_an_http2_connection_to_the_engine() {
    let engine = Engine::under_test().await;
    // The proxy does not support upgrades.
    let buildkit = engine.direct().buildkit();
    if version() < ApiVersion::new(1, 40) {
        assert!(buildkit.grpc().await.unwrap_err().is_unsupported());
        return;
    }
    let mut connection = buildkit.grpc().await.unwrap();
    assert_eq!(connection.status(), 101);
    connection.write_all(PREFACE).await.unwrap();
    connection.write_all(&SETTINGS).await.unwrap();
    read_settings(&mut connection).await;
}
