//! Paths of transferred entries, and their order.

use crate::{Error, Result, error::Kind};

/// Limit for the length of a path, in bytes: Linux's `PATH_MAX`.
const MAX_PATH: usize = 4096;

/// Checks that entries are in order: each directory before its entries, and the entries of a directory sorted by name. No path
/// occurs twice then, and no entry is below one that is not a directory.
pub(super) struct Order(Vec<Level>);

/// A directory whose entries are announced.
#[derive(Default)]
struct Level {
    path: Vec<u8>,
    /// The name of its last entry.
    last: Vec<u8>,
}

impl Order {
    pub(super) fn new() -> Self {
        Self(vec![Level::default()])
    }

    /// Checks the path of the next entry.
    pub(super) fn check(&mut self, path: &[u8], is_directory: bool) -> Result<()> {
        check(path)?;
        let (parent, name) = match path.iter().rposition(|byte| *byte == b'/') {
            Some(slash) => (&path[..slash], &path[slash + 1..]),
            None => (&path[..0], path),
        };
        while self.0.last().is_some_and(|level| level.path != parent) {
            self.0.pop();
        }
        let Some(level) = self.0.last_mut().filter(|level| *level.last < *name) else {
            return Err(invalid(path, "out of order"));
        };
        name.clone_into(&mut level.last);
        if is_directory {
            self.0.push(Level { path: path.to_owned(), last: Vec::new() });
        }
        Ok(())
    }
}

/// Checks that a path is relative, without `.`, `..` and empty parts.
pub(super) fn check(path: &[u8]) -> Result<()> {
    let is_invalid = |part: &[u8]| matches!(part, b"" | b"." | b"..") || part.contains(&0);
    if path.len() >= MAX_PATH || path.split(|byte| *byte == b'/').any(is_invalid) {
        return Err(invalid(path, "not valid"));
    }
    Ok(())
}

fn invalid(path: &[u8], cause: &str) -> Error {
    // The length of a path that is not valid is limited only by the length of messages.
    let path = path.get(..MAX_PATH).unwrap_or(path);
    Error::new(Kind::Decode(format!("the exported path {:?} is {cause}", String::from_utf8_lossy(path))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks paths, of which those that end with a slash are directories.
    fn checked(paths: &[&str]) -> Result<()> {
        let mut order = Order::new();
        paths.iter().try_for_each(|path| order.check(path.trim_end_matches('/').as_bytes(), path.ends_with('/')))
    }

    #[test]
    fn export_paths_must_be_relative_and_clean() {
        for valid in ["a", "a b/ü", "...", ".a", "a..b", "-"] {
            check(valid.as_bytes()).unwrap();
        }
        check(b"not text \xff").unwrap();
        let long = "x/".repeat(MAX_PATH / 2) + "x";
        let relative = ["", "..", "../a", "a/..", "a/../b", ".", "./a", "a/.", "a//b", "a/", "a\0b", &long];
        for invalid in relative.into_iter().chain(["/", "/etc"]) {
            let error = check(invalid.as_bytes()).unwrap_err();
            assert!(error.is_decode() && error.to_string().contains("is not valid"), "{error}");
        }
        let error = check(&vec![b'x'; 1 << 20]).unwrap_err().to_string();
        assert!(error.len() < 2 * MAX_PATH, "{} bytes", error.len());
    }

    #[test]
    fn export_order_accepts_a_sorted_tree() {
        // A slash sorts before all other characters.
        checked(&["a/", "a/b/", "a/b/c", "a/b/d/", "a/e", "a-b", "a.txt", "b/", "b/a", "ba"]).unwrap();
    }

    #[test]
    fn export_order_rejects_other_orders() {
        for paths in [
            &["b", "a"][..],
            &["a", "a"],
            &["a/", "a"],
            &["a", "a/b"],
            &["a/b"],
            &["a/", "b", "a/c"],
            &["a/", "a/b/", "a/c", "a/b/d"],
            &["a/", "a/b/c"],
        ] {
            let error = checked(paths).unwrap_err();
            assert!(error.is_decode() && error.to_string().contains("out of order"), "{paths:?}: {error}");
        }
    }
}
