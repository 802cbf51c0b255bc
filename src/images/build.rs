//! Images from Dockerfiles.

#[cfg(feature = "tar")]
use super::Context;
use super::{
    Archive, Images,
    progress::{Gather, Progress, ProgressItem},
};
use crate::{ApiVersion, Error, Result, Upload};

mod options;

pub use self::options::BuildOptions;
use self::options::{filled, json};

impl Images {
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
        let names = wire.during(options.names(wire.version()))?;
        let context = wire.during(context.into().open(options.dockerfile.as_deref(), wire.version()).await)?;
        let credentials = wire.during(self.docker.registry_config(&options.credentials, !options.anonymous).await)?;
        let (build_args, labels) = (json(&options.build_args), json(&options.labels));
        let (cache_from, outputs) = (json(&options.cache_from), json(&options.outputs));
        let ulimits = json(&options.ulimits);
        let body = wire.image_build(
            build_args.as_deref(),
            cache_from.as_deref(),
            options.cgroup_parent.as_deref(),
            options.cpu_period,
            options.cpu_quota,
            options.cpuset_cpus.as_deref(),
            options.cpuset_mems.as_deref(),
            options.cpu_shares,
            context.dockerfile.as_deref(),
            filled(&options.extra_hosts),
            options.force_remove,
            labels.as_deref(),
            options.memory,
            options.memory_swap,
            options.network_mode.as_deref(),
            options.no_cache,
            outputs.as_deref(),
            options.platform.as_deref(),
            options.pull,
            options.quiet,
            context.url.as_deref(),
            options.remove,
            options.shm_size,
            options.squash,
            names,
            options.target.as_deref(),
            ulimits.as_deref(),
            options.version,
            credentials.as_deref(),
            context.upload.into_body(),
        );
        let body = wire.bytes(body.await)?.1;
        Ok(Progress::new(body, wire.longest_item(), "image_build", Built::default()))
    }
}

/// What an image is built of. Made of whatever [`Images::build`](super::Images::build) takes.
#[derive(Debug)]
pub struct BuildContext(Source);

#[derive(Debug)]
enum Source {
    Archive(Archive),
    #[cfg(feature = "tar")]
    Files(Context),
}

impl<T: Into<Archive>> From<T> for BuildContext {
    fn from(archive: T) -> Self {
        Self(Source::Archive(archive.into()))
    }
}

#[cfg(feature = "tar")]
impl From<Context> for BuildContext {
    fn from(context: Context) -> Self {
        Self(Source::Files(context))
    }
}

/// A context that is about to be sent.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) upload: Upload,
    /// Where the engine gets it from, if it is not sent.
    pub(super) url: Option<String>,
    /// The name of the Dockerfile in it, unless that is the usual one.
    pub(super) dockerfile: Option<String>,
}

impl BuildContext {
    /// Begins to read the context, of which the options name the `dockerfile`.
    #[cfg_attr(not(feature = "tar"), expect(unused_variables, reason = "archives are sent as they are"))]
    pub(super) async fn open(self, dockerfile: Option<&str>, version: ApiVersion) -> Result<Opened> {
        let dockerfile = dockerfile.map(str::to_owned);
        match self.0 {
            Source::Archive(Archive::Upload(upload)) => Ok(Opened { upload, url: None, dockerfile }),
            Source::Archive(Archive::Url(url)) => Ok(Opened { upload: Upload::nothing(), url: Some(url), dockerfile }),
            #[cfg(feature = "tar")]
            Source::Files(context) => context.open(dockerfile, version).await,
        }
    }
}

/// The id of an image that was built, as short or long as the engine tells it.
#[derive(Default)]
pub(super) struct Built(Option<String>);

impl Gather<String> for Built {
    fn see(&mut self, item: &ProgressItem) {
        let told = match item {
            ProgressItem::Outcome(outcome) => outcome["ID"].as_str(),
            ProgressItem::Output(text) => {
                // A quiet build of newer engines prints nothing but the id, which is bare on Podman.
                let text = text.trim();
                let is_bare = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
                let quiet = (is_bare || text.starts_with("sha256:")).then_some(text);
                text.strip_prefix("Successfully built ").or(quiet)
            }
            ProgressItem::Status(_) => None,
        };
        if let Some(id) = told {
            self.0 = Some(id.to_owned());
        }
    }

    fn value(self: Box<Self>) -> Result<String> {
        self.0.ok_or_else(|| Error::truncated("the engine did not tell the id of the image").during("image_build"))
    }
}
