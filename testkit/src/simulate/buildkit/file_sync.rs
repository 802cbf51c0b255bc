//! Receives files of the client, with the protocol of fsutil.
//!
//! The client sends metadata of all files, in order. BuildKit requests the contents of those that it does not have, and
//! both sides send a packet when they are done.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use bollard_buildkit_proto::fsutil::types::{Packet, Stat, packet::PacketType};
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::mpsc;
use tonic::{
    Status, Streaming,
    metadata::{MetadataMap, MetadataValue},
};

use super::sessions::ClientSession;
use crate::state::files::{File, Files, clean};

const DIFF_COPY: &str = "/moby.filesync.v1.FileSync/DiffCopy";

/// The largest size of all files of a transfer, in bytes.
const MAX_SIZE: u64 = 512 << 20;

// Bits of modes, as Go defines them.
const DIRECTORY: u32 = 1 << 31;
const SYMLINK: u32 = 1 << 27;
const SETUID: u32 = 1 << 23;
const SETGID: u32 = 1 << 22;
const STICKY: u32 = 1 << 20;
/// The bits of all types that are not regular files.
const TYPES: u32 = DIRECTORY | SYMLINK | (1 << 26) | (1 << 25) | (1 << 24) | (1 << 21) | (1 << 19);

/// The part of a directory that is requested.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// Paths and patterns of files, whose symbolic links are followed; all files if it is empty.
    pub(super) paths: Vec<String>,
    /// Patterns of excluded files.
    pub(super) excluded: Vec<String>,
}

/// Files that a client has sent.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) files: Files,
    /// Size of the received metadata and contents, in bytes.
    pub(super) bytes: usize,
}

/// Metadata and contents of the regular files of a directory, by path.
type Known = BTreeMap<String, (Stat, Bytes)>;

/// The files of earlier transfers, by the names of their directories and the keys of their sessions.
#[derive(Debug, Default)]
pub(super) struct ReceivedFiles(Mutex<BTreeMap<(String, String), Known>>);

impl ReceivedFiles {
    /// Receives files of the directory that a client offers with this name. Contents that an earlier session with the
    /// same key has sent are not requested again.
    pub(super) async fn receive(
        &self,
        session: &ClientSession,
        directory: &str,
        selection: &Selection,
    ) -> Result<Received, Status> {
        if !session.serves(DIFF_COPY) {
            return Err(Status::unknown("no local sources enabled"));
        }
        let key = (directory.to_owned(), session.shared_key.clone());
        let all = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all().get(&key).cloned().unwrap_or_default();
        let (requests, receiver) = mpsc::unbounded_channel();
        let sent = stream::unfold(receiver, |mut receiver: mpsc::UnboundedReceiver<Packet>| async move {
            let packet = receiver.recv().await?;
            Some((packet, receiver))
        });
        let packets = session.streaming(DIFF_COPY, metadata(directory, selection)?, sent).await?;
        let mut transfer = Transfer::new(requests, known);
        transfer.run(packets).await?;
        let (received, known) = transfer.finish();
        if !session.shared_key.is_empty() {
            all().insert(key, known);
        }
        Ok(received)
    }
}

fn metadata(directory: &str, selection: &Selection) -> Result<MetadataMap, Status> {
    let directory = [directory.to_owned()];
    let values: [(&'static str, &'static str, &[String]); 3] = [
        ("dir-name", "dir-name-encoded", &directory),
        ("followpaths", "followpaths-encoded", &selection.paths),
        ("exclude-patterns", "exclude-patterns-encoded", &selection.excluded),
    ];
    let mut metadata = MetadataMap::new();
    for (name, is_encoded, values) in values {
        let encodes = !values.iter().all(|value| value.is_ascii());
        if encodes {
            metadata.insert(is_encoded, MetadataValue::from_static("1"));
        }
        for value in values {
            let value = match encodes {
                true => form_urlencoded::byte_serialize(value.as_bytes()).collect(),
                false => value.clone(),
            };
            let value = value.parse().map_err(|_| Status::invalid_argument(format!("invalid {name}: {value:?}")))?;
            metadata.append(name, value);
        }
    }
    Ok(metadata)
}

