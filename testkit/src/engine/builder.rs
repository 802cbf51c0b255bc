//! The builder of a fake engine.

use std::{future, sync::Arc};

use dockerclient::ApiVersion;
use serde_json::{Value, json};

use super::FakeEngine;
use crate::{
    Image, Request, Response,
    release::Release,
    server::{BodyMode, Script, Server},
    specification::SPECIFICATION,
    state::{
        ids,
        plugin::{PluginRegistry, decode_config},
        reference,
    },
    transcript::Transcript,
};

/// Builds a [`FakeEngine`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use dockerclient_testkit::{FakeEngine, Image};
///
/// let engine = FakeEngine::builder()
///     .like_docker_1_6()
///     .image(Image::new("shop:1").cmd(["serve"]))
///     .in_registry(Image::new("shop:2"))
///     .build();
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct FakeEngineBuilder {
    release: Release,
    newest: Option<ApiVersion>,
    lenient: bool,
    images: Vec<Image>,
    registry: Vec<Image>,
    plugin_registry: PluginRegistry,
    swarm_nodes: usize,
}

impl FakeEngineBuilder {
    pub(super) fn new() -> Self {
        Self {
            release: Release::V20_10,
            newest: None,
            lenient: false,
            images: vec![Image::busybox()],
            registry: Vec::new(),
            plugin_registry: PluginRegistry::new(),
            swarm_nodes: 0,
        }
    }

    /// Behaves like Docker 1.6: booleans are sent as 0 and 1, errors as plain text, events without separators, ids without
    /// a `sha256:` prefix, and some errors have other statuses.
    pub fn like_docker_1_6(self) -> Self {
        Self { release: Release::V1_6, ..self }
    }

    /// Sets the newest supported API version. Requests for newer versions are rejected.
    ///
    /// Defaults to 1.41, or the newest version of the OpenAPI document if that is older, and to 1.18 with
    /// [`like_docker_1_6`](Self::like_docker_1_6).
    ///
    /// # Panics
    ///
    /// Panics if this is not a valid version.
    pub fn newest_api(self, version: &str) -> Self {
        Self { newest: Some(version.parse().expect("invalid API version")), ..self }
    }

    /// Ignores unknown parameters and fields, as engines do, instead of failing the test.
    pub fn lenient(self) -> Self {
        Self { lenient: true, ..self }
    }

    /// Adds an image.
    pub fn image(mut self, image: Image) -> Self {
        self.images.push(image);
        self
    }

    /// Removes all images, including `busybox`.
    pub fn without_images(mut self) -> Self {
        self.images.clear();
        self
    }

    /// Adds an image that can be pulled.
    pub fn in_registry(mut self, image: Image) -> Self {
        self.registry.push(image);
        self
    }

    /// Adds a plugin that can be pulled. `config` is the content of its `config.json`; the tag of `reference` defaults
    /// to `latest`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use dockerclient_testkit::FakeEngine;
    /// use serde_json::json;
    ///
    /// let config = json!({ "interface": { "types": ["docker.volumedriver/1.0"], "socket": "sshfs.sock" } });
    /// let engine = FakeEngine::builder().plugin_in_registry("vieux/sshfs", &config).build();
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if a field of `config` has the wrong type.
    pub fn plugin_in_registry(mut self, reference: &str, config: &Value) -> Self {
        let files = format!("sha256:{}", ids::of(reference.as_bytes()));
        let config =
            decode_config(config, &files).unwrap_or_else(|error| panic!("invalid plugin configuration: {error}"));
        self.plugin_registry.insert(reference::full(reference), config);
        self
    }

    /// Makes the engine the manager of a swarm with this number of nodes: itself, `fake-engine`, and workers that are
    /// named `node-2`, `node-3`, and so on. Each has the images of the engine, and its own containers, volumes and
    /// networks, which clients cannot access. Without this, a client can create a swarm with one node.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dockerclient::Result<()> {
    /// use dockerclient_testkit::FakeEngine;
    ///
    /// let engine = FakeEngine::builder().swarm_nodes(3).build();
    /// let docker = engine.client("1.41");
    /// let web = docker.services().create("busybox").name("web").cmd(["sleep", "1000"]).replicas(3).await?;
    /// let on_worker = docker.tasks().list().service("web").node("node-2").await?;
    /// assert_eq!(on_worker[0].service_id, web.id());
    /// # Ok(())
    /// # }
    /// ```
    pub fn swarm_nodes(self, nodes: usize) -> Self {
        Self { swarm_nodes: nodes, ..self }
    }

    /// Creates the fake engine.
    #[must_use]
    pub fn build(self) -> FakeEngine {
        self.with(None)
    }

    /// Creates a fake engine that responds to every request with the result of `script`, and simulates nothing.
    #[must_use]
    pub fn scripted(self, script: impl Fn(&Request) -> Response + Send + Sync + 'static) -> FakeEngine {
        self.with(Some((ready(script), BodyMode::Read)))
    }

    /// Creates a fake engine that responds to every request with the result of an asynchronous function, and simulates
    /// nothing. [`client_from_fn`](crate::client_from_fn()) creates just a client.
    #[must_use]
    pub fn responding<R>(self, respond: impl Fn(Request) -> R + Send + Sync + 'static) -> FakeEngine
    where
        R: Future<Output = Response> + Send + 'static,
    {
        self.with(Some((Box::new(move |request| Box::pin(respond(request))), BodyMode::Read)))
    }

    /// Creates a fake engine that calls `script` as soon as the headers of a request are received, and does not read the
    /// body.
    #[must_use]
    pub fn scripted_before_body(self, script: impl Fn(&Request) -> Response + Send + Sync + 'static) -> FakeEngine {
        self.with(Some((ready(script), BodyMode::Skip)))
    }

    /// Creates a fake engine as [`responding`](Self::responding) does, without the bodies and headers of requests in its
    /// transcript.
    pub(crate) fn forwarding<R>(self, respond: impl Fn(Request) -> R + Send + Sync + 'static) -> FakeEngine
    where
        R: Future<Output = Response> + Send + 'static,
    {
        let mut server = self.server(Some((Box::new(move |request| Box::pin(respond(request))), BodyMode::Read)));
        server.transcript = Transcript::of_lines();
        FakeEngine::with(server)
    }

    fn with(self, script: Option<(Script, BodyMode)>) -> FakeEngine {
        FakeEngine::with(self.server(script))
    }

    fn server(self, script: Option<(Script, BodyMode)>) -> Server {
        let newest = self.newest.unwrap_or(self.release.newest_api().min(SPECIFICATION.newest));
        let server = Server::new(self.release, newest, self.lenient, script);
        server.state.update(|state| {
            for image in &self.images {
                state.add_image(image);
            }
            state.registry = [&self.registry[..], &self.images, &[Image::busybox()]].concat();
            state.plugin_registry = self.plugin_registry;
            if self.swarm_nodes > 0 {
                let created = state.init_swarm(&json!({ "ListenAddr": "0.0.0.0:2377" }));
                created.expect("the engine is not part of a swarm");
                let another = || Arc::new(server.state.of_another_engine(self.release));
                state.add_workers(self.swarm_nodes - 1, another);
            }
        });
        server
    }
}

/// A script that responds immediately.
fn ready(script: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Script {
    Box::new(move |request| Box::pin(future::ready(script(&request))))
}
