//! Paths of files in a build context.

use std::path::{Component, Path, is_separator};

use crate::{Error, Result};

/// Removes `.` and doubled slashes from a path in a context. On Windows, a backslash becomes a slash, as in the Docker CLI.
///
/// Returns an error for a path that an archive or an engine would interpret differently.
pub(super) fn clean(path: &str) -> Result<String> {
    let failed = |cause: &str| Err(Error::invalid_input(format!("invalid path in a build context {path:?}: {cause}")));
    if path.contains('\0') {
        return failed("must not contain NUL");
    }
    let mut parts = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::CurDir => {}
            // On Windows, `C:` is not a name.
            Component::Normal(part) if Path::new(part).file_name() == Some(part) => parts.extend(part.to_str()),
            Component::Normal(_) | Component::Prefix(_) | Component::RootDir | Component::ParentDir => {
                return failed("must be relative, without `..`");
            }
        }
    }
    if parts.is_empty() {
        return failed("does not name a file");
    }
    if path.strip_suffix('.').unwrap_or(path).ends_with(is_separator) {
        return failed("names a directory");
    }
    Ok(parts.join("/"))
}

/// Returns the paths of the parent directories of a file, the outermost first.
pub(super) fn directories(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('/').map(|(end, _)| &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_file_names() {
        for (path, name) in [("a", "a"), ("./a//b/./c", "a/b/c"), (" a\nb", " a\nb"), ("a..", "a.."), ("...", "...")] {
            assert_eq!(clean(path).unwrap(), name);
        }
        for path in
            ["", ".", "./", "/", "/a", "..", "../a", "a/..", "a/../b", "a/", "a//", "a/.", "a\0", "\0", "a/b\0c"]
        {
            assert!(clean(path).is_err(), "{path:?}");
        }
        // Only on Windows, a backslash is a separator, and `C:` is not a name.
        let is_windows = is_separator('\\');
        assert_eq!(clean(r"a\.\b").unwrap(), if is_windows { "a/b" } else { r"a\.\b" });
        for path in ["C:", "C:/a", "a/C:", "C:a", r"a\", r"a\..", r"\a", r"\\a\b\c"] {
            assert_eq!(clean(path).is_err(), is_windows, "{path}");
        }
    }
}
