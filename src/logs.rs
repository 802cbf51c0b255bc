//! Reading logs of containers, tasks and services: the parameters that their requests share, and the output.

use http::HeaderMap;

use crate::{
    ApiVersion, OutputStream, Result, Timestamp,
    generated::{Api, Body, Client, Outcome},
    stream::Prefix,
};

/// Since this version, engines read fractions of a second in `since` and `until`.
const FRACTIONS: ApiVersion = ApiVersion::new(1, 22);

/// Makes `call`, and returns the response headers and the output. `tty` is whether the output is raw.
pub(crate) async fn read_logs(
    api: &Api<'_>,
    operation: &'static str,
    id: &str,
    query: &LogQuery,
    tty: bool,
    call: impl AsyncFnOnce(&Client) -> Outcome<Body>,
) -> Result<(HeaderMap, OutputStream)> {
    let (head, body) = api.stream(call).await?;
    let output = OutputStream::new(body, tty, api.max_item_size(), operation).of(id);
    Ok((head, output.with_prefix(query.prefix())))
}

/// The part of the logs to read, and its form.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogQuery {
    pub(crate) follow: Option<bool>,
    pub(crate) stdout: Option<bool>,
    pub(crate) stderr: Option<bool>,
    pub(crate) timestamps: Option<bool>,
    pub(crate) details: Option<bool>,
    pub(crate) since: Option<Timestamp>,
    /// Only for containers.
    pub(crate) until: Option<Timestamp>,
    pub(crate) tail: Tail,
}

/// The query parameters of a request for logs.
pub(crate) struct LogParameters {
    pub(crate) follow: Option<bool>,
    pub(crate) stdout: Option<bool>,
    pub(crate) stderr: Option<bool>,
    pub(crate) timestamps: Option<bool>,
    pub(crate) details: Option<bool>,
    pub(crate) since: Option<String>,
    pub(crate) until: Option<String>,
    pub(crate) tail: String,
}

impl LogQuery {
    /// The query parameters for engines of `version`.
    pub(crate) fn parameters(&self, version: ApiVersion) -> LogParameters {
        let (stdout, stderr) = self.sources();
        let seconds = |time: Option<Timestamp>| time.map(|time| to_seconds(time, version));
        LogParameters {
            follow: self.follow,
            stdout,
            stderr,
            timestamps: self.timestamps,
            details: self.details,
            since: seconds(self.since),
            until: seconds(self.until),
            tail: self.tail.to_query(),
        }
    }

    /// The prefix of each chunk that the engine sends.
    fn prefix(&self) -> Prefix {
        Prefix { timestamps: self.timestamps.unwrap_or_default(), details: self.details.unwrap_or_default() }
    }

    /// The parameters `stdout` and `stderr`. Engines reject requests without either.
    fn sources(&self) -> (Option<bool>, Option<bool>) {
        (Some(self.stdout.unwrap_or(true)), Some(self.stderr.unwrap_or(true)))
    }
}

/// Seconds since 1970, with their fraction if engines of `version` read it.
fn to_seconds(time: Timestamp, version: ApiVersion) -> String {
    let time = time.unix_nanoseconds();
    let (seconds, rest) = (time.div_euclid(1_000_000_000), time.rem_euclid(1_000_000_000));
    if version < FRACTIONS { seconds.to_string() } else { format!("{seconds}.{rest:09}") }
}

/// The number of lines to read from the end of logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tail {
    /// All lines.
    #[default]
    All,
    /// This number of lines; 0 for only those that are written from now on.
    Lines(u64),
}

impl Tail {
    fn to_query(self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Lines(lines) => lines.to_string(),
        }
    }
}

impl From<i32> for Tail {
    /// A negative number is all lines, as for the Docker CLI.
    fn from(lines: i32) -> Self {
        u64::try_from(lines).map_or(Self::All, Self::Lines)
    }
}

impl From<u32> for Tail {
    fn from(lines: u32) -> Self {
        Self::Lines(lines.into())
    }
}

impl From<usize> for Tail {
    fn from(lines: usize) -> Self {
        Self::Lines(u64::try_from(lines).unwrap_or(u64::MAX))
    }
}

impl From<u64> for Tail {
    fn from(lines: u64) -> Self {
        Self::Lines(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_times_have_fractions_where_engines_read_them() {
        let time = "2026-11-23T21:42:53.000000001Z".parse().unwrap();
        assert_eq!(to_seconds(time, ApiVersion::new(1, 21)), "1795470173");
        assert_eq!(to_seconds(time, ApiVersion::new(1, 22)), "1795470173.000000001");
    }

    #[test]
    fn logs_select_both_outputs_unless_set() {
        assert_eq!(LogQuery::default().sources(), (Some(true), Some(true)));
        assert_eq!(LogQuery { stdout: Some(false), ..LogQuery::default() }.sources(), (Some(false), Some(true)));
    }

    #[test]
    fn log_parameters_are_those_that_are_set() {
        let query = LogQuery { follow: Some(true), tail: Tail::Lines(3), ..LogQuery::default() };
        let parameters = query.parameters(ApiVersion::new(1, 29));
        assert_eq!((parameters.follow, parameters.timestamps, parameters.details), (Some(true), None, None));
        assert_eq!((parameters.since, parameters.until, &*parameters.tail), (None, None, "3"));
    }
}
