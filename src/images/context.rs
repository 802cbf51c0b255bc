//! Build contexts from a directory and files in memory.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use bytes::Bytes;

use super::build::Opened;
use crate::{ApiVersion, Result, Upload, redacted::Redacted, stream};

mod ignore;
mod name;
mod pack;
mod pattern;
mod plan;
mod resolve;
#[cfg(feature = "buildkit")]
mod sync_tree;

#[cfg(fuzzing)]
pub(crate) use self::ignore::{Ignore, Inclusion};
#[cfg(feature = "buildkit")]
pub(crate) use self::sync_tree::{Content, Patterns, SyncEntry, SyncReader, SyncTree};

/// A build context: a local directory, files in memory, or both. The Dockerfile is one of these files, or a file elsewhere.
/// Requires the feature `tar`. [`Images::build`](super::Images::build) takes it.
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// use dockerclient::images::Context;
///
/// docker.images().build(Context::directory(".")).tag("web:1").await?;
///
/// let in_memory = Context::from_dockerfile("FROM busybox\nCOPY motd /etc/\n").file("motd", "hello\n");
/// docker.images().build(in_memory).tag("greeter").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Files that are sent
///
/// Files, directories and symbolic links, sorted by name, with their modes and modification times, owned by root. Links
/// are not followed, hard links become separate files, and sockets, FIFOs and devices are skipped. The files are read
/// by a blocking thread during the upload, and never held in memory as a whole. It is an error if a file changes its
/// length during the upload, or is replaced by a file of another type.
///
/// With BuildKit, the engine requests the files that the build needs, and keeps them: files whose attributes did not change
/// are not sent again. As with the Docker CLI, hard links stay hard links, FIFOs and devices are sent, and sockets become
/// empty files. Extended attributes are not sent.
///
/// On Windows, as with the Docker CLI, paths and the targets of links are sent with slashes, all files are executable (mode
/// 755, or 555 for a read-only file), hard links are separate files, and a backslash in `.dockerignore` is a slash.
///
/// # `.dockerignore`
///
/// Files that match `.dockerignore` are excluded. If there is a `<Dockerfile>.dockerignore` next to the Dockerfile, it
/// replaces `.dockerignore`. The last line that matches a path, or one of its directories, takes precedence, even if that
/// line begins with `!` and the directory is excluded. A malformed line, or one of 64 KiB or more, is an error.
///
/// The Dockerfile and `.dockerignore` are sent even if they are excluded, because the engine needs them; engines since 1.5
/// then hide them from `COPY`. If there is a `<Dockerfile>.dockerignore`, `.dockerignore` is not sent.
///
/// # Untrusted directories
///
/// The content of the directory cannot make the build read files outside of it: its Dockerfile, its `.dockerignore`
/// files, and the `.containerignore` files that Podman reads, must be regular files of the directory, or links to one.
/// A link to outside of the directory is an error, even if it replaces a file or a directory during the upload. Only a
/// path passed to [`dockerfile`](Self::dockerfile) may be outside of the directory.
#[derive(Clone)]
#[must_use]
pub struct Context {
    directory: Option<PathBuf>,
    dockerfile: Dockerfile,
    /// Files in memory, which replace those of the directory.
    files: BTreeMap<String, Bytes>,
}

/// The Dockerfile of a context.
#[derive(Clone)]
enum Dockerfile {
    /// The file that the options name, or `Dockerfile`, in the context.
    Usual,
    /// The file at this path.
    At(PathBuf),
    /// A Dockerfile with this content.
    Content(Bytes),
}

/// Writes paths, and the lengths of files in memory.
impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("directory", &self.directory)
            .field("dockerfile", &self.dockerfile)
            .field("files", &Redacted(&self.files))
            .finish()
    }
}

impl fmt::Debug for Dockerfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usual => f.write_str("Usual"),
            Self::At(path) => f.debug_tuple("At").field(path).finish(),
            Self::Content(content) => f.debug_tuple("Content").field(&Redacted(content)).finish(),
        }
    }
}

impl Context {
    /// Creates a context from the directory at `path`. The Dockerfile is `Dockerfile` in it, unless
    /// [`BuildImage::dockerfile`](super::BuildImage::dockerfile) names another.
    pub fn directory(path: impl Into<PathBuf>) -> Self {
        Self { directory: Some(path.into()), dockerfile: Dockerfile::Usual, files: BTreeMap::new() }
    }

    /// Creates a context without a directory, with a Dockerfile of this content.
    pub fn from_dockerfile(content: impl Into<Bytes>) -> Self {
        Self { directory: None, dockerfile: Dockerfile::Content(content.into()), files: BTreeMap::new() }
    }

    /// Uses the Dockerfile at `path`, inside or outside of the directory; `path` is not relative to the directory.
    /// Symbolic links in it are followed, but no link inside of the directory may point outside of it.
    ///
    /// A Dockerfile from outside is sent under a generated name, and hidden from `COPY`. Before API 1.17, where a Dockerfile
    /// cannot have another name, it replaces `Dockerfile`.
    pub fn dockerfile(mut self, path: impl Into<PathBuf>) -> Self {
        self.dockerfile = Dockerfile::At(path.into());
        self
    }

    /// Uses a Dockerfile with this content, which is sent like one from outside of the directory, see
    /// [`dockerfile`](Self::dockerfile).
    pub fn dockerfile_from(mut self, content: impl Into<Bytes>) -> Self {
        self.dockerfile = Dockerfile::Content(content.into());
        self
    }

    /// Adds a file with this content at `path` in the context, with slashes. It replaces a file of the directory, and is sent
    /// even if it matches `.dockerignore`.
    ///
    /// The build fails, before anything is sent, if `path` is empty, absolute or the path of a directory, if it contains
    /// `..` or a NUL character, or if the same path is added twice.
    pub fn file(mut self, path: impl Into<String>, content: impl Into<Bytes>) -> Self {
        self.files.insert(path.into(), content.into());
        self
    }

    /// Plans the content, and starts to read it.
    pub(super) async fn open(self, dockerfile: Option<String>, version: ApiVersion) -> Result<Opened> {
        let mut plan = stream::run_blocking(move || plan::plan(self, dockerfile.as_deref(), version)).await?;
        let dockerfile = plan.dockerfile.take();
        let upload = Upload::from_internal_stream(stream::write_stream(move |writer| pack::pack(plan, writer)));
        Ok(Opened { upload, url: None, dockerfile })
    }
}
