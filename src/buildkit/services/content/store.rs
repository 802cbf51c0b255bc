//! Directories with blobs.

use std::{
    fs::{self, File, Metadata},
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use hmac_sha256::Hash;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;

use super::{digest::Digest, index, new_file::NewFile};
use crate::{Error, Result, error::Kind, regular_file, stream::run_blocking};

/// The directory of the blobs, by the digits of their digests.
const BLOBS: &str = "blobs/sha256";

/// Maximum number of blobs that are written at once. BuildKit writes four layers at once; further writes wait.
pub(super) const MAX_WRITES: usize = 4;

/// A directory with build caches, in the form of an OCI image layout: blobs by their digests, and an index of the manifests by
/// their tags.
///
/// BuildKit names blobs only by their digests, and it can read them and add others.
#[derive(Debug)]
pub(crate) struct ContentStore {
    directory: PathBuf,
    is_writable: bool,
    writes: Arc<Semaphore>,
    /// The first error of a write.
    failure: Mutex<Option<Error>>,
}

/// The manifest of a build cache, as BuildKit describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    pub(super) media_type: String,
    pub(super) digest: String,
    /// Length, in bytes.
    pub(super) size: u64,
}

/// A blob that is being written. Dropping it removes it. The methods block.
pub(super) struct Ingest {
    file: NewFile,
    hash: Hash,
    length: u64,
}

impl ContentStore {
    /// Creates a store that reads a directory, which does not have to exist.
    pub(crate) fn source(directory: PathBuf) -> Self {
        Self::new(directory, false)
    }

    /// Creates a store that reads and writes a directory, which is created with its first blob.
    pub(crate) fn target(directory: PathBuf) -> Self {
        Self::new(directory, true)
    }

    fn new(directory: PathBuf, is_writable: bool) -> Self {
        Self { directory, is_writable, writes: Arc::new(Semaphore::new(MAX_WRITES)), failure: Mutex::default() }
    }

    pub(super) fn is_writable(&self) -> bool {
        self.is_writable
    }

    /// Returns the digest of the manifest with this tag; `None` if there is none, or no such directory.
    pub(crate) async fn find(&self, tag: &str) -> Result<Option<String>> {
        let (directory, tag) = (self.directory.clone(), tag.to_owned());
        run_blocking(move || index::find(&directory, &tag)).await
    }

    /// Gives the tag to a manifest that was written.
    pub(crate) async fn tag(self: Arc<Self>, tag: String, manifest: Manifest) -> Result<()> {
        run_blocking(move || {
            let digest = Digest::parse(&manifest.digest).ok_or_else(invalid)?;
            if self.metadata(&digest)?.is_none_or(|blob| blob.len() != manifest.size) {
                // BuildKit reports only one manifest, which is also that of another cache with the same attributes.
                let message = format!(
                    "the engine did not write the manifest {digest} of the build cache to {}; \
                     all caches that a build writes with cache_to must have the same attributes",
                    self.directory.display()
                );
                return Err(Error::truncated(&message));
            }
            index::put(&self.directory, &tag, &manifest)
        })
        .await
    }

    /// Returns the error of a write, if the engine's error message quotes it.
    pub(crate) fn failure(&self, message: &str) -> Option<Error> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.clone().filter(|failure| message.contains(&failure.to_string()))
    }

    /// Keeps the error of a write, and returns the status for the engine.
    pub(super) fn failed(&self, error: Error) -> Status {
        let status = Status::internal(error.to_string());
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        status
    }

    /// Waits for a permit to write a blob.
    pub(super) async fn permit(&self) -> Result<OwnedSemaphorePermit, Status> {
        let permit = Arc::clone(&self.writes).acquire_owned().await;
        permit.map_err(|_| Status::unavailable("the content store is closed"))
    }

    pub(super) fn path(&self, digest: &Digest) -> PathBuf {
        self.directory.join(BLOBS).join(digest.digits())
    }

    /// Returns the attributes of a blob, if there is one with this digest. Blocks.
    pub(super) fn metadata(&self, digest: &Digest) -> Result<Option<Metadata>> {
        let path = self.path(digest);
        match fs::metadata(&path) {
            Ok(metadata) => Ok(Some(metadata).filter(Metadata::is_file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::read_failed(&path, error)),
        }
    }

    /// Opens a blob, and returns its length, if there is one with this digest. Blocks.
    pub(super) fn open(&self, digest: &Digest) -> Result<Option<(File, u64)>> {
        if self.metadata(digest)?.is_none() {
            return Ok(None);
        }
        let (file, metadata) = regular_file::open(&self.path(digest))?;
        Ok(Some((file, metadata.len())))
    }

    /// Begins a blob. Blocks.
    pub(super) fn create(&self) -> Result<Ingest> {
        let blobs = self.directory.join(BLOBS);
        fs::create_dir_all(&blobs).map_err(|error| Error::write_failed(&blobs, error))?;
        Ok(Ingest { file: NewFile::create(&self.directory)?, hash: Hash::new(), length: 0 })
    }
}

impl Manifest {
    /// Decodes the description of a manifest.
    pub(crate) fn parse(json: &str) -> Result<Self> {
        serde_json::from_str(json).map_err(|_| invalid())
    }
}

fn invalid() -> Error {
    Error::new(Kind::Decode("the manifest of the build cache is not a valid descriptor".into()))
}

impl Ingest {
    pub(super) fn write(&mut self, data: &[u8]) -> Result<()> {
        self.file.write(data)?;
        self.hash.update(data);
        self.length += data.len() as u64;
        Ok(())
    }

    /// Removes the content.
    pub(super) fn clear(&mut self) -> Result<()> {
        self.file.clear()?;
        (self.hash, self.length) = (Hash::new(), 0);
        Ok(())
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn digest(&self) -> Digest {
        Digest::of(self.hash)
    }

    /// Moves the blob to the path of its digest.
    pub(super) fn complete(self, store: &ContentStore) -> Result<()> {
        let path = store.path(&self.digest());
        self.file.move_to(&path)
    }
}
