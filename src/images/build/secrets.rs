//! Secrets of builds with BuildKit.

use std::{collections::BTreeMap, env, ffi::OsString, fmt, path::PathBuf, sync::Arc};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::task;

use super::BuildImage;
use crate::{
    Error, Result,
    error::Kind,
    platform,
    redacted::{Redacted, Secret},
    regular_file,
};

/// Maximum size of a secret, in bytes; the same limit as in the Docker CLI.
const MAX_SECRET: u64 = 500 << 10;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A function that returns a secret when BuildKit requests it.
type Function = Arc<dyn Fn() -> BoxFuture<'static, Result<Bytes, BoxError>> + Send + Sync>;

/// Where a secret comes from.
#[derive(Clone)]
pub(super) enum Source {
    Bytes(Bytes),
    File(PathBuf),
    Variable(OsString),
    Function(Function),
}

/// A secret that is offered to BuildKit.
#[derive(Clone)]
pub(crate) enum SecretSource {
    Value(Secret<Bytes>),
    /// Called for each request.
    Function(Function),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => f.debug_tuple("Bytes").field(&Redacted(bytes)).finish(),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Variable(name) => f.debug_tuple("Variable").field(name).finish(),
            Self::Function(_) => f.write_str("Function"),
        }
    }
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => f.debug_tuple("Value").field(value).finish(),
            Self::Function(_) => f.write_str("Function"),
        }
    }
}

impl BuildImage {
    /// Offers a secret to the build, which a step can mount: `RUN --mount=type=secret,id=…`. It does not become a part of the
    /// image. Requires the feature `buildkit`, and [`build_kit`](Self::build_kit).
    ///
    /// A secret is at most 500 KiB in size. If a secret is not offered, its file does not exist in the step, or the step
    /// fails if the mount has `required=true`.
    ///
    /// ```no_run
    /// # #[cfg(feature = "tar")]
    /// # async fn example(docker: dockerclient::DockerClient, token: String) -> dockerclient::Result<()> {
    /// use dockerclient::images::Context;
    ///
    /// let context = Context::from_dockerfile("FROM busybox\nRUN --mount=type=secret,id=token wc -c /run/secrets/token\n");
    /// docker.images().build(context).build_kit(true).secret("token", token).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn secret(mut self, id: impl Into<String>, value: impl Into<Bytes>) -> Self {
        self.options.secrets.insert(id.into(), Source::Bytes(value.into()));
        self
    }

    /// Offers the content of the file at `path` as a [secret](Self::secret). The file is read before the build is sent.
    /// Requires the feature `buildkit`.
    pub fn secret_file(mut self, id: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        self.options.secrets.insert(id.into(), Source::File(path.into()));
        self
    }

    /// Offers the value of the environment variable `name` as a [secret](Self::secret). It is an error if there is no such
    /// variable. Requires the feature `buildkit`.
    pub fn secret_env(mut self, id: impl Into<String>, name: impl Into<OsString>) -> Self {
        self.options.secrets.insert(id.into(), Source::Variable(name.into()));
        self
    }

    /// Offers the result of `function` as a [secret](Self::secret). It is called each time BuildKit requests the secret, which
    /// it does not do for steps whose results are in the build cache. Requires the feature `buildkit`.
    ///
    /// The future is polled together with the build: it must not block. An error fails the step; the engine receives its
    /// text.
    ///
    /// ```no_run
    /// # async fn token() -> std::io::Result<String> { Ok(String::new()) }
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::images::Context;
    ///
    /// let build = docker.images().build(Context::directory("site")).build_kit(true);
    /// build.secret_from("token", token).tag("web:2").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn secret_from<F, V, E>(
        mut self,
        id: impl Into<String>,
        function: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<V, E>> + Send + 'static,
        V: Into<Bytes>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let function = move || -> BoxFuture<'static, Result<Bytes, BoxError>> {
            let secret = function();
            Box::pin(async move { secret.await.map(Into::into).map_err(Into::into) })
        };
        self.options.secrets.insert(id.into(), Source::Function(Arc::new(function)));
        self
    }
}

/// Reads the secrets, except for those that functions return.
pub(super) async fn read(secrets: BTreeMap<String, Source>) -> Result<BTreeMap<String, SecretSource>> {
    if secrets.is_empty() {
        return Ok(BTreeMap::new());
    }
    let read = move || secrets.into_iter().map(|(id, source)| Ok((id.clone(), source.read(&id)?))).collect();
    task::spawn_blocking(read).await.map_err(|error| {
        Error::with_source(Kind::Internal("the task that reads secrets panicked or was cancelled".into()), error)
    })?
}

