//! Builds with BuildKit in a session.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use dockerclient::{
    ApiVersion, DockerClient, Result,
    images::{BuildImage, BuildTrace, Image, PlainTrace, ProgressItem},
    models::{AuthConfig, ImageInspect},
};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    engine::{Engine, version},
    transfers::{archive, registry_with_auth},
};

/// A build with BuildKit. The proxy does not support sessions.
fn build(docker: &DockerClient, files: &[(&str, &str)]) -> BuildImage {
    docker.images().build(archive(files)).build_kit(true)
}

/// Returns the engine, or `None` if the API version under test has no BuildKit.
async fn engine_with_buildkit() -> Option<Engine> {
    let engine = Engine::under_test().await;
    if version() >= ApiVersion::new(1, 38) {
        return Some(engine);
    }
    let error = build(&engine.direct(), &[("Dockerfile", "FROM busybox\n")]).await.unwrap_err();
    assert!(error.is_unsupported(), "{error}");
    None
}

/// Returns the image, which is removed when the test ends, and the progress.
async fn built(engine: &Engine, build: BuildImage) -> Result<(Image, Vec<BuildTrace>)> {
    let mut progress = build.progress().await?;
    let mut traces = Vec::new();
    while let Some(item) = progress.try_next().await? {
        if let ProgressItem::Trace(trace) = item {
            traces.push(trace);
        }
    }
    let image = progress.finish().await?;
    engine.remove_later(format!("/images/{}?force=1", image.name()));
    Ok((image, traces))
}

