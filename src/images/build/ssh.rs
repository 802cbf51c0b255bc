//! SSH agents and keys of builds with BuildKit.

use std::{
    collections::BTreeMap,
    env, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::time::timeout;

use self::key_agent::KeyAgent;
use super::{BuildImage, options::Options};
use crate::{
    Error, Result,
    platform::{self, LocalStream},
};

mod key_agent;

/// Timeout for connecting to an agent; the same as in the Docker CLI.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// An SSH agent that is offered to BuildKit.
#[derive(Clone, Debug)]
pub(crate) enum SshAgent {
    /// An agent of the user, by the path of its socket.
    Socket(PathBuf),
    /// An agent with keys for this build.
    Keys(Arc<KeyAgent>),
}

impl SshAgent {
    /// Returns the path of the agent's socket.
    pub(crate) fn socket(&self) -> &Path {
        match self {
            Self::Socket(socket) => socket,
            Self::Keys(agent) => agent.socket(),
        }
    }

    /// Connects to the agent with this socket.
    pub(crate) async fn connect(socket: &Path) -> io::Result<LocalStream> {
        let connected = timeout(CONNECT_TIMEOUT, platform::connect_local(socket)).await;
        connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl BuildImage {
    /// Forwards the SSH agent at the Unix socket or named pipe `socket` to build steps that mount it: `RUN --mount=type=ssh`,
    /// or with another `id` than `default`, `RUN --mount=type=ssh,id=…`. Requires the feature `buildkit`, and
    /// [`build_kit`](Self::build_kit). For keys without an agent, see [`ssh_key`](Self::ssh_key).
    ///
    /// On Windows, OpenSSH's agent has the pipe `\\.\pipe\openssh-ssh-agent`.
    ///
    /// Steps can list keys and sign with them. Other requests to the agent, such as to add or remove keys, fail.
    ///
    /// It is an error if the agent does not accept connections, or if there are keys with the same `id`.
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
    /// use dockerclient::Upload;
    ///
    /// let context = Upload::from_file("context.tar").await?;
    /// let agent = std::env::var("SSH_AUTH_SOCK")?;
    /// docker.images().build(context).build_kit(true).ssh_agent("default", agent).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn ssh_agent(mut self, id: impl Into<String>, socket: impl Into<PathBuf>) -> Self {
        self.options.ssh_agents.insert(id.into(), socket.into());
        self
    }

    /// Lets build steps that mount an SSH agent, `RUN --mount=type=ssh`, sign with the private key in the file at `path`, as
    /// `docker build --ssh default=path` does. With another `id` than `default`, these are steps with
    /// `RUN --mount=type=ssh,id=…`. Several keys with the same `id` are added to one agent. Requires the feature `buildkit`,
    /// [`build_kit`](Self::build_kit), and the programs `ssh-agent` and `ssh-add` of OpenSSH. Not supported on Windows:
    /// there, add the key to the agent with `ssh-add`, and use [`ssh_agent`](Self::ssh_agent).
    ///
    /// The key is read before the build is sent, and stays on this machine: it is added to an agent that runs as long as the
    /// build, with a socket in a private temporary directory.
    ///
    /// It is an error if the key cannot be read, if it has a passphrase, or if there is also an
    /// [`ssh_agent`](Self::ssh_agent) with this `id`. A key with a passphrase needs an agent of the user.
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::images::Context;
    ///
    /// let build = docker.images().build(Context::directory("site")).build_kit(true);
    /// build.ssh_key("default", "/home/me/.ssh/id_ed25519").tag("web:2").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn ssh_key(mut self, id: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        self.options.ssh_keys.entry(id.into()).or_default().push(path.into());
        self
    }
}

/// Returns the agents of a build, and starts those for keys. Fails if an agent does not accept connections, or if a key
/// cannot be used.
pub(super) async fn open(options: &Options) -> Result<BTreeMap<String, SshAgent>> {
    check(options)?;
    let mut agents = BTreeMap::new();
    for (id, socket) in &options.ssh_agents {
        SshAgent::connect(socket).await.map_err(|error| {
            Error::local_io(format!("failed to connect to the SSH agent {id:?} at {}: {error}", socket.display()))
        })?;
        agents.insert(id.clone(), SshAgent::Socket(socket.clone()));
    }
    for (id, files) in &options.ssh_keys {
        let path = env::var_os("PATH").unwrap_or_default();
        let agent = KeyAgent::start(files.clone(), &path).await?;
        agents.insert(id.clone(), SshAgent::Keys(Arc::new(agent)));
    }
    Ok(agents)
}

/// Fails if a path is empty, if an id has both an agent and keys, or if there are keys on a system without agents for them.
fn check(options: &Options) -> Result<()> {
    for (id, socket) in &options.ssh_agents {
        if socket.as_os_str().is_empty() {
            return Err(Error::invalid_input(format!("the path of the SSH agent {id:?} is empty")));
        }
        if options.ssh_keys.contains_key(id) {
            let message = format!("ssh_agent and ssh_key cannot be combined with the same id {id:?}");
            return Err(Error::invalid_input(message));
        }
    }
    if !platform::HAS_SSH_AGENT_PROGRAM && !options.ssh_keys.is_empty() {
        return Err(Error::invalid_input(
            "ssh_key is not supported on this system: add the key to the SSH agent with `ssh-add`, and use ssh_agent",
        ));
    }
    for (id, files) in &options.ssh_keys {
        if files.iter().any(|file| file.as_os_str().is_empty()) {
            return Err(Error::invalid_input(format!("the path of the SSH key {id:?} is empty")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DockerClient;

    fn build() -> BuildImage {
        DockerClient::connect("tcp://127.0.0.1:1").unwrap().images().build(Vec::new())
    }

    #[tokio::test]
    async fn ssh_agents_that_are_not_valid_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        for (build, message) in [
            (build().ssh_agent("a", ""), r#"the path of the SSH agent "a" is empty"#),
            (build().ssh_agent("a", "b").ssh_key("a", "c"), r#"cannot be combined with the same id "a""#),
            (build().ssh_agent("a", folder.path().join("none")), r#"failed to connect to the SSH agent "a""#),
        ] {
            let error = open(&build.options).await.unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
        }
    }

    #[test]
    fn ssh_keys_are_not_supported_on_windows() {
        let checked = check(&build().ssh_key("a", "b").options);
        assert_eq!(checked.is_ok(), platform::HAS_SSH_AGENT_PROGRAM);
        if let Err(error) = checked {
            assert!(error.is_bad_request() && error.to_string().contains("use ssh_agent"), "{error}");
        }
    }
}
