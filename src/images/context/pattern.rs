//! One pattern of a `.dockerignore`, against paths.
//!
//! The syntax is that of Go's `filepath.Match`, and `**` for any number of directories. A pattern is a small automaton
//! that takes a path symbol by symbol: the time is bounded by the length of the one times the length of the other,
//! whatever both are.

use std::{iter::Peekable, mem};

/// A pattern, as what may come next in a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Token>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// This symbol.
    Is(Symbol),
    /// `?`: any symbol but a slash.
    Any,
    /// `[a-z]`, `[^a-z]`: a symbol within, or outside, all of these ranges. As in Go, a slash may be outside.
    Class { outside: bool, ranges: Vec<(Symbol, Symbol)> },
    /// `*`: any number of symbols, but no slash.
    Name,
    /// `**/`: nothing, or whatever ends with a slash.
    Directories,
    /// `**` at the end, or at the beginning if no other symbol means anything, as in `**.md`: whatever comes.
    Anything,
}

/// A character, or a byte that is none: names of files need not be text.
type Symbol = u32;

const SLASH: Symbol = '/' as Symbol;

/// Symbols from here on are bytes outside of characters.
const NO_CHARACTER: Symbol = char::MAX as Symbol + 1;

/// What a pattern has to say about a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    /// It matches the path, or a directory in which that lies.
    pub(super) matches: bool,
    /// It may match something below the path.
    pub(super) goes_on: bool,
}

impl Pattern {
    /// Reads a pattern. The error says what is wrong with it.
    pub(super) fn new(text: &[u8]) -> Result<Self, &'static str> {
        let mut symbols = symbols(text).peekable();
        let mut tokens = Vec::new();
        while let Some(symbol) = symbols.next() {
            let token = match char::from_u32(symbol) {
                Some('?') => Token::Any,
                Some('[') => class(&mut symbols)?,
                Some('\\') => Token::Is(symbols.next().ok_or("nothing stands behind the last `\\`")?),
                Some('*') if symbols.next_if_eq(&('*' as Symbol)).is_some() => {
                    let is_slash = symbols.next_if_eq(&SLASH).is_some();
                    let is_suffix =
                        tokens.is_empty() && !is_slash && !text[2..].iter().any(|byte| b"*?[]\\".contains(byte));
                    if symbols.peek().is_none() || is_suffix { Token::Anything } else { Token::Directories }
                }
                Some('*') => Token::Name,
                _ => Token::Is(symbol),
            };
            tokens.push(token);
        }
        Ok(Self(tokens))
    }

    /// The pattern that matches `path`, and what lies in it, alone.
    pub(super) fn literal(path: &[u8]) -> Self {
        Self(symbols(path).map(Token::Is).collect())
    }

    pub(super) fn reach(&self, path: &[u8]) -> Reach {
        let mut state = State::new(&self.0);
        for symbol in symbols(path) {
            let matches = symbol == SLASH && state.is_final();
            if matches || state.is_dead() {
                return Reach { matches, goes_on: matches };
            }
            state.take(symbol);
        }
        let matches = state.is_final();
        state.take(SLASH);
        Reach { matches, goes_on: !state.is_dead() }
    }
}

/// How far into a pattern a path may have come: a flag a token, and one for its end.
struct State<'a> {
    tokens: &'a [Token],
    at: Vec<bool>,
    /// The flags before the last symbol.
    before: Vec<bool>,
}

impl<'a> State<'a> {
    fn new(tokens: &'a [Token]) -> Self {
        let nowhere = vec![false; tokens.len() + 1];
        let mut state = Self { tokens, at: nowhere.clone(), before: nowhere };
        state.enter(0);
        state
    }

    /// Comes to a token, and to those behind it if it may stand for nothing.
    fn enter(&mut self, mut index: usize) {
        self.at[index] = true;
        while let Some(Token::Name | Token::Directories | Token::Anything) = self.tokens.get(index) {
            index += 1;
            self.at[index] = true;
        }
    }

