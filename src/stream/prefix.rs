//! The prefixes of log lines: a timestamp, and details of the log driver.

use bytes::{Buf, Bytes, BytesMut};

use super::LogDetails;
use crate::Timestamp;

/// Maximum length of a timestamp, in bytes.
const MAX_TIMESTAMP_LENGTH: usize = 64;

/// Engines since Docker 1.13 split longer lines into parts of this size, in bytes, and put a prefix before each part.
pub(crate) const LOG_PART_SIZE: usize = 16 << 10;

/// Length of a Docker timestamp (`2026-11-30T02:20:39.803214930Z`) and the space after it, in bytes.
const TIMESTAMP_LENGTH: usize = 31;

/// The parts that the prefix of each log chunk has.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Prefix {
    pub(crate) timestamps: bool,
    pub(crate) details: bool,
}

impl Prefix {
    /// Removes the prefix of a frame.
    pub(super) fn take(self, frame: &mut Bytes) -> (Option<Timestamp>, LogDetails) {
        let time = if self.timestamps { time(frame) } else { None };
        (time, self.take_details(frame, time.is_some()))
    }

    fn take_details(self, text: &mut Bytes, has_time: bool) -> LogDetails {
        // Text without the requested timestamp has no details, either.
        let details = if self.details && has_time == self.timestamps { LogDetails::take(text) } else { None };
        details.unwrap_or_default()
    }

    /// Removes the prefix of a line that begins within a frame whose prefix has these details.
    pub(super) fn take_again(self, line: &mut Bytes, details: &LogDetails) -> Option<Timestamp> {
        let time = if self.timestamps { time(line) } else { None };
        if self.details {
            details.take_again(line);
        }
        time
    }

    /// Removes the prefixes of all parts of a line of a TTY. Returns the first.
    pub(super) fn take_all(self, mut line: Bytes) -> (Option<Timestamp>, LogDetails, Bytes) {
        let whole = line.clone();
        let time = if self.timestamps { time(&mut line) } else { None };
        let stamp = &whole[..whole.len() - line.len()];
        let details = self.take_details(&mut line, time.is_some());
        let Some(time) = time else { return (None, details, line) };
        let (mut joined, mut rest) = (BytesMut::new(), line.clone());
        while let Some(at) = next_part(stamp, &rest) {
            joined.extend_from_slice(&rest.split_to(at));
            rest.advance(TIMESTAMP_LENGTH);
            if self.details {
                drop(LogDetails::take(&mut rest));
            }
        }
        if joined.is_empty() {
            return (Some(time), details, line);
        }
        joined.extend_from_slice(&rest);
        (Some(time), details, joined.freeze())
    }
}

/// Returns the position of the next part of a line whose first part has the timestamp `stamp`.
fn next_part(stamp: &[u8], line: &[u8]) -> Option<usize> {
    let rest = line.get(LOG_PART_SIZE..).filter(|_| is_stamp(stamp))?;
    if rest.get(..TIMESTAMP_LENGTH).is_some_and(is_stamp) {
        return Some(LOG_PART_SIZE);
    }
    // Invalid UTF-8 is stored as U+FFFD, which makes a part longer. Since 18.06, all parts have the same timestamp.
    rest.windows(TIMESTAMP_LENGTH).position(|text| text == stamp).map(|at| LOG_PART_SIZE + at)
}

fn is_stamp(text: &[u8]) -> bool {
    text.len() == TIMESTAMP_LENGTH && text.ends_with(b"Z ") && time(&mut &*text).is_some()
}

/// Removes a timestamp and the space after it, if `bytes` begin with one. Engines before 1.6 write the timestamps of
/// followed logs in brackets.
pub(super) fn time(bytes: &mut impl Buf) -> Option<Timestamp> {
    let begin = bytes.chunk();
    let end = begin.iter().take(MAX_TIMESTAMP_LENGTH).position(|&byte| byte == b' ')?;
    let text = std::str::from_utf8(&begin[..end]).ok()?;
    let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let time = text.parse().ok()?;
    bytes.advance(end + 1);
    Some(time)
}
