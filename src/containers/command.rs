//! Running commands in containers. The types are in [`exec`](crate::exec).

use super::Container;
use crate::exec::{Command, CreateExec};

impl Container {
    /// Runs a program in the container, as `docker exec` does and [`std::process::Command`] does for processes. The container
    /// must be running.
    ///
    /// Sends nothing until one of the verbs is called and awaited:
    ///
    /// | verb | resolves |
    /// |---|---|
    /// | [`output()`](Command::output) | when the command has exited, to its [`Output`](crate::Output) |
    /// | [`status()`](Command::status) | when the command has exited, to its [`ExitStatus`](super::ExitStatus) |
    /// | [`spawn()`](Command::spawn) | when the command runs, to a [`RunningCommand`](crate::exec::RunningCommand) with its input and output |
    /// | [`detach()`](Command::detach) | when the command runs, to its [`Exec`](crate::exec::Exec) handle (`docker exec --detach`) |
    /// | [`create()`](Command::create) | when the command is created, and not started, to its [`Exec`](crate::exec::Exec) handle |
    ///
    /// The program is not run by a shell; for that, run `sh`. An exit code other than 0 is not an error: the exit code of a
    /// program that does not exist or cannot be run is 126 or 127, and engines write the reason to its output. With
    /// [`DockerClient::run`](crate::DockerClient::run), such a program is an error instead.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let web = docker.container("web");
    /// let listing = web.command("ls").arg("-l").current_dir("/srv").output().await?;
    /// print!("{}", listing.stdout_text());
    ///
    /// let words = web.command("sh").args(["-c", "wc -w"]).input("a b c").output().await?;
    /// assert_eq!(words.stdout_text().trim(), "3");
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "exec")]
    #[doc(alias = "Exec")]
    pub fn command(&self, program: impl Into<String>) -> Command {
        Command::new(self.docker.clone(), self.id.clone(), [program.into()])
    }

    /// Creates a command, and does not start it. Short for [`command(…)`](Self::command)[`.create()`](Command::create),
    /// which has settings.
    ///
    /// Calls `POST /containers/{id}/exec`.
    ///
    /// # Errors
    ///
    /// Fails if the container is not running (409; 500 from engines before 1.12), or if the command is empty (400).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let exec = docker.container("web").create_exec(["ls", "-l"]).await?;
    /// let listing = exec.start().await?.output.capture().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerExec")]
    #[doc(alias = "ExecCreate")]
    pub fn create_exec<S: Into<String>>(&self, command: impl IntoIterator<Item = S>) -> CreateExec {
        Command::new(self.docker.clone(), self.id.clone(), command).create()
    }
}
