//! Open directories, whose entries are addressed by name.
//!
//! Windows has no functions for the entries of an open directory. Instead, a directory cannot be moved, replaced or removed
//! while it is open, so that its path always leads to it.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, FileType, Metadata, OpenOptions},
    io,
    os::windows::{
        ffi::{OsStrExt as _, OsStringExt as _},
        fs::{MetadataExt as _, OpenOptionsExt as _, symlink_dir, symlink_file},
    },
    path::{Component, Path, PathBuf},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::platform::{Attributes, FileStatus, Kind, not_regular};

// Access rights.
const FILE_LIST_DIRECTORY: u32 = 0x0001;
const FILE_WRITE_ATTRIBUTES: u32 = 0x0100;

// Access of other programs to a file while it is open. Without `FILE_SHARE_DELETE`, they can neither move nor remove it.
const FILE_SHARE_READ: u32 = 0x0001;
const FILE_SHARE_WRITE: u32 = 0x0002;

/// Flag for opening a directory.
const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;

/// Flag for opening a link itself.
const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;

const ITSELF: u32 = FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT;

// Attributes of files.
const FILE_ATTRIBUTE_DIRECTORY: u32 = 0x0010;
const FILE_ATTRIBUTE_REPARSE_POINT: u32 = 0x0400;
const FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS: u32 = 0x0040_0000;

/// Attributes of a file whose content may be elsewhere: deduplicated, or on a server that the directory is synchronized with.
const HAS_CONTENT_ELSEWHERE: u32 = FILE_ATTRIBUTE_REPARSE_POINT | FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS;

/// Error number: a reparse point that has no content, for example a Unix socket.
const ERROR_CANT_ACCESS_FILE: i32 = 1920;

/// Error number: the user may not create symbolic links.
const ERROR_PRIVILEGE_NOT_HELD: i32 = 1314;

// Types of files in modes.
const REGULAR_FILE: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;
const LINK: u32 = 0o120_000;

/// The permission of the owner to write. It is the only one that files on Windows have.
const WRITE: u32 = 0o200;

/// An open directory. Its entries are addressed by their names, without following links; `.` is the directory itself.
///
/// A symbolic link or a junction is an error of the kind [`io::ErrorKind::NotADirectory`].
#[derive(Clone, Debug)]
pub(crate) struct Dir(Arc<Open>);

#[derive(Debug)]
struct Open {
    /// The path without links.
    path: PathBuf,
    handle: File,
    /// The directory that this one is in, except for the root.
    _above: Option<Dir>,
}

