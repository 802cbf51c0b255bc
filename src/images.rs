//! Images.

use crate::{
    DockerClient, Download, Error, Result, Upload,
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
mod upkeep;

pub use self::{
    archive::{Archive, ImportOptions},
    build::{BuildContext, BuildOptions},
    commit::CommitOptions,
    distribution::DistributionOptions,
    list::ListOptions,
    progress::{Progress, ProgressItem, ProgressStatus},
    pull::{PullOptions, Pulled},
    push::{PushOptions, Pushed},
    reference::Reference,
    remove::RemoveOptions,
    search::SearchOptions,
    size::bare_id,
    tag::TagOptions,
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
        wire.list(wire.image_list(options.all, name, filters.as_deref(), None, None, None).await)
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
        wire.list(wire.image_search(None, None, term, Some(&credentials)).await)
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

    /// Builds an image from a Dockerfile and the files around it, and returns its id.
    ///
    /// The context is a directory (`Context`, with the feature `tar`), a tar archive, plain
    /// or compressed with gzip, bzip2 or xz ([`Upload`]), or a URL ([`Archive::Url`]).
    ///
    /// Calls `POST /build`, and waits as long as that takes;
    /// [`build_progress`](Self::build_progress) tells how far it is.
    ///
    /// The engine is shown the credentials of all registries in the user's configuration, as it alone finds out which
    /// of them it needs; those that cannot be had are left out, with a warning to `tracing`.
    /// [`BuildOptions::anonymous`] keeps them all here.
    ///
    /// # Errors
    ///
    /// Fails if a step does ([`is_failure`](crate::Error::is_failure); its exit code is
    /// the error's [`code`](crate::Error::code)), or if there is no Dockerfile (500, or
    /// nothing is sent).
    #[doc(alias = "BuildImage")]
    pub async fn build(&self, context: impl Into<BuildContext>, options: &BuildOptions) -> Result<String> {
        self.build_progress(context, options).await?.finish().await
    }

    /// Builds an image as [`build`](Self::build) does, and tells how far it is.
    ///
    /// Resolves once the engine has answered. Calls `POST /build`.
    ///
    /// # Errors
    ///
    /// Fails if there is no Dockerfile (500, or nothing is sent), if the first line of it makes no sense (400), if a file
    /// of the context cannot be read, or if the helper that keeps all credentials does not tell for which registries
    /// ([`is_credentials`](crate::Error::is_credentials)).
    pub async fn build_progress(
        &self,
        context: impl Into<BuildContext>,
        options: &BuildOptions,
    ) -> Result<Progress<String>> {
        let wire = self.docker.wire("image_build").await?;
        let context = wire.during(context.into().open(options.dockerfile.as_deref(), wire.version()).await)?;
        let credentials = wire.during(self.docker.registry_config(&options.credentials, !options.anonymous).await)?;
        let names = options.name.clone().map(|name| vec![name]);
        let (build_args, labels) = (build::to_query(&options.build_args), build::to_query(&options.labels));
        let body = wire.image_build(
            build_args.as_deref(),
            None, // cachefrom
            None, // cgroupparent
            None, // cpuperiod
            None, // cpuquota
            options.cpuset_cpus.as_deref(),
            None, // cpusetmems
            options.cpu_shares,
            context.dockerfile.as_deref(),
            None, // extrahosts
            options.force_remove,
            labels.as_deref(),
            options.memory,
            options.memory_swap,
            None, // networkmode
            options.no_cache,
            None, // outputs
            options.platform.as_deref(),
            options.pull,
            options.quiet,
            context.url.as_deref(),
            options.remove,
            None, // shmsize
            None, // squash
            names.as_ref(),
            options.target.as_deref(),
            None, // ulimits
            None, // version
            credentials.as_deref(),
            context.upload.into_body(),
        );
        let body = wire.bytes(body.await)?.1;
        Ok(Progress::new(body, wire.longest_item(), "image_build", build::Built::default()))
    }

    /// Makes an image of a file system, a tar archive, and returns its id.
    ///
    /// Calls `POST /images/create`, and waits as long as that takes.
    ///
    /// # Errors
    ///
    /// Fails if the archive cannot be read ([`is_failure`](crate::Error::is_failure), or 500).
    #[doc(alias = "ImportImage")]
    pub async fn import(&self, archive: impl Into<Archive>, options: &ImportOptions) -> Result<String> {
        self.import_progress(archive, options).await?.finish().await
    }

    /// Makes an image as [`import`](Self::import) does, and tells how far it is.
    ///
    /// Resolves once the engine has answered. Calls `POST /images/create`.
    ///
    /// # Errors
    ///
    /// Fails if the engine refuses an option (400 or 500).
    pub async fn import_progress(
        &self,
        archive: impl Into<Archive>,
        options: &ImportOptions,
    ) -> Result<Progress<String>> {
        let wire = self.docker.wire("image_create").await?;
        let (body, source) = match archive.into() {
            Archive::Upload(upload) => (upload.into_body(), "-".to_owned()),
            Archive::Url(url) => (Upload::nothing().into_body(), url),
        };
        let (repository, tag) = (options.repository.as_deref(), options.tag.as_deref());
        let body =
            wire.image_create(options.changes(), None, Some(&source), None, None, repository, tag, None, body).await;
        Ok(Progress::new(wire.bytes(body)?.1, wire.longest_item(), "image_create", archive::Imported::default()))
    }

    /// Loads images from an archive made by [`save`](Self::save), and returns their names, as far as the engine tells.
    ///
    /// Calls `POST /images/load`, and waits as long as that takes. Engines before 1.10 tell nothing.
    ///
    /// # Errors
    ///
    /// Fails if the archive cannot be read ([`is_failure`](crate::Error::is_failure); 500 from old engines).
    #[doc(alias = "LoadImage")]
    pub async fn load(&self, archive: impl Into<Upload>) -> Result<Vec<String>> {
        self.load_progress(archive).await?.finish().await
    }

    /// Loads images as [`load`](Self::load) does, and tells how far it is, as far as the engine tells.
    ///
    /// Resolves once the engine has answered. Calls `POST /images/load`.
    ///
    /// # Errors
    ///
    /// Fails if the engine refuses the archive (500).
    pub async fn load_progress(&self, archive: impl Into<Upload>) -> Result<Progress<Vec<String>>> {
        let wire = self.docker.wire("image_load").await?;
        let body = wire.image_load(None, None, archive.into().into_body()).await;
        Ok(Progress::new(wire.bytes(body)?.1, wire.longest_item(), "image_load", archive::Loaded::default()))
    }

    /// Sends several images, with their layers and names, as one tar archive.
    ///
    /// Calls `GET /images/get`.
    ///
    /// # Errors
    ///
    /// Fails if there are no names, or if there is no such image (404; 500 from engines before 1.12).
    pub async fn save<S: Into<String>>(&self, names: impl IntoIterator<Item = S>) -> Result<Download> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let wire = self.docker.wire("image_get_all").await?;
        if names.is_empty() {
            return Err(Error::request("there are no images to save").during("image_get_all"));
        }
        let body = wire.image_get_all(Some(&names), None).await;
        Ok(Download::new(wire.bytes(body)?.1, "image_get_all"))
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
        wire.list(wire.image_history(name, None).await)
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
        wire.list(wire.image_delete(name, options.force, options.keep_parents, None).await)
    }

    /// Pulls the image from the registry that its name says; without a tag or digest, the tag `latest`.
    ///
    /// Calls `POST /images/create`, and waits as long as that takes;
    /// [`pull_progress`](Self::pull_progress) tells how far it is.
    ///
    /// # Errors
    ///
    /// Fails if the registry does not have it, or not for these credentials: 404 or 500, or on the way
    /// ([`is_failure`](crate::Error::is_failure)). Nothing is pulled if the credentials cannot be had
    /// ([`is_credentials`](crate::Error::is_credentials)).
    #[doc(alias = "PullImage")]
    pub async fn pull(&self, options: &PullOptions) -> Result<Pulled> {
        self.pull_progress(options).await?.finish().await
    }

    /// Pulls the image as [`pull`](Self::pull) does, and tells how far it is.
    ///
    /// Resolves once the engine has answered. Calls `POST /images/create`.
    ///
    /// # Errors
    ///
    /// Fails as [`pull`](Self::pull) does; what fails on the way is the stream's error.
    pub async fn pull_progress(&self, options: &PullOptions) -> Result<Progress<Pulled>> {
        let reference = self.reference("image_create")?;
        let wire = self.docker.wire("image_create").await?;
        let (source, tag) = options.source(&reference);
        let credentials = wire.during(self.docker.registry_auth(&options.shown, reference.registry()).await)?;
        let body = Upload::nothing().into_body();
        let body = wire
            .image_create(None, Some(&source), None, None, None, None, tag.as_deref(), Some(&credentials), body)
            .await;
        Ok(Progress::new(wire.bytes(body)?.1, wire.longest_item(), "image_create", Pulled::new(self.clone())))
    }

    /// Pushes the image to the registry that its name says; without a tag, the tag `latest`. Returns what was
    /// pushed, as far as the engine tells.
    ///
    /// Calls `POST /images/{name}/push`, and waits as long as that takes;
    /// [`push_progress`](Self::push_progress) tells how far it is.
    ///
    /// # Errors
    ///
    /// Fails if there is no such image, or if the registry refuses it
    /// ([`is_failure`](crate::Error::is_failure), or 404 or 500). Nothing is pushed if the credentials cannot be had
    /// ([`is_credentials`](crate::Error::is_credentials)).
    #[doc(alias = "PushImage")]
    pub async fn push(&self, options: &PushOptions) -> Result<Vec<Pushed>> {
        self.push_progress(options).await?.finish().await
    }

    /// Pushes the image as [`push`](Self::push) does, and tells how far it is.
    ///
    /// Resolves once the engine has answered. Calls `POST /images/{name}/push`.
    ///
    /// # Errors
    ///
    /// Fails as [`push`](Self::push) does; what fails on the way is the stream's error.
    pub async fn push_progress(&self, options: &PushOptions) -> Result<Progress<Vec<Pushed>>> {
        let reference = self.reference("image_push")?;
        let wire = self.docker.wire("image_push").await?;
        let tag = (!options.all_tags).then(|| reference.tag().unwrap_or("latest"));
        let credentials = wire.during(self.docker.registry_auth(&options.shown, reference.registry()).await)?;
        let body = wire.image_push(reference.name(), None, tag, Some(&credentials)).await;
        Ok(Progress::new(wire.bytes(body)?.1, wire.longest_item(), "image_push", push::Tags::default()))
    }

    /// Sends the image, with its layers and this name, as a tar archive.
    ///
    /// Calls `GET /images/{name}/get`.
    ///
    /// # Errors
    ///
    /// Fails if there is no such image (404; 500 from engines before 1.12).
    pub async fn save(&self) -> Result<Download> {
        let (wire, name) = self.wire("image_get").await?;
        let body = wire.image_get(name, None).await;
        Ok(Download::new(wire.bytes(body)?.1, "image_get"))
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
