//! What the engine has: images, containers, commands in them, volumes, networks, and what happened.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use tokio::sync::watch;

use crate::{Image, age::Age};

pub(crate) mod container;
pub(crate) mod endpoint;
pub(crate) mod event;
pub(crate) mod exec;
pub(crate) mod files;
pub(crate) mod ids;
pub(crate) mod layer;
pub(crate) mod mount;
pub(crate) mod names;
pub(crate) mod network;
pub(crate) mod reference;
pub(crate) mod run;
mod told;
pub(crate) mod volume;

use self::{container::Container, event::Event, exec::Exec, network::Network, run::Run, volume::Volume};

/// The world, and a way to wait until it is as one wants it.
#[derive(Debug)]
pub(crate) struct State {
    world: Mutex<World>,
    changes: watch::Sender<()>,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) age: Age,
    /// The newest first.
    pub(crate) images: Vec<StoredImage>,
    /// Those that were there; an archive may bring them back.
    pub(crate) removed: Vec<StoredImage>,
    /// What can be pulled.
    pub(crate) registry: Vec<Image>,
    /// The newest first.
    pub(crate) containers: Vec<Container>,
    pub(crate) execs: Vec<Exec>,
    pub(crate) volumes: Vec<Volume>,
    pub(crate) networks: Vec<Network>,
    /// What runs or has run in containers and commands, by their ids.
    pub(crate) runs: BTreeMap<String, Run>,
    /// What ran in containers that are gone, for those who still read what it wrote.
    gone: BTreeMap<String, Run>,
    pub(crate) events: Vec<Event>,
    serial: u64,
}

/// An image that the engine has.
#[derive(Clone, Debug)]
pub(crate) struct StoredImage {
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) tags: Vec<String>,
    pub(crate) created: jiff::Timestamp,
    pub(crate) comment: String,
    pub(crate) author: String,
    pub(crate) created_by: String,
    /// The container it was made of, and that one's configuration.
    pub(crate) container: Option<(String, serde_json::Value)>,
    pub(crate) layers: Vec<String>,
    /// The bytes of its own layer, and of all.
    pub(crate) size: (u64, u64),
    pub(crate) image: Image,
}

impl World {
    /// What was written in a container or by a command, and whether that is gone.
    pub(crate) fn readable(&self, id: &str) -> Option<(&Run, bool)> {
        self.runs.get(id).map(|run| (run, false)).or_else(|| self.gone.get(id).map(|run| (run, true)))
    }
}

impl State {
    pub(crate) fn new(age: Age) -> Self {
        let world = World {
            age,
            images: Vec::new(),
            removed: Vec::new(),
            registry: Vec::new(),
            containers: Vec::new(),
            execs: Vec::new(),
            volumes: Vec::new(),
            networks: Network::all_predefined(),
            runs: BTreeMap::new(),
            gone: BTreeMap::new(),
            events: Vec::new(),
            serial: 0,
        };
        Self { world: Mutex::new(world), changes: watch::Sender::new(()) }
    }

    pub(crate) fn look<T>(&self, f: impl FnOnce(&World) -> T) -> T {
        f(&self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn change<T>(&self, f: impl FnOnce(&mut World) -> T) -> T {
        let outcome = f(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_replace(());
        outcome
    }

    /// Waits until `f` finds something; it is asked again after each change.
    pub(crate) async fn until<T>(&self, mut f: impl FnMut(&mut World) -> Option<T>) -> T {
        let mut changes = self.changes.subscribe();
        loop {
            changes.mark_unchanged();
            let found = f(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner));
            if let Some(found) = found {
                return found;
            }
            // The sender lives as long as `self`.
            let _ = changes.changed().await;
        }
    }
}

impl StoredImage {
    /// Whether it is only a step on the way to others.
    pub(crate) fn is_between(&self, world: &World) -> bool {
        self.tags.is_empty() && world.images.iter().any(|other| other.parent == self.id)
    }
}

impl World {
    /// A new id: 64 digits that look random, and are the same in every run.
    pub(crate) fn new_id(&mut self) -> String {
        self.serial += 1;
        ids::id(self.serial)
    }

    /// A new id of an image, as engines of this age write it.
    pub(crate) fn new_image_id(&mut self) -> String {
        let id = self.new_id();
        if self.age == Age::Old { id } else { format!("sha256:{id}") }
    }

    pub(crate) fn add_image(&mut self, image: &Image) -> String {
        let (id, layer) = (self.new_image_id(), self.new_image_id());
        self.untag(&image.reference);
        self.images.insert(
            0,
            StoredImage {
                id: id.clone(),
                parent: String::new(),
                tags: vec![image.reference.clone()],
                created: jiff::Timestamp::now(),
                comment: String::new(),
                author: String::new(),
                created_by: String::new(),
                container: None,
                layers: vec![layer],
                size: (image.size, image.size),
                image: image.clone(),
            },
        );
        id
    }

    /// Takes the tag from whatever image has it.
    pub(crate) fn untag(&mut self, reference: &str) {
        self.images.iter_mut().for_each(|image| image.tags.retain(|tag| tag != reference));
    }
}
