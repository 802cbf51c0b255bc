//! Encodes image platforms in query parameters.

use crate::{Error, Result, models::Platform};

/// Encodes a platform, `os/architecture` or `os/architecture/variant`, as JSON.
pub(super) fn to_json(platform: &str) -> Result<String> {
    let parts: Vec<&str> = platform.split('/').collect();
    let (os, architecture, variant) = match parts[..] {
        [os, architecture] => (os, architecture, ""),
        [os, architecture, variant] if !variant.is_empty() => (os, architecture, variant),
        _ => ("", "", ""),
    };
    if os.is_empty() || architecture.is_empty() {
        return Err(Error::invalid_input(format!(
            "invalid platform {platform:?}: expected os, os/architecture or os/architecture/variant, for example linux/arm64"
        )));
    }
    let platform =
        Platform { os: os.into(), architecture: architecture.into(), variant: variant.into(), ..Default::default() };
    // Strings always become JSON.
    Ok(serde_json::to_string(&platform).unwrap_or_default())
}

/// Encodes each of `platforms` as JSON. Returns `None` if there are none.
pub(super) fn all_to_json<P: AsRef<str>>(platforms: impl IntoIterator<Item = P>) -> Result<Option<Vec<String>>> {
    let platforms = platforms.into_iter().map(|platform| to_json(platform.as_ref())).collect::<Result<Vec<_>>>()?;
    Ok(Some(platforms).filter(|platforms| !platforms.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platform_to_json() {
        assert_eq!(to_json("linux/arm64").unwrap(), r#"{"architecture":"arm64","os":"linux"}"#);
        assert_eq!(to_json("linux/arm/v7").unwrap(), r#"{"architecture":"arm","os":"linux","variant":"v7"}"#);
        for no_platform in ["", "linux", "linux/", "/arm64", "linux/arm/", "linux/arm/v7/x"] {
            assert!(to_json(no_platform).unwrap_err().is_bad_request(), "{no_platform}");
        }
    }
}
