//! The builder of a fake engine.

use dockerclient::ApiVersion;

use super::FakeEngine;
use crate::{
    Image, Request, Response,
    release::Release,
    server::{BodyMode, Script, Server},
    specification::SPECIFICATION,
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
}

impl FakeEngineBuilder {
    pub(super) fn new() -> Self {
        Self {
            release: Release::V20_10,
            newest: None,
            lenient: false,
            images: vec![Image::busybox()],
            registry: Vec::new(),
        }
    }

    /// Behaves like Docker 1.6: booleans are sent as 0 and 1, errors as plain text, events without separators, ids without
    /// a `sha256:` prefix, and some errors have other statuses.
    pub fn like_docker_1_6(self) -> Self {
        Self { release: Release::V1_6, ..self }
    }

    /// Sets the newest supported API version. Requests for newer versions are rejected.
    ///
    /// Defaults to 1.41, or the newest version of the API specification if that is older, and to 1.18 with
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

    /// Creates the fake engine.
    #[must_use]
    pub fn build(self) -> FakeEngine {
        self.with(None)
    }

    /// Creates a fake engine that responds to every request with the result of `script`, and simulates nothing.
    #[must_use]
    pub fn scripted(self, script: impl Fn(&Request) -> Response + Send + Sync + 'static) -> FakeEngine {
        self.with(Some((Box::new(script), BodyMode::Read)))
    }

    /// Creates a fake engine that calls `script` as soon as the headers of a request are received, and does not read the
    /// body.
    #[must_use]
    pub fn scripted_before_body(self, script: impl Fn(&Request) -> Response + Send + Sync + 'static) -> FakeEngine {
        self.with(Some((Box::new(script), BodyMode::Skip)))
    }

    fn with(self, script: Option<(Script, BodyMode)>) -> FakeEngine {
        let newest = self.newest.unwrap_or(self.release.newest_api().min(SPECIFICATION.newest));
        let server = Server::new(self.release, newest, self.lenient, script);
        server.state.update(|state| {
            for image in &self.images {
                state.add_image(image);
            }
            state.registry = [&self.registry[..], &self.images, &[Image::busybox()]].concat();
        });
        FakeEngine::with(server)
    }
}
