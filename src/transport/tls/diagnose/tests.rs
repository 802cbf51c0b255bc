//! Messages for handshake failures that tests cannot provoke, because the crypto provider does not support such keys.

use tokio_rustls::rustls::{InvalidMessage, OtherError};

use super::*;
use crate::transport::tls::provider;

fn explained(error: impl Into<Error>) -> String {
    let provider = provider::all_built_in().swap_remove(0);
    let diagnostics = Diagnostics::new(Arc::new(RootCertStore::empty()), None, provider);
    diagnostics.explain(&error.into(), &"engine".try_into().unwrap())
}

#[derive(Debug)]
struct Named(&'static str);

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Named {}

#[test]
fn tls_handshake_failure_messages() {
    let other = |name| CertificateError::Other(OtherError(Arc::new(Named(name))));
    let messages = [
        explained(Error::AlertReceived(AlertDescription::CertificateRequired)),
        explained(Error::AlertReceived(AlertDescription::HandshakeFailure)),
        explained(Error::AlertReceived(AlertDescription::ProtocolVersion)),
        explained(Error::InvalidMessage(InvalidMessage::InvalidContentType)),
        explained(CertificateError::BadSignature),
        explained(other("UnsupportedCertVersion")),
        explained(other("CaUsedAsEndEntity")),
        explained(other("SomethingElse")),
    ];
    insta::assert_snapshot!(messages.join("\n"), @"
    the engine requires a client certificate
    the engine requires a client certificate, or the engine supports no algorithm of this client, for example because its key is P-521, which ring does not support
    no TLS version in common
    the engine does not use TLS; use an address without TLS
    the certificate is not valid: a signature is not valid, or its RSA key has fewer than 2048 bits
    the certificate is not valid: X.509 version 1; version 3 is required
    the certificate is not valid: a CA certificate that is not one of the trusted certificates
    the certificate is not valid: SomethingElse
    ");
}
