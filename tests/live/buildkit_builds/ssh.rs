//! SSH agents and keys.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::{built, engine_with_buildkit, lines, output};

/// An SSH agent with one key, which ends when this is dropped.
struct Agent {
    process: Child,
    folder: tempfile::TempDir,
}

impl Agent {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = generate(&folder.path().join("key"), "ed25519", "");
        let socket = folder.path().join("agent");
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

/// Creates a key of this type in the file at `path`.
fn generate(path: &Path, key_type: &str, passphrase: &str) -> PathBuf {
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-t", key_type, "-N", passphrase, "-f"]).arg(path);
    assert!(keygen.status().unwrap().success());
    path.to_owned()
}

/// Returns the fingerprint of a key.
fn fingerprint(key: &Path) -> String {
    let listed = Command::new("ssh-keygen").arg("-l").arg("-f").arg(key).output().unwrap();
    String::from_utf8(listed.stdout).unwrap().split_whitespace().nth(1).unwrap().to_owned()
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

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn build_with_buildkit_uses_ssh_keys_of_files() {
    let Some(engine) = engine_with_buildkit().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let key = |name: &str, key_type, passphrase| generate(&folder.path().join(name), key_type, passphrase);
    let (first, second, other) = (key("first", "ed25519", ""), key("second", "ecdsa", ""), key("other", "ed25519", ""));
    let public = fs::read_to_string(second.with_extension("pub")).unwrap();
    let dockerfile = format!(
        "FROM busybox\nCOPY tree /\n\
         RUN --mount=type=ssh ssh-add -l; echo {} > key.pub; ssh-add -T key.pub && echo signed\n\
         RUN --mount=type=ssh,id=other ssh-add -l\n",
        public.trim()
    );
    let build = || engine.direct().images().build(context_with_ssh_add(&dockerfile)).build_kit(true).no_cache(true);
    let with_keys = build().ssh_key("default", &first).ssh_key("default", &second).ssh_key("other", &other);
    let (_, traces) = built(&engine, with_keys).await.unwrap();
    let output = output(&traces);
    for key in [&first, &second, &other] {
        assert_eq!(output.matches(&fingerprint(key)).count(), 1, "{output}");
    }
    assert!(output.contains("signed\n"), "{output}");

    let encrypted = key("encrypted", "ed25519", "hunter2");
    for (path, message) in [(encrypted, "the key has a passphrase"), (folder.path().join("absent"), "no such file")] {
        let error = build().ssh_key("default", &path).await.unwrap_err();
        assert!(error.is_local_io() && error.to_string().contains(message), "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
}
