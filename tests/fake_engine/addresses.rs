//! Client builder: TLS certificates and keys, conflicting settings, and redacted output.

use std::io;

use dockerclient::{DockerClient, DockerClientBuilder, ErrorKind, Tls};
use insta::assert_snapshot;

const CERTIFICATE: &str = include_str!("keys/rsa-cert.pem");
const KEY: &str = include_str!("keys/rsa-pkcs8.pem");

fn builder_with(tls: Tls) -> DockerClientBuilder {
    DockerClient::builder().address("tcp://engine.example").tls(tls)
}

#[track_caller]
pub(crate) fn build_error(builder: DockerClientBuilder) -> String {
    build_error_of_kind(ErrorKind::InvalidInput, builder)
}

#[track_caller]
fn build_error_of_kind(kind: ErrorKind, builder: DockerClientBuilder) -> String {
    let error = builder.build().unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
    error.to_string()
}

#[test]
fn tls_identity_accepts_pkcs1_pkcs8_and_sec1_keys() {
    builder_with(Tls::default().identity_pem(CERTIFICATE, KEY)).build().unwrap();
    builder_with(Tls::default().identity_pem(CERTIFICATE, include_str!("keys/rsa-pkcs1.pem"))).build().unwrap();
    let (certificate, key) = (include_str!("keys/ec-cert.pem"), include_str!("keys/ec-sec1.pem"));
    builder_with(Tls::default().identity_pem(certificate, key).ca_pem(CERTIFICATE).system_roots(true)).build().unwrap();
    builder_with(Tls::default().server_name("10.0.0.1")).build().unwrap();
    DockerClient::builder().address("https://[::1]").tls(Tls::default()).build().unwrap();
}

#[test]
fn invalid_tls_certificate_or_key_is_an_error() {
    let encrypted = include_str!("keys/rsa-encrypted.pem");
    let other = include_str!("keys/ec-sec1.pem");
    let errors = [
        build_error(builder_with(Tls::default().ca_pem("secret"))),
        build_error_of_kind(ErrorKind::LocalIo, builder_with(Tls::default().ca_file("/nowhere/ca.pem"))),
        build_error(builder_with(Tls::default().identity_pem(CERTIFICATE, "secret"))),
        build_error(builder_with(Tls::default().identity_pem(CERTIFICATE, encrypted))),
        build_error(builder_with(Tls::default().identity_pem(KEY, KEY))),
        build_error(builder_with(Tls::default().identity_pem(CERTIFICATE, other))),
        build_error(builder_with(Tls::default().identity_pem(include_str!("keys/rsa-v1-cert.pem"), KEY))),
        build_error(builder_with(Tls::default().server_name("no name"))),
    ];
    assert_snapshot!(errors.join("\n"), @r#"
    no PEM certificate in the given PEM
    failed to read /nowhere/ca.pem: no such file or directory
    no unencrypted PEM private key in the given PEM
    no unencrypted PEM private key in the given PEM
    no PEM certificate in the given PEM
    the client certificate and the key do not match
    invalid client certificate: X.509 version 1; version 3 is required
    invalid server name "no name"
    "#);
}

#[test]
fn tls_debug_output_contains_no_key() {
    let tls = Tls::default().identity_pem(CERTIFICATE, KEY).ca_file("ca.pem");
    let builder = format!("{:?}", builder_with(tls.clone()));
    let text =
        format!("{tls:?} {builder} {:?}", builder_with(Tls::default().identity_pem(CERTIFICATE, KEY)).build().unwrap());
    assert!(text.contains("ca.pem") && text.contains("engine.example"), "{text}");
    assert!(!text.contains("PRIVATE") && !text.contains(&KEY[40..80]), "{text}");
}

#[test]
fn debug_and_errors_redact_passwords_and_header_values() {
    let builder = DockerClient::builder().address("tcp://me:s3cret@engine.example").header("X-Token", "s3cret");
    let text = format!("{builder:?}");
    assert!(text.contains("engine.example") && text.contains("X-Token") && !text.contains("s3cret"), "{text}");
    let error = builder.build().unwrap_err();
    assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    assert_snapshot!(error, @r#"invalid engine address "tcp://***@engine.example": a user name and password are not supported; to authenticate, add a header to each request"#);
    let invalid =
        DockerClient::builder().address("tcp://engine.example").header("X-Token", "s3\ncret").build().unwrap_err();
    assert_snapshot!(invalid, @r#"invalid value of header "X-Token""#);
    assert!(!format!("{invalid:?}").contains("s3"), "{invalid:?}");
}

#[test]
fn conflicting_builder_settings_are_errors() {
    let errors = [
        build_error(DockerClient::builder().address("http://engine.example").tls(Tls::default())),
        build_error(DockerClient::builder().address("ssh://engine.example").tls(Tls::default())),
        build_error(DockerClient::builder().address("tcp://engine.example").context("far")),
        build_error(builder_with(Tls::default()).connector(|| async { Ok::<_, io::Error>(tokio::io::duplex(1).0) })),
    ];
    assert_snapshot!(errors.join("\n"), @"
    TLS was configured, but http://engine.example does not use TLS; use https:// or tcp://
    TLS was configured, but ssh://engine.example does not use TLS
    address() cannot be combined with context()
    connector() cannot be combined with address(), context() or tls()
    ");
}