/// Returns the progress as lines.
fn lines(traces: &[BuildTrace]) -> String {
    let mut plain = PlainTrace::new();
    traces.iter().map(|trace| plain.format(trace)).collect()
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn build_with_buildkit_equals_a_classic_build() {
    let Some(engine) = engine_with_buildkit().await else { return };
    let dockerfile = "FROM busybox AS base\nARG MODE=slow\nENV MODE=$MODE\nWORKDIR /srv\nCOPY motd .\nRUN cp motd copy\n\
                      EXPOSE 80\nLABEL app=web\nUSER 7\nCMD [\"cat\", \"copy\"]\nFROM base\nENTRYPOINT [\"false\"]\n";
    let files = [("site.docker", dockerfile), ("motd", "hello\n")];
    let name = engine.name("equal");
    let set = |build: BuildImage| {
        build.dockerfile("site.docker").build_arg("MODE", "fast").target("base").label("tier", "front").no_cache(true)
    };
    let inspected = async |build: BuildImage| {
        let (image, _) = built(&engine, set(build).force_rm(true)).await.unwrap();
        (image.inspect().await.unwrap(), image)
    };
    let docker = engine.direct();
    let (classic, _) = inspected(engine.images().build(archive(&files))).await;
    let (buildkit, image) = inspected(build(&docker, &files).tag(format!("{name}:1")).tag(format!("{name}:2"))).await;
    let significant = |image: &ImageInspect| {
        let config = image.config.clone().unwrap();
        let mut env = config.env.clone();
        env.sort();
        (
            (env, config.cmd, config.entrypoint, config.labels, config.working_dir, config.user),
            (config.exposed_ports, image.os.clone(), image.architecture.clone()),
        )
    };
    assert_eq!(significant(&buildkit), significant(&classic));
    let names: Vec<&str> = buildkit.repo_tags.iter().map(|name| crate::engine::short(name)).collect();
    assert_eq!(names, [format!("{name}:1"), format!("{name}:2")]);
    assert_eq!(docker.run(image.name()).output().await.unwrap().stdout, "hello\n");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn build_with_buildkit_reads_secrets() {
    let Some(engine) = engine_with_buildkit().await else { return };
    let docker = engine.direct();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("key"), "from-file").unwrap();
    let mount = "--mount=type=secret,id";
    let dockerfile = format!(
        "FROM busybox\nRUN {mount}=token {mount}=key tr a-z A-Z < /run/secrets/token && tr a-z A-Z < /run/secrets/key\n\
         RUN {mount}=absent test ! -e /run/secrets/absent && test ! -s /run/secrets/token\n"
    );
    let files = [("Dockerfile", &*dockerfile)];
    let secrets =
        |build: BuildImage| build.secret("token", "from-bytes\n").secret_file("key", folder.path().join("key"));
    let (image, traces) = built(&engine, secrets(build(&docker, &files)).no_cache(true)).await.unwrap();
    let lines = lines(&traces);
    assert!(lines.contains(" FROM-BYTES\n") && lines.contains(" FROM-FILE\n"), "{lines}");
    assert!(!lines.contains("from-bytes"), "{lines}");
    let history = format!("{:?}", image.history().await.unwrap());
    assert!(!history.contains("from-bytes"), "{history}");

    let required = format!("FROM busybox\nRUN {mount}=other,required=true cat /run/secrets/other\n");
    let error = secrets(build(&docker, &[("Dockerfile", &required)])).await.unwrap_err();
    assert!(error.is_operation_failed() && error.to_string().contains("other"), "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn build_with_buildkit_pulls_with_credentials() {
    let Some(engine) = engine_with_buildkit().await else { return };
    let docker = engine.direct();
    let base = format!("{}/acme/{}", registry_with_auth(), engine.name("base"));
    let credentials = AuthConfig::new("me", "secret");
    let (image, _) =
        built(&engine, build(&docker, &[("Dockerfile", "FROM busybox\nENV BASE=private\n")])).await.unwrap();
    image.tag(&base).await.unwrap();
    docker.image(&base).push().credentials(credentials.clone()).await.unwrap();
    docker.image(&base).remove().await.unwrap();

    let dockerfile = format!("FROM {base}\nENV DERIVED=yes\n");
    let files = [("Dockerfile", &*dockerfile)];
    let wrong = AuthConfig::new("me", "wrong");
    for refused in [build(&docker, &files).anonymous(), build(&docker, &files).credentials(registry_with_auth(), wrong)]
    {
        let error = refused.pull(true).await.unwrap_err();
        assert!(error.is_operation_failed(), "{error}");
        assert!(!format!("{error:?}").contains("wrong"), "{error:?}");
    }
    let accepted = build(&docker, &files).credentials(registry_with_auth(), credentials).pull(true);
    let (image, _) = built(&engine, accepted).await.unwrap();
    let env = image.inspect().await.unwrap().config.unwrap().env;
    assert!(env.contains(&"BASE=private".to_owned()) && env.contains(&"DERIVED=yes".to_owned()), "{env:?}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn failed_build_with_buildkit_names_the_step() {
    let Some(engine) = engine_with_buildkit().await else { return };
    let dockerfile = "FROM busybox\nRUN true\nRUN echo one >&2; echo two >&2; exit 3\n";
    let error = build(&engine.direct(), &[("Dockerfile", dockerfile)]).no_cache(true).await.unwrap_err();
    let message = error.message().unwrap();
    assert!(message.contains("RUN echo one >&2; echo two >&2; exit 3: "), "{message}");
    assert!(message.ends_with("last output:\none\ntwo"), "{message}");
    assert_eq!((error.is_operation_failed(), error.code()), (true, Some(3)), "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn second_build_with_buildkit_is_cached() {
    let Some(engine) = engine_with_buildkit().await else { return };
    let docker = engine.direct();
    let dockerfile = format!("FROM busybox\nCOPY motd /\nRUN echo {}\n", engine.name("cached"));
    let files = [("Dockerfile", &*dockerfile), ("motd", "hello\n")];
    let (first, ran) = built(&engine, build(&docker, &files)).await.unwrap();
    let (second, cached) = built(&engine, build(&docker, &files)).await.unwrap();
    let state = |traces: &[BuildTrace]| {
        let mut steps = traces.iter().flat_map(|trace| &trace.vertices);
        steps.any(|vertex| vertex.name.contains("RUN echo") && vertex.completed.is_some() && vertex.cached)
    };
    assert_eq!((state(&ran), state(&cached)), (false, true), "{}\n{}", lines(&ran), lines(&cached));
    assert!(lines(&cached).contains(" CACHED\n"), "{}", lines(&cached));
    assert_eq!(first.name(), second.name());
}

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
        let begin = std::time::Instant::now();
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

/// Whether a process of this machine has `word` in its command line, other than a shell that starts it.
fn is_running(word: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let command = |path: PathBuf| fs::read(path.join("cmdline")).unwrap_or_default();
    let is_argument = |line: Vec<u8>| line.split(|&byte| byte == 0).any(|argument| argument == word.as_bytes());
    processes.map(|process| command(process.path())).any(is_argument)
}

async fn wait_until(condition: impl Fn() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < Duration::from_secs(30));
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn dropped_build_with_buildkit_is_cancelled() {
    let Some(engine) = engine_with_buildkit().await else { return };
    let seconds = format!("600.{}", std::process::id());
    let dockerfile = format!("FROM busybox\nRUN echo begun; sleep {seconds}\n");
    let files = [("Dockerfile", &*dockerfile)];
    let mut progress = build(&engine.direct(), &files).no_cache(true).progress().await.unwrap();
    let begun = async {
        while let Some(item) = progress.try_next().await.unwrap() {
            if matches!(&item, ProgressItem::Trace(trace) if trace.logs.iter().any(|log| log.text.contains("begun"))) {
                return;
            }
        }
    };
    timeout(Duration::from_secs(60), begun).await.unwrap();
    wait_until(|| is_running(&seconds)).await;
    drop(progress);
    wait_until(|| !is_running(&seconds)).await;
}

/// The engine checks the health of the session every second.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn session_of_a_build_remains_open() {
    let Some(engine) = engine_with_buildkit().await else { return };
    let dockerfile = "FROM busybox\nRUN sleep 15\nRUN --mount=type=secret,id=token test -s /run/secrets/token\n";
    let build = build(&engine.direct(), &[("Dockerfile", dockerfile)]).secret("token", "7").no_cache(true);
    built(&engine, build).await.unwrap();
}
