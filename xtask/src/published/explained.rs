//! Parses `spec/differences.md`: tables of differences between our document and the published ones, with reasons.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};

use super::compare::Difference;

/// The differences that are explained in the tables of `text`.
pub(super) fn explained(text: &str) -> Result<BTreeSet<Difference>> {
    let mut found = BTreeSet::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        for difference in row(line).with_context(|| line.to_owned())? {
            ensure!(found.insert(difference), "explained twice: {line}");
        }
    }
    Ok(found)
}

/// Parses a row: subjects in backquotes, the versions of the published documents and of ours, and the reason.
fn row(line: &str) -> Result<Vec<Difference>> {
    let cells: Vec<&str> = line.trim().trim_matches('|').split(" | ").map(str::trim).collect();
    let [subjects, published, ours, reason] = cells[..] else { anyhow::bail!("not four cells") };
    ensure!(!reason.is_empty(), "no reason");
    let (published, ours) = (published.parse()?, ours.parse()?);
    let subjects = subjects.split('`').skip(1).step_by(2);
    Ok(subjects.map(|subject| Difference { subject: subject.to_owned(), published, ours }).collect())
}
