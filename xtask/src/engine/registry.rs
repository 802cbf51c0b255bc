//! Registries of a private engine's own, for it to push to and pull from.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result};

use super::{free_address, process::Recorded, wait_until};

/// The one account of the registry that wants one: `me`, with the password `secret`.
const ACCOUNT: &str = "me:$2b$04$iXA7uZjZ2GJNyAAN0A1Ige/LR7ByRAOyOzpmAoN3ZRfdCGTbwKCTm\n";

/// A registry on a free port of the loopback interface, where engines want no TLS.
#[derive(Debug)]
pub(super) struct Registry {
    directory: PathBuf,
    wants_account: bool,
}

impl Registry {
    pub(super) fn new(engine: &Path, name: &str, wants_account: bool) -> Self {
        Self { directory: engine.join(name), wants_account }
    }

    /// Host and port, if it was started.
    pub(super) fn address(&self) -> Option<String> {
        fs::read_to_string(self.directory.join("address")).ok()
    }

    /// Starts it by `command`, the registry's program.
    pub(super) fn up(&self, mut command: Command) -> Result<()> {
        fs::create_dir_all(&self.directory).with_context(|| self.directory.display().to_string())?;
        let address = free_address()?;
        let folder = self.directory.display();
        let mut config = format!(
            "version: 0.1\nlog: {{ level: info, accesslog: {{ disabled: true }} }}\nstorage: {{ filesystem: {{ rootdirectory: {folder}/data }}, \
             delete: {{ enabled: true }} }}\nhttp: {{ addr: {address} }}\n"
        );
        if self.wants_account {
            fs::write(self.directory.join("htpasswd"), ACCOUNT)?;
            config += &format!("auth: {{ htpasswd: {{ realm: test, path: {folder}/htpasswd }} }}\n");
        }
        let file = self.directory.join("config.yml");
        fs::write(&file, config)?;
        let log = self.directory.join("log");
        command.arg("serve").arg(&file);
        Recorded::spawn(&self.record(), &log, &mut command)?;
        // Not by a connection: it may be in a network that nothing leads into.
        wait_until(|| fs::read_to_string(&log).is_ok_and(|text| text.contains("listening on")))
            .context("the registry did not come up")?;
        Ok(fs::write(self.directory.join("address"), address)?)
    }

    pub(super) fn down(&self, patience: Duration) -> Result<()> {
        if let Some(registry) = Recorded::read(&self.record()) {
            registry.stop(patience)?;
        }
        Ok(())
    }

    fn record(&self) -> PathBuf {
        self.directory.join("registry.pid")
    }
}
