//! Texts that are redacted on demand, and their replacement.

use std::cmp::Reverse;

use serde_json::Value;

use super::redact::REDACTED;
use crate::request::decoded;

/// The texts to replace, and their forms in JSON.
#[derive(Clone, Default)]
pub(super) struct Texts {
    /// The longest first, because one can be a part of another.
    forms: Vec<String>,
}

impl Texts {
    /// Adds a text, and the forms that it has in JSON that is a part of other text.
    pub(super) fn add(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let quoted = Value::from(text).to_string();
        let escaped = quoted[1..quoted.len() - 1].to_owned();
        // Go also escapes the special characters of HTML.
        let escaped_by_go = escaped.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
        for form in [text.to_owned(), escaped, escaped_by_go] {
            if !self.forms.contains(&form) {
                self.forms.push(form);
            }
        }
        self.forms.sort_by_key(|form| Reverse(form.len()));
    }

    pub(super) fn forms(&self) -> &[String] {
        &self.forms
    }

    /// Replaces the texts. Texts that were replaced before are not changed.
    pub(super) fn redact(&self, text: &mut String) {
        if !self.forms.iter().any(|form| text.contains(form.as_str())) {
            return;
        }
        let (mut redacted, mut rest) = (String::with_capacity(text.len()), text.as_str());
        while let Some(next) = rest.chars().next() {
            let secrets = [REDACTED].into_iter().chain(self.forms.iter().map(String::as_str));
            let after = secrets.filter_map(|secret| rest.strip_prefix(secret)).next();
            match after {
                Some(_) => redacted.push_str(REDACTED),
                None => redacted.push(next),
            }
            rest = after.unwrap_or(&rest[next.len_utf8()..]);
        }
        *text = redacted;
    }

    /// Replaces each segment of a path that contains a text or a part of one, however it is percent-encoded.
    pub(super) fn redact_path(&self, path: &mut String) {
        let segments: Vec<&str> = path.split('/').collect();
        let decoded: Vec<String> = segments.iter().map(|segment| decoded(segment)).collect();
        let whole = decoded.join("/");
        let found = |form: &String| {
            let length = form.len();
            whole.match_indices(form.as_str()).map(move |(start, _)| start..start + length).collect::<Vec<_>>()
        };
        let found: Vec<_> = self.forms.iter().flat_map(found).collect();
        let mut start = 0;
        let redacted = segments.iter().zip(&decoded).map(|(segment, decoded)| {
            let end = start + decoded.len();
            let is_secret = found.iter().any(|range| range.start.max(start) < range.end.min(end));
            start = end + 1;
            if is_secret { REDACTED } else { segment }
        });
        let redacted = redacted.collect::<Vec<_>>().join("/");
        *path = redacted;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(all: &[&str]) -> Texts {
        let mut texts = Texts::default();
        all.iter().for_each(|text| texts.add(text));
        texts
    }

    #[test]
    fn path_is_redacted_by_decoded_segments() {
        for (secret, path, expected) in [
            ("a b", "/v1.41/containers/a%20b/json", "/v1.41/containers/[redacted]/json"),
            ("a-b/c", "/images/x/a-b%2Fc%3A1/json", "/images/x/[redacted]/json"),
            ("a-b/c", "/images/a-b/c:1/json", "/images/[redacted]/[redacted]/json"),
            ("secret", "/s%65cret/sec/ret", "/[redacted]/sec/ret"),
            ("secret", "/sec%2Fret", "/sec%2Fret"),
        ] {
            let mut path = path.to_owned();
            texts(&[secret]).redact_path(&mut path);
            assert_eq!(path, expected);
        }
    }

    #[test]
    fn longest_text_is_replaced_once_in_all_forms() {
        let texts = texts(&["red", "secret", "secret red", "red", "a\"b\\c\nd", "<&>"]);
        assert_eq!(texts.forms().len(), 7);
        for (text, expected) in [
            ("secret red, secret", "[redacted], [redacted]"),
            ("[redacted] red", "[redacted] [redacted]"),
            (r#"{"x":"a\"b\\c\nd"}"#, r#"{"x":"[redacted]"}"#),
            (r#"{"x":"\u003c\u0026\u003e"}"#, r#"{"x":"[redacted]"}"#),
            ("a\"b\\c\nd é", "[redacted] é"),
        ] {
            let mut text = text.to_owned();
            texts.redact(&mut text);
            assert_eq!(text, expected);
        }
    }
}
