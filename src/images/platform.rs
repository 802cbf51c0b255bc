//! Images that are there for several platforms.

use super::Image;
use crate::{
    Error, Result,
    models::{HistoryItem, ImageInspect, Platform},
};

impl Image {
    /// Tells all the engine knows about what the image is on `platform`, as `linux/arm64`.
    ///
    /// Calls `GET /images/{name}/json`; a platform needs API 1.49.
    ///
    /// # Errors
    ///
    /// Fails if there is no such image, or not for this platform (404).
    pub async fn inspect_on(&self, platform: &str) -> Result<ImageInspect> {
        let (wire, name) = self.wire("image_inspect").await?;
        let platform = wire.during(to_json(platform))?;
        wire.document(wire.image_inspect(name, None, Some(&platform)).await)
    }

    /// Tells all the engine knows about the image, and in `manifests` what it has for each platform.
    ///
    /// Calls `GET /images/{name}/json`; manifests need API 1.48, and an engine that keeps them.
    ///
    /// # Errors
    ///
    /// Fails if there is no such image (404).
    pub async fn inspect_with_manifests(&self) -> Result<ImageInspect> {
        let (wire, name) = self.wire("image_inspect").await?;
        wire.document(wire.image_inspect(name, Some(true), None).await)
    }

    /// Lists the layers of what the image is on `platform`, as `linux/arm64`, the newest first.
    ///
    /// Calls `GET /images/{name}/history`; a platform needs API 1.48.
    ///
    /// # Errors
    ///
    /// Fails if there is no such image, or not for this platform (404).
    pub async fn history_on(&self, platform: &str) -> Result<Vec<HistoryItem>> {
        let (wire, name) = self.wire("image_history").await?;
        let platform = wire.during(to_json(platform))?;
        wire.document(wire.image_history(name, Some(&platform)).await)
    }
}

/// A platform, `os/architecture` or `os/architecture/variant`, in the other form that engines read.
pub(super) fn to_json(platform: &str) -> Result<String> {
    let parts: Vec<&str> = platform.split('/').collect();
    let (os, architecture, variant) = match parts[..] {
        [os, architecture] => (os, architecture, ""),
        [os, architecture, variant] if !variant.is_empty() => (os, architecture, variant),
        _ => ("", "", ""),
    };
    if os.is_empty() || architecture.is_empty() {
        return Err(Error::request(format!("{platform:?} is no platform, as linux/arm64 is")));
    }
    let platform =
        Platform { os: os.into(), architecture: architecture.into(), variant: variant.into(), ..Default::default() };
    // Strings always become JSON.
    Ok(serde_json::to_string(&platform).unwrap_or_default())
}

/// Each of `platforms`, if there is one.
pub(super) fn all_to_json<P: AsRef<str>>(platforms: impl IntoIterator<Item = P>) -> Result<Option<Vec<String>>> {
    let platforms = platforms.into_iter().map(|platform| to_json(platform.as_ref())).collect::<Result<Vec<_>>>()?;
    Ok(Some(platforms).filter(|platforms| !platforms.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_is_written_in_both_forms() {
        assert_eq!(to_json("linux/arm64").unwrap(), r#"{"architecture":"arm64","os":"linux"}"#);
        assert_eq!(to_json("linux/arm/v7").unwrap(), r#"{"architecture":"arm","os":"linux","variant":"v7"}"#);
        for no_platform in ["", "linux", "linux/", "/arm64", "linux/arm/", "linux/arm/v7/x"] {
            assert!(to_json(no_platform).unwrap_err().is_bad_request(), "{no_platform}");
        }
    }
}
