//! Parses `scenarios.txt` and `swarm_scenarios.txt`.
//!
//! A line that begins with `#` is the title of a scenario, optionally followed by `(since 1.17)` or
//! `(since 1.15 until 1.23)`. Every other line is a step with these parts:
//!
//! - `- `, if the response is not compared,
//! - `UNTIL`, a number and a text (with `%20` for spaces), if the step is repeated until the response contains the text so
//!   often,
//! - the kind of exchange, unless it is a plain one,
//! - method, target and optionally a body,
//! - ` < ` and the input, for an upgraded connection,
//! - ` = `, a variable name, and the field of the response that is stored in it, for example `Version.Index`, or `*` for the
//!   whole body. Of a body that is a JSON string, that is the string.

use dockerclient::ApiVersion;

#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) title: String,
    since: ApiVersion,
    until: Option<ApiVersion>,
    pub(crate) steps: Vec<Step>,
}

impl Scenario {
    pub(crate) fn is_for(&self, version: ApiVersion) -> bool {
        self.since <= version && self.until.is_none_or(|until| version <= until)
    }
}

#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) line: String,
    pub(crate) kind: Kind,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) body: Option<String>,
    pub(crate) input: Option<String>,
    pub(crate) keep: Option<(String, String)>,
    pub(crate) compared: bool,
    /// The text that the response must contain, and how often.
    pub(crate) until: Option<(usize, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    /// A hijacked connection, requested with an upgrade.
    Upgrade,
    /// A hijacked connection, requested without an upgrade.
    Hijack,
    /// Only the first chunk of the response is read.
    First,
    /// The body is sent with content type `text/plain`.
    Text,
    /// The body is an archive.
    Archive,
}

pub(crate) fn all(text: &str) -> Vec<Scenario> {
    let mut scenarios: Vec<Scenario> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(title) = line.strip_prefix('#') {
            let (title, span) = title.split_once(" (since ").unwrap_or((title, "1.15)"));
            let mut versions = span.trim_end_matches(')').split(" until ").map(|version| version.parse().unwrap());
            let (since, until) = (versions.next().unwrap(), versions.next());
            scenarios.push(Scenario { title: title.trim().to_owned(), since, until, steps: Vec::new() });
        } else {
            scenarios.last_mut().unwrap().steps.push(step(line));
        }
    }
    scenarios
}

fn step(line: &str) -> Step {
    let (rest, compared) = line.strip_prefix("- ").map_or((line, true), |rest| (rest, false));
    let (rest, keep) = match rest.rsplit_once(" = ") {
        Some((rest, keep)) => (rest, keep.split_once(' ').map(|(name, field)| (name.to_owned(), field.to_owned()))),
        None => (rest, None),
    };
    let (rest, input) = match rest.rsplit_once(" < ") {
        Some((rest, input)) => (rest, Some(input.replace("\\n", "\n"))),
        None => (rest, None),
    };
    let (rest, until) = match rest.strip_prefix("UNTIL ") {
        Some(rest) => {
            let mut parts = rest.splitn(3, ' ');
            let count = parts.next().unwrap().parse().unwrap();
            let text = parts.next().unwrap().replace("%20", " ");
            (parts.next().unwrap(), Some((count, text)))
        }
        None => (rest, None),
    };
    let kinds = [
        ("UPGRADE ", Kind::Upgrade),
        ("HIJACK ", Kind::Hijack),
        ("FIRST ", Kind::First),
        ("TEXT ", Kind::Text),
        ("ARCHIVE ", Kind::Archive),
    ];
    let kind = kinds.iter().find_map(|(word, kind)| Some((rest.strip_prefix(word)?, *kind)));
    let (rest, kind) = kind.unwrap_or((rest, Kind::Plain));
    let mut words = rest.splitn(3, ' ');
    let mut word = || words.next().map(str::to_owned);
    Step {
        line: line.to_owned(),
        kind,
        method: word().unwrap(),
        target: word().unwrap(),
        body: word(),
        input,
        keep,
        compared,
        until,
    }
}
