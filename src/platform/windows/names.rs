//! File names received from engines, which run on another operating system.

use std::{
    ffi::OsString,
    io::{self, ErrorKind},
    path::PathBuf,
};

/// Names of devices, in every directory, and with every extension.
const DEVICES: [&str; 6] = ["AUX", "CON", "CONIN$", "CONOUT$", "NUL", "PRN"];

/// Names of devices that end with a digit, of which there are three more in superscript.
const NUMBERED_DEVICES: [&str; 2] = ["COM", "LPT"];

/// Converts a name or the target of a link from an engine. Fails if it is not UTF-8.
pub(crate) fn os_string(bytes: &[u8]) -> io::Result<OsString> {
    let text = str::from_utf8(bytes);
    text.map(OsString::from).map_err(|_| error(ErrorKind::InvalidData, bytes, "is not valid UTF-8"))
}

/// Converts a path from an engine, with slashes. The result is relative, and may contain `..`. Fails for a name that a file on
/// Windows cannot have.
pub(crate) fn path_from_bytes(bytes: &[u8]) -> io::Result<PathBuf> {
    let mut path = PathBuf::new();
    for part in bytes.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b".")) {
        match str::from_utf8(part) {
            Ok(name) if name == ".." || is_file_name(name) => path.push(name),
            _ => return Err(error(ErrorKind::InvalidInput, part, "is not a valid file name on Windows")),
        }
    }
    Ok(path)
}

fn error(kind: ErrorKind, name: &[u8], cause: &str) -> io::Error {
    io::Error::new(kind, format!("{:?} {cause}", String::from_utf8_lossy(name)))
}

/// Whether a file can have this name. With any other, Windows would use another file, a data stream of one, or a device.
fn is_file_name(name: &str) -> bool {
    let is_invalid = |char: char| char < ' ' || r#"<>:"/\|?*"#.contains(char);
    !name.contains(is_invalid) && !name.ends_with(['.', ' ']) && !is_device(name)
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end_matches(' ');
    let is_numbered = || {
        let mut chars = stem.chars();
        let digit = chars.next_back();
        matches!(digit, Some('1'..='9' | '¹' | '²' | '³')) && is_one_of(&NUMBERED_DEVICES, chars.as_str())
    };
    is_one_of(&DEVICES, stem) || is_numbered()
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn path_from_bytes_is_relative() {
        for (bytes, path) in [
            ("a/b c/ü.txt", r"a\b c\ü.txt"),
            ("/a//b/./c/", r"a\b\c"),
            ("//server/share/a", r"server\share\a"),
            ("../a", r"..\a"),
            ("", ""),
        ] {
            assert_eq!(path_from_bytes(bytes.as_bytes()).unwrap(), Path::new(path), "{bytes}");
        }
    }

    #[test]
    fn path_from_bytes_accepts_names_like_those_of_devices() {
        for name in ["CONSOLE", "nul0", "COM", "com10", "COM0", "LPTx", "a.nul", ".con", "auxiliary.h", "prn-1"] {
            assert_eq!(path_from_bytes(name.as_bytes()).unwrap(), Path::new(name));
        }
    }

    #[test]
    fn path_from_bytes_rejects_names_that_windows_cannot_have() {
        let devices =
            ["NUL", "nul", "CON.txt", "aux.tar.gz", "Prn .x", "COM1", "lpt9.log", "com²", "CONIN$", "conout$.x"];
        let names = ["a:b", "C:", "a\\b", "a.", "...", "a ", "a*", "a?", "a\"b", "<a", "a>", "a|b", "a\nb", "a\0"];
        for name in devices.into_iter().chain(names) {
            for path in [name.to_owned(), format!("dir/{name}"), format!("{name}/file")] {
                let error = path_from_bytes(path.as_bytes()).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidInput, "{path}");
                assert_eq!(error.to_string(), format!("{name:?} is not a valid file name on Windows"));
            }
        }
        let error = path_from_bytes(b"a/\xff").unwrap_err();
        assert_eq!(error.to_string(), "\"\u{fffd}\" is not a valid file name on Windows");
    }

    #[test]
    fn os_string_must_be_utf8() {
        assert_eq!(os_string("../ü".as_bytes()).unwrap(), "../ü");
        let error = os_string(b"\xff").unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string()),
            (ErrorKind::InvalidData, "\"\u{fffd}\" is not valid UTF-8".into())
        );
    }
}
