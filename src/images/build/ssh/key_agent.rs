//! Agents for the SSH keys of a build.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::AsyncReadExt as _,
    process::{Child, Command},
    time::timeout,
};

use crate::{Error, Result, buildkit::random_id, platform, regular_file, stream::run_blocking, subprocess};

/// Maximum size of the file of a key, in bytes; the same limit as in BuildKit.
const MAX_KEY: u64 = 100 << 10;

/// End of the first line of a private key.
const PRIVATE_KEY: &[u8] = b"PRIVATE KEY-----";

/// Time limit to start an agent and to add its keys.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// The command that `ssh-agent` runs once it accepts connections. The command writes a line, waits until its stdin is
/// closed, as it also is if this program is killed, and ends the agent. Without it, the agent ends within ten seconds.
const COMMAND: &str = r#"echo; read -r line; kill "$SSH_AGENT_PID""#;

/// An SSH agent with keys from files. Dropping it ends the agent.
#[derive(Debug)]
pub(crate) struct KeyAgent {
    /// The command of the agent.
    process: Child,
    directory: Directory,
}

impl KeyAgent {
    /// Starts an agent with the keys in `files`. Programs are searched in the directories of `path`, in the format of the
    /// variable `PATH`.
    pub(super) async fn start(files: Vec<PathBuf>, path: &OsStr) -> Result<Self> {
        let keys = run_blocking(move || files.into_iter().map(Key::read).collect()).await?;
        timeout(TIME_LIMIT, Self::start_with(keys, path)).await.unwrap_or_else(|_| {
            Err(Error::local_io(format!("failed to start ssh-agent and to add the SSH keys within {TIME_LIMIT:?}")))
        })
    }

    /// Returns the path of the agent's socket.
    pub(super) fn socket(&self) -> &Path {
        &self.directory.socket
    }

    async fn start_with(keys: Vec<Key>, path: &OsStr) -> Result<Self> {
        let agent = Self::start_without_keys(path).await?;
        let ssh_add = find("ssh-add", path).await?;
        // A program that fails, instead of one that prompts for a passphrase.
        let askpass = find("false", path).await?;
        for key in keys {
            agent.add(&key, &ssh_add, &askpass).await?;
        }
        Ok(agent)
    }

    async fn start_without_keys(path: &OsStr) -> Result<Self> {
        let failed = |why: String| Error::local_io(format!("failed to start ssh-agent: {why}"));
        let (ssh_agent, shell) = (find("ssh-agent", path).await?, find("sh", path).await?);
        let directory = run_blocking(Directory::create).await?;
        let mut command = Command::new(ssh_agent);
        command
            .arg("-a")
            .arg(&directory.socket)
            .arg("--")
            .arg(shell)
            .args(["-c", COMMAND])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // An interrupt from the terminal must not end the command: this program may handle it, and continue.
        platform::own_process_group(&mut command);
        let mut process = command.spawn().map_err(|error| failed(error.to_string()))?;
        let is_ready = match &mut process.stdout {
            Some(stdout) => stdout.read_u8().await.is_ok(),
            None => false,
        };
        let mut agent = Self { process, directory };
        if !is_ready {
            let output = subprocess::communicate(&mut agent.process, b"").await;
            let output = output.map_err(|error| failed(error.to_string()))?;
            let message = subprocess::last_line(&output.stderr);
            return Err(failed(message.unwrap_or_else(|| output.status.to_string())));
        }
        (agent.process.stdout, agent.process.stderr) = (None, None);
        Ok(agent)
    }

    /// Adds a key with the program `ssh_add`, which runs `askpass` if the key has a passphrase.
    async fn add(&self, key: &Key, ssh_add: &Path, askpass: &Path) -> Result<()> {
        let failed = |why: String| {
            Error::local_io(format!("failed to add the SSH key {} to an agent: {why}", key.path.display()))
        };
        let mut process = Command::new(ssh_add)
            // The key is read from stdin, because files that others may read are rejected.
            .arg("-")
            .env("SSH_AUTH_SOCK", self.socket())
            // With `never`, `ssh-add` would prompt on the terminal. Before OpenSSH 8.4, setting `DISPLAY` has the effect of
            // `force`.
            .env("SSH_ASKPASS", askpass)
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env("DISPLAY", ":")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(format!("failed to run ssh-add: {error}")))?;
        let output = subprocess::communicate(&mut process, &key.content).await;
        let output = output.map_err(|error| failed(format!("failed to read the output of ssh-add: {error}")))?;
        match (output.status.code(), subprocess::last_line(&output.stderr)) {
            (Some(0), _) => Ok(()),
            (Some(1), None) => {
                Err(failed("the key has a passphrase; add it to your SSH agent, and use ssh_agent".into()))
            }
            (_, message) => {
                let message = message.unwrap_or_else(|| output.status.to_string());
                Err(failed(format!("ssh-add failed: {message}")))
            }
        }
    }
}

impl Drop for KeyAgent {
    /// Ends the command, which ends the agent.
    fn drop(&mut self) {
        self.process.stdin = None;
    }
}

/// A private key in the format of OpenSSH or PEM. Has no `Debug`.
struct Key {
    path: PathBuf,
    content: Vec<u8>,
}

