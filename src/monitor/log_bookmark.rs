//! Positions in logs that a program can store, to resume after its own restart.

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use hmac_sha256::Hash;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{Source, Timestamp};

/// A position in the log of a container: after the last line that a [`LogMonitor`](super::LogMonitor) returned.
///
/// Returned by [`LogMonitor::bookmark`](super::LogMonitor::bookmark). A program that stores it, for example as JSON, passes
/// it to [`LogMonitor::resume`](super::LogMonitor::resume) after its own restart. Contains the id of the container, and the
/// time, the length and the SHA-256 digest of the last line of each source, but not its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogBookmark {
    /// Full id of the container.
    pub(super) container: String,
    /// The time of the last line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last: Option<Timestamp>,
    /// The time from which lines are returned, if not all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) begin: Option<Timestamp>,
    /// The time of the oldest line that had not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) begun: Option<Timestamp>,
    /// The last line of each source.
    pub(super) marks: Vec<SavedMark>,
}

impl LogBookmark {
    /// Returns the full id of the container.
    #[must_use]
    pub fn container(&self) -> &str {
        &self.container
    }

    /// Returns the time of the last line that was returned; `None` if there was none.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        self.last
    }
}

/// The positions in the logs of all containers of a [`CombinedLogMonitor`](super::CombinedLogMonitor).
///
/// Returned by [`CombinedLogMonitor::bookmarks`](super::CombinedLogMonitor::bookmarks), and passed to
/// [`CombinedLogMonitor::resume`](super::CombinedLogMonitor::resume) after a restart of the program. Serialized, it takes
/// about 400 bytes per container.
///
/// # Examples
///
/// ```
/// use dockerclient::monitor::LogBookmarks;
///
/// let json = r#"{"containers": {}}"#;
/// let stored: LogBookmarks = serde_json::from_str(json)?;
/// assert!(stored.containers().next().is_none());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogBookmarks {
    /// By the id of the container. `None` if its log was not read yet, and is to be read as the settings of the monitor
    /// say: it existed when the monitor began.
    pub(super) containers: BTreeMap<String, Option<LogBookmark>>,
}

impl LogBookmarks {
    /// Returns the ids of the containers, each with the time of the last line that was returned, if there was one.
    pub fn containers(&self) -> impl Iterator<Item = (&str, Option<Timestamp>)> {
        self.containers.iter().map(|(id, bookmark)| (&**id, bookmark.as_ref().and_then(LogBookmark::time)))
    }
}

/// The last line of a source that was returned, in a bookmark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedMark {
    pub(super) source: Source,
    pub(super) time: Timestamp,
    pub(super) length: usize,
    pub(super) sha256: Digest,
    pub(super) complete: bool,
    pub(super) ordinal: usize,
    pub(super) latest: Timestamp,
}

/// A SHA-256 digest. Serialized in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Digest([u8; 32]);

impl Digest {
    fn of(bytes: &[u8]) -> Self {
        Self(Hash::hash(bytes))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut digest = [0; 32];
        if text.len() != 2 * digest.len() || !text.is_ascii() {
            return None;
        }
        for (index, byte) in digest.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
        }
        Some(Self(digest))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("expected a SHA-256 digest of 64 hexadecimal digits"))
    }
}

/// The content of a line: its bytes or, from a bookmark, its digest.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Bytes(Bytes),
    Digest { length: usize, sha256: Digest },
}

impl Content {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Digest { length, .. } => *length,
        }
    }

    pub(super) fn sha256(&self) -> Digest {
        match self {
            Self::Bytes(bytes) => Digest::of(bytes),
            Self::Digest { sha256, .. } => *sha256,
        }
    }

    /// Whether this is the content of `line`.
    pub(super) fn is(&self, line: &[u8]) -> bool {
        match self {
            Self::Bytes(bytes) => *bytes == line,
            Self::Digest { length, sha256 } => *length == line.len() && *sha256 == Digest::of(line),
        }
    }

    /// Whether `line` begins with this content.
    pub(super) fn is_prefix_of(&self, line: &[u8]) -> bool {
        line.get(..self.len()).is_some_and(|beginning| self.is(beginning))
    }

    /// Whether `line` ends with this content.
    pub(super) fn is_suffix_of(&self, line: &[u8]) -> bool {
        line.len().checked_sub(self.len()).is_some_and(|start| self.is(&line[start..]))
    }

    /// Whether this content ends with `end`. Returns `true` if only the digest of a longer content is known.
    pub(super) fn may_end_with(&self, end: &[u8]) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.ends_with(end),
            Self::Digest { length, .. } => *length > end.len() || self.is(end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_compared_by_its_digest() {
        let bytes = Content::Bytes(Bytes::from_static(b"abc"));
        let digest = Content::Digest { length: bytes.len(), sha256: bytes.sha256() };
        for content in [bytes, digest] {
            assert!(content.is(b"abc") && !content.is(b"abx") && !content.is(b"abcd"), "{content:?}");
            assert!(content.is_prefix_of(b"abcd") && !content.is_prefix_of(b"ab") && !content.is_prefix_of(b"xabc"));
            assert!(content.is_suffix_of(b"xabc") && !content.is_suffix_of(b"bc") && !content.is_suffix_of(b"abcd"));
            assert!(content.may_end_with(b"abc") && content.may_end_with(b"bc") && !content.may_end_with(b"xabc"));
        }
    }

    #[test]
    fn bookmark_json_has_no_text_of_the_log() {
        let content = Content::Bytes(Bytes::from_static(b"password"));
        let time = Timestamp::from_unix_nanoseconds(1_795_470_173_000_000_001);
        let mark = SavedMark {
            source: Source::Stdout,
            time,
            length: content.len(),
            sha256: content.sha256(),
            complete: true,
            ordinal: 1,
            latest: time,
        };
        let bookmark =
            LogBookmark { container: "f43c".into(), last: Some(time), begin: None, begun: None, marks: vec![mark] };
        let bookmarks =
            LogBookmarks { containers: [("f43c".into(), Some(bookmark)), ("e5".into(), None)].into_iter().collect() };
        let json = serde_json::to_string(&bookmarks).unwrap();
        insta::assert_snapshot!(json, @r#"{"containers":{"e5":null,"f43c":{"container":"f43c","last":"2026-11-23T21:42:53.000000001Z","marks":[{"source":"stdout","time":"2026-11-23T21:42:53.000000001Z","length":8,"sha256":"5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8","complete":true,"ordinal":1,"latest":"2026-11-23T21:42:53.000000001Z"}]}}}"#);
        assert_eq!(serde_json::from_str::<LogBookmarks>(&json).unwrap(), bookmarks);
        let known: Vec<_> = bookmarks.containers().collect();
        assert_eq!(known, [("e5", None), ("f43c", Some(time))]);
    }

    #[test]
    fn invalid_digest_of_a_bookmark_is_an_error() {
        for text in ["", "abc", &"g".repeat(64), &"é".repeat(32)] {
            let error = serde_json::from_value::<Digest>(text.into()).unwrap_err();
            assert!(error.to_string().starts_with("expected a SHA-256 digest"), "{error}");
        }
    }
}
