//! Wine, with its own Windows directory in `target/wine`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};

use super::COMPILER;
use crate::{libtest, root, shell};

/// Directory of Wine's programs on Debian and Ubuntu, which is not in `PATH`.
const FOLDER: &str = "/usr/lib/wine";

/// Source of a library that old versions of Wine lack.
const RANDOM: &str = "xtask/src/windows/bcryptprimitives.c";

/// Time limit for one test program.
const TIMEOUT: Duration = Duration::from_secs(1200);

/// Returns the path of one of Wine's programs, if it is installed.
pub(super) fn path_of(program: &str) -> Option<PathBuf> {
    shell::path_of(program).or_else(|| Some(Path::new(FOLDER).join(program)).filter(|file| file.is_file()))
}

/// Wine with all processes that it starts. Dropping it ends them.
#[derive(Debug)]
pub(super) struct Wine {
    loader: PathBuf,
    server: PathBuf,
    /// Directory with Wine's configuration, the Windows directory, and output of test programs.
    folder: PathBuf,
}

impl Wine {
    /// Creates the Windows directory, unless it exists.
    pub(super) fn start() -> Result<Self> {
        let wine = Self {
            loader: path_of("wine64").context("wine64 is not installed")?,
            server: path_of("wineserver").context("wineserver is not installed")?,
            folder: root().join("target/wine"),
        };
        let complete = wine.folder.join("complete");
        let is_new = !complete.exists();
        if is_new {
            println!("== creating a Windows directory in {}", wine.folder.display());
            let _ = fs::remove_dir_all(&wine.folder);
            fs::create_dir_all(wine.folder.join("home"))?;
        }
        wine.start_server()?;
        if is_new {
            wine.output("wineboot", wine.command(Path::new("wineboot")).arg("--init"))?;
            wine.add_missing_library()?;
            fs::write(complete, "")?;
        }
        Ok(wine)
    }

    /// Starts Wine's server, until it is killed. By default, it would exit some seconds after the last program, and a
    /// program that connects to it at that moment fails.
    fn start_server(&self) -> Result<()> {
        fs::create_dir_all(self.folder.join("prefix"))?;
        let mut server = Command::new(&self.server);
        self.configure(&mut server);
        // It continues in the background, so it gets no pipe of which a reader would wait for the end.
        server.arg("--persistent").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let status = server.status()?;
        ensure!(status.success(), "wineserver: {status}");
        Ok(())
    }

    /// Runs `program` with Wine, and returns its output. Fails if it exits with an error.
    pub(super) fn output(&self, name: &str, command: &mut Command) -> Result<String> {
        let (succeeded, output) = self.run(name, command)?;
        ensure!(succeeded, "{name} failed:{}", libtest::failures(&output));
        Ok(output)
    }

    /// Runs a command with Wine, and returns whether it succeeded, and its output.
    ///
    /// The output goes to a file: Wine's background processes inherit it, and a reader of a pipe would wait for them.
    pub(super) fn run(&self, name: &str, command: &mut Command) -> Result<(bool, String)> {
        let file = self.folder.join(name).with_extension("log");
        let log = fs::File::create(&file)?;
        let mut child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        let began = Instant::now();
        let status = loop {
            match child.try_wait()? {
                Some(status) => break Some(status),
                None if began.elapsed() > TIMEOUT => break None,
                None => thread::sleep(Duration::from_millis(20)),
            }
        };
        if status.is_none() {
            self.end_processes();
            child.wait()?;
        }
        let output = String::from_utf8_lossy(&fs::read(&file)?).into_owned();
        match status {
            Some(status) => Ok((status.success(), output)),
            None => bail!("{name} did not exit within {TIMEOUT:?}; its output:\n{output}"),
        }
    }

    /// A command that runs a program for Windows.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(&self.loader);
        self.configure(&mut command);
        command.arg(program);
        command
    }

    /// Sets the environment of Wine's programs.
    fn configure(&self, command: &mut Command) {
        command
            .env("WINEPREFIX", self.folder.join("prefix"))
            .env("WINEDEBUG", "-all")
            // Without .NET, HTML and entries in menus, for which Wine would download packages or change the home directory.
            .env("WINEDLLOVERRIDES", "mscoree=;mshtml=;winemenubuilder.exe=")
            .env("HOME", self.folder.join("home"))
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY");
    }

    /// Compiles the library with the random numbers of Windows, unless Wine has it.
    fn add_missing_library(&self) -> Result<()> {
        let library = self.folder.join("prefix/drive_c/windows/system32/bcryptprimitives.dll");
        if library.exists() {
            return Ok(());
        }
        let mut compiler = shell::command(COMPILER);
        compiler.args(["-shared", "-O1", "-s", "-o"]).arg(library).arg(root().join(RANDOM)).arg("-ladvapi32");
        shell::run(&mut compiler)
    }

    /// Ends all processes in the Windows directory.
    fn end_processes(&self) {
        let mut server = Command::new(&self.server);
        self.configure(&mut server);
        let _ = shell::run(server.arg("--kill"));
        let mut server = Command::new(&self.server);
        self.configure(&mut server);
        let _ = shell::run(server.arg("--wait"));
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        self.end_processes();
    }
}
