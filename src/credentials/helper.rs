//! Credential helpers: runs `docker-credential-NAME get` with the registry on stdin, and `docker-credential-NAME list`.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    process::{Output, Stdio},
    time::Duration,
};

use futures_util::TryFutureExt as _;
use tokio::process::Command;

use crate::{
    Error, Result,
    error::{Kind, Phase},
    go_json::{self, Malformed, Object},
    models::AuthConfig,
    subprocess, transport,
};

/// Output of a helper that has no credentials for a registry.
const NOT_FOUND: &str = "credentials not found in native keychain";

/// User name that marks the secret as an identity token.
const TOKEN: &str = "<token>";

/// The search path of helpers, and the timeout of each run; `None` is no limit.
#[derive(Clone, Debug)]
pub(crate) struct Helpers {
    path: OsString,
    limit: Option<Duration>,
}

/// The output of `docker-credential-NAME get`.
#[derive(Debug)]
pub(crate) struct HelperCredentials {
    username: String,
    secret: String,
}

impl HelperCredentials {
    /// Fails with the name of a missing or malformed field.
    pub(crate) fn parse(object: &Object) -> std::result::Result<Self, Malformed> {
        let field = |name: &str| object.get(name)?.ok_or_else(|| Malformed(name.to_owned()));
        Ok(Self { username: field("Username")?, secret: field("Secret")? })
    }
}

impl Helpers {
    /// Searches helpers in the directories of `path`, in the format of the variable `PATH`.
    pub(crate) fn new(path: impl Into<OsString>, limit: Option<Duration>) -> Self {
        Self { path: path.into(), limit }
    }

    /// Returns the credentials for `registry` from the helper called `name`.
    pub(super) async fn get(&self, name: &str, registry: &str) -> Result<Option<AuthConfig>> {
        let program = program_name(name)?;
        let output = self.run(&program, "get", registry).await?;
        if !output.status.success()
            && [&output.stdout, &output.stderr].iter().any(|text| text.trim_ascii() == NOT_FOUND.as_bytes())
        {
            return Ok(None);
        }
        let object = parse_output(&program, &output)?.unwrap_or_default();
        let HelperCredentials { username, secret } = HelperCredentials::parse(&object).map_err(|Malformed(name)| {
            Error::new(Kind::Credentials(format!("the output of {program} has no valid {name:?}")))
        })?;
        Ok(Some(match &*username {
            TOKEN => AuthConfig { identitytoken: secret, ..Default::default() },
            _ => AuthConfig { username, password: secret, ..Default::default() },
        }))
    }

    /// Returns the registries that the helper called `name` has credentials for.
    pub(super) async fn list(&self, name: &str) -> Result<BTreeMap<String, ()>> {
        let program = program_name(name)?;
        let output = self.run(&program, "list", "").await?;
        let listed = parse_output(&program, &output)?.unwrap_or_default();
        Ok(listed.into_names().map(|registry| (registry, ())).collect())
    }

    /// Runs `program` until it exits. Kills it if it exceeds the timeout or the output limit, or if the future is dropped.
    async fn run(&self, program: &str, action: &str, input: &str) -> Result<Output> {
        let Some(file) = subprocess::find(program, &self.path).await else {
            return Err(Error::new(Kind::Credentials(format!("failed to find {program} in PATH"))));
        };
        let mut child = Command::new(file)
            .arg(action)
            .env("PATH", &self.path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Error::with_source(Kind::Credentials(format!("failed to run {program}")), error))?;
        let output = subprocess::communicate(&mut child, input.as_bytes()).map_err(|error| {
            Error::with_source(Kind::Credentials(format!("failed to read the output of {program}")), error)
        });
        let failure = match transport::within(self.limit, || Phase::Helper(program.to_owned()), output).await {
            Ok(output) => return Ok(output),
            Err(error) => error,
        };
        // Also waits for the process, so that no zombie is left.
        let _ = child.kill().await;
        Err(failure)
    }
}

/// Returns the program of the helper called `name`, which must not be a path.
fn program_name(name: &str) -> Result<String> {
    match name.contains(['/', '\\', '\0']) {
        true => Err(Error::invalid_input(format!("invalid credential helper name {name:?}"))),
        false => Ok(format!("docker-credential-{name}")),
    }
}

/// Parses the stdout of `program`. Errors do not contain it, because it may contain a secret.
fn parse_output(program: &str, output: &Output) -> Result<Option<Object>> {
    if !output.status.success() {
        let reason = String::from_utf8_lossy(output.stderr.trim_ascii());
        let reason = match (reason.is_empty(), output.stdout.is_empty()) {
            (false, _) => format!(": {reason}"),
            (true, false) => "; its output is omitted because it may contain credentials".to_owned(),
            (true, true) => String::new(),
        };
        return Err(Error::new(Kind::Credentials(format!("{program} failed ({}){reason}", output.status))));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| {
        let fault = go_json::describe(&error);
        Error::new(Kind::Credentials(format!("invalid output of {program}: {fault}")))
    })
}
