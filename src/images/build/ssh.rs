//! SSH agents and keys of builds with BuildKit.

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::net::UnixStream;

use self::key_agent::KeyAgent;
use super::{BuildImage, options::Options};
use crate::{Error, Result};

mod key_agent;

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
}

impl BuildImage {
    /// Forwards the SSH agent at the Unix socket `socket` to build steps that mount it: `RUN --mount=type=ssh`, or with another
    /// `id` than `default`, `RUN --mount=type=ssh,id=…`. Requires the feature `buildkit`, and [`build_kit`](Self::build_kit).
    /// For keys without an agent, see [`ssh_key`](Self::ssh_key).
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
    /// [`build_kit`](Self::build_kit), and the programs `ssh-agent` and `ssh-add` of OpenSSH.
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
        UnixStream::connect(socket).await.map_err(|error| {
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

/// Fails if a path is empty, or if an id has both an agent and keys.
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
    for (id, files) in &options.ssh_keys {
        if files.iter().any(|file| file.as_os_str().is_empty()) {
            return Err(Error::invalid_input(format!("the path of the SSH key {id:?} is empty")));
        }
    }
    Ok(())
}
