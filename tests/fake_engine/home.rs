//! Temporary configuration directories with a `config.json`.

use std::{env, fs, iter, path::Path};

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

    /// A client builder that uses this directory. The engine does not exist unless another address is set.
    pub(crate) fn builder(&self) -> DockerClientBuilder {
        let directories = env::var_os("PATH").unwrap();
        let directories = iter::once(self.path().to_owned()).chain(env::split_paths(&directories));
        let path = env::join_paths(directories).unwrap().into_string().unwrap();
        let nowhere = DockerClient::builder().address("tcp://127.0.0.1:1");
        nowhere.config_directory(self.path()).credential_helper_path(path)
    }
}
