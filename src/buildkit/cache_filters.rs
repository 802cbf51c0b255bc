//! Filters of the build cache, in BuildKit's syntax.

use crate::{Error, Filters, Result};

/// Fields without a value.
const FLAGS: [&str; 5] = ["immutable", "inuse", "mutable", "private", "shared"];

/// Returns the filters as BuildKit expects them: a record matches if it matches one of the expressions.
pub(super) fn expressions(filters: &Filters) -> Result<Vec<String>> {
    let mut expressions = Vec::new();
    for (key, values) in filters.entries() {
        let conditions = match values.is_empty() {
            true => vec![field(key)?.to_owned()],
            false => values.iter().map(|value| condition(key, value)).collect::<Result<_>>()?,
        };
        expressions = match expressions.is_empty() {
            true => conditions,
            false => expressions
                .iter()
                .flat_map(|start| conditions.iter().map(move |end| format!("{start},{end}")))
                .collect(),
        };
    }
    Ok(expressions)
}

/// Returns the condition, with the operators that `docker buildx` uses.
fn condition(key: &str, value: &str) -> Result<String> {
    let value = match (FLAGS.contains(&key), value) {
        (false, value) => quoted(value),
        (true, "true") => return Ok(key.to_owned()),
        (true, _) => return Err(Error::invalid_input(format!("invalid filter {key:?}: expected the value \"true\""))),
    };
    match key.strip_suffix(['!', '~']) {
        Some(name) => field(name).map(|_| format!("{key}={value}")),
        None if key == "id" => Ok(format!("id~={value}")),
        None => field(key).map(|key| format!("{key}=={value}")),
    }
}

/// Checks the name of a field.
fn field(name: &str) -> Result<&str> {
    let is_valid = name
        .split('.')
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
    if is_valid { Ok(name) } else { Err(Error::invalid_input(format!("invalid filter name {name:?}"))) }
}

/// Returns the value as a Go string literal.
fn quoted(value: &str) -> String {
    let mut literal = String::from("\"");
    for character in value.chars() {
        match character {
            '"' | '\\' => literal.extend(['\\', character]),
            character if character.is_control() => literal.push_str(&format!("\\u{:04x}", u32::from(character))),
            character => literal.push(character),
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expressions_of<const N: usize>(filters: [(&str, &[&str]); N]) -> Result<Vec<String>> {
        expressions(&filters.into_iter().map(|(key, values)| (key, values.iter().copied())).collect())
    }

    #[test]
    fn cache_filters_are_expressions() {
        assert_eq!(expressions_of([]).unwrap(), [""; 0]);
        assert_eq!(expressions_of([("type", &["regular"])]).unwrap(), [r#"type=="regular""#]);
        assert_eq!(expressions_of([("inuse", &["true"]), ("shared", &[])]).unwrap(), ["inuse,shared"]);
        assert_eq!(
            expressions_of([("description~", &["apt|apk"]), ("id", &["k3v1"]), ("type!", &["frontend"])]).unwrap(),
            [r#"description~="apt|apk",id~="k3v1",type!="frontend""#]
        );
        assert_eq!(
            expressions_of([("id", &["a", "b"]), ("private", &["true"]), ("type", &["internal", "regular"])]).unwrap(),
            [
                r#"id~="a",private,type=="internal""#,
                r#"id~="a",private,type=="regular""#,
                r#"id~="b",private,type=="internal""#,
                r#"id~="b",private,type=="regular""#,
            ]
        );
        let quoted = expressions_of([("description", &["a\"b\\c,\n\u{e9}"])]).unwrap();
        assert_eq!(quoted, ["description==\"a\\\"b\\\\c,\\u000a\u{e9}\""]);
    }

    #[test]
    fn cache_filters_must_be_valid() {
        for (key, values) in
            [("inuse", &["no"][..]), ("", &["a"]), ("a,b", &["a"]), ("a==b", &[]), ("a.", &["b"]), ("!", &["a"])]
        {
            let error = expressions_of([(key, values)]).unwrap_err();
            assert!(error.is_bad_request() && error.to_string().contains("filter"), "{key}: {error}");
        }
    }
}
