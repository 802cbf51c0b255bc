//! `cargo xtask regen`: composes `spec/docker.json` from the base document and its overlays.
//!
//! The output (`spec/docker.json`, `spec/operations.txt`) depends only on the files `spec/v*.yaml`: no network, no clock, no
//! hash order. Everything is read and checked before anything is written.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::root;

mod check;
mod compose;
mod operations;
mod overlay;
mod types;
mod versions;

pub(crate) use versions::{Document, load};

/// Whether to write or to check generated files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Write the files.
    Write,
    /// Fail if the committed files are not current.
    Check,
}

/// Composes the document, and writes it or compares it with the committed one.
pub(crate) fn run(mode: Mode) -> Result<()> {
    let spec = root().join("spec");
    let documents = load(&spec)?;
    let superset = compose::superset(&documents)?;
    types::complete(&superset)?;
    let committed =
        [(spec.join("docker.json"), pretty(&superset)), (spec.join("operations.txt"), operations::table(&superset)?)];

    for (path, text) in &committed {
        match mode {
            Mode::Write => write(path, text)?,
            Mode::Check if fs::read_to_string(path).ok().as_deref() == Some(text) => {}
            Mode::Check => bail!(
                "stale: {}; run `cargo xtask regen` and commit the result",
                path.strip_prefix(root()).unwrap_or(path).display()
            ),
        }
    }
    write_single_versions(&documents)
}

/// Writes the complete document of each version to `target/spec`, for the live suite to validate responses against.
fn write_single_versions(documents: &[Document]) -> Result<()> {
    let folder = root().join("target/spec");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    for document in documents {
        write(&folder.join(format!("v{}.json", document.version)), &pretty(&document.content))?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| path.display().to_string())
}

fn pretty(document: &Value) -> String {
    format!("{document:#}\n")
}

#[cfg(test)]
mod tests;
