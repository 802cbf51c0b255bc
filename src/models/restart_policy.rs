//! Constructors of restart policies.

use super::{RestartPolicy, RestartPolicyName};

impl RestartPolicy {
    /// Never restarts the container.
    #[must_use]
    pub fn no() -> Self {
        RestartPolicyName::No.into()
    }

    /// Always restarts the container, unless it is stopped by a call; also starts it when the engine starts.
    #[must_use]
    pub fn always() -> Self {
        RestartPolicyName::Always.into()
    }

    /// Restarts the container like [`always`](Self::always), but not when the engine starts if it was stopped before.
    #[must_use]
    pub fn unless_stopped() -> Self {
        RestartPolicyName::UnlessStopped.into()
    }

    /// Restarts the container if it exits with a code other than 0, at most `retries` times; 0 is no limit.
    #[must_use]
    pub fn on_failure(retries: u32) -> Self {
        Self { maximum_retry_count: retries.into(), ..RestartPolicyName::OnFailure.into() }
    }
}

impl From<RestartPolicyName> for RestartPolicy {
    fn from(name: RestartPolicyName) -> Self {
        Self { name: Some(name), ..Self::default() }
    }
}

impl From<&str> for RestartPolicy {
    /// Parses the format of `docker run --restart`: a name, and for `on-failure` the number of retries after a colon.
    fn from(text: &str) -> Self {
        match text.split_once(':').and_then(|(name, retries)| Some((name, retries.parse().ok()?))) {
            Some(("on-failure", retries)) => Self::on_failure(retries),
            _ if text.is_empty() => Self::default(),
            _ => RestartPolicyName::from(text).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restart_policies_from_strings() {
        for (text, want) in [
            ("no", RestartPolicy::no()),
            ("always", RestartPolicy::always()),
            ("unless-stopped", RestartPolicy::unless_stopped()),
            ("on-failure", RestartPolicy::on_failure(0)),
            ("on-failure:3", RestartPolicy::on_failure(3)),
            ("", RestartPolicy::default()),
            ("always:3", RestartPolicyName::Other("always:3".into()).into()),
            ("on-failure:x", RestartPolicyName::Other("on-failure:x".into()).into()),
        ] {
            assert_eq!(RestartPolicy::from(text), want, "{text}");
        }
        assert_eq!(RestartPolicy::on_failure(3).maximum_retry_count, 3);
    }
}
