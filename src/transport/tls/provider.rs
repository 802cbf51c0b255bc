//! Choice of the crypto provider: the cryptography that rustls uses.
//!
//! The default of the process is set by the program, so it takes precedence over the providers of features, which any crate
//! of the program may enable. Nothing is installed as the default, which the program or another crate may do.

use std::sync::Arc;

use tokio_rustls::rustls::crypto::CryptoProvider;

use crate::{Error, Result};

const NO_PROVIDER: &str = "no crypto provider for TLS; enable the feature `tls` or `tls-aws-lc-rs` of dockerclient, or call `CryptoProvider::install_default` of rustls 0.23 before creating the client";

/// Returns the crypto provider for a new client.
pub(super) fn find() -> Result<Arc<CryptoProvider>> {
    choose(CryptoProvider::get_default().cloned(), built_in())
}

fn choose<T>(process_default: Option<T>, built_in: Option<T>) -> Result<T> {
    process_default.or(built_in).ok_or_else(|| Error::invalid_input(NO_PROVIDER))
}

/// Returns the provider of the enabled features. aws-lc-rs takes precedence: it supports all algorithms of ring, so a crate
/// that enables the other feature removes none.
#[cfg(feature = "tls-aws-lc-rs")]
fn built_in() -> Option<Arc<CryptoProvider>> {
    Some(Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider()))
}

/// Returns the provider of the enabled features.
#[cfg(all(feature = "tls", not(feature = "tls-aws-lc-rs")))]
fn built_in() -> Option<Arc<CryptoProvider>> {
    Some(Arc::new(tokio_rustls::rustls::crypto::ring::default_provider()))
}

/// Returns the provider of the enabled features: none.
#[cfg(not(any(feature = "tls", feature = "tls-aws-lc-rs")))]
fn built_in() -> Option<Arc<CryptoProvider>> {
    None
}

/// Returns the providers of all enabled features.
#[cfg(all(test, any(feature = "tls", feature = "tls-aws-lc-rs")))]
pub(super) fn all_built_in() -> Vec<Arc<CryptoProvider>> {
    Vec::from([
        #[cfg(feature = "tls")]
        Arc::new(tokio_rustls::rustls::crypto::ring::default_provider()),
        #[cfg(feature = "tls-aws-lc-rs")]
        Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crypto_provider_of_the_process_takes_precedence() {
        assert_eq!(choose(Some("process"), Some("built in")).unwrap(), "process");
        assert_eq!(choose(Some("process"), None).unwrap(), "process");
        assert_eq!(choose(None, Some("built in")).unwrap(), "built in");
    }

    #[test]
    fn missing_crypto_provider_is_an_error() {
        let error = choose(None::<&str>, None).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::InvalidInput, "{error:?}");
        assert_eq!(error.to_string(), NO_PROVIDER);
    }

    #[cfg(all(feature = "tls", feature = "tls-aws-lc-rs"))]
    #[test]
    fn crypto_provider_with_all_features_supports_every_algorithm() {
        let chosen = built_in().unwrap();
        for provider in all_built_in() {
            let [schemes, chosen_schemes] =
                [&provider, &chosen].map(|provider| provider.signature_verification_algorithms.supported_schemes());
            assert!(schemes.iter().all(|scheme| chosen_schemes.contains(scheme)), "{schemes:?} {chosen_schemes:?}");
            for suite in &provider.cipher_suites {
                assert!(chosen.cipher_suites.iter().any(|other| other.suite() == suite.suite()), "{suite:?}");
            }
            for group in &provider.kx_groups {
                assert!(chosen.kx_groups.iter().any(|other| other.name() == group.name()), "{group:?}");
            }
        }
    }
}
