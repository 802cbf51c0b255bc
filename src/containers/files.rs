//! Files of this machine into containers, and back.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::{Container, archive::ARCHIVE};
use crate::{
    Error, Result, Upload,
    stream::{self, Packer, Writer, path_inside},
};

impl Container {
    /// Copies the file or directory at `local` on this machine into the directory `directory` inside the container, under
    /// its own name. Of a path that ends in `/.`, only what is in the directory is copied.
    ///
    /// Modes, times and links are kept; all becomes root's. Sockets, pipes and devices are left out. What is there already
    /// is replaced.
    ///
    /// Calls `PUT /containers/{id}/archive`, since API 1.20, and waits as long as that takes.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be read, and as [`copy_in`](Self::copy_in) does.
    ///
    /// # Cancellation
    ///
    /// Dropping this closes the connection; what has come so far stays. The thread that reads ends soon after.
    pub async fn copy_in_from(&self, local: impl Into<PathBuf>, directory: &str) -> Result<()> {
        let during = |error: Error| error.during("container_archive_put");
        let tree = stream::on_a_thread({
            let local = local.into();
            move || Tree::find(local)
        });
        let tree = tree.await.map_err(during)?;
        let archive = Upload::of_our_own(stream::written(move |writer| tree.pack(writer)));
        self.copy_in(directory, archive).await
    }

    /// Copies the file or directory at `path` inside the container into `directory` on this machine, which is made if it
    /// is not there, under its own name. Of a path that ends in `/.`, only what is in the directory is copied.
    ///
    /// Files that are there already are replaced; what is kept, and what an archive cannot do, is told at
    /// [`Download::unpack`](crate::Download::unpack).
    ///
    /// Calls `GET /containers/{id}/archive`, since API 1.20; before, unpack what [`copy`](Self::copy) sends.
    ///
    /// # Errors
    ///
    /// Fails as [`copy_out`](Self::copy_out) and [`unpack`](crate::Download::unpack) do.
    ///
    /// # Cancellation
    ///
    /// Dropping this closes the connection. The thread that writes ends soon after, in the middle of what it wrote.
    pub async fn copy_out_to(&self, path: &str, directory: impl Into<PathBuf>) -> Result<()> {
        let (wire, _) = self.wire("container_archive_get").await?;
        if wire.version() < ARCHIVE {
            return wire.during(Err(Error::needs("", ARCHIVE, wire.version())));
        }
        self.copy_out(path).await?.unpack(directory).await
    }
}

/// Files to send.
struct Tree {
    root: PathBuf,
    /// The root's name in the archive; none if only what is in it is sent.
    name: Option<Vec<u8>>,
}

impl Tree {
    fn find(root: PathBuf) -> Result<Self> {
        let unread = |error| Error::unread(&root, error);
        let path = root.as_os_str().as_encoded_bytes();
        if path == b"." || path.ends_with(b"/.") {
            if !root.is_dir() {
                return Err(Error::request(format!("{} is no directory", root.display())));
            }
            return Ok(Self { root, name: None });
        }
        // That it is there is said before anything is sent. A link is not followed.
        root.symlink_metadata().map_err(unread)?;
        let name = match root.file_name() {
            Some(name) => name.to_owned(),
            None => root.canonicalize().map_err(unread)?.file_name().map(ToOwned::to_owned).unwrap_or_default(),
        };
        let name = Some(name.into_encoded_bytes()).filter(|name| !name.is_empty());
        Ok(Self { root, name })
    }

    fn pack(&self, writer: &mut Writer) -> Result<()> {
        let mut archive = Packer::new(writer);
        let depth = usize::from(self.name.is_none());
        for entry in WalkDir::new(&self.root).min_depth(depth).follow_root_links(false).sort_by_file_name() {
            let entry = entry.map_err(|error| {
                let path = error.path().unwrap_or(&self.root).to_owned();
                Error::unread(&path, error.into())
            })?;
            archive.entry(&entry, &self.path_of(entry.path()))?;
        }
        archive.finish().map_err(|error| Error::unread(&self.root, error))
    }

    /// Where something lies in the archive.
    fn path_of(&self, path: &Path) -> Vec<u8> {
        let inside = path_inside(&self.root, path);
        match &self.name {
            None => inside,
            Some(name) if inside.is_empty() => name.clone(),
            Some(name) => [name, b"/".as_slice(), &inside].concat(),
        }
    }
}
