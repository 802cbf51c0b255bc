//! What the house looks like: rules that a compiler does not know.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use crate::root;

mod packages;
mod tables;

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

#[test]
fn every_example_says_how_to_run_it() {
    for (path, text) in sources().unwrap() {
        let mut parts = path.iter().map(|part| part.to_string_lossy()).skip_while(|part| part != "examples").skip(1);
        let Some(name) = parts.next() else { continue };
        if parts.next().is_some_and(|file| file != "main.rs") {
            continue;
        }
        let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
        let command = format!("--example {}", name.trim_end_matches(".rs"));
        let told = head.iter().any(|line| line.contains("`cargo run") && line.contains(&command));
        assert!(told, "{}: it says not how to run it", path.display());
    }
}

/// The documents in which a path of this machine or a promise of the past may hide.
#[test]
fn documents_exist_and_are_linked_from_the_readme() {
    check_documents(&root()).unwrap();
}

fn check_documents(root: &Path) -> Result<()> {
    let readme = fs::read_to_string(root.join("README.md"))?;
    for name in ["ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "OPERATIONS.md", "PORTING.md"] {
        ensure!(root.join(name).is_file(), "{name} is missing");
        ensure!(readme.contains(&format!("({name})")), "README.md does not lead to {name}");
    }
    Ok(())
}
