//! Temporary configuration directories with a `config.json` and credential helpers.

use std::{
    env, fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use dockerclient::{DockerClient, DockerClientBuilder};
use tempfile::TempDir;

/// A temporary configuration directory, which is removed on drop.
pub(crate) struct Home(TempDir);

impl Home {
    /// Creates a directory whose `config.json` contains `config`.
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

    /// Adds a credential helper that is a shell script.
    pub(crate) fn with_helper(self, name: &str, script: &str) -> Self {
        // Written by another process: a file that is open for writing cannot be executed, and processes that other tests
        // start inherit the open files of this one for a moment.
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

    /// A client builder that uses this directory. The engine does not exist unless another address is set.
    pub(crate) fn builder(&self) -> DockerClientBuilder {
        let path = format!("{}:{}", self.path().display(), env::var("PATH").unwrap());
        let nowhere = DockerClient::builder().address("unix:///nowhere");
        nowhere.config_directory(self.path()).credential_helper_path(path)
    }
}
