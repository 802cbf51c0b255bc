//! The index of an OCI image layout: its manifests, by their tags.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Manifest, new_file::NewFile};
use crate::{Error, Result, platform, regular_file};

const INDEX: &str = "index.json";
const LAYOUT: &str = "oci-layout";

/// The file that programs, such as BuildKit's own client, lock while they change the index.
const LOCK: &str = "index.json.lock";

/// The content of [`LAYOUT`].
const LAYOUT_VERSION: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";

/// The annotation with the tag of a manifest.
const TAG: &str = "org.opencontainers.image.ref.name";

/// The annotation with the complete name of an image, which has a tag of the same meaning.
const IMAGE: &str = "io.containerd.image.name";

/// Maximum size of an index, in bytes.
const MAX_INDEX: u64 = 4 << 20;

/// Number of attempts to lock the index, and the interval between them. Programs hold the lock only briefly.
const ATTEMPTS: usize = 100;
const INTERVAL: Duration = Duration::from_millis(50);

#[derive(Default, Deserialize, Serialize)]
struct Index {
    /// The manifests, with all their fields. Go writes an empty list as `null`.
    manifests: Option<Vec<Value>>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Returns the digest of the manifest with this tag; `None` if there is none, or no index. Blocks.
pub(super) fn find(directory: &Path, tag: &str) -> Result<Option<String>> {
    let manifests = read(directory)?.and_then(|index| index.manifests).unwrap_or_default();
    let find = |annotation| manifests.iter().find(|manifest| self::annotation(manifest, annotation) == Some(tag));
    let Some(found) = find(IMAGE).or_else(|| find(TAG)) else { return Ok(None) };
    match found["digest"].as_str() {
        Some(digest) => Ok(Some(digest.to_owned())),
        None => Err(invalid(&directory.join(INDEX))),
    }
}

/// Adds a manifest with this tag, which replaces one with the same tag. Keeps the others. Blocks.
pub(super) fn put(directory: &Path, tag: &str, manifest: &Manifest) -> Result<()> {
    let _lock = Lock::acquire(directory)?;
    let mut index = read(directory)?.unwrap_or_default();
    let mut manifests = index.manifests.take().unwrap_or_default();
    manifests.retain(|other| annotation(other, TAG) != Some(tag) || annotation(other, IMAGE).is_some());
    manifests.push(json!({
        "mediaType": manifest.media_type,
        "digest": manifest.digest,
        "size": manifest.size,
        "annotations": { TAG: tag },
    }));
    index.manifests = Some(manifests);
    index.rest.entry("schemaVersion").or_insert_with(|| json!(2));
    index.rest.entry("mediaType").or_insert_with(|| json!(INDEX_TYPE));
    let text =
        serde_json::to_vec(&index).map_err(|_| Error::internal("failed to encode the index of the build cache"))?;
    write(directory, LAYOUT, LAYOUT_VERSION)?;
    write(directory, INDEX, &text)
}

fn annotation<'a>(manifest: &'a Value, name: &str) -> Option<&'a str> {
    manifest["annotations"][name].as_str().filter(|value| !value.is_empty())
}

