//! Programs that keep credentials: `docker-credential-NAME get`, with the registry on its standard input.

use std::{
    collections::BTreeMap,
    env, io,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Output, Stdio},
    time::Duration,
};

use futures_util::future;
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
    time,
};

use crate::{
    Error, Result,
    error::{Kind, Phase},
    models::AuthConfig,
};

/// How long a helper may take if nobody says otherwise. It may ask its user to unlock something.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest answer that is taken, in bytes.
const LONGEST_ANSWER: u64 = 1 << 20;

/// How much of what a helper complains of is told, in bytes.
const LONGEST_COMPLAINT: u64 = 1 << 10;

/// What helpers say of a registry they have nothing for.
const NOT_FOUND: &str = "credentials not found in native keychain";

/// Stands in place of a name before a token.
const TOKEN: &str = "<token>";

/// Where helpers are, and how long each may take.
#[derive(Clone, Debug)]
pub(crate) struct Helpers {
    path: String,
    limit: Duration,
}

/// What a helper tells of a registry.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Answer {
    username: String,
    secret: String,
}

impl Helpers {
    /// Helpers in the directories of `path`, which is written as the variable `PATH` is.
    pub(crate) fn new(path: impl Into<String>, limit: Option<Duration>) -> Self {
        Self { path: path.into(), limit: limit.unwrap_or(PATIENCE) }
    }

    /// What the helper called `name` keeps for `registry`.
    pub(super) async fn get(&self, name: &str, registry: &str) -> Result<Option<AuthConfig>> {
        let program = program(name)?;
        let output = self.run(&program, "get", registry).await?;
        if !output.status.success()
            && [&output.stdout, &output.stderr].iter().any(|said| said.trim_ascii() == NOT_FOUND.as_bytes())
        {
            return Ok(None);
        }
        let Answer { username, secret } = understood(&program, &output)?;
        Ok(Some(match &*username {
            TOKEN => AuthConfig { identitytoken: secret, ..Default::default() },
            _ => AuthConfig { username, password: secret, ..Default::default() },
        }))
    }

    /// The registries for which the helper called `name` keeps something.
    pub(super) async fn list(&self, name: &str) -> Result<BTreeMap<String, ()>> {
        let program = program(name)?;
        let output = self.run(&program, "list", "").await?;
        let listed: Option<BTreeMap<String, IgnoredAny>> = understood(&program, &output)?;
        Ok(listed.unwrap_or_default().into_keys().map(|registry| (registry, ())).collect())
    }

    /// Runs `program` until it ends. It is killed if it takes too long, says too much, or if nobody waits any more.
    async fn run(&self, program: &str, action: &str, question: &str) -> Result<Output> {
        let mut child = Command::new(self.find(program).await?)
            .arg(action)
            .env("PATH", &self.path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Error::with_source(Kind::Credentials(format!("{program} cannot be run")), error))?;
        let failure = match time::timeout(self.limit, hear_out(&mut child, question.as_bytes())).await {
            Ok(Ok(output)) => return Ok(output),
            Ok(Err(error)) => Error::with_source(Kind::Credentials(format!("{program} was not heard out")), error),
            Err(_) => Error::new(Kind::Timeout { phase: Phase::Helper(program.to_owned()), limit: self.limit }),
        };
        // Waits for its end too, so that nothing of it is left.
        let _ = child.kill().await;
        Err(failure)
    }

    /// The file of `program`. Directories that depend on where this process happens to be do not count.
    async fn find(&self, program: &str) -> Result<PathBuf> {
        let directories = env::split_paths(&self.path).filter(|directory| directory.is_absolute());
        let files: Vec<PathBuf> = directories.map(|directory| directory.join(program)).collect();
        let is_program = |file: &PathBuf| {
            file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
        };
        let found = tokio::task::spawn_blocking(move || files.into_iter().find(is_program)).await;
        found.ok().flatten().ok_or_else(|| Error::new(Kind::Credentials(format!("{program} is not on the PATH"))))
    }
}

/// The program of the helper called `name`. A name is no path to a program elsewhere.
fn program(name: &str) -> Result<String> {
    match name.contains(['/', '\\', '\0']) {
        true => Err(Error::request(format!("no credential helper can be named {name:?}"))),
        false => Ok(format!("docker-credential-{name}")),
    }
}

/// Asks `child`, and waits until it has answered and ended.
async fn hear_out(child: &mut Child, question: &[u8]) -> io::Result<Output> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let ask = async {
        if let Some(mut stdin) = stdin {
            // A helper may know its answer without reading the question.
            let _ = stdin.write_all(question).await;
        }
        Ok(())
    };
    let ((), stdout, stderr) = future::try_join3(ask, answer(stdout), complaint(stderr)).await?;
    Ok(Output { status: child.wait().await?, stdout, stderr })
}

/// All that is said, unless it is too much.
async fn answer(said: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(said) = said {
        let length = said.take(LONGEST_ANSWER + 1).read_to_end(&mut bytes).await?;
        if length as u64 > LONGEST_ANSWER {
            return Err(io::Error::other(format!("it says more than {LONGEST_ANSWER} bytes")));
        }
    }
    Ok(bytes)
}

/// The beginning of what is said.
async fn complaint(said: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut said) = said {
        (&mut said).take(LONGEST_COMPLAINT).read_to_end(&mut bytes).await?;
        // Who is not listened to may stop to speak, and to work.
        tokio::io::copy(&mut said, &mut tokio::io::sink()).await?;
    }
    Ok(bytes)
}

/// What the answer of `program` says. Errors tell nothing of it: there may be a secret in it.
fn understood<T: DeserializeOwned>(program: &str, output: &Output) -> Result<T> {
    let message = match output.status.success() {
        true => match serde_json::from_slice(&output.stdout) {
            Ok(answer) => return Ok(answer),
            Err(error) => {
                format!("the answer of {program} makes no sense at line {}, column {}", error.line(), error.column())
            }
        },
        false => format!("{program} failed ({}){}", output.status, reasons(output)),
    };
    Err(Error::new(Kind::Credentials(message)))
}

/// Why a helper failed, in its own words. Many say it where the answer should be, which is told only if it is none.
fn reasons(output: &Output) -> String {
    let longest = output.stdout.len().min(LONGEST_COMPLAINT as usize);
    let answer = if output.stdout.contains(&b'{') { &[] } else { &output.stdout[..longest] };
    let reasons = [&output.stderr, answer].map(|said| String::from_utf8_lossy(said.trim_ascii()));
    let reasons: Vec<_> = reasons.into_iter().filter(|reason| !reason.is_empty()).collect();
    if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join("; ")) }
}
