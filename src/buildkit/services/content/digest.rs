//! Digests of blobs.

use std::fmt;

use hmac_sha256::Hash;

const ALGORITHM: &str = "sha256:";

/// Number of hexadecimal digits.
const LENGTH: usize = 64;

/// A SHA-256 digest, as lowercase hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Digest(String);

impl Digest {
    /// Parses `sha256:` and the digits. Returns `None` for any other text, also for other algorithms.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(ALGORITHM)?;
        let is_valid = digits.len() == LENGTH && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_valid.then(|| Self(digits.to_owned()))
    }

    pub(super) fn of(hash: Hash) -> Self {
        Self(hash.finalize().map(|byte| format!("{byte:02x}")).concat())
    }

    pub(super) fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALGORITHM}{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blob_digest_is_sha256() {
        let mut hash = Hash::new();
        hash.update("abc");
        let text = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Digest::of(hash).to_string(), text);
        assert_eq!(Digest::parse(text), Some(Digest::of(hash)));
    }

    #[test]
    fn blob_digest_of_any_other_form_is_not_valid() {
        let digits = "a".repeat(LENGTH);
        for text in [
            String::new(),
            digits.clone(),
            format!("sha256:{digits}a"),
            format!("sha256:{}", &digits[1..]),
            format!("sha256:{}", digits.to_uppercase()),
            format!("SHA256:{digits}"),
            format!("sha512:{digits}{digits}"),
            format!("sha256:../{}", &digits[3..]),
            format!("sha256:{}ä", &digits[2..]),
        ] {
            assert_eq!(Digest::parse(&text), None, "{text}");
        }
    }
}
