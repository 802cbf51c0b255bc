//! What containers write.

use crate::{ApiVersion, Timestamp};

/// Options of [`Container::logs`](super::Container::logs). By default, all that was written to both streams so far.
#[doc(alias = "LogOptions")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct LogsOptions {
    pub(crate) follow: Option<bool>,
    pub(super) timestamps: Option<bool>,
    pub(crate) tail: Tail,
    only: Option<Only>,
    pub(crate) since: Option<Timestamp>,
    until: Option<Timestamp>,
    pub(super) details: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Only {
    Stdout,
    Stderr,
}

impl LogsOptions {
    /// Go on with what comes, until the container ends.
    pub fn follow(mut self) -> Self {
        self.follow = Some(true);
        self
    }

    /// Begin each line with the time it was written, in RFC 3339, and a space.
    pub fn timestamps(mut self) -> Self {
        self.timestamps = Some(true);
        self
    }

    /// How many of the last lines. Defaults to all.
    pub fn tail(mut self, tail: impl Into<Tail>) -> Self {
        self.tail = tail.into();
        self
    }

    /// Only what was written since; below API 1.22, since the second of it. Needs API 1.19.
    pub fn since(mut self, since: Timestamp) -> Self {
        self.since = Some(since);
        self
    }

    /// Only what was written until then. Monitors, which go on, take no notice of it. Needs API 1.35.
    pub fn until(mut self, until: Timestamp) -> Self {
        self.until = Some(until);
        self
    }

    /// Without [`until`](Self::until).
    pub(crate) fn without_end(mut self) -> Self {
        self.until = None;
        self
    }

    /// Begin each line, behind its time, with what the options of the container's log driver add to it: labels and
    /// variables as `key=value`, with commas between them, and a space. Needs API 1.23.
    pub fn details(mut self) -> Self {
        self.details = Some(true);
        self
    }

    /// Only what was written to the standard output.
    pub fn only_stdout(mut self) -> Self {
        self.only = Some(Only::Stdout);
        self
    }

    /// Only what was written to the standard error.
    pub fn only_stderr(mut self) -> Self {
        self.only = Some(Only::Stderr);
        self
    }

    pub(super) fn to_since(&self, version: ApiVersion) -> Option<String> {
        self.since.map(|since| to_seconds(since, version))
    }

    pub(super) fn to_until(&self, version: ApiVersion) -> Option<String> {
        self.until.map(|until| to_seconds(until, version))
    }

    /// Whether stdout, and whether stderr. Engines refuse neither.
    pub(super) fn sources(&self) -> (Option<bool>, Option<bool>) {
        (Some(self.only != Some(Only::Stderr)), Some(self.only != Some(Only::Stdout)))
    }
}

/// Seconds since 1970; engines since 1.10, which speak 1.22, know parts of them.
fn to_seconds(moment: Timestamp, version: ApiVersion) -> String {
    let moment = moment.unix_nanoseconds();
    let (seconds, rest) = (moment.div_euclid(1_000_000_000), moment.rem_euclid(1_000_000_000));
    if version < ApiVersion::new(1, 22) { seconds.to_string() } else { format!("{seconds}.{rest:09}") }
}

/// How many of the last lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tail {
    /// All of them.
    #[default]
    All,
    /// So many; 0 for only what comes from now on.
    Lines(u64),
}

impl Tail {
    pub(super) fn to_query(self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Lines(lines) => lines.to_string(),
        }
    }
}

impl From<u64> for Tail {
    fn from(lines: u64) -> Self {
        Self::Lines(lines)
    }
}
