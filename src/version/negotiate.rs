//! Which version to speak: the newest that both sides know.

use serde::Deserialize;

use crate::{
    ApiVersion, Error, Result,
    connect::{HttpClient, Limits},
    error::{Kind, Unsupported},
    wire,
};

/// What an engine says of its versions. Engines before 1.13 do not tell their oldest.
#[derive(Debug, Deserialize)]
struct Range {
    #[serde(rename = "ApiVersion")]
    newest: String,
    #[serde(rename = "MinAPIVersion", default)]
    oldest: Option<String>,
}

/// Asks the engine, without a version, for its versions, and chooses the newest that both know.
pub(crate) async fn negotiate(http: HttpClient, limits: Limits) -> Result<ApiVersion> {
    let range: Range = wire::unversioned(&http, limits, "/version").await?;
    choose(&range)
}

fn choose(range: &Range) -> Result<ApiVersion> {
    let newest: ApiVersion = range.newest.parse().map_err(garbled)?;
    let oldest = match &range.oldest {
        Some(oldest) => oldest.parse().map_err(garbled)?,
        None => ApiVersion::new(1, 0),
    };
    let common = newest.min(ApiVersion::NEWEST);
    if common >= oldest.max(ApiVersion::OLDEST) {
        return Ok(common);
    }
    Err(Error::new(Kind::Unsupported(Unsupported {
        message: format!(
            "the engine speaks API {oldest} to {newest}, this client {} to {}: they have none in common",
            ApiVersion::OLDEST,
            ApiVersion::NEWEST
        ),
        needed: Some(if newest < ApiVersion::OLDEST { ApiVersion::OLDEST } else { oldest }),
        spoken: None,
    })))
}

fn garbled(error: Error) -> Error {
    Error::with_source(Kind::Decode("at ApiVersion".into()), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(newest: &str, oldest: Option<&str>) -> Result<ApiVersion> {
        choose(&Range { newest: newest.into(), oldest: oldest.map(Into::into) })
    }

    #[test]
    fn the_newest_version_that_both_know_is_spoken() {
        assert_eq!(chosen("1.15", None).unwrap(), ApiVersion::new(1, 15));
        assert_eq!(chosen("1.17", None).unwrap(), ApiVersion::new(1, 17));
        assert_eq!(chosen("1.23", None).unwrap(), ApiVersion::new(1, 23));
        assert_eq!(chosen("1.41", Some("1.12")).unwrap(), ApiVersion::new(1, 41));
        assert_eq!(chosen("1.54", Some("1.40")).unwrap(), ApiVersion::new(1, 54));
        assert_eq!(chosen("1.99", Some("1.44")).unwrap(), ApiVersion::NEWEST);
        assert_eq!(chosen("1.99", Some(&ApiVersion::NEWEST.to_string())).unwrap(), ApiVersion::NEWEST);
    }

    #[test]
    fn an_engine_with_no_version_in_common_is_told_from_its_range() {
        let error = chosen("1.99", Some("1.98")).unwrap_err();
        assert!(error.is_unsupported());
        assert_eq!(
            error.to_string(),
            format!(
                "the engine speaks API 1.98 to 1.99, this client 1.15 to {}: they have none in common",
                ApiVersion::NEWEST
            )
        );
        assert!(chosen("1.12", None).unwrap_err().is_unsupported());
    }

    #[test]
    fn garbage_in_place_of_a_version_is_a_decode_error() {
        assert!(chosen("latest", None).unwrap_err().is_decode());
        assert!(chosen("1.41", Some("")).unwrap_err().is_decode());
    }
}
