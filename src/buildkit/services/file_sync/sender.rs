//! The thread that lists and reads the files of a transfer.

use std::{
    collections::{HashMap, hash_map},
    fs::File,
    io::Read as _,
    mem,
    path::Path,
};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::sent::{self, Requested, Sent};
use crate::{
    Error, Result,
    buildkit::fsutil::{Packet, Stat, go_mode, kind},
    images::{Content, Patterns, SyncEntry, SyncReader, SyncTree},
    platform,
};

/// Maximum size of a part of a file, and of a batch of packets without its last one, in bytes.
const CHUNK: usize = 64 << 10;

// Types of files.
const TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;
const LINK: u32 = 0o120_000;
const SOCKET: u32 = 0o140_000;
const BLOCK_DEVICE: u32 = 0o060_000;
const CHARACTER_DEVICE: u32 = 0o020_000;

/// Sends the entries that `patterns` select, and the files that are requested, until an error or until files can no longer be
/// requested.
pub(super) fn send(
    tree: &SyncTree,
    patterns: &Patterns,
    mut requests: mpsc::Receiver<u32>,
    batches: mpsc::Sender<Vec<Packet>>,
) -> Result<()> {
    let output = Output { batches, batch: Vec::new(), size: 0 };
    let mut sender = Sender { reader: tree.reader()?, sent: Sent::default(), hard_links: HashMap::new(), output };
    sender.list(tree, patterns, &mut requests)?;
    loop {
        let requested = match requests.try_recv() {
            Ok(requested) => requested,
            Err(_) => {
                sender.output.flush()?;
                let Some(requested) = requests.blocking_recv() else { return Ok(()) };
                requested
            }
        };
        sender.file(requested)?;
    }
}

struct Sender<'a> {
    reader: SyncReader<'a>,
    sent: Sent,
    /// The first paths of files that have several.
    hard_links: HashMap<(u64, u64), Bytes>,
    output: Output,
}

impl Sender<'_> {
    /// Sends all entries. Meanwhile, sends files that are requested.
    fn list(&mut self, tree: &SyncTree, patterns: &Patterns, requests: &mut mpsc::Receiver<u32>) -> Result<()> {
        let filter = tree.filter(patterns, || self.output.check())?;
        let mut walk = tree.walk(&filter)?;
        while let Some(entry) = walk.next(|| self.output.check())? {
            self.entry(entry)?;
            while let Ok(requested) = requests.try_recv() {
                self.file(requested)?;
            }
        }
        self.output.push(Packet { kind: kind::STAT, ..Packet::default() })
    }

    /// Sends the attributes of an entry.
    fn entry(&mut self, entry: SyncEntry) -> Result<()> {
        let file_type = entry.mode & TYPE;
        let content = match file_type {
            REGULAR => sent::Content::File,
            SOCKET => sent::Content::Empty,
            _ => sent::Content::None,
        };
        self.sent.add(&entry.path, entry.size, content)?;
        let path = Bytes::copy_from_slice(&platform::path_bytes(&entry.path));
        let mut link = entry.target.map(Bytes::from).unwrap_or_default();
        if let Some(inode) = entry.inode.filter(|_| !matches!(file_type, DIRECTORY | LINK)) {
            match self.hard_links.entry(inode) {
                hash_map::Entry::Occupied(first) => link = first.get().clone(),
                hash_map::Entry::Vacant(first) => _ = first.insert(path.clone()),
            }
        }
        let (major, minor) = if matches!(file_type, BLOCK_DEVICE | CHARACTER_DEVICE) { entry.device } else { (0, 0) };
        let stat = Stat {
            path,
            mode: go_mode(entry.mode),
            uid: 0,
            gid: 0,
            size: i64::try_from(entry.size).unwrap_or(i64::MAX),
            modified: entry.modified,
            link,
            device_major: major.into(),
            device_minor: minor.into(),
        };
        self.output.push(Packet { kind: kind::STAT, stat: Some(stat), ..Packet::default() })
    }

    /// Sends a file that is requested.
    fn file(&mut self, id: u32) -> Result<()> {
        let Requested { path, size, content } = self.sent.request(id)?;
        if content == sent::Content::File {
            match self.reader.open(&path)? {
                Content::Memory(mut content) => {
                    while !content.is_empty() {
                        let part = content.split_to(content.len().min(CHUNK));
                        self.output.data(id, part)?;
                    }
                }
                Content::File(file, path) => self.copy(id, file, &path, size)?,
            }
        }
        self.output.data(id, Bytes::new())
    }

    /// Sends the content of a file. Fails if it does not have the size that was sent.
    fn copy(&mut self, id: u32, mut file: File, path: &Path, size: u64) -> Result<()> {
        let failed = |error| Error::read_failed(path, error);
        let changed =
            |how: &str| Error::local_io(format!("failed to read {}: file {how} while it was sent", path.display()));
        let mut left = size;
        while left > 0 {
            let length = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
            let mut part = Vec::with_capacity(length);
            file.by_ref().take(length as u64).read_to_end(&mut part).map_err(failed)?;
            if part.len() < length {
                return Err(changed("shrank"));
            }
            left -= length as u64;
            self.output.data(id, part.into())?;
        }
        match file.read(&mut [0]).map_err(failed)? {
            0 => Ok(()),
            _ => Err(changed("grew")),
        }
    }
}

/// Collects packets, and sends them in batches.
struct Output {
    batches: mpsc::Sender<Vec<Packet>>,
    batch: Vec<Packet>,
    /// Memory of the batch, in bytes.
    size: usize,
}

impl Output {
    fn data(&mut self, id: u32, data: Bytes) -> Result<()> {
        self.push(Packet { kind: kind::DATA, stat: None, id, data })
    }

    fn push(&mut self, packet: Packet) -> Result<()> {
        let paths = packet.stat.as_ref().map_or(0, |stat| stat.path.len() + stat.link.len());
        self.size += size_of::<Packet>() + packet.data.len() + paths;
        self.batch.push(packet);
        if self.size >= CHUNK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        self.size = 0;
        let batch = mem::take(&mut self.batch);
        if batch.is_empty() { Ok(()) } else { self.batches.blocking_send(batch).map_err(|_| stopped()) }
    }

    /// Fails if the response was dropped, for work that can take long without sending anything.
    fn check(&self) -> Result<()> {
        if self.batches.is_closed() { Err(stopped()) } else { Ok(()) }
    }
}

/// Returns the error for a response that was dropped. It is not reported.
fn stopped() -> Error {
    Error::internal("the transfer was cancelled")
}
