//! Running other programs.

use std::{
    env,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use anyhow::{Context, Result, ensure};

/// A command. Programs are also searched in `/usr/sbin` and `/sbin`, which may not be in the `PATH` of users.
///
/// It does not inherit the variables in which cargo describes the package of this program: build scripts such as that of ring
/// run again if one of these changes, and everything that depends on them is compiled again.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(path_of(program).unwrap_or_else(|| program.into()));
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
    command
}

/// Returns whether `program` is installed.
pub(crate) fn exists(program: &str) -> bool {
    path_of(program).is_some()
}

/// Returns the path of `program`, if it is installed.
pub(crate) fn path_of(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    env::split_paths(&path).chain(system).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Runs `command`. Fails with its stderr if it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    output(command).map(|_| ())
}

/// Runs `command`, and returns its stdout. Fails with its stderr if it fails.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().display().to_string();
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().context(name.clone())?;
    ensure!(status.success(), "{name}: {status}: {}", String::from_utf8_lossy(&stderr).trim());
    Ok(String::from_utf8_lossy(&stdout).into_owned())
}
