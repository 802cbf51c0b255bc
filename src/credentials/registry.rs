//! Registry names in configuration files.

use std::collections::BTreeMap;

use crate::{Error, Result};

/// Docker Hub.
const HUB: &str = "https://index.docker.io/v1/";

/// Maximum length of a registry name, in bytes.
const MAX_LENGTH: usize = 1024;

/// Returns the key under which engines look up a registry: its host and port, or the URL of Docker Hub.
///
/// Configuration files often contain URLs with a scheme and a path, which are ignored.
pub(super) fn key(name: &str) -> &str {
    let address = name.split_once("://").map_or(name, |(_, rest)| rest);
    match address.split('/').next().unwrap_or_default() {
        "docker.io" | "index.docker.io" => HUB,
        host => host,
    }
}

/// Returns the key of a registry whose name comes from a caller. Fails if the name is not valid.
pub(super) fn checked(name: &str) -> Result<&str> {
    let key = key(name);
    let is_valid =
        (1..=MAX_LENGTH).contains(&key.len()) && !key.contains(|char: char| char.is_whitespace() || char.is_control());
    if is_valid { Ok(key) } else { Err(Error::invalid_input(format!("invalid registry name {name:?}"))) }
}

/// Returns the entry for the registry with this key, and the name of the entry. An exact match takes precedence over other
/// spellings.
pub(super) fn entry<'a, T>(entries: &'a BTreeMap<String, T>, key: &str) -> Option<(&'a str, &'a T)> {
    let exact = entries.get_key_value(key);
    exact.or_else(|| entries.iter().find(|(name, _)| self::key(name) == key)).map(|(name, entry)| (&**name, entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registry_key_is_the_host_or_the_url_of_docker_hub() {
        for (name, expected) in [
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
            assert_eq!((key(name), key(key(name))), (expected, expected), "{name}");
        }
    }

    #[test]
    fn exact_registry_entry_takes_precedence() {
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
    fn invalid_registry_names() {
        for name in ["", "https://", "/web", "a b", "host\n", "host\0", &"a".repeat(1025)] {
            assert!(checked(name).unwrap_err().is_bad_request(), "{name:?}");
        }
    }
}
