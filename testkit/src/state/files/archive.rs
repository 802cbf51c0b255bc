//! Packs file trees into tar archives and unpacks them.

use std::io::{self, Read as _};

use bytes::Bytes;
use tar::{Archive, Builder, EntryType, Header};

use super::{File, Files, Kind, clean};

/// The maximum size of the files of an archive, in bytes.
const MAX_UNPACKED: u64 = 512 << 20;

impl Files {
    /// Packs the tree at `path` under the name `name`, or only its contents if `name` is empty.
    pub(crate) fn pack(&self, path: &str, name: &str) -> Bytes {
        let mut archive = Builder::new(Vec::new());
        if path == "/" && !name.is_empty() {
            add(&mut archive, name, &File::directory());
        }
        for (rest, file) in self.tree(path) {
            let rest = if name.is_empty() { rest.trim_start_matches('/') } else { rest };
            let name = format!("{}{rest}", name.trim_end_matches('/'));
            if !name.is_empty() {
                add(&mut archive, &name, file);
            }
        }
        // Writing to memory does not fail.
        archive.into_inner().unwrap_or_default().into()
    }

    /// Unpacks an archive into the directory `at`. If `keep_types` is set, a directory cannot replace a file, nor a file a
    /// directory.
    pub(crate) fn unpack(&mut self, archive: &[u8], at: &str, keep_types: bool) -> Result<(), String> {
        let invalid = |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => "unexpected EOF".to_owned(),
            _ => "archive/tar: invalid tar header".to_owned(),
        };
        // An archive that is shorter than a header is truncated.
        if !archive.is_empty() && archive.len() < 512 {
            return Err("unexpected EOF".to_owned());
        }
        let mut bytes_left = MAX_UNPACKED;
        for entry in Archive::new(archive).entries().map_err(invalid)? {
            let mut entry = entry.map_err(invalid)?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let path = self.resolved(&clean(&format!("{at}/{}", clean(&format!("/{name}")))), false);
            let target = entry.link_name_bytes().map(|target| String::from_utf8_lossy(&target).into_owned());
            let kind = match (entry.header().entry_type(), target) {
                (EntryType::Directory, _) => Kind::Directory,
                (EntryType::Symlink, Some(target)) => Kind::Link(target),
                (EntryType::Link, Some(target)) => {
                    let other = self.resolved(&clean(&format!("{at}/{target}")), false);
                    let file = self.get(&other);
                    // Packing writes its content again.
                    let size = file.as_ref().map_or(0, File::size);
                    bytes_left = bytes_left.checked_sub(size).ok_or("no space left on device")?;
                    file.map_or(Kind::Regular(Bytes::new()), |file| file.kind)
                }
                _ => {
                    // A sparse file is larger than its archive.
                    bytes_left = bytes_left.checked_sub(entry.size()).ok_or("no space left on device")?;
                    let mut content = Vec::new();
                    entry.read_to_end(&mut content).map_err(invalid)?;
                    Kind::Regular(content.into())
                }
            };
            let is = self.get(&path).map(|file| file.is_directory());
            if let (Some(is), true) = (is, keep_types)
                && is != (kind == Kind::Directory)
            {
                let (old, new) = if is { ("directory", "non-directory") } else { ("non-directory", "directory") };
                return Err(format!("cannot overwrite {old} {path:?} with {new} {at:?}"));
            }
            let header = entry.header();
            let owner = (header.uid().unwrap_or(0), header.gid().unwrap_or(0));
            let mode = if matches!(kind, Kind::Link(_)) { 0o777 } else { header.mode().unwrap_or(0o644) & 0o7777 };
            let modified = header.mtime().unwrap_or(0);
            self.put(&path, File { kind, mode, owner, modified });
        }
        Ok(())
    }
}

impl File {
    fn header(&self) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(match self.kind {
            Kind::Directory => EntryType::Directory,
            Kind::Regular(_) => EntryType::Regular,
            Kind::Link(_) => EntryType::Symlink,
        });
        header.set_mode(self.mode);
        header.set_uid(self.owner.0);
        header.set_gid(self.owner.1);
        header.set_mtime(self.modified);
        header.set_size(self.size());
        header
    }
}

fn add(archive: &mut Builder<Vec<u8>>, name: &str, file: &File) {
    let mut header = file.header();
    let name = if file.is_directory() { format!("{}/", name.trim_end_matches('/')) } else { name.to_owned() };
    let content = match &file.kind {
        Kind::Regular(content) => &content[..],
        Kind::Directory | Kind::Link(_) => &[],
    };
    if let Kind::Link(target) = &file.kind {
        // Fails if the target is too long for the header, which then has none.
        let _ = header.set_link_name_literal(target);
    }
    // Engines write absolute names, which the tar crate rejects.
    let short = header.as_old_mut().name.get_mut(..name.len()).map(|place| place.copy_from_slice(name.as_bytes()));
    header.set_cksum();
    let added = match short {
        Some(()) => archive.append(&header, content),
        None => archive.append_data(&mut header, name.trim_start_matches('/'), content),
    };
    debug_assert!(added.is_ok(), "{name}: {added:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparse_entries_count_with_their_unpacked_size() {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::GNUSparse);
        header.set_path("sparse").unwrap();
        header.set_size(0);
        let gnu = header.as_gnu_mut().unwrap();
        gnu.realsize.copy_from_slice(b"40000000000\0"); // 4 GiB, in octal
        gnu.sparse[0].offset.copy_from_slice(b"40000000000\0");
        gnu.sparse[0].numbytes.copy_from_slice(b"00000000000\0");
        header.set_cksum();
        let archive = [header.as_bytes().as_slice(), &[0; 1024]].concat();
        assert_eq!(Files::default().unpack(&archive, "/", false).unwrap_err(), "no space left on device");
    }
}
