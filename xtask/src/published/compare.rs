//! The differences between two digests.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    digest::{self, Digest, Operation},
    versions::Versions,
};

/// A name that the published documents have at other versions than ours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Difference {
    /// The name, for example `HostConfig.Init`, `GET /events?filters=node`, `GET /_ping: swarm` or `POST /session`.
    pub(super) subject: String,
    pub(super) published: Versions,
    pub(super) ours: Versions,
}

/// The differences between `ours` and `published`, at the versions of `published`.
pub(super) fn differences(published: &Digest, ours: &Digest) -> BTreeSet<Difference> {
    let all = published.operations.values().fold(Versions::default(), |all, one| all.union(one.versions));
    let (absent, empty) = (Operation::default(), BTreeMap::new());
    let mut found = BTreeSet::new();
    let mut compare = |subject: String, published: Versions, ours: Versions| {
        if published != ours {
            found.insert(Difference { subject, published, ours });
        }
    };
    for name in published.operations.keys().chain(ours.operations.keys()) {
        let [theirs, ours] = [published, ours].map(|digest| digest.operations.get(name).unwrap_or(&absent));
        compare(name.clone(), theirs.versions, ours.versions.intersection(all));
        for place in theirs.places.keys().chain(ours.places.keys()) {
            let names = [theirs, ours].map(|operation| operation.places.get(place).unwrap_or(&empty));
            let common = scope(theirs, place).intersection(scope(ours, place));
            for field in names[0].keys().chain(names[1].keys()) {
                let [theirs, own] = names.map(|names| names.get(field).copied().unwrap_or_default());
                compare(subject(name, ours, place, field), theirs.intersection(common), own.intersection(common));
            }
        }
    }
    found
}

/// The versions at which `operation` has the part `place`, so that names can be missing in it.
fn scope(operation: &Operation, place: &str) -> Versions {
    match place {
        "query" | "header" | "response-header" => operation.versions,
        "filter" => operation.places.get("query").and_then(|names| names.get("filters")).copied().unwrap_or_default(),
        _ => operation.places.get(place).map_or_else(Versions::default, digest::union),
    }
}

/// The subject of a difference: the name `field` at `place` of the operation.
pub(super) fn subject(operation: &str, ours: &Operation, place: &str, field: &str) -> String {
    match place {
        "query" => format!("{operation}?{field}"),
        "filter" => format!("{operation}?filters={field}"),
        "header" | "response-header" => format!("{operation}: {field}"),
        _ => match ours.schemas.get(place) {
            Some(schema) => format!("{schema}.{field}"),
            None => format!("{operation} {place}.{field}"),
        },
    }
}
