//! Details of BuildKit's errors: the exit code, and the lines of the Dockerfile.

use std::{fmt::Write as _, ops::RangeInclusive};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bollard_buildkit_proto::google;
use prost::Message as _;
use serde::Deserialize;

use crate::error::cut;

// Types of details. Their values are JSON.
const SOURCE: &str = "github.com/moby/buildkit/errdefs.Source+json";
const VERTEX: &str = "github.com/moby/buildkit/errdefs.Vertex+json";
const EXIT: &str = "github.com/moby/buildkit/gatewayapi.ExitMessage+json";

/// Maximum number of excerpts of source files in an error.
const MAX_SOURCES: usize = 2;

/// Maximum number of lines of an excerpt.
const MAX_LINES: usize = 16;

/// Maximum number of bytes of a line, or of the name of a file.
const MAX_LINE: usize = 256;

/// Details of the error of a build. Engines before 23.0 send none.
#[derive(Default)]
pub(super) struct Details {
    /// The exit code of the process that failed.
    pub(super) code: Option<i64>,
    /// The digest of the step that failed.
    pub(super) vertex: Option<String>,
    pub(super) sources: Vec<Source>,
}

/// A part of a source file that an error refers to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) file: String,
    pub(super) text: String,
    /// Numbers of lines, from 1.
    pub(super) ranges: Vec<RangeInclusive<usize>>,
}

#[derive(Deserialize)]
struct VertexDetail {
    digest: String,
}

#[derive(Deserialize)]
struct ExitDetail {
    #[serde(rename = "Code", alias = "code")]
    code: u32,
}

#[derive(Deserialize)]
struct SourceDetail {
    info: SourceInfo,
    ranges: Vec<Range>,
}

#[derive(Deserialize)]
struct SourceInfo {
    #[serde(default)]
    filename: String,
    /// In base64.
    data: String,
}

#[derive(Deserialize)]
struct Range {
    start: Position,
    #[serde(default)]
    end: Position,
}

#[derive(Default, Deserialize)]
struct Position {
    #[serde(default)]
    line: usize,
}

impl Details {
    /// Decodes the details of a status. Those of other types, and those that are not valid, are ignored.
    pub(super) fn decode(status: &[u8]) -> Self {
        let mut details = Self::default();
        let Ok(status) = google::rpc::Status::decode(status) else { return details };
        for detail in status.details {
            match &*detail.type_url {
                VERTEX => {
                    let vertex = serde_json::from_slice::<VertexDetail>(&detail.value);
                    details.vertex = vertex.ok().map(|vertex| vertex.digest).or(details.vertex);
                }
                EXIT => {
                    let exit = serde_json::from_slice::<ExitDetail>(&detail.value);
                    details.code = exit.ok().map(|exit| exit.code.into()).or(details.code);
                }
                SOURCE => {
                    let source = serde_json::from_slice(&detail.value).ok().and_then(Source::new);
                    // A frontend that runs another one reports the same lines again.
                    if let Some(source) = source.filter(|source| !details.sources.contains(source))
                        && details.sources.len() < MAX_SOURCES
                    {
                        details.sources.push(source);
                    }
                }
                _ => {}
            }
        }
        details
    }
}

impl Source {
    fn new(detail: SourceDetail) -> Option<Self> {
        let SourceDetail { info, ranges } = detail;
        let text = STANDARD.decode(info.data).ok()?;
        let ranges = ranges.into_iter().map(|range| range.start.line..=range.end.line.max(range.start.line));
        Some(Self { file: info.filename, text: String::from_utf8_lossy(&text).into_owned(), ranges: ranges.collect() })
    }

    /// Returns the lines and those around them, as `docker buildx build` prints them; `None` if there are no such lines.
    pub(super) fn excerpt(&self) -> Option<String> {
        let lines: Vec<&str> = self.text.split('\n').collect();
        let first = self.ranges.iter().map(|range| *range.start()).min()?;
        let last = self.ranges.iter().map(|range| *range.end()).max()?.min(lines.len());
        if first == 0 || first > last {
            return None;
        }
        let (start, end) = with_context(first, last, lines.len());
        let mut text = format!("{}:{first}", printable(&self.file));
        for number in (start..=end).take(MAX_LINES) {
            let mark = if self.ranges.iter().any(|range| range.contains(&number)) { ">>>" } else { "   " };
            let line = lines.get(number - 1).copied().unwrap_or_default();
            // Writing to a string cannot fail.
            _ = write!(text, "\n {number:3} | {mark} {}", printable(line));
            text.truncate(text.trim_end().len());
        }
        Some(text)
    }
}

/// Extends a range of lines by those around it.
fn with_context(first: usize, last: usize, lines: usize) -> (usize, usize) {
    let (mut start, mut end) = (first, last);
    let required = if first == last { 4 } else { 2 };
    let mut added = 0;
    while added < required {
        if start > 1 {
            start -= 1;
            added += 1;
        }
        if end < lines {
            end += 1;
            added += 1;
        }
        added += 1;
    }
    (start, end)
}

