//! The configuration of the docker command line: a directory, with `config.json` in it.
//!
//! It names the context to use and where credentials are kept. What else stands in it
//! concerns other programs and is overlooked.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{Error, Result, error::Kind};

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
        let file = self.0.join("config.json");
        Ok(read(&file)?.unwrap_or_default())
    }
}

/// Reads a JSON document from `file`, if there is such a file.
pub(crate) fn read<T: for<'de> Deserialize<'de>>(file: &Path) -> Result<Option<T>> {
    let refused = |why: &str| Kind::Request(format!("{} {why}", file.display()));
    let size = match fs::metadata(file) {
        Ok(metadata) => metadata.len(),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(Error::with_source(refused("cannot be read"), error)),
    };
    if size > LONGEST {
        return Err(Error::new(refused("is too long")));
    }
    let text = fs::read(file).map_err(|error| Error::with_source(refused("cannot be read"), error))?;
    // The error of serde tells line and column, and none of the secrets that may stand there.
    serde_json::from_slice(&text).map(Some).map_err(|error| {
        let place = format!("makes no sense at line {}, column {}", error.line(), error.column());
        Error::new(refused(&place))
    })
}
