//! The document of each version: the base, with overlays applied in order.

use std::{fmt, fs, path::Path, str::FromStr};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::{
    check,
    overlay::{self, Replacement},
};

/// A version of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    major: u16,
    minor: u16,
}

impl Version {
    /// The last version before this one.
    pub(super) fn previous(self) -> Self {
        Self { minor: self.minor.saturating_sub(1), ..self }
    }

    /// The first version after this one.
    pub(super) fn next(self) -> Self {
        Self { minor: self.minor + 1, ..self }
    }
}

impl FromStr for Version {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (major, minor) = text.split_once('.').context("a version is two numbers separated by a dot")?;
        Ok(Self { major: major.parse()?, minor: minor.parse()? })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The complete document of one version.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) version: Version,
    pub(crate) content: Value,
    /// Replacements for the parts that this version removed.
    pub(super) replacements: Vec<Replacement>,
}

/// Reads `spec/v*.yaml` and applies the overlays in order.
pub(crate) fn load(spec: &Path) -> Result<Vec<Document>> {
    apply_all(&sources(spec)?)
}

/// The files `spec/v*.yaml`, oldest first.
pub(super) fn sources(spec: &Path) -> Result<Vec<Source>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(spec).with_context(|| spec.display().to_string())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if let Some(version) = name.strip_prefix('v').and_then(|rest| rest.strip_suffix(".yaml")) {
            files.push((version.parse::<Version>().with_context(|| name.clone())?, name));
        }
    }
    files.sort();
    files
        .into_iter()
        .map(|(version, name)| {
            let text = fs::read_to_string(spec.join(&name)).with_context(|| name.clone())?;
            let content = serde_saphyr::from_str(&text).with_context(|| name.clone())?;
            Ok(Source { version, name, content })
        })
        .collect()
}

/// One file of `spec/`.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) version: Version,
    pub(super) name: String,
    pub(super) content: Value,
}

/// The documents of all versions, made from the base and its overlays, oldest first. A version without a file equals the
/// previous one; the next overlay extends the last version with a file.
pub(super) fn apply_all(sources: &[Source]) -> Result<Vec<Document>> {
    let mut documents: Vec<Document> = Vec::new();
    let mut previous: Option<&Source> = None;
    for source in sources {
        check::no_version_annotations(&source.content).with_context(|| source.name.clone())?;
        let content = match (previous, documents.last()) {
            (Some(previous), Some(document)) => {
                let extends = source.content["extends"].as_str().unwrap_or_default();
                if extends != previous.name {
                    bail!("{}: extends {extends:?}, but the previous version is {}", source.name, previous.name);
                }
                let unchanged = unchanged(document, source.version);
                let content = overlay::apply(&document.content, &source.content, check::document)
                    .with_context(|| source.name.clone())?;
                documents.extend(unchanged);
                content
            }
            _ => source.content.clone(),
        };
        let version = content["info"]["version"].as_str().unwrap_or_default();
        ensure!(version == source.version.to_string(), "{}: `info.version` is {version:?}", source.name);
        check::document(&content).with_context(|| source.name.clone())?;
        let replacements = overlay::replacements(&source.content);
        documents.push(Document { version: source.version, content, replacements });
        previous = Some(source);
    }
    ensure!(!documents.is_empty(), "no v*.yaml found");
    Ok(documents)
}

/// The documents of the versions between `document` and `next`, which are equal to it.
fn unchanged(document: &Document, next: Version) -> Vec<Document> {
    let versions = std::iter::successors(Some(document.version.next()), |version| Some(version.next()));
    let documents = versions.take_while(|version| *version < next).map(|version| {
        let mut content = document.content.clone();
        content["info"]["version"] = Value::from(version.to_string());
        Document { version, content, replacements: Vec::new() }
    });
    documents.collect()
}
