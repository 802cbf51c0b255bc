//! Images: the handles [`Images`] and [`Image`], and the requests that their methods return.
//!
//! The guide has a page on [images](crate::guide::images).

use std::fmt;

use crate::{DockerClient, Error, Result, generated::Api, models, request::Settings, validate};

mod archive;
mod attestations;
mod build;
mod build_cancel;
mod build_prune;
#[cfg(feature = "tar")]
mod context;
mod distribution;
mod history;
mod ids;
mod import;
mod inspect;
mod list;
mod load;
mod platform;
mod progress;
mod prune;
mod pull;
mod push;
mod reference;
mod remove;
mod save;
#[cfg(feature = "progress")]
mod screen;
mod search;
mod tag;

pub use self::{
    archive::Archive,
    attestations::ListAttestations,
    build::{BuildContext, BuildImage, BuilderVersion, CacheFrom, HostAddress},
    build_cancel::CancelBuild,
    build_prune::PruneBuildCache,
    distribution::InspectDistribution,
    history::ListHistory,
    ids::bare_id,
    import::ImportImage,
    inspect::InspectImage,
    list::ListImages,
    load::LoadImages,
    progress::{Progress, ProgressItem, ProgressStatus, ProgressUnits, WatchProgress},
    prune::PruneImages,
    pull::{PullImage, PulledImage},
    push::{PushImage, PushedTag},
    reference::Reference,
    remove::RemoveImage,
    save::{SaveImage, SaveImages},
    search::SearchImages,
    tag::TagImage,
};

#[cfg(feature = "buildkit")]
pub use self::build::{Attestation, BuildOutput, Cache, ExportBuild, Exported, NamedContext};
#[cfg(feature = "buildkit")]
pub(crate) use self::build::{SecretSource, SshAgent};
#[cfg(feature = "tar")]
pub use self::context::Context;
#[cfg(feature = "buildkit")]
pub(crate) use self::context::{Content, Patterns, SyncEntry, SyncReader, SyncTree};
#[cfg(all(fuzzing, feature = "tar"))]
pub(crate) use self::context::{Ignore, Inclusion};
pub(crate) use self::progress::ProgressResult;
#[cfg(feature = "buildkit")]
pub use self::progress::{
    BuildGraph, BuildStep, BuildTrace, PlainTrace, StepState, StepTransfer, Vertex, VertexGroup, VertexLog,
    VertexStatus, VertexWarning,
};
#[cfg(feature = "progress")]
pub use self::screen::Screen;

/// A handle for the images of an engine. Returned by [`DockerClient::images`].
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// for image in docker.images().list().await? {
///     println!("{} {} bytes", image.repo_tags.join(" "), image.total_size());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Images {
    docker: DockerClient,
}

impl Images {
    pub(crate) fn new(docker: DockerClient) -> Self {
        Self { docker }
    }
}

/// A handle for one image. Returned by [`DockerClient::image`], which sends nothing.
///
/// All requests fail if there is no such image (404), or if the name is not valid (400, or before anything is sent), unless
/// documented otherwise.
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// let busybox = docker.image("busybox:1.36");
/// if !busybox.exists().await? {
///     busybox.pull().await?;
/// }
/// println!("built for {}", busybox.inspect().await?.architecture);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Image {
    docker: DockerClient,
    name: String,
}

impl Image {
    pub(crate) fn new(docker: DockerClient, name: String) -> Self {
        Self { docker, name }
    }

    /// Returns the name or id that the handle was created with. For an image that was built or imported, it is the id.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn reference(&self, operation: &'static str) -> Result<Reference> {
        self.name.parse().map_err(|error: Error| error.during(operation))
    }

    /// Returns the generated client, and the name validated for use in a path.
    async fn api(&self, operation: &'static str, settings: &Settings) -> Result<(Api<'_>, &str)> {
        let name = validate::image(&self.name).map_err(|error| error.during(operation))?;
        let api = self.docker.api(operation, settings).await.map_err(|error| error.about(Some(name)))?;
        Ok((api.of(name), name))
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Image").field(&self.name).finish()
    }
}

/// The [name](Image::name), for methods that take the name of an image.
impl From<Image> for String {
    fn from(image: Image) -> Self {
        image.name
    }
}

/// The [name](Image::name), for methods that take the name of an image.
impl From<&Image> for String {
    fn from(image: &Image) -> Self {
        image.name.clone()
    }
}

impl models::ImageSummary {
    /// Returns the handle of this image, by its id.
    #[must_use]
    pub fn handle(&self, docker: &DockerClient) -> Image {
        docker.image(&self.id)
    }
}

impl models::SearchResult {
    /// Returns the handle of this image, by its name.
    #[must_use]
    pub fn handle(&self, docker: &DockerClient) -> Image {
        docker.image(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_handle_debug_and_name() {
        let docker = DockerClient::connect("tcp://127.0.0.1:1").unwrap();
        let reference: Reference = "acme/web:1".parse().unwrap();
        let image = docker.image(&reference);
        assert_eq!(format!("{image:?}"), r#"Image("acme/web:1")"#);
        assert_eq!(docker.image(&image).name(), "acme/web:1");
        assert_eq!(String::from(image), "acme/web:1");
    }

    #[test]
    fn image_requests_can_be_sent_between_threads() {
        fn check<R: IntoFuture<IntoFuture: Send> + Send + Sync + fmt::Debug + 'static>(_: R) {}

        let docker = DockerClient::connect("tcp://127.0.0.1:1").unwrap();
        let image = docker.image("busybox");
        check(docker.images().build(Vec::new()));
        check(docker.images().build(Vec::new()).progress());
        check(docker.images().cancel_build("nightly"));
        check(docker.images().import(Vec::new()));
        check(docker.images().load(b"tar"));
        check(docker.images().save([&image]));
        check(image.pull());
        check(image.push().progress());
    }
}
