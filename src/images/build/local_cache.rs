//! Build caches in directories of this machine.

use std::{collections::BTreeMap, mem, path::Path, sync::Arc};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::{
    cache::{Cache, Source},
    options::Options,
    solve_stream::Response,
};
use crate::{
    Error, Result,
    buildkit::{ContentStore, Manifest},
    platform,
};

/// The value that BuildKit reports for a build cache that it has written: the manifest.
const MANIFEST: &str = "cache.manifest";

/// The characters of paths that are encoded in ids, which are values of headers.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// The directories of the build caches of a build.
#[derive(Debug, Default)]
pub(super) struct LocalCaches {
    /// The directories, by the ids under which BuildKit requests them.
    stores: BTreeMap<String, Arc<ContentStore>>,
    /// The directories that are written, and the tags of the new caches.
    targets: Vec<(Arc<ContentStore>, String)>,
}

impl LocalCaches {
    /// Opens the directories, and sets the attributes by which BuildKit finds the caches. Removes a source that does not exist
    /// from the options, with a warning.
    pub(super) async fn open(options: &mut Options) -> Result<Self> {
        let mut caches = Self::default();
        for cache in &mut options.cache_to {
            caches.add_target(cache).await?;
        }
        for mut source in mem::take(&mut options.cache_from) {
            let exists = match &mut source.0 {
                Source::Cache(cache) => caches.add_source(cache).await?,
                Source::Image(_) => true,
            };
            options.cache_from.extend(exists.then_some(source));
        }
        Ok(caches)
    }

    async fn add_target(&mut self, cache: &mut Cache) -> Result<()> {
        let Some(directory) = cache.directory()? else { return Ok(()) };
        let (id, tag) = (id(directory), cache.tag()?);
        let target = || Arc::new(ContentStore::target(directory.into()));
        let store = self.stores.entry(store_id(&id)).or_insert_with(target);
        // An index that cannot be read should be an error before the build.
        store.find(&tag).await?;
        self.targets.push((Arc::clone(store), tag));
        cache.set("dest", id);
        Ok(())
    }

    /// Adds a source, and returns whether it exists.
    async fn add_source(&mut self, cache: &mut Cache) -> Result<bool> {
        let Some(directory) = cache.directory()? else { return Ok(true) };
        let id = id(directory);
        let store = match self.stores.get(&store_id(&id)) {
            Some(store) => Arc::clone(store),
            None => Arc::new(ContentStore::source(directory.into())),
        };
        if !cache.has("digest") {
            let tag = cache.tag()?;
            let Some(digest) = store.find(&tag).await? else {
                tracing::warn!(directory = %directory.display(), %tag, "build cache not found");
                return Ok(false);
            };
            cache.set("digest", digest);
        }
        self.stores.insert(store_id(&id), store);
        cache.set("src", id);
        Ok(true)
    }

    /// Returns the directories, by the ids under which BuildKit requests them.
    pub(super) fn stores(&self) -> BTreeMap<String, Arc<ContentStore>> {
        self.stores.clone()
    }

    /// Returns the local error that prevented a cache from being written, if it caused the engine's error.
    pub(super) fn failure(&self, message: &str) -> Option<Error> {
        self.targets.iter().find_map(|(store, _)| store.failure(message))
    }

    /// Adds the caches that were written to the indexes of their directories, once the build has succeeded.
    pub(super) async fn finish(self, response: Response) -> Result<Response> {
        // BuildKit reports no manifest if no step has a result to keep.
        if let Some(manifest) = response.get(MANIFEST).filter(|_| !self.targets.is_empty()) {
            let manifest = Manifest::parse(manifest)?;
            for (store, tag) in self.targets {
                store.tag(tag, manifest.clone()).await?;
            }
        }
        Ok(response)
    }
}

/// Returns the name of a directory in the attributes of a cache.
fn id(directory: &Path) -> String {
    percent_encode(&platform::path_bytes(directory), ENCODED).to_string()
}

