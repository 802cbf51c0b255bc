//! `cargo xtask api`: the public items of both crates, a line each, so that a review sees what a change does to users.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use public_api::{Builder, PublicApi};

use crate::{regen::Mode, root, shell};

/// The crates, and where their listings are.
const CRATES: [(&str, &str); 2] = [("dockerclient", "api.txt"), ("dockerclient-testkit", "testkit/api.txt")];

/// What rustdoc writes as JSON is not stable yet. This lets a stable one write it, and leaves all else as it is built.
const RUSTDOC: &str = "#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc \"$@\"\n";

/// Writes the listings, or fails if they are not what they would be.
pub(crate) fn run(mode: Mode) -> Result<()> {
    let rustdoc = rustdoc()?;
    for (name, file) in CRATES {
        let json = document(&rustdoc, name)?;
        let api = match (understand(&json), &mode) {
            (Ok(api), _) => listing(&api),
            (Err(error), Mode::Write) => return Err(error),
            (Err(error), Mode::Check) => {
                println!("\n{file} WAS NOT CHECKED: {error:#}");
                continue;
            }
        };
        let file = root().join(file);
        match mode {
            Mode::Write => fs::write(&file, api)?,
            Mode::Check => {
                let committed = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
                let changes = changes(&committed, &api);
                let file = file.display();
                ensure!(changes.is_empty(), "stale: {file}; run `cargo xtask api` and commit the result\n{changes}");
            }
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

/// Lets rustdoc describe a crate, and returns where.
fn document(rustdoc: &Path, name: &str) -> Result<PathBuf> {
    let mut command = shell::command("cargo");
    command.current_dir(root()).env("RUSTDOC", rustdoc);
    command.args(["rustdoc", "--quiet", "--lib", "--all-features", "--package", name]);
    command.args(["--", "-Z", "unstable-options", "--output-format", "json"]);
    shell::run(&mut command)?;
    Ok(root().join("target/doc").join(name.replace('-', "_")).with_extension("json"))
}

/// Fails if this toolchain's rustdoc is older or newer than what reads it here.
fn understand(json: &Path) -> Result<PublicApi> {
    let builder = Builder::from_rustdoc_json(json).omit_blanket_impls(true).omit_auto_trait_impls(true);
    builder.build().context("another version of public-api may know this toolchain")
}

fn listing(api: &PublicApi) -> String {
    shorten(api.items().map(ToString::to_string))
}

/// Leaves out what says nothing: the guide, which has no items, and the methods of traits, which stand behind the line that
/// says that the trait is there.
fn shorten(items: impl Iterator<Item = String>) -> String {
    let (mut text, mut implementing) = (String::new(), None);
    for item in items {
        if item.starts_with("pub mod dockerclient::guide") || item.contains("StructuralPartialEq") {
            continue;
        }
        if item.starts_with("impl") {
            let subject =
                item.split_once(" for ").map(|(_, subject)| subject.split(['<', ' ']).next().unwrap_or(subject));
            implementing = subject.map(|subject| format!("fn {subject}::"));
        }
        let is_method = implementing.as_deref().is_some_and(|method| item.contains(method));
        if !is_method {
            text += &item;
            text.push('\n');
        }
    }
    text
}

/// What went, and what came.
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
    fn what_went_and_what_came_is_told() {
        assert_eq!(changes("a\nb\n", "b\nc\n"), "- a\n+ c\n");
        assert_eq!(changes("a\nb\n", "a\nb\n"), "");
    }

    #[test]
    fn a_trait_is_listed_without_its_methods() {
        let items =
            ["pub struct a::B", "impl a::B", "pub fn a::B::own()", "impl Clone for a::B", "pub fn a::B::clone(&self)"];
        let shown = shorten(items.map(str::to_owned).into_iter());
        assert_eq!(shown, "pub struct a::B\nimpl a::B\npub fn a::B::own()\nimpl Clone for a::B\n");
        let free = ["impl Clone for a::B", "pub fn a::b()"].map(str::to_owned);
        assert!(shorten(free.into_iter()).ends_with("pub fn a::b()\n"));
    }
}