impl Dir {
    /// Opens the directory at `path`; links in `path` are followed.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        // The result is also not limited in its length. It can be the path of a directory in which a volume is mounted.
        Self::open_at(fs::canonicalize(path)?, FILE_FLAG_BACKUP_SEMANTICS, None)
    }

    /// Returns the same directory.
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Ok(self.clone())
    }

    /// Opens a directory in this one.
    pub(crate) fn open_dir(&self, name: &OsStr) -> io::Result<Self> {
        let opened = Self::open_at(self.path(name)?, ITSELF, Some(self.clone()))?;
        self.check()?;
        Ok(opened)
    }

    fn open_at(path: PathBuf, flags: u32, above: Option<Self>) -> io::Result<Self> {
        let handle = OpenOptions::new()
            // Without an access right to data, Windows ignores what other programs may not do.
            .access_mode(FILE_LIST_DIRECTORY)
            .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE)
            .custom_flags(flags)
            .open(&path)?;
        let directory = Self(Arc::new(Open { path, handle, _above: above }));
        directory.check()?;
        Ok(directory)
    }

    /// Checks that this directory was not made a junction, which is possible while it is empty.
    fn check(&self) -> io::Result<()> {
        match kind(self.0.handle.metadata()?.file_type()) {
            Kind::Directory => Ok(()),
            Kind::File | Kind::Link | Kind::Other => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    /// Returns the path of an entry. Fails for a name that would not be a name in this directory.
    fn path(&self, name: &OsStr) -> io::Result<PathBuf> {
        let is_invalid = |byte: &u8| matches!(byte, b'/' | b'\\' | b':' | b'\0');
        match name.as_encoded_bytes() {
            b"." => Ok(self.0.path.clone()),
            bytes if matches!(bytes, b"" | b"..") || bytes.iter().any(is_invalid) => {
                Err(io::Error::new(io::ErrorKind::InvalidInput, "not a valid name of a file"))
            }
            _ => Ok(self.0.path.join(name)),
        }
    }

    /// Returns the names and types of the entries, in any order.
    pub(crate) fn list(&self) -> io::Result<Vec<(OsString, Kind)>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.0.path)? {
            let entry = entry?;
            entries.push((entry.file_name(), kind(entry.file_type()?)));
        }
        self.check()?;
        Ok(entries)
    }

    /// Returns the attributes of an entry.
    pub(crate) fn attributes(&self, name: &OsStr) -> io::Result<Attributes> {
        self.metadata(name).map(|metadata| attributes(&metadata))
    }

    /// Returns the status of an entry.
    pub(crate) fn status(&self, name: &OsStr) -> io::Result<FileStatus> {
        let metadata = self.metadata(name)?;
        let Attributes { kind, mode, size, .. } = attributes(&metadata);
        let nanoseconds = |time: u128| i64::try_from(time).unwrap_or(i64::MAX);
        let modified = match metadata.modified()?.duration_since(UNIX_EPOCH) {
            Ok(after) => nanoseconds(after.as_nanos()),
            Err(error) => -nanoseconds(error.duration().as_nanos()),
        };
        Ok(FileStatus { kind, mode, size, modified, device: (0, 0), inode: None })
    }

    fn metadata(&self, name: &OsStr) -> io::Result<Metadata> {
        let metadata = if name == "." { self.0.handle.metadata()? } else { fs::symlink_metadata(self.path(name)?)? };
        self.check()?;
        Ok(metadata)
    }

    /// Opens a regular file. Any other type is an error of the kind [`io::ErrorKind::InvalidInput`], except for a link.
    pub(crate) fn open_file(&self, name: &OsStr) -> io::Result<(File, Attributes)> {
        let path = self.path(name)?;
        let open = |flags| {
            let mut options = OpenOptions::new();
            options.read(true).share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE).custom_flags(flags).open(&path)
        };
        let mut file = open(ITSELF)?;
        let mut metadata = file.metadata()?;
        match kind(metadata.file_type()) {
            Kind::File => {}
            Kind::Link => return Err(io::ErrorKind::NotADirectory.into()),
            Kind::Directory | Kind::Other => return Err(not_regular()),
        }
        if metadata.file_attributes() & HAS_CONTENT_ELSEWHERE != 0 {
            // Not a link. It cannot be replaced while it is open.
            let content = open(FILE_FLAG_BACKUP_SEMANTICS).map_err(|error| match error.raw_os_error() {
                Some(ERROR_CANT_ACCESS_FILE) => not_regular(),
                _ => error,
            })?;
            metadata = content.metadata()?;
            file = content;
        }
        self.check()?;
        Ok((file, attributes(&metadata)))
    }

    /// Returns the target of a symbolic link, with slashes. Any other type is an error of the kind
    /// [`io::ErrorKind::InvalidInput`].
    pub(crate) fn read_link(&self, name: &OsStr) -> io::Result<Vec<u8>> {
        let path = self.path(name)?;
        if kind(fs::symlink_metadata(&path)?.file_type()) != Kind::Link {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let target = fs::read_link(&path)?;
        self.check()?;
        Ok(super::path_bytes(&target).into_owned())
    }

    /// Creates a directory. There are no permissions to set.
    pub(crate) fn create_dir(&self, name: &OsStr, _mode: u32) -> io::Result<()> {
        self.check()?;
        fs::create_dir(self.path(name)?)
    }

    /// Creates a file that does not exist.
    pub(crate) fn create_file(&self, name: &OsStr) -> io::Result<File> {
        self.check()?;
        OpenOptions::new().write(true).create_new(true).open(self.path(name)?)
    }

    /// Creates a symbolic link, to a directory if there is one at `target`. Its time is set if there is one.
    pub(crate) fn create_link(&self, name: &OsStr, target: &OsStr, modified: Option<SystemTime>) -> io::Result<()> {
        self.check()?;
        let path = self.path(name)?;
        let target = with_backslashes(target);
        let created = if self.is_directory(&target) { symlink_dir(target, &path) } else { symlink_file(target, &path) };
        created.map_err(|error| match error.raw_os_error() {
            Some(ERROR_PRIVILEGE_NOT_HELD) => io::Error::new(
                io::ErrorKind::PermissionDenied,
                "Windows permits symbolic links only to administrators, and if its Developer Mode is on",
            ),
            _ => error,
        })?;
        modified.map_or(Ok(()), |modified| open_attributes(&path, ITSELF)?.set_modified(modified))
    }

    /// Whether the target of a link is a directory, or a link to one. Follows no link, because `target` is not trusted: a link
    /// can lead to another machine, to which Windows would authenticate this user.
    fn is_directory(&self, target: &Path) -> bool {
        let mut path = self.0.path.clone();
        let mut is_directory = true;
        for part in target.components() {
            let name = match part {
                Component::CurDir => continue,
                Component::ParentDir => {
                    is_directory = path.pop();
                    continue;
                }
                Component::Normal(name) => name,
                Component::Prefix(_) | Component::RootDir => return false,
            };
            if !fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir()) {
                return false;
            }
            path.push(name);
            let found = fs::symlink_metadata(&path);
            is_directory = found.is_ok_and(|metadata| metadata.file_attributes() & FILE_ATTRIBUTE_DIRECTORY != 0);
        }
        is_directory
    }

    /// Creates another name of the file `target` in the directory `parent`.
    pub(crate) fn create_hard_link(&self, name: &OsStr, parent: &Self, target: &OsStr) -> io::Result<()> {
        self.check()?;
        parent.check()?;
        fs::hard_link(parent.path(target)?, self.path(name)?)
    }

    /// Removes a file or a link, if it exists. A directory is an error of the kind [`io::ErrorKind::IsADirectory`].
    pub(crate) fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        self.check()?;
        let path = self.path(name)?;
        let metadata = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            metadata => metadata?,
        };
        if kind(metadata.file_type()) == Kind::Directory {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if metadata.file_attributes() & FILE_ATTRIBUTE_DIRECTORY != 0 {
            // A link to a directory.
            return fs::remove_dir(path);
        }
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && metadata.permissions().readonly() => {
                set_read_only(&open_attributes(&path, ITSELF)?, false)?;
                fs::remove_file(path)
            }
            removed => removed,
        }
    }

    /// There are no permissions to add: a directory is always writable.
    pub(crate) fn make_writable(&self, _name: &OsStr, _mode: u32) {}

    /// Sets the time of the directory `name`, if there is one. There are no permissions to set.
    pub(crate) fn set_directory_attributes(
        &self,
        name: &OsStr,
        _mode: Option<u32>,
        modified: Option<SystemTime>,
    ) -> io::Result<()> {
        let flags = if name == "." { FILE_FLAG_BACKUP_SEMANTICS } else { ITSELF };
        let directory = open_attributes(&self.path(name)?, flags)?;
        self.check()?;
        if kind(directory.metadata()?.file_type()) != Kind::Directory {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        modified.map_or(Ok(()), |modified| directory.set_modified(modified))
    }
}

