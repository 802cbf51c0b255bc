//! Resolution of symbolic links in the paths of Dockerfiles and ignore files.
//!
//! The content of the directory is not trusted: a symbolic link in it may point to another file of the directory, but
//! not outside of it. Only the path that the caller passed, and links outside of the directory, may point anywhere.

use std::{
    ffi::OsString,
    fs, io,
    path::{Component, Path, PathBuf, Prefix},
};

use crate::{Error, Result, platform};

/// Maximum number of symbolic links in a path, as on Linux.
const MAX_LINKS: usize = 40;

/// The cause of an error for a link that is not followed.
const OUT: &str = "symbolic link out of the build context";

/// The target of a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A file of the directory, by its relative path without links, with slashes.
    Inside(String),
    /// A file outside of the directory, by its path without links.
    Outside(PathBuf),
}

/// A part of a path.
enum Part {
    /// The root directory or, on Windows, a drive or a share.
    Root(OsString),
    /// `..`
    Parent,
    Name(OsString),
}

/// Resolves all symbolic links in `path`. `root` is the path of the directory, see [`platform::real_path`]. Returns `None` if
/// the file does not exist.
pub(super) fn resolve(root: &Path, path: &Path) -> Result<Option<Target>> {
    let unread = |error| Error::read_failed(path, error);
    let mut rest = parts(&std::path::absolute(path).map_err(unread)?);
    let mut resolved = PathBuf::new();
    let (mut links, mut links_in_tree) = (0, 0);
    while let Some(part) = rest.pop() {
        let name = match part {
            Part::Root(part) => {
                resolved.push(part);
                // A Windows drive can be another name of a directory. Without its root, it is the current directory there.
                if resolved.has_root() {
                    resolved = platform::real_path(&resolved).unwrap_or(resolved);
                }
                continue;
            }
            Part::Parent => {
                resolved.pop();
                continue;
            }
            Part::Name(name) => name,
        };
        let next = resolved.join(&name);
        // On Windows, `C:` is not a name.
        if next.file_name() != Some(&*name) {
            return Ok(None);
        }
        match read_link(&next) {
            Ok(Some(target)) => {
                links += 1;
                links_in_tree += usize::from(next.starts_with(root));
                if links > MAX_LINKS {
                    return Err(failed(path, "too many levels of symbolic links"));
                }
                if links_in_tree > 0 && is_remote(&target, root) {
                    return Err(failed(path, OUT));
                }
                if target.is_absolute() {
                    resolved.clear();
                }
                rest.extend(parts(&target));
            }
            Ok(None) => resolved = with_real_name(&resolved, next),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unread(error)),
        }
    }
    match resolved.strip_prefix(root) {
        Ok(inside) => {
            let inside = String::from_utf8(platform::path_bytes(inside).into_owned());
            let inside = inside.map_err(|_| failed(path, "the target is not valid UTF-8"))?;
            Ok(Some(Target::Inside(inside)))
        }
        Err(_) if links_in_tree > 0 => Err(failed(path, OUT)),
        Err(_) => Ok(Some(Target::Outside(resolved))),
    }
}

/// Returns the target of a symbolic link, or `None` for another file.
fn read_link(path: &Path) -> io::Result<Option<PathBuf>> {
    if fs::symlink_metadata(path)?.is_symlink() { fs::read_link(path).map(Some) } else { Ok(None) }
}

/// Whether the target of a link is on another machine than the directory `root`, or a device: Windows would send credentials of
/// the user to that machine, so that a link that is not trusted must not be followed even to see where it leads.
fn is_remote(target: &Path, root: &Path) -> bool {
    match target.components().next() {
        Some(Component::Prefix(prefix)) if !matches!(prefix.kind(), Prefix::Disk(_) | Prefix::VerbatimDisk(_)) => {
            root.components().next() != Some(Component::Prefix(prefix))
        }
        _ => false,
    }
}

/// Returns the path of an entry, which is not a link, with its name as the filesystem has it: on Windows and macOS, that may
/// differ in case. `directory` is its resolved directory.
fn with_real_name(directory: &Path, entry: PathBuf) -> PathBuf {
    // The path is in another directory if the entry has become a link, which the caller of `resolve` does not follow.
    platform::real_path(&entry).ok().filter(|real| real.parent() == Some(directory)).unwrap_or(entry)
}

/// Returns the parts of a path, the last one first.
fn parts(path: &Path) -> Vec<Part> {
    let parts = path.components().rev().filter_map(|part| match part {
        Component::CurDir => None,
        Component::ParentDir => Some(Part::Parent),
        Component::Normal(name) => Some(Part::Name(name.to_owned())),
        Component::Prefix(_) | Component::RootDir => Some(Part::Root(part.as_os_str().to_owned())),
    });
    parts.collect()
}

fn failed(path: &Path, cause: &str) -> Error {
    Error::local_io(format!("failed to read {}: {cause}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolve_finds_files_inside_and_outside() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("context/a/b")).unwrap();
        for file in ["context/a/b/file", "file"] {
            fs::write(at(file), "").unwrap();
        }
        let root = platform::real_path(&at("context")).unwrap();
        for path in [at("context/a/b/file"), at("context/./a/../a/b/file"), root.join("a/b/file")] {
            assert_eq!(resolve(&root, &path).unwrap(), Some(Target::Inside("a/b/file".into())), "{}", path.display());
        }
        if std::path::is_separator('\\') {
            // Names on Windows can be written in another case.
            let found = resolve(&root, &at(r"CONTEXT\A\b\FILE")).unwrap();
            assert_eq!(found, Some(Target::Inside("a/b/file".into())));
        }
        let outside = platform::real_path(&at("file")).unwrap();
        for path in [at("file"), at("context/../file")] {
            assert_eq!(resolve(&root, &path).unwrap(), Some(Target::Outside(outside.clone())), "{}", path.display());
        }
        for path in ["none", "none/file", "context/C:", "context/C:/a"] {
            assert_eq!(resolve(&root, &at(path)).unwrap(), None, "{path}");
        }
    }

    #[test]
    fn resolve_follows_no_link_to_another_machine() {
        // Only Windows has such paths.
        let is_windows = std::path::is_separator('\\');
        for target in [r"\\host\share\file", r"\\?\UNC\host\share", r"\\.\pipe\name", r"//host/share/file"] {
            assert_eq!(is_remote(Path::new(target), Path::new(r"C:\context")), is_windows, "{target}");
        }
        for target in ["a", r"..\a", r"\a", r"D:\a", "/a"] {
            assert!(!is_remote(Path::new(target), Path::new(r"C:\context")), "{target}");
        }
        assert!(!is_remote(Path::new(r"\\host\share\a"), Path::new(r"\\host\share\context")));
    }

    #[test]
    fn resolve_rejects_links_out_of_the_context() {
        if !platform::symlinks_work() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("context/a")).unwrap();
        for file in ["context/a/file", "file"] {
            fs::write(at(file), "").unwrap();
        }
        for (target, link) in [("a", "context/dir"), ("../file", "context/out"), ("context/a", "in")] {
            platform::symlink(target, at(link)).unwrap();
        }
        platform::symlink(at("file"), at("context/absolute")).unwrap();
        let root = platform::real_path(&at("context")).unwrap();
        for path in ["context/dir/file", "in/file"] {
            assert_eq!(resolve(&root, &at(path)).unwrap(), Some(Target::Inside("a/file".into())), "{path}");
        }
        for path in ["context/out", "context/absolute"] {
            let error = resolve(&root, &at(path)).unwrap_err().to_string();
            assert!(error.ends_with("symbolic link out of the build context"), "{error}");
        }
    }
}
