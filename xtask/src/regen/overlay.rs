//! OpenAPI Overlay 1.0: a list of actions, each a target and what becomes of it.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use serde_json_path::{JsonPath, NormalizedPath};

/// Applies each action of `overlay` to `document`, in order.
pub(super) fn apply(document: &Value, overlay: &Value) -> Result<Value> {
    ensure!(overlay["overlay"] == "1.0.0", "not an overlay of version 1.0.0");
    let actions = overlay["actions"].as_array().context("no actions")?;
    let mut result = document.clone();
    for (index, action) in actions.iter().enumerate() {
        let target = action["target"].as_str().unwrap_or_default();
        act(&mut result, action, target).with_context(|| format!("action {} (target {target})", index + 1))?;
    }
    Ok(result)
}

fn act(document: &mut Value, action: &Value, target: &str) -> Result<()> {
    let path = JsonPath::parse(target)?;
    let pointers: Vec<String> = path.query_located(document).locations().map(NormalizedPath::to_json_pointer).collect();
    ensure!(!pointers.is_empty(), "it matches nothing");

    let removes = action["remove"].as_bool().unwrap_or(false);
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
