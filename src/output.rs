//! The output and exit status of a container or command.

use std::{borrow::Cow, fmt};

use bytes::Bytes;

use crate::{exit_status::ExitStatus, redacted::Redacted, stream::Captured};

/// The output and exit status of a container or command, modeled on [`std::process::Output`].
///
/// Returned by `output()` of [`DockerClient::run`](crate::DockerClient::run) and
/// [`Container::command`](crate::containers::Container::command). `Display` writes the text of stdout and then of stderr;
/// `Debug` writes only their lengths.
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// let output = docker.run("busybox").args(["cat", "/etc/hostname"]).output().await?;
/// if output.success() {
///     print!("{output}");
/// } else {
///     eprintln!("{}: {}", output.status, output.stderr_text());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Output {
    /// Exit status.
    pub status: ExitStatus,
    /// Standard output, or the output of the TTY.
    pub stdout: Bytes,
    /// Standard error. Empty with a TTY.
    pub stderr: Bytes,
}

impl Output {
    pub(crate) fn new(status: ExitStatus, captured: Captured) -> Self {
        Self { status, stdout: captured.stdout.into(), stderr: captured.stderr.into() }
    }

    /// Returns whether the exit code is known to be 0.
    #[must_use]
    pub fn success(&self) -> bool {
        self.status.success()
    }

    /// Returns stdout as text; invalid UTF-8 is replaced with `�`.
    #[must_use]
    pub fn stdout_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stdout)
    }

    /// Returns stderr as text; invalid UTF-8 is replaced with `�`.
    #[must_use]
    pub fn stderr_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stderr)
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stdout_text())?;
        f.write_str(&self.stderr_text())
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("status", &self.status)
            .field("stdout", &Redacted(&self.stdout))
            .field("stderr", &Redacted(&self.stderr))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_display_is_text_and_debug_is_lengths() {
        let output = Output { status: ExitStatus::from(3), stdout: "a\n".into(), stderr: Bytes::from_static(b"b\xff") };
        assert_eq!(output.to_string(), "a\nb\u{fffd}");
        let debug = format!("{output:?}");
        assert!(
            debug.contains("[2 bytes]") && debug.contains('3') && !debug.contains('a'.to_string().repeat(2).as_str())
        );
        assert!(!output.success());
    }
}
