//! Checks of the tables in docs/operations.md and docs/porting.md.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::root;

use super::bollard;

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

/// The operation that no method calls: `GET /_ping` is called instead of `HEAD /_ping`.
const NOT_CALLED: &str = "not called";

/// A part of a document: its heading, and its text up to the next heading of the same level.
struct Section {
    heading: String,
    text: String,
}

/// The sections of a document that begin with a heading of the level `marks`. A line of code is not a heading.
fn sections(document: &str, marks: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut is_code = false;
    for line in document.lines() {
        is_code ^= line.starts_with("```");
        let heading = line.strip_prefix(marks).and_then(|line| line.strip_prefix(' '));
        match heading {
            Some(heading) if !is_code => sections.push(Section { heading: heading.to_owned(), text: String::new() }),
            _ => sections.iter_mut().next_back().into_iter().for_each(|section| section.text += &format!("{line}\n")),
        }
    }
    sections
}

/// The section of docs/porting.md that is for users of another library.
fn porting(heading: &str) -> String {
    let part = sections(&read("docs/porting.md"), "#").into_iter().find(|section| section.heading == heading);
    part.unwrap_or_else(|| panic!("docs/porting.md has no section {heading:?}")).text
}

fn porting_from_go() -> String {
    porting("Coming from samalba/dockerclient")
}

fn porting_from_bollard() -> String {
    porting("Coming from bollard")
}

/// The rows of all tables in a text, without their heads.
fn rows(text: &str) -> Vec<Vec<String>> {
    let lines: Vec<&str> = text.lines().collect();
    let is_row = |line: &str| line.starts_with('|') && !line.starts_with("|---");
    let is_head = |index: usize| lines.get(index + 1).is_some_and(|next| next.starts_with("|---"));
    let rows = lines.iter().enumerate().filter(|(index, line)| is_row(line) && !is_head(*index));
    let cells = |line: &str| {
        let line = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')).unwrap_or(line);
        format!(" {} ", line.trim()).split(" | ").map(|cell| cell.trim().to_owned()).collect()
    };
    rows.map(|(_, line)| cells(line)).collect()
}

/// The code blocks of a text.
fn blocks(text: &str) -> String {
    text.split("\n```").skip(1).step_by(2).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The texts in backquotes.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// The text in the backquotes of a cell with nothing else.
fn bare(cell: &str) -> &str {
    cell.trim_matches('`')
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty())
}

/// The last method of a call: `list` of `docker.containers().list()`, also with settings after it.
fn method(call: &str) -> &str {
    let end = call.rfind('(').unwrap_or(call.len());
    call[..end].rsplit(['.', ':']).next().unwrap_or_default()
}

/// The names of all methods in a call: `containers` and `list` of `docker.containers().list()`.
fn methods(call: &str) -> impl Iterator<Item = &str> {
    let before_arguments = call.rsplit('(').skip(1).filter_map(|part| part.rsplit(['.', ':']).next());
    before_arguments.filter(|name| words(name).count() == 1)
}

/// `container_list` is `ContainerList`.
fn camel_case(operation: &str) -> String {
    let capitalized = |word: &str| word[..1].to_uppercase() + &word[1..];
    operation.split('_').map(capitalized).collect()
}

/// The files of the library, and their code without unit tests.
fn library() -> Vec<(PathBuf, String)> {
    let sources = super::sources().unwrap().into_iter().filter(|(path, _)| path.starts_with("src"));
    sources.map(|(path, text)| (path, super::without_tests(&text).to_owned())).collect()
}

