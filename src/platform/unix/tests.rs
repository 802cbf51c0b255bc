//! Tests of what only Unix has: FIFOs, devices, sockets, permissions, and numbers of files.

use std::io::{Read as _, Seek as _, SeekFrom};

use super::*;
use crate::regular_file;

fn make_fifo(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn regular_file_rejects_fifo_and_device() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    make_fifo(&fifo);
    for path in [&fifo, Path::new("/dev/zero"), Path::new("/dev/tty")] {
        assert_eq!(regular_file::read(path, 9).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{}", path.display());
    }
}

#[test]
fn fifo_does_not_block() {
    let folder = tempfile::tempdir().unwrap();
    make_fifo(&folder.path().join("fifo"));
    assert!(!open_for_reading(&folder.path().join("fifo")).unwrap().metadata().unwrap().is_file());
}

#[test]
fn read_at_does_not_move_the_cursor() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "12345").unwrap();
    let mut file = File::open(folder.path().join("file")).unwrap();
    file.seek(SeekFrom::Start(1)).unwrap();
    let mut buffer = [0; 2];
    assert_eq!((read_at(&file, &mut buffer, 3).unwrap(), &buffer), (2, b"45"));
    file.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"23");
}

#[test]
fn private_directory_has_mode_700() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("private");
    create_private_directory(&path).unwrap();
    assert_eq!(mode(&path), Some(0o700));
    assert_eq!(create_private_directory(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
}

#[test]
fn program_is_a_file_with_an_executable_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, "").unwrap();
    for (mode, expected) in [(0o644, false), (0o755, true), (0o610, true)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(is_program(&path.metadata().unwrap()), expected, "{mode:o}");
    }
    assert!(!is_program(&folder.path().metadata().unwrap()));
}

#[test]
fn names_of_any_bytes_are_kept() {
    let bytes = b"dir/a\\b:\xff ";
    assert_eq!(*path_bytes(&path_from_bytes(bytes).unwrap()), bytes[..]);
    assert_eq!(crate::platform::os_bytes(&os_string(bytes).unwrap()), bytes);
}

#[cfg(feature = "buildkit")]
#[test]
fn lock_is_that_of_the_file_at_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    let lock = try_lock(&path).unwrap().unwrap();
    assert!(try_lock(&path).unwrap().is_none());
    fs::remove_file(&path).unwrap();
    let other = try_lock(&path).unwrap().unwrap();
    drop((lock, other));
    assert!(try_lock(&path).unwrap().is_some());
}

#[cfg(feature = "tar")]
mod dir {
    use std::{
        os::unix::net::UnixListener,
        time::{Duration, UNIX_EPOCH},
    };

    use super::*;
    use crate::{platform::Kind, stream::RootDir};

    #[test]
    fn fifo_and_socket_are_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        make_fifo(&folder.path().join("fifo"));
        let _socket = UnixListener::bind(folder.path().join("socket")).unwrap();
        let directory = Dir::open(folder.path()).unwrap();
        for name in ["fifo", "socket"] {
            let error = directory.open_file(OsStr::new(name)).unwrap_err();
            assert_eq!((error.kind(), error.to_string()), (io::ErrorKind::InvalidInput, "not a regular file".into()));
            assert_eq!(directory.attributes(OsStr::new(name)).unwrap().kind, Kind::Other);
        }
        assert!(directory.list().unwrap().iter().all(|(_, kind)| *kind == Kind::Other));
    }

    #[test]
    fn directory_attributes_have_no_setuid_bits() {
        let folder = tempfile::tempdir().unwrap();
        let directory = Dir::open(folder.path()).unwrap();
        let name = OsStr::new("dir");
        directory.create_dir(name, 0o500).unwrap();
        directory.make_writable(name, 0o500);
        assert_eq!(mode(&folder.path().join("dir")), Some(0o700));
        // Half a second before 1970.
        let modified = UNIX_EPOCH - Duration::from_millis(500);
        directory.set_directory_attributes(name, Some(0o7751), Some(modified)).unwrap();
        assert_eq!(mode(&folder.path().join("dir")), Some(0o751));
        assert_eq!(folder.path().join("dir").metadata().unwrap().modified().unwrap(), modified);
    }

    #[test]
    fn root_dir_rejects_paths_over_path_max() {
        let folder = tempfile::tempdir().unwrap();
        let mut root = RootDir::open(folder.path()).unwrap();
        let name = "x".repeat(255);
        let mut path = PathBuf::new();
        while path.as_os_str().len() < 4096 {
            path.push(&name);
            let (parent, name) = root.parent(&path).unwrap();
            parent.create_dir(name, 0o700).unwrap();
        }
        assert!(root.list(path.parent().unwrap()).is_ok());
        assert!(root.list(&path).is_err());
    }

    #[cfg(feature = "buildkit")]
    #[test]
    fn file_status_has_numbers_of_hard_links() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "content").unwrap();
        fs::hard_link(at("file"), at("other")).unwrap();
        symlink("file", at("link")).unwrap();
        let mut root = RootDir::open(folder.path()).unwrap();
        let mut status = |name: &str| root.status(Path::new(name)).unwrap();
        let (file, other, link) = (status("file"), status("other"), status("link"));
        assert!(file.inode.is_some() && file.inode == other.inode);
        assert_eq!((link.size, link.inode), (4, None));
    }

    #[cfg(feature = "buildkit")]
    #[test]
    fn file_status_has_nanoseconds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let file = File::create(&path).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::new(7, 5)).unwrap();
        let status = RootDir::open(folder.path()).unwrap().status(Path::new("file")).unwrap();
        assert_eq!(status.modified, 7_000_000_005);
    }
}
