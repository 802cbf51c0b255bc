//! Images, made one of the other.

use std::sync::Arc;

use serde_json::{Value, json};

use super::stages::{Build, Done};
use crate::{
    refusal::Result,
    state::{World, files::Files, ids, layer::Layer},
};

impl Build {
    /// Makes an image of a step that only changes the configuration.
    pub(super) fn note(&mut self, told: &str) -> Done {
        let created_by = format!("/bin/sh -c #(nop) {told}");
        if self.is_cached(&created_by) {
            return Ok(());
        }
        let command = vec!["/bin/sh".to_owned(), "-c".to_owned(), "#(nop) ".to_owned(), told.trim_start().to_owned()];
        let container = self.add_container(self.config.clone(), &command)?;
        self.tell(&format!(" ---> Running in {}\n", ids::short(&container)));
        self.commit(&container, &created_by);
        Ok(())
    }

    /// Makes a container of the image so far. Nothing can be made of `scratch`, and nothing has to.
    pub(super) fn add_container(&self, mut config: Value, command: &[String]) -> Result<String> {
        let image = self.image.clone().unwrap_or_default();
        (config["Image"], config["Cmd"]) = (json!(image), json!(command));
        self.shared.state.change(|world| match image.is_empty() {
            true => Ok(world.new_id()),
            false => world.add_container(None, config, json!({})),
        })
    }

    /// Makes an image of a container, and goes on with it.
    pub(super) fn commit(&mut self, container: &str, created_by: &str) {
        let shared = Arc::clone(&self.shared);
        shared.state.change(|world| {
            let found = world.container(container).ok();
            let files = found.map(|found| found.files.clone()).unwrap_or_default();
            let made_of = found.map(|found| (container.to_owned(), found.config.clone()));
            self.add_image(world, files, created_by, made_of);
        });
        if self.wishes.removes {
            self.remove(container);
        }
        self.tell_image();
    }

    pub(super) fn remove(&mut self, container: &str) {
        self.shared.state.change(|world| world.remove_container(container, true));
        self.tell(&format!("Removing intermediate container {}\n", ids::short(container)));
    }

    pub(super) fn add_image(
        &mut self,
        world: &mut World,
        files: Files,
        created_by: &str,
        container: Option<(String, Value)>,
    ) {
        let parent = self.image.clone().unwrap_or_default();
        let mut config = self.config.clone();
        config["Image"] = json!(parent);
        let (author, created_by) = (self.author.clone(), created_by.to_owned());
        let image =
            world.add_layer(&parent, Layer { config, files, author, created_by, container, comment: String::new() });
        self.is_now(image);
    }

    fn is_now(&mut self, image: String) {
        if let Some((_, stage)) = self.stages.last_mut() {
            stage.clone_from(&image);
        }
        self.image = Some(image);
    }

    pub(super) fn tell_image(&mut self) {
        let image = self.image.clone().unwrap_or_default();
        self.tell(&format!(" ---> {}\n", ids::short(&image)));
    }

    /// Whether an image was made so before. Then it is the image now.
    pub(super) fn is_cached(&mut self, created_by: &str) -> bool {
        let Some(parent) = self.image.clone().filter(|parent| self.wishes.uses_cache && !parent.is_empty()) else {
            return false;
        };
        let found = self.shared.state.look(|world| {
            let mut made = world.images.iter().filter(|image| image.parent == parent);
            let found = made.find(|image| image.created_by == created_by)?;
            Some((found.id.clone(), found.image.config.clone()))
        });
        let Some((image, config)) = found else { return false };
        self.config = config;
        self.is_now(image);
        self.tell(" ---> Using cache\n");
        self.tell_image();
        true
    }
}
