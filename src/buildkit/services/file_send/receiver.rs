//! The receiving side of the protocol of fsutil, which transfers a directory tree.
//!
//! BuildKit announces all entries in order (`STAT`), numbered from 0, and then their end (`STAT` without an entry). Meanwhile,
//! this side requests the content of files by their number (`REQ`). The content arrives in parts, of which the last is empty
//! (`DATA`). Once this side has everything, both sides confirm it (`FIN`).

use std::{
    collections::{BTreeMap, VecDeque},
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
};

use super::{
    memory::{Memory, Reservation},
    order::{self, Order},
    transfer::{Received, Replies},
    tree::{Attributes, Tree},
};
use crate::{
    Error, Result,
    buildkit::fsutil::{Packet, Stat, kind},
    error::Kind,
    platform,
};

/// Maximum number of files that are requested at once. BuildKit sends four at once, and queues 128 requests.
const MAX_OPEN: usize = 8;

// The type bits of Go modes.
const DIRECTORY: u32 = 1 << 31;
const LINK: u32 = 1 << 27;
const DEVICE: u32 = 1 << 26;
const FIFO: u32 = 1 << 25;
const SOCKET: u32 = 1 << 24;
const CHARACTER_DEVICE: u32 = 1 << 21;
const IRREGULAR: u32 = 1 << 19;

/// Writes the entries that BuildKit sends to `directory`, and calls `complete` once all are written.
pub(super) fn receive(
    directory: &Path,
    memory: &Memory,
    mut packets: Received,
    replies: &Replies,
    complete: impl FnOnce(),
) -> Result<()> {
    let mut receiver = Receiver::new(Tree::open(directory)?, memory);
    while !receiver.is_complete() {
        receiver.add(packets.next()?)?;
        while let Some(id) = receiver.open_next()? {
            replies.send(kind::REQUEST, id)?;
        }
    }
    receiver.finish()?;
    complete();
    // BuildKit must be able to confirm before the call ends. It may also cancel the call, as nothing is missing.
    if replies.send(kind::END, 0).is_ok() {
        let _ = packets.next();
    }
    Ok(())
}

struct Receiver<'a> {
    tree: Tree,
    order: Order,
    memory: Reservation<'a>,
    /// The number of the next entry.
    next_id: u32,
    /// Whether all entries were announced.
    has_all: bool,
    /// Files that are not requested yet.
    waiting: VecDeque<Waiting>,
    /// Files whose content is received.
    open: BTreeMap<u32, Open>,
    /// Hard links, with their targets. They are created after the files.
    links: Vec<(PathBuf, PathBuf)>,
}

/// A file that is announced.
struct Waiting {
    id: u32,
    path: PathBuf,
    size: u64,
    attributes: Attributes,
}

/// A file that was requested.
struct Open {
    file: File,
    path: PathBuf,
    size: u64,
    written: u64,
    attributes: Attributes,
}

impl<'a> Receiver<'a> {
    fn new(tree: Tree, memory: &'a Memory) -> Self {
        Self {
            tree,
            order: Order::new(),
            memory: memory.reservation(),
            next_id: 0,
            has_all: false,
            waiting: VecDeque::new(),
            open: BTreeMap::new(),
            links: Vec::new(),
        }
    }

    /// Whether all content was received.
    fn is_complete(&self) -> bool {
        self.has_all && self.waiting.is_empty() && self.open.is_empty()
    }

    /// Processes a packet.
    fn add(&mut self, packet: Packet) -> Result<()> {
        match packet.kind {
            kind::STAT if !self.has_all => match packet.stat {
                Some(entry) => self.add_entry(&entry),
                None => {
                    self.has_all = true;
                    Ok(())
                }
            },
            kind::DATA => self.add_data(packet.id, &packet.data),
            kind::ERROR => {
                let message = String::from_utf8_lossy(&packet.data).into_owned();
                Err(Error::new(Kind::OperationFailed { status: None, code: 0, message }))
            }
            unexpected => Err(invalid(format!("unexpected packet of type {unexpected} in an export"))),
        }
    }

