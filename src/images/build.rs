//! Images from Dockerfiles.

use std::collections::BTreeMap;

#[cfg(feature = "tar")]
use super::Context;
use super::{
    Archive,
    progress::{Gather, ProgressItem},
};
use crate::{ApiVersion, Error, Result, Upload, models::AuthConfig};

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

/// Options of [`Images::build`](super::Images::build).
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct BuildOptions {
    pub(super) name: Option<String>,
    pub(super) dockerfile: Option<String>,
    pub(super) quiet: Option<bool>,
    pub(super) no_cache: Option<bool>,
    pub(super) pull: Option<u8>,
    pub(super) remove: Option<bool>,
    pub(super) force_remove: Option<u8>,
    pub(super) memory: Option<i64>,
    pub(super) memory_swap: Option<i64>,
    pub(super) cpu_shares: Option<i64>,
    pub(super) cpuset_cpus: Option<String>,
    pub(super) build_args: BTreeMap<String, String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) target: Option<String>,
    pub(super) platform: Option<String>,
    pub(super) credentials: BTreeMap<String, AuthConfig>,
    pub(super) anonymous: bool,
}

/// A map as it stands in a query; none if it is empty.
pub(super) fn to_query(map: &BTreeMap<String, String>) -> Option<String> {
    // Strings in maps always become JSON.
    if map.is_empty() { None } else { serde_json::to_string(map).ok() }
}

impl BuildOptions {
    /// The name of the result, `repository` or `repository:tag`; it gets none without.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The path of the Dockerfile inside the context, with slashes. Defaults to `Dockerfile`. Needs API 1.17.
    pub fn dockerfile(mut self, path: impl Into<String>) -> Self {
        self.dockerfile = Some(path.into());
        self
    }

    /// Print only the id of the result. Engines before 1.8 print all the same.
    pub fn quiet(mut self) -> Self {
        self.quiet = Some(true);
        self
    }

    /// Run each step anew.
    pub fn no_cache(mut self) -> Self {
        self.no_cache = Some(true);
        self
    }

    /// Pull the base image even if it is here. Needs API 1.16.
    pub fn pull(mut self) -> Self {
        self.pull = Some(1);
        self
    }

    /// Keep the containers of intermediate steps.
    pub fn keep_intermediate(mut self) -> Self {
        self.remove = Some(false);
        self
    }

    /// Remove the containers of intermediate steps even if the build fails.
    pub fn force_remove(mut self) -> Self {
        self.force_remove = Some(1);
        self
    }

    /// Limit of memory of each step, in bytes. Needs API 1.18.
    pub fn memory(mut self, bytes: i64) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// Limit of memory and swap of each step, in bytes; -1 is none. Needs API 1.18.
    pub fn memory_swap(mut self, bytes: i64) -> Self {
        self.memory_swap = Some(bytes);
        self
    }

    /// Share of the CPU of each step, relative to the 1024 of others. Needs API 1.18.
    pub fn cpu_shares(mut self, shares: i64) -> Self {
        self.cpu_shares = Some(shares);
        self
    }

    /// The CPUs each step may run on, as `0-2,4`. Needs API 1.18.
    pub fn cpuset_cpus(mut self, cpus: impl Into<String>) -> Self {
        self.cpuset_cpus = Some(cpus.into());
        self
    }

    /// A value for an `ARG` of the Dockerfile; several calls add values. It stands in the image's history, so it is no
    /// place for secrets. Needs API 1.21.
    pub fn build_arg(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.build_args.insert(name.into(), value.into());
        self
    }

    /// A label of the result; several calls add labels. Needs API 1.23.
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// The stage of the Dockerfile to end with, by its name. Needs API 1.29.
    pub fn target(mut self, stage: impl Into<String>) -> Self {
        self.target = Some(stage.into());
        self
    }

    /// The platform to build for, as `linux/arm64`. Needs API 1.32.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = Some(platform.into());
        self
    }

    /// What to show to `registry` for base images, as host, `host:port` or `docker.io`.
    ///
    /// Several calls serve several registries. Others are shown what the user's configuration holds for them.
    pub fn credentials(mut self, registry: impl Into<String>, credentials: AuthConfig) -> Self {
        self.credentials.insert(registry.into(), credentials);
        self
    }

    /// Show nothing to registries but what [`credentials`](Self::credentials) says, whatever the user's configuration
    /// holds.
    pub fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
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
                // A quiet build of newer engines prints nothing but the id.
                let text = text.trim();
                let quiet = text.starts_with("sha256:").then_some(text);
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
