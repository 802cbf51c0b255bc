//! The path of an error in a JSON document, such as `[1].Ports[0].PrivatePort`.
//!
//! serde reports only the line and the column. Decoding again while recording the path would compile every type twice, so
//! the path is found by scanning the text up to the error.

use std::fmt::Write as _;

use crate::error;

/// Maximum number of steps in a path. Types are less deep; only skipped fields are deeper.
const MAX_STEPS: usize = 16;

/// Maximum length of a path, in bytes.
const MAX_PATH: usize = 200;

/// Maximum length of the name of a field, in bytes. The API has no longer one.
const MAX_NAME: usize = 40;

/// A path in a document. The names of fields are borrowed from its text.
struct JsonPath<'a> {
    /// The outermost steps.
    steps: Vec<Step<'a>>,
    /// Number of further steps inside them.
    deeper: usize,
}

/// A step of a path.
enum Step<'a> {
    /// Into an object: the name of the field, once it was read.
    Field(Option<&'a [u8]>),
    /// Into a list: the index of the item.
    Item(usize),
}

/// The path to the value in `document` at which decoding failed with `error`; empty for the whole document, which may be
/// an item of a list.
pub(in crate::generated) fn of(error: &serde_json::Error, document: &[u8], index: Option<usize>) -> String {
    let lines = document.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines.take(error.line().saturating_sub(1)).map(<[u8]>::len).sum();
    let end = document.len().min(before + error.column());
    at(&document[..end], index)
}

/// The path to the end of a truncated `document`; empty for the whole document, which may be an item of a list.
pub(in crate::generated) fn at(document: &[u8], index: Option<usize>) -> String {
    let mut path = JsonPath::to_end(document, index).to_text();
    error::cut(&mut path, MAX_PATH);
    path
}

impl<'a> JsonPath<'a> {
    /// The path to the end of `document`, which may be an item of a list.
    fn to_end(document: &'a [u8], index: Option<usize>) -> Self {
        let mut path = Self { steps: Vec::with_capacity(MAX_STEPS), deeper: 0 };
        path.steps.extend(index.map(Step::Item));
        let mut rest = document;
        while let Some((byte, after)) = rest.split_first() {
            rest = after;
            match byte {
                b'{' => path.enter(Step::Field(None)),
                b'[' => path.enter(Step::Item(0)),
                b'}' | b']' => path.leave(),
                b',' => match path.last() {
                    Some(Step::Item(index)) => *index += 1,
                    Some(Step::Field(name)) => *name = None,
                    None => {}
                },
                b'"' => {
                    let (text, after) = rest.split_at(string(rest));
                    rest = after;
                    if let Some(Step::Field(name @ None)) = path.last() {
                        *name = Some(text.strip_suffix(b"\"").unwrap_or(text));
                    }
                }
                _ => {}
            }
        }
        path
    }

    fn enter(&mut self, step: Step<'a>) {
        if self.steps.len() < MAX_STEPS {
            self.steps.push(step);
        } else {
            self.deeper += 1;
        }
    }

    fn leave(&mut self) {
        match self.deeper.checked_sub(1) {
            Some(deeper) => self.deeper = deeper,
            None => drop(self.steps.pop()),
        }
    }

    /// The innermost step, if it is known.
    fn last(&mut self) -> Option<&mut Step<'a>> {
        if self.deeper > 0 { None } else { self.steps.last_mut() }
    }

    /// The path as text.
    fn to_text(&self) -> String {
        let path = self.steps.iter().fold(String::new(), |mut path, step| {
            // Writing into a string does not fail.
            let _ = match step {
                Step::Field(None) => Ok(()),
                Step::Field(Some(field)) if path.is_empty() => write!(path, "{}", name(field)),
                Step::Field(Some(field)) => write!(path, ".{}", name(field)),
                Step::Item(index) => write!(path, "[{index}]"),
            };
            path
        });
        if self.deeper > 0 { path + "…" } else { path }
    }
}

