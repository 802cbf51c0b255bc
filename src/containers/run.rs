//! Running containers, with an API modeled on [`std::process::Command`].

use bytes::Bytes;

use super::ContainerBuilder;
use crate::{DockerClient, Error, Result, redacted::Secret, request::settings};

mod detach;
mod guard;
mod launch;
mod output;
mod spawn;
mod status;

pub use self::{
    detach::DetachContainer,
    output::RunOutput,
    spawn::{RunningContainer, SpawnContainer},
    status::RunStatus,
};

impl DockerClient {
    /// Runs a container, as `docker run --rm` does and [`std::process::Command`] does for processes.
    ///
    /// Sends nothing until one of the verbs is called and awaited:
    ///
    /// | verb | resolves |
    /// |---|---|
    /// | [`output()`](RunContainer::output) | when the container has exited, to its [`Output`](crate::Output) |
    /// | [`status()`](RunContainer::status) | when the container has exited, to its [`ExitStatus`](super::ExitStatus) |
    /// | [`spawn()`](RunContainer::spawn) | when the container runs, to a [`RunningContainer`] with its input and output |
    /// | [`detach()`](RunContainer::detach) | when the container runs, to a [`CreatedContainer`](super::CreatedContainer) (`docker run --detach`) |
    ///
    /// Each verb pulls the image if it is [missing](RunContainer::pull), creates the container, attaches to it if its
    /// input or output is used, and starts it. The container is [removed](RunContainer::auto_remove) afterwards, even if it
    /// cannot be started. An exit code other than 0 is not an error, but a program that does not exist is
    /// ([`BadRequest`](crate::ErrorKind::BadRequest)), because the container cannot be started. With
    /// [`Container::command`](super::Container::command), it is exit code 126 or 127 instead.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let output = docker.run("busybox").args(["echo", "hello"]).output().await?;
    /// println!("{output}"); // hello
    ///
    /// let sorted = docker.run("busybox").arg("sort").input("b\na\n").output().await?;
    /// assert_eq!(sorted.stdout_text(), "a\nb\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn run(&self, image: impl Into<String>) -> RunContainer {
        let verb = Run { pull: PullPolicy::default(), input: Secret(None), kill_on_drop: false, remove: None };
        ContainerBuilder::new(self.clone(), image.into(), verb)
    }
}

/// A container to be run. Returned by [`DockerClient::run`]. Run it with [`output`](Self::output),
/// [`status`](Self::status), [`spawn`](Self::spawn) or [`detach`](Self::detach).
pub type RunContainer = ContainerBuilder<Run>;

/// The container is run.
#[derive(Clone, Debug)]
pub struct Run {
    pull: PullPolicy,
    input: Secret<Option<Bytes>>,
    kill_on_drop: bool,
    remove: Option<bool>,
}

/// When [`DockerClient::run`] pulls the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PullPolicy {
    /// Pulls the image if the engine does not have it.
    #[default]
    Missing,
    /// Always pulls the image, so that a newer version is used if there is one.
    Always,
    /// Never pulls the image. The run fails if the engine does not have it (404).
    Never,
}

impl RunContainer {
    /// Sets when to pull the image, as `docker run --pull` does. Defaults to [`PullPolicy::Missing`].
    ///
    /// The credentials are taken from the user's configuration. To use others, [pull](crate::images::Image::pull) the
    /// image first.
    pub fn pull(mut self, policy: PullPolicy) -> Self {
        self.verb.pull = policy;
        self
    }

    /// Sets the content of the container's stdin, followed by EOF. Defaults to no input.
    ///
    /// For [`output`](Self::output) and [`status`](Self::status). [`spawn`](Self::spawn) returns the input to write to, if
    /// [`stdin(true)`](ContainerBuilder::stdin) is set.
    pub fn input(mut self, bytes: impl Into<Bytes>) -> Self {
        self.verb.input = Secret(Some(bytes.into()));
        self
    }

    /// Sets whether the container is removed once it has exited, as `docker run --rm` does, with its anonymous volumes.
    /// Defaults to `true`, but for [`detach`](Self::detach) to `false`, as for `docker run --detach`.
    ///
    /// Since API 1.30, the engine removes it, even if this program exits first. Below API 1.30, the client waits for
    /// the container and then removes it; if the call fails or is dropped before, a container that still runs is kept, unless
    /// [`kill_on_drop(true)`](Self::kill_on_drop) is set. `detach` with removal requires API 1.25. A container that was
    /// created and could not be started is removed too, unless `false` is set.
    ///
    /// A container with a [restart policy](ContainerBuilder::restart) cannot be removed this way: set `false`.
    #[doc(alias = "rm")]
    #[doc(alias = "remove")]
    pub fn auto_remove(mut self, auto_remove: bool) -> Self {
        self.verb.remove = Some(auto_remove);
        self
    }

    /// Sets whether the container is killed, and removed unless [`auto_remove(false)`](Self::auto_remove) is set, when the future
    /// or the [`RunningContainer`] is dropped before it has exited. That includes futures that fail or exceed their
    /// time limit. Defaults to `false`: the container keeps running. Does not apply to [`detach`](Self::detach).
    ///
    /// The removal is a task of the Tokio runtime in which this is dropped, and does not happen if that runtime shuts down. A
    /// container that is not started yet is removed in any case, unless `auto_remove(false)` is set.
    pub fn kill_on_drop(mut self, kill_on_drop: bool) -> Self {
        self.verb.kill_on_drop = kill_on_drop;
        self
    }

    settings!();

    /// Fails if `input` is set, which only `output` and `status` write.
    fn no_input(&self, verb: &str) -> Result<()> {
        match &*self.verb.input {
            None => Ok(()),
            Some(_) => {
                let message =
                    format!("input() is for output() and status(); with {verb}, write to the input of the container");
                Err(Error::invalid_input(message).during("container_create"))
            }
        }
    }

    /// Whether to remove a container that could not be started.
    fn removes_unstarted(&self) -> bool {
        self.verb.remove != Some(false)
    }
}
