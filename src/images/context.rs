//! Build contexts made of files: of a directory, of memory.

use std::{collections::BTreeMap, path::PathBuf};

use bytes::Bytes;

use super::build::Opened;
use crate::{ApiVersion, Result, Upload, stream};

mod ignore;
mod pack;
mod pattern;
mod plan;

#[cfg(fuzzing)]
pub(crate) use self::ignore::{Ignore, Verdict};

/// The files of a build: a directory of this machine, with the Dockerfile in it or from elsewhere.
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// use dockerclient::images::{BuildOptions, Context};
///
/// let options = BuildOptions::default().name("web:1");
/// docker.images().build(Context::directory("."), &options).await?;
///
/// let made_up = Context::from_dockerfile("FROM busybox\nCOPY motd /etc/\n").file("motd", "hello\n");
/// docker.images().build(made_up, &options).await?;
/// # Ok(())
/// # }
/// ```
///
/// # What is sent
///
/// Files, directories and symbolic links, in the order of their names, with their
/// modes and times, owned by root. Links are not followed, hard links become files of
/// their own; sockets, pipes and devices are left out. Everything is read while it is
/// sent, on a thread of its own, and never held in memory as a whole. A file that
/// changes its length meanwhile is an error.
///
/// # What is left out
///
/// What the lines of `.dockerignore` say, or those of `<Dockerfile>.dockerignore`
/// beside the Dockerfile, if there is such a file. The last line that matches a path,
/// or a directory on the way to it, is right, also if that line begins with `!` and
/// the directory is left out. A line that makes no sense is an error.
///
/// The Dockerfile and `.dockerignore` are sent all the same, as the engine needs them;
/// engines since 1.5 then hide them from `COPY` as the lines say. If
/// `<Dockerfile>.dockerignore` is there, `.dockerignore` is not part of the context.
#[derive(Clone, Debug)]
#[must_use]
pub struct Context {
    directory: Option<PathBuf>,
    dockerfile: Dockerfile,
    /// What is not in the directory, or other than it is there.
    files: BTreeMap<String, Bytes>,
}

/// Which Dockerfile is meant.
#[derive(Clone, Debug)]
enum Dockerfile {
    /// The one in the context, by the name in the options, else `Dockerfile`.
    Usual,
    /// The one at this path.
    At(PathBuf),
    /// This one.
    Content(Bytes),
}

impl Context {
    /// What is in the directory at `path`; its Dockerfile is what
    /// [`BuildOptions::dockerfile`](super::BuildOptions::dockerfile) says.
    pub fn directory(path: impl Into<PathBuf>) -> Self {
        Self { directory: Some(path.into()), dockerfile: Dockerfile::Usual, files: BTreeMap::new() }
    }

    /// Nothing but a Dockerfile, with this content.
    pub fn from_dockerfile(content: impl Into<Bytes>) -> Self {
        Self { directory: None, dockerfile: Dockerfile::Content(content.into()), files: BTreeMap::new() }
    }

    /// The Dockerfile at `path`, inside or outside of the directory; `path` is not relative to it.
    ///
    /// From outside, it is sent under a name that is made up, and hidden from `COPY`.
    /// Before API 1.17, where there is but one name for a Dockerfile, it takes the place of
    /// `Dockerfile`.
    pub fn dockerfile(mut self, path: impl Into<PathBuf>) -> Self {
        self.dockerfile = Dockerfile::At(path.into());
        self
    }

    /// A Dockerfile with this content; sent as one from outside is, see [`dockerfile`](Self::dockerfile).
    pub fn dockerfile_from(mut self, content: impl Into<Bytes>) -> Self {
        self.dockerfile = Dockerfile::Content(content.into());
        self
    }

    /// A file at `path` in the context, with slashes, whatever is there in the directory. It is sent whatever
    /// `.dockerignore` says.
    pub fn file(mut self, path: impl Into<String>, content: impl Into<Bytes>) -> Self {
        self.files.insert(path.into(), content.into());
        self
    }

    /// Looks at the files, and begins to read them.
    pub(super) async fn open(self, dockerfile: Option<String>, version: ApiVersion) -> Result<Opened> {
        let mut plan = stream::on_a_thread(move || plan::plan(self, dockerfile.as_deref(), version)).await?;
        let dockerfile = plan.dockerfile.take();
        let upload = Upload::of_our_own(stream::written(move |writer| pack::pack(&plan, writer)));
        Ok(Opened { upload, url: None, dockerfile })
    }
}
