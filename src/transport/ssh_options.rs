//! Options of the program `ssh` that a program sets in code.

use std::{
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

use crate::{Error, Result, platform};

/// Options of connections over SSH, in addition to the user's configuration of `ssh`.
///
/// Pass this to [`DockerClientBuilder::ssh`](crate::DockerClientBuilder#method.ssh). The user and the port belong to the
/// address. The timeout is [`connect_timeout`](crate::DockerClientBuilder::connect_timeout).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use dockerclient::{DockerClient, SshOptions};
///
/// # #[cfg(feature = "ssh")]
/// let docker = DockerClient::builder()
///     .address("ssh://deploy@engine.example:2222")
///     .ssh(SshOptions::default().identity_file("/etc/deploy/id_ed25519").known_hosts_file("/etc/deploy/known_hosts"))
///     .connect_timeout(Duration::from_secs(5))
///     .build()?;
/// # Ok::<(), dockerclient::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct SshOptions {
    identity: Option<PathBuf>,
    known_hosts: Option<PathBuf>,
    /// Names and values.
    others: Vec<(String, String)>,
}

impl SshOptions {
    /// Authenticates with the private key in this file or one that the user's configuration of `ssh` names, and with no
    /// other: neither the default ones nor other keys of an agent (`IdentityFile`, `IdentitiesOnly`). The key must not have
    /// a passphrase, unless an agent has it.
    pub fn identity_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.identity = Some(path.into());
        self
    }

    /// Accepts only the host keys in this file, instead of those in the files of the user and of the system
    /// (`UserKnownHostsFile`, `GlobalKnownHostsFile`, `StrictHostKeyChecking`), of DNS (`VerifyHostKeyDNS`) and of a
    /// `KnownHostsCommand`. The host key of `localhost` is also checked (`NoHostAuthenticationForLocalhost`). Does not use
    /// the shared connections of other processes (`ControlPath`). Does not apply to jump hosts (`ProxyJump`).
    ///
    /// OpenSSH before 8.5 has no `KnownHostsCommand`, so with this file `ssh` ignores options of the user's configuration
    /// that it does not support (`IgnoreUnknown`).
    pub fn known_hosts_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.known_hosts = Some(path.into());
        self
    }

    /// Sets another option of `ssh_config`, for example `option("ServerAliveInterval", "15")`. Takes precedence over the
    /// user's configuration (`-o`).
    ///
    /// `ssh` uses the first value of an option, so this does not replace the options that the client sets: `BatchMode`,
    /// `ConnectTimeout`, and those of [`identity_file`](Self::identity_file) and
    /// [`known_hosts_file`](Self::known_hosts_file), except `KnownHostsCommand` and `IgnoreUnknown`.
    pub fn option(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.others.push((name.into(), value.into()));
        self
    }

    /// The arguments of `ssh`, before the host.
    #[cfg_attr(not(feature = "ssh"), allow(dead_code, reason = "SSH is rejected without the feature"))]
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let mut arguments = Vec::new();
        let mut option = |text: OsString| arguments.extend([OsString::from("-o"), text]);
        if let Some(path) = &self.identity {
            option(assigned("IdentityFile", path));
            option("IdentitiesOnly=yes".into());
        }
        if let Some(path) = &self.known_hosts {
            option(assigned("UserKnownHostsFile", path));
            option("GlobalKnownHostsFile=/dev/null".into());
            option("StrictHostKeyChecking=yes".into());
            option("VerifyHostKeyDNS=no".into());
            option("NoHostAuthenticationForLocalhost=no".into());
            // The master of a shared connection may have accepted another key.
            option("ControlPath=none".into());
        }
        self.others.iter().for_each(|(name, value)| option(format!("{name}={value}").into()));
        if self.known_hosts.is_some() {
            // OpenSSH before 8.5 does not support `KnownHostsCommand`. Replaces `IgnoreUnknown` of the user's configuration, so
            // it includes all names. The last options, so that an unknown name in `others` is an error.
            option("IgnoreUnknown=*".into());
            option("KnownHostsCommand=none".into());
        }
        arguments
    }

    /// Checks the options that `ssh` would misunderstand.
    #[cfg_attr(not(feature = "ssh"), allow(dead_code, reason = "SSH is rejected without the feature"))]
    pub(crate) fn check(&self) -> Result<()> {
        for path in self.identity.iter().chain(&self.known_hosts) {
            let text = platform::path_bytes(path);
            if !path.is_absolute() || text.iter().any(|byte| b"\"\\\n$".contains(byte)) {
                let message = "expected an absolute path without `\"`, `\\`, `$` and line breaks";
                return Err(Error::invalid_input(format!("invalid path of an SSH option {path:?}: {message}")));
            }
        }
        for (name, value) in &self.others {
            let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if !is_name || value.contains('\n') {
                return Err(Error::invalid_input(format!("invalid SSH option {name:?}")));
            }
        }
        Ok(())
    }
}

/// Without the values of `others`, which may contain passwords (`ProxyCommand`).
impl fmt::Debug for SshOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others: Vec<_> = self.others.iter().map(|(name, _)| name).collect();
        f.debug_struct("SshOptions")
            .field("identity", &self.identity)
            .field("known_hosts", &self.known_hosts)
            .field("others", &others)
            .finish()
    }
}

/// Formats `name=path`: with slashes, in quotes (the path may contain spaces), and with `%` escaped (it starts a token).
#[cfg_attr(not(feature = "ssh"), allow(dead_code, reason = "SSH is rejected without the feature"))]
fn assigned(name: &str, path: &Path) -> OsString {
    let mut text = OsString::from(format!("{name}=\""));
    match str::from_utf8(&platform::path_bytes(path)) {
        Ok(path) => text.push(path.replace('%', "%%")),
        Err(_) => text.push(path),
    }
    text.push("\"");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(windows, ignore = "Windows paths have a drive letter")]
    fn ssh_arguments_of_options() {
        assert!(SshOptions::default().arguments().is_empty());
        let options = SshOptions::default()
            .identity_file("/my keys/100%")
            .known_hosts_file("/hosts")
            .option("ServerAliveInterval", "15");
        options.check().unwrap();
        let arguments = options.arguments().iter().map(|text| text.to_string_lossy().into_owned()).collect::<Vec<_>>();
        insta::assert_snapshot!(arguments.join(" "), @r#"-o IdentityFile="/my keys/100%%" -o IdentitiesOnly=yes -o UserKnownHostsFile="/hosts" -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes -o VerifyHostKeyDNS=no -o NoHostAuthenticationForLocalhost=no -o ControlPath=none -o ServerAliveInterval=15 -o IgnoreUnknown=* -o KnownHostsCommand=none"#);
    }

    #[test]
    fn debug_has_no_values_of_ssh_options() {
        let options = SshOptions::default().identity_file("/key").option("ProxyCommand", "connect --password s3cret");
        assert_eq!(
            format!("{options:?}"),
            r#"SshOptions { identity: Some("/key"), known_hosts: None, others: ["ProxyCommand"] }"#
        );
    }

    #[test]
    fn invalid_ssh_options() {
        for options in [
            SshOptions::default().identity_file("key"),
            SshOptions::default().known_hosts_file("/a\"b"),
            SshOptions::default().option("Proxy Command", "x"),
            SshOptions::default().option("User", "a\nProxyCommand=x"),
            SshOptions::default().option("", "x"),
        ] {
            assert!(options.check().unwrap_err().is_bad_request(), "{options:?}");
        }
    }
}
