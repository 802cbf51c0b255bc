//! Checks the language of comments, documentation, messages, identifiers and API descriptions against `words.txt`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use regex::Regex;

use super::{literals::pieces, sources};
use crate::root;

/// The words and phrases that are not used, and what to write instead.
const WORDS: &str = include_str!("words.txt");

/// Removed before the check: a term of operating systems and HTTP/2, and the name of a user account.
const ALLOWED: &str = r"(?i)connection refused|connectionrefused|econnrefused|refused stream";

/// Keywords before the identifiers that are checked, and the identifier.
const IDENTIFIERS: &str = r"\b(?:const|enum|fn|let mut|let|mod|static|struct|trait|type) (\w+)";

/// The first words of sentences without a noun.
const HEADLESS: &str = r"^//[/!]* ?(What|Who|Whoever|Whom|So many|Of|Why)\b";

#[test]
fn text_is_plain_technical_english() {
    let findings = findings().unwrap();
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}

fn findings() -> Result<Vec<String>> {
    let lint = Lint::new(WORDS)?;
    let identifiers = Regex::new(IDENTIFIERS)?;
    let mut findings = Vec::new();
    for (path, text) in sources()?.into_iter().filter(|(path, _)| !path.ends_with("tidy/prose.rs")) {
        for (line, text) in texts_of_rust(&text, &identifiers) {
            findings.extend(lint.check(&text).map(|finding| format!("{}:{line}: {finding}", path.display())));
        }
    }
    for path in documents()? {
        let text = fs::read_to_string(root().join(&path)).with_context(|| path.display().to_string())?;
        for (index, line) in text.lines().enumerate() {
            findings.extend(lint.check(line).map(|finding| format!("{}:{}: {finding}", path.display(), index + 1)));
        }
    }
    Ok(findings)
}

/// The comments, string literals and identifiers of a source file, with their lines.
fn texts_of_rust(source: &str, identifiers: &Regex) -> impl Iterator<Item = (usize, String)> {
    let pieces = pieces(source).into_iter().map(|piece| (piece.line, piece.text.to_owned()));
    let code = source.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
    let names = code.flat_map(move |(index, line)| {
        let found = identifiers.captures_iter(line);
        found.map(move |captures| (index + 1, captures[1].replace('_', " "))).collect::<Vec<_>>()
    });
    pieces.chain(names)
}

/// The documents, the API descriptions, and the lists of expected differences.
fn documents() -> Result<Vec<PathBuf>> {
    let mut documents = Vec::new();
    for (folder, extensions) in [
        ("", ["md", "toml"]),
        ("docs", ["md", "md"]),
        ("spec", ["yaml", "md"]),
        ("testkit", ["md", "toml"]),
        ("testkit/tests/conformance", ["txt", "md"]),
        ("tests", ["txt", "md"]),
        ("tests/live", ["txt", "md"]),
    ] {
        for entry in fs::read_dir(root().join(folder)).with_context(|| folder.to_owned())? {
            let path = entry?.path();
            let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            if extensions.contains(&extension) {
                documents.push(path.strip_prefix(root())?.to_owned());
            }
        }
    }
    Ok(documents)
}

/// The words that are not used.
struct Lint {
    words: Vec<(Regex, String)>,
    allowed: Regex,
    headless: Regex,
}

impl Lint {
    fn new(words: &str) -> Result<Self> {
        let lines = words.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let words = lines.map(|line| {
            let (pattern, instead) = line.split_once('\t').with_context(|| line.to_owned())?;
            Ok((Regex::new(&format!("(?i){pattern}"))?, instead.to_owned()))
        });
        let words = words.collect::<Result<Vec<_>>>()?;
        ensure!(!words.is_empty(), "no words");
        Ok(Self { words, allowed: Regex::new(ALLOWED)?, headless: Regex::new(HEADLESS)? })
    }

    fn check(&self, text: &str) -> impl Iterator<Item = String> {
        let allowed = self.allowed.replace_all(text, "");
        let words = self.words.iter().filter_map(|(pattern, instead)| {
            let found = pattern.find(&allowed)?;
            Some(format!("{:?}: {instead}", found.as_str()))
        });
        let headless = self.headless.is_match(text) && !text.contains('?');
        let headless = headless.then(|| format!("{text:?}: begin with a noun or a verb"));
        words.chain(headless).collect::<Vec<_>>().into_iter()
    }
}

#[test]
fn lint_finds_words_and_headless_sentences() {
    let lint = Lint::new("# words\n\\btold\\b\treturned\n").unwrap();
    let found = |text: &str| lint.check(text).collect::<Vec<_>>();
    assert_eq!(found("as it was Told"), [r#""Told": returned"#]);
    assert_eq!(
        found("/// What breaks off is an error."),
        [r#""/// What breaks off is an error.": begin with a noun or a verb"#]
    );
    assert!(found("/// What is a container?").is_empty() && found("the scaffold").is_empty());
    assert!(Lint::new("").is_err() && Lint::new("no tab").is_err());
}

#[test]
fn lint_finds_separated_phrases() {
    let lint = Lint::new(WORDS).unwrap();
    assert_eq!(lint.check("building and taking it apart").count(), 1);
    assert_eq!(lint.check("the parts are a second apart").count(), 0);
}

#[test]
fn identifiers_are_found_outside_of_comments() {
    let identifiers = Regex::new(IDENTIFIERS).unwrap();
    let source = "// let a = 1;\nstruct OneTwo(u8);\nlet mut first_word = 1; let second = 2;\n";
    let found: Vec<_> = texts_of_rust(source, &identifiers).skip(1).collect();
    assert_eq!(found, [(2, "OneTwo".into()), (3, "first word".into()), (3, "second".into())]);
}

#[test]
fn documents_are_found() {
    let documents = documents().unwrap();
    for path in ["README.md", "docs/architecture.md", "spec/v1.15.yaml", "tests/live/podman.txt", "tests/windows.txt"] {
        assert!(documents.iter().any(|document| document == Path::new(path)), "{path}");
    }
}
