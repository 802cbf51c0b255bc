//! SSH addresses.

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::{Host, socket};

/// Characters that OpenSSH rejects in hosts and users: `ProxyCommand` and `Match exec` pass both to a shell.
const SHELL: [char; 14] = ['\'', '`', '"', '$', '\\', ';', '&', '<', '>', '|', '(', ')', '{', '}'];

/// Characters that are percent-encoded in an address.
const ENCODED: AsciiSet = CONTROLS.add(b' ').add(b'#').add(b'%').add(b':').add(b'?');
const ENCODED_IN_USER: AsciiSet = ENCODED.add(b'/');

/// An SSH server, and the socket of the engine there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SshHost {
    pub(crate) user: Option<String>,
    pub(crate) host: Host,
    /// The path of the engine's socket on the remote host, unless it is the default.
    pub(crate) socket: Option<String>,
}

impl SshHost {
    /// Parses the part after the scheme.
    pub(super) fn parse(rest: &str) -> Result<Self, &'static str> {
        let (machine, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        if path.contains(['?', '#']) {
            return Err("query and fragment are not supported");
        }
        let (user, machine) = machine.rsplit_once('@').map_or((None, machine), |(user, rest)| (Some(user), rest));
        if user.is_some_and(|user| user.contains(':')) {
            return Err("passwords are not supported; use a key");
        }
        let user = user.map(decoded).transpose()?;
        if user.as_deref().is_some_and(|user| !is_user(user)) {
            return Err("the user name is empty or has a character that ssh does not accept");
        }
        if machine.is_empty() {
            return Err("missing host");
        }
        let host = Host::parse(machine)?;
        if host.name.starts_with('-') || !is_word(&host.name) {
            return Err("the hostname has a character that ssh does not accept");
        }
        let path = decoded(path)?;
        let socket = if path.chars().all(|char| char == '/') { None } else { Some(path) };
        if let Some(path) = &socket {
            self::socket(path)?;
        }
        Ok(Self { user, host, socket })
    }
}

fn decoded(text: &str) -> Result<String, &'static str> {
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| "not valid UTF-8")?;
    Ok(decoded.into_owned())
}

/// Whether `ssh` accepts the user name. A backslash separates a domain from the user.
fn is_user(user: &str) -> bool {
    !user.is_empty() && !user.starts_with('-') && !user.ends_with('\\') && is_word(&user.replace('\\', ""))
}

fn is_word(text: &str) -> bool {
    !text.contains(|char: char| char.is_whitespace() || char.is_control() || SHELL.contains(&char))
}

impl fmt::Display for SshHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ssh://")?;
        if let Some(user) = &self.user {
            write!(f, "{}@", utf8_percent_encode(user, &ENCODED_IN_USER))?;
        }
        self.host.fmt(f)?;
        self.socket.iter().try_for_each(|socket| utf8_percent_encode(socket, &ENCODED).fmt(f))
    }
}
