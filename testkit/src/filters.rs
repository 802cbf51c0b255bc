//! The parameter `filters`, in both its shapes.

use jiff::{SignedDuration, Timestamp};
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

/// Whether what has these labels and is so old is among those that are pruned.
pub(crate) fn prunes(filters: &Value, labels: &Value, created: Timestamp) -> bool {
    let kept = values(filters, "label!").iter().any(|kept| match kept.split_once('=') {
        Some((key, value)) => labels[key] == value,
        None => labels.get(kept).is_some(),
    });
    let old = values(filters, "until").iter().all(|until| time(until).is_some_and(|until| created < until));
    !kept && old && labels_pass(filters, labels)
}

/// A time: in seconds since 1970, as engines write it, or so long ago.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    let seconds = text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let ago = || text.parse::<SignedDuration>().ok().map(|ago| Timestamp::now() - ago);
    seconds.or_else(|| text.parse().ok()).or_else(ago)
}
