//! Images made of containers.

use crate::models::ContainerConfig;

/// Options of [`Images::commit`](super::Images::commit).
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct CommitOptions {
    pub(super) repository: Option<String>,
    pub(super) tag: Option<String>,
    pub(super) comment: Option<String>,
    pub(super) author: Option<String>,
    pub(super) pause: Option<bool>,
    pub(super) config: ContainerConfig,
    changes: Vec<String>,
}

impl CommitOptions {
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

    /// A message kept in the image.
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    /// Who made it.
    pub fn author(mut self, author: impl Into<String>) -> Self {
        self.author = Some(author.into());
        self
    }

    /// Let the container run meanwhile, at the risk of files that do not fit together.
    pub fn without_pause(mut self) -> Self {
        self.pause = Some(false);
        self
    }

    /// What containers of the image get; fields that are left at their default are the container's to say.
    pub fn config(mut self, config: ContainerConfig) -> Self {
        self.config = config;
        self
    }

    /// A line of a Dockerfile to apply, as `CMD ["serve"]`; several calls add lines. Needs API 1.18.
    pub fn change(mut self, line: impl Into<String>) -> Self {
        self.changes.push(line.into());
        self
    }

    pub(super) fn changes(&self) -> Option<&Vec<String>> {
        Some(&self.changes).filter(|changes| !changes.is_empty())
    }
}