impl Source {
    fn read(self, id: &str) -> Result<SecretSource> {
        let value: Bytes = match self {
            Self::Bytes(bytes) => bytes,
            Self::File(path) => {
                let read = regular_file::read(&path, MAX_SECRET);
                read.map_err(|error| regular_file::read_error(&path, error))?.into()
            }
            Self::Variable(name) => {
                let value = env::var_os(&name).ok_or_else(|| missing(id, &name))?;
                platform::os_bytes(&value).to_vec().into()
            }
            Self::Function(function) => return Ok(SecretSource::Function(function)),
        };
        checked(id, value).map(|value| SecretSource::Value(Secret(value)))
    }
}

impl SecretSource {
    /// Returns the secret.
    pub(crate) async fn value(&self, id: &str) -> Result<Bytes> {
        match self {
            Self::Value(value) => Ok(value.0.clone()),
            Self::Function(function) => {
                let failed = |error| Error::local_io(format!("failed to get the secret {id:?}: {error}"));
                checked(id, function().await.map_err(failed)?)
            }
        }
    }
}

fn checked(id: &str, value: Bytes) -> Result<Bytes> {
    if value.len() as u64 > MAX_SECRET {
        return Err(Error::invalid_input(format!("the secret {id:?} is larger than {MAX_SECRET} bytes")));
    }
    Ok(value)
}

fn missing(id: &str, name: &OsString) -> Error {
    Error::invalid_input(format!("the variable {name:?} of the secret {id:?} is not set"))
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use super::*;
    use crate::DockerClient;

    const SECRET: &str = "hunter2";

    #[tokio::test]
    async fn secrets_are_read_from_bytes_files_and_variables() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, SECRET).unwrap();
        let variable = env::var_os("PATH").unwrap();
        let sources = [
            ("a", Source::Bytes(SECRET.into()), SECRET.as_bytes().to_vec()),
            ("b", Source::File(path), SECRET.as_bytes().to_vec()),
            ("c", Source::Variable("PATH".into()), platform::os_bytes(&variable).to_vec()),
        ];
        let offered = sources.iter().map(|(id, source, _)| ((*id).to_owned(), source.clone())).collect();
        let secrets = read(offered).await.unwrap();
        for (id, source, value) in sources {
            assert_eq!(secrets[id].value(id).await.unwrap(), value, "{source:?}");
            assert!(!format!("{source:?} {secrets:?}").contains(SECRET));
        }
    }

    #[tokio::test]
    async fn secrets_that_cannot_be_read_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let large = folder.path().join("large");
        std::fs::write(&large, vec![0; MAX_SECRET as usize + 1]).unwrap();
        for (source, message) in [
            (Source::Bytes(vec![0; MAX_SECRET as usize + 1].into()), "larger than 512000 bytes"),
            (Source::File(large), "larger than 512000 bytes"),
            (Source::File(folder.path().join("absent")), "no such file"),
            (Source::Variable("DOCKERCLIENT_NO_SUCH_VARIABLE".into()), "is not set"),
        ] {
            let error = read(BTreeMap::from([("token".to_owned(), source)])).await.unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
        }
    }

    #[tokio::test]
    async fn secret_functions_are_called_for_each_request() {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let build = DockerClient::connect("tcp://127.0.0.1:1").unwrap().images().build(Vec::new());
        let build = build
            .secret_from("token", move || {
                let call = counted.fetch_add(1, Ordering::Relaxed);
                async move { Ok::<_, io::Error>(format!("{SECRET} {call}")) }
            })
            .secret_from("gone", || async { Err::<Bytes, _>("the vault is sealed") })
            .secret_from("large", || async { Ok::<_, io::Error>(vec![0; MAX_SECRET as usize + 1]) });
        let secrets = read(build.options.secrets.clone()).await.unwrap();
        assert_eq!(calls.load(Ordering::Relaxed), 0);
        for call in 0..2 {
            assert_eq!(secrets["token"].value("token").await.unwrap(), format!("{SECRET} {call}"));
        }
        let error = secrets["gone"].value("gone").await.unwrap_err();
        assert_eq!(error.to_string(), r#"failed to get the secret "gone": the vault is sealed"#);
        assert!(secrets["large"].value("large").await.unwrap_err().is_bad_request());
    }
}
