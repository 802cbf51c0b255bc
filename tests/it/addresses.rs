//! What a builder takes, and what it refuses before anything is sent.

use dockerclient::{DockerClient, DockerClientBuilder, Tls};
use insta::assert_snapshot;
use tokio::net::UnixStream;

const CERTIFICATE: &str = include_str!("keys/rsa-cert.pem");
const KEY: &str = include_str!("keys/rsa-pkcs8.pem");

fn with(tls: Tls) -> DockerClientBuilder {
    DockerClient::builder().address("tcp://engine.example").tls(tls)
}

#[track_caller]
fn refused(builder: DockerClientBuilder) -> String {
    let error = builder.build().unwrap_err();
    assert!(error.is_bad_request(), "{error:?}");
    error.to_string()
}

#[test]
fn keys_come_in_three_forms() {
    with(Tls::default().identity_pem(CERTIFICATE, KEY)).build().unwrap();
    with(Tls::default().identity_pem(CERTIFICATE, include_str!("keys/rsa-pkcs1.pem"))).build().unwrap();
    let (certificate, key) = (include_str!("keys/ec-cert.pem"), include_str!("keys/ec-sec1.pem"));
    with(Tls::default().identity_pem(certificate, key).ca_pem(CERTIFICATE).also_trust_system()).build().unwrap();
    with(Tls::default().server_name("10.0.0.1")).build().unwrap();
    DockerClient::builder().address("https://[::1]").tls(Tls::default()).build().unwrap();
}

#[test]
fn what_is_no_certificate_or_no_key_is_refused_by_name_and_not_shown() {
    let encrypted = include_str!("keys/rsa-encrypted.pem");
    let other = include_str!("keys/ec-sec1.pem");
    let told = [
        refused(with(Tls::default().ca_pem("secret"))),
        refused(with(Tls::default().ca_file("/nowhere/ca.pem"))),
        refused(with(Tls::default().identity_pem(CERTIFICATE, "secret"))),
        refused(with(Tls::default().identity_pem(CERTIFICATE, encrypted))),
        refused(with(Tls::default().identity_pem(KEY, KEY))),
        refused(with(Tls::default().identity_pem(CERTIFICATE, other))),
        refused(with(Tls::default().server_name("no name"))),
    ];
    assert_snapshot!(told.join("\n"), @r#"
    what was given as PEM holds no certificates in PEM
    /nowhere/ca.pem cannot be read
    what was given as PEM holds no private key in PEM that is not encrypted
    what was given as PEM holds no private key in PEM that is not encrypted
    what was given as PEM holds no certificates in PEM
    the certificate and the key do not belong together
    "no name" is no name of a server
    "#);
}

#[test]
fn debug_shows_no_key() {
    let tls = Tls::default().identity_pem(CERTIFICATE, KEY).ca_file("ca.pem");
    let builder = format!("{:?}", with(tls.clone()));
    let text = format!("{tls:?} {builder} {:?}", with(Tls::default().identity_pem(CERTIFICATE, KEY)).build().unwrap());
    assert!(text.contains("ca.pem") && text.contains("engine.example"), "{text}");
    assert!(!text.contains("PRIVATE") && !text.contains(&KEY[40..80]), "{text}");
}

#[test]
fn what_contradicts_itself_is_refused() {
    let told = [
        refused(DockerClient::builder().address("unix:///run/docker.sock").tls(Tls::default())),
        refused(DockerClient::builder().address("http://engine.example").tls(Tls::default())),
        refused(DockerClient::builder().address("ssh://engine.example").tls(Tls::default())),
        refused(DockerClient::builder().address("tcp://engine.example").context("far")),
        refused(with(Tls::default()).connector(|| UnixStream::connect("/run/docker.sock"))),
    ];
    assert_snapshot!(told.join("\n"), @r"
    TLS is wanted, and unix:///run/docker.sock is without
    http://engine.example is without TLS, which is wanted; write https:// or tcp://
    TLS is wanted, and ssh://engine.example is without
    an address and a context are given; one of them is enough
    a connector is given, which leaves nothing to say about where to connect
    ");
}
