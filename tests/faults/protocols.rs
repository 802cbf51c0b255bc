//! Something is there, and it is no engine.

use crate::{
    calm::alone,
    engine::{Engine, Fault, Socket, Then},
    ways::{Way, told},
};

/// What others say, to whoever connects or to a request.
fn others() -> [(&'static str, Fault); 9] {
    const ALERT: &[u8] = b"\x15\x03\x01\x00\x02\x02\x46";
    const SETTINGS: &[u8] = b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\x04\0\x10\0\0\0\x06\0\0\x40\0";
    [
        ("TLS", Fault::new(ALERT, Then::HangUp)),
        ("SSH, first", Fault::at_once("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", Then::SayNothing)),
        ("SSH, then", Fault::new("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", Then::SayNothing)),
        ("HTTP/2", Fault::new(SETTINGS, Then::SayNothing)),
        ("a preface", Fault::new("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Then::SayNothing)),
        ("HTTP/0.9", Fault::new("<html>welcome</html>\n", Then::HangUp)),
        ("SMTP, first", Fault::at_once("220 mail.example ESMTP\r\n", Then::SayNothing)),
        ("a status that is none", Fault::new("HTTP/1.1 99999 Odd\r\n\r\n", Then::SayNothing)),
        ("zeros", Fault::new([0; 1000], Then::SayNothing)),
    ]
}

#[test]
fn whoever_does_not_speak_http_is_no_engine_and_is_hung_up_on() {
    alone(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            for ((name, fault), way) in others().into_iter().flat_map(|other| Way::ALL.map(|way| (other.clone(), way)))
            {
                let error = told(&engine, engine.builder(), way, fault).await;
                assert!(error.is_broken(), "{name}, {way:?} on {socket:?}: {error}");
                assert!(!error.is_timeout() && !error.is_connect() && error.status().is_none());
            }
        }
    });
}

#[cfg(feature = "tls")]
#[test]
fn whoever_does_not_speak_tls_where_it_is_wanted_is_not_connected_to() {
    use dockerclient::{ApiVersion, DockerClient, Tls};

    alone(async {
        let engine = Engine::on(Socket::Tcp).await;
        let docker = DockerClient::builder()
            .address(engine.address())
            .api_version(ApiVersion::new(1, 41))
            .tls(Tls::default().dangerously_trust_anyone())
            .connect_timeout(std::time::Duration::from_millis(200))
            .build()
            .unwrap();
        let plain = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
        for fault in [
            Fault::at_once(plain, Then::SayNothing),
            Fault::at_once("SSH-2.0-OpenSSH_9.2p1\r\n", Then::HangUp),
            Fault::at_once("", Then::HangUp),
            Fault::at_once("", Then::SayNothing),
            Fault::at_once(b"\x16\x03\x03\xff\xff", Then::Repeat(&[0; 4096])),
        ] {
            for way in Way::ALL {
                engine.fail(fault.clone());
                let error = way.go(&docker).await.unwrap_err();
                assert!(error.is_connect() && !error.may_have_been_executed(), "{fault:?}, {way:?}: {error}");
                engine.closes_all_but(0).await;
            }
        }
    });
}
