//! Matching of paths against a pattern of a `.dockerignore`.
//!
//! The syntax is that of Go's `filepath.Match`, with `**` for any number of directories. A pattern is simulated as a
//! nondeterministic automaton, in time proportional to the length of the pattern times the length of the path.

use std::{iter::Peekable, mem};

/// A parsed pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Token>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// A symbol that matches only itself.
    Literal(Symbol),
    /// `?`: any symbol except a slash.
    AnySymbol,
    /// `[a-z]`, or `[^a-z]` if `negated`. As in Go, a negated class matches a slash.
    Class { negated: bool, ranges: Vec<(Symbol, Symbol)> },
    /// `*`: any number of symbols except slashes.
    Star,
    /// `**/`: nothing, or any symbols that end with a slash.
    AnyDirectories,
    /// `**` at the end, or at the beginning of a pattern without other special symbols, such as `**.md`: any symbols.
    Anything,
}

/// A character, or a byte of invalid UTF-8: file names need not be UTF-8.
type Symbol = u32;

const SLASH: Symbol = '/' as Symbol;

/// Offset of the symbols for bytes of invalid UTF-8.
const INVALID_BYTES: Symbol = char::MAX as Symbol + 1;

/// The result of matching a path against a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PatternMatch {
    /// Whether the pattern matches the path or one of its parent directories.
    pub(super) matches: bool,
    /// Whether the pattern may match a path below this one.
    pub(super) may_match_below: bool,
}

impl Pattern {
    /// Parses a pattern. The error is the reason why it is not valid.
    pub(super) fn new(text: &[u8]) -> Result<Self, &'static str> {
        let mut symbols = symbols(text).peekable();
        let mut tokens = Vec::new();
        while let Some(symbol) = symbols.next() {
            let token = match char::from_u32(symbol) {
                Some('?') => Token::AnySymbol,
                Some('[') => class(&mut symbols)?,
                Some('\\') => Token::Literal(symbols.next().ok_or("`\\` at the end of the pattern")?),
                Some('*') if symbols.next_if_eq(&('*' as Symbol)).is_some() => {
                    let is_slash = symbols.next_if_eq(&SLASH).is_some();
                    let is_suffix =
                        tokens.is_empty() && !is_slash && !text[2..].iter().any(|byte| b"*?[]\\".contains(byte));
                    if symbols.peek().is_none() || is_suffix { Token::Anything } else { Token::AnyDirectories }
                }
                Some('*') => Token::Star,
                _ => Token::Literal(symbol),
            };
            tokens.push(token);
        }
        Ok(Self(tokens))
    }

    /// Returns the pattern that matches only `path` and the paths below it.
    pub(super) fn literal(path: &[u8]) -> Self {
        Self(symbols(path).map(Token::Literal).collect())
    }

    pub(super) fn match_path(&self, path: &[u8]) -> PatternMatch {
        let mut state = State::new(&self.0);
        for symbol in symbols(path) {
            let matches = symbol == SLASH && state.is_final();
            if matches || state.is_dead() {
                return PatternMatch { matches, may_match_below: matches };
            }
            state.advance(symbol);
        }
        let matches = state.is_final();
        state.advance(SLASH);
        PatternMatch { matches, may_match_below: !state.is_dead() }
    }
}

/// The set of positions in a pattern that the path so far can reach: one flag per token, and one for the end.
struct State<'a> {
    tokens: &'a [Token],
    current: Vec<bool>,
    /// The set before the last symbol.
    previous: Vec<bool>,
}

impl<'a> State<'a> {
    fn new(tokens: &'a [Token]) -> Self {
        let none = vec![false; tokens.len() + 1];
        let mut state = Self { tokens, current: none.clone(), previous: none };
        state.enter(0);
        state
    }

    /// Adds the position of a token, and the next ones after tokens that match nothing.
    ///
    /// If a flag is already set, so are those after it, so that each flag is set at most once per symbol.
    fn enter(&mut self, mut index: usize) {
        while !mem::replace(&mut self.current[index], true)
            && let Some(Token::Star | Token::AnyDirectories | Token::Anything) = self.tokens.get(index)
        {
            index += 1;
        }
    }

    fn advance(&mut self, symbol: Symbol) {
        mem::swap(&mut self.current, &mut self.previous);
        self.current.fill(false);
        let tokens = self.tokens;
        for (index, token) in tokens.iter().enumerate() {
            if !self.previous[index] {
                continue;
            }
            match token {
                Token::Literal(literal) if *literal == symbol => self.enter(index + 1),
                Token::AnySymbol if symbol != SLASH => self.enter(index + 1),
                Token::Class { negated, ranges } => {
                    let inside = ranges.iter().any(|(low, high)| (*low..=*high).contains(&symbol));
                    if inside != *negated {
                        self.enter(index + 1);
                    }
                }
                Token::Star if symbol != SLASH => self.enter(index),
                Token::AnyDirectories => {
                    // Once `**/` has matched a part of a name, it matches up to a slash.
                    self.current[index] = true;
                    if symbol == SLASH {
                        self.enter(index + 1);
                    }
                }
                Token::Anything => self.enter(index),
                Token::Literal(_) | Token::AnySymbol | Token::Star => {}
            }
        }
    }

    fn is_final(&self) -> bool {
        self.current.last() == Some(&true)
    }

    fn is_dead(&self) -> bool {
        !self.current.contains(&true)
    }
}

