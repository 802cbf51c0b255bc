//! Error messages for failed TLS handshakes.
//!
//! An engine that rejects a client certificate sends only an alert. Usually the same CA signs the certificates of the engine
//! and of its clients, so the reason is found by verifying the client certificate against the CA certificates that this
//! client trusts.

use std::sync::Arc;

use tokio_rustls::rustls::{
    AlertDescription, CertificateError, Error, RootCertStore,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::WebPkiClientVerifier,
};

const NO_COMMON_ALGORITHM: &str = "the engine supports no algorithm of this client, for example because its key is P-521, which ring does not support";

/// The certificates to explain a failed handshake with.
#[derive(Debug)]
pub(super) struct Diagnostics {
    trusted: Arc<RootCertStore>,
    client_chain: Option<Vec<CertificateDer<'static>>>,
    provider: Arc<CryptoProvider>,
}

impl Diagnostics {
    pub(super) fn new(
        trusted: Arc<RootCertStore>,
        client_chain: Option<Vec<CertificateDer<'static>>>,
        provider: Arc<CryptoProvider>,
    ) -> Self {
        Self { trusted, client_chain, provider }
    }

    pub(super) fn explain(&self, error: &Error, name: &ServerName<'_>) -> String {
        match error {
            Error::InvalidCertificate(why) => server_certificate(why, name),
            Error::InvalidMessage(_) => "the engine does not use TLS; use an address without TLS".into(),
            Error::AlertReceived(alert) => self.alert(*alert),
            other => format!("{other}"),
        }
    }

    fn alert(&self, alert: AlertDescription) -> String {
        use AlertDescription as Alert;
        match (alert, &self.client_chain) {
            (Alert::BadCertificate | Alert::CertificateRequired, None) => {
                "the engine requires a client certificate".into()
            }
            // Some servers send this alert in both cases.
            (Alert::HandshakeFailure, None) => {
                format!("the engine requires a client certificate, or {NO_COMMON_ALGORITHM}")
            }
            (Alert::HandshakeFailure, Some(_)) => NO_COMMON_ALGORITHM.into(),
            (
                Alert::BadCertificate
                | Alert::CertificateExpired
                | Alert::CertificateRequired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::UnsupportedCertificate,
                Some(chain),
            ) => format!("the engine rejected the client certificate: {}", self.client_certificate(chain, alert)),
            (Alert::ProtocolVersion, _) => "no TLS version in common".into(),
            (other, _) => format!("the engine aborted the handshake: {other:?}"),
        }
    }

    /// Describes the fault of the client certificate that the engine rejected; falls back to the alert.
    fn client_certificate(&self, chain: &[CertificateDer<'static>], alert: AlertDescription) -> String {
        let Some((own, intermediates)) = chain.split_first() else { return "the file contains no certificate".into() };
        let provider = Arc::clone(&self.provider);
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(&self.trusted), provider).build();
        let outcome =
            verifier.ok().and_then(|verifier| verifier.verify_client_cert(own, intermediates, UnixTime::now()).err());
        match outcome {
            Some(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
                "it is signed by a CA that the engine does not trust".into()
            }
            Some(Error::InvalidCertificate(why)) => describe(&why),
            _ => format!("{alert:?}"),
        }
    }
}

fn server_certificate(why: &CertificateError, name: &ServerName<'_>) -> String {
    match why {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!(
                "the certificate is not valid for {:?}; set the name it is valid for with `server_name`",
                name.to_str()
            )
        }
        CertificateError::UnknownIssuer => "the certificate is signed by a CA that is not trusted".into(),
        other => format!("the certificate is not valid: {}", describe(other)),
    }
}

/// Describes the fault of a certificate.
pub(super) fn describe(why: &CertificateError) -> String {
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "expired".into(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "not valid yet".into(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "extended key usage does not allow this use".into()
        }
        CertificateError::BadSignature => "a signature is not valid, or its RSA key has fewer than 2048 bits".into(),
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "unsupported signature algorithm (for example SHA-1, MD5, or P-521 with ring)".into()
        }
        // rustls has no variants for these.
        CertificateError::Other(other) => match &*other.to_string() {
            "UnsupportedCertVersion" => "X.509 version 1; version 3 is required".into(),
            "CaUsedAsEndEntity" => "a CA certificate that is not one of the trusted certificates".into(),
            other => other.to_owned(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
#[cfg(any(feature = "tls", feature = "tls-aws-lc-rs"))]
mod tests;
