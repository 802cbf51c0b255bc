//! Peers that are not Docker engines.

use crate::{
    engine::{Engine, Fault, Socket, Then},
    leak_check::run_isolated,
    transports::{Call, error_of},
};

/// Bytes that peers of other protocols send, on connect or after a request.
fn other_protocols() -> [(&'static str, Fault); 9] {
    const ALERT: &[u8] = b"\x15\x03\x01\x00\x02\x02\x46";
    const SETTINGS: &[u8] = b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\x04\0\x10\0\0\0\x06\0\0\x40\0";
    [
        ("TLS", Fault::new(ALERT, Then::Close)),
        ("SSH, first", Fault::on_connect("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", Then::Stall)),
        ("SSH, then", Fault::new("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", Then::Stall)),
        ("HTTP/2", Fault::new(SETTINGS, Then::Stall)),
        ("an HTTP/2 preface", Fault::new("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Then::Stall)),
        ("HTTP/0.9", Fault::new("<html>welcome</html>\n", Then::Close)),
        ("SMTP, first", Fault::on_connect("220 mail.example ESMTP\r\n", Then::Stall)),
        ("an invalid status", Fault::new("HTTP/1.1 99999 Odd\r\n\r\n", Then::Stall)),
        ("zeros", Fault::new([0; 1000], Then::Stall)),
    ]
}

#[test]
fn non_http_peer_is_an_error() {
    run_isolated(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            for ((name, fault), call) in
                other_protocols().into_iter().flat_map(|protocol| Call::ALL.map(|call| (protocol.clone(), call)))
            {
                let error = error_of(&engine, engine.builder(), call, fault).await;
                assert!(error.is_connection_lost(), "{name}, {call:?} on {socket:?}: {error}");
                assert!(!error.is_timeout() && !error.is_connect() && error.status().is_none());
            }
        }
    });
}

#[cfg(any(feature = "tls", feature = "tls-aws-lc-rs"))]
#[test]
fn non_tls_peer_is_a_connect_error() {
    use dockerclient::{ApiVersion, DockerClient, Tls};

    run_isolated(async {
        let engine = Engine::on(Socket::Tcp).await;
        let docker = DockerClient::builder()
            .address(engine.address())
            .api_version(ApiVersion::new(1, 41))
            .tls(Tls::default().danger_accept_invalid_certs(true))
            .connect_timeout(std::time::Duration::from_millis(200))
            .build()
            .unwrap();
        let plain = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
        for fault in [
            Fault::on_connect(plain, Then::Stall),
            Fault::on_connect("SSH-2.0-OpenSSH_9.2p1\r\n", Then::Close),
            Fault::on_connect("", Then::Close),
            Fault::on_connect("", Then::Stall),
            Fault::on_connect(b"\x16\x03\x03\xff\xff", Then::Repeat(&[0; 4096])),
        ] {
            for call in Call::ALL {
                engine.fail(fault.clone());
                let error = call.run(&docker).await.unwrap_err();
                assert!(error.is_connect() && !error.may_have_been_executed(), "{fault:?}, {call:?}: {error}");
                engine.wait_for_open_at_most(0).await;
            }
        }
    });
}
