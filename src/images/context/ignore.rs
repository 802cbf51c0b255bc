//! What a `.dockerignore` says about paths, with the rules of engines.
//!
//! A line is a pattern, and excludes what matches it, and all that lies in it; behind `!` it takes back what lines before
//! it excluded. The last line that matches is right. This module does no IO.
//!
//! That is what Docker documents, and where its versions disagree, it is what holds here. The builder before BuildKit
//! does not look into a directory that is left out unless a line behind `!` begins with its very name; since 2022, both
//! overlook that such a line matches a directory if no line before it does; and until then, `**.md` meant `**/.md`.

use super::pattern::Pattern;

/// The rules of a `.dockerignore`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ignore(Vec<Rule>);

#[derive(Clone, Debug)]
struct Rule {
    pattern: Pattern,
    takes_back: bool,
}

/// What becomes of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Sent,
    /// Left out, but if it is a directory, something in it may be sent.
    InParts,
    LeftOut,
}

/// A line that makes no sense.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// Its number, from 1.
    pub(crate) line: usize,
    pub(crate) text: String,
    pub(crate) why: &'static str,
}

impl Ignore {
    /// Reads the lines of a file.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Mistake> {
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        let mut rules = Vec::new();
        for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
            let text = || String::from_utf8_lossy(trim(line)).into_owned();
            rules.extend(rule(line).map_err(|why| Mistake { line: index + 1, text: text(), why })?);
        }
        Ok(Self(rules))
    }

    /// Sends `path`, whatever was said before.
    pub(crate) fn keep(&mut self, path: &[u8]) {
        self.0.push(Rule { pattern: Pattern::literal(path), takes_back: true });
    }

    /// What becomes of `path`, which is relative, with slashes, and clean.
    pub(crate) fn verdict(&self, path: &[u8]) -> Verdict {
        let mut in_parts = false;
        for rule in self.0.iter().rev() {
            let reach = rule.pattern.reach(path);
            match (reach.matches, rule.takes_back) {
                (true, true) => return Verdict::Sent,
                (true, false) if in_parts => return Verdict::InParts,
                (true, false) => return Verdict::LeftOut,
                (false, takes_back) => in_parts |= takes_back && reach.goes_on,
            }
        }
        Verdict::Sent
    }
}

/// The rule in a line, if it holds one.
fn rule(line: &[u8]) -> Result<Option<Rule>, &'static str> {
    let text = trim(line);
    if line.starts_with(b"#") || text.is_empty() {
        return Ok(None);
    }
    let (takes_back, text) = match text.strip_prefix(b"!") {
        Some(text) => (true, trim(text)),
        None => (false, text),
    };
    let path = clean(text);
    if takes_back && (text.is_empty() || path.is_empty()) {
        return Err("nothing stands behind the `!`");
    }
    Ok(Some(Rule { pattern: Pattern::new(&path)?, takes_back }))
}

/// Without the blanks around it.
fn trim(text: &[u8]) -> &[u8] {
    match std::str::from_utf8(text) {
        Ok(text) => text.trim().as_bytes(),
        Err(_) => text.trim_ascii(),
    }
}

/// The pattern without `.`, `..`, doubled slashes and slashes around it; they are taken by their letters, as Go does.
fn clean(text: &[u8]) -> Vec<u8> {
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

    /// What becomes of the paths, a letter each: sent, in parts, left out.
    fn verdicts(lines: &str, paths: &[&str]) -> String {
        let rules = rules(lines);
        let letter = |path: &&str| match rules.verdict(path.as_bytes()) {
            Verdict::Sent => 's',
            Verdict::InParts => 'p',
            Verdict::LeftOut => '-',
        };
        paths.iter().map(letter).collect()
    }

    #[test]
    fn what_matches_is_left_out_with_all_that_lies_in_it() {
        assert_eq!(verdicts("", &["a", "a/b"]), "ss");
        assert_eq!(verdicts("a\n*.md", &["a", "a/b", "b/a", "c.md", "b/c.md"]), "--s-s");
        assert_eq!(verdicts("**/a", &["a", "b/a/c", "b"]), "--s");
    }

    #[test]
    fn the_last_line_that_matches_is_right() {
        assert_eq!(verdicts("*.md\n!a.md", &["a.md", "b.md"]), "s-");
        assert_eq!(verdicts("!a.md\n*.md", &["a.md", "b.md"]), "--");
        assert_eq!(verdicts("a\n!a/b\na/b/c", &["a", "a/b", "a/b/c", "a/b/d", "a/c"]), "ps-s-");
    }

    #[test]
    fn a_directory_is_looked_into_only_if_something_in_it_may_be_sent() {
        assert_eq!(verdicts("*\n!a/b/c", &["a", "a/b", "a/b/c", "a/c", "b"]), "pps--");
        assert_eq!(verdicts("*\n!**/c", &["a", "a/c", "a/b"]), "psp");
        assert_eq!(verdicts("a\n!a/b\na", &["a", "a/b"]), "--");
    }

    #[test]
    fn lines_are_tidied_and_comments_and_blank_ones_skipped() {
        let text = "\u{feff}# no\n\n  /a/ \r\n#b\n\t./c//d/../e\u{a0}\n #f\n!  /a/g\n../h\n.\n/\n";
        assert_eq!(verdicts(text, &["a", "a/g", "c", "c/e", "#f", "b", "h"]), "pss--ss");
        assert_eq!(verdicts("a\\ \u{2028}b", &["a \u{2028}b"]), "-");
    }

    #[test]
    fn what_is_kept_is_sent_whatever_the_lines_say() {
        let mut rules = rules("*\n**/Dockerfile");
        rules.keep(b"docker/Dockerfile");
        assert_eq!(rules.verdict(b"docker"), Verdict::InParts);
        assert_eq!(rules.verdict(b"docker/Dockerfile"), Verdict::Sent);
        assert_eq!(rules.verdict(b"other/Dockerfile"), Verdict::LeftOut);
    }

    #[test]
    fn a_line_that_makes_no_sense_is_named() {
        let mistake = Ignore::parse(b"a\n\n  [b \n").unwrap_err();
        assert_eq!(mistake, Mistake { line: 3, text: "[b".into(), why: "a `[` has no `]`" });
        for lines in ["!", "! ", "!/", "a\\"] {
            assert_eq!(Ignore::parse(lines.as_bytes()).unwrap_err().line, 1, "{lines}");
        }
    }
}
