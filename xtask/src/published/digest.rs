//! `spec/published.txt`: the names in Docker's published documents, with their API versions.
//!
//! One line per operation, and one per place in it that has names. Versions follow after `@`: those of a place if they
//! differ from those of its operation, and those of a name if they differ from those of its place.

use std::{collections::BTreeMap, fmt::Write as _};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{
    facts::{self, Form},
    versions::Versions,
};

/// The names in documents of several versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Digest {
    pub(super) operations: BTreeMap<String, Operation>,
}

/// The names of one operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) versions: Versions,
    /// The versions of names, by place.
    pub(super) places: BTreeMap<String, BTreeMap<String, Versions>>,
    /// Names of the schemas at these places; not written to the file.
    pub(super) schemas: BTreeMap<String, String>,
}

impl Digest {
    /// Adds the document of one version.
    pub(super) fn add(&mut self, minor: u16, document: &Value, form: Form) {
        for (name, facts) in facts::operations(document, form) {
            let operation = self.operations.entry(name).or_default();
            operation.versions.insert(minor);
            operation.schemas.extend(facts.schemas);
            for (place, names) in facts.names {
                let known = operation.places.entry(place).or_default();
                names.into_iter().for_each(|name| known.entry(name).or_default().insert(minor));
            }
        }
    }

    pub(super) fn to_text(&self) -> Result<String> {
        let mut text = String::from(HEAD);
        for (name, operation) in &self.operations {
            writeln!(text, "{name} @{}", operation.versions)?;
            for (place, names) in &operation.places {
                let all = union(names);
                write!(text, "    {}:", annotated(place, all, operation.versions))?;
                for (name, versions) in names {
                    write!(text, " {}", annotated(name, *versions, all))?;
                }
                text.push('\n');
            }
        }
        Ok(text)
    }

    pub(super) fn from_text(text: &str) -> Result<Self> {
        let mut digest = Self::default();
        let mut current = None;
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some(names) = line.strip_prefix("    ") else {
                let (name, versions) = line.split_once(" @").with_context(|| line.to_owned())?;
                let operation = digest.operations.entry(name.to_owned()).or_default();
                operation.versions = versions.parse()?;
                current = Some(operation);
                continue;
            };
            let operation = current.as_mut().with_context(|| format!("no operation before {line:?}"))?;
            let (place, names) = names.split_once(": ").with_context(|| line.to_owned())?;
            let (place, all) = split_versions(place, operation.versions)?;
            let names = names.split(' ').map(|name| split_versions(name, all)).collect::<Result<_>>()?;
            operation.places.insert(place, names);
        }
        Ok(digest)
    }
}

/// The versions that have any of `names`.
pub(super) fn union(names: &BTreeMap<String, Versions>) -> Versions {
    names.values().fold(Versions::default(), |all, versions| all.union(*versions))
}

/// The name, followed by its versions if they are not the `usual` ones.
fn annotated(name: &str, versions: Versions, usual: Versions) -> String {
    if versions == usual { name.to_owned() } else { format!("{name}@{versions}") }
}

fn split_versions(name: &str, usual: Versions) -> Result<(String, Versions)> {
    match name.split_once('@') {
        Some((name, versions)) => Ok((name.to_owned(), versions.parse()?)),
        None => Ok((name.to_owned(), usual)),
    }
}

const HEAD: &str = "\
# Names in Docker's published API documents, by operation, with the versions of names that not all versions have.
# Written by `cargo xtask published <directory>`; see CONTRIBUTING.md.
";
