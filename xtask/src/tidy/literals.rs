//! A scanner that finds comments and string literals in Rust source.

/// A comment or a string literal.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    /// Number of the line in which it begins, from 1.
    pub(super) line: usize,
    pub(super) text: &'a str,
    pub(super) is_comment: bool,
}

/// Returns the line comments and string literals of a source file. Block comments are not used in this project.
pub(super) fn pieces(source: &str) -> Vec<Piece<'_>> {
    let (mut found, mut rest, mut line) = (Vec::new(), source, 1);
    while let Some(first) = rest.chars().next() {
        let (length, piece) = if rest.starts_with("//") {
            let length = rest.find('\n').unwrap_or(rest.len());
            (length, Some((&rest[..length], true)))
        } else if let Some(hashes) = raw_string(rest) {
            let end = format!("\"{}", "#".repeat(hashes));
            let start = hashes + 2;
            let text = &rest[start..start + rest[start..].find(&end).unwrap_or(rest.len() - start)];
            (start + text.len() + end.len(), Some((text, false)))
        } else if first == '"' {
            let text = &rest[1..1 + string_length(&rest[1..])];
            (text.len() + 2, Some((text, false)))
        } else {
            (char_literal(rest).unwrap_or(first.len_utf8()), None)
        };
        if let Some((text, is_comment)) = piece {
            found.push(Piece { line, text, is_comment });
        }
        let (passed, remaining) = rest.split_at(length.min(rest.len()));
        line += passed.matches('\n').count();
        rest = remaining;
    }
    found
}

/// The number of hashes of the raw string literal at the beginning of `text`, if there is one.
fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// The number of bytes before the quote that ends a string literal.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.unwrap_or(text.len())
}

/// The number of bytes of the character literal at the beginning of `text`, if it is one and not a lifetime.
fn char_literal(text: &str) -> Option<usize> {
    let after = text.strip_prefix('\'')?;
    if after.starts_with('\\') {
        return after[2..].find('\'').map(|end| end + 4);
    }
    let character = after.chars().next()?;
    after[character.len_utf8()..].starts_with('\'').then_some(character.len_utf8() + 2)
}

#[test]
fn scanner_finds_comments_and_strings() {
    let source = "let a = \"x \\\" // y\"; // z\nlet b = r#\"a \"b\" c\"#; let c = '\"'; fn f<'a>() {}\n/// \"d\"\n";
    let found: Vec<_> = pieces(source).into_iter().map(|piece| (piece.line, piece.text, piece.is_comment)).collect();
    let expected = [(1, "x \\\" // y", false), (1, "// z", true), (2, "a \"b\" c", false), (3, "/// \"d\"", true)];
    assert_eq!(found, expected);
}