    fn take(&mut self, symbol: Symbol) {
        mem::swap(&mut self.at, &mut self.before);
        self.at.fill(false);
        let tokens = self.tokens;
        for (index, token) in tokens.iter().enumerate() {
            if !self.before[index] {
                continue;
            }
            match token {
                Token::Is(wanted) if *wanted == symbol => self.enter(index + 1),
                Token::Any if symbol != SLASH => self.enter(index + 1),
                Token::Class { outside, ranges } => {
                    let inside = ranges.iter().any(|(low, high)| (*low..=*high).contains(&symbol));
                    if inside != *outside {
                        self.enter(index + 1);
                    }
                }
                Token::Name if symbol != SLASH => self.enter(index),
                Token::Directories => {
                    // In the middle of a name, it no longer stands for nothing.
                    self.at[index] = true;
                    if symbol == SLASH {
                        self.enter(index + 1);
                    }
                }
                Token::Anything => self.enter(index),
                Token::Is(_) | Token::Any | Token::Name => {}
            }
        }
    }

    fn is_final(&self) -> bool {
        self.at.last() == Some(&true)
    }

    fn is_dead(&self) -> bool {
        !self.at.contains(&true)
    }
}

/// What stands behind a `[`, up to its `]`.
fn class(symbols: &mut Peekable<impl Iterator<Item = Symbol>>) -> Result<Token, &'static str> {
    let outside = symbols.next_if_eq(&('^' as Symbol)).is_some();
    let mut ranges = Vec::new();
    while ranges.is_empty() || symbols.next_if_eq(&(']' as Symbol)).is_none() {
        let low = bound(symbols)?;
        let high = match symbols.next_if_eq(&('-' as Symbol)) {
            Some(_) => bound(symbols)?,
            None => low,
        };
        if low > high {
            return Err("a range in `[…]` ends before it begins");
        }
        ranges.push((low, high));
    }
    Ok(Token::Class { outside, ranges })
}

/// One end of a range.
fn bound(symbols: &mut impl Iterator<Item = Symbol>) -> Result<Symbol, &'static str> {
    const OPEN: &str = "a `[` has no `]`";

    let symbol = symbols.next().ok_or(OPEN)?;
    match char::from_u32(symbol) {
        Some('\\') => symbols.next().ok_or(OPEN),
        Some('-' | ']') => Err("in `[…]`, `-` stands between two symbols, and `]` behind one; others need a `\\`"),
        _ => Ok(symbol),
    }
}

