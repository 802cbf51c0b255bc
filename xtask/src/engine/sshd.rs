//! An SSH server for a private engine, on the loopback interface, and a client configuration for it.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};

use super::{free_address, process::Recorded, wait_until};
use crate::shell;

/// Client keys: `good` is accepted, `bare` is accepted with a `PATH` without programs, `wrong` is rejected.
const KEYS: [&str; 3] = ["good", "bare", "wrong"];

#[derive(Debug)]
pub(super) struct Sshd {
    directory: PathBuf,
}

impl Sshd {
    pub(super) fn new(engine: &Path) -> Self {
        Self { directory: engine.join("ssh") }
    }

    /// The directory with an `ssh` that runs the system's with a separate configuration. It has the hosts
    ///
    /// - `engine`: this server.
    /// - `bare`: this server, with a `PATH` without programs.
    /// - `wrong`: this server, with a client key that it rejects.
    /// - `unknown`: this server, whose host key is not known.
    /// - `closed`: a port without a listener.
    pub(super) fn programs(&self) -> PathBuf {
        self.directory.join("bin")
    }

    pub(super) fn up(&self) -> Result<()> {
        fs::create_dir_all(self.programs()).with_context(|| self.directory.display().to_string())?;
        let address: SocketAddr = free_address()?.parse()?;
        self.make_keys()?;
        self.write_configurations(address.port())?;
        // Debian's sshd requires this empty directory, in any configuration.
        fs::create_dir_all("/run/sshd")?;
        let server = shell::path_of("sshd").context("sshd is not installed")?;
        let mut command = shell::command(&server.display().to_string());
        command.arg("-D").arg("-f").arg(self.file("server")).arg("-e");
        Recorded::spawn(&self.file("sshd.pid"), &self.file("log"), &mut command)?;
        wait_until(|| TcpStream::connect(address).is_ok()).context("sshd did not start")
    }

    pub(super) fn down(&self, timeout: Duration) -> Result<()> {
        Recorded::read(&self.file("sshd.pid")).map_or(Ok(()), |server| server.stop(timeout))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn make_keys(&self) -> Result<()> {
        for name in KEYS.into_iter().chain(["host"]) {
            let _ = fs::remove_file(self.file(name));
            let mut command = shell::command("ssh-keygen");
            shell::run(command.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(self.file(name)))?;
        }
        let key = |name: &str| fs::read_to_string(self.file(&format!("{name}.pub")));
        let allowed = format!("{}environment=\"PATH=/nowhere\" {}", key("good")?, key("bare")?);
        Ok(fs::write(self.file("allowed"), allowed)?)
    }

    fn write_configurations(&self, port: u16) -> Result<()> {
        let file = |name: &str| self.file(name).display().to_string();
        let server = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
             PermitRootLogin prohibit-password\nPermitUserEnvironment PATH\n",
            file("host"),
            file("allowed")
        );
        fs::write(self.file("server"), server)?;
        let host = fs::read_to_string(self.file("host.pub"))?;
        fs::write(self.file("known"), format!("[127.0.0.1]:{port} {host}"))?;
        let client = format!(
            "Host bare\n IdentityFile {}\nHost wrong\n IdentityFile {}\nHost engine unknown closed\n IdentityFile {}\n\
             Host unknown\n UserKnownHostsFile /dev/null\nHost closed\n Port 1\n\
             Host *\n HostName 127.0.0.1\n Port {port}\n User root\n IdentitiesOnly yes\n \
             UserKnownHostsFile {}\n GlobalKnownHostsFile /dev/null\n StrictHostKeyChecking yes\n",
            file("bare"),
            file("wrong"),
            file("good"),
            file("known")
        );
        fs::write(self.file("client"), client)?;
        let program = self.programs().join("ssh");
        let system = shell::path_of("ssh").context("ssh is not installed")?;
        fs::write(&program, format!("#!/bin/sh\nexec {} -F {} \"$@\"\n", system.display(), file("client")))?;
        Ok(fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?)
    }
}
