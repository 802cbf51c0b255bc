//! Writing an archive that BuildKit sends.

use std::{
    fs::{self, Permissions},
    io,
    path::{Path, PathBuf},
};

use bollard_buildkit_proto::moby::filesync::packet::BytesMessage;
use tokio::{
    fs::File,
    io::{AsyncWrite, AsyncWriteExt as _},
};
use tonic::Streaming;

use super::{Writer, lost};
use crate::{
    Error, Result, platform,
    stream::{TemporaryFile, run_blocking},
};

/// Writes an archive to the file at `path`, which appears, or replaces an existing one, once the archive is complete.
pub(super) async fn to_file(received: Streaming<BytesMessage>, path: PathBuf) -> Result<()> {
    let (file, archive) = run_blocking(move || Archive::create(&path)).await?;
    let mut file = File::from_std(file);
    copy(received, &mut file, |error| Error::write_failed(&archive.target, error)).await?;
    // Windows may not move a file that is open.
    drop(file);
    run_blocking(move || archive.finish()).await
}

/// Writes an archive to `writer`, and shuts it down.
pub(super) async fn to_writer(received: Streaming<BytesMessage>, mut writer: Writer) -> Result<()> {
    let failed = |error: io::Error| Error::local_io(format!("failed to write the archive to the writer: {error}"));
    copy(received, &mut writer, failed).await?;
    writer.shutdown().await.map_err(failed)
}

async fn copy(
    mut received: Streaming<BytesMessage>,
    writer: &mut (impl AsyncWrite + Unpin),
    failed: impl Fn(io::Error) -> Error,
) -> Result<()> {
    while let Some(part) = received.message().await.map_err(|status| lost(&status))? {
        writer.write_all(&part.data).await.map_err(&failed)?;
    }
    writer.flush().await.map_err(failed)
}

/// An archive that becomes the file `target` once it is complete.
struct Archive {
    temporary: TemporaryFile,
    target: PathBuf,
}

impl Archive {
    /// Creates a file in the directory of `target`, which is created if it does not exist.
    fn create(target: &Path) -> Result<(fs::File, Self)> {
        let failed = |error| Error::write_failed(target, error);
        let (target, permissions) = resolve(target)?;
        if target.file_name().is_none() {
            return Err(Error::local_io(format!("failed to write {}: not a file name", target.display())));
        }
        let directory = target.parent().unwrap_or(Path::new(""));
        if !directory.as_os_str().is_empty() {
            fs::create_dir_all(directory).map_err(failed)?;
        }
        let (file, temporary) = TemporaryFile::create(directory).map_err(failed)?;
        if let Some(permissions) = permissions {
            file.set_permissions(permissions).map_err(failed)?;
        }
        Ok((file, Self { temporary, target }))
    }

    fn finish(self) -> Result<()> {
        let Self { temporary, target } = self;
        temporary.move_to(&target).map_err(|error| Error::write_failed(&target, error))
    }
}

/// Returns the path without symbolic links, and the permissions of the file if it exists.
fn resolve(path: &Path) -> Result<(PathBuf, Option<Permissions>)> {
    let failed = |error| Error::write_failed(path, error);
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {
            Ok((platform::real_path(path).map_err(failed)?, Some(metadata.permissions())))
        }
        // Renaming would replace a device such as `/dev/null` by a file.
        Ok(_) => Err(Error::local_io(format!("failed to write {}: not a regular file", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((path.to_owned(), None)),
        Err(error) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn export_file_appears_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/out.tar");
        let (mut file, archive) = Archive::create(&path).unwrap();
        file.write_all(b"tar").unwrap();
        drop(file);
        assert!(!path.exists());
        archive.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"tar");
        assert_eq!(path.parent().unwrap().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn export_file_that_is_dropped_keeps_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.tar");
        fs::write(&path, "old").unwrap();
        drop(Archive::create(&path).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn export_file_keeps_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.tar");
        fs::write(&path, "old").unwrap();
        platform::set_mode(&path, 0o600).unwrap();
        let mode = platform::mode(&path);
        let (file, archive) = Archive::create(&path).unwrap();
        drop(file);
        archive.finish().unwrap();
        assert_eq!((fs::read(&path).unwrap(), platform::mode(&path)), (Vec::new(), mode));
    }

    #[test]
    fn export_file_keeps_links() {
        if !platform::symlinks_work() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("out.tar"), folder.path().join("link"));
        fs::write(&path, "old").unwrap();
        platform::symlink("out.tar", &link).unwrap();
        let (file, archive) = Archive::create(&link).unwrap();
        drop(file);
        archive.finish().unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"");
    }

    #[test]
    fn export_file_must_be_regular() {
        let folder = tempfile::tempdir().unwrap();
        // Only Unix has devices at paths.
        let device = Some(Path::new("/dev/null")).filter(|device| device.exists());
        for path in [folder.path(), Path::new("/"), Path::new("..")].into_iter().chain(device) {
            let Err(error) = Archive::create(path) else { panic!("{}", path.display()) };
            assert!(error.to_string().ends_with("not a regular file"), "{error}");
        }
        for path in [Path::new(""), &folder.path().join("new/..")] {
            let Err(error) = Archive::create(path) else { panic!("{}", path.display()) };
            // On Windows, `new/..` is a directory even if there is no `new`.
            let causes = ["not a file name", "not a regular file"];
            assert!(causes.iter().any(|cause| error.to_string().ends_with(cause)), "{error}");
        }
    }
}
