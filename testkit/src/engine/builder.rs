//! Making an engine to order.

use dockerclient::ApiVersion;

use super::Engine;
use crate::{
    Image, Reply, Request,
    age::Age,
    document::DOCUMENT,
    shared::{Reading, Script, Shared},
};

/// Makes an [`Engine`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use dockerclient_testkit::{Engine, Image};
///
/// let engine = Engine::builder()
///     .like_docker_1_6()
///     .image(Image::new("shop:1").cmd(["serve"]))
///     .in_registry(Image::new("shop:2"))
///     .build();
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct EngineBuilder {
    age: Age,
    newest: Option<ApiVersion>,
    lenient: bool,
    images: Vec<Image>,
    registry: Vec<Image>,
}

impl EngineBuilder {
    pub(super) fn new() -> Self {
        Self { age: Age::Modern, newest: None, lenient: false, images: vec![Image::busybox()], registry: Vec::new() }
    }

    /// Behave as engine 1.6: flags as 0 and 1, errors as text, events without anything between them, ids without a
    /// prefix, and its statuses.
    pub fn like_docker_1_6(self) -> Self {
        Self { age: Age::Old, ..self }
    }

    /// The newest API to speak; newer ones are refused.
    ///
    /// Defaults to 1.41, or what the API's document knows if that is less, and to 1.18 with
    /// [`like_docker_1_6`](Self::like_docker_1_6).
    ///
    /// # Panics
    ///
    /// If this is no version.
    pub fn newest_api(self, version: &str) -> Self {
        Self { newest: Some(version.parse().expect("a version of the API, as 1.18")), ..self }
    }

    /// Take requests as engines do, which ignore what they do not know; do not fail the test for them.
    pub fn lenient(self) -> Self {
        Self { lenient: true, ..self }
    }

    /// An image that the engine has, and what containers of it do.
    pub fn image(mut self, image: Image) -> Self {
        self.images.push(image);
        self
    }

    /// Have no images, not even `busybox`.
    pub fn without_images(mut self) -> Self {
        self.images.clear();
        self
    }

    /// An image that can be pulled.
    pub fn in_registry(mut self, image: Image) -> Self {
        self.registry.push(image);
        self
    }

    /// Makes the engine.
    #[must_use]
    pub fn build(self) -> Engine {
        self.with(None)
    }

    /// Makes an engine that answers each request as `script` says, and does nothing of its own.
    #[must_use]
    pub fn answering(self, script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Engine {
        self.with(Some((Box::new(script), Reading::Bodies)))
    }

    /// The same, without reading the bodies of requests.
    #[must_use]
    pub fn answering_early(self, script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Engine {
        self.with(Some((Box::new(script), Reading::OnlyHeads)))
    }

    fn with(self, script: Option<(Script, Reading)>) -> Engine {
        let newest = self.newest.unwrap_or(self.age.newest().min(DOCUMENT.newest));
        let shared = Shared::new(self.age, newest, self.lenient, script);
        shared.state.change(|world| {
            for image in &self.images {
                world.add_image(image);
            }
            world.registry = [&self.registry[..], &self.images, &[Image::busybox()]].concat();
        });
        Engine::with(shared)
    }
}
