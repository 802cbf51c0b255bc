//! Support for tests of the rest of the crate.

use std::{
    env, fs, io, mem,
    os::windows::fs::{symlink_dir, symlink_file},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use tokio::net::windows::named_pipe::{NamedPipeServer, ServerOptions};

/// Error number: the client has closed the pipe before the server has accepted it.
const ERROR_NO_DATA: i32 = 232;

/// Whether files have permission bits, and can be hard links, FIFOs and sockets for file sync.
pub(crate) const HAS_UNIX_FILES: bool = false;

/// The variable that is set where symbolic links cannot be created.
const WITHOUT_LINKS: &str = "DOCKERCLIENT_TEST_WITHOUT_LINKS";

/// Creates a symbolic link, to a directory if there is one at `target`.
pub(crate) fn symlink(target: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    // Windows does not follow a link with slashes.
    let (target, link) = (PathBuf::from_iter(target.as_ref()), link.as_ref());
    let directory = link.parent().unwrap_or(Path::new(""));
    if directory.join(&target).is_dir() { symlink_dir(target, link) } else { symlink_file(target, link) }
}

/// Returns whether this user may create symbolic links. Fails if not, unless the variable [`WITHOUT_LINKS`] is set: tests that
/// need links would pass without testing anything.
pub(crate) fn symlinks_work() -> bool {
    static WORK: OnceLock<bool> = OnceLock::new();
    *WORK.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        // Wine 8 reports success, but creates nothing.
        let work = symlink_file("target", &link).is_ok() && link.is_symlink();
        assert!(
            work || env::var_os(WITHOUT_LINKS).is_some(),
            "no permission to create links; to skip them, set {WITHOUT_LINKS}"
        );
        work
    })
}

/// Returns the permissions of a file. `None` on a system without them.
pub(crate) fn mode(_path: &Path) -> Option<u32> {
    None
}

/// Sets the permissions of a file, if the system has them.
pub(crate) fn set_mode(path: &Path, _mode: u32) -> io::Result<()> {
    fs::metadata(path).map(|_| ())
}

/// A server of local streams.
pub(crate) struct LocalListener {
    path: PathBuf,
    /// The instance of the pipe to which the next client connects.
    next: NamedPipeServer,
}

impl LocalListener {
    pub(crate) fn bind(path: &Path) -> io::Result<Self> {
        let next = ServerOptions::new().first_pipe_instance(true).create(path)?;
        Ok(Self { path: path.to_owned(), next })
    }

    pub(crate) async fn accept(&mut self) -> io::Result<NamedPipeServer> {
        loop {
            match self.next.connect().await {
                Err(error) if error.raw_os_error() == Some(ERROR_NO_DATA) => self.next.disconnect()?,
                connected => {
                    connected?;
                    let next = ServerOptions::new().create(&self.path)?;
                    return Ok(mem::replace(&mut self.next, next));
                }
            }
        }
    }
}

/// Returns an address for a [`LocalListener`], which `folder` and `name` make unique.
pub(crate) fn local_address(folder: &Path, name: &str) -> PathBuf {
    let folder = folder.file_name().unwrap_or_default().to_string_lossy();
    format!(r"\\.\pipe\dockerclient-{folder}-{name}").into()
}
