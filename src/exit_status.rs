//! Exit status of containers and commands.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The exit status of a container or command.
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// let status = docker.run("busybox").args(["sh", "-c", "exit 3"]).status().await?;
/// assert_eq!(status.code(), Some(3));
/// if !status.success() {
///     println!("failed: {status}"); // failed: exit code 3
/// }
/// # Ok(())
/// # }
/// ```
#[doc(alias = "WaitResult")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ExitStatus {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl ExitStatus {
    pub(crate) fn new(code: impl Into<Option<i64>>, error: Option<String>) -> Self {
        Self { code: code.into(), error }
    }

    /// Returns the exit code.
    ///
    /// Always `Some` for containers; engines before 1.5 report -1 for a container that was killed. `None` for a command
    /// whose exit code the engine does not report, as at API 1.15.
    #[must_use]
    pub fn code(&self) -> Option<i64> {
        self.code
    }

    /// Returns the error that ended the engine's wait early, if there was one.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Returns whether the exit code is known to be 0, and there was no error.
    #[must_use]
    pub fn success(&self) -> bool {
        self.code == Some(0) && self.error.is_none()
    }
}

/// Creates the status of a container or command that exited with this code.
impl From<i64> for ExitStatus {
    fn from(code: i64) -> Self {
        Self::new(code, None)
    }
}

/// Writes `exit code 3`, and the error if there is one.
impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "exit code {code}")?,
            None => f.write_str("unknown exit code")?,
        }
        self.error.iter().try_for_each(|error| write!(f, ": {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_status_is_displayed_with_its_code_and_error() {
        for (status, success, text) in [
            (ExitStatus::from(0), true, "exit code 0"),
            (ExitStatus::from(3), false, "exit code 3"),
            (ExitStatus::new(0, Some("no such container".into())), false, "exit code 0: no such container"),
            (ExitStatus::new(None, None), false, "unknown exit code"),
        ] {
            assert_eq!((status.success(), &*status.to_string()), (success, text));
        }
    }

    #[test]
    fn exit_status_is_serialized_without_absent_fields() {
        for (status, want) in [(ExitStatus::from(3), r#"{"code":3}"#), (ExitStatus::default(), "{}")] {
            let json = serde_json::to_string(&status).unwrap();
            assert_eq!(json, want);
            assert_eq!(serde_json::from_str::<ExitStatus>(&json).unwrap(), status);
        }
    }
}
