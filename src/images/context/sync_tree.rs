//! Build contexts that BuildKit reads file by file, with file sync.

use std::{
    fmt,
    fs::File,
    path::{Path, PathBuf},
    time::SystemTime,
};

use bytes::Bytes;

use super::{
    Context,
    plan::{self, DOCKERFILE, DOCKERIGNORE, Plan},
};
use crate::{
    ApiVersion, Error, Result,
    stream::{self, RootDir},
};

mod filter;
mod follow_links;
mod shared_key;
mod walk;

pub(crate) use self::{filter::Patterns, walk::SyncEntry};

/// The first version with sessions that need no experimental engine.
const VERSION: ApiVersion = ApiVersion::new(1, 39);

/// The files that one local directory offers to BuildKit: those of a build context.
///
/// The directory is read when BuildKit requests it. No link in it is followed, so that no request reaches a file outside of
/// it.
pub(crate) struct SyncTree {
    plan: Plan,
    /// Files from memory that BuildKit itself reads (Dockerfile and ignore files). BuildKit's patterns can exclude these
    /// files, but no other files from memory.
    internal: Vec<String>,
    shared_key: String,
    /// Modification time of files from memory, in nanoseconds since 1970. Differs for each tree, so that BuildKit never keeps
    /// the content that such a file had in an earlier build.
    created: i64,
}

impl Context {
    /// Plans the content, for the context and the Dockerfile of a build. `dockerfile` is the path that the options set.
    pub(crate) async fn sync_tree(self, dockerfile: Option<String>) -> Result<SyncTree> {
        stream::run_blocking(move || {
            let plan = plan::plan(self, dockerfile.as_deref(), VERSION)?;
            let dockerfile = plan.dockerfile.as_deref().unwrap_or(DOCKERFILE);
            let internal = vec![dockerfile.to_owned(), format!("{dockerfile}{DOCKERIGNORE}"), DOCKERIGNORE.to_owned()];
            Ok(SyncTree::new(plan, internal))
        })
        .await
    }

    /// Plans the content, for an additional context: all files. BuildKit applies `.dockerignore`.
    pub(crate) async fn additional_sync_tree(self) -> Result<SyncTree> {
        stream::run_blocking(move || Ok(SyncTree::new(plan::plan_all(self)?, vec![DOCKERIGNORE.to_owned()]))).await
    }
}

impl SyncTree {
    fn new(plan: Plan, internal: Vec<String>) -> Self {
        let shared_key =
            shared_key::shared_key(plan.directory.as_ref().map(|root| root.locate(Path::new(""))).as_deref());
        let created = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { plan, internal, shared_key, created: i64::try_from(created.as_nanos()).unwrap_or(i64::MAX) }
    }

    /// Returns the path of the Dockerfile in the tree, unless it is `Dockerfile`.
    pub(crate) fn dockerfile(&self) -> Option<&str> {
        self.plan.dockerfile.as_deref()
    }

    /// Returns the key of the copy that BuildKit keeps, see
    /// [`OpenSession::shared_key`](crate::buildkit::OpenSession::shared_key). It depends on the user and on the directory.
    pub(crate) fn shared_key(&self) -> String {
        self.shared_key.clone()
    }

    /// Returns a reader of the files. It blocks.
    pub(crate) fn reader(&self) -> Result<SyncReader<'_>> {
        Ok(SyncReader { tree: self, root: self.open()? })
    }

    /// Opens the directory, if there is one.
    fn open(&self) -> Result<Option<RootDir>> {
        self.plan.directory.as_ref().map(RootDir::try_clone).transpose()
    }
}

/// A reader of the files of a tree.
pub(crate) struct SyncReader<'a> {
    tree: &'a SyncTree,
    root: Option<RootDir>,
}

/// The content of a file.
pub(crate) enum Content {
    Memory(Bytes),
    /// An open file, and its path for error messages.
    File(File, PathBuf),
}

impl SyncReader<'_> {
    /// Returns the content of a file of the tree.
    pub(crate) fn open(&mut self, path: &Path) -> Result<Content> {
        if let Some(content) = self.tree.plan.file(path) {
            return Ok(Content::Memory(content.clone()));
        }
        let root =
            self.root.as_mut().ok_or_else(|| Error::internal("file of a build context without a parent directory"))?;
        let (file, _) = root.file(path)?;
        Ok(Content::File(file, root.locate(path)))
    }
}

/// Writes the path of the directory, and the paths of files from memory.
impl fmt::Debug for SyncTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncTree")
            .field("directory", &self.plan.directory)
            .field("files", &self.plan.files.keys())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn sync_tree_names_its_dockerfile() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Dockerfile"), "FROM a").unwrap();
        fs::write(folder.path().join("other"), "FROM b").unwrap();
        let context = || Context::directory(folder.path());
        assert_eq!(context().sync_tree(None).await.unwrap().dockerfile(), None);
        assert_eq!(context().sync_tree(Some("other".into())).await.unwrap().dockerfile(), Some("other"));
        let generated = context().dockerfile_from("FROM c").sync_tree(None).await.unwrap();
        assert!(generated.dockerfile().unwrap().starts_with(".dockerfile."), "{generated:?}");
        assert!(context().sync_tree(Some("none".into())).await.is_err());
    }

    #[tokio::test]
    async fn sync_tree_of_an_additional_context_needs_no_dockerfile() {
        let folder = tempfile::tempdir().unwrap();
        let tree = Context::directory(folder.path()).additional_sync_tree().await.unwrap();
        assert_eq!(tree.dockerfile(), None);
        Context::from_dockerfile("FROM a").file("b", "").additional_sync_tree().await.unwrap();
        let error = Context::directory(folder.path().join("none")).additional_sync_tree().await.unwrap_err();
        assert!(error.to_string().ends_with("no such directory"), "{error}");
        let error = Context::directory(folder.path()).dockerfile_from("").additional_sync_tree().await.unwrap_err();
        assert!(error.is_bad_request(), "{error}");
    }

    #[tokio::test]
    async fn sync_tree_debug_output_has_no_content() {
        let context = Context::from_dockerfile("FROM a # s3cret").file("key", "s3cret");
        let shown = format!("{:?}", context.sync_tree(None).await.unwrap());
        assert!(shown.contains("Dockerfile") && shown.contains("key") && !shown.contains("s3cret"), "{shown}");
    }
}