/// Parses a class, after its `[`.
fn class(symbols: &mut Peekable<impl Iterator<Item = Symbol>>) -> Result<Token, &'static str> {
    let negated = symbols.next_if_eq(&('^' as Symbol)).is_some();
    let mut ranges = Vec::new();
    while ranges.is_empty() || symbols.next_if_eq(&(']' as Symbol)).is_none() {
        let low = bound(symbols)?;
        let high = match symbols.next_if_eq(&('-' as Symbol)) {
            Some(_) => bound(symbols)?,
            None => low,
        };
        if low > high {
            return Err("the range in `[…]` is empty");
        }
        ranges.push((low, high));
    }
    Ok(Token::Class { negated, ranges })
}

/// Parses one end of a range.
fn bound(symbols: &mut impl Iterator<Item = Symbol>) -> Result<Symbol, &'static str> {
    const OPEN: &str = "`[` without `]`";

    let symbol = symbols.next().ok_or(OPEN)?;
    match char::from_u32(symbol) {
        Some('\\') => symbols.next().ok_or(OPEN),
        Some('-' | ']') => Err("misplaced `-` or `]` in `[…]`; escape it with `\\`"),
        _ => Ok(symbol),
    }
}

fn symbols(bytes: &[u8]) -> impl Iterator<Item = Symbol> {
    bytes.utf8_chunks().flat_map(|chunk| {
        let invalid = chunk.invalid().iter().map(|&byte| INVALID_BYTES + Symbol::from(byte));
        chunk.valid().chars().map(Symbol::from).chain(invalid)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn match_path(pattern: &str, path: &str) -> PatternMatch {
        Pattern::new(pattern.as_bytes()).unwrap().match_path(path.as_bytes())
    }

    #[track_caller]
    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        for path in matching {
            assert!(match_path(pattern, path).matches, "{pattern} should match {path}");
        }
        for path in others {
            assert!(!match_path(pattern, path).matches, "{pattern} should not match {path}");
        }
    }

    #[test]
    fn star_does_not_match_a_slash_but_double_star_does() {
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
    fn question_mark_matches_one_character_or_invalid_byte() {
        check("a?c", &["abc", "a…c"], &["a/c", "ac", "abbc"]);
        let pattern = Pattern::new(b"a?\xff").unwrap();
        assert!(pattern.match_path(b"a\xfe\xff").matches && !pattern.match_path(b"a\xfe\xfe").matches);
    }

    #[test]
    fn character_classes() {
        check("[a-cx]", &["a", "b", "x"], &["d", "-", "[a-cx]"]);
        check("[^a-c]x", &["dx", "…x"], &["ax", "x"]);
        check("a[^b]c", &["a/c"], &[]);
        check("[!a]", &["!", "a"], &["b"]);
        check("[\\]\\-]", &["]", "-"], &["a"]);
        check("a]", &["a]"], &["a"]);
    }

    #[test]
    fn backslash_escapes_the_next_character() {
        check("\\*", &["*"], &["a"]);
        check("\\#a", &["#a"], &[]);
        check("a\\\\b", &["a\\b"], &["ab"]);
        assert!(Pattern::literal(b"a*[b").match_path(b"a*[b").matches);
    }

    #[test]
    fn malformed_patterns_are_rejected() {
        for pattern in ["[", "[a", "[]", "[]a]", "[^]", "[a-", "[a-]", "[-a]", "[b-a]", "a\\", "[\\", "[a\\]"] {
            assert!(Pattern::new(pattern.as_bytes()).is_err(), "{pattern}");
        }
    }

    #[test]
    fn pattern_may_match_below() {
        for (pattern, path) in [("a/b/c", "a/b"), ("*/c", "a"), ("**/c", "a/b"), ("a/**", "a")] {
            assert!(match_path(pattern, path).may_match_below, "{pattern} {path}");
        }
        for (pattern, path) in [("a/b/c", "a/c"), ("*/c", "a/b"), ("ab", "a"), ("a/**", "b")] {
            assert!(!match_path(pattern, path).may_match_below, "{pattern} {path}");
        }
    }

    #[test]
    fn pattern_matching_time_is_bounded() {
        let path = "a/".repeat(500) + "b";
        for part in ["**/*", "**/", "*", "**/*a*", "*/**/"] {
            assert!(!match_path(&(part.repeat(200) + "/c"), &path).matches);
        }
    }

    #[test]
    fn pattern_matching_is_linear_in_the_pattern_length() {
        // Takes minutes in quadratic time.
        let pattern = "**/".repeat(16_000) + "b";
        assert!(!match_path(&pattern, &"a/".repeat(500)).matches);
        assert!(match_path(&pattern, &("a/".repeat(500) + "b")).matches);
    }

    /// The regular expression that engines translate a pattern to.
    fn engine_regex(pattern: &str) -> regex::Regex {
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
        fn patterns_match_like_the_regexes_of_engines(
            pattern in "([ab]|\\*|\\*\\*|/|\\*\\*/|\\?|\\[a\\]|\\[\\^a\\]){1,8}",
            path in "[abc]{1,3}(/[abc]{1,3}){0,4}",
        ) {
            let expected = engine_regex(&pattern);
            let parts = path.match_indices('/').map(|(index, _)| &path[..index]).chain([&*path]);
            let matches = parts.into_iter().any(|part| expected.is_match(part));
            let matched = match_path(&pattern, &path);
            prop_assert_eq!(matched.matches, matches);
            let below = ["a", "b", "ab/a", "c/b/a"].iter().any(|name| expected.is_match(&format!("{path}/{name}")));
            prop_assert!(matched.may_match_below || !below);
        }

        #[test]
        fn arbitrary_bytes_are_a_pattern_or_an_error(
            pattern in proptest::collection::vec(any::<u8>(), 0..40),
            path in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            if let Ok(pattern) = Pattern::new(&pattern) {
                let _ = pattern.match_path(&path);
            }
        }
    }
}
