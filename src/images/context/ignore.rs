//! Parsing of `.dockerignore`, and matching of paths against it.
//!
//! A line is a pattern, and excludes the paths that match it and everything below them. A line that begins with `!` is an
//! exception: it includes paths that earlier lines excluded. The last line that matches takes precedence. This module does
//! no I/O.
//!
//! These are the rules that Docker documents, which its versions implement differently. The classic builder does not enter an
//! excluded directory unless an exception begins with its literal name; since 2022, both builders ignore that an exception
//! matches a directory if no earlier line does; and before 2022, `**.md` meant `**/.md`.
//!
//! On Windows, a backslash in a line is a slash, as in the Docker CLI. Elsewhere, it escapes the next character.

use std::{borrow::Cow, path::is_separator};

use super::pattern::Pattern;
#[cfg(feature = "buildkit")]
use super::pattern::PatternMatch;

/// The rules of a `.dockerignore`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ignore(Vec<Rule>);

#[derive(Clone, Debug)]
struct Rule {
    pattern: Pattern,
    is_exception: bool,
}

/// Whether a path is part of the build context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inclusion {
    Included,
    /// The path is excluded, but paths below it may be included.
    Partial,
    Excluded,
}

/// A malformed line. Its text is not included, because error messages must not contain the content of files.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ParseError {
    /// Line number, from 1.
    pub(crate) line: usize,
    pub(crate) reason: &'static str,
}

/// Lines of this length or longer are an error, as in the Docker CLI, in bytes.
const MAX_LINE: usize = 64 << 10;

impl Ignore {
    /// Parses the content of a file.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        let mut rules = Vec::new();
        for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
            rules.extend(rule(line).map_err(|reason| ParseError { line: index + 1, reason })?);
        }
        Ok(Self(rules))
    }

    /// Parses a list of lines without comments. The error is the reason why one is not valid.
    #[cfg(feature = "buildkit")]
    pub(super) fn from_lines<'a>(lines: impl IntoIterator<Item = &'a Vec<u8>>) -> Result<Self, &'static str> {
        let rules = lines.into_iter().filter_map(|line| pattern_rule(&with_slashes(line)).transpose());
        rules.collect::<Result<_, _>>().map(Self)
    }

    /// Parses a list of patterns, in which a backslash is always an escape. The error is the reason why one is not valid.
    #[cfg(feature = "buildkit")]
    pub(super) fn from_patterns<'a>(patterns: impl IntoIterator<Item = &'a Vec<u8>>) -> Result<Self, &'static str> {
        patterns.into_iter().filter_map(|pattern| pattern_rule(pattern).transpose()).collect::<Result<_, _>>().map(Self)
    }

    /// Adds an exception for `path`, which takes precedence over all rules so far.
    pub(crate) fn include(&mut self, path: &[u8]) {
        self.0.push(Rule { pattern: Pattern::literal(path), is_exception: true });
    }

    /// Returns whether `path` is included. It must be relative and normalized, with slashes.
    pub(crate) fn inclusion(&self, path: &[u8]) -> Inclusion {
        let mut partial = false;
        for rule in self.0.iter().rev() {
            let matched = rule.pattern.match_path(path);
            match (matched.matches, rule.is_exception) {
                (true, true) => return Inclusion::Included,
                (true, false) if partial => return Inclusion::Partial,
                (true, false) => return Inclusion::Excluded,
                (false, is_exception) => partial |= is_exception && matched.may_match_below,
            }
        }
        Inclusion::Included
    }

    /// Returns whether the rules, as a list of what to select, match `path`, and whether they may match a path below it.
    #[cfg(feature = "buildkit")]
    pub(super) fn selection(&self, path: &[u8]) -> PatternMatch {
        let mut may_match_below = false;
        for rule in self.0.iter().rev() {
            let matched = rule.pattern.match_path(path);
            if matched.matches {
                let matches = !rule.is_exception;
                return PatternMatch { matches, may_match_below: matches || may_match_below };
            }
            may_match_below |= !rule.is_exception && matched.may_match_below;
        }
        PatternMatch { matches: false, may_match_below }
    }
}