impl Key {
    /// Reads a key. As in Docker, lines may end with CRLF, and the last one without a line end, which OpenSSH rejects.
    fn read(path: PathBuf) -> Result<Self> {
        let read = regular_file::read(&path, MAX_KEY);
        let mut content = read.map_err(|error| regular_file::read_error(&path, error))?;
        if !content.windows(PRIVATE_KEY.len()).any(|window| window == PRIVATE_KEY) {
            return Err(Error::local_io(format!("failed to read {}: not a private SSH key", path.display())));
        }
        content.retain(|byte| *byte != b'\r');
        content.push(b'\n');
        Ok(Self { path, content })
    }
}

/// A directory of this user for the socket of an agent. Dropping it removes both.
#[derive(Debug)]
struct Directory {
    path: PathBuf,
    socket: PathBuf,
}

impl Directory {
    fn create() -> Result<Self> {
        let path = env::temp_dir().join(format!("dockerclient-{}", random_id()));
        // Fails if the path exists.
        match platform::create_private_directory(&path) {
            Ok(()) => Ok(Self { socket: path.join("agent"), path }),
            Err(error) => Err(Error::local_io(format!("failed to create {}: {error}", path.display()))),
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // The agent may have removed the socket.
        let _ = fs::remove_file(&self.socket);
        let _ = fs::remove_dir(&self.path);
    }
}

/// Returns the path of the program called `name`.
async fn find(name: &str, path: &OsStr) -> Result<PathBuf> {
    let found = subprocess::find(name, path).await;
    found.ok_or_else(|| {
        Error::local_io(format!("`{name}` not found in PATH (required for ssh_key; relative directories are ignored)"))
    })
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsString, process};

    use super::*;

    const SECRET: &str = "hunter2";

    fn path() -> OsString {
        env::var_os("PATH").unwrap()
    }

    /// Creates a key of this type, and returns its path.
    fn generate(folder: &Path, key_type: &str, passphrase: &str) -> PathBuf {
        let file = folder.join(format!("{key_type}{passphrase}"));
        let mut command = process::Command::new("ssh-keygen");
        command.args(["-q", "-t", key_type, "-N", passphrase, "-f"]).arg(&file);
        assert!(command.status().unwrap().success());
        file
    }

    /// Returns the keys, as `ssh-add -l` lists them.
    fn keys(agent: &KeyAgent) -> String {
        let listed = process::Command::new("ssh-add").arg("-l").env("SSH_AUTH_SOCK", agent.socket()).output().unwrap();
        String::from_utf8(listed.stdout).unwrap()
    }

    #[tokio::test]
    async fn ssh_keys_are_in_an_agent_that_ends_when_dropped() {
        if !platform::HAS_SSH_AGENT_PROGRAM {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let files = ["ed25519", "ecdsa"].map(|key_type| generate(folder.path(), key_type, ""));
        let text = fs::read_to_string(&files[1]).unwrap();
        fs::write(&files[1], text.trim_end().replace('\n', "\r\n")).unwrap();
        platform::set_mode(&files[1], 0o644).unwrap();

        let agent = KeyAgent::start(files.into(), &path()).await.unwrap();
        let listed = keys(&agent);
        assert!(listed.lines().count() == 2, "{listed}");
        assert!(listed.contains("(ED25519)") && listed.contains("(ECDSA)"), "{listed}");
        let directory = agent.directory.path.clone();
        assert_eq!(platform::mode(&directory), Some(0o700));

        let mut connection = platform::connect_local(agent.socket()).await.unwrap();
        drop(agent);
        assert!(!directory.exists());
        // An agent whose command was killed ends later.
        let end = timeout(Duration::from_secs(5), connection.read_u8()).await;
        assert!(end.expect("the agent runs after it was dropped").is_err());
    }

    #[tokio::test]
    async fn ssh_keys_that_cannot_be_added_are_errors() {
        if !platform::HAS_SSH_AGENT_PROGRAM {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &str| {
            let file = folder.path().join(name);
            fs::write(&file, content).unwrap();
            file
        };
        let (valid, encrypted) = (generate(folder.path(), "ed25519", ""), generate(folder.path(), "ecdsa", SECRET));
        for (file, message) in [
            (encrypted, "the key has a passphrase"),
            (valid.with_extension("pub"), "not a private SSH key"),
            (file("malformed", &format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{SECRET}\n")), "ssh-add failed: "),
            (file("large", &"x".repeat(MAX_KEY as usize + 1)), "larger than 102400 bytes"),
            (folder.path().join("absent"), "no such file"),
        ] {
            let error = KeyAgent::start(vec![valid.clone(), file.clone()], &path()).await.unwrap_err();
            let text = error.to_string();
            assert!(error.is_local_io() && text.contains(message), "{error}");
            assert!(text.contains(file.to_str().unwrap()), "{error}");
            assert!(!text.replace(file.to_str().unwrap(), "").contains(SECRET), "{error}");
        }
    }

    #[tokio::test]
    async fn ssh_agent_that_cannot_be_started_is_an_error() {
        if !platform::HAS_SSH_AGENT_PROGRAM {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let start = async |path: &OsStr| KeyAgent::start(Vec::new(), path).await.unwrap_err().to_string();
        let message = "`ssh-agent` not found in PATH (required for ssh_key; relative directories are ignored)";
        assert_eq!(start(folder.path().as_os_str()).await, message);

        let failing = find("false", &path()).await.unwrap();
        platform::symlink(failing, folder.path().join("ssh-agent")).unwrap();
        let path = env::join_paths([folder.path().to_owned()].into_iter().chain(env::split_paths(&path()))).unwrap();
        assert_eq!(start(path.as_os_str()).await, "failed to start ssh-agent: exit status: 1");
    }
}
