//! `cargo xtask api`: lists the public items of both crates, one per line, for reviews of changes to the public API.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use public_api::{Builder, PublicApi};

use crate::{regen::Mode, root, shell};

/// The crates, and the files of their listings.
const CRATES: [(&str, &str); 2] =
    [("dockerclient", "api/dockerclient.txt"), ("dockerclient-testkit", "api/testkit.txt")];

/// The module of the generated types, and the file of its listing.
const MODELS: (&str, &str) = ("dockerclient::models", "api/models.txt");

/// A wrapper of rustdoc that enables its unstable JSON output with a stable toolchain. Only this program is affected, not
/// the compiler.
const RUSTDOC: &str = "#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc \"$@\"\n";

/// Writes the listings, or fails if the committed ones are not current.
pub(crate) fn run(mode: Mode) -> Result<()> {
    let rustdoc = rustdoc()?;
    for (name, file) in CRATES {
        let json = rustdoc_json(&rustdoc, name)?;
        let api = match (parse(&json), &mode) {
            (Ok(api), _) => listing(api.items().map(ToString::to_string)),
            (Err(error), Mode::Write) => return Err(error),
            (Err(error), Mode::Check) => {
                println!("\n{file} WAS NOT CHECKED: {error:#}");
                continue;
            }
        };
        let (models, rest): (Vec<_>, Vec<_>) = api.into_iter().partition(|line| is_model(line));
        write_or_check(&mode, file, &rest)?;
        if !models.is_empty() {
            write_or_check(&mode, MODELS.1, &models)?;
        }
    }
    Ok(())
}

/// Whether the item that the line lists is in the module of the models: paths after the first are of parameters and results.
fn is_model(line: &str) -> bool {
    line.find("dockerclient::").is_some_and(|start| line[start..].starts_with(MODELS.0))
}

fn write_or_check(mode: &Mode, file: &str, lines: &[String]) -> Result<()> {
    let (path, listing) = (root().join(file), lines.join("\n") + "\n");
    match mode {
        Mode::Write => fs::write(&path, listing)?,
        Mode::Check => {
            let committed = fs::read_to_string(&path).with_context(|| file.to_owned())?;
            let changes = changes(&committed, &listing);
            ensure!(changes.is_empty(), "stale: {file}; run `cargo xtask api` and commit the result\n{changes}");
        }
    }
    Ok(())
}

fn rustdoc() -> Result<PathBuf> {
    let path = root().join("target/rustdoc");
    fs::write(&path, RUSTDOC)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

/// Runs rustdoc for a crate, and returns the path of its JSON output.
fn rustdoc_json(rustdoc: &Path, name: &str) -> Result<PathBuf> {
    let mut command = shell::command("cargo");
    command.current_dir(root()).env("RUSTDOC", rustdoc);
    command.args(["rustdoc", "--quiet", "--lib", "--all-features", "--package", name]);
    command.args(["--", "-Z", "unstable-options", "--output-format", "json"]);
    shell::run(&mut command)?;
    Ok(root().join("target/doc").join(name.replace('-', "_")).with_extension("json"))
}

/// Fails if the format of this toolchain's rustdoc is not the one that public-api supports.
fn parse(json: &Path) -> Result<PublicApi> {
    let builder = Builder::from_rustdoc_json(json).omit_blanket_impls(true).omit_auto_trait_impls(true);
    builder.build().context("another version of public-api may support this toolchain")
}

/// Lists the items. The traits that a type implements are on one line, without their methods and associated types, and the
/// guide is omitted, as it has no items.
fn listing(items: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut subject: Option<String> = None;
    for item in items {
        if item.starts_with("pub mod dockerclient::guide") || item.contains("StructuralPartialEq") {
            continue;
        }
        if let Some((implemented, name)) = implementation(&item) {
            match lines.last_mut().filter(|_| subject.as_deref() == Some(name)) {
                Some(line) => *line = format!("{line} + {implemented}"),
                None => lines.push(format!("impl {name}: {implemented}")),
            }
            subject = Some(name.to_owned());
        } else if !subject.as_deref().is_some_and(|name| is_inside(&item, name)) {
            subject = None;
            lines.push(item);
        }
    }
    lines
}

/// The trait and the type of an `impl` line, without the crate paths of the trait.
fn implementation(item: &str) -> Option<(String, &str)> {
    let (implemented, name) = item.strip_prefix("impl")?.split_once(" for ")?;
    let words = implemented.trim().split(' ').map(|word| match word.split_once('<') {
        Some((path, parameters)) => format!("{}<{parameters}", path.rsplit("::").next().unwrap_or(path)),
        None => word.rsplit("::").next().unwrap_or(word).to_owned(),
    });
    Some((words.collect::<Vec<_>>().join(" "), name))
}

/// Whether an item is a method or an associated type of an implementation for the type.
fn is_inside(item: &str, name: &str) -> bool {
    let name = name.split(['<', ' ']).next().unwrap_or(name);
    item.contains(&format!("fn {name}::")) || item.contains(&format!("type {name}::"))
}

/// The removed (`-`) and added (`+`) lines.
fn changes(before: &str, after: &str) -> String {
    let missing = |sign: char, from: &str, other: &str| {
        let lines = from.lines().filter(|line| !other.lines().any(|known| known == *line));
        lines.map(|line| format!("{sign} {line}\n")).collect::<String>()
    };
    missing('-', before, after) + &missing('+', after, before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_lists_removed_and_added_lines() {
        assert_eq!(changes("a\nb\n", "b\nc\n"), "- a\n+ c\n");
        assert_eq!(changes("a\nb\n", "a\nb\n"), "");
    }

    #[test]
    fn trait_implementations_are_listed_on_one_line_without_methods() {
        let items = [
            "pub struct a::B",
            "impl a::B",
            "pub fn a::B::own()",
            "impl core::clone::Clone for a::B",
            "pub fn a::B::clone(&self)",
            "impl core::convert::From<a::C> for a::B",
            "impl core::iter::Iterator for a::D",
            "pub type a::D::Item = u8",
            "pub fn a::e()",
        ];
        let listed = listing(items.map(str::to_owned).into_iter());
        assert_eq!(
            listed,
            [
                "pub struct a::B",
                "impl a::B",
                "pub fn a::B::own()",
                "impl a::B: Clone + From<a::C>",
                "impl a::D: Iterator",
                "pub fn a::e()"
            ]
        );
    }
}
