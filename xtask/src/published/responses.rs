//! Compares the field names of scripted responses with those in Docker's published documents.
//!
//! The fake engine and the tests are written with our document. For API versions that no engine in the test run supports, a
//! name that is wrong in all three would not be found otherwise.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Deserializer, Map, Value};

use super::{
    compare::{Difference, subject},
    digest::{Digest, Operation},
    versions::minor,
};

/// The fixtures of Docker releases with their operations.
const FIXTURES: [(&str, &str); 9] = [
    ("version", "GET /version"),
    ("info", "GET /info"),
    ("disk", "GET /system/df"),
    ("list", "GET /containers/json"),
    ("inspect", "GET /containers/{}/json"),
    ("images", "GET /images/json"),
    ("image", "GET /images/{}/json"),
    ("events", "GET /events"),
    ("stats", "GET /containers/{}/stats"),
];

/// The oldest version with a published document that has schemas.
const OLDEST: u16 = 25;

/// The names to compare with.
pub(super) struct Witness<'a> {
    pub(super) published: &'a Digest,
    pub(super) ours: &'a Digest,
    /// Differences between these that are explained.
    pub(super) explained: &'a BTreeSet<Difference>,
}

impl Witness<'_> {
    /// The field names in the fixtures of the releases in `directory` that are wrong.
    pub(super) fn check_fixtures(&self, directory: &Path) -> Result<Vec<String>> {
        let (mut wrong, mut checked) = (Vec::new(), 0);
        for entry in fs::read_dir(directory).with_context(|| directory.display().to_string())? {
            let release = entry?.path();
            for (fixture, operation) in FIXTURES {
                let Ok(text) = fs::read_to_string(release.join(format!("{fixture}.http"))) else { continue };
                let (head, body) = text.split_once("\n\n").with_context(|| format!("{fixture}: no body"))?;
                let Some(version) = head.lines().find_map(|line| line.strip_prefix("Api-Version: ")) else { continue };
                if minor(version)? < OLDEST {
                    continue;
                }
                checked += 1;
                let name = |field| format!("{}/{fixture}.http: {field}", release.display());
                wrong.extend(self.check(operation, minor(version)?, body)?.into_iter().map(name));
            }
        }
        ensure!(checked > 0, "{} has no fixtures", directory.display());
        Ok(wrong)
    }

    /// The fields of the JSON values in `body`, a response of an operation, that neither the published document of API
    /// 1.`minor` nor an explanation has.
    pub(super) fn check(&self, operation: &str, minor: u16, body: &str) -> Result<Vec<String>> {
        let known = self.published.operations.get(operation);
        let known = known.with_context(|| format!("no published document has {operation:?}"))?;
        ensure!(known.versions.contains(minor), "the published document of API 1.{minor} lacks {operation}");
        let (absent, mut found) = (Operation::default(), Vec::new());
        let ours = self.ours.operations.get(operation).unwrap_or(&absent);
        for value in Deserializer::from_str(body).into_iter::<Value>() {
            self.collect((operation, known, ours), minor, &value?, "", &mut found);
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    fn collect(
        &self,
        operation: (&str, &Operation, &Operation),
        minor: u16,
        value: &Value,
        path: &str,
        found: &mut Vec<String>,
    ) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.collect(operation, minor, item, path, found)),
            Value::Object(fields) => {
                let is_known = |name: &String| self.is_known(operation, minor, path, name);
                if !fields.keys().any(is_known) && self.is_map(operation, minor, path, fields) {
                    fields.values().for_each(|value| self.collect(operation, minor, value, path, found));
                    return;
                }
                for (name, value) in fields {
                    let inside = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    if is_known(name) {
                        self.collect(operation, minor, value, &inside, found);
                    } else {
                        found.push(inside);
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether the fields of an object, of which none is known, are the keys of a map: the digest has no names at `path`, or
    /// those in the values.
    fn is_map(
        &self,
        operation: (&str, &Operation, &Operation),
        minor: u16,
        path: &str,
        fields: &Map<String, Value>,
    ) -> bool {
        let place = place(path);
        let has_names = [operation.1, operation.2].iter().any(|operation| operation.places.contains_key(&place));
        let has_known_field = |value: &Value| {
            value.as_object().is_some_and(|value| value.keys().any(|name| self.is_known(operation, minor, path, name)))
        };
        !path.is_empty()
            && (!has_names
                || fields.values().all(|value| match value {
                    Value::Array(items) => items.iter().all(has_known_field),
                    Value::Null => true,
                    value => value == &Value::Object(Map::new()) || has_known_field(value),
                }))
    }

    fn is_known(
        &self,
        (name, published, ours): (&str, &Operation, &Operation),
        minor: u16,
        path: &str,
        field: &str,
    ) -> bool {
        let place = place(path);
        let names = published.places.get(&place);
        if names.and_then(|names| names.get(field)).is_some_and(|versions| versions.contains(minor)) {
            return true;
        }
        let subject = subject(name, ours, &place, field);
        let is_explained =
            self.explained.iter().any(|difference| difference.subject == subject && difference.ours.contains(minor));
        // Names in an object that the published document does not describe.
        let is_described = names.is_some_and(|names| names.values().any(|versions| versions.contains(minor)));
        is_explained || (!is_described && ours.places.get(&place).is_some_and(|names| names.contains_key(field)))
    }
}

fn place(path: &str) -> String {
    format!("response {path}").trim_end().to_owned()
}
