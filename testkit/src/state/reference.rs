//! References to images.

use super::{State, StoredImage};
use crate::api_error::{ApiError, Result};

/// The full reference, with a tag and without `docker.io/library/`.
pub(crate) fn full(reference: &str) -> String {
    let reference = reference.strip_prefix("docker.io/").unwrap_or(reference);
    let reference = reference.strip_prefix("library/").unwrap_or(reference);
    if reference.contains('@') || reference.rsplit('/').next().is_some_and(|last| last.contains(':')) {
        reference.to_owned()
    } else {
        format!("{reference}:latest")
    }
}

/// Joins a repository and a tag. If the tag is empty or a digest, `repository` may contain one.
pub(crate) fn joined(repository: &str, tag: &str) -> String {
    if tag.is_empty() || tag.starts_with("sha256:") { full(repository) } else { format!("{repository}:{tag}") }
}

/// The full reference with its registry, for example `docker.io/library/busybox:latest`.
pub(crate) fn with_registry(full_reference: &str) -> String {
    match full_reference.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => full_reference.to_owned(),
        Some(_) => format!("docker.io/{full_reference}"),
        None => format!("docker.io/library/{full_reference}"),
    }
}

impl State {
    /// Returns an error unless `repository` is a valid repository name.
    pub(crate) fn check_repository(&self, repository: &str, status: u16) -> Result<()> {
        if self.release == crate::release::Release::V1_6 {
            return Ok(());
        }
        if repository.chars().any(|c| c.is_ascii_uppercase()) {
            let message = "invalid reference format: repository name must be lowercase";
            return Err(ApiError::new(status, message));
        }
        let fine = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c);
        if repository.is_empty() || !repository.chars().all(fine) {
            return Err(ApiError::new(status, "invalid reference format"));
        }
        Ok(())
    }

    /// The image with this reference, id or id prefix.
    pub(crate) fn image(&self, name: &str) -> Result<&StoredImage> {
        self.image_index(name).map(|index| &self.images[index])
    }

    pub(crate) fn image_index(&self, name: &str) -> Result<usize> {
        let reference = full(name);
        let digits = name.strip_prefix("sha256:").unwrap_or(name);
        let by_tag = self.images.iter().position(|image| image.tags.contains(&reference));
        let by_id = || {
            let begins = |image: &StoredImage| image.id.trim_start_matches("sha256:").starts_with(digits);
            (!digits.is_empty()).then(|| self.images.iter().position(begins))?
        };
        by_tag.or_else(by_id).ok_or_else(|| ApiError::not_found(self.release.no_such_image(name, &reference)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_reference_has_a_tag_and_no_default_registry() {
        assert_eq!(full("busybox"), "busybox:latest");
        assert_eq!(full("docker.io/library/busybox:1"), "busybox:1");
        assert_eq!(full("localhost:5000/a/b"), "localhost:5000/a/b:latest");
        assert_eq!(joined("localhost:5000/a", "v1"), "localhost:5000/a:v1");
    }

    #[test]
    fn default_registry_is_docker_hub() {
        assert_eq!(with_registry("busybox:latest"), "docker.io/library/busybox:latest");
        assert_eq!(with_registry("a/b:1"), "docker.io/a/b:1");
        assert_eq!(with_registry("localhost:5000/a:1"), "localhost:5000/a:1");
    }
}
