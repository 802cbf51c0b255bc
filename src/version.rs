//! Versions of the API, and which one to speak.

use std::{fmt, str::FromStr};

use crate::{Error, Result};

pub(crate) mod negotiate;

/// A version of the Docker Engine API, as `1.18`.
///
/// Versions have an order: `ApiVersion::new(1, 9) < ApiVersion::new(1, 18)`.
///
/// ```
/// use dockerclient::ApiVersion;
///
/// let version: ApiVersion = "1.18".parse()?;
/// assert!(version > ApiVersion::new(1, 9));
/// assert_eq!(version.to_string(), "1.18");
/// # Ok::<(), dockerclient::Error>(())
/// ```
#[doc(alias = "APIVersion")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion {
    major: u16,
    minor: u16,
}

impl ApiVersion {
    /// The oldest version this crate speaks.
    pub const OLDEST: Self = crate::wire::OLDEST;

    /// The newest version this crate speaks.
    pub const NEWEST: Self = crate::wire::NEWEST;

    /// The version `major.minor`.
    #[must_use]
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// The number before the dot.
    #[must_use]
    pub const fn major(self) -> u16 {
        self.major
    }

    /// The number behind the dot.
    #[must_use]
    pub const fn minor(self) -> u16 {
        self.minor
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for ApiVersion {
    type Err = Error;

    /// Reads `1.18` or `v1.18`.
    fn from_str(text: &str) -> Result<Self> {
        let number = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
        text.strip_prefix('v')
            .unwrap_or(text)
            .split_once('.')
            .and_then(|(major, minor)| Some(Self { major: number(major)?, minor: number(minor)? }))
            .ok_or_else(|| Error::request(format!("{text:?} is not an API version; one looks like 1.18")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_versions_are_numbers_not_decimals() {
        assert!(ApiVersion::new(1, 9) < ApiVersion::new(1, 15));
        assert!(ApiVersion::new(2, 0) > ApiVersion::new(1, 99));
    }

    #[test]
    fn what_is_not_a_version_is_refused_by_name() {
        for text in ["", "1", "1.", ".18", "1.18.0", "1.+8", "-1.2", "1.x", "99999.1", "v", " 1.18"] {
            let error = text.parse::<ApiVersion>().unwrap_err();
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
            assert!(error.is_bad_request());
        }
        assert_eq!("v1.18".parse::<ApiVersion>().unwrap(), ApiVersion::new(1, 18));
    }
}
