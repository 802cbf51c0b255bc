//! The query parameter `filters`.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// The values of a key. Engines accept `{"key": ["value"]}` and `{"key": {"value": true}}`.
pub(crate) fn values(filters: &Value, key: &str) -> Vec<String> {
    match &filters[key] {
        Value::Array(values) => values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect(),
        Value::Object(values) => values.iter().filter(|(_, on)| **on == true).map(|(value, _)| value.clone()).collect(),
        _ => Vec::new(),
    }
}

/// Whether labels match all `label` filters.
pub(crate) fn labels_pass(filters: &Value, labels: &Value) -> bool {
    values(filters, "label").iter().all(|label| match label.split_once('=') {
        Some((key, value)) => labels[key] == value,
        None => labels.get(label).is_some(),
    })
}

/// Whether labels match all filters with this key. As in swarms, `label=` is the same as `label`.
pub(crate) fn swarm_labels_pass(filters: &Value, key: &str, labels: &Value) -> bool {
    values(filters, key).iter().all(|label| match label.split_once('=') {
        Some((key, value)) if !value.is_empty() => labels[key] == value,
        Some((key, _)) => labels.get(key).is_some(),
        None => labels.get(label).is_some(),
    })
}

/// Whether a prune removes an object with these labels and creation time.
pub(crate) fn prunes(filters: &Value, labels: &Value, created: Timestamp) -> bool {
    let kept = values(filters, "label!").iter().any(|kept| match kept.split_once('=') {
        Some((key, value)) => labels[key] == value,
        None => labels.get(kept).is_some(),
    });
    let old = values(filters, "until").iter().all(|until| time(until).is_some_and(|until| created < until));
    !kept && old && labels_pass(filters, labels)
}

/// Parses a time: seconds since 1970, a timestamp, or a duration before now.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    let seconds = text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let ago = || Timestamp::now().checked_sub(text.parse::<SignedDuration>().ok()?).ok();
    seconds.or_else(|| text.parse().ok()).or_else(ago)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_absolute_or_relative() {
        assert_eq!(time("86400"), Some(Timestamp::from_second(86400).unwrap()));
        assert_eq!(time("1970-01-02T00:00:00Z"), time("86400"));
        assert!(time("1h").unwrap() < Timestamp::now());
    }

    #[test]
    fn times_out_of_range_are_not_times() {
        assert_eq!(time("999999999h"), None);
        assert_eq!(time("99999999999999"), None);
    }
}
