//! Versions of the Docker Engine API, and their negotiation.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Error, Result};

pub(crate) mod negotiate;

/// A version of the Docker Engine API, for example `1.18`.
///
/// Versions are ordered by major and minor number: `1.9 < 1.18`.
/// [`DockerClient::api_version`](crate::DockerClient::api_version) returns the version that a client uses.
///
/// # Examples
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
    /// The oldest version that this crate supports.
    pub const OLDEST: Self = crate::generated::OLDEST;

    /// The newest version that this crate supports.
    pub const NEWEST: Self = crate::generated::NEWEST;

    /// Creates the version `major.minor`.
    #[must_use]
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// Returns the number before the dot.
    #[must_use]
    pub const fn major(self) -> u16 {
        self.major
    }

    /// Returns the number after the dot.
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

    /// Parses `1.18` or `v1.18`.
    fn from_str(text: &str) -> Result<Self> {
        let number = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
        text.strip_prefix('v')
            .unwrap_or(text)
            .split_once('.')
            .and_then(|(major, minor)| Some(Self { major: number(major)?, minor: number(minor)? }))
            .ok_or_else(|| {
                Error::invalid_input(format!("invalid API version {text:?}: expected a version such as 1.41"))
            })
    }
}

impl From<(u16, u16)> for ApiVersion {
    /// Creates a version from the numbers before and after the dot.
    fn from((major, minor): (u16, u16)) -> Self {
        Self { major, minor }
    }
}

/// Serializes as a string, for example `"1.18"`.
impl Serialize for ApiVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Deserializes from a string, for example `"1.18"`.
impl<'de> Deserialize<'de> for ApiVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Text;

        impl de::Visitor<'_> for Text {
            type Value = ApiVersion;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an API version, for example \"1.18\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<ApiVersion, E> {
                text.parse().map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_version_order() {
        assert!(ApiVersion::new(1, 9) < ApiVersion::new(1, 15));
        assert!(ApiVersion::new(2, 0) > ApiVersion::new(1, 99));
    }

    #[test]
    fn invalid_api_versions() {
        for text in ["", "1", "1.", ".18", "1.18.0", "1.+8", "-1.2", "1.x", "99999.1", "v", " 1.18"] {
            let error = text.parse::<ApiVersion>().unwrap_err();
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
            assert!(error.is_bad_request());
        }
        assert_eq!("v1.18".parse::<ApiVersion>().unwrap(), ApiVersion::new(1, 18));
    }

    #[test]
    fn api_version_serde() {
        let version = ApiVersion::from((1, 18));
        assert_eq!(serde_json::to_string(&version).unwrap(), r#""1.18""#);
        assert_eq!(serde_json::from_str::<ApiVersion>(r#""1.18""#).unwrap(), version);
        assert!(serde_json::from_str::<ApiVersion>("1.18").is_err());
        assert!(serde_json::from_str::<ApiVersion>(r#""1""#).is_err());
    }
}
