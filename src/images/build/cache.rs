//! The build cache of builds: sources, targets, and stages that do not use it.

#[cfg(feature = "buildkit")]
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::BuildImage;
#[cfg(feature = "buildkit")]
use crate::{Error, Result, redacted::Secret};

/// The kind of a cache in a directory of this machine.
#[cfg(feature = "buildkit")]
const LOCAL: &str = "local";

/// The tag of a cache in a directory, if none is set.
#[cfg(feature = "buildkit")]
const LATEST: &str = "latest";

/// Attributes of a cache in a directory that cannot be set: BuildKit's names of the directory, and the removal of other caches.
#[cfg(feature = "buildkit")]
const NOT_LOCAL: [&str; 3] = ["src", "dest", "reset"];

/// A source of build cache, see [`BuildImage::cache_from`]: the name of an image or, with the feature `buildkit`, a `Cache`.
///
/// # Examples
///
/// ```
/// use dockerclient::images::CacheFrom;
///
/// let image = CacheFrom::from("registry.example/web:cache");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheFrom(pub(super) Source);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Image(String),
    #[cfg(feature = "buildkit")]
    Cache(Cache),
}

/// The cache in the image with this name.
impl<T: Into<String>> From<T> for CacheFrom {
    fn from(image: T) -> Self {
        Self(Source::Image(image.into()))
    }
}

#[cfg(feature = "buildkit")]
impl From<Cache> for CacheFrom {
    fn from(cache: Cache) -> Self {
        Self(Source::Cache(cache))
    }
}

/// A location of the BuildKit cache, to read it ([`BuildImage::cache_from`]) or to write it
/// ([`BuildImage::cache_to`]). Requires the feature `buildkit`. `Debug` output redacts the values of attributes.
///
/// # Examples
///
/// ```no_run
/// # #[cfg(feature = "tar")]
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// use dockerclient::images::{Cache, Context};
///
/// let build = docker.images().build(Context::directory("site")).build_kit(true).tag("web:2");
/// build.cache_from(Cache::registry("registry.example/web:cache")).cache_to(Cache::inline()).await?;
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "buildkit")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Cache {
    kind: String,
    attributes: Secret<BTreeMap<String, String>>,
    /// The directory of a local cache.
    directory: Option<PathBuf>,
}

#[cfg(feature = "buildkit")]
impl Cache {
    /// Stores the cache in the image that is built; only for [`BuildImage::cache_to`]. To read it, pass the name of the image
    /// to [`BuildImage::cache_from`].
    pub fn inline() -> Self {
        Self::new("inline", [] as [(&str, &str); 0])
    }

    /// Stores the cache in a registry, under the name of an image. To write it, the engine must use the containerd image store.
    pub fn registry(name: impl Into<String>) -> Self {
        Self::new("registry", [("ref", name.into())])
    }

    /// Stores the cache in a directory of this machine, for example to keep it between the runs of a CI system. To write it,
    /// the engine must use the containerd image store.
    ///
    /// The directory has the form of an OCI image layout, as with `docker buildx build --cache-to type=local`. It is created
    /// if it does not exist. A relative path is relative to the current directory of this program.
    ///
    /// A directory can contain several caches, which differ in the attribute `tag`; the default is `latest`. Once the build
    /// has succeeded, the new cache replaces that with the same tag. The blobs of the old one are kept, because other caches
    /// may use them: to limit the size of the directory, write the cache to a new directory, and then replace the old one. A
    /// build without a result to keep writes no cache.
    ///
    /// [`BuildImage::cache_from`] only reads the directory. It skips a cache that does not exist, with a warning to
    /// `tracing`; an index that is not valid is an error. The attribute `digest` selects a manifest of the directory by its
    /// digest. The attribute `reset` is not supported.
    ///
    /// The engine can only read and add blobs of the directory, which it names by their SHA-256 digests; each digest is
    /// verified before a blob is added.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::images::{Cache, Context};
    ///
    /// let build = docker.images().build(Context::directory("site")).build_kit(true).tag("web:2");
    /// let cache = Cache::local("/var/cache/web");
    /// build.cache_from(cache.clone()).cache_to(cache.attribute("mode", "max")).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn local(directory: impl Into<PathBuf>) -> Self {
        Self { directory: Some(directory.into()), ..Self::new(LOCAL, [] as [(&str, &str); 0]) }
    }

    /// Uses a cache of another kind that the engine's BuildKit has, for example `gha`, with its attributes.
    ///
    /// The kind `local` is an error here, because it requires a directory: use [`Cache::local`].
    pub fn new<K: Into<String>, V: Into<String>>(
        kind: impl Into<String>,
        attributes: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let attributes = attributes.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        Self { kind: kind.into(), attributes: Secret(attributes), directory: None }
    }

    /// Sets an attribute, for example `mode` to `max`, which also writes the cache of intermediate stages.
    pub fn attribute(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(key.into(), value.into());
        self
    }

    pub(super) fn is_inline(&self) -> bool {
        self.kind == "inline"
    }

    /// Returns the directory of a local cache. Fails if an attribute is set that a local cache does not support.
    pub(super) fn directory(&self) -> Result<Option<&Path>> {
        let Some(directory) = &self.directory else { return Ok(None) };
        if directory.as_os_str().is_empty() {
            return Err(Error::invalid_input("the directory of a build cache is empty"));
        }
        if let Some(name) = NOT_LOCAL.iter().find(|attribute| self.has(attribute)) {
            let message = format!("a local build cache does not support the attribute {name:?}");
            return Err(Error::invalid_input(message));
        }
        Ok(Some(directory))
    }

    /// Returns the tag of a local cache.
    pub(super) fn tag(&self) -> Result<String> {
        match self.attributes.get("tag").map_or(LATEST, String::as_str) {
            "" => Err(Error::invalid_input("the tag of a build cache is empty")),
            tag => Ok(tag.to_owned()),
        }
    }

    pub(super) fn has(&self, attribute: &str) -> bool {
        self.attributes.contains_key(attribute)
    }

    pub(super) fn set(&mut self, attribute: &str, value: String) {
        self.attributes.insert(attribute.to_owned(), value);
    }

    /// Returns the kind and the attributes, in the form of the API.
    pub(super) fn entry(&self) -> Result<(String, BTreeMap<String, String>)> {
        if self.kind == LOCAL && self.directory.is_none() {
            let message = "a build cache of the kind \"local\" requires a directory: use `Cache::local`";
            return Err(Error::invalid_input(message));
        }
        if self.kind == "registry" && self.attributes.get("ref").is_none_or(String::is_empty) {
            return Err(Error::invalid_input("a build cache of the kind \"registry\" requires the attribute \"ref\""));
        }
        Ok((self.kind.clone(), self.attributes.0.clone()))
    }
}

