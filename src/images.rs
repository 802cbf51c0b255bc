//! Images.

use crate::{
    DockerClient, Error, Result,
    models::{DeleteItem, HistoryItem, ImageInspect, ImageSummary, SearchResult},
    names,
    wire::Wire,
};

mod archive;
mod build;
mod commit;
#[cfg(feature = "tar")]
mod context;
mod distribution;
mod list;
mod platform;
mod progress;
mod pull;
mod push;
mod reference;
mod remove;
mod search;
#[cfg(feature = "progress")]
mod show;
mod size;
mod tag;
mod transfer;
mod upkeep;

pub use self::{
    archive::{Archive, ImportOptions},
    build::{BuildContext, BuildOptions},
    commit::CommitOptions,
    distribution::{AttestationsOptions, DistributionOptions},
    list::ListOptions,
    progress::{Progress, ProgressItem, ProgressStatus},
    pull::{PullOptions, Pulled},
    push::{PushOptions, Pushed},
    reference::Reference,
    remove::RemoveOptions,
    search::SearchOptions,
    size::bare_id,
    tag::TagOptions,
    upkeep::BuildPruneOptions,
};

#[cfg(feature = "tar")]
pub use self::context::Context;
#[cfg(all(fuzzing, feature = "tar"))]
pub(crate) use self::context::{Ignore, Verdict};
#[cfg(feature = "progress")]
pub use self::show::Screen;

/// All images of an engine. Made by [`DockerClient::images`].
#[derive(Clone, Debug)]
pub struct Images {
    docker: DockerClient,
}

impl Images {
    pub(crate) fn new(docker: DockerClient) -> Self {
        Self { docker }
    }

    /// Lists images, the newest first.
    ///
    /// Calls `GET /images/json`.
    ///
    /// # Errors
    ///
    /// Fails if the engine refuses a filter (400), or if the API that is spoken does
    /// not know it: the one by label needs API 1.18.
    #[doc(alias = "ListImages")]
    pub async fn list(&self, options: &ListOptions) -> Result<Vec<ImageSummary>> {
        let wire = self.docker.wire("image_list").await?;
        let (name, filters) = options.to_query(wire.version());
        let ListOptions { identity, manifests, shared_size, .. } = *options;
        wire.document(wire.image_list(options.all, name, filters.as_deref(), identity, manifests, shared_size).await)
    }

    /// Searches the registry for images whose name or description holds `term`; a registry other than Docker Hub
    /// is named before it, as in `registry.example/term`.
    ///
    /// Calls `GET /images/search`, and waits as long as the registry takes.
    ///
    /// # Errors
    ///
    /// Fails if the registry does (500), or if its credentials cannot be had
    /// ([`is_credentials`](crate::Error::is_credentials)).
    #[doc(alias = "SearchImages")]
    pub async fn search(&self, term: &str, options: &SearchOptions) -> Result<Vec<SearchResult>> {
        let wire = self.docker.wire("image_search").await?;
        let (registry, _) = reference::split(term);
        let credentials = wire.during(self.docker.registry_auth(&options.shown, registry).await)?;
        let filters = options.filters.to_query();
        wire.document(wire.image_search(filters.as_deref(), options.limit, term, Some(&credentials)).await)
    }

    /// Makes an image of the files of `container`, and returns its id.
    ///
    /// Calls `POST /commit`, and waits as long as that takes.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404), or if a change is newer than the API that is spoken.
    pub async fn commit(&self, container: &str, options: &CommitOptions) -> Result<String> {
        let wire = self.docker.wire("image_commit").await?;
        let made = wire.image_commit(
            options.author.as_deref(),
            options.changes(),
            options.comment.as_deref(),
            container,
            options.pause,
            options.repository.as_deref(),
            options.tag.as_deref(),
            &options.config,
        );
        Ok(wire.document(made.await)?.id)
    }
}

/// One image. Made by [`DockerClient::image`]; does nothing until something is asked of it.
///
/// Whatever is asked fails if there is no such image (404), or if its name cannot
/// be one (400, or nothing is sent).
#[derive(Clone, Debug)]
pub struct Image {
    docker: DockerClient,
    name: String,
}

impl Image {
    pub(crate) fn new(docker: DockerClient, name: String) -> Self {
        Self { docker, name }
    }

    /// What the image was called when this handle was made: its name, or its id.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Tells all the engine knows about the image.
    ///
    /// Calls `GET /images/{name}/json`.
    ///
    /// # Errors
    ///
    /// Fails if there is no such image (404); [`find`](Self::find) does not.
    #[doc(alias = "InspectImage")]
    pub async fn inspect(&self) -> Result<ImageInspect> {
        let (wire, name) = self.wire("image_inspect").await?;
        wire.document(wire.image_inspect(name, None, None).await)
    }

    /// Tells all the engine knows about the image, if it has it.
    ///
    /// Calls `GET /images/{name}/json`.
    ///
    /// # Errors
    ///
    /// Fails as everything does, but not if there is no such image.
    pub async fn find(&self) -> Result<Option<ImageInspect>> {
        match self.inspect().await {
            Ok(image) => Ok(Some(image)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lists the layers of the image, the newest first.
    ///
    /// Calls `GET /images/{name}/history`.
    ///
    /// # Errors
    ///
    /// Fails if there is no such image (404).
    pub async fn history(&self) -> Result<Vec<HistoryItem>> {
        let (wire, name) = self.wire("image_history").await?;
        wire.document(wire.image_history(name, None).await)
    }

    /// Gives the image another name. This handle keeps the old one.
    ///
    /// Calls `POST /images/{name}/tag`.
    ///
    /// # Errors
    ///
    /// Fails if another image has that name and it is not forced (409; newer engines take the name from it),
    /// or if it cannot be a name (400 or 500).
    #[doc(alias = "TagImage")]
    pub async fn tag(&self, options: &TagOptions) -> Result<()> {
        let (wire, name) = self.wire("image_tag").await?;
        let force = options.to_force(wire.version());
        wire.done(wire.image_tag(name, force, &options.repository, options.tag.as_deref()).await)
    }

    /// Takes this name from the image, and removes the image with its last name. Tells what was done, in order.
    ///
    /// Calls `DELETE /images/{name}`.
    ///
    /// # Errors
    ///
    /// Fails if a container uses the image, or if it is named by its id and has several names (409).
    #[doc(alias = "RemoveImage")]
    pub async fn remove(&self, options: &RemoveOptions) -> Result<Vec<DeleteItem>> {
        let (wire, name) = self.wire("image_delete").await?;
        let platforms = wire.during(platform::all_to_json(&options.platforms))?;
        wire.document(wire.image_delete(name, options.force, options.keep_parents, platforms.as_ref()).await)
    }

    fn reference(&self, operation: &'static str) -> Result<Reference> {
        self.name.parse().map_err(|error: Error| error.during(operation))
    }

    /// The generated client, and the name as it stands in paths.
    async fn wire(&self, operation: &'static str) -> Result<(Wire<'_>, &str)> {
        let name = names::image(&self.name).map_err(|error| error.during(operation))?;
        Ok((self.docker.wire(operation).await?, name))
    }
}