/// Sets the time of a file, and makes it read-only if its owner has no permission to write.
pub(crate) fn set_file_attributes(file: &File, mode: u32, modified: SystemTime) -> io::Result<()> {
    file.set_modified(modified)?;
    if mode & WRITE == 0 { set_read_only(file, true) } else { Ok(()) }
}

fn set_read_only(file: &File, is_read_only: bool) -> io::Result<()> {
    let mut permissions = file.metadata()?.permissions();
    permissions.set_readonly(is_read_only);
    file.set_permissions(permissions)
}

/// Opens a file, a directory or, with the flags [`ITSELF`], a link itself, to change its attributes.
fn open_attributes(path: &Path, flags: u32) -> io::Result<File> {
    OpenOptions::new().access_mode(FILE_WRITE_ATTRIBUTES).custom_flags(flags).open(path)
}

/// Replaces slashes, with which Windows does not follow a link.
fn with_backslashes(target: &OsStr) -> PathBuf {
    let replaced = target.encode_wide().map(|unit| if unit == u16::from(b'/') { u16::from(b'\\') } else { unit });
    OsString::from_wide(&replaced.collect::<Vec<_>>()).into()
}

fn kind(file: FileType) -> Kind {
    match () {
        () if file.is_symlink() => Kind::Link,
        () if file.is_dir() => Kind::Directory,
        () if file.is_file() => Kind::File,
        () => Kind::Other,
    }
}

/// Returns the attributes that the Docker CLI sends: every file is executable, and only its owner can write.
fn attributes(metadata: &Metadata) -> Attributes {
    let kind = kind(metadata.file_type());
    let file_type = match kind {
        Kind::Directory => DIRECTORY,
        Kind::Link => LINK,
        Kind::File | Kind::Other => REGULAR_FILE,
    };
    let permissions = if metadata.permissions().readonly() { 0o555 } else { 0o755 };
    let modified = metadata.modified().ok().and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
    Attributes {
        kind,
        mode: file_type | permissions,
        owner: (0, 0),
        size: if kind == Kind::File { metadata.len() } else { 0 },
        modified: modified.unwrap_or_default().as_secs(),
    }
}
