//! Certificates for a private engine and its clients: valid ones, and invalid ones for tests.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};

/// The hostname in the engine's certificate, which is also valid for the address 127.0.0.1.
const NAME: &str = "engine.test";

/// Writes the files of the engine (`ca.pem`, `server-cert.pem`, `server-key.pem`) and valid files of a client (`ca.pem`,
/// `cert.pem`, `key.pem`) to `folder`. Its subdirectories have client certificates with one fault each:
///
/// - `expired`: the certificate has expired.
/// - `other`: it is signed by another CA, whose certificate is `other/authority.pem`.
/// - `server`: it is a server certificate.
pub(super) fn write(folder: &Path) -> Result<()> {
    let (authority, other) = (Authority::new("engine's")?, Authority::new("other's")?);
    let (for_clients, for_servers) = (ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth);
    fs::create_dir_all(folder)?;
    let engine = leaf(&[NAME, "127.0.0.1"], for_servers.clone())?;
    authority.sign(&engine, folder, "server-cert.pem", "server-key.pem")?;
    fs::write(folder.join("ca.pem"), &authority.pem)?;
    authority.sign(&leaf(&[], for_clients.clone())?, folder, "cert.pem", "key.pem")?;

    let mut expired = leaf(&[], for_clients.clone())?;
    expired.not_before = date_time_ymd(2000, 1, 1);
    expired.not_after = date_time_ymd(2001, 1, 1);
    let invalid = [("expired", &authority, expired), ("other", &other, leaf(&[], for_clients)?)];
    for (name, signer, certificate) in invalid.into_iter().chain([("server", &authority, leaf(&[], for_servers)?)]) {
        let folder = folder.join(name);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("ca.pem"), &authority.pem)?;
        signer.sign(&certificate, &folder, "cert.pem", "key.pem")?;
    }
    Ok(fs::write(folder.join("other/authority.pem"), &other.pem)?)
}

/// A certificate authority (CA).
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Result<Self> {
        let mut certificate = CertificateParams::default();
        certificate.distinguished_name.push(rcgen::DnType::CommonName, format!("the {name} authority"));
        certificate.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        certificate.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let pem = certificate.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(certificate, key), pem })
    }

    fn sign(
        &self,
        certificate: &CertificateParams,
        folder: &Path,
        certificate_file: &str,
        key_file: &str,
    ) -> Result<()> {
        let key = KeyPair::generate()?;
        let signed = certificate.signed_by(&key, &self.issuer)?;
        fs::write(folder.join(certificate_file), signed.pem()).context("failed to write the certificate")?;
        Ok(fs::write(folder.join(key_file), key.serialize_pem())?)
    }
}

fn leaf(names: &[&str], purpose: ExtendedKeyUsagePurpose) -> Result<CertificateParams> {
    let mut certificate = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    certificate.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    certificate.extended_key_usages = vec![purpose];
    Ok(certificate)
}
