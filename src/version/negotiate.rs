//! Negotiation of the API version: the newest that both the engine and this crate support.

use serde::Deserialize;

use crate::{
    ApiVersion, Error, Result,
    error::{Kind, Unsupported},
    generated,
    transport::{HttpClient, Limits},
};

/// The API versions that an engine supports. Engines before 1.13 do not report the oldest.
#[derive(Debug, Deserialize)]
struct Range {
    #[serde(rename = "ApiVersion")]
    newest: String,
    #[serde(rename = "MinAPIVersion", default)]
    oldest: Option<String>,
}

/// Requests the version range of the engine (`GET /version`, without a version prefix), and returns the newest common
/// version.
pub(crate) async fn negotiate(http: HttpClient, limits: Limits) -> Result<ApiVersion> {
    let range: Range = generated::raw::unversioned(&http, limits, "/version").await?;
    choose(&range)
}

fn choose(range: &Range) -> Result<ApiVersion> {
    let malformed = |_| Error::new(Kind::Decode("at ApiVersion: not a version".into()));
    let newest: ApiVersion = range.newest.parse().map_err(malformed)?;
    let oldest = match &range.oldest {
        Some(oldest) => oldest.parse().map_err(malformed)?,
        None => ApiVersion::new(1, 0),
    };
    let common = newest.min(ApiVersion::NEWEST);
    if common >= oldest.max(ApiVersion::OLDEST) {
        return Ok(common);
    }
    Err(Error::new(Kind::Unsupported(Unsupported {
        message: format!(
            "no API version in common: the engine supports {oldest} to {newest}, this crate {} to {}",
            ApiVersion::OLDEST,
            ApiVersion::NEWEST
        ),
        required: Some(if newest < ApiVersion::OLDEST { ApiVersion::OLDEST } else { oldest }),
        negotiated: None,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(newest: &str, oldest: Option<&str>) -> Result<ApiVersion> {
        choose(&Range { newest: newest.into(), oldest: oldest.map(Into::into) })
    }

    #[test]
    fn negotiation_chooses_newest_common_version() {
        assert_eq!(chosen("1.15", None).unwrap(), ApiVersion::new(1, 15));
        assert_eq!(chosen("1.17", None).unwrap(), ApiVersion::new(1, 17));
        assert_eq!(chosen("1.23", None).unwrap(), ApiVersion::new(1, 23));
        assert_eq!(chosen("1.41", Some("1.12")).unwrap(), ApiVersion::new(1, 41));
        assert_eq!(chosen("1.54", Some("1.40")).unwrap(), ApiVersion::new(1, 54));
        assert_eq!(chosen("1.99", Some("1.44")).unwrap(), ApiVersion::NEWEST);
        assert_eq!(chosen("1.99", Some(&ApiVersion::NEWEST.to_string())).unwrap(), ApiVersion::NEWEST);
    }

    #[test]
    fn negotiation_without_common_version_is_an_error() {
        let error = chosen("1.99", Some("1.98")).unwrap_err();
        assert!(error.is_unsupported());
        assert_eq!(
            error.to_string(),
            format!(
                "no API version in common: the engine supports 1.98 to 1.99, this crate 1.15 to {}",
                ApiVersion::NEWEST
            )
        );
        assert!(chosen("1.12", None).unwrap_err().is_unsupported());
    }

    #[test]
    fn negotiation_with_malformed_version_is_a_decode_error() {
        assert!(chosen("latest", None).unwrap_err().is_decode());
        assert!(chosen("1.41", Some("")).unwrap_err().is_decode());
    }
}