    fn add_entry(&mut self, entry: &Stat) -> Result<()> {
        let id = self.next_id;
        self.next_id = id.checked_add(1).ok_or_else(|| invalid("too many exported entries".into()))?;
        let is_directory = entry.mode & DIRECTORY != 0;
        self.order.check(&entry.path, is_directory)?;
        if entry.mode & (DIRECTORY | LINK) == 0
            && entry.mode & (DEVICE | FIFO | SOCKET | CHARACTER_DEVICE | IRREGULAR) != 0
        {
            return Ok(());
        }
        let path = path_of(&entry.path)?;
        let attributes = Attributes { mode: entry.mode, modified: entry.modified };
        if is_directory {
            self.memory.add(entry.path.len())?;
            return self.tree.make_directory(path, attributes);
        }
        if entry.mode & LINK != 0 {
            if entry.link.is_empty() {
                return Err(invalid(format!("the link {path:?} has no target")));
            }
            let target = platform::os_string(&entry.link).map_err(|error| {
                Error::local_io(format!("failed to write the exported link {path:?}: its target is invalid: {error}"))
            })?;
            return self.tree.make_link(&path, &target, entry.modified);
        }
        self.memory.add(entry.path.len() + entry.link.len())?;
        if entry.link.is_empty() {
            let size = u64::try_from(entry.size).map_err(|_| invalid(format!("the size of {path:?} is negative")))?;
            self.waiting.push_back(Waiting { id, path, size, attributes });
        } else {
            order::check(&entry.link)?;
            self.links.push((path, path_of(&entry.link)?));
        }
        Ok(())
    }

    /// Creates the next file, unless enough are open, and returns its number.
    fn open_next(&mut self) -> Result<Option<u32>> {
        if self.open.len() >= MAX_OPEN {
            return Ok(None);
        }
        let Some(Waiting { id, path, size, attributes }) = self.waiting.pop_front() else { return Ok(None) };
        self.memory.remove(path.as_os_str().len());
        let file = self.tree.create_file(&path)?;
        self.open.insert(id, Open { file, path, size, written: 0, attributes });
        Ok(Some(id))
    }

    /// Adds content to the file with this number. Empty content marks the end of the file.
    fn add_data(&mut self, id: u32, data: &[u8]) -> Result<()> {
        if data.is_empty() {
            let open = self.open.remove(&id).ok_or_else(|| not_requested(id))?;
            if open.written < open.size {
                return Err(Error::truncated(&format!("the engine did not send all of {:?}", open.path)));
            }
            return self.tree.finish_file(&open.path, &open.file, open.attributes);
        }
        let open = self.open.get_mut(&id).ok_or_else(|| not_requested(id))?;
        open.written = open.written.saturating_add(data.len() as u64);
        // BuildKit announces the size 0 for a file whose first name is not exported.
        if open.written > open.size && open.size != 0 {
            return Err(invalid(format!("the content of {:?} is longer than announced", open.path)));
        }
        open.file.write_all(data).map_err(|error| self.tree.write_error(&open.path, error))
    }

    /// Creates hard links, and sets the attributes of directories.
    fn finish(&mut self) -> Result<()> {
        for (path, target) in &self.links {
            self.tree.make_hard_link(path, target)?;
        }
        self.tree.finish()
    }
}

/// Converts a path to the local system. Fails if it contains a name that is not valid on this system.
fn path_of(bytes: &[u8]) -> Result<PathBuf> {
    platform::path_from_bytes(bytes).map_err(|error| {
        let path = String::from_utf8_lossy(bytes);
        Error::local_io(format!("failed to write the exported file {path:?}: {error}"))
    })
}

fn invalid(message: String) -> Error {
    Error::new(Kind::Decode(message))
}