/// A line without its comment.
fn without_comment(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

/// Whether the code of a file, not its comments, calls the generated method of an operation.
fn calls(code: &str, operation: &str) -> bool {
    let call = format!(".{operation}(");
    code.lines().any(|line| without_comment(line).contains(&call))
}

/// The text of the file with the test that is named `file.rs::test`.
fn file_of_test(name: &str) -> String {
    let (file, function) = name.split_once("::").unwrap_or_else(|| panic!("{name}: a test is named file::test"));
    let text = read(file);
    let begin = text.find(&format!("fn {function}(")).unwrap_or_else(|| panic!("{name}: there is no such test"));
    let before: Vec<&str> = text[..begin].lines().rev().take(4).map(str::trim).collect();
    assert!(before.iter().any(|line| line.ends_with("test]")), "{name} is not a test");
    text
}

#[test]
fn porting_rows_name_existing_tests() {
    let rows = rows(&porting_from_go());
    assert!(rows.len() > METHODS.len());
    for row in rows {
        let [_, _, _, named] = &row[..] else { panic!("docs/porting.md: a row has four cells: {row:?}") };
        quoted(named).for_each(|name| drop(file_of_test(name)));
        assert!(quoted(named).count() > 0, "docs/porting.md: {row:?} names no test");
    }
}

#[test]
fn porting_lists_all_methods_of_the_go_library() {
    let text = porting_from_go();
    let sections = sections(&text, "##");
    let section = sections.iter().find(|section| section.heading == "The 28 methods").unwrap();
    let listed: Vec<String> = rows(&section.text).iter().flat_map(|row| quoted(&row[0])).map(str::to_owned).collect();
    assert_eq!(listed, METHODS);
}

/// Searching the documentation for a Go name finds its replacement.
#[test]
fn go_names_are_found_by_documentation_search() {
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
    for row in rows(&porting_from_go()) {
        for name in quoted(&row[0]) {
            let name = name.rsplit('.').next().unwrap();
            assert!(found.contains(name), "{name}: neither an item nor an alias of one");
        }
    }
}

#[test]
fn porting_lists_each_method_of_bollard_once() {
    let rows = rows(&porting_from_bollard());
    let mut listed: Vec<&str> = rows.iter().flat_map(|row| quoted(&row[0])).collect();
    listed.sort_unstable();
    assert_eq!(listed, bollard::METHODS);
}

/// Each row has a counterpart, which is part of the compiled example of its section.
#[test]
fn counterparts_of_bollard_methods_are_in_compiled_examples() {
    let text = porting_from_bollard();
    for section in sections(&text, "##") {
        let code = blocks(&section.text);
        let comments: String =
            code.lines().filter_map(|line| line.split_once("// ")).map(|(_, text)| format!("{text}\n")).collect();
        for row in rows(&section.text) {
            let [names, here, _] = &row[..] else { panic!("docs/porting.md: a row has three cells: {row:?}") };
            for name in quoted(names) {
                assert!(words(&comments).any(|word| word == name), "{}: no example names {name}", section.heading);
            }
            for call in quoted(here) {
                for method in methods(call) {
                    let is_called = [".", "::"].iter().any(|before| code.contains(&format!("{before}{method}(")));
                    assert!(is_called, "{}: no example calls {call}", section.heading);
                }
            }
        }
    }
}

#[test]
fn operations_are_listed_with_their_versions() {
    let document = read("docs/operations.md");
    let rows = rows(&document);
    let listed: BTreeSet<(String, String)> =
        rows.iter().map(|row| (bare(&row[0]).to_owned(), row[1].clone())).collect();
    let known: BTreeSet<(String, String)> = read("spec/operations.txt")
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .map(|cells| match cells[4] {
            "-" => (cells[0].to_owned(), cells[3].to_owned()),
            until => (cells[0].to_owned(), format!("{} to {until}", cells[3])),
        })
        .collect();
    assert_eq!(listed, known);
    assert_eq!(rows.len(), known.len());
}

/// Each operation is called by the library, and its method by the test and the example of its row.
#[test]
fn operations_have_a_call_a_test_and_an_example() {
    let library = library();
    for row in rows(&read("docs/operations.md")) {
        let [operation, _, listed, named, example] = &row[..] else {
            panic!("docs/operations.md: a row has five cells: {row:?}")
        };
        let is_called = library.iter().any(|(_, code)| calls(code, bare(operation)));
        assert_eq!(is_called, !listed.contains(NOT_CALLED), "{row:?}");
        let test = file_of_test(bare(named));
        if is_called {
            let example = quoted(example).next().map(read).unwrap_or_else(|| panic!("{operation}: no example"));
            let (calls, _) = listed.split_once('→').unwrap_or_else(|| panic!("{operation}: no request type"));
            let methods: Vec<String> = quoted(calls).map(|call| format!(".{}(", method(call))).collect();
            let has_call = |text: &str| methods.iter().any(|method| text.contains(method));
            assert!(has_call(&test), "{operation}: the test does not call it");
            assert!(has_call(&example), "{operation}: the example does not call it");
        }
    }
}

/// Each request type in docs/operations.md is a request, and is in a file that calls its operation, or that uses another
/// request of the row.
#[test]
fn operations_name_their_request_types() {
    let library = library();
    for row in rows(&read("docs/operations.md")) {
        let Some((_, types)) = row[2].split_once('→') else { continue };
        for name in quoted(types) {
            let request = format!("request!({name} => ");
            let file = library.iter().find(|(_, code)| code.contains(&request));
            let (path, code) = file.unwrap_or_else(|| panic!("{}: {name} is not a request", row[0]));
            let mut code_words = code.lines().map(without_comment).flat_map(words);
            let uses_another = code_words.any(|word| word != name && quoted(types).any(|other| other == word));
            assert!(
                calls(code, bare(&row[0])) || uses_another,
                "{}: {} neither calls it nor uses another request of the row",
                row[0],
                path.display()
            );
        }
    }
}

#[test]
fn requests_have_examples() {
    let lacks_example = |code: &str| code.contains("\nrequest!(") && !code.contains("# Examples");
    let missing: Vec<_> = library().into_iter().filter(|(_, code)| lacks_example(code)).map(|(path, _)| path).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// A file that calls an operation has its request, an example, and the name of the operation as an alias for the search.
#[test]
fn operations_are_requests_with_examples_and_aliases() {
    let library = library();
    let mut missing = Vec::new();
    for line in read("spec/operations.txt").lines().skip(1) {
        let operation = words(line).next().unwrap();
        let parts =
            ["request!(".to_owned(), "# Examples".to_owned(), format!("#[doc(alias = \"{}\")]", camel_case(operation))];
        let callers: Vec<_> = library.iter().filter(|(_, code)| calls(code, operation)).collect();
        // The file may be a part of the one with the request.
        let module = |path: &Path| {
            let module = path.parent().unwrap_or(path).with_extension("rs");
            library.iter().find(|(other, code)| *other == module && code.contains("\nrequest!("))
        };
        let has = |path: &Path, code: &str, part: &String| {
            code.contains(part) || module(path).is_some_and(|(_, code)| code.contains(part))
        };
        if callers.is_empty() || callers.iter().any(|(path, code)| parts.iter().all(|part| has(path, code, part))) {
            continue;
        }
        for (path, code) in callers {
            let lacks: Vec<_> = parts.iter().filter(|part| !code.contains(*part)).collect();
            missing.push(format!("{operation}: {} lacks {lacks:?}", path.display()));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn cells_may_contain_methods_with_settings() {
    assert_eq!(method("docker.containers().list()"), "list");
    assert_eq!(method("DockerClient::connect(address)"), "connect");
    assert_eq!(
        methods("docker.images().build(context).progress()").collect::<Vec<_>>(),
        ["progress", "build", "images"]
    );
    assert_eq!(camel_case("image_get_all"), "ImageGetAll");
    assert_eq!(rows("| a | b |\n|---|---|\n| `x` | |\n"), [["`x`", ""]]);
}
