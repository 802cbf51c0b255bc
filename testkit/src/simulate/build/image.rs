//! The intermediate images of build steps.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    builder::Builder,
    stages::{Build, StepResult},
};
use crate::{
    api_error::Result,
    state::{State, files::Files, ids, layer::Layer},
};

impl<B: Builder> Build<B> {
    /// Creates the image of a step that only changes the configuration.
    pub(super) fn commit_config(&mut self, text: &str) -> StepResult {
        let created_by = format!("/bin/sh -c #(nop) {text}");
        if self.use_cached(&created_by) {
            return Ok(());
        }
        let command = vec!["/bin/sh".to_owned(), "-c".to_owned(), "#(nop) ".to_owned(), text.trim_start().to_owned()];
        let container = self.add_container(self.config.clone(), &command)?;
        self.print(&format!(" ---> Running in {}\n", ids::short(&container)));
        self.commit(&container, &created_by);
        Ok(())
    }

    /// Creates a container of the current image. For `scratch`, creates only an id.
    pub(super) fn add_container(&self, mut config: Value, command: &[String]) -> Result<String> {
        let image = self.image.clone().unwrap_or_default();
        (config["Image"], config["Cmd"]) = (json!(image), json!(command));
        self.server.state.update(|state| match image.is_empty() {
            true => Ok(state.new_id()),
            false => state.add_container(None, config, json!({})),
        })
    }

    /// Creates an image from a container, as the current image.
    pub(super) fn commit(&mut self, container: &str, created_by: &str) {
        let server = Arc::clone(&self.server);
        server.state.update(|state| {
            let found = state.container(container).ok();
            let files = found.map(|found| found.files.clone()).unwrap_or_default();
            let container = found.map(|found| (container.to_owned(), found.config.clone()));
            self.add_image(state, files, created_by, container);
        });
        if self.options.removes {
            self.remove(container);
        }
        self.print_image_id();
    }

    pub(super) fn remove(&mut self, container: &str) {
        self.server.state.update(|state| state.remove_container(container, true));
        self.print(&format!("Removing intermediate container {}\n", ids::short(container)));
    }

    pub(super) fn add_image(
        &mut self,
        state: &mut State,
        files: Files,
        created_by: &str,
        container: Option<(String, Value)>,
    ) {
        let parent = self.image.clone().unwrap_or_default();
        let mut config = self.config.clone();
        config["Image"] = json!(parent);
        let (author, created_by) = (self.author.clone(), created_by.to_owned());
        let image =
            state.add_layer(&parent, Layer { config, files, author, created_by, container, comment: String::new() });
        self.set_image(image);
    }

    fn set_image(&mut self, image: String) {
        if let Some((_, stage)) = self.stages.last_mut() {
            stage.clone_from(&image);
        }
        self.image = Some(image);
    }

    pub(super) fn print_image_id(&mut self) {
        let image = self.image.clone().unwrap_or_default();
        self.print(&format!(" ---> {}\n", ids::short(&image)));
    }

    /// Uses the cached image of a step, if there is one.
    pub(super) fn use_cached(&mut self, created_by: &str) -> bool {
        let uses_cache = self.options.uses_cache && !self.builder.ignores_cache();
        let Some(parent) = self.image.clone().filter(|parent| uses_cache && !parent.is_empty()) else {
            return false;
        };
        let found = self.server.state.read(|state| {
            let mut children = state.images.iter().filter(|image| image.parent == parent);
            let found = children.find(|image| image.created_by == created_by)?;
            Some((found.id.clone(), found.image.config.clone()))
        });
        let Some((image, config)) = found else { return false };
        self.config = config;
        self.set_image(image);
        self.builder.cached();
        self.print_image_id();
        true
    }
}