/// Parses a line. Returns `None` for an empty line or a comment.
fn rule(line: &[u8]) -> Result<Option<Rule>, &'static str> {
    if line.len() >= MAX_LINE {
        return Err("the line is longer than 65535 bytes");
    }
    if line.starts_with(b"#") { Ok(None) } else { pattern_rule(&with_slashes(line)) }
}

/// Replaces each backslash by a slash, if it is a separator on this system.
fn with_slashes(line: &[u8]) -> Cow<'_, [u8]> {
    if !is_separator('\\') || !line.contains(&b'\\') {
        return line.into();
    }
    line.iter().map(|&byte| if byte == b'\\' { b'/' } else { byte }).collect::<Vec<u8>>().into()
}

/// Parses a pattern, after a `!` if it is an exception. Returns `None` for an empty one.
fn pattern_rule(pattern: &[u8]) -> Result<Option<Rule>, &'static str> {
    let text = trim(pattern);
    if text.is_empty() {
        return Ok(None);
    }
    let (is_exception, text) = match text.strip_prefix(b"!") {
        Some(text) => (true, trim(text)),
        None => (false, text),
    };
    let path = clean(text);
    if is_exception && (text.is_empty() || path.is_empty()) {
        return Err("`!` without a pattern");
    }
    Ok(Some(Rule { pattern: Pattern::new(&path)?, is_exception }))
}

/// Removes leading and trailing white space.
fn trim(text: &[u8]) -> &[u8] {
    match std::str::from_utf8(text) {
        Ok(text) => text.trim().as_bytes(),
        Err(_) => text.trim_ascii(),
    }
}