impl BuildImage {
    /// Adds an image whose layers may be used as build cache or, with the feature `buildkit`, a `Cache`. Requires API 1.25.
    ///
    /// BuildKit uses an image only if it was built with inline cache, and skips a cache that it cannot read. A `Cache` requires
    /// [`build_kit`](Self::build_kit) and API 1.40.
    pub fn cache_from(mut self, cache: impl Into<CacheFrom>) -> Self {
        self.options.cache_from.push(cache.into());
        self
    }

    /// Writes the build cache to `cache`. Requires the feature `buildkit`, [`build_kit`](Self::build_kit), and API 1.40.
    ///
    /// An engine that does not use the containerd image store writes only [`Cache::inline`]; other kinds are then an error.
    ///
    /// ```no_run
    /// # #[cfg(feature = "tar")]
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::images::{Cache, Context};
    ///
    /// let cache = Cache::registry("registry.example/web:cache").attribute("mode", "max");
    /// docker.images().build(Context::directory("site")).build_kit(true).cache_to(cache).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "buildkit")]
    pub fn cache_to(mut self, cache: Cache) -> Self {
        self.options.cache_to.push(cache);
        self
    }

    /// Adds stages of the Dockerfile whose steps run even if the build cache has their results. Requires the feature
    /// `buildkit`, [`build_kit`](Self::build_kit), and API 1.40. [`no_cache`](Self::no_cache) is for all stages.
    ///
    /// ```no_run
    /// # #[cfg(feature = "tar")]
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::images::Context;
    ///
    /// docker.images().build(Context::directory("site")).build_kit(true).no_cache_for(["test"]).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "buildkit")]
    #[doc(alias = "no-cache-filter")]
    pub fn no_cache_for(mut self, stages: impl IntoIterator<Item: Into<String>>) -> Self {
        self.options.no_cache_for.extend(stages.into_iter().map(Into::into));
        self
    }
}

#[cfg(feature = "buildkit")]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cache_entries_have_kind_and_attributes() {
        let (kind, attributes) = Cache::registry("web:cache").attribute("mode", "max").entry().unwrap();
        let expected = [("mode", "max"), ("ref", "web:cache")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!((&*kind, attributes), ("registry", BTreeMap::from(expected)));
        assert_eq!(Cache::inline().entry().unwrap(), ("inline".to_owned(), BTreeMap::new()));
    }

    #[test]
    fn cache_entries_that_are_not_supported_are_errors() {
        let unnamed = Cache::new("registry", [("mode", "max")]);
        for cache in [Cache::new("local", [("dest", "/cache")]), Cache::registry(""), unnamed] {
            let error = cache.entry().unwrap_err();
            assert!(error.is_bad_request(), "{error}");
        }
    }

    #[test]
    fn local_cache_attributes_that_are_not_valid_are_errors() {
        let cache = || Cache::local("/cache");
        assert_eq!((cache().directory().unwrap(), &*cache().tag().unwrap()), (Some(Path::new("/cache")), LATEST));
        assert_eq!(Cache::inline().directory().unwrap(), None);
        let cache_with = |name: &str| cache().attribute(name, "true").directory().map(|_| ()).unwrap_err();
        let empty = Cache::local("").directory().map(|_| ()).unwrap_err();
        let untagged = cache().attribute("tag", "").tag().unwrap_err();
        for error in NOT_LOCAL.map(cache_with).into_iter().chain([empty, untagged]) {
            assert!(error.is_bad_request(), "{error}");
        }
    }

    #[test]
    fn debug_of_cache_redacts_attributes() {
        let debug = format!("{:?}", CacheFrom::from(Cache::new("s3", [("secret_access_key", "hunter2")])));
        assert!(debug.contains("s3") && debug.contains("secret_access_key") && !debug.contains("hunter2"), "{debug}");
    }
}