/// A transfer in progress.
struct Transfer {
    requests: mpsc::UnboundedSender<Packet>,
    known: Known,
    entries: Vec<Stat>,
    directories: BTreeSet<String>,
    /// The received parts of files, by their numbers.
    incomplete: BTreeMap<u32, Vec<u8>>,
    contents: BTreeMap<u32, Bytes>,
    bytes: usize,
    size: u64,
}

impl Transfer {
    fn new(requests: mpsc::UnboundedSender<Packet>, known: Known) -> Self {
        Self {
            requests,
            known,
            entries: Vec::new(),
            directories: BTreeSet::new(),
            incomplete: BTreeMap::new(),
            contents: BTreeMap::new(),
            bytes: 0,
            size: 0,
        }
    }

    async fn run(&mut self, mut packets: Streaming<Packet>) -> Result<(), Status> {
        let (mut has_metadata, mut is_done, mut has_ended) = (false, false, false);
        while let Some(packet) = packets.message().await? {
            match (packet.r#type(), packet.stat) {
                (PacketType::PacketStat, Some(stat)) if !has_metadata => self.add(stat)?,
                (PacketType::PacketStat, None) if !has_metadata => has_metadata = true,
                (PacketType::PacketData, _) => self.add_content(packet.id, &packet.data)?,
                (PacketType::PacketFin, _) if is_done => has_ended = true,
                (PacketType::PacketErr, _) => {
                    let message = String::from_utf8_lossy(&packet.data).into_owned();
                    return Err(Status::unknown(format!("error from sender: {message}")));
                }
                (kind, _) => return Err(invalid(&format!("unexpected packet {}", kind.as_str_name()))),
            }
            if has_metadata && self.incomplete.is_empty() && !is_done {
                is_done = true;
                self.send(PacketType::PacketFin, 0);
            }
        }
        has_ended.then_some(()).ok_or_else(|| invalid("the stream of the client ended before its last packet"))
    }

