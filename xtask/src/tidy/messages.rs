//! Lists all messages of the library that users can see.

use std::fmt::Write as _;

use super::{library_sources, literals::pieces};

/// Prefixes of the lines whose literals are no messages.
const NOT_MESSAGES: [&str; 3] = ["#[", "#![", "include_str!"];

/// Lists the string literals of the library that have words, by file.
#[test]
fn messages_of_the_library() {
    let mut listing = String::new();
    for (path, text) in library_sources().unwrap() {
        let lines: Vec<&str> = text.lines().collect();
        let is_message = |line: usize| NOT_MESSAGES.iter().all(|prefix| !lines[line - 1].trim().starts_with(prefix));
        let found = pieces(&text).into_iter().filter(|piece| !piece.is_comment && is_message(piece.line));
        let messages: Vec<String> = found.map(|piece| one_line(piece.text)).filter(|text| has_words(text)).collect();
        if !messages.is_empty() {
            writeln!(listing, "{}\n    {}", path.display(), messages.join("\n    ")).unwrap();
        }
    }
    insta::assert_snapshot!(listing);
}

/// Joins the lines of a literal that is continued with a backslash.
fn one_line(literal: &str) -> String {
    let mut parts = literal.split("\\\n");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.trim_start())
}

fn has_words(text: &str) -> bool {
    text.split(' ').filter(|word| word.chars().any(char::is_alphabetic)).count() > 1
}