/// Removes `.`, `..`, doubled, leading and trailing slashes from a pattern, lexically, as Go does. The result is `.` or empty
/// for the root, and can begin with `..`.
pub(super) fn clean(text: &[u8]) -> Vec<u8> {
    let rooted = text.starts_with(b"/");
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in text.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|last| *last != b"..") => drop(parts.pop()),
            b".." if rooted => {}
            part => parts.push(part),
        }
    }
    if parts.is_empty() && !rooted { b".".to_vec() } else { parts.join(&b'/') }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(lines: &str) -> Ignore {
        Ignore::parse(lines.as_bytes()).unwrap()
    }

    /// The inclusion of each path: `s` for included, `p` for partial, `-` for excluded.
    fn inclusions(lines: &str, paths: &[&str]) -> String {
        let rules = rules(lines);
        let letter = |path: &&str| match rules.inclusion(path.as_bytes()) {
            Inclusion::Included => 's',
            Inclusion::Partial => 'p',
            Inclusion::Excluded => '-',
        };
        paths.iter().map(letter).collect()
    }

    #[test]
    fn ignore_excludes_matching_paths_and_everything_below() {
        assert_eq!(inclusions("", &["a", "a/b"]), "ss");
        assert_eq!(inclusions("a\n*.md", &["a", "a/b", "b/a", "c.md", "b/c.md"]), "--s-s");
        assert_eq!(inclusions("**/a", &["a", "b/a/c", "b"]), "--s");
    }

    #[test]
    fn ignore_last_matching_line_takes_precedence() {
        assert_eq!(inclusions("*.md\n!a.md", &["a.md", "b.md"]), "s-");
        assert_eq!(inclusions("!a.md\n*.md", &["a.md", "b.md"]), "--");
        assert_eq!(inclusions("a\n!a/b\na/b/c", &["a", "a/b", "a/b/c", "a/b/d", "a/c"]), "ps-s-");
    }

    #[test]
    fn ignore_excluded_directory_with_exceptions_is_partial() {
        assert_eq!(inclusions("*\n!a/b/c", &["a", "a/b", "a/b/c", "a/c", "b"]), "pps--");
        assert_eq!(inclusions("*\n!**/c", &["a", "a/c", "a/b"]), "psp");
        assert_eq!(inclusions("a\n!a/b\na", &["a", "a/b"]), "--");
    }

    #[test]
    fn ignore_normalizes_lines_and_skips_comments() {
        let text = "\u{feff}# no\n\n  /a/ \r\n#b\n\t./c//d/../e\u{a0}\n #f\n!  /a/g\n../h\n.\n/\n";
        assert_eq!(inclusions(text, &["a", "a/g", "c", "c/e", "#f", "b", "h"]), "pss--ss");
        assert_eq!(inclusions("a \u{2028}b", &["a \u{2028}b"]), "-");
    }

    #[test]
    fn ignore_backslash_is_an_escape_or_a_separator() {
        let is_windows = is_separator('\\');
        let paths = ["a/b", "a/*", "c", "#d"];
        assert_eq!(inclusions(r"a\*", &paths), if is_windows { "--ss" } else { "ssss" });
        assert_eq!(inclusions(r"a/\*", &paths), if is_windows { "--ss" } else { "s-ss" });
        assert_eq!(inclusions(r"\#d", &paths), "sss-");
        assert_eq!(inclusions(r".\a\..\c", &paths) == "ss-s", is_windows);
        assert_eq!(Ignore::parse(br"a\").is_ok(), is_windows);
    }

    #[test]
    fn ignore_include_takes_precedence_over_all_lines() {
        let mut rules = rules("*\n**/Dockerfile");
        rules.include(b"docker/Dockerfile");
        assert_eq!(rules.inclusion(b"docker"), Inclusion::Partial);
        assert_eq!(rules.inclusion(b"docker/Dockerfile"), Inclusion::Included);
        assert_eq!(rules.inclusion(b"other/Dockerfile"), Inclusion::Excluded);
    }

    #[cfg(feature = "buildkit")]
    #[test]
    fn ignore_selection_is_that_of_the_last_matching_pattern() {
        let rules = |patterns: &[&str]| {
            let patterns: Vec<Vec<u8>> = patterns.iter().map(|pattern| pattern.as_bytes().to_vec()).collect();
            Ignore::from_patterns(&patterns)
        };
        let select = |patterns: &[&str], path: &str| {
            let matched = rules(patterns).unwrap().selection(path.as_bytes());
            (matched.matches, matched.may_match_below)
        };
        assert_eq!(select(&[], "a"), (false, false));
        assert_eq!(select(&["", "#a", "/b/"], "#a"), (true, true));
        assert_eq!(select(&["a/b", "!a/b/c"], "a"), (false, true));
        assert_eq!(select(&["a/b", "!a/b/c"], "a/b/d"), (true, true));
        assert_eq!(select(&["a/b", "!a/b/c"], "a/b/c"), (false, false));
        assert_eq!(select(&["a", "!a", "a/b"], "a"), (false, true));
        assert_eq!(select(&["*.c"], "a"), (false, false));
        assert_eq!(rules(&["a", "["]).unwrap_err(), "`[` without `]`");
        assert_eq!(select(&[r"\[a\]"], "[a]"), (true, true));
        let lines = Ignore::from_lines(&[br"a\b".to_vec()]).unwrap();
        assert_eq!(lines.inclusion(b"a/b") == Inclusion::Excluded, is_separator('\\'));
    }

    #[test]
    fn ignore_error_has_the_number_of_the_malformed_line() {
        let mistake = Ignore::parse(b"a\n\n  [b \n").unwrap_err();
        assert_eq!(mistake, ParseError { line: 3, reason: "`[` without `]`" });
        for lines in ["!", "! ", "!/", "[a"] {
            assert_eq!(Ignore::parse(lines.as_bytes()).unwrap_err().line, 1, "{lines}");
        }
    }
}
