//! Entries of downloaded archives.

use std::{
    borrow::Cow,
    fmt,
    future::{Future as _, poll_fn},
    io::Read as _,
    path::{Path, PathBuf},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{
    Download, Reader, archive,
    pipe::{self, CHUNK_SIZE, Guard, MAX_CHUNKS, Source},
};
use crate::{Error, Result, error::Operation};

impl Download {
    /// Returns the entries of the archive, in order. Requires the feature `tar`.
    ///
    /// An archive is as untrustworthy as the container that it comes from. The size of an entry is not bounded by the size of
    /// the archive: for a sparse file, the archive contains only the non-zero parts, but the zeros are read too, so that a
    /// kilobyte can become terabytes. Check [`Entry::size`] before you collect an entry in memory.
    #[must_use]
    pub fn entries(self) -> Entries {
        Entries { operation: self.operation.clone(), download: Some(self), reading: None }
    }
}

/// The entries of a downloaded archive. Returned by [`Download::entries`]. Requires the feature `tar`.
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
/// use tokio::io::AsyncReadExt as _;
///
/// let mut entries = docker.container("web").copy_out("/etc/hostname").await?.entries();
/// while let Some(entry) = entries.try_next().await? {
///     println!("{}, {} bytes", entry.path().display(), entry.size());
///     let mut text = String::new();
///     entry.into_reader().read_to_string(&mut text).await?;
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Cancellation
///
/// Dropping this closes its connection, and the thread that reads the archive stops. Waiting for the next entry, or for the
/// next chunk of an entry, is cancel safe.
pub struct Entries {
    operation: Operation,
    /// The archive, until the first entry is requested.
    download: Option<Download>,
    reading: Option<Reading>,
}

/// A thread that reads the archive, and the receiver of its events.
struct Reading {
    events: mpsc::Receiver<Event>,
    thread: JoinHandle<Result<()>>,
    _guard: Guard,
}

/// An event in the archive, in order.
enum Event {
    Header(EntryHeader),
    Content(Bytes),
    End,
}

/// The header of an entry.
struct EntryHeader {
    path: PathBuf,
    kind: EntryKind,
    size: u64,
    mode: u32,
    link: Option<PathBuf>,
}

impl Entries {
    /// Returns the next entry, or `None` at the end of the archive. The unread content of the previous entry is skipped.
    ///
    /// # Errors
    ///
    /// Fails if the archive is truncated or not a valid tar archive.
    pub async fn try_next(&mut self) -> Result<Option<Entry<'_>>> {
        loop {
            match poll_fn(|cx| self.poll_event(cx)).await? {
                Some(Event::Header(header)) => return Ok(Some(Entry { header, rest: Some(self) })),
                Some(Event::Content(_) | Event::End) => {}
                None => return Ok(None),
            }
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>>> {
        if let Some(download) = self.download.take() {
            let (sender, events) = mpsc::channel(MAX_CHUNKS);
            let (thread, guard) = pipe::read(download, move |source| send_events(source, &sender));
            self.reading = Some(Reading { events, thread, _guard: guard });
        }
        let Some(reading) = &mut self.reading else { return Poll::Ready(Ok(None)) };
        if let Some(event) = ready!(reading.events.poll_recv(cx)) {
            return Poll::Ready(Ok(Some(event)));
        }
        let outcome = pipe::outcome(ready!(Pin::new(&mut reading.thread).poll(cx)));
        self.reading = None;
        Poll::Ready(outcome.map(|()| None).map_err(|error| error.during(self.operation.clone())))
    }
}

/// Reads the archive and sends its events. Returns an error once the receiver is dropped.
fn send_events(source: Source, events: &mpsc::Sender<Event>) -> Result<()> {
    let send = |event| events.blocking_send(event).map_err(|_| Error::internal("the receiver was dropped"));
    archive::read(source, |entries| {
        while let Some(mut entry) = entries.next()? {
            send(Event::Header(EntryHeader::of(&entry)))?;
            let mut left = entry.size();
            while left > 0 {
                let mut chunk = BytesMut::zeroed(CHUNK_SIZE.min(usize::try_from(left).unwrap_or(CHUNK_SIZE)));
                let length =
                    entry.read(&mut chunk).map_err(|error| entries.read_error(error, archive::invalid_archive))?;
                if length == 0 {
                    return Err(archive::truncated());
                }
                left -= length as u64;
                chunk.truncate(length);
                send(Event::Content(chunk.freeze()))?;
            }
            send(Event::End)?;
        }
        Ok(())
    })
}

impl EntryHeader {
    fn of(entry: &archive::Entry<'_>) -> Self {
        let header = entry.header();
        Self {
            path: entry.path().unwrap_or_default().into_owned(),
            kind: EntryKind::of(header.entry_type()),
            size: entry.size(),
            mode: header.mode().unwrap_or_default(),
            link: entry.link_name().ok().flatten().map(Cow::into_owned),
        }
    }
}

/// Type of an archive entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A hard link: another name of an earlier file.
    HardLink,
    /// A FIFO, a device, or another type.
    Other,
}

impl EntryKind {
    fn of(kind: tar::EntryType) -> Self {
        match kind {
            _ if kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse() => Self::File,
            _ if kind.is_dir() => Self::Directory,
            _ if kind.is_symlink() => Self::Symlink,
            _ if kind.is_hard_link() => Self::HardLink,
            _ => Self::Other,
        }
    }
}

/// An archive entry, which is also a stream of the chunks of its content. Returned by [`Entries::try_next`].
#[must_use = "streams do nothing unless polled"]
pub struct Entry<'a> {
    header: EntryHeader,
    /// The source of the rest of the content; `None` at its end.
    rest: Option<&'a mut Entries>,
}

impl Entry<'_> {
    /// Returns the path, unchecked: it may be absolute, and may contain `..`.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.header.path
    }

    /// Returns the type of the entry.
    #[must_use]
    pub fn kind(&self) -> EntryKind {
        self.header.kind
    }

    /// Returns the length of the content, in bytes. For a sparse file, it includes the zeros that are not in the archive.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.header.size
    }

    /// Returns the mode bits, for example `0o644`.
    #[must_use]
    pub fn mode(&self) -> u32 {
        self.header.mode
    }

    /// Returns the target of a symbolic or hard link.
    #[must_use]
    pub fn link(&self) -> Option<&Path> {
        self.header.link.as_deref()
    }

    /// Returns a reader of the content.
    #[must_use]
    pub fn into_reader(self) -> Reader<Self> {
        Reader::new(self)
    }
}

impl Stream for Entry<'_> {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(entries) = &mut self.rest else { return Poll::Ready(None) };
        let event = ready!(entries.poll_event(cx));
        if let Ok(Some(Event::Content(chunk))) = event {
            return Poll::Ready(Some(Ok(chunk)));
        }
        self.rest = None;
        Poll::Ready(event.err().map(Err))
    }
}

impl fmt::Debug for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entries").field("operation", &self.operation).finish()
    }
}

impl fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("path", &self.path()).field("kind", &self.kind()).finish()
    }
}
