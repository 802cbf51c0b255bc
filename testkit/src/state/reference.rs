//! References to images: their full form, and which image one means.

use super::{StoredImage, World};
use crate::refusal::{Refusal, Result};

/// The reference in full, with a tag.
pub(crate) fn full(reference: &str) -> String {
    let reference = reference.strip_prefix("docker.io/").unwrap_or(reference);
    let reference = reference.strip_prefix("library/").unwrap_or(reference);
    if reference.contains('@') || reference.rsplit('/').next().is_some_and(|last| last.contains(':')) {
        reference.to_owned()
    } else {
        format!("{reference}:latest")
    }
}

/// A repository and a tag, which `repository` may hold already.
pub(crate) fn joined(repository: &str, tag: &str) -> String {
    if tag.is_empty() || tag.starts_with("sha256:") { full(repository) } else { format!("{repository}:{tag}") }
}

impl World {
    /// Fails unless `repository` may be the name of one.
    pub(crate) fn check_repository(&self, repository: &str, status: u16) -> Result<()> {
        if self.age == crate::age::Age::Old {
            return Ok(());
        }
        if repository.chars().any(|c| c.is_ascii_uppercase()) {
            let message = "invalid reference format: repository name must be lowercase";
            return Err(Refusal::new(status, message));
        }
        let fine = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c);
        if repository.is_empty() || !repository.chars().all(fine) {
            return Err(Refusal::new(status, "invalid reference format"));
        }
        Ok(())
    }

    /// The image that is called so, or whose id is or begins so.
    pub(crate) fn image(&self, name: &str) -> Result<&StoredImage> {
        self.image_place(name).map(|place| &self.images[place])
    }

    pub(crate) fn image_place(&self, name: &str) -> Result<usize> {
        let wanted = full(name);
        let digits = name.strip_prefix("sha256:").unwrap_or(name);
        let by_tag = self.images.iter().position(|image| image.tags.contains(&wanted));
        let by_id = || {
            let begins = |image: &StoredImage| image.id.trim_start_matches("sha256:").starts_with(digits);
            (!digits.is_empty()).then(|| self.images.iter().position(begins))?
        };
        by_tag.or_else(by_id).ok_or_else(|| Refusal::not_found(self.age.no_such_image(name, &wanted)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_in_full_has_a_tag_and_no_usual_host() {
        assert_eq!(full("busybox"), "busybox:latest");
        assert_eq!(full("docker.io/library/busybox:1"), "busybox:1");
        assert_eq!(full("localhost:5000/a/b"), "localhost:5000/a/b:latest");
        assert_eq!(joined("localhost:5000/a", "v1"), "localhost:5000/a:v1");
    }
}
