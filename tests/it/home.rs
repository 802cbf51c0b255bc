//! The home of a user: a configuration, and the helpers it may name.

use std::{
    env, fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use dockerclient::{DockerClient, DockerClientBuilder};
use tempfile::TempDir;

/// It is gone when this is dropped.
pub(crate) struct Home(TempDir);

impl Home {
    /// With `config` in the file `config.json`.
    pub(crate) fn new(config: &str) -> Self {
        let home = Self::empty();
        home.configure(config);
        home
    }

    pub(crate) fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes `config.json`.
    pub(crate) fn configure(&self, config: &str) {
        fs::write(self.path().join("config.json"), config).unwrap();
    }

    /// With a credential helper that is a script of the shell.
    pub(crate) fn with_helper(self, name: &str, script: &str) -> Self {
        // Another process writes it: no program can be run that is open for writing, and what this process has open may
        // be so for a moment in whatever another test starts.
        let mut shell = Command::new("sh")
            .args(["-c", r#"cat > "$0" && chmod +x "$0""#])
            .arg(self.path().join(format!("docker-credential-{name}")))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        shell
            .stdin
            .take()
            .unwrap()
            .write_all(format!("#!/bin/sh\ncd {}\n{script}\n", self.path().display()).as_bytes())
            .unwrap();
        assert!(shell.wait().unwrap().success());
        self
    }

    /// Builds a client whose user lives here, of no engine unless one is named.
    pub(crate) fn builder(&self) -> DockerClientBuilder {
        let path = format!("{}:{}", self.path().display(), env::var("PATH").unwrap());
        let nowhere = DockerClient::builder().address("unix:///nowhere");
        nowhere.config_directory(self.path()).credential_helper_path(path)
    }
}
