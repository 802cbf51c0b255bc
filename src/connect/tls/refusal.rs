//! Why two sides do not come together over TLS, in words for people.
//!
//! Engines refuse a client's certificate with little more than "no". What is wrong with
//! it can mostly be seen from here, as the authority that signed the engine's
//! certificate usually signs those of its clients.

use std::sync::Arc;

use tokio_rustls::rustls::{
    AlertDescription, CertificateError, Error, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::WebPkiClientVerifier,
};

/// What is known of both sides.
#[derive(Debug)]
pub(super) struct Refusal {
    trusted: Arc<RootCertStore>,
    shown: Option<Vec<CertificateDer<'static>>>,
}

impl Refusal {
    pub(super) fn new(trusted: Arc<RootCertStore>, shown: Option<Vec<CertificateDer<'static>>>) -> Self {
        Self { trusted, shown }
    }

    pub(super) fn explain(&self, error: &Error, name: &ServerName<'_>) -> String {
        match error {
            Error::InvalidCertificate(why) => engine_certificate(why, name),
            Error::InvalidMessage(_) => "it does not speak TLS; use an address without".into(),
            Error::AlertReceived(alert) => self.alert(*alert),
            other => format!("the TLS handshake failed: {other}"),
        }
    }

    fn alert(&self, alert: AlertDescription) -> String {
        use AlertDescription as Alert;
        match (alert, &self.shown) {
            (Alert::BadCertificate | Alert::CertificateRequired | Alert::HandshakeFailure, None) => {
                "it wants a client certificate, and none was given".into()
            }
            (
                Alert::BadCertificate
                | Alert::CertificateExpired
                | Alert::CertificateRequired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::UnsupportedCertificate,
                Some(shown),
            ) => format!("it refuses the client certificate: {}", self.fault(shown, alert)),
            (Alert::ProtocolVersion, _) => "it speaks no version of TLS that this client speaks".into(),
            (other, _) => format!("it broke off the TLS handshake: {other:?}"),
        }
    }

    /// What is wrong with the certificate that was shown, as far as it can be seen from here.
    fn fault(&self, shown: &[CertificateDer<'static>], alert: AlertDescription) -> String {
        let Some((own, chain)) = shown.split_first() else { return "there is none in the file".into() };
        let provider = Arc::new(ring::default_provider());
        let judge = WebPkiClientVerifier::builder_with_provider(Arc::clone(&self.trusted), provider).build();
        let judgement = judge.ok().and_then(|judge| judge.verify_client_cert(own, chain, UnixTime::now()).err());
        match judgement {
            Some(Error::InvalidCertificate(why)) => match why {
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".into(),
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    "it is not valid yet".into()
                }
                CertificateError::UnknownIssuer => "it is of another authority".into(),
                CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                    "it is not made for clients".into()
                }
                other => other.to_string(),
            },
            _ => format!("{alert:?}"),
        }
    }
}

fn engine_certificate(why: &CertificateError, name: &ServerName<'_>) -> String {
    match why {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("its certificate is not for {:?}; name the one it is for as the server's", name.to_str())
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired".into(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet".into()
        }
        CertificateError::UnknownIssuer => "its certificate is of an authority that is not trusted".into(),
        other => format!("its certificate is not valid: {other}"),
    }
}
