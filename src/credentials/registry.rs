//! Names of registries, as configuration files and engines spell them.

use std::collections::BTreeMap;

use crate::{Error, Result};

/// Docker Hub.
const HUB: &str = "https://index.docker.io/v1/";

/// The longest name of a registry.
const LONGEST: usize = 1024;

/// The key under which engines look for a registry that is named so: host and port, or the one URL of Docker Hub.
///
/// Files are full of older spellings, URLs with scheme and path. Only the host in them counts.
pub(super) fn key(name: &str) -> &str {
    let behind_scheme = name.split_once("://").map_or(name, |(_, rest)| rest);
    match behind_scheme.split('/').next().unwrap_or_default() {
        "docker.io" | "index.docker.io" => HUB,
        host => host,
    }
}

/// The key of a registry that somebody asks for.
pub(super) fn checked(name: &str) -> Result<&str> {
    let key = key(name);
    let fits =
        (1..=LONGEST).contains(&key.len()) && !key.contains(|char: char| char.is_whitespace() || char.is_control());
    if fits { Ok(key) } else { Err(Error::request(format!("no registry can be named {name:?}"))) }
}

/// The entry for the registry with this key, and how it is spelled there: so exactly, or else in another way.
pub(super) fn entry<'a, T>(entries: &'a BTreeMap<String, T>, key: &str) -> Option<(&'a str, &'a T)> {
    let exact = entries.get_key_value(key);
    exact.or_else(|| entries.iter().find(|(name, _)| self::key(name) == key)).map(|(name, entry)| (&**name, entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_counts_and_docker_hub_has_a_name_of_its_own() {
        for (name, wanted) in [
            ("registry.example", "registry.example"),
            ("registry.example:5000", "registry.example:5000"),
            ("http://registry.example:5000", "registry.example:5000"),
            ("https://registry.example/v1/", "registry.example"),
            ("registry.example/v2", "registry.example"),
            ("[::1]:5000", "[::1]:5000"),
            ("docker.io", HUB),
            ("index.docker.io", HUB),
            ("https://index.docker.io/v1/", HUB),
            ("https://index.docker.io/v1/access-token", HUB),
            ("registry-1.docker.io", "registry-1.docker.io"),
        ] {
            assert_eq!((key(name), key(key(name))), (wanted, wanted), "{name}");
        }
    }

    #[test]
    fn an_exact_entry_goes_before_one_that_is_spelled_otherwise() {
        let spellings = ["http://host.example", "host.example", "https://host.example/v2/"];
        let mut entries: BTreeMap<String, ()> = spellings.map(|name| (name.to_owned(), ())).into();
        let found = |entries: &BTreeMap<String, ()>, key| entry(entries, key).map(|(name, ())| name.to_owned());
        assert_eq!(found(&entries, "host.example").as_deref(), Some("host.example"));
        entries.remove("host.example");
        assert_eq!(found(&entries, "host.example").as_deref(), Some("http://host.example"));
        assert_eq!(found(&entries, "host.example:443"), None);
        assert_eq!(found(&entries, "example"), None);
        assert_eq!(found(&entries, HUB), None);
    }

    #[test]
    fn what_no_registry_can_be_named_is_refused() {
        for name in ["", "https://", "/web", "a b", "host\n", "host\0", &"a".repeat(1025)] {
            assert!(checked(name).unwrap_err().is_bad_request(), "{name:?}");
        }
    }
}
