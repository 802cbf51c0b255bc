//! Where in a document an error is, as a path: `[1].Ports[0].PrivatePort`.
//!
//! serde tells a line and a column. To decode once more with a record of the way would
//! tell the path too, but every type would be compiled twice for it.

use std::fmt::Write as _;

/// A step of the way into a document.
enum Step {
    /// Into an object, by the name of a field once there is one.
    Field(Option<String>),
    /// Into a list.
    Item(usize),
}

/// The path to the value in `document` at which decoding failed with `error`; the document may be an item of a list.
pub(super) fn of(error: &serde_json::Error, document: &[u8], index: Option<usize>) -> String {
    let lines = document.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines.take(error.line().saturating_sub(1)).map(<[u8]>::len).sum();
    let end = document.len().min(before + error.column());
    at(&document[..end], index)
}

/// The path to where `document` breaks off; it may be an item of a list.
pub(super) fn at(document: &[u8], index: Option<usize>) -> String {
    let way = way(document, index);
    if way.is_empty() { "its beginning or its end".to_owned() } else { way }
}

/// The same, empty for the whole document.
fn way(document: &[u8], index: Option<usize>) -> String {
    let mut steps = Vec::from_iter(index.map(Step::Item));
    let mut rest = document;
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'{' => steps.push(Step::Field(None)),
            b'[' => steps.push(Step::Item(0)),
            b'}' | b']' => drop(steps.pop()),
            b',' => match steps.last_mut() {
                Some(Step::Item(index)) => *index += 1,
                Some(Step::Field(name)) => *name = None,
                None => {}
            },
            b'"' => {
                let (text, behind) = rest.split_at(string(rest));
                rest = behind;
                if let Some(Step::Field(name @ None)) = steps.last_mut() {
                    let text = text.strip_suffix(b"\"").unwrap_or(text);
                    *name = Some(String::from_utf8_lossy(text).into_owned());
                }
            }
            _ => {}
        }
    }
    written(&steps)
}

/// How long a string is, from behind its opening quote to behind its closing one.
fn string(text: &[u8]) -> usize {
    let mut escaped = false;
    let closing = text.iter().position(|byte| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    });
    closing.map_or(text.len(), |index| index + 1)
}

fn written(steps: &[Step]) -> String {
    steps.iter().fold(String::new(), |mut path, step| {
        // Writing into a string does not fail.
        let _ = match step {
            Step::Field(None) => Ok(()),
            Step::Field(Some(name)) if path.is_empty() => write!(path, "{name}"),
            Step::Field(Some(name)) => write!(path, ".{name}"),
            Step::Item(index) => write!(path, "[{index}]"),
        };
        path
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::de::DeserializeOwned;

    use crate::models::{ContainerInspect, ContainerSummary, Port};

    /// Where `document` is no `T`.
    #[track_caller]
    fn place<T: DeserializeOwned>(document: &str) -> String {
        super::of(&serde_json::from_str::<T>(document).err().unwrap(), document.as_bytes(), None)
    }

    #[test]
    fn an_error_is_where_the_value_is() {
        assert_eq!(place::<ContainerInspect>(r#"{"Id":"a","State":{"Running":2,"Pid":1}}"#), "State.Running");
        assert_eq!(place::<ContainerInspect>("{\"Id\":\n\"a\",\n \"State\":{\"Pid\":\n\"one\"}}"), "State.Pid");
        assert_eq!(
            place::<Vec<ContainerSummary>>(r#"[{"Id":"a","Ports":[{},{"PrivatePort":"x"}]}]"#),
            "[0].Ports[1].PrivatePort"
        );
        assert_eq!(place::<ContainerInspect>(r#"{"Id":"a","Args":[[],"b"]}"#), "Args[0]");
        assert_eq!(place::<ContainerInspect>(r#"{"Id":"a","Args":["b",{"c":1}]}"#), "Args[1]");
    }

    #[test]
    fn a_field_that_is_missing_is_missing_in_its_object() {
        assert_eq!(place::<Vec<ContainerSummary>>(r#"[{"Id":"a"},{"Names":["b"]}]"#), "[1]");
    }

    #[test]
    fn names_may_look_like_anything() {
        let ports = r#"{"a\"},[:{":{"PrivatePort":80},"b, c":{"PrivatePort":{}}}"#;
        assert_eq!(place::<HashMap<String, Port>>(ports), "b, c.PrivatePort");
        assert_eq!(place::<HashMap<String, Port>>(r#"{"é\\":{"PrivatePort":true}}"#), r"é\\.PrivatePort");
    }

    #[test]
    fn what_is_no_document_has_a_place_too() {
        for document in ["", "null", "7", "{} x", "page not found\n"] {
            assert_eq!(place::<Port>(document), "its beginning or its end", "{document:?}");
        }
        assert_eq!(place::<Port>(r#"{"PrivatePort":8"#), "PrivatePort");
        assert_eq!(place::<Port>(r#"{"Type":"tc"#), "Type");
    }

    proptest::proptest! {
        #[test]
        fn no_document_is_too_strange(document in r#"[\{\}\[\]",:\\a1 \n]*"#) {
            if let Err(error) = serde_json::from_str::<Port>(&document) {
                super::of(&error, document.as_bytes(), None);
            }
        }
    }
}
