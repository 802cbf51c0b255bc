//! Names in paths: none may lead to another endpoint than the one meant.
//!
//! The generated code percent-encodes what stands in a path, but engines decode it
//! before they route, and clean `//`, `.` and `..` away. What would be changed by
//! that is no name of anything, and is refused.

use crate::{Error, Result};

/// The name or id of a container, without the slash that engines put before it.
pub(crate) fn container(name: &str) -> Result<&str> {
    checked("container", name.strip_prefix('/').unwrap_or(name))
}

/// The name or id of an image.
pub(crate) fn image(name: &str) -> Result<&str> {
    checked("image", name)
}

/// The id of a command.
pub(crate) fn exec(id: &str) -> Result<&str> {
    checked("exec instance", id)
}

/// The name of a volume.
pub(crate) fn volume(name: &str) -> Result<&str> {
    checked("volume", name)
}

/// The name or id of a network.
pub(crate) fn network(name: &str) -> Result<&str> {
    checked("network", name)
}

fn checked<'a>(kind: &str, name: &'a str) -> Result<&'a str> {
    let fits = name.split('/').all(|part| !matches!(part, "" | "." | "..")) && !name.contains(['\\', '\0']);
    if fits { Ok(name) } else { Err(Error::request(format!("no {kind} can be named {name:?}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_engines_would_route_elsewhere_is_refused() {
        for name in ["", "/", ".", "..", "a/..", "../version", "a//b", "/a", "a/", "a/./b", "a\\..\\b", "a\0"] {
            let error = image(name).unwrap_err();
            assert!(error.is_bad_request() && error.to_string().contains(&format!("{name:?}")), "{error}");
        }
        assert!(container("//a").is_err());
        assert!(exec("").is_err());
    }

    #[test]
    fn whatever_else_a_name_may_hold_is_left_to_the_engine() {
        for name in ["a/b:1", "registry:5000/a/b@sha256:00", "with space", "naïve…", "a?b#c%2e%2e", "...", "a..b"] {
            assert_eq!(image(name).unwrap(), name);
        }
        assert_eq!(container("/web").unwrap(), "web");
        assert_eq!(container("/web/db").unwrap(), "web/db");
    }
}
