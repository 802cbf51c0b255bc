//! Tests of directories, files and locks on Windows.

use super::*;

#[test]
fn path_bytes_have_slashes() {
    for (path, bytes) in [(r"a\b\ü", "a/b/ü"), ("a/b", "a/b"), ("a", "a"), ("", "")] {
        assert_eq!(path_bytes(Path::new(path)), bytes.as_bytes());
    }
}

#[test]
fn program_names_have_an_extension() {
    assert_eq!(program_names("ssh"), ["ssh.com", "ssh.exe", "ssh.bat", "ssh.cmd"]);
    assert_eq!(program_names("a.b"), ["a.b", "a.b.com", "a.b.exe", "a.b.bat", "a.b.cmd"]);
}

#[test]
fn device_is_not_opened() {
    for path in [r"\\.\pipe\docker_engine", r"\\.\COM1", "//./NUL", r"\\host\PIPE\a", r"\\?\pipe\a"] {
        assert_eq!(open_for_reading(Path::new(path)).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{path}");
    }
}

#[cfg(feature = "tar")]
#[test]
fn verbatim_prefix_is_kept_if_it_has_a_meaning() {
    for (real, plain) in [
        (r"\\?\C:\a b\ü", r"C:\a b\ü"),
        (r"\\?\C:\", r"C:\"),
        (r"\\?\UNC\server\share\a", r"\\server\share\a"),
        // Without the prefix, the dot would have none.
        (r"\\?\C:\a.\b", r"\\?\C:\a.\b"),
        (r"\\?\C:\a\b.", r"\\?\C:\a\b."),
        (r"\\?\Volume{0}\a", r"\\?\Volume{0}\a"),
    ] {
        assert_eq!(without_prefix(real.into()), Path::new(plain));
    }
}

#[cfg(feature = "buildkit")]
#[test]
fn locked_file_is_removed_when_it_is_unlocked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    for _ in 0..2 {
        let lock = try_lock(&path).unwrap().unwrap();
        assert!(try_lock(&path).unwrap().is_none());
        drop(lock);
        assert!(!path.exists());
    }
    // A file that another program has left.
    fs::write(&path, "").unwrap();
    let other = File::open(&path).unwrap();
    assert!(try_lock(&path).unwrap().is_none());
    drop(other);
    assert!(try_lock(&path).unwrap().is_some());
    assert!(!path.exists());
    assert!(try_lock(&folder.path().join("none/lock")).is_err());
}

#[cfg(feature = "tar")]
mod dir {
    use std::{
        ffi::OsStr,
        process::Command,
        time::{Duration, UNIX_EPOCH},
    };

    use super::*;
    use crate::platform::Kind;

    /// Creates a directory `dir` with a file, and opens it.
    fn tree() -> (tempfile::TempDir, Dir) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("dir")).unwrap();
        fs::write(folder.path().join("dir/file"), "content").unwrap();
        let directory = Dir::open(folder.path()).unwrap();
        (folder, directory)
    }

    /// Creates a junction. Returns `false` if the command shell cannot, for example in Wine.
    fn junction(target: &Path, link: &Path) -> bool {
        let command = Command::new("cmd").args(["/d", "/c", "mklink", "/j"]).args([link, target]).output();
        command.is_ok_and(|output| output.status.success()) && link.is_symlink()
    }

    #[test]
    fn real_path_has_no_verbatim_prefix() {
        let (folder, _root) = tree();
        let real = real_path(&folder.path().join("DIR/.")).unwrap();
        assert!(real.ends_with("dir") && !real.to_str().unwrap().starts_with(r"\\?\"), "{}", real.display());
        assert_eq!(real.canonicalize().unwrap(), folder.path().join("dir").canonicalize().unwrap());
        assert_eq!(real_path(&folder.path().join("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    fn name(name: &str) -> &OsStr {
        OsStr::new(name)
    }

    #[test]
    fn open_directory_cannot_be_moved_or_removed() {
        let (folder, root) = tree();
        let opened = root.open_dir(name("dir")).unwrap();
        let at = |path: &str| folder.path().join(path);
        assert!(fs::rename(at("dir"), at("other")).is_err());
        opened.remove_file(name("file")).unwrap();
        assert!(fs::remove_dir(at("dir")).is_err());
        assert_eq!(opened.list().unwrap(), []);
        drop(opened);
        fs::rename(at("dir"), at("other")).unwrap();
        fs::remove_dir(at("other")).unwrap();
    }

    #[test]
    fn directory_has_only_names_as_entries() {
        let (_folder, root) = tree();
        for invalid in ["", "..", r"dir\file", "dir/file", "file:stream", "C:", r"\", "a\0"] {
            let error = root.create_file(name(invalid)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{invalid}");
            assert!(root.attributes(name(invalid)).is_err() && root.open_dir(name(invalid)).is_err(), "{invalid}");
        }
        assert_eq!(root.attributes(name(".")).unwrap().kind, Kind::Directory);
        assert_eq!(root.open_dir(name("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
        let file = root.open_dir(name("dir")).unwrap().open_dir(name("file")).unwrap_err();
        assert_eq!(file.kind(), io::ErrorKind::NotADirectory);
    }

    #[test]
    fn modes_are_those_of_the_docker_cli() {
        let (folder, root) = tree();
        fs::write(folder.path().join("file"), "content").unwrap();
        let mode = |path: &str| root.attributes(name(path)).unwrap().mode;
        assert_eq!((mode("file"), mode("dir")), (0o100_755, 0o040_755));
        let file = fs::OpenOptions::new().write(true).open(folder.path().join("file")).unwrap();
        for (given, found) in [(0o644, 0o100_755), (0o444, 0o100_555)] {
            set_file_attributes(&file, given, UNIX_EPOCH + Duration::from_secs(7)).unwrap();
            let attributes = root.attributes(name("file")).unwrap();
            assert_eq!((attributes.mode, attributes.modified, attributes.size), (found, 7, 7));
        }
        drop(file);
        root.remove_file(name("file")).unwrap();
        assert!(!folder.path().join("file").exists(), "a read-only file is removed");
    }

    #[test]
    fn directory_time_can_be_before_1970() {
        let (_folder, root) = tree();
        let modified = UNIX_EPOCH - Duration::from_millis(1500);
        root.set_directory_attributes(name("dir"), Some(0o555), Some(modified)).unwrap();
        assert_eq!(root.status(name("dir")).unwrap().modified, -1_500_000_000);
        assert_eq!(root.attributes(name("dir")).unwrap().modified, 0);
        let directory = root.open_dir(name("dir")).unwrap();
        directory.create_file(name("new")).unwrap();
        assert!(directory.set_directory_attributes(name("file"), None, None).is_err());
    }

    #[test]
    fn directory_entries_can_have_long_paths() {
        let (_folder, root) = tree();
        let long = "x".repeat(200);
        let mut directory = root;
        for _ in 0..5 {
            directory.create_dir(name(&long), 0).unwrap();
            directory = directory.open_dir(name(&long)).unwrap();
        }
        directory.create_file(name("file")).unwrap();
        assert_eq!(directory.list().unwrap(), [("file".into(), Kind::File)]);
    }

    #[test]
    fn hard_link_is_the_same_file() {
        let (folder, root) = tree();
        let parent = root.open_dir(name("dir")).unwrap();
        root.create_hard_link(name("link"), &parent, name("file")).unwrap();
        fs::write(folder.path().join("link"), "changed").unwrap();
        assert_eq!(fs::read(folder.path().join("dir/file")).unwrap(), b"changed");
        let again = root.create_hard_link(name("link"), &parent, name("file")).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn junction_is_a_link_and_not_followed() {
        let (folder, root) = tree();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("file"), "kept").unwrap();
        if !junction(outside.path(), &folder.path().join("link")) {
            return;
        }
        assert_eq!(root.attributes(name("link")).unwrap().kind, Kind::Link);
        assert!(root.list().unwrap().contains(&("link".into(), Kind::Link)));
        assert_eq!(root.open_dir(name("link")).unwrap_err().kind(), io::ErrorKind::NotADirectory);
        assert_eq!(root.open_file(name("link")).unwrap_err().kind(), io::ErrorKind::NotADirectory);
        assert_eq!(
            root.set_directory_attributes(name("link"), None, None).unwrap_err().kind(),
            io::ErrorKind::NotADirectory
        );
        root.remove_file(name("link")).unwrap();
        assert_eq!(fs::read(outside.path().join("file")).unwrap(), b"kept");
    }

    #[test]
    fn open_directory_that_becomes_a_junction_is_not_followed() {
        let (folder, root) = tree();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("file"), "kept").unwrap();
        let path = folder.path().join("dir");
        let opened = root.open_dir(name("dir")).unwrap();
        opened.remove_file(name("file")).unwrap();
        // The command shell creates the directory itself; that it fails is the better outcome.
        if junction(outside.path(), &path) {
            assert!(opened.open_file(name("file")).is_err());
            assert!(opened.create_file(name("new")).is_err());
        }
        assert!(!outside.path().join("new").exists());
    }

    #[test]
    fn symbolic_link_has_the_type_of_its_target() {
        if !symlinks_work() {
            return;
        }
        let (folder, root) = tree();
        let modified = Some(UNIX_EPOCH + Duration::from_secs(7));
        let directory = root.open_dir(name("dir")).unwrap();
        for (link, target) in [("file-link", "file"), ("dir-link", "../dir"), ("chain", "dir-link"), ("none", "x/y")] {
            directory.create_link(name(link), name(target), modified).unwrap();
            assert_eq!(directory.read_link(name(link)).unwrap(), target.as_bytes());
            let attributes = directory.attributes(name(link)).unwrap();
            assert_eq!((attributes.kind, attributes.mode, attributes.modified), (Kind::Link, 0o120_755, 7));
        }
        let at = |path: &str| folder.path().join("dir").join(path);
        assert_eq!(fs::read(at("file-link")).unwrap(), b"content");
        assert_eq!(fs::read(at("dir-link/file")).unwrap(), b"content");
        assert_eq!(fs::read(at("chain/file")).unwrap(), b"content");
        for link in ["file-link", "chain", "dir-link", "none"] {
            directory.remove_file(name(link)).unwrap();
        }
        assert_eq!(directory.list().unwrap(), [("file".into(), Kind::File)]);
    }
}