fn not_requested(id: u32) -> Error {
    invalid(format!("received content of the exported entry {id}, which was not requested"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, mode: u32, size: i64) -> Packet {
        let stat = Stat { path: path.to_owned().into(), mode, size, ..Default::default() };
        Packet { stat: Some(stat), ..Default::default() }
    }

    fn link(path: &str, target: &str) -> Packet {
        let (path, link) = (path.to_owned().into(), target.to_owned().into());
        let stat = Stat { path, mode: 0o644, link, ..Default::default() };
        Packet { stat: Some(stat), ..Default::default() }
    }

    fn packet(kind: i32, id: u32, data: &[u8]) -> Packet {
        Packet { kind, id, data: data.to_vec().into(), ..Default::default() }
    }

    fn data(id: u32, data: &[u8]) -> Packet {
        packet(kind::DATA, id, data)
    }

    /// Processes packets as `receive` does, and returns the error.
    fn error_of(packets: impl IntoIterator<Item = Packet>) -> Error {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::default();
        let mut receiver = Receiver::new(Tree::open(folder.path()).unwrap(), &memory);
        let mut outcome: Result<()> = packets.into_iter().try_for_each(|packet| {
            receiver.add(packet)?;
            while receiver.open_next()?.is_some() {}
            Ok(())
        });
        if outcome.is_ok() && receiver.is_complete() {
            outcome = receiver.finish();
        }
        outcome.unwrap_err()
    }

    #[test]
    fn export_rejects_unexpected_packets() {
        let end = Packet::default;
        for packets in [
            vec![packet(kind::REQUEST, 0, &[])],
            vec![packet(kind::END, 0, &[])],
            vec![packet(9, 0, &[])],
            vec![entry("a", 0o644, 0), end(), end()],
            vec![entry("a", 0o644, 0), end(), entry("b", 0o644, 0)],
            vec![entry("a", 0o644, -1)],
            vec![entry("../a", 0o644, 0)],
            vec![entry("a", LINK | 0o777, 0)],
            vec![entry("a", 0o644, 0), entry("a/b", 0o644, 0)],
        ] {
            let error = error_of(packets.clone());
            assert!(error.is_decode(), "{packets:?}: {error}");
        }
        let error = error_of([packet(kind::ERROR, 0, b"no \x80 space")]);
        assert!(error.is_operation_failed() && error.to_string().contains("no \u{fffd} space"), "{error}");
    }

    #[test]
    fn export_rejects_content_that_was_not_requested() {
        let mut files: Vec<_> = (0..9).map(|id| entry(&id.to_string(), 0o644, 4)).collect();
        for packets in [
            vec![data(0, b"1234")],
            vec![data(0, b"")],
            vec![entry("a", DIRECTORY | 0o755, 0), data(0, b"1234")],
            vec![entry("a", 0o644, 4), data(1, b"1234")],
            vec![entry("a", 0o644, 4), data(0, b"1234"), data(0, b""), data(0, b"1")],
            vec![entry("a", 0o644, 4), data(0, b"123"), data(0, b"45")],
            {
                // The ninth file is not requested while eight are incomplete.
                files.push(data(8, b"1234"));
                files
            },
        ] {
            let error = error_of(packets.clone());
            assert!(error.is_decode(), "{packets:?}: {error}");
        }
        let error = error_of([entry("a", 0o644, 4), data(0, b"123"), data(0, b"")]);
        assert!(error.is_truncated(), "{error}");
    }

    #[test]
    fn export_rejects_hard_links_outside() {
        for target in ["../a", "/etc/passwd", "d/../../a"] {
            let error = error_of([link("b", target)]);
            assert!(error.is_decode() && error.to_string().contains("is not valid"), "{target}: {error}");
        }
        for before in [None, Some(entry("a", DIRECTORY | 0o755, 0)), Some(entry("a", DEVICE | 0o644, 0))] {
            let error = error_of(before.into_iter().chain([link("b", "a"), Packet::default()]));
            assert!(error.to_string().starts_with("failed to write"), "{error}");
        }
    }

    #[test]
    fn export_skips_devices_fifos_and_sockets() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::default();
        let mut receiver = Receiver::new(Tree::open(folder.path()).unwrap(), &memory);
        for (name, mode) in [("a", DEVICE), ("b", DEVICE | CHARACTER_DEVICE), ("c", FIFO), ("d", SOCKET)] {
            receiver.add(entry(name, mode | 0o644, 0)).unwrap();
        }
        receiver.add(Packet::default()).unwrap();
        assert!(receiver.is_complete());
        receiver.finish().unwrap();
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn export_names_must_be_possible_on_this_system() {
        for name in ["a:b", r"a\b", "NUL", "com1.txt", "a."] {
            let folder = tempfile::tempdir().unwrap();
            let memory = Memory::default();
            let mut receiver = Receiver::new(Tree::open(folder.path()).unwrap(), &memory);
            let added = receiver.add(entry(name, 0o644, 0));
            assert_eq!(added.is_ok(), platform::HAS_UNIX_FILES, "{name}");
            assert!(added.err().is_none_or(|error| error.is_local_io()), "{name}");
        }
    }

    #[test]
    fn export_with_endless_entries_is_an_error() {
        let name = "x".repeat(250);
        let directories = (1..=15).map(|depth| vec![&*name; depth].join("/"));
        let directory = vec![&*name; 15].join("/");
        let endless = (0..1_000_000).map(|number| entry(&format!("{directory}/{number:07}"), 0o644, 1));
        let error = error_of(directories.map(|path| entry(&path, DIRECTORY | 0o755, 0)).chain(endless));
        assert!(error.is_decode() && error.to_string().contains("the entries of the export"), "{error}");
    }
}
