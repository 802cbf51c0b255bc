//! The named pipes of this machine.

use std::{fs, io, path::Path};

/// The directory of named pipes, after the name of the machine.
const PIPES: &str = r"\pipe\";

/// Returns the reason why `path` is not a named pipe, if there is one. Does not connect, as opening the pipe would.
pub(crate) fn rejection(path: &Path) -> Option<&'static str> {
    let path = path.to_string_lossy().replace('/', r"\");
    let Some((directory, name)) = split(&path) else { return Some("not a named pipe") };
    match exists(directory, name) {
        Ok(false) => Some("no such pipe"),
        // If the pipes cannot be listed, connecting reports the cause.
        Ok(true) | Err(_) => None,
    }
}

/// Splits the path of a named pipe, for example `\\.\pipe\name`, into the directory and the name, which may contain
/// backslashes.
fn split(path: &str) -> Option<(&str, &str)> {
    let machine = path.strip_prefix(r"\\")?.find('\\')? + 2;
    let directory =
        path.get(machine..machine + PIPES.len()).filter(|directory| directory.eq_ignore_ascii_case(PIPES))?;
    let (directory, name) = path.split_at(machine + directory.len());
    (!name.is_empty()).then_some((directory, name))
}

fn exists(directory: &str, name: &str) -> io::Result<bool> {
    for entry in fs::read_dir(directory)? {
        if entry?.file_name().to_string_lossy().eq_ignore_ascii_case(name) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_pipe_path_is_split() {
        assert_eq!(split(r"\\.\pipe\docker_engine"), Some((r"\\.\pipe\", "docker_engine")));
        assert_eq!(split(r"\\server\PIPE\a\b"), Some((r"\\server\PIPE\", r"a\b")));
        for path in ["", r"\\", r"\\.", r"\\.\", r"\\.\pipe", r"\\.\pipe\", r"\\.\pipes\a", r"C:\pipe\a", r"\\.\ü\pipe"]
        {
            assert_eq!(split(path), None, "{path}");
        }
    }

    #[test]
    fn file_instead_of_a_named_pipe_is_rejected() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(rejection(file.path()), Some("not a named pipe"));
    }
}
