//! OpenAPI Overlay 1.0: a list of actions, each of which updates or removes its target.
//!
//! An action that removes can name a replacement: `x-instead: use X`.

use anyhow::{Context, Error, Result, bail, ensure};
use serde_json::Value;
use serde_json_path::{JsonPath, NormalizedPath};

/// Applies each action of `overlay` to `document`, in order. The result must pass `check`.
pub(super) fn apply(document: &Value, overlay: &Value, check: fn(&Value) -> Result<()>) -> Result<Value> {
    ensure!(overlay["overlay"] == "1.0.0", "not an overlay of version 1.0.0");
    let actions = overlay["actions"].as_array().context("no actions")?;
    let mut result = document.clone();
    for (index, action) in actions.iter().enumerate() {
        act(&mut result, action).with_context(|| name(index, action))?;
    }
    match check(&result) {
        Ok(()) => Ok(result),
        Err(error) => Err(add_action(document, actions, check, error)),
    }
}

/// The replacement for the target of an action that removes.
#[derive(Clone, Debug)]
pub(super) struct Replacement {
    target: String,
    instead: String,
}

/// The replacements in the actions of `overlay`.
pub(super) fn replacements(overlay: &Value) -> Vec<Replacement> {
    let actions = overlay["actions"].as_array().into_iter().flatten();
    let replacements = actions.filter_map(|action| {
        Some(Replacement {
            target: action["target"].as_str()?.to_owned(),
            instead: action["x-instead"].as_str()?.to_owned(),
        })
    });
    replacements.collect()
}

/// Adds `x-instead` to the target of `replacement`, which is still in `document`.
pub(super) fn add_instead(document: &mut Value, replacement: &Replacement) -> Result<()> {
    for pointer in targets(document, &replacement.target)? {
        if let Some(Value::Object(node)) = document.pointer_mut(&pointer) {
            node.insert("x-instead".into(), replacement.instead.clone().into());
        }
    }
    Ok(())
}

/// Adds the action that caused `error` as its context.
fn add_action(document: &Value, actions: &[Value], check: fn(&Value) -> Result<()>, error: Error) -> Error {
    let mut document = document.clone();
    for (index, action) in actions.iter().enumerate() {
        let caused = act(&mut document, action).and_then(|()| check(&document)).err();
        if caused.is_some_and(|caused| format!("{caused:#}") == format!("{error:#}")) {
            return error.context(name(index, action));
        }
    }
    error
}

fn name(index: usize, action: &Value) -> String {
    format!("action {} (target {})", index + 1, action["target"].as_str().unwrap_or_default())
}

fn act(document: &mut Value, action: &Value) -> Result<()> {
    let pointers = targets(document, action["target"].as_str().unwrap_or_default())?;
    ensure!(!pointers.is_empty(), "the target matches nothing");

    let removes = action["remove"].as_bool().unwrap_or(false);
    ensure!(removes || action.get("x-instead").is_none(), "x-instead requires remove");
    match (removes, action.get("update")) {
        // In reverse, so that the indices of array elements stay valid.
        (true, None) => pointers.iter().rev().try_for_each(|pointer| remove(document, pointer)),
        (false, Some(update)) => pointers.iter().try_for_each(|pointer| {
            let node = document.pointer_mut(pointer).context("the target no longer exists")?;
            ensure!(node.is_object() || node.is_array(), "only objects and arrays can be updated");
            merge(node, update);
            Ok(())
        }),
        _ => bail!("an action has either update or remove"),
    }
}

/// JSON pointers to the nodes of `document` that match `path`.
fn targets(document: &Value, path: &str) -> Result<Vec<String>> {
    let path = JsonPath::parse(path)?;
    Ok(path.query_located(document).locations().map(NormalizedPath::to_json_pointer).collect())
}

/// Objects are merged key by key, arrays are appended to, anything else is replaced.
fn merge(node: &mut Value, update: &Value) {
    match (node, update) {
        (Value::Object(node), Value::Object(update)) => {
            for (key, value) in update {
                match node.get_mut(key) {
                    Some(present) => merge(present, value),
                    None => {
                        node.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        (Value::Array(node), Value::Array(update)) => node.extend(update.iter().cloned()),
        (Value::Array(node), update) => node.push(update.clone()),
        (node, update) => *node = update.clone(),
    }
}

fn remove(document: &mut Value, pointer: &str) -> Result<()> {
    let (parent, key) = pointer.rsplit_once('/').context("the root cannot be removed")?;
    match document.pointer_mut(parent) {
        Some(Value::Object(parent)) => {
            parent.shift_remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(parent)) => {
            parent.remove(key.parse()?);
        }
        _ => bail!("the target no longer exists"),
    }
    Ok(())
}
