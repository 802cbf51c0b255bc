//! Additional contexts of a build, by name.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{BuildImage, input::is_url};
use crate::{
    Error, Result,
    images::{Context, Reference, SyncTree},
    redacted,
};

/// The capability that a frontend must have. With `+forward`, a frontend that does not have it can pass the build to one that
/// the Dockerfile names.
const CAPABILITY: &str = "moby.buildkit.frontend.contexts+forward";

/// An additional build context, see [`BuildImage::named_context`]: a directory or files in memory, an image, or a URL. Requires
/// the feature `buildkit`. `Debug` output redacts the credentials and the query of a URL.
///
/// # Examples
///
/// ```
/// use dockerclient::images::{Context, NamedContext};
///
/// let sources = NamedContext::directory("../shared");
/// let base = NamedContext::image("alpine:3.20");
/// let repository = NamedContext::url("https://github.com/moby/buildkit.git#master");
/// let extended = NamedContext::from(Context::directory("../shared").file("version", "1.2\n"));
/// ```
#[must_use]
pub struct NamedContext(Source);

enum Source {
    Files(Context),
    Image(String),
    Url(String),
}

impl NamedContext {
    /// Uses the directory at `path`. Files that match its `.dockerignore` are excluded.
    pub fn directory(path: impl Into<PathBuf>) -> Self {
        Context::directory(path).into()
    }

    /// Uses the files of an image. BuildKit pulls it if the engine does not have it.
    pub fn image(name: impl Into<String>) -> Self {
        Self(Source::Image(name.into()))
    }

    /// Uses the files of a Git repository or archive at this URL, which BuildKit downloads.
    pub fn url(url: impl Into<String>) -> Self {
        Self(Source::Url(url.into()))
    }
}

/// The files of the context. A context with a directory must not have a Dockerfile elsewhere.
impl From<Context> for NamedContext {
    fn from(context: Context) -> Self {
        Self(Source::Files(context))
    }
}

/// The directory at this path, see [`NamedContext::directory`].
impl From<&Path> for NamedContext {
    fn from(directory: &Path) -> Self {
        Self::directory(directory)
    }
}

/// The directory at this path, see [`NamedContext::directory`].
impl From<PathBuf> for NamedContext {
    fn from(directory: PathBuf) -> Self {
        Self::directory(directory)
    }
}

/// An image (`docker-image://alpine`), a URL that begins with `http://`, `https://`, `git://` or `git@`, or else the directory
/// at this path.
impl From<&str> for NamedContext {
    fn from(context: &str) -> Self {
        match context.strip_prefix("docker-image://") {
            Some(image) => Self::image(image),
            None if is_url(context) => Self::url(context),
            None => Self::directory(context),
        }
    }
}

/// As for `&str`.
impl From<String> for NamedContext {
    fn from(context: String) -> Self {
        context.as_str().into()
    }
}

impl fmt::Debug for NamedContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Files(context) => context.fmt(f),
            Source::Image(name) => f.debug_tuple("Image").field(name).finish(),
            Source::Url(url) => f.debug_tuple("Url").field(&redacted::url(url)).finish(),
        }
    }
}

impl BuildImage {
    /// Adds a build context, which the Dockerfile uses by its name: `COPY --from=shared`, `RUN --mount=from=shared` or
    /// `FROM shared`. It replaces an image or a stage of that name. Requires the feature `buildkit`,
    /// [`build_kit`](Self::build_kit), and API 1.41.
    ///
    /// BuildKit has named contexts since engine 23.0. On engine 20.10, they require the line
    /// `# syntax=docker/dockerfile:1.4`, or a newer version, in the Dockerfile; without it, the build fails.
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::images::{Context, NamedContext};
    ///
    /// let build = docker.images().build(Context::directory("site")).build_kit(true);
    /// build.named_context("shared", NamedContext::directory("../shared")).tag("web:2").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "build-context")]
    pub fn named_context(mut self, name: impl Into<String>, context: impl Into<NamedContext>) -> Self {
        self.options.named_contexts.insert(name.into(), context.into());
        self
    }
}

/// Named contexts that are ready to be used.
#[derive(Debug, Default)]
pub(super) struct NamedContexts {
    /// Attributes of the frontend.
    pub(super) attributes: BTreeMap<String, String>,
    /// Local directories, by the names under which BuildKit requests them.
    pub(super) directories: BTreeMap<String, Arc<SyncTree>>,
}

