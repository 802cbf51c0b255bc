//! Command lines: a command and its arguments.

use serde_json::Value;

/// A command and its arguments.
pub(crate) type Argv = Vec<String>;

/// Parses a JSON value that is a list of strings or one string, as engines accept for commands.
pub(crate) fn words(value: &Value) -> Argv {
    match value {
        Value::String(word) => vec![word.clone()],
        Value::Array(words) => words.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}