    fn send(&self, kind: PacketType, id: u32) {
        // Fails only if the client has closed the stream, which ends the transfer.
        let _ = self.requests.send(Packet { r#type: kind.into(), id, ..Packet::default() });
    }

    /// Adds the metadata of a file, and requests its content if it is not known.
    fn add(&mut self, stat: Stat) -> Result<(), Status> {
        self.check_path(&stat.path)?;
        let id = u32::try_from(self.entries.len()).map_err(|_| invalid("too many files"))?;
        self.bytes += stat.path.len();
        if stat.mode & DIRECTORY != 0 {
            self.directories.insert(stat.path.clone());
        } else if stat.mode & TYPES == 0 && stat.linkname.is_empty() {
            match self.known.get(&stat.path) {
                Some((before, content)) if *before == stat => drop(self.contents.insert(id, content.clone())),
                _ => {
                    self.incomplete.insert(id, Vec::new());
                    self.send(PacketType::PacketReq, id);
                }
            }
        }
        self.entries.push(stat);
        Ok(())
    }

    /// Returns an error unless `path` is valid, and follows the previous one and its parent directory.
    fn check_path(&self, path: &str) -> Result<(), Status> {
        if path.is_empty() || clean(path) != format!("/{path}") {
            return Err(invalid(&format!("unclean path {path:?}")));
        }
        let parent = path.rsplit_once('/').map(|(parent, _)| parent);
        let previous = self.entries.last().map(|stat| &*stat.path);
        let is_next = previous.is_none_or(|previous| previous.split('/').lt(path.split('/')));
        if !is_next || parent.is_some_and(|parent| !self.directories.contains(parent)) {
            let previous = previous.unwrap_or_default();
            return Err(Status::unknown(format!("changes out of order: {path:?} {previous:?}")));
        }
        Ok(())
    }

    /// Adds a part of the content of a file; an empty part completes it.
    fn add_content(&mut self, id: u32, part: &[u8]) -> Result<(), Status> {
        let content = self.incomplete.get_mut(&id).ok_or_else(|| invalid(&format!("invalid file request {id}")))?;
        content.extend_from_slice(part);
        self.bytes += part.len();
        self.size += part.len() as u64;
        if self.size > MAX_SIZE {
            return Err(Status::resource_exhausted(format!("the files are larger than {MAX_SIZE} bytes")));
        }
        if part.is_empty() {
            let content = self.incomplete.remove(&id).unwrap_or_default();
            self.contents.insert(id, content.into());
        }
        Ok(())
    }

    /// The received files, and the metadata and contents of the regular ones.
    fn finish(self) -> (Received, Known) {
        let (mut files, mut known) = (Files::default(), Known::new());
        for (id, stat) in (0..).zip(self.entries) {
            let path = format!("/{}", stat.path);
            let mut file = match stat.mode & TYPES {
                DIRECTORY => File::directory(),
                SYMLINK => File::link(&stat.linkname),
                0 if stat.linkname.is_empty() => File::regular(self.contents.get(&id).cloned().unwrap_or_default()),
                0 => files.get(&clean(&stat.linkname)).unwrap_or_else(|| File::regular("")),
                // Devices and sockets have no content.
                _ => continue,
            };
            file.mode = if stat.mode & SYMLINK == 0 { unix_mode(stat.mode) } else { file.mode };
            file.modified = u64::try_from(stat.mod_time / 1_000_000_000).unwrap_or(0);
            files.put(&path, file);
            if let Some(content) = self.contents.get(&id) {
                known.insert(stat.path.clone(), (stat, content.clone()));
            }
        }
        (Received { files, bytes: self.bytes }, known)
    }
}

fn unix_mode(mode: u32) -> u32 {
    let special = [(SETUID, 0o4000), (SETGID, 0o2000), (STICKY, 0o1000)];
    special.iter().filter(|(bit, _)| mode & bit != 0).fold(mode & 0o777, |mode, (_, unix)| mode | unix)
}

fn invalid(message: &str) -> Status {
    Status::unknown(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transfer(known: Known) -> (Transfer, mpsc::UnboundedReceiver<Packet>) {
        let (requests, sent) = mpsc::unbounded_channel();
        (Transfer::new(requests, known), sent)
    }

    fn stat(path: &str, mode: u32) -> Stat {
        Stat { path: path.to_owned(), mode, ..Stat::default() }
    }

    #[test]
    fn file_sync_requests_unknown_contents_only() {
        let (mut first, mut sent) = transfer(Known::new());
        first.add(stat("d", DIRECTORY | 0o700)).unwrap();
        first.add(stat("d/f", SETUID | 0o755)).unwrap();
        first.add(stat("d-e", 0o644)).unwrap();
        for (id, part) in [(2, "y"), (1, "x"), (1, "x"), (2, ""), (1, "")] {
            first.add_content(id, part.as_bytes()).unwrap();
        }
        assert!(first.add_content(1, b"z").is_err(), "the file is complete");
        let (received, known) = first.finish();
        let file = received.files.get("/d/f").unwrap();
        assert_eq!((file.kind, file.mode), (File::regular("xx").kind, 0o4755));
        assert_eq!((sent.try_recv().unwrap().id, sent.try_recv().unwrap().id), (1, 2));

        let (mut second, mut sent) = transfer(known);
        let changed = Stat { size: 3, ..stat("d-e", 0o644) };
        for stat in [stat("d", DIRECTORY | 0o700), stat("d/f", SETUID | 0o755), changed] {
            second.add(stat).unwrap();
        }
        assert_eq!((sent.try_recv().unwrap().id, sent.try_recv().is_err()), (2, true));
    }

    #[test]
    fn file_sync_rejects_invalid_order_and_paths() {
        for paths in [["b", "a"], ["a", "a"], ["a", "b/c"], ["a-b", "a/c"], ["a", "../b"], ["a", "/b"], ["a", "b/"]] {
            let (mut transfer, _sent) = transfer(Known::new());
            transfer.add(stat(paths[0], DIRECTORY)).unwrap();
            assert!(transfer.add(stat(paths[1], 0)).is_err(), "{paths:?}");
        }
    }

    #[test]
    fn file_sync_metadata_is_encoded_if_needed() {
        let selection = Selection { paths: vec!["ä b".to_owned()], excluded: vec!["*.o".to_owned(), "!a".to_owned()] };
        let metadata = metadata("context", &selection).unwrap();
        assert_eq!(metadata.get("followpaths").unwrap(), "%C3%A4+b");
        assert_eq!(metadata.get("followpaths-encoded").unwrap(), "1");
        assert_eq!(metadata.get_all("exclude-patterns").iter().count(), 2);
    }
}
