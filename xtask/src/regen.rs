//! `cargo xtask regen`: composes `spec/docker.json` from the base document and its overlays.
//!
//! A pure function from the files `spec/v*.yaml` to `spec/docker.json` and
//! `spec/operations.txt`: no network, no clock, no hash order. Everything is
//! read and checked before the first byte is written.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::root;

mod check;
mod compose;
mod operations;
mod overlay;
mod versions;

pub(crate) use versions::{Document, load};

/// What to do with the composed files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Write them.
    Write,
    /// Fail if the committed ones differ.
    Check,
}

/// Composes the document and writes it, or compares it with what is committed.
pub(crate) fn run(mode: Mode) -> Result<()> {
    let spec = root().join("spec");
    let documents = load(&spec)?;
    let superset = compose::superset(&documents)?;
    let committed = [
        (spec.join("docker.json"), pretty(&superset)),
        (spec.join("operations.txt"), operations::table(&superset)?),
        // A package holds only what lies under it.
        (root().join("testkit/document.json"), pretty(&superset)),
    ];

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

/// Writes the complete document of each version to `target/spec`, for tests to hold answers against.
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
