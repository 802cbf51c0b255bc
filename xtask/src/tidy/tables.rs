//! The tables in the documents: what they promise is there.

use std::{collections::BTreeSet, fs};

use crate::root;

/// The methods of the Go library's interface.
const METHODS: [&str; 28] = [
    "Info",
    "ListContainers",
    "InspectContainer",
    "InspectImage",
    "CreateContainer",
    "ContainerLogs",
    "ContainerChanges",
    "Exec",
    "StartContainer",
    "StopContainer",
    "RestartContainer",
    "KillContainer",
    "MonitorEvents",
    "StartMonitorEvents",
    "StopAllMonitorEvents",
    "StartMonitorStats",
    "StopAllMonitorStats",
    "TagImage",
    "Version",
    "PullImage",
    "LoadImage",
    "RemoveContainer",
    "ListImages",
    "RemoveImage",
    "PauseContainer",
    "UnpauseContainer",
    "RenameContainer",
    "ImportImage",
];

/// The rows of the tables under `heading` in a document, or of all its tables, without their heads.
fn rows(document: &str, heading: Option<&str>) -> Vec<Vec<String>> {
    let text = read(document);
    let part = heading.map_or(&*text, |heading| {
        let (_, part) =
            text.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("{document}: {heading}"));
        part.split_once("\n## ").map_or(part, |(part, _)| part)
    });
    let lines: Vec<&str> = part.lines().collect();
    let is_row = |line: &str| line.starts_with('|') && !line.starts_with("|---");
    let is_head = |index: usize| lines.get(index + 1).is_some_and(|next| next.starts_with("|---"));
    let rows = lines.iter().enumerate().filter(|(index, line)| is_row(line) && !is_head(*index));
    rows.map(|(_, line)| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What stands in backquotes.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// The text of the file in which the test stands that is named `file.rs::test`.
fn file_of_test(name: &str) -> String {
    let (file, function) = name.split_once("::").unwrap_or_else(|| panic!("{name}: a test is named file::test"));
    let text = read(file);
    let begin = text.find(&format!("fn {function}(")).unwrap_or_else(|| panic!("{name}: there is no such test"));
    let before: Vec<&str> = text[..begin].lines().rev().take(4).map(str::trim).collect();
    assert!(before.iter().any(|line| line.ends_with("test]")), "{name} is no test");
    text
}

#[test]
fn each_row_of_porting_has_a_test() {
    let rows = rows("PORTING.md", None);
    assert!(rows.len() > METHODS.len());
    for row in rows {
        let [_, _, _, named] = &row[..] else { panic!("PORTING.md: a row of four: {row:?}") };
        quoted(named).for_each(|name| drop(file_of_test(name)));
        assert!(quoted(named).count() > 0, "PORTING.md: {row:?} names no test");
    }
}

#[test]
fn each_method_of_the_go_library_is_told_of_in_porting() {
    let told: Vec<String> =
        rows("PORTING.md", Some("The 28 methods")).iter().flat_map(|row| quoted(&row[0])).map(str::to_owned).collect();
    assert_eq!(told, METHODS);
}

/// Whoever types the Go name into the search of the documentation finds what took its place.
#[test]
fn each_go_name_in_porting_is_found_by_a_search() {
    let sources = super::sources().unwrap();
    let public = sources.iter().filter(|(path, _)| path.starts_with("src") || path.starts_with("testkit/src"));
    let text: String = public.map(|(_, text)| text.as_str()).collect();
    let models = read("src/models.rs");
    let types = text.split("pub struct ").skip(1).map(|rest| words(rest).next().unwrap());
    let found: BTreeSet<&str> = text
        .split("#[doc(alias = \"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .chain(types)
        .chain(words(&models))
        .collect();
    for row in rows("PORTING.md", None) {
        for name in quoted(&row[0]) {
            let name = name.rsplit('.').next().unwrap();
            assert!(found.contains(name), "{name}: neither an item nor an alias of one");
        }
    }
}

#[test]
fn each_operation_has_a_row_with_its_versions() {
    let told: BTreeSet<(String, String)> =
        rows("OPERATIONS.md", None).into_iter().map(|row| (bare(&row[0]).to_owned(), row[1].clone())).collect();
    let known: BTreeSet<(String, String)> = read("spec/operations.txt")
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .map(|cells| match cells[4] {
            "-" => (cells[0].to_owned(), cells[3].to_owned()),
            until => (cells[0].to_owned(), format!("{} to {until}", cells[3])),
        })
        .collect();
    assert_eq!(told, known);
    assert_eq!(rows("OPERATIONS.md", None).len(), known.len());
}

/// The method of an operation is called from `src`, and by the test and the example of its row.
#[test]
fn each_operation_is_called_or_said_not_to_be() {
    let sources = super::sources().unwrap();
    for row in rows("OPERATIONS.md", None) {
        let [operation, _, calls, named, example] = &row[..] else { panic!("OPERATIONS.md: a row of five: {row:?}") };
        let of_wire = format!(".{}(", bare(operation));
        let called = sources.iter().any(|(path, text)| path.starts_with("src") && text.contains(&of_wire));
        assert_eq!(called, !calls.contains("not called"), "{row:?}");
        let test = file_of_test(bare(named));
        if called {
            let example = quoted(example).next().map(read).unwrap_or_else(|| panic!("{operation}: no example"));
            let methods: Vec<String> = quoted(calls).map(|call| format!(".{}(", method(call))).collect();
            let makes_it = |text: &str| methods.iter().any(|method| text.contains(method));
            assert!(makes_it(&test) && makes_it(&example), "{row:?}");
        }
    }
}

/// Without its backquotes.
fn bare(cell: &str) -> &str {
    cell.trim_matches('`')
}

/// The method that a call ends with: of `docker.containers().list(&options)`, `list`.
fn method(call: &str) -> &str {
    let end = call.rfind('(').unwrap_or(call.len());
    call[..end].rsplit('.').next().unwrap_or_default()
}
