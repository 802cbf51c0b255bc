//! Images created from a parent image.

use serde_json::Value;

use super::{State, StoredImage, files::Files};
use crate::Image;

/// The differences of an image from its parent.
#[derive(Debug, Default)]
pub(crate) struct Layer {
    pub(crate) config: Value,
    pub(crate) files: Files,
    pub(crate) comment: String,
    pub(crate) author: String,
    pub(crate) created_by: String,
    /// The container that it was created from, and the configuration of that container.
    pub(crate) container: Option<(String, Value)>,
}

impl State {
    /// Creates an untagged image from `parent`, or from scratch if there is no such image.
    pub(crate) fn add_layer(&mut self, parent: &str, layer: Layer) -> String {
        let base = self.images.iter().find(|image| image.id == parent).cloned();
        let mut image = base.as_ref().map_or_else(|| Image::new("none").size(0), |base| base.image.clone());
        let own = layer.files.size().saturating_sub(image.files.size());
        let changed = layer.files != image.files;
        image.config = layer.config;
        image.files = layer.files;
        let mut layers = base.as_ref().map_or_else(Vec::new, |base| base.layers.clone());
        let id = self.new_image_id();
        if changed {
            layers.push(self.new_image_id());
        }
        self.images.insert(
            0,
            StoredImage {
                id: id.clone(),
                parent: base.as_ref().map_or_else(String::new, |base| base.id.clone()),
                tags: vec![],
                created: jiff::Timestamp::now(),
                comment: layer.comment,
                author: layer.author,
                created_by: layer.created_by,
                container: layer.container,
                layers,
                size: (own, base.map_or(0, |base| base.size.1) + own),
                image,
            },
        );
        id
    }

    /// Tags an image. The event contains `name`.
    pub(crate) fn tag_image(&mut self, id: &str, reference: &str, name: &str) {
        self.untag(reference);
        if let Some(image) = self.images.iter_mut().find(|image| image.id == id) {
            image.tags.push(reference.to_owned());
        }
        self.image_event("tag", id, name);
    }
}