fn symbols(bytes: &[u8]) -> impl Iterator<Item = Symbol> {
    bytes.utf8_chunks().flat_map(|chunk| {
        let others = chunk.invalid().iter().map(|&byte| NO_CHARACTER + Symbol::from(byte));
        chunk.valid().chars().map(Symbol::from).chain(others)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reach(pattern: &str, path: &str) -> Reach {
        Pattern::new(pattern.as_bytes()).unwrap().reach(path.as_bytes())
    }

    #[track_caller]
    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        for path in matching {
            assert!(reach(pattern, path).matches, "{pattern} should match {path}");
        }
        for path in others {
            assert!(!reach(pattern, path).matches, "{pattern} should not match {path}");
        }
    }

    #[test]
    fn a_star_stops_at_a_slash_and_two_do_not() {
        check("*.md", &["a.md", ".md", "a.md/b"], &["a/b.md", "a.mdx"]);
        check("*/*.md", &["a/b.md"], &["b.md", "a/b/c.md"]);
        check("**/*.md", &["b.md", "a/b.md", "a/b/c.md"], &["a/b.txt"]);
        check("a/**/b", &["a/b", "a/x/b", "a/x/y/b", "a/b/c"], &["ab", "a/xb", "a"]);
        check("a/**", &["a/b", "a/b/c"], &["a", "ab"]);
        check("a**", &["a", "ab", "ab/c"], &["b/a"]);
        check("**", &["a", "a/b"], &[]);
        check("**b", &["b", "a/b", "ab", "a/ab"], &["ba"]);
        check("**b*", &["b", "a/b", "bc"], &["ab"]);
        check("a**b", &["ab", "a/b", "ax/b"], &["axb"]);
        check("a***b", &["ab", "axb", "ax/yb"], &["a"]);
    }

    #[test]
    fn one_symbol_is_one_character_or_one_byte_that_is_none() {
        check("a?c", &["abc", "a…c"], &["a/c", "ac", "abbc"]);
        let pattern = Pattern::new(b"a?\xff").unwrap();
        assert!(pattern.reach(b"a\xfe\xff").matches && !pattern.reach(b"a\xfe\xfe").matches);
    }

    #[test]
    fn classes_are_those_of_go() {
        check("[a-cx]", &["a", "b", "x"], &["d", "-", "[a-cx]"]);
        check("[^a-c]x", &["dx", "…x"], &["ax", "x"]);
        check("a[^b]c", &["a/c"], &[]);
        check("[!a]", &["!", "a"], &["b"]);
        check("[\\]\\-]", &["]", "-"], &["a"]);
        check("a]", &["a]"], &["a"]);
    }

    #[test]
    fn a_backslash_takes_the_meaning_from_what_is_behind_it() {
        check("\\*", &["*"], &["a"]);
        check("\\#a", &["#a"], &[]);
        check("a\\\\b", &["a\\b"], &["ab"]);
        assert!(Pattern::literal(b"a*[b").reach(b"a*[b").matches);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for pattern in ["[", "[a", "[]", "[]a]", "[^]", "[a-", "[a-]", "[-a]", "[b-a]", "a\\", "[\\", "[a\\]"] {
            assert!(Pattern::new(pattern.as_bytes()).is_err(), "{pattern}");
        }
    }

    #[test]
    fn it_is_known_whether_something_below_may_match() {
        for (pattern, path) in [("a/b/c", "a/b"), ("*/c", "a"), ("**/c", "a/b"), ("a/**", "a")] {
            assert!(reach(pattern, path).goes_on, "{pattern} {path}");
        }
        for (pattern, path) in [("a/b/c", "a/c"), ("*/c", "a/b"), ("ab", "a"), ("a/**", "b")] {
            assert!(!reach(pattern, path).goes_on, "{pattern} {path}");
        }
    }

    #[test]
    fn long_patterns_against_long_paths_come_to_an_end() {
        let path = "a/".repeat(500) + "b";
        for part in ["**/*", "**/", "*", "**/*a*", "*/**/"] {
            assert!(!reach(&(part.repeat(200) + "/c"), &path).matches);
        }
    }

    /// The regular expression that engines make of a pattern, of which the meaning is known from there.
    fn as_an_engine_reads_it(pattern: &str) -> regex::Regex {
        let suffix =
            pattern.strip_prefix("**").filter(|suffix| !suffix.starts_with('/') && !suffix.contains(['*', '?', '[']));
        if let Some(suffix) = suffix {
            return regex::Regex::new(&format!("{}$", regex::escape(suffix))).unwrap();
        }
        let mut expression = String::from("^");
        let mut rest = pattern;
        while let Some(symbol) = rest.chars().next() {
            rest = &rest[symbol.len_utf8()..];
            match symbol {
                '*' if rest.starts_with('*') => {
                    rest = &rest[1..];
                    rest = rest.strip_prefix('/').unwrap_or(rest);
                    expression += if rest.is_empty() { ".*" } else { "(.*/)?" };
                }
                '*' => expression += "[^/]*",
                '?' => expression += "[^/]",
                '[' | ']' | '^' | '-' => expression.push(symbol),
                other => expression += &regex::escape(&other.to_string()),
            }
        }
        regex::Regex::new(&(expression + "$")).unwrap()
    }

    proptest! {
        #[test]
        fn patterns_mean_what_engines_make_of_them(
            pattern in "([ab]|\\*|\\*\\*|/|\\*\\*/|\\?|\\[a\\]|\\[\\^a\\]){1,8}",
            path in "[abc]{1,3}(/[abc]{1,3}){0,4}",
        ) {
            let expected = as_an_engine_reads_it(&pattern);
            let parts = path.match_indices('/').map(|(index, _)| &path[..index]).chain([&*path]);
            let matches = parts.into_iter().any(|part| expected.is_match(part));
            let reach = reach(&pattern, &path);
            prop_assert_eq!(reach.matches, matches);
            let below = ["a", "b", "ab/a", "c/b/a"].iter().any(|name| expected.is_match(&format!("{path}/{name}")));
            prop_assert!(reach.goes_on || !below);
        }

        #[test]
        fn any_bytes_are_a_pattern_or_an_error(
            pattern in proptest::collection::vec(any::<u8>(), 0..40),
            path in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            if let Ok(pattern) = Pattern::new(&pattern) {
                let _ = pattern.reach(&path);
            }
        }
    }
}
