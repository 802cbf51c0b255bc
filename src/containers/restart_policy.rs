//! Restart policies of containers.

use std::{fmt, str::FromStr};

use crate::{Error, Result, models};

/// When the engine starts a container again after it has exited.
///
/// Methods that take a restart policy also accept a string in the format of the Docker CLI: `"on-failure:3"`. If it is
/// not valid, the call fails ([`is_bad_request`](crate::Error::is_bad_request)) before anything is sent.
///
/// ```
/// use dockerclient::containers::RestartPolicy;
///
/// assert_eq!(RestartPolicy::from("on-failure:3"), RestartPolicy::OnFailure(Some(3)));
/// assert_eq!(RestartPolicy::UnlessStopped.to_string(), "unless-stopped");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RestartPolicy {
    /// Never restarts the container.
    #[default]
    No,
    /// Always restarts the container, also when the engine starts.
    Always,
    /// Restarts the container unless it was stopped by a call.
    UnlessStopped,
    /// Restarts the container if its exit code is not 0, at most this number of times.
    OnFailure(Option<u32>),
    /// An invalid string.
    Other(String),
}

impl RestartPolicy {
    /// Returns the policy in the form of the API.
    pub(crate) fn to_model(&self) -> Result<models::RestartPolicy> {
        Ok(match self {
            Self::No => models::RestartPolicy::no(),
            Self::Always => models::RestartPolicy::always(),
            Self::UnlessStopped => models::RestartPolicy::unless_stopped(),
            Self::OnFailure(retries) => models::RestartPolicy::on_failure(retries.unwrap_or_default()),
            Self::Other(text) => {
                return Err(Error::invalid_input(format!(
                    "invalid restart policy \"{}\": expected no, always, unless-stopped, on-failure or on-failure:3",
                    text.escape_debug()
                )));
            }
        })
    }
}

impl From<&str> for RestartPolicy {
    fn from(text: &str) -> Self {
        match (text, text.strip_prefix("on-failure:").map(str::parse)) {
            ("no" | "", _) => Self::No,
            ("always", _) => Self::Always,
            ("unless-stopped", _) => Self::UnlessStopped,
            ("on-failure", _) => Self::OnFailure(None),
            (_, Some(Ok(retries))) => Self::OnFailure(Some(retries)),
            _ => Self::Other(text.to_owned()),
        }
    }
}

impl From<String> for RestartPolicy {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl FromStr for RestartPolicy {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let policy = Self::from(text);
        policy.to_model().map(|_| policy)
    }
}

impl From<models::RestartPolicy> for RestartPolicy {
    fn from(policy: models::RestartPolicy) -> Self {
        match policy.name.map_or(Self::No, |name| Self::from(name.as_str())) {
            Self::OnFailure(_) => {
                Self::OnFailure(u32::try_from(policy.maximum_retry_count).ok().filter(|&retries| retries > 0))
            }
            other => other,
        }
    }
}

/// Writes the policy as the Docker CLI reads it.
impl fmt::Display for RestartPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::No => "no",
            Self::Always => "always",
            Self::UnlessStopped => "unless-stopped",
            Self::OnFailure(None) => "on-failure",
            Self::OnFailure(Some(retries)) => return write!(f, "on-failure:{retries}"),
            Self::Other(text) => text,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restart_policies_are_parsed_and_displayed() {
        for text in ["no", "always", "unless-stopped", "on-failure", "on-failure:3"] {
            let policy: RestartPolicy = text.parse().unwrap();
            assert_eq!(policy.to_string(), text);
            assert_eq!(RestartPolicy::from(policy.to_model().unwrap()), policy);
        }
        assert_eq!(RestartPolicy::from(""), RestartPolicy::No);
    }

    #[test]
    fn invalid_restart_policy_error_contains_the_value() {
        for text in ["sometimes", "on-failure:", "on-failure:-1", "on-failure:x", "always:3", "No"] {
            let error = RestartPolicy::from(text).to_model().unwrap_err();
            assert!(error.is_bad_request() && error.to_string().contains(&format!("{text:?}")), "{error}");
            assert!(text.parse::<RestartPolicy>().is_err());
        }
    }
}