fn read(directory: &Path) -> Result<Option<Index>> {
    let path = directory.join(INDEX);
    match regular_file::read(&path, MAX_INDEX) {
        // BuildKit's client creates the file before it writes it.
        Ok(text) if text.is_empty() => Ok(None),
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|_| invalid(&path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(regular_file::read_error(&path, error)),
    }
}

fn invalid(path: &Path) -> Error {
    Error::local_io(format!("failed to read {}: not a valid index of an OCI image layout", path.display()))
}

/// Replaces a file as a whole.
fn write(directory: &Path, name: &str, content: &[u8]) -> Result<()> {
    let mut file = NewFile::create(directory)?;
    file.write(content)?;
    file.move_to(&directory.join(name))
}

/// The lock of an index. Dropping it unlocks the index.
struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    fn acquire(directory: &Path) -> Result<Self> {
        let path = directory.join(LOCK);
        for _ in 0..ATTEMPTS {
            match platform::try_lock(&path).map_err(|error| Error::write_failed(&path, error))? {
                Some(file) => return Ok(Self { path, _file: file }),
                None => thread::sleep(INTERVAL),
            }
        }
        let index = directory.join(INDEX);
        Err(Error::local_io(format!("failed to write {}: another program has locked it", index.display())))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // An error only leaves the lock file behind. Windows removes the file when it is closed.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(digest: &str) -> Manifest {
        Manifest { media_type: "application/vnd.oci.image.manifest.v1+json".into(), digest: digest.into(), size: 7 }
    }

    fn names(directory: &Path) -> Vec<String> {
        let names = directory.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn index_keeps_other_tags() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path();
        assert_eq!(find(directory, "latest").unwrap(), None);
        put(directory, "latest", &manifest("sha256:a")).unwrap();
        put(directory, "test", &manifest("sha256:b")).unwrap();
        put(directory, "latest", &manifest("sha256:c")).unwrap();
        for (tag, digest) in [("latest", Some("sha256:c")), ("test", Some("sha256:b")), ("other", None)] {
            assert_eq!(find(directory, tag).unwrap().as_deref(), digest, "{tag}");
        }
        assert_eq!(names(directory), [INDEX, LAYOUT]);
        assert_eq!(fs::read(directory.join(LAYOUT)).unwrap(), LAYOUT_VERSION);
        let index: Value = serde_json::from_slice(&fs::read(directory.join(INDEX)).unwrap()).unwrap();
        let expected = |digest: &str, tag: &str| {
            let media_type = "application/vnd.oci.image.manifest.v1+json";
            json!({ "mediaType": media_type, "digest": digest, "size": 7, "annotations": { TAG: tag } })
        };
        let manifests = [expected("sha256:b", "test"), expected("sha256:c", "latest")];
        assert_eq!(index, json!({ "schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": manifests }));
    }

    #[test]
    fn index_of_other_programs_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(INDEX);
        let image = json!({ "digest": "sha256:a", "platform": {}, "annotations": { IMAGE: "web:2", TAG: "2" } });
        fs::write(&path, json!({ "schemaVersion": 3, "manifests": [image], "x": 1 }).to_string()).unwrap();
        assert_eq!(find(folder.path(), "web:2").unwrap().as_deref(), Some("sha256:a"));
        put(folder.path(), "2", &manifest("sha256:b")).unwrap();
        let index: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!((&index["schemaVersion"], &index["x"], &index["manifests"][0]), (&json!(3), &json!(1), &image));
        assert_eq!(index["manifests"][1]["digest"], "sha256:b");
        for empty in ["", r#"{"manifests":null}"#, "{}"] {
            fs::write(&path, empty).unwrap();
            assert_eq!(find(folder.path(), "2").unwrap(), None, "{empty}");
            put(folder.path(), "2", &manifest("sha256:b")).unwrap();
            assert_eq!(find(folder.path(), "2").unwrap().as_deref(), Some("sha256:b"), "{empty}");
        }
    }

    #[test]
    fn index_that_is_not_valid_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(INDEX);
        let tagged = json!({ "manifests": [{ "digest": 7, "annotations": { TAG: "latest" } }] }).to_string();
        for text in ["{", "[]", r#"{"manifests":{}}"#, &tagged] {
            fs::write(&path, text).unwrap();
            let error = find(folder.path(), "latest").unwrap_err();
            assert!(error.to_string().ends_with("not a valid index of an OCI image layout"), "{text}: {error}");
        }
        fs::write(&path, "{").unwrap();
        put(folder.path(), "latest", &manifest("sha256:a")).unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), b"{");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let error = find(folder.path(), "latest").unwrap_err();
        assert!(error.to_string().ends_with("is a directory"), "{error}");
    }

    #[test]
    fn index_is_locked_while_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::acquire(folder.path()).unwrap();
        let directory = folder.path().to_owned();
        let writer = thread::spawn(move || put(&directory, "latest", &manifest("sha256:a")));
        thread::sleep(INTERVAL * 3);
        assert_eq!(find(folder.path(), "latest").unwrap(), None);
        drop(lock);
        writer.join().unwrap().unwrap();
        assert_eq!(find(folder.path(), "latest").unwrap().as_deref(), Some("sha256:a"));
    }
}
