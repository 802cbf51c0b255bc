//! Resolution of symbolic links in the paths of Dockerfiles and ignore files.
//!
//! The content of the directory is not trusted: a symbolic link in it may point to another file of the directory, but
//! not outside of it. Only the path that the caller passed, and links outside of the directory, may point anywhere.

use std::{
    ffi::OsString,
    fs, io,
    path::{Component, Path, PathBuf},
};

use crate::{Error, Result};

/// Maximum number of symbolic links in a path, as on Linux.
const MAX_LINKS: usize = 40;

/// The target of a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A file of the directory, by its relative path without links.
    Inside(String),
    /// A file outside of the directory, by its path without links.
    Outside(PathBuf),
}

/// Resolves all symbolic links in `path`. `root` is the path of the directory, without links. Returns `None` if the file does
/// not exist.
pub(super) fn resolve(root: &Path, path: &Path) -> Result<Option<Target>> {
    let unread = |error| Error::read_failed(path, error);
    let mut rest = parts(&std::path::absolute(path).map_err(unread)?);
    let mut resolved = PathBuf::new();
    let (mut links, mut links_in_tree) = (0, 0);
    while let Some(part) = rest.pop() {
        if part == ".." {
            resolved.pop();
            continue;
        }
        let next = resolved.join(&part);
        match fs::read_link(&next) {
            Ok(target) => {
                links += 1;
                links_in_tree += usize::from(next.starts_with(root));
                if links > MAX_LINKS {
                    return Err(failed(path, "too many levels of symbolic links"));
                }
                if target.is_absolute() {
                    resolved.clear();
                }
                rest.extend(parts(&target));
            }
            // Not a link.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => resolved = next,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unread(error)),
        }
    }
    match resolved.strip_prefix(root) {
        Ok(inside) => {
            let inside = inside.to_str().ok_or_else(|| failed(path, "the target is not valid UTF-8"))?;
            Ok(Some(Target::Inside(inside.to_owned())))
        }
        Err(_) if links_in_tree > 0 => Err(failed(path, "symbolic link out of the build context")),
        Err(_) => Ok(Some(Target::Outside(resolved))),
    }
}

/// Returns the components of a path, the last one first.
fn parts(path: &Path) -> Vec<OsString> {
    let parts = path.components().filter(|part| *part != Component::CurDir);
    parts.rev().map(|part| part.as_os_str().to_owned()).collect()
}

fn failed(path: &Path, cause: &str) -> Error {
    Error::local_io(format!("failed to read {}: {cause}", path.display()))
}
