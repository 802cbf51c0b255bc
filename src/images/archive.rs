//! Images and contexts as archives: imported, loaded.

use super::progress::{Gather, ProgressItem};
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

/// The id of an image that was imported: the last thing that is told.
#[derive(Default)]
pub(super) struct Imported(Option<String>);

impl Gather<String> for Imported {
    fn see(&mut self, item: &ProgressItem) {
        if let ProgressItem::Status(status) = item {
            self.0 = Some(status.status.clone());
        }
    }

    fn value(self: Box<Self>) -> Result<String> {
        self.0.ok_or_else(|| Error::truncated("the engine did not tell the id of the image").during("image_create"))
    }
}

/// The names, or ids, of images that were loaded, as far as the engine tells.
#[derive(Default)]
pub(super) struct Loaded(Vec<String>);

impl Gather<Vec<String>> for Loaded {
    fn see(&mut self, item: &ProgressItem) {
        if let ProgressItem::Output(text) = item {
            let name = text.strip_prefix("Loaded image: ").or_else(|| text.strip_prefix("Loaded image ID: "));
            self.0.extend(name.map(|name| name.trim().to_owned()));
        }
    }

    fn value(self: Box<Self>) -> Result<Vec<String>> {
        Ok(self.0)
    }
}
