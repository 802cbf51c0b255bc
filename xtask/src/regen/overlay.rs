//! OpenAPI Overlay 1.0: a list of actions, each a target and what becomes of it.
//!
//! An action that removes may say `x-instead: what to use in its place`.

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
        Err(error) => Err(blame(document, actions, check, error)),
    }
}

/// What to use in place of what an action removes.
#[derive(Clone, Debug)]
pub(super) struct Advice {
    target: String,
    instead: String,
}

/// The advice that the actions of `overlay` give.
pub(super) fn advice(overlay: &Value) -> Vec<Advice> {
    let actions = overlay["actions"].as_array().into_iter().flatten();
    let advice = actions.filter_map(|action| {
        Some(Advice {
            target: action["target"].as_str()?.to_owned(),
            instead: action["x-instead"].as_str()?.to_owned(),
        })
    });
    advice.collect()
}

/// Writes `advice` on what it is about, which is still in `document`.
pub(super) fn note(document: &mut Value, advice: &Advice) -> Result<()> {
    for pointer in targets(document, &advice.target)? {
        if let Some(Value::Object(node)) = document.pointer_mut(&pointer) {
            node.insert("x-instead".into(), advice.instead.clone().into());
        }
    }
    Ok(())
}

/// Says which action brought `error` in.
fn blame(document: &Value, actions: &[Value], check: fn(&Value) -> Result<()>, error: Error) -> Error {
    let mut document = document.clone();
    for (index, action) in actions.iter().enumerate() {
        let brought_in = act(&mut document, action).and_then(|()| check(&document)).err();
        if brought_in.is_some_and(|brought_in| format!("{brought_in:#}") == format!("{error:#}")) {
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
    ensure!(!pointers.is_empty(), "it matches nothing");

    let removes = action["remove"].as_bool().unwrap_or(false);
    ensure!(removes || action.get("x-instead").is_none(), "only what is removed has something in its place");
    match (removes, action.get("update")) {
        // Backwards, so that the elements of an array keep their places until their turn.
        (true, None) => pointers.iter().rev().try_for_each(|pointer| remove(document, pointer)),
        (false, Some(update)) => pointers.iter().try_for_each(|pointer| {
            let node = document.pointer_mut(pointer).context("it is gone")?;
            ensure!(node.is_object() || node.is_array(), "only objects and arrays can be updated");
            merge(node, update);
            Ok(())
        }),
        _ => bail!("an action either updates or removes"),
    }
}

/// Where in `document` the nodes are that `path` is about.
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
    let (parent, key) = pointer.rsplit_once('/').context("the whole document cannot be removed")?;
    match document.pointer_mut(parent) {
        Some(Value::Object(parent)) => {
            parent.shift_remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(parent)) => {
            parent.remove(key.parse()?);
        }
        _ => bail!("it is gone"),
    }
    Ok(())
}
