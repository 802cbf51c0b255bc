//! Signals.

use std::borrow::Cow;

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
    /// Hang up.
    pub const HUP: Self = Self(Cow::Borrowed("SIGHUP"));
    /// Interrupt, as Ctrl-C does.
    pub const INT: Self = Self(Cow::Borrowed("SIGINT"));
    /// Quit, with a core dump.
    pub const QUIT: Self = Self(Cow::Borrowed("SIGQUIT"));
    /// End at once; cannot be caught.
    pub const KILL: Self = Self(Cow::Borrowed("SIGKILL"));
    /// End in good order.
    pub const TERM: Self = Self(Cow::Borrowed("SIGTERM"));
    /// For the program's own use.
    pub const USR1: Self = Self(Cow::Borrowed("SIGUSR1"));
    /// For the program's own use.
    pub const USR2: Self = Self(Cow::Borrowed("SIGUSR2"));

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Signal {
    fn from(name: &str) -> Self {
        Self(Cow::Owned(name.to_owned()))
    }
}

impl From<u8> for Signal {
    fn from(number: u8) -> Self {
        Self(Cow::Owned(number.to_string()))
    }
}
