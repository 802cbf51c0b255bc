//! `cargo xtask published`: compares our document with the ones that Docker publishes.
//!
//! Docker's documents are not part of this repository. `spec/published.txt` is a digest of the names in them, so that the
//! comparison works without them. `spec/differences.md` explains each difference; one without an explanation is an error,
//! as is an explanation without a difference.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use self::{compare::Difference, digest::Digest, facts::Form, responses::Witness};
use crate::{regen, root};

mod compare;
mod digest;
mod explained;
mod facts;
mod responses;
mod versions;

const DIGEST: &str = "spec/published.txt";
const EXPLANATIONS: &str = "spec/differences.md";

/// Responses of Docker releases, one directory per release.
const FIXTURES: &str = "tests/fake_engine/compat";

/// Writes the digest of the documents `v1.*.yaml` in `directory`.
pub(crate) fn write(directory: &Path) -> Result<()> {
    let mut digest = Digest::default();
    for entry in fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(version) = name.strip_prefix('v').and_then(|name| name.strip_suffix(".yaml")) else { continue };
        let text = fs::read_to_string(&path)?;
        let document: Value = serde_saphyr::from_str(&text).with_context(|| name.clone())?;
        digest.add(versions::minor(version)?, &document, Form::Swagger);
    }
    ensure!(!digest.operations.is_empty(), "{} contains no v1.*.yaml", directory.display());
    Ok(fs::write(root().join(DIGEST), digest.to_text()?)?)
}

/// Fails if our document differs from the published ones without an explanation, if an explanation is stale, or if a fixture
/// has a field that the published documents lack.
pub(crate) fn check() -> Result<()> {
    let Documents { published, ours, explained } = Documents::read()?;
    let wrong = wrong(&compare::differences(&published, &ours), &explained);
    ensure!(wrong.is_empty(), "{EXPLANATIONS} does not match the documents:\n{}", wrong.join("\n"));
    let witness = Witness { published: &published, ours: &ours, explained: &explained };
    let wrong = witness.check_fixtures(&root().join(FIXTURES))?;
    ensure!(wrong.is_empty(), "Docker's published documents lack these fields:\n{}", wrong.join("\n"));
    Ok(())
}

/// Fails if `file`, a response of `operation` (for example `GET /system/df`) at an API version, has a field that the published
/// document of that version lacks.
pub(crate) fn check_response(version: &str, operation: &str, file: &Path) -> Result<()> {
    let Documents { published, ours, explained } = Documents::read()?;
    let witness = Witness { published: &published, ours: &ours, explained: &explained };
    let body = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let wrong = witness.check(operation, versions::minor(version)?, &body)?;
    ensure!(wrong.is_empty(), "Docker's published document of API {version} lacks these fields:\n{}", wrong.join("\n"));
    Ok(())
}

/// Digests of the documents, and the explained differences between them.
struct Documents {
    published: Digest,
    ours: Digest,
    explained: BTreeSet<Difference>,
}

impl Documents {
    fn read() -> Result<Self> {
        let read = |path: &str| fs::read_to_string(root().join(path)).with_context(|| path.to_owned());
        let published = Digest::from_text(&read(DIGEST)?).context(DIGEST)?;
        let mut ours = Digest::default();
        for document in regen::load(&root().join("spec"))? {
            ours.add(versions::minor(&document.version.to_string())?, &document.content, Form::OpenApi);
        }
        let explained = explained::explained(&read(EXPLANATIONS)?).context(EXPLANATIONS)?;
        Ok(Self { published, ours, explained })
    }
}

/// The rows that are missing in the explanations (`+`), and those without a difference (`-`).
fn wrong(differences: &BTreeSet<Difference>, explained: &BTreeSet<Difference>) -> Vec<String> {
    let row = |sign: char, one: &Difference| format!("{sign} | `{}` | {} | {} |", one.subject, one.published, one.ours);
    let missing = differences.difference(explained).map(|one| row('+', one));
    missing.chain(explained.difference(differences).map(|one| row('-', one))).collect()
}

#[cfg(test)]
mod tests;
