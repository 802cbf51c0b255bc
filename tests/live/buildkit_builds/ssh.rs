//! SSH agents.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::{built, engine_with_buildkit, lines};

/// An SSH agent with one key, which ends when this is dropped.
struct Agent {
    process: Child,
    folder: tempfile::TempDir,
}

impl Agent {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        let socket = folder.path().join("agent");
        let keygen = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
        assert!(keygen.unwrap().success());
        let process = Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn().unwrap();
        let agent = Self { process, folder };
        let begin = Instant::now();
        while !socket.exists() {
            assert!(begin.elapsed() < Duration::from_secs(30));
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(Command::new("ssh-add").arg("-q").arg(&key).env("SSH_AUTH_SOCK", &socket).status().unwrap().success());
        agent
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("agent")
    }

    /// The keys, as `ssh-add -l` lists them.
    fn keys(&self) -> String {
        let listed = Command::new("ssh-add").arg("-l").env("SSH_AUTH_SOCK", self.socket()).output().unwrap();
        String::from_utf8(listed.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A context with this Dockerfile, and this machine's `ssh-add` with the libraries that it needs.
fn context_with_ssh_add(dockerfile: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(dockerfile.len() as u64);
    header.set_mode(0o644);
    builder.append_data(&mut header, "Dockerfile", dockerfile.as_bytes()).unwrap();
    let listed = String::from_utf8(Command::new("ldd").arg("/usr/bin/ssh-add").output().unwrap().stdout).unwrap();
    let libraries = listed.split_whitespace().filter(|word| word.starts_with('/'));
    for path in libraries.chain(["/usr/bin/ssh-add"]) {
        let mut file = fs::File::open(path).unwrap();
        builder.append_file(format!("tree{path}"), &mut file).unwrap();
    }
    builder.into_inner().unwrap()
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn build_with_buildkit_uses_an_ssh_agent() {
    let Some(engine) = engine_with_buildkit().await else { return };
    let agent = Agent::start();
    let dockerfile =
        "FROM busybox\nCOPY tree /\nRUN --mount=type=ssh ssh-add -l; ssh-add -D && echo removed; ssh-add -l\n";
    let build = || engine.direct().images().build(context_with_ssh_add(dockerfile)).build_kit(true).no_cache(true);
    let (_, traces) = built(&engine, build().ssh_agent("default", agent.socket())).await.unwrap();
    let lines = lines(&traces);
    let keys = agent.keys();
    assert!(keys.contains("ED25519") && lines.matches(&keys).count() == 2 && !lines.contains(" removed\n"), "{lines}");

    let absent = agent.folder.path().join("absent");
    let error = build().ssh_agent("default", absent).await.unwrap_err();
    assert!(error.is_local_io() && error.to_string().contains("failed to connect to the SSH agent"), "{error}");
}