/// Returns the id of a content store, as BuildKit forms it from the attributes of a cache.
fn store_id(id: &str) -> String {
    format!("local:{id}")
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use serde_json::json;

    use super::*;
    use crate::{DockerClient, images::BuildImage};

    const DIGEST: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn build() -> BuildImage {
        DockerClient::connect("tcp://127.0.0.1:1").unwrap().images().build(Vec::new())
    }

    fn response(size: u64) -> Response {
        let media_type = "application/vnd.oci.image.index.v1+json";
        let manifest = json!({ "mediaType": media_type, "digest": DIGEST, "size": size });
        Response::from([(MANIFEST.to_owned(), manifest.to_string())])
    }

    /// Creates a directory with the blob of a manifest.
    fn written(folder: &Path) -> PathBuf {
        let directory = folder.join("cache");
        let blobs = directory.join("blobs/sha256");
        fs::create_dir_all(&blobs).unwrap();
        fs::write(blobs.join(&DIGEST["sha256:".len()..]), "abc").unwrap();
        directory
    }

    async fn attributes(cache: Cache) -> Option<BTreeMap<String, String>> {
        let mut options = build().cache_from(cache).options;
        LocalCaches::open(&mut options).await.unwrap();
        match options.cache_from.pop()?.0 {
            Source::Cache(cache) => Some(cache.entry().unwrap().1),
            Source::Image(name) => panic!("{name}"),
        }
    }

    #[tokio::test]
    async fn local_cache_is_found_by_its_tag() {
        let folder = tempfile::tempdir().unwrap();
        let directory = written(folder.path());
        let cache = || Cache::local(&directory);
        for (tag, cache) in [("latest", cache()), ("test", cache().attribute("tag", "test"))] {
            assert_eq!(attributes(cache.clone()).await, None, "{tag}");
            let mut options = build().cache_to(cache.clone()).options;
            let caches = LocalCaches::open(&mut options).await.unwrap();
            assert_eq!(options.cache_to[0].entry().unwrap().1["dest"], id(&directory));
            caches.finish(response(3)).await.unwrap();
            let found = attributes(cache).await.unwrap();
            assert_eq!((&*found["src"], &*found["digest"]), (&*id(&directory), DIGEST), "{tag}");
        }
    }

    #[tokio::test]
    async fn local_cache_that_does_not_exist_is_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("none");
        let mut options = build().cache_from("web:cache").cache_from(Cache::local(&directory)).options;
        let caches = LocalCaches::open(&mut options).await.unwrap();
        assert!(caches.stores.is_empty() && !directory.exists());
        let rest: Vec<_> = options.cache_from.iter().map(|cache| &cache.0).collect();
        assert_eq!(rest, [&Source::Image("web:cache".into())]);
        let found = attributes(Cache::local(&directory).attribute("digest", DIGEST)).await.unwrap();
        assert_eq!(found["digest"], DIGEST, "BuildKit reports that it does not exist");
    }

    #[tokio::test]
    async fn local_cache_that_cannot_be_read_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("index.json"), "{").unwrap();
        let cache = || Cache::local(folder.path());
        for build in [build().cache_from(cache()), build().cache_to(cache())] {
            let error = LocalCaches::open(&mut { build.options }).await.unwrap_err();
            assert!(error.to_string().ends_with("not a valid index of an OCI image layout"), "{error}");
        }
    }

    #[tokio::test]
    async fn local_cache_can_be_read_and_written_in_one_build() {
        let folder = tempfile::tempdir().unwrap();
        let directory = written(folder.path());
        let cache = Cache::local(&directory).attribute("digest", DIGEST);
        let mut options = build().cache_from(cache).cache_to(Cache::local(&directory)).options;
        let caches = LocalCaches::open(&mut options).await.unwrap();
        assert_eq!((caches.stores().len(), caches.targets.len()), (1, 1));
        assert!(Arc::ptr_eq(&caches.targets[0].0, caches.stores.values().next().unwrap()));
    }

    #[tokio::test]
    async fn local_cache_without_its_manifest_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let directory = written(folder.path());
        let caches = async || LocalCaches::open(&mut build().cache_to(Cache::local(&directory)).options).await.unwrap();
        let error = caches().await.finish(response(4)).await.unwrap_err();
        assert!(error.is_truncated() && error.to_string().contains(DIGEST), "{error}");
        for manifest in ["", "{}", r#"{"mediaType":"a","digest":"sha256:../../x","size":3}"#] {
            let response = Response::from([(MANIFEST.to_owned(), manifest.to_owned())]);
            let error = caches().await.finish(response).await.unwrap_err();
            assert!(error.is_decode(), "{manifest}: {error}");
        }
        caches().await.finish(Response::new()).await.unwrap();
        assert!(!directory.join("index.json").exists());
    }

    #[test]
    fn local_cache_ids_are_distinct_and_printable() {
        assert_eq!(id(Path::new("/var/cache-1.2/a_b")), "/var/cache-1.2/a_b");
        assert_eq!(id(Path::new("a b/ü%20")), "a%20b/%C3%BC%2520");
        assert_eq!(id(Path::new("C:/cache")), "C%3A/cache");
    }
}
