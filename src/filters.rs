//! Filters of lists and events.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// Which objects a list or a stream of events shows: for each key, the values that are let through.
///
/// Values of one key widen the choice, keys narrow it. Most options have a typed
/// method for each key; this is for those that have not, and for filters that come
/// from somewhere else:
///
/// ```
/// use std::collections::HashMap;
/// use dockerclient::Filters;
///
/// let mut filters = Filters::from(HashMap::from([("status", vec!["exited", "paused"])]));
/// filters.add("label", "app=web");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Filters(BTreeMap<String, BTreeSet<String>>);

impl Filters {
    /// Lets `value` of `key` through.
    pub fn add(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.entry(key.into()).or_default().insert(value.into());
    }

    /// Adds all that `other` lets through.
    pub fn extend(&mut self, other: impl Into<Self>) {
        for (key, values) in other.into().0 {
            self.0.entry(key).or_default().extend(values);
        }
    }

    /// Whether everything is let through.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The query parameter: `{"key":["value"]}`, the form that engines of every age read.
    pub(crate) fn to_query(&self) -> Option<String> {
        // Strings in maps always become JSON.
        if self.is_empty() { None } else { serde_json::to_string(self).ok() }
    }
}

impl<K, V, S> From<S> for Filters
where
    S: IntoIterator<Item = (K, V)>,
    K: Into<String>,
    V: IntoIterator<Item: Into<String>>,
{
    fn from(map: S) -> Self {
        let values = |values: V| values.into_iter().map(Into::into).collect();
        Self(map.into_iter().map(|(key, of_key)| (key.into(), values(of_key))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_written_as_lists_in_one_order() {
        let mut filters = Filters::from([("status", ["paused", "exited"])]);
        filters.add("label", "a=\"b\"");
        filters.add("status", "exited");
        assert_eq!(filters.to_query().unwrap(), r#"{"label":["a=\"b\""],"status":["exited","paused"]}"#);
        assert_eq!(Filters::default().to_query(), None);
    }
}
