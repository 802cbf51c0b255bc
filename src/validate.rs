//! Validation of names in request paths.
//!
//! The generated code percent-encodes names, but engines decode the path before routing, and normalize `//`, `.` and `..`.
//! Names that this would change could reach another API endpoint, so they are rejected.

use crate::{Error, Result};

/// Validates the name or id of a container, and removes the leading slash that engines add to names.
pub(crate) fn container(name: &str) -> Result<&str> {
    checked("container", name.strip_prefix('/').unwrap_or(name))
}

/// Validates the name of a checkpoint.
pub(crate) fn checkpoint(name: &str) -> Result<&str> {
    segment("checkpoint", name)
}

/// Validates the name or id of an image.
pub(crate) fn image(name: &str) -> Result<&str> {
    checked("image", name)
}

/// Validates the id of an exec instance.
pub(crate) fn exec(id: &str) -> Result<&str> {
    checked("exec instance", id)
}

/// Validates the name of a volume.
pub(crate) fn volume(name: &str) -> Result<&str> {
    checked("volume", name)
}

/// Validates the name or id of a network.
pub(crate) fn network(name: &str) -> Result<&str> {
    checked("network", name)
}

/// Validates the name or id of a plugin.
pub(crate) fn plugin(name: &str) -> Result<&str> {
    checked("plugin", name)
}

/// Validates the name or id of a config.
pub(crate) fn config(name: &str) -> Result<&str> {
    segment("config", name)
}

/// Validates the name or id of a node.
pub(crate) fn node(name: &str) -> Result<&str> {
    segment("node", name)
}

/// Validates the name or id of a secret.
pub(crate) fn secret(name: &str) -> Result<&str> {
    segment("secret", name)
}

/// Validates the name or id of a service.
pub(crate) fn service(name: &str) -> Result<&str> {
    segment("service", name)
}

/// Validates the id of a task.
pub(crate) fn task(name: &str) -> Result<&str> {
    segment("task", name)
}

/// Validates a name that cannot contain a slash: `service/logs` would reach another endpoint.
fn segment<'a>(kind: &str, name: &'a str) -> Result<&'a str> {
    if name.contains('/') {
        return Err(Error::invalid_input(format!("invalid {kind} name or id {name:?}")));
    }
    checked(kind, name)
}

fn checked<'a>(kind: &str, name: &'a str) -> Result<&'a str> {
    let is_valid = name.split('/').all(|part| !matches!(part, "" | "." | "..")) && !name.contains(['\\', '\0']);
    if is_valid { Ok(name) } else { Err(Error::invalid_input(format!("invalid {kind} name or id {name:?}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_change_the_path_are_rejected() {
        for name in ["", "/", ".", "..", "a/..", "../version", "a//b", "/a", "a/", "a/./b", "a\\..\\b", "a\0"] {
            let error = image(name).unwrap_err();
            assert!(error.is_bad_request() && error.to_string().contains(&format!("{name:?}")), "{error}");
        }
        assert!(container("//a").is_err());
        assert!(service("web/logs").is_err() && task("f43c/logs").is_err() && service("web").is_ok());
        assert!(exec("").is_err());
    }

    #[test]
    fn other_names_are_accepted() {
        for name in ["a/b:1", "registry:5000/a/b@sha256:00", "with space", "naïve…", "a?b#c%2e%2e", "...", "a..b"] {
            assert_eq!(image(name).unwrap(), name);
        }
        assert_eq!(container("/web").unwrap(), "web");
        assert_eq!(container("/web/db").unwrap(), "web/db");
    }
}
