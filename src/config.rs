//! The configuration of the docker command line: a directory, with `config.json` in it.
//!
//! It names the context to use and where credentials are kept. What else stands in it
//! concerns other programs and is overlooked.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{Error, Result, error::Kind, models::AuthConfig, wire::lenient};

/// The longest file that is read, in bytes.
const LONGEST: u64 = 4 << 20;

/// The directory that holds the configuration, whether it exists or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConfigDirectory(PathBuf);

/// What is of interest in `config.json`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ConfigFile {
    /// The context to use; none or `default` for no context.
    pub(crate) current_context: Option<String>,
    /// Credentials by registry, as spelled by who wrote them.
    #[serde(deserialize_with = "lenient::null_or")]
    pub(crate) auths: BTreeMap<String, AuthConfig>,
    /// The helper that keeps all credentials.
    pub(crate) creds_store: Option<String>,
    /// The helpers that keep the credentials of single registries.
    #[serde(deserialize_with = "lenient::null_or")]
    pub(crate) cred_helpers: BTreeMap<String, String>,
}

impl ConfigDirectory {
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Reads `config.json`; without the file, nothing is configured.
    pub(crate) fn load(&self) -> Result<ConfigFile> {
        let file = self.path().join("config.json");
        Ok(read(&file)?.unwrap_or_default())
    }
}

/// Reads a JSON document from `file`, if there is such a file with something in it.
pub(crate) fn read<T: for<'de> Deserialize<'de>>(file: &Path) -> Result<Option<T>> {
    let refused = |why: &str| Kind::Request(format!("{} {why}", file.display()));
    let metadata = match fs::metadata(file) {
        Ok(metadata) => metadata,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(Error::with_source(refused("cannot be read"), error)),
    };
    // What is a pipe or a device instead may have no end.
    if !metadata.is_file() || metadata.len() > LONGEST {
        return Err(Error::new(refused("is no file, or too long")));
    }
    let text = fs::read(file).map_err(|error| Error::with_source(refused("cannot be read"), error))?;
    if text.trim_ascii().is_empty() {
        return Ok(None);
    }
    // The error of serde tells line and column, and none of the secrets that may stand there.
    serde_json::from_slice(&text).map(Some).map_err(|error| {
        let place = format!("makes no sense at line {}, column {}", error.line(), error.column());
        Error::new(refused(&place))
    })
}
