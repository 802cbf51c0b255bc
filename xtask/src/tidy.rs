//! What the house looks like: rules that a compiler does not know.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use crate::root;

/// The most lines of code in a file, not counting comments, blank lines and the tests at its end.
const LONGEST_FILE: usize = 400;

/// Words of the layers below, and where alone they may stand.
const CONFINED: [(&str, &[&str]); 3] = [
    (
        "reqwest::",
        &[
            "src/wire",
            "src/wire.rs",
            "src/connect/http.rs",
            "src/connect/wanted.rs",
            "src/client.rs",
            "src/stream/upload.rs",
        ],
    ),
    ("progenitor_client::", &["src/wire", "src/wire.rs"]),
    ("hyper", &["src/wire", "src/connect"]),
];

fn sources() -> Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = [
        "src",
        "build",
        "tests",
        "examples",
        "benches/src",
        "fuzz/targets",
        "testkit/examples",
        "testkit/src",
        "testkit/tests",
        "xtask/src",
    ]
    .iter()
    .map(|folder| root().join(folder))
    .collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path)?;
                found.push((path.strip_prefix(root())?.to_owned(), text));
            }
        }
    }
    Ok(found)
}

fn code_lines(text: &str) -> usize {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[test]
fn every_file_says_what_it_is_and_is_short() {
    for (path, text) in sources().unwrap() {
        assert!(text.starts_with("//!"), "{}: the first line says what the file is", path.display());
        let lines = code_lines(&text);
        assert!(lines <= LONGEST_FILE, "{}: {lines} lines of code", path.display());
    }
}

#[test]
fn the_layers_below_are_named_only_where_they_belong() {
    for (path, text) in sources().unwrap().iter().filter(|(path, _)| path.starts_with("src")) {
        for (word, rooms) in CONFINED {
            let at_home = rooms.iter().any(|room| path.starts_with(room));
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            assert!(at_home || !code.into_iter().any(|line| line.contains(word)), "{}: {word}", path.display());
        }
    }
}

/// Every operation has a row in the README, and its method is called from `src` unless the row says so.
#[test]
fn every_operation_is_called_or_said_not_to_be() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let sources = sources().unwrap();
    let table = fs::read_to_string(root().join("spec/operations.txt")).unwrap();
    for line in table.lines().skip(1) {
        let id = line.split(' ').next().unwrap();
        let row = readme.lines().find(|row| row.contains(&format!("`{id}`")));
        let row = row.unwrap_or_else(|| panic!("README.md has no row for {id}"));
        let call = format!(".{id}(");
        let called = sources.iter().any(|(path, text)| path.starts_with("src") && text.contains(&call));
        assert_eq!(called, !row.contains("not called"), "{id}: {row}");
    }
}

/// The documents in which a path of this machine or a promise of the past may hide.
#[test]
fn documents_exist_and_are_linked_from_the_readme() {
    check_documents(&root()).unwrap();
}

fn check_documents(root: &Path) -> Result<()> {
    let readme = fs::read_to_string(root.join("README.md"))?;
    for name in ["ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"] {
        ensure!(root.join(name).is_file(), "{name} is missing");
        ensure!(readme.contains(&format!("({name})")), "README.md does not lead to {name}");
    }
    Ok(())
}
