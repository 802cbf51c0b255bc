//! Files become a tar archive, as they are read.

use std::{
    ffi::OsStr,
    fs::{self, File, Metadata},
    io::{self, Read},
    path::Path,
    time::SystemTime,
};

use tar::{Builder, EntryType, Header};
use walkdir::DirEntry;

use super::Writer;
use crate::{Error, Result};

/// The mode of files from memory.
const MODE: u32 = 0o644;

/// The archive, as far as it is written. All in it is root's.
///
/// Paths and links go into it byte by byte: the crate would tidy them, and knows long ones as text only.
pub(crate) struct Packer<'a>(Builder<&'a mut Writer>);

impl<'a> Packer<'a> {
    pub(crate) fn new(writer: &'a mut Writer) -> Self {
        Self(Builder::new(writer))
    }

    /// A file from memory.
    pub(crate) fn bytes(&mut self, path: &str, content: &[u8]) -> Result<()> {
        let header = header(EntryType::Regular, MODE, SystemTime::now(), content.len() as u64);
        self.append(header, path.as_bytes(), content).map_err(|error| Error::unread(Path::new(path), error))
    }

    /// Nothing more is to come.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.0.finish()
    }

    /// A file, a directory or a link, under the name `path`. Sockets, pipes and devices are left out.
    pub(crate) fn entry(&mut self, entry: &DirEntry, path: &[u8]) -> Result<()> {
        if entry.file_type().is_file() {
            return self.file(entry.path(), path);
        }
        self.no_file(entry, path).map_err(|error| Error::unread(entry.path(), error))
    }

    /// Writes a directory or a link.
    fn no_file(&mut self, entry: &DirEntry, path: &[u8]) -> io::Result<()> {
        let kind = entry.file_type();
        if kind.is_dir() {
            let header = header_of(EntryType::Directory, &entry.metadata()?, 0);
            self.append(header, &[path, b"/"].concat(), io::empty())
        } else if kind.is_symlink() {
            let target = fs::read_link(entry.path())?;
            let mut header = header_of(EntryType::Symlink, &entry.metadata()?, 0);
            let target = target.as_os_str().as_encoded_bytes();
            self.long(EntryType::GNULongLink, target, &mut header.as_old_mut().linkname)?;
            self.append(header, path, io::empty())
        } else {
            Ok(())
        }
    }

    fn file(&mut self, place: &Path, path: &[u8]) -> Result<()> {
        let opened = File::open(place).and_then(|file| Ok((file.metadata()?, file)));
        let (metadata, file) = opened.map_err(|error| Error::unread(place, error))?;
        let mut content = Exactly { file, left: metadata.len(), changed: None };
        let header = header_of(EntryType::Regular, &metadata, metadata.len());
        self.append(header, path, &mut content).map_err(|error| match content.changed {
            Some(how) => Error::request(format!("{} {how} while it was read", place.display())),
            None => Error::unread(place, error),
        })
    }

    fn append(&mut self, mut header: Header, path: &[u8], content: impl Read) -> io::Result<()> {
        self.long(EntryType::GNULongName, path, &mut header.as_old_mut().name)?;
        header.set_cksum();
        self.0.append(&header, content)
    }

    /// Puts `name` into its field of a header, and into an entry of its own before that if it is too long.
    fn long(&mut self, kind: EntryType, name: &[u8], field: &mut [u8; 100]) -> io::Result<()> {
        let fits = name.len().min(field.len());
        field[..fits].copy_from_slice(&name[..fits]);
        if fits == name.len() {
            return Ok(());
        }
        let mut header = header(kind, MODE, SystemTime::UNIX_EPOCH, name.len() as u64 + 1);
        header.set_path("././@LongLink")?;
        header.set_cksum();
        self.0.append(&header, name.chain(&b"\0"[..]))
    }
}

fn header_of(kind: EntryType, metadata: &Metadata, size: u64) -> Header {
    let mut modes = Header::new_gnu();
    modes.set_metadata(metadata);
    header(kind, modes.mode().unwrap_or(MODE), metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), size)
}

/// A header of an entry of root's.
fn header(kind: EntryType, mode: u32, modified: SystemTime, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    // There is no time before 1970 that every engine can read.
    header.set_mtime(modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs());
    header.set_size(size);
    header
}

/// The path of something in `directory`, with slashes.
pub(crate) fn path_inside(directory: &Path, path: &Path) -> Vec<u8> {
    let path = path.strip_prefix(directory).unwrap_or(path);
    let parts: Vec<&[u8]> = path.iter().map(OsStr::as_encoded_bytes).collect();
    parts.join(&b'/')
}

/// A file of which the length was told: it ends there, or it is an error.
struct Exactly {
    file: File,
    /// How many bytes are to come.
    left: u64,
    /// What became of it meanwhile.
    changed: Option<&'static str>,
}

impl Read for Exactly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        // At its end, one byte more would be too much.
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
    fn a_file_of_more_than_8_gib_tells_its_length() {
        let header = header(EntryType::Regular, MODE, SystemTime::UNIX_EPOCH, 9 << 30);
        assert_eq!(header.entry_size().unwrap(), 9 << 30);
        // Octal digits end there; GNU's way, and that of every engine, is a number in binary.
        assert_eq!(header.as_old().size, [0x80, 0, 0, 0, 0, 0, 0, 2, 0x40, 0, 0, 0]);
    }

    #[test]
    fn a_file_that_changes_its_length_while_it_is_read_is_an_error() {
        let read = |left, rest: &[u8]| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(rest).unwrap();
            io::Seek::rewind(&mut file).unwrap();
            let mut content = Exactly { file, left, changed: None };
            let outcome = content.read_to_end(&mut Vec::new());
            (outcome.ok(), content.changed)
        };
        assert_eq!(read(4, b"four"), (Some(4), None));
        assert_eq!(read(5, b"four"), (None, Some("shrank")));
        assert_eq!(read(3, b"four"), (None, Some("grew")));
        assert_eq!(read(0, b""), (Some(0), None));
    }
}
