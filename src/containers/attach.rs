//! How to connect to a container.

/// Options of [`Container::attach`](super::Container::attach). By default, all output from now on, and no input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct AttachOptions {
    pub(super) logs: Option<bool>,
    pub(super) stdin: Option<bool>,
    only: Option<Only>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Only {
    Stdout,
    Stderr,
}

impl AttachOptions {
    /// Pass on what is written to the session's input; the container must have its stdin open.
    pub fn stdin(mut self) -> Self {
        self.stdin = Some(true);
        self
    }

    /// Begin with the output so far.
    pub fn logs(mut self) -> Self {
        self.logs = Some(true);
        self
    }

    /// Only what is written to the standard output.
    pub fn only_stdout(mut self) -> Self {
        self.only = Some(Only::Stdout);
        self
    }

    /// Only what is written to the standard error.
    pub fn only_stderr(mut self) -> Self {
        self.only = Some(Only::Stderr);
        self
    }

    /// Whether stdout, and whether stderr.
    pub(super) fn sources(&self) -> (Option<bool>, Option<bool>) {
        (Some(self.only != Some(Only::Stderr)), Some(self.only != Some(Only::Stdout)))
    }
}