/// Returns the beginning of a line, without control characters.
pub(super) fn printable(line: &str) -> String {
    // Copies not much more than what is kept.
    let end = line.char_indices().map(|(at, _)| at).find(|&at| at > MAX_LINE).unwrap_or(line.len());
    let line = line.get(..end).unwrap_or_default().trim_end();
    let kept = line.chars().filter(|symbol| *symbol == '\t' || !symbol.is_control());
    let mut text: String = kept.map(|symbol| if symbol == '\t' { ' ' } else { symbol }).collect();
    cut(&mut text, MAX_LINE);
    text
}

#[cfg(test)]
pub(super) mod tests {
    use google::protobuf::Any;
    use insta::assert_snapshot;
    use serde_json::{Value, json};

    use super::*;

    const DOCKERFILE: &str = "FROM busybox\nRUN a\nRUN b\nRUN c \\\n  d\nRUN e\nRUN f\n";

    /// The details of a status, in the form in which BuildKit sends them.
    pub(in crate::images::build) fn status(details: impl IntoIterator<Item = (&'static str, Value)>) -> Vec<u8> {
        let details = details.into_iter().map(|(kind, value)| Any {
            type_url: format!("github.com/moby/buildkit/{kind}+json"),
            value: value.to_string().into_bytes(),
        });
        google::rpc::Status { code: 2, message: "failed".into(), details: details.collect() }.encode_to_vec()
    }

    pub(in crate::images::build) fn source(text: &str, first: usize, last: usize) -> (&'static str, Value) {
        let range = json!({ "start": { "line": first, "character": 0 }, "end": { "line": last } });
        let definition = json!({ "def": ["AA=="] });
        let info = json!({ "filename": "Dockerfile", "data": STANDARD.encode(text), "definition": definition });
        ("errdefs.Source", json!({ "info": info, "ranges": [range] }))
    }

    fn excerpt(first: usize, last: usize) -> Option<String> {
        let details = Details::decode(&status([source(DOCKERFILE, first, last)]));
        details.sources[0].excerpt()
    }

    #[test]
    fn error_details_are_decoded() {
        let vertex = ("errdefs.Vertex", json!({ "digest": "sha256:00" }));
        let exit = ("gatewayapi.ExitMessage", json!({ "Code": 3 }));
        let other = ("stack.Stack", json!({ "frames": [] }));
        let source = || source(DOCKERFILE, 2, 2);
        let details = Details::decode(&status([other, source(), vertex, exit, source()]));
        assert_eq!((details.code, details.vertex.as_deref(), details.sources.len()), (Some(3), Some("sha256:00"), 1));
    }

    #[test]
    fn error_details_that_are_not_valid_are_ignored() {
        for (kind, value) in [
            ("errdefs.Source", json!({ "info": null, "ranges": null })),
            ("errdefs.Source", json!({ "info": { "data": "%" }, "ranges": [] })),
            ("errdefs.Source", json!({ "info": { "data": "" }, "ranges": [{ "start": { "line": -1 } }] })),
            ("errdefs.Vertex", json!(7)),
            ("gatewayapi.ExitMessage", json!({ "Code": -1 })),
        ] {
            let details = Details::decode(&status([(kind, value)]));
            assert!(details.code.is_none() && details.vertex.is_none() && details.sources.is_empty(), "{kind}");
        }
        assert!(Details::decode(b"\xff\xff").sources.is_empty());
    }

    #[test]
    fn source_excerpt_has_lines_around_it() {
        assert_snapshot!(excerpt(3, 3).unwrap(), @r"
        Dockerfile:3
           1 |     FROM busybox
           2 |     RUN a
           3 | >>> RUN b
           4 |     RUN c \
           5 |       d
        ");
        assert_snapshot!(excerpt(4, 5).unwrap(), @r"
        Dockerfile:4
           3 |     RUN b
           4 | >>> RUN c \
           5 | >>>   d
           6 |     RUN e
        ");
        assert_snapshot!(excerpt(1, 1).unwrap(), @r"
        Dockerfile:1
           1 | >>> FROM busybox
           2 |     RUN a
           3 |     RUN b
        ");
    }

    #[test]
    fn source_excerpt_of_lines_that_do_not_exist_is_absent() {
        assert_eq!([excerpt(0, 0), excerpt(9, 9), excerpt(usize::MAX, usize::MAX)], [None, None, None]);
        assert!(excerpt(7, usize::MAX).unwrap().contains(">>> RUN f"));
    }

    #[test]
    fn source_excerpt_is_bounded_and_printable() {
        let text = format!("{}\u{1b}[2J\r\n", "ä".repeat(1 << 10)).repeat(1000);
        let details = Details::decode(&status([source(&text, 1, 1000), source("RUN\ta \u{1b}[2J\u{7}\r\n", 1, 1)]));
        let excerpt = details.sources[0].excerpt().unwrap();
        assert_eq!(excerpt.lines().count(), 1 + MAX_LINES);
        assert!(excerpt.lines().all(|line| line.len() < MAX_LINE + 20), "{excerpt}");
        assert!(details.sources[1].excerpt().unwrap().ends_with(">>> RUN a [2J\n   2 |"));
    }
}
