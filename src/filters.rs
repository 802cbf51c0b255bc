//! [`Filters`] for lists and events.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// Filters for a list or an event stream: for each key, the values that match.
///
/// An object matches if, for every key, it matches at least one of the values. For the key `label`, it must match all of
/// them. Most filters have a typed method on their request; use this type for filters without one, or for filters from
/// another source, such as a configuration file.
///
/// # Examples
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
    /// Adds a value for `key`.
    pub fn add(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.entry(key.into()).or_default().insert(value.into());
    }

    /// Adds all values of `other`.
    pub fn extend(&mut self, other: impl Into<Self>) {
        for (key, values) in other.into().0 {
            self.0.entry(key).or_default().extend(values);
        }
    }

    /// Returns whether there are no filters, so that every object matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is a filter with this key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Returns the keys, and the values that match.
    #[cfg(feature = "buildkit")]
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&String, &BTreeSet<String>)> {
        self.0.iter()
    }

    /// Returns the query parameter: `{"key":["value"]}`, the form that engines of every version accept.
    pub(crate) fn to_query(&self) -> Option<String> {
        // Serializing a map of strings does not fail.
        if self.is_empty() { None } else { serde_json::to_string(self).ok() }
    }
}

/// Adds values to the filters.
impl<K, V> Extend<(K, V)> for Filters
where
    K: Into<String>,
    V: IntoIterator<Item: Into<String>>,
{
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, filters: I) {
        for (key, values) in filters {
            self.0.entry(key.into()).or_default().extend(values.into_iter().map(Into::into));
        }
    }
}

impl<K, V> FromIterator<(K, V)> for Filters
where
    K: Into<String>,
    V: IntoIterator<Item: Into<String>>,
{
    fn from_iter<I: IntoIterator<Item = (K, V)>>(filters: I) -> Self {
        let mut all = Self::default();
        Extend::extend(&mut all, filters);
        all
    }
}

impl<K, V, S> From<S> for Filters
where
    S: IntoIterator<Item = (K, V)>,
    K: Into<String>,
    V: IntoIterator<Item: Into<String>>,
{
    fn from(map: S) -> Self {
        map.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_query_is_sorted() {
        let mut filters = Filters::from([("status", ["paused", "exited"])]);
        filters.add("label", "a=\"b\"");
        filters.add("status", "exited");
        assert_eq!(filters.to_query().unwrap(), r#"{"label":["a=\"b\""],"status":["exited","paused"]}"#);
        assert_eq!(Filters::default().to_query(), None);
    }

    #[test]
    fn filters_are_collected_from_pairs() {
        let pairs = [("label", vec!["a"]), ("status", vec!["exited"]), ("label", vec!["b"])];
        let mut filters: Filters = pairs.into_iter().collect();
        assert_eq!(filters.to_query().unwrap(), r#"{"label":["a","b"],"status":["exited"]}"#);
        Extend::extend(&mut filters, [("status", ["paused"])]);
        filters.extend([("name", ["web"])]);
        let want = r#"{"label":["a","b"],"name":["web"],"status":["exited","paused"]}"#;
        assert_eq!(filters.to_query().unwrap(), want);
    }
}
