//! Subprocesses: finding and awaiting `ssh`, `ssh-agent` and credential helpers.

use std::{
    env,
    ffi::OsStr,
    io,
    path::PathBuf,
    pin::pin,
    process::{ExitStatus, Output},
    time::Duration,
};

use futures_util::future::{Either, select, try_join3};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::Child,
    task::spawn_blocking,
    time::timeout,
};

use crate::platform;

/// Time to read the rest of the output after a process has exited.
const OUTPUT_TIMEOUT: Duration = Duration::from_millis(500);

/// Maximum size of the stdout of a process, in bytes.
const MAX_OUTPUT: u64 = 1 << 20;

/// Maximum size of the stderr of a process that is kept for error messages, in bytes.
const MAX_STDERR: u64 = 1 << 10;

/// Finds the program `name` in the directories of `path`, in the format of the variable `PATH`. On Windows, its file has
/// the extension of a program or of a script, for example `name.exe` or `name.cmd`.
///
/// Skips empty and relative directories: they depend on the current directory, whose owner could then choose which program
/// runs.
pub(crate) async fn find(name: &str, path: &OsStr) -> Option<PathBuf> {
    let directories = env::split_paths(path).filter(|directory| directory.is_absolute());
    let names = platform::program_names(name);
    let files: Vec<PathBuf> =
        directories.flat_map(|directory| names.iter().map(|name| directory.join(name)).collect::<Vec<_>>()).collect();
    let is_program = |file: &PathBuf| file.metadata().is_ok_and(|metadata| platform::is_program(&metadata));
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

/// Writes `input` to the stdin of `child`, closes it, and waits for the output and the exit. Pipes that are not open are
/// empty. Fails if stdout is longer than [`MAX_OUTPUT`]; of stderr, only the first [`MAX_STDERR`] bytes are kept.
pub(crate) async fn communicate(child: &mut Child, input: &[u8]) -> io::Result<Output> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let mut output = (Vec::new(), Vec::new());
    let write = async {
        if let Some(mut stdin) = stdin {
            // Ignores errors: a process may exit without reading stdin.
            let _ = stdin.write_all(input).await;
        }
        Ok(())
    };
    let read = try_join3(write, read_all(stdout, &mut output.0), read_start(stderr, &mut output.1));
    let status = wait_for_exit(child, async { read.await.map(|_| ()) }).await?;
    Ok(Output { status, stdout: output.0, stderr: output.1 })
}

/// Reads `output` until EOF. Fails if it exceeds the limit.
async fn read_all(output: Option<impl AsyncRead + Unpin>, bytes: &mut Vec<u8>) -> io::Result<()> {
    if let Some(output) = output {
        let length = output.take(MAX_OUTPUT + 1).read_to_end(bytes).await?;
        if length as u64 > MAX_OUTPUT {
            return Err(io::Error::other(format!("longer than {MAX_OUTPUT} bytes")));
        }
    }
    Ok(())
}

/// Reads `output` until EOF, but keeps only the first bytes.
async fn read_start(output: Option<impl AsyncRead + Unpin>, bytes: &mut Vec<u8>) -> io::Result<()> {
    if let Some(mut output) = output {
        (&mut output).take(MAX_STDERR).read_to_end(bytes).await?;
        // Drains the pipe, because a full pipe would block the process.
        tokio::io::copy(&mut output, &mut tokio::io::sink()).await?;
    }
    Ok(())
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

/// Returns the last line of `text` that is not empty, without control characters.
#[cfg(any(feature = "buildkit", feature = "ssh"))]
pub(crate) fn last_line(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text).replace(|char: char| char.is_control() && char != '\n', " ");
    text.lines().map(str::trim).rfind(|line| !line.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    /// Finds a small program of the system.
    async fn any_program() -> PathBuf {
        let path = env::var_os("PATH").unwrap();
        match find("true", &path).await {
            Some(program) => program,
            // On Windows.
            None => find("cmd", &path).await.unwrap(),
        }
    }

    #[tokio::test]
    async fn find_program_skips_relative_directories() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
        let file = platform::program_names("tool").remove(0);
        for directory in [&first, &second] {
            fs::create_dir(directory).unwrap();
            fs::copy(any_program().await, directory.join(&file)).unwrap();
        }
        // The current directory of the tests is the package directory, in which `xtask/setup` is a program.
        let relative = ["xtask", "./xtask", "", "."].map(Path::new);
        assert_eq!(find("setup", &env::join_paths(relative).unwrap()).await, None);
        assert_eq!(find("setup", OsStr::new("")).await, None);
        let path = env::join_paths(relative.into_iter().chain([first.as_path(), second.as_path()])).unwrap();
        assert_eq!(find("tool", &path).await, Some(first.join(&file)));
        assert_eq!(find("other", &path).await, None);
    }

    #[tokio::test]
    async fn find_program_skips_files_that_are_not_programs() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second, third] = ["first", "second", "third"].map(|name| folder.path().join(name));
        let file = platform::program_names("tool").remove(0);
        fs::create_dir_all(first.join(&file)).unwrap();
        fs::create_dir(&second).unwrap();
        // A script without the permission to execute it; on Windows, a file with another name.
        fs::write(second.join("tool"), "").unwrap();
        fs::create_dir(&third).unwrap();
        fs::copy(any_program().await, third.join(&file)).unwrap();
        let path = env::join_paths([first, second, third.clone()]).unwrap();
        assert_eq!(find("tool", &path).await, Some(third.join(&file)));
    }
}