/// The name of a field, or `*` if it cannot be one, as most keys of maps, such as labels and paths.
fn name(field: &[u8]) -> &str {
    let is_name =
        |name: &&str| name.len() <= MAX_NAME && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    str::from_utf8(field).ok().filter(is_name).unwrap_or("*")
}

/// The length of a string after its opening quote, including the closing one.
fn string(text: &[u8]) -> usize {
    let mut escaped = false;
    let closing = text.iter().position(|byte| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    });
    closing.map_or(text.len(), |index| index + 1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::de::DeserializeOwned;

    use crate::models::{ContainerInspect, ContainerSummary, Port};

    /// The path at which `document` is not a valid `T`.
    #[track_caller]
    fn path_of<T: DeserializeOwned>(document: &str) -> String {
        super::of(&serde_json::from_str::<T>(document).err().unwrap(), document.as_bytes(), None)
    }

    #[test]
    fn json_path_of_an_invalid_value() {
        assert_eq!(path_of::<ContainerInspect>(r#"{"Id":"a","State":{"Running":2,"Pid":1}}"#), "State.Running");
        assert_eq!(path_of::<ContainerInspect>("{\"Id\":\n\"a\",\n \"State\":{\"Pid\":\n\"one\"}}"), "State.Pid");
        assert_eq!(
            path_of::<Vec<ContainerSummary>>(r#"[{"Id":"a","Ports":[{},{"PrivatePort":"x"}]}]"#),
            "[0].Ports[1].PrivatePort"
        );
        assert_eq!(path_of::<ContainerInspect>(r#"{"Id":"a","Args":[[],"b"]}"#), "Args[0]");
        assert_eq!(path_of::<ContainerInspect>(r#"{"Id":"a","Args":["b",{"c":1}]}"#), "Args[1].c");
    }

    #[test]
    fn json_path_of_a_missing_field_is_its_object() {
        assert_eq!(path_of::<Vec<ContainerSummary>>(r#"[{"Id":"a"},{"Names":["b"]}]"#), "[1]");
    }

    #[test]
    fn json_path_with_special_characters_in_names() {
        let ports = r#"{"a\"},[:{":{"PrivatePort":80},"b, c":{"PrivatePort":{}}}"#;
        assert_eq!(path_of::<HashMap<String, Port>>(ports), "*.PrivatePort");
        assert_eq!(path_of::<HashMap<String, Port>>(r#"{"é\\":{"PrivatePort":true}}"#), "*.PrivatePort");
        assert_eq!(path_of::<HashMap<String, Port>>(r#"{"80/tcp":{"PrivatePort":true}}"#), "*.PrivatePort");
    }

    #[test]
    fn json_path_in_other_values_and_truncated_documents() {
        for document in ["", "null", "7", "{} x", "page not found\n"] {
            assert_eq!(path_of::<Port>(document), "", "{document:?}");
        }
        assert_eq!(path_of::<Port>(r#"{"PrivatePort":8"#), "PrivatePort");
        assert_eq!(path_of::<Port>(r#"{"Type":"tc"#), "Type");
    }

    #[test]
    fn json_path_is_bounded() {
        let deep = format!("{{\"New\":{}", "[".repeat(1 << 20));
        assert_eq!(path_of::<Port>(&deep), format!("New{}…", "[0]".repeat(15)));
        let after = format!("{{\"New\":{}{},\"PrivatePort\":[]}}", "[".repeat(200), "]".repeat(200));
        assert_eq!(path_of::<Port>(&after), "PrivatePort", "the path after a deep value is known");
        let long = format!("{{\"{}\":1:", "a".repeat(1 << 20));
        assert_eq!(path_of::<HashMap<String, u8>>(&long), "*");
    }

    proptest::proptest! {
        #[test]
        fn json_path_of_any_error(document in r#"[\{\}\[\]",:\\a1 \n]*"#) {
            if let Err(error) = serde_json::from_str::<Port>(&document) {
                super::of(&error, document.as_bytes(), None);
            }
        }
    }
}
