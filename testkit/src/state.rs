//! The state of the engine: images, containers, exec instances, volumes, networks and events.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

use crate::{Image, release::Release};

mod attachments;
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
pub(crate) mod plugin;
pub(crate) mod reference;
mod representation;
pub(crate) mod run;
pub(crate) mod swarm;
pub(crate) mod volume;

use self::{
    container::Container,
    event::Event,
    exec::Exec,
    network::Network,
    plugin::{Plugin, PluginRegistry},
    run::Run,
    swarm::{Swarm, membership::Worker},
    volume::Volume,
};

/// The state behind a lock, with notification of changes.
#[derive(Debug)]
pub(crate) struct SharedState {
    state: Mutex<State>,
    changes: Arc<watch::Sender<()>>,
}

/// The state of the engine.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) release: Release,
    /// Newest first.
    pub(crate) images: Vec<StoredImage>,
    /// Removed images, whose programs are restored if they are loaded again.
    pub(crate) removed: Vec<StoredImage>,
    /// Images that can be pulled.
    pub(crate) registry: Vec<Image>,
    /// Newest first.
    pub(crate) containers: Vec<Container>,
    pub(crate) execs: Vec<Exec>,
    pub(crate) volumes: Vec<Volume>,
    pub(crate) networks: Vec<Network>,
    pub(crate) plugins: Vec<Plugin>,
    /// Plugins that can be pulled.
    pub(crate) plugin_registry: PluginRegistry,
    /// The swarm that the engine is a manager of.
    pub(crate) swarm: Option<Swarm>,
    /// The engine as a worker of a swarm.
    pub(crate) worker: Option<Worker>,
    /// Runs of containers and exec instances, by id.
    pub(crate) runs: BTreeMap<String, Run>,
    /// Runs of removed containers, whose output may still be read.
    removed_runs: BTreeMap<String, Run>,
    pub(crate) events: Vec<Event>,
    serial: u64,
}

/// A local image.
#[derive(Clone, Debug)]
pub(crate) struct StoredImage {
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) tags: Vec<String>,
    pub(crate) created: jiff::Timestamp,
    pub(crate) comment: String,
    pub(crate) author: String,
    pub(crate) created_by: String,
    /// The container that it was created from, and the configuration of that container.
    pub(crate) container: Option<(String, serde_json::Value)>,
    pub(crate) layers: Vec<String>,
    /// Size of the top layer and of all layers, in bytes.
    pub(crate) size: (u64, u64),
    pub(crate) image: Image,
}

impl State {
    /// The run of a container or exec instance, and whether the container was removed.
    pub(crate) fn run(&self, id: &str) -> Option<(&Run, bool)> {
        self.runs.get(id).map(|run| (run, false)).or_else(|| self.removed_runs.get(id).map(|run| (run, true)))
    }
}

impl SharedState {
    pub(crate) fn new(release: Release) -> Self {
        Self::with_changes(release, Arc::new(watch::Sender::new(())))
    }

    /// The state of another engine. A change of either state wakes the tasks that wait for changes of the other.
    ///
    /// Lock order: this engine first, then the other one.
    pub(crate) fn of_another_engine(&self, release: Release) -> Self {
        Self::with_changes(release, Arc::clone(&self.changes))
    }

    fn with_changes(release: Release, changes: Arc<watch::Sender<()>>) -> Self {
        let state = State {
            release,
            images: Vec::new(),
            removed: Vec::new(),
            registry: Vec::new(),
            containers: Vec::new(),
            execs: Vec::new(),
            volumes: Vec::new(),
            networks: Network::all_predefined(),
            plugins: Vec::new(),
            plugin_registry: PluginRegistry::new(),
            swarm: None,
            worker: None,
            runs: BTreeMap::new(),
            removed_runs: BTreeMap::new(),
            events: Vec::new(),
            serial: 0,
        };
        Self { state: Mutex::new(state), changes }
    }

    pub(crate) fn read<T>(&self, f: impl FnOnce(&State) -> T) -> T {
        f(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn update<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        let outcome = f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_replace(());
        outcome
    }

    /// Waits until `f` returns a value. It is called again after each change.
    pub(crate) async fn wait_until<T>(&self, mut f: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut changes = self.changes.subscribe();
        loop {
            changes.mark_unchanged();
            let found = f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
            if let Some(found) = found {
                return found;
            }
            // The sender lives as long as `self`.
            let _ = changes.changed().await;
        }
    }
}

impl StoredImage {
    /// Whether it is an untagged parent of other images.
    pub(crate) fn is_intermediate(&self, state: &State) -> bool {
        self.tags.is_empty() && state.images.iter().any(|other| other.parent == self.id)
    }
}

impl State {
    /// A new id: 64 hexadecimal digits, the same in every run of a test.
    pub(crate) fn new_id(&mut self) -> String {
        ids::id(self.new_serial())
    }

    /// A number that this engine has not used yet.
    fn new_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// A new image id, in the format of the release.
    pub(crate) fn new_image_id(&mut self) -> String {
        let id = self.new_id();
        if self.release == Release::V1_6 { id } else { format!("sha256:{id}") }
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

    /// Removes a tag from the image that has it.
    pub(crate) fn untag(&mut self, reference: &str) {
        self.images.iter_mut().for_each(|image| image.tags.retain(|tag| tag != reference));
    }
}
