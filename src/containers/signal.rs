//! Signals.

use std::{borrow::Cow, convert::Infallible, fmt, str::FromStr};

/// A signal, by its name with or without `SIG`, or by its number.
///
/// ```
/// use dockerclient::containers::Signal;
///
/// assert_eq!(Signal::TERM, Signal::from("SIGTERM"));
/// let realtime = Signal::from(34);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Signal(Cow<'static, str>);

impl Signal {
    /// Hangup of the controlling terminal.
    pub const HUP: Self = Self(Cow::Borrowed("SIGHUP"));
    /// Interrupt, as Ctrl-C does.
    pub const INT: Self = Self(Cow::Borrowed("SIGINT"));
    /// Quit, with a core dump.
    pub const QUIT: Self = Self(Cow::Borrowed("SIGQUIT"));
    /// Kill; cannot be caught.
    pub const KILL: Self = Self(Cow::Borrowed("SIGKILL"));
    /// Terminate.
    pub const TERM: Self = Self(Cow::Borrowed("SIGTERM"));
    /// User-defined signal 1 (`SIGUSR1`).
    pub const USR1: Self = Self(Cow::Borrowed("SIGUSR1"));
    /// User-defined signal 2 (`SIGUSR2`).
    pub const USR2: Self = Self(Cow::Borrowed("SIGUSR2"));

    /// Returns the name or the number of the signal, as passed by the caller.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Signal {
    fn from(name: &str) -> Self {
        Self(Cow::Owned(name.to_owned()))
    }
}

impl From<String> for Signal {
    fn from(name: String) -> Self {
        Self(Cow::Owned(name))
    }
}

impl FromStr for Signal {
    type Err = Infallible;

    fn from_str(name: &str) -> Result<Self, Infallible> {
        Ok(Self::from(name))
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<u8> for Signal {
    fn from(number: u8) -> Self {
        Self(Cow::Owned(number.to_string()))
    }
}
