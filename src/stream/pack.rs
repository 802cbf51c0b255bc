//! Writing of files and directories to a tar archive.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    time::SystemTime,
};

use tar::{Builder, EntryType, Header};

use super::{
    Writer,
    root_dir::{Attributes, Kind, RootDir},
    walk::WalkEntry,
};
use crate::{Error, Result};

/// Mode of files from memory.
const MODE: u32 = 0o644;

/// Owner of the entries of an archive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Owner {
    #[default]
    Root,
    /// User id and group id.
    Ids(u32, u32),
    /// The user id and group id of each file on this machine.
    Local,
}

/// A writer of a tar archive.
///
/// Writes paths and link targets unchanged, as bytes: the `tar` crate normalizes them, and supports long ones only if they
/// are UTF-8.
pub(crate) struct Packer<'a> {
    archive: Builder<&'a mut Writer>,
    owner: Owner,
}

impl<'a> Packer<'a> {
    pub(crate) fn new(writer: &'a mut Writer, owner: Owner) -> Self {
        Self { archive: Builder::new(writer), owner }
    }

    /// Fails if the stream that reads the archive was dropped.
    pub(crate) fn check_reader(&self) -> Result<()> {
        self.archive.get_ref().check_reader()
    }

    /// Writes a file from memory.
    pub(crate) fn bytes(&mut self, path: &str, content: &[u8]) -> Result<()> {
        let modified = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let header = header(EntryType::Regular, MODE, modified, content.len() as u64);
        self.append(header, path.as_bytes(), content).map_err(|error| Error::read_failed(Path::new(path), error))
    }

    /// Writes the end of the archive.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.archive.finish()
    }

    /// Writes a file, a directory or a symbolic link in `root` under the name `name`. FIFOs, sockets and devices are left
    /// out.
    ///
    /// Returns an error if the entry was replaced by one of another type since its directory was listed.
    pub(crate) fn entry(&mut self, root: &mut RootDir, found: &WalkEntry, name: &[u8]) -> Result<()> {
        if found.kind == Kind::File {
            return self.file(root, &found.path, name);
        }
        let attributes = root.attributes(&found.path)?;
        if attributes.kind != found.kind {
            return Err(root.replaced(&found.path));
        }
        let written = match found.kind {
            Kind::Directory => {
                let header = self.header_of(EntryType::Directory, attributes);
                self.append(header, &[name, b"/"].concat(), io::empty())
            }
            Kind::Link => {
                let target = root.link(&found.path)?;
                let mut header = self.header_of(EntryType::Symlink, attributes);
                self.long(EntryType::GNULongLink, &target, &mut header.as_old_mut().linkname)
                    .and_then(|()| self.append(header, name, io::empty()))
            }
            Kind::File | Kind::Other => Ok(()),
        };
        written.map_err(|error| Error::read_failed(&root.locate(&found.path), error))
    }

    fn file(&mut self, root: &mut RootDir, path: &Path, name: &[u8]) -> Result<()> {
        let (file, attributes) = root.file(path)?;
        let mut content = FixedLength { file, left: attributes.size, changed: None };
        let header = self.header_of(EntryType::Regular, attributes);
        self.append(header, name, &mut content).map_err(|error| {
            let path = root.locate(path);
            match content.changed {
                Some(how) => {
                    Error::local_io(format!("failed to read {}: file {how} while it was read", path.display()))
                }
                None => Error::read_failed(&path, error),
            }
        })
    }

    fn header_of(&self, kind: EntryType, attributes: Attributes) -> Header {
        let size = if kind == EntryType::Regular { attributes.size } else { 0 };
        let mut header = header(kind, attributes.mode, attributes.modified, size);
        let (user, group) = match self.owner {
            Owner::Root => (0, 0),
            Owner::Ids(user, group) => (user, group),
            Owner::Local => attributes.owner,
        };
        header.set_uid(user.into());
        header.set_gid(group.into());
        header
    }

    fn append(&mut self, mut header: Header, path: &[u8], content: impl Read) -> io::Result<()> {
        self.long(EntryType::GNULongName, path, &mut header.as_old_mut().name)?;
        header.set_cksum();
        self.archive.append(&header, content)
    }

    /// Writes `name` to its header field and, if it is too long for the field, to a preceding `@LongLink` entry.
    fn long(&mut self, kind: EntryType, name: &[u8], field: &mut [u8; 100]) -> io::Result<()> {
        let fits = name.len().min(field.len());
        field[..fits].copy_from_slice(&name[..fits]);
        if fits == name.len() {
            return Ok(());
        }
        let mut header = header(kind, MODE, 0, name.len() as u64 + 1);
        header.set_path("././@LongLink")?;
        header.set_cksum();
        self.archive.append(&header, name.chain(&b"\0"[..]))
    }
}

/// Returns the header of an entry that is owned by root. `modified` is in seconds since 1970; engines do not support earlier
/// times.
fn header(kind: EntryType, mode: u32, modified: u64, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(modified);
    header.set_size(size);
    header
}

/// The content of a file whose length is already in the header. Any other length is an error.
struct FixedLength {
    file: File,
    /// Number of bytes that have not been read.
    left: u64,
    /// How the length changed: `grew` or `shrank`.
    changed: Option<&'static str>,
}

impl Read for FixedLength {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        // At the expected end, tries to read one more byte.
        let length = if self.left == 0 { self.file.read(&mut [0])? } else { self.file.read(&mut buffer[..most])? };
        self.changed = match (self.left, length) {
            (0, 0) => return Ok(0),
            (0, _) => Some("grew"),
            (_, 0) => Some("shrank"),
            _ => None,
        };
        self.left = self.left.saturating_sub(length as u64);
        if self.changed.is_some() { Err(io::ErrorKind::InvalidData.into()) } else { Ok(length) }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn header_size_over_8_gib_is_binary() {
        let header = header(EntryType::Regular, MODE, 0, 9 << 30);
        assert_eq!(header.entry_size().unwrap(), 9 << 30);
        // Eleven octal digits end at 8 GiB. The GNU format, which all engines read, has larger numbers in binary.
        assert_eq!(header.as_old().size, [0x80, 0, 0, 0, 0, 0, 0, 2, 0x40, 0, 0, 0]);
    }

    #[test]
    fn pack_fails_if_a_file_changes_its_length() {
        let read = |left, rest: &[u8]| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(rest).unwrap();
            io::Seek::rewind(&mut file).unwrap();
            let mut content = FixedLength { file, left, changed: None };
            let outcome = content.read_to_end(&mut Vec::new());
            (outcome.ok(), content.changed)
        };
        assert_eq!(read(4, b"four"), (Some(4), None));
        assert_eq!(read(5, b"four"), (None, Some("shrank")));
        assert_eq!(read(3, b"four"), (None, Some("grew")));
        assert_eq!(read(0, b""), (Some(0), None));
    }
}
