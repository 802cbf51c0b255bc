//! Which containers a combined log monitor leaves out.

use std::fmt;

use crate::{images::Reference, models::ContainerSummary};

/// Decides about a container by its entry in a list.
type Predicate = Box<dyn Fn(&ContainerSummary) -> bool + Send>;

/// The containers that are left out.
#[derive(Default)]
pub(super) struct Exclusions {
    labels: Vec<String>,
    names: Vec<String>,
    images: Vec<String>,
    /// All must accept a container.
    predicates: Vec<Predicate>,
}

impl Exclusions {
    pub(super) fn label(&mut self, label: String) {
        self.labels.push(label);
    }

    pub(super) fn name(&mut self, name: &str) {
        self.names.push(name.strip_prefix('/').unwrap_or(name).to_owned());
    }

    pub(super) fn image(&mut self, image: String) {
        self.images.push(image);
    }

    pub(super) fn unless(&mut self, predicate: impl Fn(&ContainerSummary) -> bool + Send + 'static) {
        self.predicates.push(Box::new(predicate));
    }

    pub(super) fn exclude(&self, container: &ContainerSummary) -> bool {
        self.labels.iter().any(|label| has_label(container, label))
            || self.names.iter().any(|name| is_named(container, name))
            || self.images.iter().any(|image| is_of_image(container, image))
            || !self.predicates.iter().all(|accepts| accepts(container))
    }
}

/// Whether a container has a label, `key` or `key=value`.
fn has_label(container: &ContainerSummary, label: &str) -> bool {
    match label.split_once('=') {
        Some((key, value)) => container.labels.get(key).is_some_and(|found| found == value),
        None => container.labels.contains_key(label),
    }
}

/// Whether a container has this name, or an id that begins with it and is not shorter than a short id.
fn is_named(container: &ContainerSummary, name: &str) -> bool {
    container.name() == name || (name.len() >= 12 && container.id.starts_with(name))
}

/// Whether a container was created from the image with this name or id. A name without a tag matches all tags.
fn is_of_image(container: &ContainerSummary, image: &str) -> bool {
    if container.image == image || container.image_id == image {
        return true;
    }
    let hex = |id: &str| id.strip_prefix("sha256:").unwrap_or(id).to_owned();
    if image.len() >= 12 && hex(&container.image_id).starts_with(&hex(image)) {
        return true;
    }
    let (Ok(used), Ok(excluded)) = (container.image.parse::<Reference>(), image.parse::<Reference>()) else {
        return false;
    };
    let is_same_repository = (used.registry(), used.path()) == (excluded.registry(), excluded.path());
    let is_any = excluded.tag().is_none() && excluded.digest().is_none();
    let tag = |reference: &Reference| match (reference.tag(), reference.digest()) {
        (None, None) => Some("latest".to_owned()),
        (tag, _) => tag.map(str::to_owned),
    };
    let is_same_version = match excluded.digest() {
        Some(digest) => used.digest() == Some(digest),
        None => tag(&used) == tag(&excluded),
    };
    is_same_repository && (is_any || is_same_version)
}

impl fmt::Debug for Exclusions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exclusions")
            .field("labels", &self.labels)
            .field("names", &self.names)
            .field("images", &self.images)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE_ID: &str = "sha256:8b3c0a1f2d4e5f60718293a4b5c6d7e8f90123456789abcdef0123456789abcd";

    fn container(image: &str) -> ContainerSummary {
        ContainerSummary {
            id: "f43c0a1f2d4e5f60718293a4b5c6d7e8f90123456789abcdef0123456789abcd".into(),
            names: vec!["/other/alias".into(), "/web".into()],
            image: image.into(),
            image_id: IMAGE_ID.into(),
            labels: [("app".to_owned(), "web".to_owned())].into_iter().collect(),
            ..ContainerSummary::default()
        }
    }

    #[test]
    fn exclude_label_by_key_or_value() {
        for (label, want) in [("app", true), ("app=web", true), ("app=db", false), ("ap", false), ("web", false)] {
            assert_eq!(has_label(&container("nginx"), label), want, "{label}");
        }
    }

    #[test]
    fn exclude_name_by_exact_name_or_id() {
        let cases =
            [("web", true), ("we", false), ("alias", false), ("f43c", false), ("f43c0a1f2d4e", true), ("", false)];
        for (name, want) in cases {
            assert_eq!(is_named(&container("nginx"), name), want, "{name}");
        }
        let mut exclusions = Exclusions::default();
        exclusions.name("/web");
        assert!(exclusions.exclude(&container("nginx")));
    }

    #[test]
    fn exclude_image_by_repository_tag_or_id() {
        let cases = [
            ("nginx:1.27", "nginx", true),
            ("nginx:1.27", "docker.io/library/nginx", true),
            ("nginx:1.27", "nginx:1.27", true),
            ("nginx:1.27", "nginx:1.26", false),
            ("nginx:1.27", "nginx:latest", false),
            ("nginx", "nginx:latest", true),
            ("nginx:1.27", "ngin", false),
            ("quay.io/acme/nginx:1", "nginx", false),
            ("nginx:1.27", IMAGE_ID, true),
            ("8b3c0a1f2d4e", "8b3c0a1f2d4e", true),
            ("nginx:1.27", "8b3c0a1f2d4e", true),
            ("nginx:1.27", "8b3c0a1f2d4f", false),
        ];
        for (used, excluded, want) in cases {
            assert_eq!(is_of_image(&container(used), excluded), want, "{used}, {excluded}");
        }
    }

    #[test]
    fn exclusions_need_all_predicates_to_accept() {
        let mut exclusions = Exclusions::default();
        assert!(!exclusions.exclude(&container("nginx")));
        exclusions.unless(|container| container.image == "nginx");
        exclusions.unless(|container| container.name() == "web");
        assert!(!exclusions.exclude(&container("nginx")) && exclusions.exclude(&container("redis")));
    }
}
