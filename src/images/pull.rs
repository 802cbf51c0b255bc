//! Images from registries.

use super::{
    Image, Reference,
    progress::{Gather, ProgressItem},
};
use crate::{Result, credentials::Shown, models::AuthConfig};

/// Options of [`Image::pull`](super::Image::pull).
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct PullOptions {
    pub(super) shown: Shown,
    all_tags: bool,
}

impl PullOptions {
    /// What to show to the registry. Defaults to what the user's configuration holds for it.
    pub fn credentials(mut self, credentials: AuthConfig) -> Self {
        self.shown = Shown::Given(credentials);
        self
    }

    /// Show nothing to the registry, whatever the user's configuration holds.
    pub fn anonymous(mut self) -> Self {
        self.shown = Shown::Nothing;
        self
    }

    /// Every tag of the repository, and not only the one that is named.
    pub fn all_tags(mut self) -> Self {
        self.all_tags = true;
        self
    }

    /// The parameters `fromImage` and `tag`. A digest belongs to the first, and no tag at all stands for every tag.
    pub(super) fn source(&self, name: &Reference) -> (String, Option<String>) {
        match (name.digest(), name.tag()) {
            _ if self.all_tags => (name.name().to_owned(), None),
            (Some(digest), _) => (format!("{}@{digest}", name.name()), None),
            (None, tag) => (name.name().to_owned(), Some(tag.unwrap_or("latest").to_owned())),
        }
    }
}

/// What came of a pull.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pulled {
    /// The image, by the name it was pulled by.
    pub image: Image,
    /// Its digest in the registry, if the engine told: engines before 1.6 do not.
    pub digest: Option<String>,
}

impl Pulled {
    pub(super) fn new(image: Image) -> Self {
        Self { image, digest: None }
    }
}

impl Gather<Self> for Pulled {
    fn see(&mut self, item: &ProgressItem) {
        if let ProgressItem::Status(status) = item
            && let Some(told) = status.status.strip_prefix("Digest: ")
        {
            self.digest = Some(told.to_owned());
        }
    }

    fn value(self: Box<Self>) -> Result<Self> {
        Ok(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tag_is_pulled_unless_all_are_wanted() {
        let source = |name: &str, options: PullOptions| options.source(&name.parse().unwrap());
        let one = PullOptions::default;
        assert_eq!(source("host:5000/web", one()), ("host:5000/web".into(), Some("latest".into())));
        assert_eq!(source("web:1", one()), ("web".into(), Some("1".into())));
        assert_eq!(source("web:1", one().all_tags()), ("web".into(), None));
        let digest = format!("web@sha256:{}", "0".repeat(64));
        assert_eq!(source(&digest, one()), (digest.clone(), None));
    }
}
