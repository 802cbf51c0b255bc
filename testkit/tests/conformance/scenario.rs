//! Scenarios, as `scenarios.txt` tells them.
//!
//! A line that begins with `#` begins a scenario, perhaps with `(since 1.17)` or
//! `(since 1.15 until 1.23)` at its end. Every other line is a step:
//! what kind of exchange it is, if not a plain one; method and target; a body; what is typed in, behind `<`; and behind
//! `=`, a name under which a field of the answer is kept, or with `*` all of it. `-` before it means that the answer does
//! not count.

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
    pub(crate) counts: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    /// A two-way stream, asked for with an upgrade.
    Upgrade,
    /// A two-way stream, asked for without one.
    Hijack,
    /// Only the first document of the answer counts.
    First,
    /// The body is sent as text.
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
    let (rest, counts) = line.strip_prefix("- ").map_or((line, true), |rest| (rest, false));
    let (rest, keep) = match rest.rsplit_once(" = ") {
        Some((rest, keep)) => (rest, keep.split_once(' ').map(|(name, field)| (name.to_owned(), field.to_owned()))),
        None => (rest, None),
    };
    let (rest, input) = match rest.rsplit_once(" < ") {
        Some((rest, input)) => (rest, Some(input.replace("\\n", "\n"))),
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
        counts,
    }
}
