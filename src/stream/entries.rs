//! Archives from the engine, entry by entry.

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
    pipe::{self, Guard, PIECE, PIECES, Source},
};
use crate::{Error, Result};

impl Download {
    /// The entries of the archive, one by one.
    #[must_use]
    pub fn entries(self) -> Entries {
        Entries { operation: self.operation, waiting: Some(self), running: None }
    }
}

/// The entries of an archive that the engine sends, as they come. Made by [`Download::entries`].
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
/// use tokio::io::AsyncReadExt as _;
///
/// let mut entries = docker.container("web").copy_out("/etc/hostname").await?.entries();
/// while let Some(entry) = entries.next().await? {
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
/// Dropping this closes the connection; nothing keeps running behind it. Waiting
/// for the next entry, or the next piece of one, is cancel safe.
pub struct Entries {
    operation: &'static str,
    /// The archive, until the first entry is asked for.
    waiting: Option<Download>,
    running: Option<Running>,
}

/// A thread that reads an archive.
struct Running {
    parts: mpsc::Receiver<Part>,
    thread: JoinHandle<Result<()>>,
    _guard: Guard,
}

/// What the thread comes upon.
enum Part {
    Head(Head),
    Content(Bytes),
    End,
}

/// What is known of an entry before its content.
struct Head {
    path: PathBuf,
    kind: EntryKind,
    size: u64,
    mode: u32,
    link: Option<PathBuf>,
}

impl Entries {
    /// The next entry, if there is one; what was not read of the one before is skipped.
    ///
    /// # Errors
    ///
    /// Fails if the archive breaks off, or is none.
    pub async fn next(&mut self) -> Result<Option<Entry<'_>>> {
        loop {
            match poll_fn(|cx| self.poll_part(cx)).await? {
                Some(Part::Head(head)) => return Ok(Some(Entry { head, rest: Some(self) })),
                Some(Part::Content(_) | Part::End) => {}
                None => return Ok(None),
            }
        }
    }

    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Part>>> {
        if let Some(download) = self.waiting.take() {
            let (sender, parts) = mpsc::channel(PIECES);
            let (thread, guard) = pipe::read(download, move |source| tell(source, &sender));
            self.running = Some(Running { parts, thread, _guard: guard });
        }
        let Some(running) = &mut self.running else { return Poll::Ready(Ok(None)) };
        if let Some(part) = ready!(running.parts.poll_recv(cx)) {
            return Poll::Ready(Ok(Some(part)));
        }
        let outcome = pipe::outcome(ready!(Pin::new(&mut running.thread).poll(cx)));
        self.running = None;
        Poll::Ready(outcome.map(|()| None).map_err(|error| error.during(self.operation)))
    }
}

/// Tells of all there is in the archive, for as long as somebody listens.
fn tell(source: Source, parts: &mpsc::Sender<Part>) -> Result<()> {
    let tell = |part| parts.blocking_send(part).map_err(|_| Error::request("nobody listens"));
    archive::read(source, |entries| {
        while let Some(mut entry) = entries.next()? {
            tell(Part::Head(Head::of(&entry)))?;
            let mut left = entry.size();
            while left > 0 {
                let mut piece = BytesMut::zeroed(PIECE.min(usize::try_from(left).unwrap_or(PIECE)));
                let length =
                    entry.read(&mut piece).map_err(|error| entries.what_happened(error, archive::no_archive))?;
                if length == 0 {
                    return Err(archive::breaks_off());
                }
                left -= length as u64;
                piece.truncate(length);
                tell(Part::Content(piece.freeze()))?;
            }
            tell(Part::End)?;
        }
        Ok(())
    })
}

impl Head {
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

/// What an entry of an archive is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EntryKind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// Another name of a file that came before.
    HardLink,
    /// A pipe, a device, or something else.
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

/// An entry of an archive, and its content in pieces, as they come. Made by [`Entries::next`].
#[must_use = "streams do nothing unless polled"]
pub struct Entry<'a> {
    head: Head,
    /// Where the rest of the content comes from, unless there is none.
    rest: Option<&'a mut Entries>,
}

impl Entry<'_> {
    /// Its path, as the archive says: it may be absolute, and hold `..`.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.head.path
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> EntryKind {
        self.head.kind
    }

    /// How long its content is, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.head.size
    }

    /// Who may do what, as in `0o644`.
    #[must_use]
    pub fn mode(&self) -> u32 {
        self.head.mode
    }

    /// What a link leads to.
    #[must_use]
    pub fn link(&self) -> Option<&Path> {
        self.head.link.as_deref()
    }

    /// The content, for whoever reads.
    #[must_use]
    pub fn into_reader(self) -> Reader<Self> {
        Reader::new(self)
    }
}

impl Stream for Entry<'_> {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(entries) = &mut self.rest else { return Poll::Ready(None) };
        let part = ready!(entries.poll_part(cx));
        if let Ok(Some(Part::Content(piece))) = part {
            return Poll::Ready(Some(Ok(piece)));
        }
        self.rest = None;
        Poll::Ready(part.err().map(Err))
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
