//! Checks project rules that the compiler cannot check.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use crate::root;

mod bollard;
mod literals;
mod messages;
mod packages;
mod prose;
mod tables;

/// Maximum number of lines of code in a file, without comments, blank lines and the tests at its end.
const MAX_CODE_LINES: usize = 400;

/// Maximum length of the name of a test.
const MAX_TEST_NAME: usize = 60;

/// Files with code for one operating system.
const PLATFORM: &[&str] = &[
    "src/platform",
    "src/platform.rs",
    "src/transport/local.rs",
    "src/transport/resolve/tests",
    "src/transport/resolve/tests.rs",
];

/// Paths of crates that only the lower layers use, conditions and modules for one operating system, and the files that may name
/// them.
const CONFINED: [(&str, &[&str]); 13] = [
    (
        "reqwest::",
        &[
            "src/generated",
            "src/generated.rs",
            "src/transport/http_client.rs",
            "src/transport/http1.rs",
            "src/client.rs",
            "src/stream/upload.rs",
        ],
    ),
    ("progenitor_client::", &["src/generated", "src/generated.rs"]),
    (
        "hyper",
        &[
            "src/generated",
            "src/transport",
            "src/buildkit/services/test_engine.rs",
            "src/buildkit/services/file_send/tests.rs",
        ],
    ),
    ("tonic::", &["src/buildkit", "src/images/build"]),
    ("bollard_buildkit_proto::", &["src/buildkit", "src/images/build", "src/images/progress/trace.rs"]),
    ("cfg(unix", PLATFORM),
    ("cfg(windows", PLATFORM),
    ("cfg!(windows", PLATFORM),
    ("cfg(target_os", PLATFORM),
    ("os::unix", PLATFORM),
    ("os::windows", PLATFORM),
    ("rustix::", PLATFORM),
    ("libc::", PLATFORM),
];

fn sources() -> Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = [
        "src",
        "codegen",
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

/// The sources of the library that its users run, without tests, the guide and fuzzing.
fn library_sources() -> Result<Vec<(PathBuf, String)>> {
    let is_test = |path: &Path| path.ends_with("tests.rs") || path.components().any(|part| part.as_os_str() == "tests");
    let is_other = |path: &Path| path.starts_with("src/guide") || path == Path::new("src/fuzzing.rs");
    let mut sources = sources()?;
    sources.retain(|(path, _)| path.starts_with("src") && !is_test(path) && !is_other(path));
    sources.sort();
    for (_, text) in &mut sources {
        text.truncate(without_tests(text).len());
    }
    Ok(sources)
}

/// A source file without its last part, the tests.
fn without_tests(text: &str) -> &str {
    let is_tests = |(start, attribute): &(usize, &str)| {
        let module = text[start + attribute.len()..].lines().next().unwrap_or_default();
        module.ends_with("mod tests {")
    };
    let tests = text.match_indices("#[cfg(test)]\n").find(is_tests);
    tests.map_or(text, |(start, _)| &text[..start])
}

fn code_lines(text: &str) -> usize {
    without_tests(text).lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[test]
fn source_files_have_module_docs_and_a_limited_size() {
    for (path, text) in sources().unwrap() {
        assert!(text.starts_with("//!"), "{}: the first line must be a module comment (`//!`)", path.display());
        let lines = code_lines(&text);
        assert!(lines <= MAX_CODE_LINES, "{}: {lines} lines of code", path.display());
    }
}

#[test]
fn test_names_have_a_limited_length() {
    let (mut tests, mut long) = (0, Vec::new());
    for (path, text) in sources().unwrap() {
        for name in test_names(&text) {
            tests += 1;
            if name.len() > MAX_TEST_NAME {
                long.push(format!("{}: {name}", path.display()));
            }
        }
    }
    assert!(tests > 1000, "only {tests} tests were found");
    assert!(long.is_empty(), "names of more than {MAX_TEST_NAME} characters:\n{}", long.join("\n"));
}

/// The names of the functions with an attribute for tests: `#[test]`, `#[tokio::test]`, or one with arguments.
fn test_names(text: &str) -> impl Iterator<Item = &str> {
    let mut is_test = false;
    text.lines().map(str::trim).filter_map(move |line| {
        if line.starts_with("#[") {
            is_test |= ["#[test]", "#[tokio::test"].iter().any(|attribute| line.starts_with(attribute));
            return None;
        }
        let (_, name) = line.split_once("fn ").filter(|_| is_test)?;
        is_test = false;
        name.split_once('(').map(|(name, _)| name)
    })
}

#[test]
fn test_names_are_found() {
    let text = "#[tokio::test(start_paused = true)]\n#[ignore = \"slow\"]\nasync fn first() {}\n\n#[test]\nfn second() {\n    \
                fn helper() {}\n}\n";
    assert!(test_names(text).eq(["first", "second"]));
}

#[test]
fn lower_layer_crates_are_named_in_their_layers_only() {
    for (path, text) in sources().unwrap().iter().filter(|(path, _)| path.starts_with("src")) {
        for (word, allowed) in CONFINED {
            let is_allowed = allowed.iter().any(|prefix| path.starts_with(prefix));
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            assert!(is_allowed || !code.into_iter().any(|line| line.contains(word)), "{}: {word}", path.display());
        }
    }
}

#[test]
fn examples_document_how_to_run_them() {
    for (path, text) in sources().unwrap() {
        let mut parts = path.iter().map(|part| part.to_string_lossy()).skip_while(|part| part != "examples").skip(1);
        let Some(name) = parts.next() else { continue };
        if parts.next().is_some_and(|file| file != "main.rs") {
            continue;
        }
        let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
        let command = format!("--example {}", name.trim_end_matches(".rs"));
        let is_documented = head.iter().any(|line| line.contains("`cargo run") && line.contains(&command));
        assert!(is_documented, "{}: the head does not document how to run it", path.display());
    }
}

#[test]
fn documents_exist_and_are_linked_from_the_readme() {
    check_documents(&root()).unwrap();
}

fn check_documents(root: &Path) -> Result<()> {
    let readme = fs::read_to_string(root.join("README.md"))?;
    for name in [
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "LICENSE",
        "SECURITY.md",
        "docs/architecture.md",
        "docs/operations.md",
        "docs/podman.md",
        "docs/porting.md",
    ] {
        ensure!(root.join(name).is_file(), "{name} is missing");
        ensure!(readme.contains(&format!("({name})")), "README.md does not link to {name}");
    }
    Ok(())
}
