//! Secrets of builds with BuildKit.

use std::{collections::BTreeMap, env, ffi::OsString, fmt, os::unix::ffi::OsStringExt as _, path::PathBuf};

use bytes::Bytes;
use tokio::task;

use super::BuildImage;
use crate::{
    Error, Result,
    error::Kind,
    redacted::{Redacted, Secret},
    regular_file,
};

/// Maximum size of a secret, in bytes, as of the docker CLI.
const MAX_SECRET: u64 = 500 << 10;

/// Where a secret comes from.
#[derive(Clone)]
pub(super) enum Source {
    Bytes(Bytes),
    File(PathBuf),
    Variable(OsString),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => f.debug_tuple("Bytes").field(&Redacted(bytes)).finish(),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Variable(name) => f.debug_tuple("Variable").field(name).finish(),
        }
    }
}

impl BuildImage {
    /// Offers a secret to the build, which a step can mount: `RUN --mount=type=secret,id=…`. It does not become a part of the
    /// image. Requires the feature `buildkit`, and [`build_kit`](Self::build_kit).
    ///
    /// A secret is at most 500 KiB in size. A mount of a secret that is not offered is empty, or an error if the Dockerfile
    /// requires it.
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
}

/// Reads the secrets.
pub(super) async fn read(secrets: BTreeMap<String, Source>) -> Result<BTreeMap<String, Secret<Bytes>>> {
    if secrets.is_empty() {
        return Ok(BTreeMap::new());
    }
    let read = move || secrets.into_iter().map(|(id, source)| Ok((id.clone(), Secret(source.read(&id)?)))).collect();
    task::spawn_blocking(read).await.map_err(|error| {
        Error::with_source(Kind::Internal("the task that reads secrets panicked or was cancelled".into()), error)
    })?
}

impl Source {
    fn read(self, id: &str) -> Result<Bytes> {
        let value: Bytes = match self {
            Self::Bytes(bytes) => bytes,
            Self::File(path) => {
                let read = regular_file::read(&path, MAX_SECRET);
                read.map_err(|error| regular_file::read_error(&path, error))?.into()
            }
            Self::Variable(name) => {
                let value = env::var_os(&name);
                value.ok_or_else(|| missing(id, &name))?.into_vec().into()
            }
        };
        if value.len() as u64 > MAX_SECRET {
            return Err(Error::invalid_input(format!("the secret {id:?} is larger than {MAX_SECRET} bytes")));
        }
        Ok(value)
    }
}

fn missing(id: &str, name: &OsString) -> Error {
    Error::invalid_input(format!("the variable {name:?} of the secret {id:?} is not set"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "hunter2";

    #[tokio::test]
    async fn secrets_are_read_from_bytes_files_and_variables() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, SECRET).unwrap();
        let variable = env::vars_os().find(|(_, value)| value.len() < 1000).unwrap();
        let sources = [
            ("a", Source::Bytes(SECRET.into()), SECRET.as_bytes().to_vec()),
            ("b", Source::File(path), SECRET.as_bytes().to_vec()),
            ("c", Source::Variable(variable.0), variable.1.into_vec()),
        ];
        let offered = sources.iter().map(|(id, source, _)| ((*id).to_owned(), source.clone())).collect();
        let secrets = read(offered).await.unwrap();
        for (id, source, value) in sources {
            assert_eq!(**secrets[id], *value, "{source:?}");
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
}