/// Opens the contexts.
pub(super) async fn open(contexts: BTreeMap<String, NamedContext>) -> Result<NamedContexts> {
    let mut opened = NamedContexts::default();
    if contexts.is_empty() {
        return Ok(opened);
    }
    opened.attributes.insert("frontend.caps".into(), CAPABILITY.into());
    for (given, context) in contexts {
        let name = familiar(&given)?;
        let value = match context.0 {
            Source::Files(context) => {
                // The names of the main context.
                let is_reserved = matches!(&*name, "context" | "dockerfile");
                let local = if is_reserved { format!("_{name}") } else { name.clone() };
                let tree = context.additional_sync_tree().await?;
                opened.attributes.insert(format!("sharedkey:localdir:{name}"), tree.shared_key());
                let value = format!("local:{local}");
                opened.directories.insert(local, Arc::new(tree));
                value
            }
            Source::Image(image) => {
                let image: Reference = image.parse()?;
                format!("docker-image://{image}")
            }
            Source::Url(url) => url,
        };
        if opened.attributes.insert(format!("context:{name}"), value).is_some() {
            return Err(Error::invalid_input(format!("the build context {given:?} is added twice")));
        }
    }
    Ok(opened)
}

/// Returns a name in the form in which the frontend looks it up.
fn familiar(name: &str) -> Result<String> {
    let parsed: Reference =
        name.parse().map_err(|_| Error::invalid_input(format!("invalid name of a build context {name:?}")))?;
    let path = parsed.path();
    let mut text = match parsed.registry() {
        "docker.io" => path.strip_prefix("library/").filter(|path| !path.contains('/')).unwrap_or(path).to_owned(),
        registry => format!("{registry}/{path}"),
    };
    if let Some(tag) = parsed.tag().filter(|tag| *tag != "latest" || parsed.digest().is_some()) {
        text.push(':');
        text.push_str(tag);
    }
    if let Some(digest) = parsed.digest() {
        text.push('@');
        text.push_str(digest);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_context_names_are_familiar() {
        for (name, expected) in [
            ("shared", "shared"),
            ("alpine:3", "alpine:3"),
            ("docker.io/library/alpine:latest", "alpine"),
            ("docker.io/acme/web", "acme/web"),
            ("registry.example:5000/web:2", "registry.example:5000/web:2"),
        ] {
            assert_eq!(familiar(name).unwrap(), expected);
        }
        for name in ["", "Shared", "a b", "a=b", "::"] {
            assert!(familiar(name).unwrap_err().is_bad_request(), "{name}");
        }
    }

    #[tokio::test]
    async fn named_contexts_become_attributes_and_directories() {
        let folder = tempfile::tempdir().unwrap();
        let contexts = BTreeMap::from([
            ("shared".to_owned(), NamedContext::directory(folder.path())),
            ("dockerfile".to_owned(), folder.path().into()),
            ("docker.io/library/alpine".to_owned(), NamedContext::image("alpine:3.20")),
            ("source".to_owned(), NamedContext::url("https://example.org/a.git#main")),
        ]);
        let opened = open(contexts).await.unwrap();
        let contexts = opened.attributes.iter().filter(|(key, _)| !key.starts_with("sharedkey:"));
        let contexts: Vec<(&str, &str)> = contexts.map(|(key, value)| (&**key, &**value)).collect();
        let expected = [
            ("context:alpine", "docker-image://alpine:3.20"),
            ("context:dockerfile", "local:_dockerfile"),
            ("context:shared", "local:shared"),
            ("context:source", "https://example.org/a.git#main"),
            ("frontend.caps", CAPABILITY),
        ];
        assert_eq!(contexts, expected);
        assert_eq!(opened.directories.keys().collect::<Vec<_>>(), ["_dockerfile", "shared"]);
        assert_eq!(opened.attributes["sharedkey:localdir:shared"], opened.directories["shared"].shared_key());
    }

    #[tokio::test]
    async fn named_contexts_that_are_not_valid_are_errors() {
        let image = || NamedContext::image("alpine");
        for contexts in [
            vec![("alpine", image()), ("alpine:latest", image())],
            vec![("shared", NamedContext::directory("/nosuch"))],
            vec![("shared", NamedContext::image("no such"))],
        ] {
            let contexts = contexts.into_iter().map(|(name, context)| (name.to_owned(), context)).collect();
            assert!(open(contexts).await.is_err());
        }
        assert!(open(BTreeMap::new()).await.unwrap().attributes.is_empty());
    }

    #[test]
    fn debug_of_named_context_redacts_credentials() {
        let debug = format!("{:?}", NamedContext::url("https://me:hunter2@host/a.git?token=hunter2"));
        assert!(debug.contains("@host/a.git") && !debug.contains("hunter2"), "{debug}");
    }
}
