//! The parameter `filters`, in both its shapes.

use serde_json::Value;

/// The values of a key: engines take `{"key": ["value"]}` and `{"key": {"value": true}}`.
pub(crate) fn values(filters: &Value, key: &str) -> Vec<String> {
    match &filters[key] {
        Value::Array(values) => values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect(),
        Value::Object(values) => values.iter().filter(|(_, on)| **on == true).map(|(value, _)| value.clone()).collect(),
        _ => Vec::new(),
    }
}

/// Whether labels have what `label` filters ask for.
pub(crate) fn labels_pass(filters: &Value, labels: &Value) -> bool {
    values(filters, "label").iter().all(|wanted| match wanted.split_once('=') {
        Some((key, value)) => labels[key] == value,
        None => labels.get(wanted).is_some(),
    })
}
