//! Subprocesses: finding and awaiting `ssh` and credential helpers.

use std::{
    env, ffi::OsStr, io, os::unix::fs::PermissionsExt as _, path::PathBuf, pin::pin, process::ExitStatus,
    time::Duration,
};

use futures_util::future::{Either, select};
use tokio::{process::Child, task::spawn_blocking, time::timeout};

/// Time to read the rest of the output after a process has exited.
const OUTPUT_TIMEOUT: Duration = Duration::from_millis(500);

/// Finds the executable file called `name` in the directories of `path`, in the format of the variable `PATH`.
///
/// Skips empty and relative directories: they depend on the current directory, whose owner could then choose which program
/// runs.
pub(crate) async fn find(name: &str, path: &OsStr) -> Option<PathBuf> {
    let directories = env::split_paths(path).filter(|directory| directory.is_absolute());
    let files: Vec<PathBuf> = directories.map(|directory| directory.join(name)).collect();
    let is_program = |file: &PathBuf| {
        file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    };
    // Directories may be on slow network filesystems.
    spawn_blocking(move || files.into_iter().find(is_program)).await.ok().flatten()
}

/// Waits until `child` has exited and `reading` its output is complete.
///
/// A background process of the child may keep the output open, so `reading` is cancelled [`OUTPUT_TIMEOUT`] after the
/// child has exited. Fails immediately if `reading` fails.
pub(crate) async fn wait_for_exit(
    child: &mut Child,
    reading: impl Future<Output = io::Result<()>>,
) -> io::Result<ExitStatus> {
    let mut reading = pin!(reading);
    let wait = pin!(child.wait());
    match select(wait, reading.as_mut()).await {
        Either::Left((status, _)) => {
            let status = status?;
            timeout(OUTPUT_TIMEOUT, reading).await.unwrap_or(Ok(()))?;
            Ok(status)
        }
        Either::Right((read, wait)) => {
            read?;
            wait.await
        }
    }
}

/// Returns the result of `work`, or `None` if `child` exits and `work` does not complete within [`OUTPUT_TIMEOUT`] after
/// that, for example because a background process keeps the output open.
#[cfg(feature = "ssh")]
pub(crate) async fn unless_exited<T>(child: &mut Child, work: impl Future<Output = T>) -> Option<T> {
    match select(pin!(child.wait()), pin!(work)).await {
        // The pipes may still contain output of the child.
        Either::Left((_, work)) => timeout(OUTPUT_TIMEOUT, work).await.ok(),
        Either::Right((outcome, _)) => Some(outcome),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn find_program_skips_relative_directories() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
        for directory in [&first, &second] {
            fs::create_dir(directory).unwrap();
            fs::copy("/bin/true", directory.join("tool")).unwrap();
        }
        // The current directory of the tests is that of the package, in which `xtask/setup` is a program.
        let relative = "xtask:./xtask::.";
        assert_eq!(find("setup", OsStr::new(relative)).await, None);
        assert_eq!(find("setup", OsStr::new("")).await, None);
        let path = format!("{relative}:{}:{}", first.display(), second.display());
        assert_eq!(find("tool", OsStr::new(&path)).await, Some(first.join("tool")));
        fs::set_permissions(first.join("tool"), fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(find("tool", OsStr::new(&path)).await, Some(second.join("tool")));
    }
}
