//! GPUs of a container.

use crate::{Error, Result, models::DeviceRequest};

/// GPUs for a container, as `docker run --gpus` takes them: all, a number of them, or some by their index or UUID.
///
/// Valid strings are `"all"`, a number, and `"device=0,1"`. An invalid string makes the call fail.
///
/// ```
/// use dockerclient::containers::Gpus;
///
/// assert_eq!(Gpus::from("all"), Gpus::all());
/// assert_eq!(Gpus::from("device=0,1"), Gpus::devices(["0", "1"]));
/// assert_eq!(Gpus::from(2), Gpus::count(2));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gpus(Which);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Which {
    All,
    Count(u32),
    Devices(Vec<String>),
    /// An invalid string.
    Invalid(String),
}

impl Gpus {
    /// Selects all GPUs.
    #[must_use]
    pub fn all() -> Self {
        Self(Which::All)
    }

    /// Selects `count` GPUs; the engine chooses them.
    #[must_use]
    pub fn count(count: u32) -> Self {
        Self(Which::Count(count))
    }

    /// Selects the GPUs with these indexes or UUIDs.
    #[must_use]
    pub fn devices<S: Into<String>>(ids: impl IntoIterator<Item = S>) -> Self {
        Self(Which::Devices(ids.into_iter().map(Into::into).collect()))
    }

    pub(super) fn to_request(&self) -> Result<DeviceRequest> {
        let (count, device_ids) = match &self.0 {
            Which::All => (-1, Vec::new()),
            Which::Count(count) => ((*count).into(), Vec::new()),
            Which::Devices(ids) => (0, ids.clone()),
            Which::Invalid(text) => {
                return Err(Error::invalid_input(format!(
                    "invalid GPU selection \"{}\": expected all, a number, or device=0,1",
                    text.escape_debug()
                )));
            }
        };
        Ok(DeviceRequest { count, device_ids, capabilities: vec![vec!["gpu".into()]], ..Default::default() })
    }
}

impl From<u32> for Gpus {
    fn from(count: u32) -> Self {
        Self::count(count)
    }
}

impl From<&str> for Gpus {
    fn from(text: &str) -> Self {
        let ids = text.strip_prefix("device=").map(|ids| ids.split(',').collect::<Vec<_>>());
        match (text, ids) {
            ("all", _) => Self::all(),
            (_, Some(ids)) if ids.iter().all(|id| !id.is_empty()) => Self::devices(ids),
            _ => text.parse().map_or_else(|_| Self(Which::Invalid(text.to_owned())), Self::count),
        }
    }
}

impl From<String> for Gpus {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_gpus_error_contains_the_value() {
        for text in ["", "some", "-1", "device=", "device=0,", "driver=nvidia"] {
            let error = Gpus::from(text).to_request().unwrap_err();
            assert!(error.is_bad_request() && error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }
}
