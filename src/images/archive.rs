//! Images and contexts as archives: imported, loaded.

use futures_util::TryStreamExt as _;

use super::{Progress, ProgressItem};
use crate::{Error, Result, Upload};

/// Where an archive comes from.
#[derive(Debug)]
pub enum Archive {
    /// From here.
    Upload(Upload),
    /// The engine fetches it: from a URL or, for a build, a git repository.
    Url(String),
}

impl<T: Into<Upload>> From<T> for Archive {
    fn from(upload: T) -> Self {
        Self::Upload(upload.into())
    }
}

/// Options of [`Images::import`](super::Images::import).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct ImportOptions {
    pub(super) repository: Option<String>,
    pub(super) tag: Option<String>,
    changes: Vec<String>,
}

impl ImportOptions {
    /// The repository to name the image in; it gets no name without one.
    pub fn repository(mut self, repository: impl Into<String>) -> Self {
        self.repository = Some(repository.into());
        self
    }

    /// Its tag. Defaults to `latest`.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tag = Some(tag.into());
        self
    }

    /// A line of a Dockerfile to apply, as `CMD ["sh"]`; several calls add lines. Needs API 1.18.
    pub fn change(mut self, line: impl Into<String>) -> Self {
        self.changes.push(line.into());
        self
    }

    pub(super) fn changes(&self) -> Option<&Vec<String>> {
        Some(&self.changes).filter(|changes| !changes.is_empty())
    }
}

/// Waits until the import is done, and returns the id of the image: the last thing that is told.
pub(super) async fn finish_import(mut progress: Progress) -> Result<String> {
    let mut last = None;
    while let Some(item) = progress.try_next().await? {
        if let ProgressItem::Status(status) = item {
            last = Some(status.status);
        }
    }
    last.ok_or_else(|| Error::truncated("the engine did not tell the id of the image").during("image_create"))
}

/// Waits until the load is done, and returns the names, or ids, of the images, as far as the engine tells.
pub(super) async fn finish_load(mut progress: Progress) -> Result<Vec<String>> {
    let mut loaded = Vec::new();
    while let Some(item) = progress.try_next().await? {
        if let ProgressItem::Output(text) = item {
            let name = text.strip_prefix("Loaded image: ").or_else(|| text.strip_prefix("Loaded image ID: "));
            loaded.extend(name.map(|name| name.trim().to_owned()));
        }
    }
    Ok(loaded)
}
