//! Registries for a private engine to push to and pull from.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result};

use super::{free_address, process::Recorded, wait_until};

/// The user of the registry that requires a login: `me`, with the password `secret`.
const HTPASSWD: &str = "me:$2b$04$iXA7uZjZ2GJNyAAN0A1Ige/LR7ByRAOyOzpmAoN3ZRfdCGTbwKCTm\n";

/// A registry on a free port of the loopback interface, where engines do not require TLS.
#[derive(Debug)]
pub(super) struct Registry {
    directory: PathBuf,
    requires_login: bool,
}

impl Registry {
    pub(super) fn new(engine: &Path, name: &str, requires_login: bool) -> Self {
        Self { directory: engine.join(name), requires_login }
    }

    /// Host and port, if the registry was started.
    pub(super) fn address(&self) -> Option<String> {
        fs::read_to_string(self.directory.join("address")).ok()
    }

    /// Starts the registry with `command`, which runs its program.
    pub(super) fn up(&self, mut command: Command) -> Result<()> {
        fs::create_dir_all(&self.directory).with_context(|| self.directory.display().to_string())?;
        let address = free_address()?;
        let folder = self.directory.display();
        let mut config = format!(
            "version: 0.1\nlog: {{ level: info, accesslog: {{ disabled: true }} }}\nstorage: {{ filesystem: {{ rootdirectory: {folder}/data }}, \
             delete: {{ enabled: true }} }}\nhttp: {{ addr: {address} }}\n"
        );
        if self.requires_login {
            fs::write(self.directory.join("htpasswd"), HTPASSWD)?;
            config += &format!("auth: {{ htpasswd: {{ realm: test, path: {folder}/htpasswd }} }}\n");
        }
        let file = self.directory.join("config.yml");
        fs::write(&file, config)?;
        let log = self.directory.join("log");
        command.arg("serve").arg(&file);
        Recorded::spawn(&self.record(), &log, &mut command)?;
        // Checks the log, because the registry may be in a network that is not reachable from here.
        wait_until(|| fs::read_to_string(&log).is_ok_and(|text| text.contains("listening on")))
            .context("the registry did not start")?;
        Ok(fs::write(self.directory.join("address"), address)?)
    }

    pub(super) fn down(&self, timeout: Duration) -> Result<()> {
        if let Some(registry) = Recorded::read(&self.record()) {
            registry.stop(timeout)?;
        }
        Ok(())
    }

    fn record(&self) -> PathBuf {
        self.directory.join("registry.pid")
    }
}
